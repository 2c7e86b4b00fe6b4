#!/bin/sh
# check-soak.sh - does the command that a failed soak prints do the same again?
#
# A transport that nobody may die in: whoever sends or receives after a death
# hangs. So the first kill of a soak decides, and what was done to whom up to there
# must be the same in both runs, by their timelines.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99

fail()
{
	echo "FAIL: $1"
	cat err
	exit 1
}

sed '
s/^#include <errno.h>/&\n#include <signal.h>\n#include <unistd.h>/
s/\(_Atomic uint64_t written;\)/_Atomic int busy; _Atomic pid_t users[16]; \1/
s/^static int mine_create/static void enter(struct ring *ring)\
{\
	for (int i = 0; i < 16; i++)\
		while (ring->users[i] \&\& kill(ring->users[i], 0))\
			usleep(1000);\
	while (atomic_exchange(\&ring->busy, 1));\
}\n\n&/
s/^	(void)role;/	struct ring *ring = ((struct mine *)channel)->ring;\
	for (int i = 0, none = 0; i < 16; i++, none = 0)\
		if (atomic_compare_exchange_strong(\&ring->users[i], \&none, getpid()))\
			break;\n&/
s/^	(void)endpoint; .*/	struct ring *ring = ((struct mine *)endpoint)->ring;\
	for (int i = 0; endpoint \&\& i < 16; i++)\
		if (ring->users[i] == getpid())\
			ring->users[i] = 0;/
s/^	while (ring_\(put\|take\)(mine, message)) {/	for (int err;;) {\
		enter(mine->ring);\
		err = ring_\1(mine, message);\
		mine->ring->busy = 0;\
		if (!err)\
			break;/
s/\.caps = CAP_BLOCK,/.caps = CAP_BLOCK | CAP_MANY_PRODUCERS |\
		CAP_MANY_CONSUMERS | CAP_SURVIVES_KILL,/
' "$top_srcdir/examples/plugin_ring.c" >mortal.c
$CC -std=c11 -D_DEFAULT_SOURCE -O2 -I"$top_srcdir/harness/include" -shared \
	-fPIC -o mortal.so mortal.c || exit 1
cat >soak.ini <<'END'
[before]
transport = pipe
slice = 1ms
rounds = 1
[soak]
transport = fcntl-queue, plugin:./mortal.so
producers = 2
consumers = 2
placement = any
kill_at = random, holder
kills = 4
kill = producer, consumer
END

# deeds: who was struck how, in order, up to the first death.
deeds()
{
	sed -nE 's/^(==>|   ) +[-+0-9.]+ us  ((producer|consumer) [0-9]+ +#[0-9]+ +(STOPPED|KILLED|goes on)).*/\2/p' \
		err | tr -s ' ' | sed '/KILLED/q'
}

"$IPCMARK" run --no-plot soak.ini -o first \
	--set soak.kill_at=random >out 2>err </dev/null
code=$?
[ $code -eq 5 ] || [ $code -eq 3 ] || fail "exit code $code of a soak that hangs"
grep -q 'the others hung' err || fail 'the hang is not told'
grep -qE ' KILLED, .*at ' err || fail 'not where the victim died'
deeds >first.deeds
grep -q KILLED first.deeds || fail 'no death in the timeline'
command=$(sed -n 's/^ *the same victims at the same moments: ipcmark //p' err |
	head -1)
[ -n "$command" ] || fail 'no command to have it again'

eval "set -- $command"
"$IPCMARK" "$@" --no-plot -o second >out 2>err </dev/null
again=$?
[ $again -eq $code ] || fail "again: exit code $again, not $code"
deeds >second.deeds
cat first.deeds
diff first.deeds second.deeds || fail 'not the same victims'
[ "$(grep -c 'the others hung' err)" -eq 1 ] || fail 'not that case alone'
