#!/bin/sh
# check-schema.sh - are docs/{result,gate,crash}.schema.json what ipcmark writes and
# reads?
#
# The result of a short run of every kind of case is validated against its schema,
# then damaged in every place: schema and loader must refuse the same. So is
# tests/sample_gate.json, which has every outcome; a gate that is written here must
# be valid, come out again as it is, and look the same later. Campaigns of deaths,
# which ipcmark does not read again, the schema alone must refuse when they are
# damaged. Exit 77 where no Python has jsonschema.
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
	echo "SKIP: thousands of files under a sanitizer take minutes; test_result" \
		"damages results there, too"
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
until     = 5%

[kill]
transport = queue, mutex-queue
producers = 2
consumers = 2
kills     = 2
recover_within = 200ms

[soak]
transport = queue
producers = 2
consumers = 2
kill_at   = random, every-instruction
fault     = kill, stop
END

fail()
{
	[ ! -s "$scratch/out" ] || cat "$scratch/out"
	echo "FAIL: $*"
	exit 1
}

# damage KIND FILE: do docs/KIND.schema.json and the loader agree on it?
damage()
{
	"$python" "$top_srcdir/tests/check_schema.py" \
		"$top_srcdir/docs/$1.schema.json" "$2" \
		"$top_builddir/tests/show_many" || exit 1
}

# comes_back FOLDER FILE: is what ipcmark shows as JSON what it has written?
comes_back()
{
	"$IPCMARK" show --json "$1" >"$scratch/again.json" &&
		cmp "$2" "$scratch/again.json" || fail "show --json is not $2"
}

check_results()
{
	"$IPCMARK" run --short --no-plot "$scratch/schema.ini" -o "$scratch" \
		--set global.seed=18446744073709551615 >"$scratch/out" 2>&1
	code=$?
	# 3: on a busy machine a load may not be reached, and that is a result, too.
	[ $code -eq 0 ] || [ $code -eq 3 ] || fail "run: exit code $code"
	comes_back "$scratch" "$scratch/result.json"
	damage result "$scratch/result.json"
}

check_gates()
{
	damage gate "$top_srcdir/tests/sample_gate.json"
	[ -x "$top_builddir/ipcmark-gate-worker" ] || return 0
	printf '[a]\ntransport = ring, pipe\nplacement = any\n' >"$scratch/gate.ini"
	"$IPCMARK" gate "$scratch/gate.ini" --a "$top_builddir" \
		--b "$top_builddir" --blocks 8 --slice 5ms -o "$scratch/gate" \
		--report github --report "junit=$scratch/gate/gate.xml" \
		>"$scratch/out" 2>&1
	code=$?
	[ $code -eq 0 ] || [ $code -eq 1 ] || [ $code -eq 3 ] ||
		fail "gate: exit code $code"
	comes_back "$scratch/gate" "$scratch/gate/gate.json"
	# What is made at once and what is made later are the same.
	"$IPCMARK" show "$scratch/gate" --report junit |
		cmp - "$scratch/gate/gate.xml" &&
		grep -q '^::.*title=ipcmark gate%3A' "$scratch/out" ||
		fail "gate --report"
	"$IPCMARK" show "$scratch/gate" >"$scratch/table" &&
		head -n "$(wc -l <"$scratch/table")" "$scratch/out" |
		cmp - "$scratch/table" || fail "show has another table than gate"
	grep -qE '"command": "ipcmark gate [^ ]*gate.ini --a .* --b .* --blocks 8 --slice 5ms --seed [0-9]+",' \
		"$scratch/gate/gate.json" || fail "the command that repeats it"
	"$python" -c 'import json, sys; from jsonschema import Draft202012Validator as V
schema, gate = (json.load(open(p, encoding="utf-8")) for p in sys.argv[1:])
for error in V(schema).iter_errors(gate):
    sys.exit(f"FAIL: {error.json_path}: {error.message[:200]}")' \
		"$top_srcdir/docs/gate.schema.json" "$scratch/gate/gate.json" ||
		exit 1
}

# crash WANT FOLDER ARG...: a campaign of deaths that ends with exit code WANT.
crash()
{
	want=$1 dir=$2
	shift 2
	"$IPCMARK" crash "$@" -o "$scratch/$dir" >"$scratch/out" 2>&1
	code=$?
	[ $code -ne 77 ] || { cat "$scratch/out"; exit 0; }
	[ $code -eq "$want" ] || fail "crash $*: exit code $code, not $want"
}

# All kinds, and a campaign that finds something.
check_campaigns()
{
	crash 0 deaths queue --kills 200 --seed 18446744073709551615 --kill-at \
		every-instruction,every-pair,every-stop,every-syscall,with-sleeper
	crash 5 hangs mutex-queue pipe --operation send --kills 100 \
		--patience 50ms
	"$python" "$top_srcdir/tests/check_crash_schema.py" \
		"$top_srcdir/docs/crash.schema.json" "$scratch/deaths/crash.json" \
		"$scratch/hangs/crash.json"
}

check_results && check_gates && check_campaigns
