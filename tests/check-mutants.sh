#!/bin/sh
# check-mutants.sh - would the tests notice? Each bug of lib/mutants.def is let loose,
# and the one test that is named for it here must fail.
#
# Run by `make check-mutants` in a build with --enable-mutants. First each test runs
# with no bug: it must pass, or its failure would say nothing (a false alarm). Then
# with the bug, for ten times as long and five seconds at most: a hang is a way to
# notice, too. A race is tried several times. The table says by which kind of blow a
# bug was found, after how many kills, and in what time.
#
# MUTANTS=all: all of them; MUTANTS='NAME...': these; else those marked with +.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
case $(pwd) in
*/tests) cd .. ;;
esac

# NAME | + | how it is found | program | test | the call it is about
cat >"$scratch/table" <<'END'
publish_before_copy|+|kill, every instruction|kill_step|call_is_done_or_undone|write
commit_by_two_stores||kill, every instruction|kill_step|call_is_done_or_undone|reserve and commit
batch_half_published|+|kill, every instruction|kill_step|call_is_done_or_undone|write_batch
zero_behind_too_late||kill, every instruction|kill_step|write_across_the_end_is_done_or_undone|write
head_before_copy_out|+|rival, every instruction|rival_step|message_being_read_is_not_written_over|
wake_before_commit|+|sleeper, race|wake|ring_ping_pong_never_sleeps_through|
role_without_walk||kill, every instruction|kill_step|call_is_done_or_undone|write
reader_ahead_is_nonsense||kill, every instruction|kill_step|write_is_done_or_undone_for_a_reader|write
forget_wrap|+|kill, every instruction|kill_step|write_across_the_end_is_done_or_undone|write
cached_index_kept||fork, then kill|ring_peer|copy_in_forked_child_takes_over_from_the_dead_parent|
gone_before_last_look||peer, every instruction|wake_step|peer_at_any_instruction_is_noticed|
tail_before_record||kill, every instruction|kill_step|call_is_done_or_undone|put
count_before_publish||kill, every instruction|kill_step|call_is_done_or_undone|put
intent_count_first||kill, every instruction|kill_step|call_is_done_or_undone|put
unlock_before_publish|+|kill, every instruction|kill_step|call_is_done_or_undone|put
repair_adds||kill, every instruction|kill_step|call_is_done_or_undone|put
repair_is_silent||kill, every instruction|kill_step|call_is_done_or_undone|get, passed
lease_not_returned|+|kill of a holder|queue_tend|dead_lease_comes_back_beside_a_backlog|
redelivery_not_marked||kill of a holder|queue_tend|dead_lease_comes_back_beside_a_backlog|
dead_letter_off_by_one||kill of a holder|queue_lease_peer|killers_message_is_a_dead_letter|
reservation_delivered||kill, every instruction|kill_step|call_is_done_or_undone|reserve
reservation_skipped_twice||kill of a holder|queue_tend|room_found_at_the_end_of_a_wait_is_used|
lease_of_the_living||two pid namespaces|namespace|lease_of_who_lives_elsewhere_is_kept|
generation_ignored||death, slot used again|queue_lease_peer|closed_holder_goes_to_another|
announce_after_lock|+|kill, every instruction|kill_step|call_is_done_or_undone|get
retract_before_unlock||kill, every instruction|kill_step|call_is_done_or_undone|get
owner_died_unnoticed||kill of a holder|lock|of_a_killed_owner_goes_to_the_next|
take_without_compare||rival, every instruction|rival_step|slow_taker_leaves_the_new_owners_name|
recover_without_recheck|+|rival, every instruction|rival_step|slow_inquirer_robs_nobody|
stopped_owner_robbed||stop of a holder|lock|of_a_stopped_owner_is_not_robbed|
waiter_bit_lost||sleepers, none wakes by itself|wake|lock_released_goes_to_each_who_waits|
owner_cleared_late||rival, every instruction|rival_step|release_leaves_the_next_owners_name|
forget_new_owner||rival, every instruction|rival_step|slow_taker_leaves_the_new_owners_name|
thread_number_everywhere||two pid namespaces|namespace|equal_thread_numbers_are_two_owners|
polls_never_ask||kill of a holder|lock|of_a_killed_owner_is_found_by_polling|
untimed_sleep|+|death before the wake|event|waker_that_died_before_the_wake_costs_one_nap|
no_second_look||peer, every instruction|wake_step|peer_at_any_instruction_is_noticed|
sleeping_bit_cleared_first||sleepers, none wakes by itself|wake|one_message_after_another_wakes_one_after_another|
liveness_by_pid|+|two pid namespaces|namespace|lease_of_who_lives_elsewhere_is_kept|
child_keeps_liveness||fork, then kill|ring_peer|idle_forked_child_does_not_keep_the_role|
detach_unlocks_first||rival, every instruction|rival_step|close_leaves_the_slots_next_holder_alone|
buried_before_freed||kill, then its recoverer|lock|dead_owner_is_buried_though_who_began_it_was_killed|
named_too_early|+|kill, every system call|kill_step|create_is_whole_or_absent|
old_file_opened||rival in an opener|facts|name_replaced_under_an_opener_leads_to_the_new|
END

# The ring's and the queue's own tests are named without the program's ending.
case_of()
{
	case $1 in
	ring_peer) echo "test_ring_$2" ;;
	*) echo "test_$1_$2" ;;
	esac
}

# one MUTANT PROGRAM TEST CALL LIMIT: run it. Sets code, took_ms, kills, skipped.
# What a hanging test leaves in shared memory is swept up by its number.
one()
{
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
			! grep -q 'Checks: 1, Failures: 0, Errors: 0' \
				"$scratch/output"; then
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
	if [ $code -eq 0 ] && [ -n "$skipped" ]; then
		verdict="skipped: $skipped"
	elif [ $code -eq 0 ]; then
		verdict=SURVIVES
	fi
	printf '%-26s %-30s %5s kills %6d ms  %s (%s%s)\n' "$1" "$2" \
		"${kills:--}" "$took_ms" "$verdict" "$(case_of "$3" "$4")" \
		"${5:+: $5}"
	[ "$verdict" != SURVIVES ]
}

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
