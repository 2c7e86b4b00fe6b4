#!/bin/sh
# check-gate-report.sh - do the forms of a gate's report say what gate.json says?
#
# tests/sample_gate.json has a case of each outcome, with every character that some
# form has to escape. Each form is read back by what reads it elsewhere, where that
# is installed: xmllint, compare.py of google-benchmark, benchstat, gnuplot.
set -u

command -v python3 >/dev/null || {
	echo 'SKIP: no python3 here'
	exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sample=$top_srcdir/tests/sample_gate.json
failures=0

fail()
{
	echo "FAIL: $1"
	failures=$((failures + 1))
}

# refuses PATTERN ARG...: exit code 2, and one line that says PATTERN.
refuses()
{
	pattern=$1
	shift
	"$IPCMARK" "$@" >"$scratch/out" 2>"$scratch/err"
	code=$?
	[ $code -eq 2 ] || fail "$*: exit code $code, not 2"
	[ "$(wc -l <"$scratch/err")" -eq 1 ] || fail "$*: not one line"
	grep -qE -- "$pattern" "$scratch/err" ||
		fail "$*: does not say '$pattern' but: $(cat "$scratch/err")"
}

refuses 'did you mean junit' show "$sample" --report junti=x
refuses 'there are table, markdown' show "$sample" --report pdf
refuses 'needs the name of a file' show "$sample" --report junit=
refuses 'cannot write /nonesuch/x' show "$sample" --report junit=/nonesuch/x
refuses '--csv is of the result of a run' show "$sample" --csv
refuses 'needs a file.*=FILE' gate x.ini --a . --b . --report junit
refuses 'baseline has its table only' gate x.ini --baseline y --report github
echo '{"schema": "ipcmark-gate-9"}' >"$scratch/gate.json"
refuses 'this version reads "ipcmark-gate-1"' show "$scratch"
echo '{"schema": "ipcmark-gate-1",' >"$scratch/gate.json"
refuses 'was cut or edited' show "$scratch"
echo '{"schema": "ipcmark-result-1"}' >"$scratch/result.json"
refuses 'report is of a gate' show "$scratch/result.json" --report junit
rm "$scratch/gate.json" "$scratch/result.json"

# A folder with a gate in it is one, and all of it comes out again.
cp "$sample" "$scratch/gate.json"
"$IPCMARK" show "$scratch" --json | cmp - "$sample" ||
	fail 'show --json is not the gate'
"$IPCMARK" show "$scratch" >"$scratch/table"
grep -q '^VIOLATED: roundtrip/queue' "$scratch/table" ||
	fail 'no verdict below the table'
"$IPCMARK" show "$scratch" --report "table=$scratch/table.2" &&
	cmp "$scratch/table" "$scratch/table.2" || fail 'another table in a file'
# As /dev/stdout is one.
ln -s markdown "$scratch/link"
"$IPCMARK" show "$scratch" --report "markdown=$scratch/link" &&
	[ -L "$scratch/link" ] &&
	"$IPCMARK" show "$scratch" --markdown | cmp - "$scratch/markdown" ||
	fail 'what is no plain file was replaced'

python3 "$top_srcdir/tests/check_gate_report.py" "$IPCMARK" "$sample" \
	"$scratch" || failures=$((failures + 1))

"$IPCMARK" show "$sample" --report "junit=$scratch/j.xml" \
	--report "benchstat-a=$scratch/a.txt" \
	--report "benchstat-b=$scratch/b.txt" \
	--report "google-benchmark-a=$scratch/a.json" \
	--report "google-benchmark-b=$scratch/b.json" ||
	fail 'several reports at once'
if command -v xmllint >/dev/null; then
	xmllint --noout "$scratch/j.xml" || fail 'xmllint refuses the XML'
else
	echo 'xmllint: not here'
fi
if command -v benchstat >/dev/null; then
	benchstat "$scratch/a.txt" "$scratch/b.txt" >"$scratch/stat" \
		2>"$scratch/err" || fail "benchstat: $(cat "$scratch/err")"
	grep -q 'Gate/stream/ring/64B.* +12' "$scratch/stat" ||
		fail "benchstat does not see it: $(cat "$scratch/stat")"
else
	echo 'benchstat: not here'
fi
compare=
[ -f /usr/share/benchmark/compare.py ] &&
	for candidate in python3 /usr/bin/python3; do
		"$candidate" -c 'import scipy' 2>/dev/null &&
			compare="$candidate /usr/share/benchmark/compare.py"
	done
if [ -n "$compare" ]; then
	$compare --no-color benchmarks "$scratch/a.json" \
		"$scratch/b.json" >"$scratch/compared" 2>&1
	grep -qE '^stream/ring/64B[^ ]* +\+0\.1' "$scratch/compared" ||
		fail "compare.py: $(head -20 "$scratch/compared")"
else
	echo 'compare.py of google-benchmark, or scipy: not here'
fi
if command -v gnuplot >/dev/null; then
	IPCMARK_PLOTS=$top_srcdir/plots "$IPCMARK" plot "$scratch" \
		-o "$scratch/figures" 2>"$scratch/err" ||
		fail "plot: $(cat "$scratch/err")"
	for figure in gate-forest gate-blocks; do
		(cd "$scratch/figures" && gnuplot "$figure.gp") >"$scratch/out" 2>&1
		[ ! -s "$scratch/out" ] ||
			fail "gnuplot complains: $(cat "$scratch/out")"
		for ending in svg png; do
			[ -s "$scratch/figures/$figure.$ending" ] ||
				fail "no $figure.$ending"
		done
	done
	for word in REGRESSION INCONCLUSIVE PASS advisory '+11.6 to +12.4 %' \
		'Linux 6.1.0 x86_64, noise grade C'; do
		grep -qF "$word" "$scratch/figures/gate-forest.svg" ||
			fail "no '$word' in the forest"
	done
else
	echo 'gnuplot: not here'
fi

[ $failures -eq 0 ] && echo 'each form says what the gate says'
exit $((failures != 0))
