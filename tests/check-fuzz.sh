#!/bin/sh
# check-fuzz.sh - does any input make the library leave its segment?
#
# Two coverage-guided targets, tests/fuzz/fuzz_*.c, for clang's libFuzzer, under
# the address and undefined-behaviour sanitizers: "open", a file with any bytes in
# it, and "peer", a ring or queue that is changed between and within calls. Here
# each gets a number of runs or, on a slow machine, of seconds, whatever is over
# first. A run that fails leaves its input in ./fuzz; the seed is printed.
#
#   check-fuzz.sh                  both, for a short time
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

cflags="-std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer
	-fsanitize=address,undefined -fno-sanitize-recover=all
	-I$top/lib/include -I$top/lib"
rm -f lib/*.o
# shellcheck disable=SC2086 # each word of these is an argument
for source in "$top"/lib/*.c; do
	case $source in
	*/platform_linux*.c) ;;
	*/platform_*) continue ;;
	esac
	$clang $cflags -fsanitize=fuzzer-no-link \
		-fsanitize-coverage=trace-loads \
		-c -o "lib/$(basename "$source" .c).o" "$source"
done

build()
{
	# shellcheck disable=SC2086
	$clang $cflags -fsanitize=fuzzer -Wl,--wrap=mmap -o "fuzz_$1" \
		"$top/tests/fuzz/fuzz_$1.c" "$top/tests/fuzz/fuzz_stage.c" \
		lib/*.o
}

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

# bounded TARGET RUNS SECONDS
bounded()
{
	build "$1"
	seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
	rc=0
	./"fuzz_$1" -runs="$2" -max_total_time="$3" -timeout=10 \
		-seed="$seed" -verbosity=0 -print_final_stats=1 \
		>"$1.log" 2>&1 &
	pid=$!
	wait $pid || rc=$?
	# One that crashed could not.
	rm -f "/dev/shm/mmapipc-fuzz-$pid"
	if [ $rc -ne 0 ]; then
		echo "$1: failed, -seed=$seed; the end of $PWD/$1.log:"
		grep -v '^#' "$1.log" | tail -n 30
		return 1
	fi
	echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$1.log")" \
		"runs, -seed=$seed"
}

failed=0
bounded open 60000 5 || failed=1
bounded peer 940000 13 || failed=1
exit $failed
