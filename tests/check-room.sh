#!/bin/sh
# check-room.sh - a case that /dev/shm has no room for is skipped, with the
# remedy, and nothing else fails of it.
#
# In a mount namespace of its own /dev/shm is 64 MiB, as in a container that
# nobody gave more. Needs root for that; skipped without.
set -u

if [ -z "${CHECK_ROOM_INSIDE-}" ]; then
	unshare -m true 2>/dev/null || {
		echo 'SKIP: no mount namespace to be had: run it as root'
		exit 77
	}
	CHECK_ROOM_INSIDE=1 exec unshare -m "${SHELL:-/bin/sh}" "$0"
fi

failures=0
fail()
{
	echo "FAIL: $1"
	failures=$((failures + 1))
}

mount --make-rprivate / 2>/dev/null
mount -t tmpfs -o size=64m tmpfs /dev/shm || {
	echo 'SKIP: no tmpfs can be mounted here: run it as root'
	exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99

# Known before anything runs.
cat >big.ini <<-END
[global]
placement = any
[a]
transport = ring, queue
msg_size  = 64
capacity  = 1Mi, 256Mi
END
"$IPCMARK" plan big.ini >plan || fail "plan: exit code $?"
[ "$(grep -c 'dev/shm has room for .*--shm-size' plan)" -eq 2 ] || {
	fail 'plan does not skip what does not fit, with the remedy'
	cat plan
}
"$IPCMARK" run --short --no-plot big.ini -o big >out || fail "run: exit code $?"
grep -q '4 cases: 2 ok, 2 skipped, 0 violated, 0 failed' out || {
	fail 'run: not 2 cases ok and 2 skipped'
	tail -3 out
}

# Found out only when it is too late to plan: others took the room, or a round
# trip needs it twice.
cat >late.ini <<-END
[a]
transport = ring, queue
mode      = roundtrip
capacity  = 32Mi
placement = any
[b]
transport = queue
producers = 2
consumers = 2
kill      = producer
capacity  = 32Mi
placement = any
END
"$IPCMARK" plan late.ini >plan || fail "plan: exit code $?"
grep -q skipped plan && fail 'plan skips what there is room for'
head -c 24000000 /dev/zero >/dev/shm/others
"$IPCMARK" run --short --no-plot late.ini -o late >out || fail "run: exit code $?"
grep -q '3 cases: 1 ok, 2 skipped, 0 violated, 0 failed' out || {
	fail 'run: not 1 case ok and 2 skipped'
	tail -3 out
}
grep -q 'no room for the channel; /dev/shm has .* left: docker run --shm-size' \
	late/result.json || fail 'the result does not say why'
rm /dev/shm/others
[ -z "$(ls /dev/shm)" ] || fail "left in /dev/shm: $(ls /dev/shm)"

for scenario in ml-loader video; do
	"$IPCMARK" run --short --no-plot \
		"$top_srcdir/scenarios/$scenario.ini" -o "$scenario" >out
	code=$?
	# On a busy machine a load may not be reached.
	[ $code -eq 0 ] || [ $code -eq 3 ] || fail "$scenario: exit code $code"
	grep -q '"status": "failed"' "$scenario/result.json" &&
		fail "$scenario fails instead of being skipped"
done

[ $failures -eq 0 ]
