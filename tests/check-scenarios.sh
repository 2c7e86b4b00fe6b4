#!/bin/sh
# check-scenarios.sh SCENARIO - does it go all the way through?
#
# Runs one scenario in its short form: scenario, plan, run, result.json, table,
# figures, comparison. The figures mean nothing; that they are there, that every
# message was accounted for, and that each stage reads what the one before it
# wrote, does. Exit 0, or 77 where nothing of it can run.
set -u

scenario=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
result=$scratch/result/result.json

fail()
{
	echo "FAIL: $scenario: $1"
	exit 1
}

if [ -n "${MIPC_CHECKED-}" ] && [ "${scenario##*/}" != demo.ini ]; then
	echo "SKIP: the same sources have passed this a stage before"
	[ -f "$scenario" ] || fail 'is not there'
	exit 77
fi
cd "$top_srcdir" || exit 99
"$IPCMARK" run --short "$scenario" -o "$scratch/result" </dev/null
code=$?
case $code in
0 | 77) ;;
3)
	# On a busy machine a load may not be reached; nothing else is excused.
	grep -q '"status": "unreached"' "$result" || fail "run: exit code 3"
	grep -qE '"status": "failed"|"interrupted": true' "$result" &&
		fail "run: exit code 3"
	;;
*) fail "run: exit code $code" ;;
esac
[ -s "$result" ] || fail "run left no result.json"

"$IPCMARK" show "$result" >"$scratch/table" || fail "show: exit code $?"
[ -s "$scratch/table" ] || fail "show prints nothing"
"$IPCMARK" plot "$result" -o "$scratch/plots" >/dev/null ||
	fail "plot: exit code $?"
[ $code -eq 77 ] && exit 77

# Times of recovery are no rates: nothing to compare where all are of crashes.
grep -qE '"mode": "(throughput|roundtrip|open)"' "$result" || exit 0

# Of two transports that were measured in comparable cases, one is compared to
# the other. Which two are comparable is the scenario's affair.
transports=$(sed -nE 's/^ *"transport": "([^"]+)",?$/\1/p' "$result" | sort -u)
pairs=0
for of in $transports; do
	for to in $transports; do
		[ "$of" = "$to" ] && continue
		pairs=$((pairs + 1))
		"$IPCMARK" compare "$result" --of "transport=$of" \
			--to "transport=$to" 2>"$scratch/err" || continue
		"$IPCMARK" compare --json "$result" --of "transport=$of" \
			--to "transport=$to" >"$scratch/ratios.json" ||
			fail "compare --json: exit code $?"
		[ -s "$scratch/ratios.json" ] ||
			fail "compare --json prints nothing"
		exit 0
	done
done
[ $pairs -eq 0 ] && exit 0
# Of loads that a busy machine did not reach there is nothing to compare.
[ $code -eq 3 ] && exit 0
cat "$scratch/err"
fail "no two transports can be compared"
