#!/bin/sh
# check-crash.sh - `ipcmark crash`: who survives a death, at which instruction?
#
# In `make check` a sample of each kind of campaign over ring and queue, and what
# the program says and leaves behind. With IPCMARK_CRASH=commit the size that each
# change must pass: a quarter of a million kills, and the rate at which they went.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99

fail()
{
	echo "FAIL: $1"
	cat out err 2>/dev/null
	exit 1
}

# campaign CODE ARG...
campaign()
{
	want=$1
	shift
	"$IPCMARK" crash "$@" >out 2>err
	code=$?
	if [ $code -eq 77 ] && [ "$want" -eq 0 ]; then
		cat err
		exit 77
	fi
	[ $code -eq "$want" ] || fail "crash $*: exit code $code, not $want"
	awk 'length($0) > 100 { wide = 1 } END { exit wide }' out ||
		fail "crash $*: a line of more than 100 columns"
	[ "$want" -eq 2 ] ||
		tail -n 1 out | grep -Eq '^[0-9]+ violations in [0-9]+ kills: ' ||
		fail "crash $*: the last line is no verdict"
	tail -n 3 out
}

remains()
{
	ls /dev/shm /dev/mqueue "${TMPDIR:-/tmp}" 2>/dev/null |
		grep "ipcmark-$1-"
}

if [ "${IPCMARK_CRASH:-}" = commit ]; then
	campaign 0 --kill-at every-instruction --kills 250000
	campaign 0 --kill-at every-pair --kills 15000
	campaign 0 --kill-at every-stop --kills 2000
	campaign 0 --kill-at every-syscall
	campaign 0 --kill-at with-sleeper
	exit 0
fi

# Nobody is told less than the usual about a wrong command line.
campaign 2 nonesuch
campaign 2 --kill-at sometimes
grep -q 'every-instruction\|lists all' err || fail 'no way out is shown'
campaign 2 --path sum
campaign 2 --step x

campaign 0 --operation send --path some -o result
grep -q '0 violations in .* kills: fewer than 3/' out || fail 'no verdict'
grep -q '(100.0 %)' out || fail 'not every instruction of a send'
[ -s result/crash.json ] || fail 'no result'
# Both maps have a place for each death, and are drawn where there is gnuplot.
kills=$(awk '/^send / { sum += $4 } END { print sum }' out)
placed=$(awk -F '\t' '$2 == 1 { sum += $6 + $7 + $8 } END { print sum }' \
	result/map-ring-send-some.tsv result/map-queue-send-some.tsv)
[ "$placed" = "$kills" ] || fail "$placed deaths on the maps, not $kills"
[ -z "$(command -v gnuplot)" ] || [ -s result/map-queue-send-some.png ] ||
	fail 'no map is drawn'
campaign 0 queue --operation recv --path dead-owner --kills 100
grep -q '^coverage: a sample; nobody was killed at' out ||
	fail 'a sample does not say that it is one'
grep -q ', not at' out && fail 'a sample lists what is missing'
campaign 0 --operation create --kills 600
campaign 0 --operation send --path some --kill-at every-pair --kills 60
campaign 0 --operation recv --path some --kill-at every-stop --kills 60
campaign 0 --operation send --path empty --kill-at with-sleeper --kills 30
campaign 0 --operation recv --path full --kill-at every-syscall
campaign 0 queue --operation send --path some --step 5 --pass 1

# A lock that is never given back: found, and played again alone.
campaign 5 mutex-queue --operation send --path some --patience 50ms
grep -Eq ' instructions, not at .*([.]c:[0-9]|[+]0x)' out ||
	fail 'what was not killed at is not listed'
again=$(sed -n 's/^  again: ipcmark crash //p' out | head -1)
[ -n "$again" ] || fail 'no command to play it again'
campaign 5 $again --patience 50ms

# Interrupted, it ends soon, and leaves nothing.
"$IPCMARK" crash --kills 10000000 >out 2>err &
pid=$!
sleep 1
kill -INT $pid
wait $pid
code=$?
[ $code -eq 3 ] || fail "interrupted: exit code $code, not 3"
[ -z "$(remains $pid)" ] || fail "left: $(remains $pid)"
