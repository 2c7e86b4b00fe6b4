#!/bin/sh
# check-gate.sh - `ipcmark gate` from end to end: does it find a build that is
# slower, does it let the same build pass, does it tell of one that loses messages?
#
# Those builds are the library's own objects with a pause, or a loss, put into
# mipc_ring_write(). Few and short blocks: what they say of times is for the real
# runs; here the change is so big that no noise hides it.
set -u

if [ -n "${MIPC_CHECKED-}" ]; then
	echo "SKIP: the same sources have passed this a stage before"
	exit 77
fi

[ -x "$top_builddir/ipcmark-gate-worker" ] || {
	echo 'SKIP: built without shared library'
	exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
failures=0

fail()
{
	echo "FAIL: $1"
	cat out err 2>/dev/null | sed 's/^/  | /'
	failures=$((failures + 1))
}

# gate CODE ARG...
gate()
{
	want=$1
	shift
	"$IPCMARK" gate "$@" >out 2>err
	code=$?
	[ $code -eq "$want" ] || fail "gate $*: exit code $code, not $want"
}

# refuses PATTERN ARG...: 2, and one line that says PATTERN.
refuses()
{
	pattern=$1
	shift
	gate 2 "$@"
	[ "$(wc -l <err)" -eq 1 ] || fail "gate $*: not one line"
	grep -qE -- "$pattern" err || fail "gate $*: does not say '$pattern'"
}

# library NAME LINE: NAME/lib/libmmapipc.so.0 with LINE in each write to a ring.
library()
{
	mkdir -p "$1/lib"
	awk -v line="$2" '/^\tfill_record\(ring, ring->producer.tail, data, len\);/ {
		print line }
		{ print }
		BEGIN { print "#include <time.h>" }' \
		"$top_srcdir/lib/ring.c" >"$1/ring.c"
	grep -qxF "$2" "$1/ring.c" ||
		fail "ring.c has no such line any more"
	$CC -std=c11 -O2 -D_GNU_SOURCE -fPIC -fvisibility=hidden \
		-I"$top_srcdir/lib" -I"$top_srcdir/lib/include" \
		-include "$top_srcdir/lib/exports.h" -c -o "$1/ring.o" \
		"$1/ring.c" || fail "$1: ring.c does not compile"
	objects=
	for object in "$top_builddir"/lib/.libs/*.o; do
		case $object in
		*-ring.o) object=$1/ring.o ;;
		esac
		objects="$objects $object"
	done
	# shellcheck disable=SC2086 # several objects
	$CC -shared ${SANITIZE_CFLAGS-} -Wl,-soname,libmmapipc.so.0 \
		$3 -o "$1/lib/libmmapipc.so.0" $objects ||
		fail "$1: cannot be linked"
}

remains()
{
	ls /dev/shm "${TMPDIR:-/tmp}" 2>/dev/null | grep "ipcmark-$1-"
}

# The process that measures; $1: of which gate.
server_of()
{
	for stat in /proc/[0-9]*/stat; do
		sed -n "s/^\([0-9]*\) (ipcmark-gate-wo[^)]*) [A-Z] $1 .*/\1/p" \
			"$stat" 2>/dev/null
	done | head -1
}

place=near
[ "$(getconf _NPROCESSORS_ONLN)" -ge 2 ] || place=any
cat >trips.ini <<END
[trips]
mode = roundtrip
transport = ring
msg_size = 64
wait = block
placement = $place
END
cat >stream.ini <<END
[stream]
transport = ring
msg_size = 64
placement = $place
END
printf '[a]\ntransport = pipe\nplacement = any\n' >others.ini

# --- what is wrong with the command line ------------------------------------

refuses '--a BUILD and --b BUILD' trips.ini --a "$top_builddir"
refuses "no build 'nowhere'.*git:REV" trips.ini --a nowhere --b "$top_builddir"
mkdir empty
refuses "'empty' has no libmmapipc" trips.ini --a "$top_builddir" --b empty
mkdir -p text/lib
echo text >text/lib/libmmapipc.so.0
refuses "B, 'text': .*cannot be loaded" trips.ini --a "$top_builddir" --b text
mkdir -p other/lib
echo 'int other(void); int other(void) { return 1; }' >other.c
$CC -shared -fPIC -Wl,-soname,libmmapipc.so.0 -o other/lib/libmmapipc.so.0 \
	other.c
refuses "B, 'other': " trips.ini --a "$top_builddir" --b other
ab="--a $top_builddir --b $top_builddir"
# shellcheck disable=SC2086 # two options
{
	refuses 'git:nonesuch: no such revision' trips.ini --a git:nonesuch \
		--b "$top_builddir"
	refuses "did you mean 'throughput'" trips.ini $ab --metrics thruput
	refuses 'such as 3%' trips.ini $ab --tolerance much
	refuses 'more than --tolerance' trips.ini $ab --max 2%
	refuses 'blocks' trips.ini $ab --blocks 3
	refuses 'no such file' nonesuch.ini $ab
	gate 77 others.ini $ab
	grep -q 'ring and queue only' out || fail 'no reason for the SKIP'
}

# --- verdicts ---------------------------------------------------------------

short="--blocks 8 --slice 20ms --seed 1"
library slow '	nanosleep(&(struct timespec){0, 300000}, 0);' ''
library lossy '	{ static int n; if (++n % 1000 == 0) return 0; }' \
	'-Wl,--build-id=none'
# shellcheck disable=SC2086 # several options
{
	"$IPCMARK" gate trips.ini $ab $short -o same >out 2>err
	code=$?
	[ $code -eq 0 ] || [ $code -eq 3 ] ||
		fail "A against A: exit code $code, not 0 or 3"
	grep -q '^A and B are the same build' out || fail 'same build: not told'
	if grep -q '^  instructions of' out; then
		grep '^  instructions of' out | grep -qv '(+0.0 %)' &&
			fail 'A against A: other instructions'
	fi
	[ -s same/gate.json ] || fail 'no gate.json'

	# A machine that does other things, too, may take more blocks.
	for try in "$short" "--blocks 64 --slice 30ms --seed 2" \
		"--blocks 256 --slice 30ms --seed 3"; do
		"$IPCMARK" gate trips.ini --a "$top_builddir" --b slow $try \
			-o slow.d >out 2>err
		code=$?
		[ $code -eq 3 ] || break
	done
	[ $code -eq 1 ] || fail "slower: exit code $code, not 1"
	grep -q '^A and B are the same' out && fail 'other build: not noticed'
	grep -q "slow/lib/libmmapipc.so.0" out || fail 'whose library is not told'
	grep -Eq '^REGRESSION: .*(p50|cpu): .* worse' out || fail 'no reason'
	if grep -q '^  instructions of' out; then
		grep -q 'send.*A RISE' out || fail 'the rise is not told'
	fi
	"$IPCMARK" gate trips.ini --a slow --b "$top_builddir" $short \
		>out 2>err
	code=$?
	[ $code -eq 0 ] || [ $code -eq 3 ] ||
		fail "faster: exit code $code, not 0 or 3"

	gate 4 stream.ini --a "$top_builddir" --b lossy $short -o lossy.d
	grep -q 'B violates data: [1-9][0-9]* lost' out || fail 'no loss is told'
	grep -q 'hash of the file' out || fail 'no hash instead of a build id'

	# Of 8 blocks nothing is sure at a third of the level.
	gate 5 trips.ini $ab --blocks 8 --slice 10ms --tolerance 0.000001% \
		--max 0.000002% --metrics p50,p99,p99.9 --inconclusive-exit 5
}
for field in '"verdict": "REGRESSION"' '"exit_code": 1' '"order": "ABBA"' \
	'"differences"' '"seed": "[123]"'; do
	grep -q "$field" slow.d/gate.json || fail "gate.json without $field"
done

# --- whose library it is -----------------------------------------------------

# loads_another VARIABLE=VALUE BUILD: is it told that what was loaded for B is not
# BUILD's?
loads_another()
{
	env "$1" "$IPCMARK" gate trips.ini --a "$top_builddir" --b "$2" --blocks 8 \
		--slice 2ms >out 2>err
	code=$?
	[ $code -eq 2 ] || fail "another library than $2's: exit code $code, not 2"
	grep -qE "^ipcmark: [AB], '.*': .*libmmapipc.* was loaded instead" err ||
		fail "another library than $2's: not told"
}
mkdir x:y
cp "$top_builddir/.libs/libmmapipc.so.0" x:y
loads_another LD_LIBRARY_PATH="$top_builddir/.libs" x:y
if [ -z "${SANITIZE_CFLAGS-}" ]; then
	loads_another LD_PRELOAD="$PWD/slow/lib/libmmapipc.so.0" "$top_builddir"
fi

# --- where addresses are the same each time ----------------------------------

if [ "$(cat /proc/sys/kernel/randomize_va_space)" != 0 ] &&
	grep -q '^0*$' /proc/self/personality &&
	setarch -R true 2>/dev/null; then
	# shellcheck disable=SC2086 # two options
	{
		"$IPCMARK" gate stream.ini $ab --blocks 8 --slice 2ms >out 2>err
		grep -q 'not randomised' err &&
			fail 'a warning where addresses are randomised'
		setarch -R "$IPCMARK" gate stream.ini $ab --blocks 8 --slice 2ms \
			>out 2>err
		grep -q '^ipcmark: .*addresses are not randomised here' err ||
			fail 'no warning where addresses are not randomised'
	}
else
	echo 'addresses are not randomised here, or always: not tried'
fi

# --- a build and its copy ----------------------------------------------------

selftest="--runs 2 --slow 50% --blocks 8 --slice 2ms"
# shellcheck disable=SC2086 # several options
{
	TMPDIR=$scratch "$IPCMARK" selftest-gate trips.ini --a "$top_builddir" \
		$selftest >out 2>err || fail "selftest-gate: exit code $?"
	grep -q '^  the same  *2 ' out || fail 'selftest-gate: not two runs'
	TMPDIR=/nonesuch "$IPCMARK" selftest-gate trips.ini --a "$top_builddir" \
		$selftest >out 2>err
	code=$?
	[ $code -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] &&
		grep -q 'cannot copy.*TMPDIR may name another' err ||
		fail 'selftest-gate without room for a copy'
}

# --- instructions ------------------------------------------------------------

if "$IPCMARK" gate stream.ini --a "$top_builddir" --b slow --blocks 8 \
	--slice 2ms 2>err | grep -q '^  instructions of'; then
	counts="--metrics instructions --blocks 16 --slice 2ms --seed 1"
	# shellcheck disable=SC2086 # several options
	{
		gate 0 stream.ini $ab $counts
		grep -q '^PASS: ' out || fail 'the same instructions: no PASS'
		grep -q 'throughput.*(advisory)' out ||
			fail 'times are not advisory'
		gate 1 stream.ini --a "$top_builddir" --b slow $counts
		grep -q '^REGRESSION: .*more instructions (send' out ||
			fail 'the call with more of them is not named'
		gate 0 stream.ini --a "$top_builddir" --b slow $counts \
			--tolerance instructions=1000%
	}
	refuses "did you mean 'instructions'" stream.ini $ab --metrics instruction
else
	echo 'instructions cannot be counted here: not tried'
fi

# --- a stored result ---------------------------------------------------------

printf '%s\n' '[global]' 'rounds = 15' 'slice = 5ms' 'warmup = 1ms' '[a]' \
	'transport = pipe' 'placement = any' '[b]' 'mode = roundtrip' \
	'transport = pipe' 'placement = any' >stored.ini
"$IPCMARK" run --no-plot stored.ini -o old >out 2>&1 || fail 'run of stored.ini'
any='--max 1000%'
# shellcheck disable=SC2086 # two words
gate 0 old --baseline old $any
grep -q '^PASS: 2 cases compared' out || fail 'a result beside itself'
# edit NAME SED: NAME, a copy of the result that is different by SED.
edit()
{
	mkdir "$1" && sed "$2" old/result.json >"$1/result.json"
	cmp -s old/result.json "$1/result.json" && fail "$1: nothing edited"
}
edit machine 's/"kernel": "[^"]*"/"kernel": "another"/'
refuses 'another machine than the baseline.*kernel is .*was "another"' old \
	--baseline machine
edit wait 's/"wait": "block"/"wait": "spin"/'
gate 77 old --baseline wait
grep -q 'SKIP: another way to wait' out || fail 'another wait: not told'
# A thousand times the rate.
edit faster '/"msgs_per_s"/,/}/s/\([0-9]\),$/\1e3,/'
gate 1 old --baseline faster
grep -q '^REGRESSION: ' out || fail 'a thousand times as slow: no REGRESSION'
# shellcheck disable=SC2086 # two words
gate 0 faster --baseline old $any
refuses 'no builds' old --baseline old --a "$top_builddir"
refuses 'no builds' old old --baseline old

# --- who is killed, and who is interrupted -----------------------------------

forever='--slice 300ms --blocks 512 --tolerance 0.000001% --max 0.000002%'
# shellcheck disable=SC2086 # several options
"$IPCMARK" gate trips.ini $ab $forever -o int.d >out 2>err &
pid=$!
# Twice: one may have been about to end anyway.
for again in 1 2; do
	sleep 1
	server=
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		server=$(server_of $pid)
		[ -n "$server" ] && kill -KILL "$server" 2>/dev/null && break
	done
done
sleep 1
kill -INT $pid
wait $pid
code=$?
[ $code -eq 3 ] || fail "interrupted: exit code $code, not 3"
[ -n "$server" ] || fail 'no process that measures'
grep -q 'ended by signal 9' int.d/gate.json ||
	fail 'a process that measures died, and nobody tells'
grep -q '"interrupted": true' int.d/gate.json || fail 'not told: interrupted'
[ -z "$(remains $pid)" ] || fail "left: $(remains $pid)"

# shellcheck disable=SC2086 # several options
"$IPCMARK" gate trips.ini $ab $forever >out 2>err &
pid=$!
sleep 1
server=$(server_of $pid)
kill -KILL $pid
wait $pid 2>/dev/null
sleep 1
# A zombie has ended: that nobody buries it is not our affair.
grep -q '^State:[[:space:]]*[A-Y]' "/proc/${server:-none}/status" 2>/dev/null &&
	fail 'a gate was killed, and who measured goes on'
[ -z "$(remains $pid)" ] || fail "left by a kill: $(remains $pid)"

[ $failures -eq 0 ] && echo 'all verdicts are as they should be'
exit $((failures != 0))
