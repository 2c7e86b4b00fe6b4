#!/bin/sh
# check-cli.sh - what does ipcmark say to what it cannot take?
#
# Every mistake must end with exit code 2 and one line that says where it is and
# what was probably meant, before anything runs. And the way in must hold what
# it promises: help for each command, the same plan for the same seed, and every
# scenario shown in the documents is one that it takes.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
failures=0

fail()
{
	echo "FAIL: $1"
	[ -s err ] && sed 's/^/  | /' err
	failures=$((failures + 1))
}

# refuses PATTERN ARG...: exit code 2, nothing on standard output, one line
# on standard error that matches.
refuses()
{
	pattern=$1
	shift
	"$IPCMARK" "$@" >out 2>err </dev/null
	code=$?
	if [ $code -ne 2 ]; then
		fail "ipcmark $*: exit code $code, not 2"
	elif [ -s out ]; then
		fail "ipcmark $*: complains on standard output"
	elif [ "$(wc -l <err)" -ne 1 ]; then
		fail "ipcmark $*: $(wc -l <err) lines, not one"
	elif ! grep -qE -- "$pattern" err; then
		fail "ipcmark $*: does not say '$pattern'"
	fi
}

# accepts ARG...: exit code 0 and something to read on standard output.
accepts()
{
	"$IPCMARK" "$@" >out 2>err </dev/null
	code=$?
	[ $code -eq 0 ] || fail "ipcmark $*: exit code $code, not 0"
	[ -s out ] || fail "ipcmark $*: prints nothing"
}

# A scenario of one section; the mistake, if any, is in its third line.
scenario()
{
	printf '[a]\ntransport = null\n%s\n' "$2" >"$1.ini"
}

# --- scenario -----------------------------------------------------------------

scenario key 'rouds = 3'
refuses "key\.ini:3: .*did you mean 'rounds'" plan key.ini
refuses "key\.ini:3: .*did you mean 'rounds'" run key.ini -o out.d
[ -e out.d ] && fail "a run that was refused left something behind"

scenario unit 'slice = 10sm'
refuses "unit\.ini:3: .*unit" plan unit.ini
scenario time 'slice = 10'
refuses "time\.ini:3: .*unit" plan time.ini
scenario word 'wait = blok'
refuses "word\.ini:3: .*did you mean 'block'" plan word.ini
scenario range 'batch = 0'
refuses "range\.ini:3: .*batch" plan range.ini
printf '[a]\n\ntransport = rng\n' >transport.ini
refuses "transport\.ini:3: .*did you mean 'ring'" plan transport.ini
printf '[a]\ntransport = null\ninherit = bb\n[b]\n' >parent.ini
refuses "parent\.ini:3: .*bb" plan parent.ini
printf 'not a scenario\n' >text.ini
refuses "text\.ini:1: " plan text.ini
printf '[global]\nseed = 1\n' >empty.ini
refuses "empty\.ini: .*section" plan empty.ini
refuses "good\.ni: no such file" plan good.ni

scenario good 'rounds = 2'
refuses "did you mean 'rounds'" plan good.ini --set a.rouds=2
refuses "--set b\.rounds=2: .*section" plan good.ini --set b.rounds=2
refuses "section\.key=value" plan good.ini --set rounds

printf '[global]\ninclude = loop2.ini\n[a]\n' >loop.ini
printf 'include = loop.ini\n' >loop2.ini
refuses "loop2\.ini:1: .*circle" plan loop.ini
refuses "loop2\.ini:1: .*circle" run loop.ini -o out.d
[ -e out.d ] && fail "a run that was refused left something behind"

# --- a run that is not finished -----------------------------------------------

accepts run good.ini -o dry.d --dry-run
[ -e dry.d ] && fail "--dry-run left something behind"
refuses "journal\.json: .*no unfinished run" run good.ini -o none.d --resume
refuses "journal\.json: .*no unfinished run" run good.ini -o none.d --resume \
	--dry-run
[ -e none.d ] && fail "--resume of nothing left something behind"

printf '[a]\ntransport = null\nplacement = any\nslice = 1ms\nwarmup = 0ns
rounds = 10000\n' >long.ini
"$IPCMARK" run long.ini -o long.d --no-plot >long.out 2>&1 </dev/null &
long=$!
tries=0
until [ -s long.d/journal.json ] || [ $tries -ge 600 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
refuses "another run is writing into the folder 'long\.d'" run long.ini \
	-o long.d
refuses "another run is writing into the folder 'long\.d'" run long.ini \
	-o long.d --resume
[ -s long.d/journal.json ] || fail "a second run took the first one's journal"
kill -TERM $long
wait $long
code=$?
[ $code -eq 3 ] || fail "a run that was interrupted: exit code $code, not 3"
[ -s long.d/result.json ] || fail "an interrupted run left no result"
refuses "journal\.json: .*another plan" run long.ini -o long.d --resume \
	--set global.seed=2
refuses "journal\.json: .*another plan" run long.ini -o long.d --resume --short
accepts run long.ini -o long.d --resume --dry-run
grep -qE '^[1-9][0-9]* slices are done, [1-9][0-9]* are left$' out ||
	fail "--resume --dry-run does not tell how much is left"
printf 'nonsense' >long.d/journal.json
refuses "journal\.json:1: " run long.ini -o long.d --resume

# --- command line -------------------------------------------------------------

refuses "did you mean 'plan'" pln good.ini
refuses "unknown|option" plan good.ini --no-such-option
refuses "needs a scenario" plan
refuses "nothere\.json: .*[Nn]o such file" show nothere.json
printf '{"schema": "another"}\n' >other.json
refuses "other\.json: " show other.json
printf 'neither' >broken.json
refuses "broken\.json:1: " show broken.json
refuses "broken\.json:1: " plot broken.json -o plots.d
refuses "broken\.json:1: " compare broken.json --of transport=a --to transport=b

refuses "needs the name" inspect
refuses "did you mean '--json'" inspect --jsn nothere
refuses "/dev/shm/mmapipc-not-there: no such name.*names without" \
	inspect mmapipc-not-there
refuses "\./good\.ini: not a segment.*only files made by" inspect ./good.ini
refuses "/proc/self/fd/0: .*not a segment" inspect /proc/self/fd/0
ln -s good.ini link.ini
refuses "\./link\.ini: .*symbolic link" inspect ./link.ini

refuses "whole result" show other.json --without-disturbed --json
refuses "only one of" show other.json --csv --json
refuses "did you mean '--markdown'" show other.json --markdwon

for command in run plan show plot compare tune topo env inspect list gate selftest-gate; do
	accepts $command --help
done
accepts --help
accepts --version
accepts list

# --- this machine -------------------------------------------------------------

machines=$top_srcdir/tests/topologies
accepts env
grep -q '^Noise grade [A-D]' out || fail "env has no grade"
accepts env --json
grep -q '"noise_grade"' out || fail "env --json has no grade"
accepts topo
grep -q 'What a probe found' out || fail "topo shows no distances"
accepts topo --json --plot heat.svg
grep -q '"first_ns"' out || fail "topo --json has no matrix"
[ -s heat.tsv ] && [ -s heat.gp ] || fail "topo --plot wrote no data"
if command -v gnuplot >/dev/null 2>&1; then
	[ -s heat.svg ] || fail "topo --plot drew nothing"
fi
refuses "heat\.pdf.* names no figure" topo --plot heat.pdf
for machine in two-socket hybrid chiplets m-series; do
	HWLOC_XMLFILE=$machines/$machine.xml
	export HWLOC_XMLFILE
	accepts topo
	grep -q 'Noise grade' out && fail "topo grades a machine that is not here"
	accepts plan good.ini
	refuses "another machine" run good.ini -o elsewhere.d
	refuses "another machine" tune good.ini --goal 'max throughput'
done
unset HWLOC_XMLFILE

# --- tune ---------------------------------------------------------------------

printf '[a]\ntransport = ring\nmsg_size = 64\nbatch = 1, 8\nwait = block
access = copy\nplacement = any\ncapacity = 0\nspin = auto\nhuge = no\nslice = 5ms\n' >tune.ini
refuses "needs --goal" tune tune.ini
refuses "max throughput" tune tune.ini --goal 'max speed'
refuses "needs a load" tune tune.ini --goal 'min p99'
refuses "messages a second" tune tune.ini --goal 'min p99 at 10%'
refuses "unit" tune tune.ini --goal 'min cpu under p99 50'
refuses "tune\.ini:1: .*rate" tune tune.ini --goal 'min cpu under p99 50us'
refuses "unit" tune tune.ini --goal 'max throughput' --budget 10
refuses "--budget [0-9]+s at least" tune tune.ini --goal 'max throughput' \
	--budget 1s --set a.slice=1s
printf '[a]\nmsg_size = 8, 64\n' >sizes.ini
refuses "sizes\.ini:1: .*msg_size" tune sizes.ini --goal 'max throughput'
printf '[a]\n[b]\n' >two.ini
refuses "two\.ini has 2 sections" tune two.ini --goal 'max throughput'
printf '[a]\nkills = 3\n' >kills.ini
refuses "kills\.ini:1: " tune kills.ini --goal 'max throughput'

# What it prints first is a scenario; what it keeps is all that it saw.
accepts tune tune.ini --goal 'max throughput' --budget 2s -o tuned
sed -n '/^\[a\]/,/^$/p' out >tuned.ini
accepts plan tuned.ini
grep -q '"schema": "ipcmark-tune-1"' tuned/tune.json ||
	fail "tune.json does not say what it is"
[ "$(grep -c '"fate"' tuned/tune.json)" -eq 2 ] ||
	fail "tune.json does not hold both settings"
[ "$(sed -n 's/^  "rounds": \([0-9]*\).*/\1/p; s/^ "rounds": \([0-9]*\).*/\1/p' \
	tuned/tune.json)" -ge 5 ] || fail "tune: too few rounds"

# --- words that name nothing --------------------------------------------------

refuses "transport 'rng'; did you mean 'ring'\?" conform rng
refuses "transport 'rng'; did you mean 'ring'\?" crash rng
refuses "operation 'snd'; did you mean 'send'\?" crash queue --operation snd
refuses "operation 'nonsense'; the table" crash queue --operation nonsense
refuses "path 'sone'; did you mean 'some'\?" crash queue --path sone
refuses "kill-at 'every-par'; did you mean 'every-pair'\?" crash queue \
	--kill-at every-par
refuses "kill-at is empty" crash queue --kill-at ''
refuses "metric 'p98'; did you mean 'p99'\?" gate good.ini --a . --b . \
	--metrics p98
refuses "metrics is empty" gate good.ini --a . --b . --metrics ''

# --- seed ---------------------------------------------------------------------

# Enough cases that two orders are not the same by chance.
scenario seed 'msg_size = 1..64*2
batch = 1, 2
placement = any'
order()
{
	accepts plan seed.ini --set "global.seed=$1"
	mv out "plan.$2"
	"$IPCMARK" run --short seed.ini --set "global.seed=$1" -o "run.$2" \
		>out 2>err </dev/null || fail "run with seed $1: exit code $?"
	tr -d ' \n' <"run.$2/result.json" | grep -oE '"order":[0-9]+' \
		>"order.$2"
	[ -s "order.$2" ] || fail "the result does not tell the order"
}
order 1 a
order 1 b
order 2 c
cmp -s plan.a plan.b || fail "one seed, two plans"
cmp -s order.a order.b || fail "one seed, two orders"
cmp -s plan.a plan.c && fail "two seeds, one plan"
cmp -s order.a order.c && fail "two seeds, one order"

# --- documents ----------------------------------------------------------------

for document in README.md docs/scenarios.md docs/tune.md; do
	awk '/^```ini$/ { inside = 1; next } /^```$/ { inside = 0 } inside' \
		"$top_srcdir/$document" >document.ini
	[ -s document.ini ] || fail "$document shows no scenario"
	accepts plan document.ini
done

[ $failures -eq 0 ]
