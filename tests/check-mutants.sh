#!/bin/sh
# check-mutants.sh - would anybody notice? Each bug of lib/mutants.def is let loose,
# and the campaign of `ipcmark crash` or the one test that is named for it here must
# fail.
#
# Run by `make check-mutants` in a build with --enable-mutants. First each of them
# runs with no bug: it must pass, or its failure would say nothing (a false alarm).
# Then with the bug, for ten times as long and five seconds at most: a test that
# hangs has noticed, too. A race is tried several times. A campaign must besides
# find the same again by the command that it prints. The table says by which kind of
# blow a bug was found, after how many kills, and in what time.
#
# MUTANTS=all: all of them; MUTANTS='NAME...': these; else those marked with +.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
case $(pwd) in
*/tests) cd .. ;;
esac

# NAME | + | how it is found | program | test | the call it is about; of ipcmark:
# transport and kind of campaign | operation and path
cat >"$scratch/table" <<'END'
publish_before_copy|+|kill, every instruction|ipcmark|ring every-instruction|send some
commit_by_two_stores||kill, every instruction|ipcmark|ring every-instruction|reserve some
batch_half_published|+|kill, every instruction|ipcmark|ring every-instruction|send-batch some
zero_behind_too_late||kill, every instruction|ipcmark|ring every-instruction|send wrap
head_before_copy_out|+|stop, every instruction|ipcmark|ring every-stop|recv full
wake_before_commit|+|sleeper, race|wake|ring_ping_pong_never_sleeps_through|
role_without_walk||kill, with a sleeper|ipcmark|ring with-sleeper|send-batch empty
reader_ahead_is_nonsense||kill, with a sleeper|ipcmark|ring with-sleeper|send empty
forget_wrap|+|kill, every instruction|kill_step|write_across_the_end_is_done_or_undone|write
cached_index_kept||fork, then kill|ring_role|copy_in_forked_child_takes_over_from_the_dead_parent|
gone_before_last_look||peer, every instruction|wake_step|peer_at_any_instruction_is_noticed|
tail_before_record||kill, every instruction|ipcmark|queue every-instruction|send some
count_before_publish||kill, every instruction|ipcmark|queue every-instruction|send some
intent_count_first||kill, every instruction|ipcmark|queue every-instruction|send some
unlock_before_publish|+|stop, every instruction|ipcmark|queue every-stop|send some
repair_adds||kill, every instruction|ipcmark|queue every-instruction|send some
repair_is_silent||kill, every instruction|kill_step|call_is_done_or_undone|get, passed
lease_not_returned|+|kill, every instruction|ipcmark|queue every-instruction|acquire some
redelivery_not_marked||kill of a holder|queue_tend|dead_lease_comes_back_beside_a_backlog|
dead_letter_off_by_one||kill of a holder|queue_lease_peer|killers_message_is_a_dead_letter|
reservation_delivered||kill, every instruction|ipcmark|queue every-instruction|reserve some
reservation_skipped_twice||kill, every instruction|ipcmark|queue every-instruction|commit some
lease_of_the_living||two pid namespaces|namespace|lease_of_who_lives_elsewhere_is_kept|
generation_ignored||death, slot used again|queue_lease_peer|closed_holder_goes_to_another|
announce_after_lock|+|kill, every instruction|ipcmark|queue every-instruction|clear full
retract_before_unlock||kill, every instruction|kill_step|call_is_done_or_undone|get
owner_died_unnoticed||kill, every instruction|ipcmark|queue every-instruction|recv full
take_without_compare||rival, every instruction|rival_step|slow_taker_leaves_the_new_owners_name|
recover_without_recheck|+|rival, every instruction|rival_step|slow_inquirer_robs_nobody|
stopped_owner_robbed||stop, every instruction|ipcmark|queue every-stop|recv some
waiter_bit_lost||sleepers, none wakes by itself|wake|lock_released_goes_to_each_who_waits|
owner_cleared_late||rival, every instruction|rival_step|release_leaves_the_next_owners_name|
forget_new_owner||rival, every instruction|rival_step|slow_taker_leaves_the_new_owners_name|
thread_number_everywhere||two pid namespaces|namespace|equal_thread_numbers_are_two_owners|
polls_never_ask||kill of a holder|lock_death|of_a_killed_owner_is_found_by_polling|
untimed_sleep|+|kill, with a sleeper|ipcmark|ring with-sleeper|send empty
no_second_look||peer, every instruction|wake_step|peer_at_any_instruction_is_noticed|
sleeping_bit_cleared_first||sleepers, none wakes by itself|wake|one_message_after_another_wakes_one_after_another|
liveness_by_pid|+|two pid namespaces|namespace|lease_of_who_lives_elsewhere_is_kept|
child_keeps_liveness||fork, then kill|ring_role|idle_forked_child_does_not_keep_the_role|
detach_unlocks_first||rival, every instruction|rival_step|close_leaves_the_slots_next_holder_alone|
buried_before_freed||kill, then its recoverer|lock_death|dead_owner_is_buried_though_who_began_it_was_killed|
named_too_early|+|kill, every instruction|ipcmark|queue every-instruction|create some
old_file_opened||rival in an opener|facts|name_replaced_under_an_opener_leads_to_the_new|
END

# A test is named for its subject, of which there may be several programs.
case_of()
{
	case $1 in
	ipcmark) echo "ipcmark crash $2" ;;
	lock_death) echo "test_lock_$2" ;;
	ring_role) echo "test_ring_$2" ;;
	*) echo "test_$1_$2" ;;
	esac
}

# campaign MUTANT LIMIT ARG...: run it, as one() does.
campaign()
{
	began=$(date +%s%N)
	mutant=$1
	limit=$2
	shift 2
	MIPC_MUTANT=$mutant timeout -k 5 "$limit" \
		sh -c 'echo $$ >"$0"; exec ./ipcmark crash "$@"' \
		"$scratch/pid" "$@" >"$scratch/output" 2>&1
	code=$?
	took_ms=$((($(date +%s%N) - began) / 1000000))
	# also what a broken create() made, and nobody could open and so remove
	left_behind=$(ls /dev/shm | grep "^ipcmark-$(cat "$scratch/pid")-")
	kills=$(sed -n 's/^.* violations in .*, the first in trial \([0-9]*\):.*/\1/p' \
		"$scratch/output")
	skipped=
	[ $code -ne 77 ] || skipped=$(head -n 1 "$scratch/output")
	# nothing found, and nothing done, are no finds
	case $code in
	3 | 77) code=0 ;;
	esac
}

# found: what the first violation of a campaign is called.
found()
{
	awk '/^[a-z]+: / { name = $1 }
		/^  at / { sub(/:$/, "", name); print name; exit }' \
		"$scratch/output"
}

# reproduces MUTANT LIMIT: is it found again by the command that was printed for it?
reproduces()
{
	first=$(found)
	# a long one goes on behind a backslash
	command=$(awk '/^  again: / { on = 1; sub(/.*again: ipcmark crash /, "") }
		on { more = sub(/\\$/, ""); printf "%s", $0 }
		on && !more { exit }' "$scratch/output")
	[ -n "$first" ] && [ -n "$command" ] || return 1
	found_ms=$took_ms
	found_kills=$kills
	found_code=$code
	# shellcheck disable=SC2086 # several words
	campaign "$1" "$2" $command
	# of the campaign another violation may have decided about the code
	same=no
	[ $code -ne 0 ] && [ "$(found)" = "$first" ] && same=yes
	took_ms=$found_ms
	kills=$found_kills
	code=$found_code
	[ $same = yes ]
}

# one MUTANT PROGRAM TEST CALL LIMIT: run it. Sets code, took_ms, kills, skipped.
# What a hanging test leaves in shared memory is swept up by its number.
one()
{
	if [ "$2" = ipcmark ]; then
		# shellcheck disable=SC2086 # two words
		set -- "$1" "$5" $3 $4
		campaign "$1" "$2" "$3" --kill-at "$4" --operation "$5" \
			--path "$6" --patience 500ms
		return
	fi
	began=$(date +%s%N)
	MIPC_MUTANT=$1 MIPC_TEST_CALL=$4 MIPC_TEST_STRIDE=$stride \
		CK_RUN_CASE=$(case_of "$2" "$3") CK_DEFAULT_TIMEOUT=120 \
		timeout -k 5 "$5" sh -c 'echo $$ >"$0"; exec "$1"' \
		"$scratch/pid" "tests/test_$2" >"$scratch/output" 2>&1
	code=$?
	took_ms=$((($(date +%s%N) - began) / 1000000))
	rm -rf "/dev/shm/mmapipc-test-$(cat "$scratch/pid")-"*
	kills=$(sed -n 's/^failed after \([0-9]*\) kills$/\1/p' \
		"$scratch/output" | tail -n 1)
	skipped=$(sed -n 's/^SKIP: //p' "$scratch/output" | head -n 1)
}

# Kills are everywhere; what others do at every n-th instruction only is far more.
stride_of()
{
	case $1 in
	kill_step) echo 1 ;;
	*) echo 7 ;;
	esac
}

# without PROGRAM TEST CALL: how long it takes with no bug, in ms; once for each.
without()
{
	known="$scratch/$(echo "$1-$2-$3" | tr ' ,' '__')"
	if [ ! -e "$known" ]; then
		one '' "$1" "$2" "$3" 150
		if [ $code -ne 0 ] ||
			! grep -q -e 'Checks: 1, Failures: 0, Errors: 0' \
				-e '^0 violations in [1-9]' \
				"$scratch/output" && [ -z "$skipped" ]; then
			echo "FALSE ALARM: $(case_of "$1" "$2") ${3:+($3) }fails without any bug:"
			cat "$scratch/output"
			return 1
		fi
		echo "$took_ms" >"$known"
	fi
	base_ms=$(cat "$known")
}

# try NAME KIND PROGRAM TEST CALL: a line of the report.
try()
{
	stride=$(stride_of "$3")
	without "$3" "$4" "$5" || return 1
	tries=1
	case $2 in
	*race*) tries=5 ;;
	esac
	at=0
	code=0
	while [ $code -eq 0 ] && [ $at -lt $tries ]; do
		at=$((at + 1))
		one "$1" "$3" "$4" "$5" $((base_ms / 100 + 5))
	done
	verdict=caught
	[ $code -ne 124 ] && [ $code -ne 137 ] || verdict='caught: hangs'
	if [ "$3" = ipcmark ] && [ $code -ne 0 ]; then
		case $code in
		4 | 5) verdict="caught: $(found)" ;;
		*) verdict="FAILS with code $code" ;;
		esac
		[ -z "$left_behind" ] || verdict="LEAVES $left_behind"
		case $verdict in
		caught*)
			reproduces "$1" $((base_ms / 100 + 5)) ||
				verdict='NOT FOUND AGAIN by its command'
			;;
		esac
	fi
	if [ $code -eq 0 ] && [ -n "$skipped" ]; then
		verdict="skipped: $skipped"
	elif [ $code -eq 0 ]; then
		verdict=SURVIVES
	fi
	printf '%-26s %-30s %5s kills %6d ms  %s (%s%s)\n' "$1" "$2" \
		"${kills:--}" "$took_ms" "$verdict" "$(case_of "$3" "$4")" \
		"${5:+: $5}"
	case $verdict in
	caught* | skipped*) ;;
	*)
		cat "$scratch/output"
		return 1
		;;
	esac
}

printf '%-26s %-30s %11s %9s\n' bug 'found by' after in

# The list here and the list in the library are the same.
MIPC_MUTANT=list tests/test_event >"$scratch/list" || {
	echo "tests/test_event knows no mutants; configure with --enable-mutants"
	exit 1
}
cut -d ' ' -f 1 "$scratch/list" | sort >"$scratch/there"
cut -d '|' -f 1 "$scratch/table" | sort >"$scratch/here"
if ! cmp -s "$scratch/there" "$scratch/here"; then
	echo 'lib/mutants.def and tests/check-mutants.sh name different mutants:'
	diff "$scratch/there" "$scratch/here"
	exit 1
fi
if MIPC_MUTANT=no_such_mutant tests/test_event >"$scratch/output" 2>&1; then
	echo 'MIPC_MUTANT=no_such_mutant is not refused'
	exit 1
fi

failed=0
tried=0
left=" ${MUTANTS:-} "
while IFS='|' read -r name mark kind program test call; do
	case " ${MUTANTS:-} " in
	' all ') ;;
	'  ') [ "$mark" = + ] || continue ;;
	*" $name "*) left=${left%%" $name "*}" "${left#*" $name "} ;;
	*) continue ;;
	esac
	tried=$((tried + 1))
	try "$name" "$kind" "$program" "$test" "$call" </dev/null ||
		failed=$((failed + 1))
done <"$scratch/table"
case $left in
*[!\ ]*)
	[ "${MUTANTS:-}" = all ] || {
		echo "no such mutant:$left"
		failed=$((failed + 1))
	}
	;;
esac
echo "$tried mutants, $failed not caught"
[ "$tried" -gt 0 ] && [ $failed -eq 0 ]
