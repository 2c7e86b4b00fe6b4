#!/bin/sh
# check-crash.sh - `ipcmark crash`: who survives a death, at which instruction?
#
# In `make check` a sample of each kind of campaign over ring and queue, and what
# the program says and leaves behind. With IPCMARK_CRASH=commit the size that each
# change must pass: a quarter of a million kills, and the rate at which they went.
set -u

if [ -n "${MIPC_CHECKED-}" ]; then
	echo "SKIP: the same sources have passed this a stage before"
	exit 77
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99

fail()
{
	echo "FAIL: $1"
	cat out err 2>/dev/null
	exit 1
}

# said PATTERN WHAT: the campaign's output has such a line.
said()
{
	grep -qE -- "$1" out || fail "no $2"
}

# again: the command that the first violation is played again by, with the same
# kind of end.
again()
{
	# a long one goes on behind a backslash
	command=$(awk '/^  again: ipcmark / { on = 1; sub(/.*again: ipcmark /, "") }
		on { more = sub(/\\$/, ""); printf "%s", $0 }
		on && !more { exit }' out)
	[ -n "$command" ] || fail 'no command to play it again'
	# as a shell takes it
	eval "set -- $command"
	[ "$1" = crash ] || fail "not a campaign: $command"
	shift
	found=$(awk '/^[a-z]+: / { name = $1 }
		/^  at / { sub(/:$/, "", name); print name; exit }' out)
	campaign $code "$@"
	said "^$found: " "'$found' when played again"
}

# spoilt NAME SED-SCRIPT: NAME.so, of the example's ring.
spoilt()
{
	sed "$2" "$top_srcdir/examples/plugin_ring.c" >"$1.c"
	$CC -std=c11 -O2 -g -I"$top_srcdir/harness/include" -shared -fPIC \
		-o "$1.so" "$1.c" || fail "$1.c does not compile"
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
		tail -n 1 out | grep -Eq \
		'^[0-9]+ violations in [0-9]+ kills(, the first in trial [0-9]+)?: ' ||
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

# A lock that is never given back: found, told, and played again alone.
campaign 5 mutex-queue --operation send --path some --patience 50ms
grep -Eq ' instructions, not at .*([.]c:[0-9]|[+]0x)' out ||
	fail 'what was not killed at is not listed'
said '^  lock of the producers: ' 'word about the lock'
said '^==> +\+0\.0 us  victim +#[0-9]+ KILLED, at( |$)' 'death in the timeline'
said ' victim .* \[strike\] send [0-9]+: has not come back' "victim's last call"
said ' producer .* \[before\] send [0-9]+: 0 after ' 'call before the strike'
said ' producer .* \[after\] send [0-9]+: Connection timed out' 'call behind it'
again
said ' --patience 50ms$' 'patience in the command'

# Who does not come back at all is seen where it stands.
spoilt "it's hung" '
s/\(_Atomic uint64_t written;\)/_Atomic int busy; \1/
s/^	slot->len = message->len;/	while (atomic_exchange(\&mine->ring->busy, 1));\n&/
/^static int ring_put/,/^}/s/^	return 0;/	mine->ring->busy = 0;\n&/
'
campaign 5 "plugin:./it's hung.so" --operation send --path some --patience 60ms
said "^  again: ipcmark crash 'plugin:./it'.''s hung.so' " 'word for a shell'
said 'producer .* has not come back, at( |$)' 'place where the survivor hangs'
again

# So is a victim that was stopped and does not get over what it missed.
spoilt stuck '/^static int ring_put/,/^}/{
s/^	slot->len = message->len;/	uint64_t seen = mine->ring->taken;\n&/
s/^	return 0;/	while (mine->ring->taken != seen);\n&/
}'
campaign 5 plugin:./stuck.so --kill-at every-stop --operation send \
	--path some --patience 60ms
said '^hang: the producer that is to be struck' 'victim that hangs'
said ' victim .* STOPPED, at stuck.so:' 'place where it was stopped'
said ' victim .* goes on$' 'word that it went on'
said ' victim .* has not come back, at stuck.so:' 'place where it hangs'

# A late one, where nobody can be in time.
campaign 5 --operation send --path some --recover-within 1us --kills 60 ring
said '^late: ' 'late recovery'
again
said ' --recover-within 1us$' 'time in the command'

# A director that dies in its own part leaves its channel to the guardian.
spoilt dies '
s/^#include <errno.h>/&\n#include <fcntl.h>\n#include <signal.h>\n#include <stdio.h>\n#include <unistd.h>/
s/^	mine->max_len = config/	char name[128];\n	snprintf(name, 128, "\/dev\/shm\/%s", config->name);\n	close(open(name, O_CREAT | O_RDWR, 0600));\n&/
s/^static const struct transport mine/static int mine_check(struct channel *channel)\n{\n	(void)channel;\n	return raise(SIGKILL);\n}\n\n&/
s/\.caps = CAP_BLOCK,/& .check = mine_check,/
'
"$IPCMARK" crash plugin:./dies.so --operation send --path some >out 2>err &
pid=$!
wait $pid
code=$?
[ $code -eq 3 ] || fail "without directors: exit code $code, not 3"
said '^incomplete: [0-9]+ of the processes' 'word about lost processes'
[ -z "$(remains $pid)" ] || fail "left: $(remains $pid)"

# Interrupted, it ends soon, and leaves nothing.
"$IPCMARK" crash --kills 10000000 >out 2>err &
pid=$!
sleep 1
kill -INT $pid
wait $pid
code=$?
[ $code -eq 3 ] || fail "interrupted: exit code $code, not 3"
[ -z "$(remains $pid)" ] || fail "left: $(remains $pid)"
