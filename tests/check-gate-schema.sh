#!/bin/sh
# check-gate-schema.sh - is docs/gate.schema.json what ipcmark gate writes, and what
# ipcmark show reads?
#
# tests/sample_gate.json, which has every outcome, is validated against it, then
# damaged in every place: schema and loader must refuse the same. A gate that is
# written here must be valid, come out again as it is, and look the same later. Exit
# 77 where no Python has jsonschema. Beside check-schema.sh, not in it: each has its
# own limit of time.
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
	echo "SKIP: 1,000 starts under a sanitizer take minutes"
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

gate=$top_srcdir/tests/sample_gate.json
"$python" "$top_srcdir/tests/check_schema.py" \
	"$top_srcdir/docs/gate.schema.json" "$gate" "$IPCMARK" || exit 1
[ -x "$top_builddir/ipcmark-gate-worker" ] || exit 0
printf '[a]\ntransport = ring, pipe\nplacement = any\n' >"$scratch/gate.ini"
"$IPCMARK" gate "$scratch/gate.ini" --a "$top_builddir" --b "$top_builddir" \
	--blocks 8 --slice 5ms -o "$scratch/gate" --report github \
	--report "junit=$scratch/gate/gate.xml" >"$scratch/out" 2>&1
code=$?
if [ $code -ne 0 ] && [ $code -ne 1 ] && [ $code -ne 3 ]; then
	cat "$scratch/out"
	echo "FAIL: gate: exit code $code"
	exit 1
fi
"$IPCMARK" show --json "$scratch/gate" >"$scratch/again.json" &&
	cmp "$scratch/gate/gate.json" "$scratch/again.json" ||
	{ echo "FAIL: show --json is not the gate"; exit 1; }
# What is made at once and what is made later are the same.
"$IPCMARK" show "$scratch/gate" --report junit |
	cmp - "$scratch/gate/gate.xml" &&
	grep -q '^::.*title=ipcmark gate%3A' "$scratch/out" ||
	{ echo "FAIL: gate --report"; exit 1; }
"$IPCMARK" show "$scratch/gate" >"$scratch/table" &&
	head -n "$(wc -l <"$scratch/table")" "$scratch/out" |
	cmp - "$scratch/table" ||
	{ echo "FAIL: show has another table than gate"; exit 1; }
grep -qE '"command": "ipcmark gate [^ ]*gate.ini --a .* --b .* --blocks 8 --slice 5ms --seed [0-9]+",' \
	"$scratch/gate/gate.json" ||
	{ echo "FAIL: the command that repeats it"; exit 1; }
"$python" -c 'import json, sys; from jsonschema import Draft202012Validator as V
schema, gate = (json.load(open(p, encoding="utf-8")) for p in sys.argv[1:])
for error in V(schema).iter_errors(gate):
    sys.exit(f"FAIL: {error.json_path}: {error.message[:200]}")' \
	"$top_srcdir/docs/gate.schema.json" "$scratch/gate/gate.json"
