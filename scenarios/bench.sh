#!/bin/sh
# bench.sh IPCMARK RESULT [PROGRAMS] - what scenarios/library.ini found, beside its
# targets.
#
# One line a question: the ratio of two cases of the result, as `ipcmark
# compare` has it (median of the per-round ratios and its interval), the target,
# and whether that is met. A figure whose interval reaches over the target is
# "unsure", whichever side its median is on: that takes a quieter machine, or
# more rounds. What could not be measured is a line with the reason.
#
# What no scenario can ask, the programs bench_lock and bench_idle in the folder
# PROGRAMS measure on the spot.
#
# Exit 0 when the table was printed, whatever it says; 2 without a result.
set -u

if [ $# -ne 2 ] && [ $# -ne 3 ]; then
	echo "usage: bench.sh IPCMARK RESULT.json [PROGRAMS]" >&2
	exit 2
fi
ipcmark=$1
result=$2
programs=${3:-tests}
if [ ! -r "$result" ]; then
	echo "bench.sh: $result: cannot read it; \`make bench' makes it" >&2
	exit 2
fi
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

# row CASE RATIO TARGET VERDICT
row()
{
	printf '%-50s %-24s %-8s %s\n' "$1" "$2" "$3" "$4"
}

# number NAME: its first value in the comparison.
number()
{
	sed -n 's/.*"'"$1"'": *\([-+0-9.e]*\).*/\1/p' "$scratch/out" |
		sed -n 1p
}

# judge SENSE TARGET MEDIAN LOW HIGH: "RATIO|VERDICT"
judge()
{
	awk -v sense="$1" -v target="$2" -v mid="$3" -v lo="$4" -v hi="$5" '
	BEGIN {
		good = sense == "least" ? mid >= target : mid <= target
		unsure = lo < target && target < hi
		printf "%.3g [%.3g, %.3g]|%s%s\n", mid, lo, hi,
			good ? "met" : "not met", unsure ? ", unsure" : ""
	}'
}

# ratio CASE OF TO SENSE TARGET: one line; OF and TO are names of cases.
ratio()
{
	sign='>='
	[ "$4" = most ] && sign='<='
	if ! "$ipcmark" compare --json "$result" --of "id=$2" --to "id=$3" \
		>"$scratch/out" 2>"$scratch/err"; then
		row "$1" - "$sign $5" "$(sed -n '1s/.*pairs has figures; the first: //
			1s/^ipcmark: //
			1p' "$scratch/err")"
		return
	fi
	found=$(judge "$4" "$5" "$(number median)" "$(number lo)" \
		"$(number hi)")
	row "$1" "${found%|*}" "$sign $5" "${found#*|}"
}

# steady CASE ID TARGET: the slowest round of a case over its median round.
steady()
{
	awk -v id="\"$2\"," '
	$1 == "\"id\":" { inside = $2 == id }
	inside && $1 == "\"msgs\":" { msgs = $2 + 0 }
	inside && $1 == "\"elapsed_ns\":" && $2 + 0 > 0 {
		rate[++count] = msgs / $2
	}
	END {
		for (i = 2; i <= count; i++)
			for (j = i; j > 1 && rate[j] < rate[j - 1]; j--) {
				kept = rate[j]
				rate[j] = rate[j - 1]
				rate[j - 1] = kept
			}
		if (count == 0)
			exit
		middle = int((count + 1) / 2)
		mid = rate[middle]
		if (count % 2 == 0)
			mid = (mid + rate[middle + 1]) / 2
		if (mid > 0)
			printf "%.3g\n", rate[1] / mid
	}' "$result" >"$scratch/out"
	if [ ! -s "$scratch/out" ]; then
		row "$1" - ">= $3" 'not measured'
		return
	fi
	found=$(judge least "$3" "$(cat "$scratch/out")" \
		"$(cat "$scratch/out")" "$(cat "$scratch/out")")
	row "$1" "${found%% *}" ">= $3" "${found#*|}"
}

# program CASE TARGET NAME [ARGUMENT]: at most TARGET, by a program that prints
# "MEDIAN LOW HIGH" first.
program()
{
	what=$1
	target=$2
	shift 2
	if [ ! -x "$programs/$1" ]; then
		row "$what" - "<= $target" \
			"$programs/$1 is not built; \`make bench' makes it"
		return
	fi
	name=$1
	shift
	if ! "$programs/$name" "$@" >"$scratch/out" 2>"$scratch/err"; then
		row "$what" - "<= $target" "$(sed -n 1p "$scratch/err")"
		return
	fi
	read -r middle low high <"$scratch/out"
	found=$(judge most "$target" "$middle" "$low" "$high")
	row "$what" "${found%|*}" "<= $target" "${found#*|}"
}

# What takes no pair of CPUs.
alone()
{
	program 'lock, uncontended pair: time over pthread robust' 0.6 \
		bench_lock
	for what in ring queue; do
		program "idle reader of a $what: share of a CPU" 0.01 \
			bench_idle "$what"
	done
}

# The pairs of workers that stand at one distance: $1 is near or far.
at_distance()
{
	one=b1/1p1c/$1/spin
	many=b32/1p1c/$1/spin
	nap=b1/1p1c/$1/block

	for size in 8B 64B 1KiB; do
		ratio "ring $size over ck-ring" ring/ring/$size/$one \
			ring/ck-ring/$size/$one least 1.5
	done
	for size in 8B 64B; do
		ratio "ring $size, 32 at once over one by one" \
			ring-batch/ring/$size/$many \
			ring-batch/ring/$size/$one least 1.5
		ratio "ring $size, 32 at once over copy" \
			ring-batch/ring/$size/$many \
			ring-batch/copy/$size/$many least 0.9
	done
	for size in 64KiB 1MiB; do
		ratio "ring $size over qb-rb" ring-large/ring/$size/$one \
			ring-large/qb-rb/$size/$one least 1.0
		ratio "ring $size over copy" ring-large/ring/$size/$one \
			ring-large/copy/$size/$one least 0.85
	done
	ratio 'ring 64KiB: view over copy, all read' \
		ring-view/ring/64KiB/$one/view ring-view/ring/64KiB/$one \
		least 1.5
	ratio 'ring 64KiB: view over copy, ends read' \
		ring-view-ends/ring/64KiB/$one/view \
		ring-view-ends/ring/64KiB/$one least 1.5
	# Rates: the time of ring over that of line is line over ring.
	ratio "round trip 8B: time of ring over line" roundtrip/line/8B/$one \
		roundtrip/ring/8B/$one most 1.6
	for what in ring queue; do
		ratio "round trip 8B: $what, time of block over spin" \
			roundtrip/$what/8B/$one roundtrip-block/$what/8B/$nap \
			most 1.3
	done
	for size in 8B 64B; do
		ratio "queue $size over ck-mpmc" queue/queue/$size/$one \
			queue/ck-mpmc/$size/$one least 2
	done
	for wait in spin block; do
		ratio "queue 64B, 32 at once over boost-mq, $wait" \
			queue-batch/queue/64B/b32/1p1c/$1/$wait \
			queue-single/boost-mq/64B/b1/1p1c/$1/$wait least 5
	done
	for size in 8B 64B; do
		ratio "queue $size over fcntl-queue" queue/queue/$size/$one \
			queue/fcntl-queue/$size/$one least 20
	done
}

# Two producers and two consumers on CPUs 0 and 1.
crowded()
{
	for place in 0-1 0-0-1-1; do
		for size in 8B 64B; do
			crowd=$size/b1/2p2c/$place/spin
			ratio "queue $size, 2+2 on CPUs $place over ck-mpmc" \
				queue-crowd/queue/$crowd \
				queue-crowd/ck-mpmc/$crowd least 1.0
			steady "queue $size, 2+2 on CPUs $place: slowest round" \
				queue-crowd/queue/$crowd 0.3
		done
	done
}

row case 'ratio [interval]' target verdict
echo
echo 'alone'
alone
echo
echo 'near'
at_distance near
echo
echo 'crowded: 2 producers, 2 consumers, 2 CPUs'
crowded
echo
"$ipcmark" compare --json "$result" --of id=roundtrip/line/8B/b1/1p1c/far/spin \
	--to id=roundtrip/ring/8B/b1/1p1c/far/spin >"$scratch/out" \
	2>"$scratch/err"
if grep -q 'equally near' "$scratch/err"; then
	echo 'far: not on this machine, all its CPUs are equally near each other'
else
	echo 'far'
	at_distance far
fi
