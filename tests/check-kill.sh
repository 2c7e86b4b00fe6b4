#!/bin/sh
# check-kill.sh - the harness itself is killed, again and again: what is left?
#
# A short run of everything that makes something outside of its folder is killed
# with SIGKILL at random moments, alone or with the guardian that would clean up
# after it, and resumed each time. No process, no segment and no temporary file
# of it may stay, at once or, without its guardian, from the next run on. In the
# end the result must hold the same rounds in the same order as that of a run
# that nobody killed, each once.
#
# IPCMARK_KILLS says how often (8), IPCMARK_KILL_SEED when.
set -u

if [ -n "${MIPC_CHECKED-}" ]; then
	echo "SKIP: the same sources have passed this a stage before"
	exit 77
fi

kills=${IPCMARK_KILLS:-8}
seed=${IPCMARK_KILL_SEED:-$$}
scratch=$(mktemp -d)
pid=
# System V queues that are somebody else's, and what iceoryx has in any case.
numbers()
{
	awk 'NR > 1 { print $2 }' /proc/sysvipc/msg 2>/dev/null | sort
}
numbers >"$scratch/numbers.before"
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
echo "IPCMARK_KILL_SEED=$seed"

cat >kill.ini <<'END'
[global]
rounds = 4
slice = 10ms
warmup = 1ms
placement = any
[stream]
transport = ring, queue, pipe, mq, sysv-msg, qb-rb, boost-mq, zmq, nng, redis,
            iceoryx, mp-queue
[answers]
mode = roundtrip
transport = ring, pipe, nng, redis, iceoryx
[load]
transport = ring, queue
rate = 10%
[crash]
transport = queue
producers = 2
consumers = 2
kills = 3
END

fail()
{
	echo "FAIL: $1"
	exit 1
}

# Each round of each case with its place, in the order of the file. Whether a
# load was reached is the machine's affair.
rounds()
{
	tr -d ' \n' <"$1" | sed 's/"unreached"/"ok"/g' |
		grep -oE '"id":"[^"]*"|"round":[0-9]+,"order":[0-9]+|"status":"[^"]*"'
}

# remains PID: what there still is of the run that had this process number.
remains()
{
	ls /dev/shm /dev/mqueue /tmp "${TMPDIR:-/tmp}" 2>/dev/null |
		grep "ipcmark-$1-"
	grep -lsa "IPCMARK_RUN=ipcmark-$1-" /proc/[0-9]*/environ
	ps -e -o pgid= -o stat= -o pid= -o comm= |
		awk -v group="$1" '$1 == group && $2 !~ /^Z/'
}

# gone PID...: nothing remains of these, after a while.
gone()
{
	for each; do
		tries=0
		while [ -n "$(remains "$each")" ]; do
			tries=$((tries + 1))
			[ $tries -le 200 ] || fail "left: $(remains "$each")"
			sleep 0.1
		done
	done
}

# nameless_gone: nothing remains of what has no run's name. Others may be at it
# meanwhile: a queue that is there at each look is ours, and iceoryx's things are
# if they are there at each look without a program that reads our settings.
nameless_gone()
{
	numbers | comm -13 numbers.before - >numbers.new
	tries=0
	while [ -s numbers.new ] || broker_left; do
		tries=$((tries + 1))
		[ $tries -le 200 ] ||
			fail "left: queues $(tr '\n' ' ' <numbers.new) $(broker_left)"
		sleep 0.1
		numbers | comm -12 numbers.new - >numbers.still
		mv numbers.still numbers.new
	done
}

# Shared memory of iceoryx's broker, and no broker.
broker_left()
{
	ls /dev/shm/iceoryx_mgmt 2>/dev/null &&
		! grep -qsa roudi /proc/[0-9]*/cmdline
}

# start ARG...: a run in a process group of its own, whose number is pid.
start()
{
	setsid "$IPCMARK" run kill.ini -o killed --no-plot "$@" \
		>out 2>err </dev/null &
	pid=$!
}

began=$(date +%s%N)
"$IPCMARK" run kill.ini -o whole --no-plot >out 2>err </dev/null
code=$?
[ $code -eq 0 ] || [ $code -eq 3 ] ||
	fail "the run that nobody kills: exit code $code: $(cat err)"

took=$(($(date +%s%N) - began))

# Moments from the start of the run to its end, by chance; as long as the whole
# run took, because a busy machine takes several times as long.
moments=$(awk -v seed="$seed" -v kills="$kills" -v took="$took" 'BEGIN {
	srand(seed)
	for (i = 0; i < kills; i++)
		print int(rand() * took / 1000000) / 1000
}')
resume=
dead=
kill_count=0
resumed=0
for moment in $moments; do
	start $resume
	sleep "$moment"
	# Every third time its guardian, the first child, goes first.
	guardian=
	if [ $((kill_count % 3)) -eq 2 ]; then
		guardian=$(ps -e -o pid= -o ppid= -o sid= |
			awk -v parent="$pid" '$2 == parent && $1 == $3 { print $1 }')
	fi
	kill -9 $guardian "$pid" 2>/dev/null && kill_count=$((kill_count + 1))
	wait "$pid" 2>/dev/null
	[ -n "$guardian" ] || gone "$pid"
	dead="$dead $pid"
	pid=
	ls killed/*.tmp >/dev/null 2>&1 && [ -z "$guardian" ] &&
		fail "left: $(ls killed/*.tmp)"
	resume=
	if [ -e killed/journal.json ]; then
		resume=--resume
		resumed=$((resumed + 1))
	fi
	[ ! -e killed/result.json ] || break
done

if [ ! -e killed/result.json ]; then
	start $resume
	wait "$pid"
	code=$?
	pid=
	[ $code -eq 0 ] || [ $code -eq 3 ] ||
		fail "the last run: exit code $code: $(cat err)"
fi
# The last run has cleaned up after all of them.
gone $dead
nameless_gone
ls killed | grep -vE '^(result\.json|latency)$' && fail "left in the folder"
rounds whole/result.json >whole.rounds
rounds killed/result.json >killed.rounds
[ -s whole.rounds ] || fail "no rounds"
grep -E '"(failed|violated)"' whole.rounds && fail "a case of the whole run"
cmp whole.rounds killed.rounds || fail "not the rounds of one whole run"
echo "$kill_count kills, $resumed resumed, $(wc -l <whole.rounds) lines alike"
