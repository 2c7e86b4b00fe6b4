#!/bin/sh
# check-aarch64.sh - does the library hold on another processor?
#
# Compiles lib/ and every test that needs nothing but the library and libcheck
# for 64-bit Arm, links them statically, and runs each under qemu-user; those in
# $paged once more as on machines with pages of 16 and of 64 KiB. What it needs
# and does not find it names, and is skipped (77). Writes into the current folder
# only: libcheck for arm64 is fetched as a package and unpacked here, by a private
# configuration of apt; the system stays as it is. Some two minutes.
#
# What this cannot show. qemu runs Arm code on the memory model of the machine
# below (tests/model/ has the stores delayed as an Arm core may). And it has no
# robust list: get_robust_list(2) is ENOSYS, so a lock's owner is named by its
# party (lock.c), and what is tested here is the second line, the byte locks.
# test_lock and test_lock_death skip the tests that are about the first. Nor can it
# start a thread in the child of a process with threads (an assertion of its own
# fails); for that MIPC_TEST_QEMU tells test_watch where it runs.
#
# Then test_kill_step once more, with a plug-in that has qemu kill at one instruction
# after the other, built with exclusive loads and stores (Arm v8.0), whose loops no
# debugger can step through, and with atomic instructions (v8.1).
#
#   check-aarch64.sh [TEST...]    all of them, or e.g. test_ring
#   check-aarch64.sh --kill       only the kills
#   AARCH64_CC, AARCH64_QEMU      other programs than the ones below
#   MIPC_TEST_STRIDE=1            kill at every instruction, not at every 20th
set -eu

top=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
top=$(cd "$top" && pwd)
cc=${AARCH64_CC:-aarch64-linux-gnu-gcc}
limit=600 # seconds, for one test program
# The others take too long with every offset of a larger page.
paged='test_hostile test_memory test_memory_node test_queue test_queue_kill
	test_queue_peer test_ring_peer test_ring_role test_segment test_segment_name
	test_shm'

skip()
{
	echo "SKIP: $*"
	exit 77
}

command -v "$cc" >/dev/null ||
	skip "no $cc here (install apt gcc-aarch64-linux-gnu libc6-dev-arm64-cross)"
qemu=${AARCH64_QEMU:-$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)}
[ -n "$qemu" ] || skip "no qemu-aarch64 here (install apt qemu-user)"
kills_only=false
[ "${1-}" != --kill ] || { kills_only=true; shift; }
wanted=${*:-$(cd "$top/tests" && grep -l '^#include "lib_stage\.h"' test_*.c |
	sed 's/\.c$//')}

cflags="-std=c11 -O2 -g -static -pthread -Wall -Wextra -D_GNU_SOURCE
	-I$top/lib/include -I$top/lib -I$top/harness"

# --- libcheck -----------------------------------------------------------------

# Is it where the compiler looks by itself, or in ./packages?
find_check()
{
	cat >check.c <<-END
		#include <check.h>
		int main(void) { srunner_run_all(srunner_create(0), CK_NORMAL); }
	END
	for check_flags in '' "-I$PWD/packages/usr/include
		-L$PWD/packages/usr/lib/aarch64-linux-gnu"; do
		for check_libs in '-lcheck -lm' '-lcheck -lsubunit -lm'; do
			# shellcheck disable=SC2086 # each word is an argument
			$cc $cflags $check_flags -o check check.c $check_libs \
				>check.log 2>&1 && return
		done
	done
	return 1
}

# As on a machine of that architecture, with nothing installed.
fetch_check()
{
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
		return 1
	mkdir -p apt/state/lists/partial apt/cache/archives/partial packages
	: >apt/state/status
	cat >apt/apt.conf <<-END
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		Dir::State "$PWD/apt/state";
		Dir::State::status "$PWD/apt/state/status";
		Dir::Cache "$PWD/apt/cache";
		Acquire::Languages "none";
	END
	(
		cd apt
		rm -f ./*.deb
		# A source without arm64 is no reason to stop.
		APT_CONFIG=$PWD/apt.conf apt-get update || true
		APT_CONFIG=$PWD/apt.conf apt-get download check libsubunit-dev
	) >fetch.log 2>&1 || return 1
	for package in apt/*.deb; do
		dpkg-deb -x "$package" packages || return 1
	done
	rm -rf apt
}

find_check || { fetch_check && find_check; } ||
	skip "no libcheck for arm64 here, and it could not be fetched: see" \
		"$PWD/fetch.log and check.log"

# --- build --------------------------------------------------------------------

# build_library FOLDER [FLAG...]: into $objects
build_library()
{
	objects=
	folder=$1
	shift
	mkdir -p "$folder"
	for source in "$top"/lib/*.c; do
		name=$(basename "$source" .c)
		case $name in
		platform_linux*) ;;
		platform_*) continue ;;
		esac
		$cc $cflags "$@" -c -o "$folder/$name.o" "$source"
		objects="$objects $folder/$name.o"
	done
}

# build_test FOLDER TEST [FLAG...], with $objects
build_test()
{
	folder=$1 test=$2
	shift 2
	$cc $cflags $check_flags "$@" -o "$folder/$test" \
		"$top/tests/$test.c" lib_stage.o $objects $check_libs
}

# shellcheck disable=SC2086 # in all of these each word is an argument
$cc $cflags $check_flags -c -o lib_stage.o "$top/tests/lib_stage.c"
if ! $kills_only; then
	build_library lib
	for test in $wanted; do
		build_test . "$test"
	done
fi

# --- run ----------------------------------------------------------------------

passed=0 failed=0
# run TEST PAGE_BYTES
run()
{
	log=$1-$2.log
	rc=0
	MIPC_TEST_QEMU=1 CK_TIMEOUT_MULTIPLIER=5 \
		timeout -k 10 $limit "$qemu" -p "$2" "./$1" \
		>"$log" 2>&1 </dev/null || rc=$?
	if [ $rc -eq 0 ]; then
		passed=$((passed + 1))
		echo "PASS: $1, pages of $2"
		grep '^SKIP: ' "$log" | sed 's/^/	/' || true
	else
		failed=$((failed + 1))
		echo "FAIL: $1, pages of $2 (exit $rc): $PWD/$log"
		grep -E '^[^ ]+\.c:[0-9]+:[EF]:' "$log" || tail -n 3 "$log"
	fi
}

run_all()
{
	for test in $wanted; do
		run "$test" 4096
	done
	for page in 16384 65536; do
		for test in $wanted; do
			case " $(echo $paged) " in
			*" $test "*) run "$test" $page ;;
			esac
		done
	done
}

# --- kills --------------------------------------------------------------------

# Each qemu takes plug-ins of some versions of the interface.
build_plugin()
{
	for version in 1 2 3 4 5; do
		${CC:-cc} -shared -fPIC -O2 -DQEMU_PLUGIN_VERSION=$version \
			-o kill.so "$top/tests/qemu_kill.c" >plugin.log 2>&1 &&
			"$qemu" -plugin ./kill.so ./version >>plugin.log 2>&1 &&
			return
	done
	return 1
}

# kill_everywhere ARCH
kill_everywhere()
{
	build_library "lib-$1" -march="$1" -mno-outline-atomics
	build_test "lib-$1" test_kill_step -march="$1" -mno-outline-atomics
	log=kill-$1.log
	rc=0
	MIPC_TEST_QEMU=1 MIPC_TEST_QEMU_KILL=1 CK_TIMEOUT_MULTIPLIER=100 \
		MIPC_TEST_STRIDE=${MIPC_TEST_STRIDE:-20} CK_VERBOSITY=verbose \
		timeout -k 10 $limit "$qemu" -plugin ./kill.so \
		"lib-$1/test_kill_step" >"$log" 2>&1 </dev/null || rc=$?
	kills=$(awk '$NF == "kills" { sum += $(NF - 1) } END { print sum + 0 }' \
		"$log")
	if [ $rc -eq 0 ] && [ "$kills" -gt 0 ]; then
		passed=$((passed + 1))
		echo "PASS: $kills kills at instructions of $1"
	else
		failed=$((failed + 1))
		echo "FAIL: kills at instructions of $1 (exit $rc): $PWD/$log"
		tail -n 3 "$log"
	fi
}

$kills_only || run_all
printf 'int main(void) { return 0; }\n' >version.c
# shellcheck disable=SC2086
$cc $cflags -o version version.c
if build_plugin; then
	kill_everywhere armv8-a
	kill_everywhere armv8.1-a
else
	echo "SKIP: kills: this qemu takes no plug-in of tests/qemu_kill.c:" \
		"$PWD/plugin.log"
fi
echo "# PASS:  $passed"
echo "# FAIL:  $failed"
[ $failed -eq 0 ]
