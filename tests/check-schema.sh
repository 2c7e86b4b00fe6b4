#!/bin/sh
# check-schema.sh - are docs/result.schema.json and docs/crash.schema.json what
# ipcmark writes and reads?
#
# The result of a short run of every kind of case is validated against it, then
# damaged in every place: schema and loader must refuse the same. Campaigns of deaths,
# which ipcmark does not read again, the schema alone must refuse then. Exit 77 where
# no Python has jsonschema.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python=
for candidate in python3 /usr/bin/python3; do
	[ -z "$python" ] && "$candidate" -c \
		'from jsonschema import Draft202012Validator' 2>/dev/null &&
		python=$candidate
done
if [ -n "${SANITIZE_CFLAGS-}" ]; then
	echo "SKIP: 2,000 starts under a sanitizer take minutes; test_result" \
		"damages results in one process"
	exit 77
fi
if [ -n "${MIPC_CHECKED-}" ]; then
	echo "SKIP: the same sources have passed this a stage before"
	exit 77
fi
if [ -z "$python" ]; then
	echo "SKIP: no Python here has jsonschema 4 or later: install" \
		"python3-jsonschema"
	exit 77
fi

cat >"$scratch/schema.ini" <<'END'
[speed]
transport = null, pipe
placement = any, 0/0
batch     = 1, 2

[too-large]
transport = mq
msg_size  = 1Gi

[answers]
mode      = roundtrip
transport = pipe

[load]
transport = pipe
rate      = 1k
msg_sizes = 64:70%, 1Ki:30%

[share]
transport = pipe
rate      = 20%

[kill]
transport = queue, mutex-queue
producers = 2
consumers = 2
kills     = 2
recover_within = 200ms
END
"$IPCMARK" run --short --no-plot "$scratch/schema.ini" -o "$scratch" \
	--set global.seed=18446744073709551615 >"$scratch/out" 2>&1
code=$?
# 3: on a busy machine a load may not be reached, and that is a result, too.
if [ $code -ne 0 ] && [ $code -ne 3 ]; then
	cat "$scratch/out"
	echo "FAIL: run: exit code $code"
	exit 1
fi
"$IPCMARK" show --json "$scratch" >"$scratch/again.json" ||
	{ echo "FAIL: show --json: exit code $?"; exit 1; }
cmp "$scratch/result.json" "$scratch/again.json" ||
	{ echo "FAIL: show --json is not the result"; exit 1; }
"$python" "$top_srcdir/tests/check_schema.py" \
	"$top_srcdir/docs/result.schema.json" "$scratch/result.json" \
	"$IPCMARK" || exit 1

# Campaigns of deaths: all kinds, and one that finds something.
crash()
{
	want=$1 dir=$2
	shift 2
	"$IPCMARK" crash "$@" -o "$scratch/$dir" >"$scratch/out" 2>&1
	code=$?
	[ $code -eq 77 ] && cat "$scratch/out" && exit 0
	[ $code -eq "$want" ] && return
	cat "$scratch/out"
	echo "FAIL: crash $*: exit code $code, not $want"
	exit 1
}
crash 0 deaths queue --kills 200 --seed 18446744073709551615 --kill-at \
	every-instruction,every-pair,every-stop,every-syscall,with-sleeper
crash 5 hangs mutex-queue pipe --operation send --kills 100 --patience 50ms
"$python" "$top_srcdir/tests/check_crash_schema.py" \
	"$top_srcdir/docs/crash.schema.json" "$scratch/deaths/crash.json" \
	"$scratch/hangs/crash.json"
