#!/bin/sh
# check-fuzz.sh - does any input make the library leave its segment?
#
# Two coverage-guided targets, tests/fuzz/fuzz_*.c, for clang's libFuzzer, under
# the address and undefined-behaviour sanitizers: "open", any bytes behind a name
# or a descriptor, and "peer", a ring, queue or raw memory that is changed between
# and within calls. Here they make a million executions between them, whatever time
# that takes; so that the fuzzer cannot be slow for long unnoticed, one that is not
# through by then fails. A run that fails leaves its input in ./fuzz; the seed is
# printed.
#
#   check-fuzz.sh                  that
#   check-fuzz.sh --runs N         N executions between them (make check-hostile)
#   check-fuzz.sh TARGET [ARG...]  one, as libFuzzer's ARGs say (default: for ever),
#                                  with what it has found so far in ./fuzz/TARGET;
#                                  an input's file as ARG runs just that
set -eu

top=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
top=$(cd "$top" && pwd)
clang=${FUZZ_CC:-clang}

if [ -n "${SANITIZE_CFLAGS-}" ]; then
	echo "SKIP: the fuzz targets bring their own sanitizers"
	exit 77
fi
if [ -n "${MIPC_CHECKED-}" ]; then
	echo "SKIP: the same sources have passed this a stage before"
	exit 77
fi
case $(uname -s) in
Linux) ;;
*) echo "SKIP: the fuzz targets use Linux's linker and /dev/shm"; exit 77 ;;
esac
mkdir -p fuzz/lib
cd fuzz
cat >probe.c <<'END'
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	return bytes == NULL && len;
}
END
if ! $clang -fsanitize=fuzzer,address,undefined \
	-fsanitize-coverage=trace-loads -Werror -c -o probe.o probe.c \
	>probe.log 2>&1 || ! $clang -fsanitize=fuzzer,address,undefined \
	-o probe probe.o "-Wl,--defsym=__sanitizer_cov_load8=0" \
	>>probe.log 2>&1; then
	echo "SKIP: no clang of version 14 or later with libFuzzer here" \
		"(install apt clang libclang-rt-14-dev)"
	exit 77
fi

# Guided by edges alone: to follow each comparison, too, takes a third more time,
# and reached next to nothing more in 300,000 runs of "peer" (of the 2641 lines of
# lib/ 2045 and 2062 with two seeds, without it 2043 and 2043): the inputs are
# decisions, not bytes to be compared.
counters=inline-8bit-counters,pc-table
cflags="-std=c11 -D_GNU_SOURCE -O2 -g -fno-omit-frame-pointer
	-fsanitize=address,undefined -fno-sanitize-recover=all
	-I$top/lib/include -I$top/lib"
rm -f lib/*.o
# shellcheck disable=SC2086 # each word of these is an argument
for source in "$top"/lib/*.c; do
	case $source in
	*/platform_linux*.c) ;;
	*/platform_*) continue ;;
	esac
	$clang $cflags -fsanitize-coverage=$counters,trace-loads \
		-c -o "lib/$(basename "$source" .c).o" "$source"
done

build()
{
	for source in "fuzz_$1" fuzz_stage; do
		# shellcheck disable=SC2086
		$clang $cflags -fsanitize-coverage=$counters \
			-c -o "$source.o" "$top/tests/fuzz/$source.c"
	done
	# shellcheck disable=SC2086
	$clang $cflags -fsanitize=fuzzer -Wl,--wrap=mmap -o "fuzz_$1" \
		"fuzz_$1.o" fuzz_stage.o lib/*.o
}

all=1060000
if [ "${1-}" = --runs ]; then
	all=${2:?--runs needs a number}
	shift 2
fi

if [ $# -gt 0 ]; then
	target=$1
	shift
	build "$target"
	mkdir -p "$target"
	for argument in "$@"; do
		[ -f "$argument" ] && exec ./"fuzz_$target" "$@"
	done
	exec ./"fuzz_$target" -timeout=10 "$@" "$target"
fi

# To open takes longer than to use.
open_runs=$((all / 17))
peer_runs=$(((all - open_runs) / 2))
# A million take some 15 s on two CPUs that have nothing else to do.
limit_s=$((120 * (1 + all / 2000000)))

# start TARGET RUNS SEED: in the background, as $!
start()
{
	./"fuzz_$1" -runs="$2" -seed="$3" -max_total_time=$limit_s \
		-timeout=10 -verbosity=0 -print_final_stats=1 \
		>"$1-$3.log" 2>&1 &
}

# finish TARGET RUNS SEED PID
finish()
{
	rc=0
	wait "$4" || rc=$?
	# One that crashed could not.
	rm -f "/dev/shm/mmapipc-fuzz-$4"
	if [ $rc -ne 0 ]; then
		echo "$1: failed, -seed=$3; the end of $PWD/$1-$3.log:"
		grep -v '^#' "$1-$3.log" | tail -n 30
		return 1
	fi
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1-$3.log")
	if [ "${runs:-0}" -lt "$2" ]; then
		echo "$1: only ${runs:-0} of $2 runs in $limit_s s, -seed=$3:" \
			"run tests/check-fuzz.sh with the machine to itself;" \
			"if it stays so, look for what has become slow (perf)"
		return 1
	fi
	echo "$1: $runs runs, -seed=$3"
}

build open
build peer
seed=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')
start open $open_runs "$seed"
open=$!
start peer $peer_runs "$seed"
peer=$!
start peer $peer_runs $((seed + 1))
other_peer=$!
failed=0
finish open $open_runs "$seed" $open || failed=1
finish peer $peer_runs "$seed" $peer || failed=1
finish peer $peer_runs $((seed + 1)) $other_peer || failed=1
exit $failed
