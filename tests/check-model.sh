#!/bin/sh
# check-model.sh - do the protocols hold, whatever the order of their steps?
#
# spin goes through every order in which the steps of the models in tests/model/
# can follow one another, in worlds small enough for that. Then each model is
# broken on purpose, in one place at a time, and spin has to notice: a model in
# which nothing can go wrong proves nothing. About half a minute and 0.3 GiB.
#
#   check-model.sh                 all of it
#   check-model.sh WORLD [-D...]   one world; a broken one prints its steps
set -eu

top=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
top=$(cd "$top" && pwd)

if [ -n "${SANITIZE_CFLAGS-}" ]; then
	echo "SKIP: a model has nothing in it for a sanitizer"
	exit 77
fi
if [ -n "${MIPC_CHECKED-}" ]; then
	echo "SKIP: the same sources have passed this a stage before"
	exit 77
fi
if ! command -v spin >/dev/null; then
	echo "SKIP: no spin here (install apt spin)"
	exit 77
fi
# What spin writes is run right here, whatever the library is compiled for.
cc=$(command -v cc || command -v gcc || command -v clang || true)
if [ -z "$cc" ]; then
	echo "SKIP: no cc here that compiles for this machine"
	exit 77
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A world: which model, and how large.
world()
{
	case $1 in
	# Two producers wait for room and a consumer for messages. What holds
	# here holds in "early", too, so this one is only broken.
	waits) model=queue
		size='-DPRODUCER_COUNT=2 -DCONSUMER_COUNT=1 -DPUTS=1 -DGETS=2
			-DCAPACITY=1' ;;
	# The same, and some nap ends too early.
	early) model=queue
		size='-DPRODUCER_COUNT=2 -DCONSUMER_COUNT=1 -DPUTS=1 -DGETS=2
			-DCAPACITY=1 -DEARLY_NAPS=1' ;;
	# Several consumers asleep, several messages at once. Locks that never
	# sleep: "crowd" has the others.
	sleepers) model=queue
		size='-DPRODUCER_COUNT=2 -DCONSUMER_COUNT=2 -DPUTS=1 -DGETS=1
			-DCAPACITY=2 -DPLAIN_LOCKS' ;;
	# Three want one lock; its owner dies, or one that waits.
	crowd) model=queue
		size='-DPRODUCER_COUNT=3 -DCONSUMER_COUNT=0 -DPUTS=1
			-DCAPACITY=3 -DVICTIM=0 -DEARLY_NAPS=1' ;;
	# One of two producers dies.
	death) model=queue
		size='-DPRODUCER_COUNT=2 -DCONSUMER_COUNT=1 -DPUTS=1 -DGETS=2
			-DCAPACITY=1 -DVICTIM=0' ;;
	# One of two consumers dies.
	taker) model=queue
		size='-DPRODUCER_COUNT=1 -DCONSUMER_COUNT=2 -DPUTS=1 -DGETS=1
			-DCAPACITY=1 -DVICTIM=1' ;;
	# Once and a half around the ring, batches, a new producer.
	ring) model=ring
		size='-DWORDS=6 -DLAST_OF_FIRST=3 -DLAST=4 -DKILLS=0' ;;
	ring-producer) model=ring
		size='-DWORDS=6 -DLAST_OF_FIRST=2 -DLAST=3 -DKILLS=1' ;;
	ring-consumer) model=ring
		size='-DWORDS=5 -DLAST_OF_FIRST=2 -DLAST=2 -DKILLS=2' ;;
	*) echo "no world $1; see world() in $0" >&2; exit 2 ;;
	esac
}

# Every BREAK_ of the models and a world in which it must show.
broken='
waits		BREAK_LOOK_BEFORE_W1
waits		BREAK_WAKE_BEFORE_COMMIT
waits		BREAK_RELEASE_BEFORE_COMMIT
waits		BREAK_COPY_AFTER_COMMIT
sleepers	BREAK_CLEAR_BEFORE_WAKE
crowd		BREAK_FORGET_WAITERS
crowd		BREAK_ROB
crowd		BREAK_NO_SECOND_LINE
crowd		BREAK_UNTIMED_NAPS
crowd		BREAK_NO_REPAIR
crowd		BREAK_INTENT_COUNT_FIRST
ring		BREAK_LOOK_BEFORE_W1
ring		BREAK_NO_FENCE
ring		BREAK_HEADER_BEFORE_BODY
ring		BREAK_R1_RELAXED
ring		BREAK_NO_ZERO
ring		BREAK_ZERO_AFTER_HEADER
ring-consumer	BREAK_NO_WORD_FOR_ZERO
ring		BREAK_A1_RELAXED
ring		BREAK_A2_RELAXED
ring-producer	BREAK_TRUST_TAIL
'

# search WORLD [-D...]: prints "holds: ..." or "fails: WHY"; anything else than
# one of these two, found by a search that was not cut short, ends the script.
search()
{
	world "$1"
	shift
	rm -f "$scratch"/*
	# To optimize takes longer than it saves.
	# shellcheck disable=SC2086 # each word of a size is an argument
	if ! (cd "$scratch" &&
		spin -a $size "$@" "$top/tests/model/$model.pml" &&
		$cc -w -DSAFETY -DNOFAIR -DMEMLIM=900 -o pan pan.c &&
		./pan -E -m5000 -w22) \
		>"$scratch/output" 2>&1; then
		# pan's own exit code is not 0 for some errors that it found
		grep -q 'errors: [1-9]' "$scratch/output" || unfinished
	fi
	if grep -q 'errors: 0$' "$scratch/output"; then
		if grep -qE 'not completed|max search depth|MEMLIM' \
			"$scratch/output"; then
			unfinished
		fi
		echo "holds: $(awk '/states, stored/ { print $1 }' \
			"$scratch/output") states"
	elif grep -q 'errors: [1-9]' "$scratch/output"; then
		echo "fails: $(sed -n 's/^pan:1: //p' "$scratch/output")"
	else
		unfinished
	fi
}

unfinished()
{
	cat "$scratch/output" >&2
	echo "the search did not end: see above" >&2
	exit 1
}

# The steps that led to the error found last, registers and memory left out.
print_trail()
{
	(cd "$scratch" && spin -p -k "$model.pml.trail" $size "$@" \
		"$top/tests/model/$model.pml") 2>&1 | sed "s|$top/||" |
		grep -vE '\((d_step|else|1)\)\]$'
}

if [ $# -gt 0 ]; then
	result=$(search "$@")
	echo "$*: $result"
	case $result in
	holds*) exit 0 ;;
	esac
	world "$1"
	shift
	print_trail "$@"
	exit 1
fi

failed=0
for name in early sleepers crowd death taker \
	ring ring-producer ring-consumer; do
	result=$(search $name)
	echo "$name: $result"
	case $result in
	fails*)
		failed=1
		echo "its steps: tests/check-model.sh $name" ;;
	esac
done

# No BREAK_ of a model may be left out.
for model in queue ring; do
	for mutation in $(grep -oE 'BREAK_[A-Z0-9_]+' \
		"$top/tests/model/$model.pml" | sort -u); do
		echo "$broken" | while read -r name listed; do
			[ "$listed" = "$mutation" ] || continue
			world "$name" && echo "$model"
		done | grep -q . || {
			echo "$model.pml: nothing tries $mutation"
			failed=1
		}
	done
done

while read -r name mutation; do
	[ -n "$name" ] || continue
	result=$(search "$name" "-D$mutation")
	echo "$name, $mutation: $result"
	case $result in
	holds*)
		failed=1
		echo "the model does not notice $mutation" ;;
	esac
done <<END
$broken
END
exit $failed
