#!/bin/sh
# check-layering.sh - may this file include that one?
#
# The tree has directions: the harness uses the library only as anybody could,
# ring and queue know nothing of each other, only platform_* files know the
# operating system, one knows hwloc, and what reads a result does not look at how it was
# made. An include in the wrong direction is how that is lost; each is named
# here with its file and line. Runs on the sources only, whatever is built.
set -eu

top=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$top"
failures=$(mktemp)
trap 'rm -f "$failures"' EXIT

# "FILE:LINE:NAME" for every include in the given files; <NAME> or "NAME".
includes()
{
	grep -nHE '^[[:space:]]*#[[:space:]]*include' "$@" /dev/null |
		sed -E 's/^([^:]+:[0-9]+):[^<"]*([<"][^>"]*[>"]).*/\1:\2/' || true
}

# complain RULE: every line on standard input breaks RULE.
complain()
{
	while IFS= read -r line; do
		echo "$line: $1" >>"$failures"
	done
}

harness=$(find harness -name '*.[ch]')
lib=$(find lib -name '*.[ch]')

# 1. Of the library, the harness sees <mmapipc/...> only: every quoted name is
#    one of its own files, by its folder.
includes $harness | grep ':"' | while IFS= read -r line; do
	name=${line##*:\"}
	name=${name%\"}
	case $name in
	*..*) ;;
	*/*) [ -f "harness/$name" ] && continue ;;
	esac
	echo "$line"
done | complain 'the harness includes <mmapipc/...>, and its own files as "folder/file.h"'

# 2. Two products, neither of which knows the other.
includes lib/ring*.c lib/ring*.h | grep -E '[</"]queue\.h[>"]' |
	complain 'ring.c must not know the queue' || true
includes lib/queue*.c | grep -E '[</"]ring\.h[>"]' |
	complain 'queue.c must not know the ring' || true

# 3. The operating system is platform_*.c's. What is left to the others is ISO
#    C, POSIX threads, and the types of the public headers.
includes $lib | grep ':<' | grep -v '^lib/platform_[a-z0-9_]*\.c:' |
	grep -vE ':<(assert|errno|inttypes|limits|pthread|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|sys/types|sys/uio)\.h>$' |
	grep -vE ':<mmapipc/[a-z]+\.h>$' |
	complain 'only lib/platform_*.c includes a header of the operating system' ||
	true

# 4. Nothing in shared memory that only the C library understands, and no lock
#    that goes with any descriptor of its file: docs/design.md, "Facts and their
#    tests". A condition between threads of one process is the watcher's alone.
grep -nE 'PTHREAD_(PROCESS_SHARED|MUTEX_ROBUST)|pthread_(mutex|cond|rwlock)attr|pthread_cond|sem_init|\<F_SETLKW?\>' \
	$lib /dev/null | grep -vE '^lib/watch\.[ch]:[0-9]+:.*pthread_cond_(t|init|wait|signal|destroy)\>' |
	complain 'no pthread object and no POSIX record lock' ||
	true

# 5. One file knows hwloc.
includes $harness | grep 'hwloc' | grep -v '^harness/machine/topo\.c:' |
	complain 'only machine/topo.c includes hwloc.h' || true

# 6. The folders of the harness stand on each other in this order: a file includes
#    of its own folder and of those before it.
order='base step case inspect session machine recorder transport conform crash
	scenario option plan run result tune report figure gate command'
below=
for folder in $order; do
	below="$below|$folder"
	includes $(find "harness/$folder" -name '*.c' -o -name '*.h' -o -name '*.cpp') |
		grep ':"' | grep -vE ":\"(${below#|})/" |
		complain "harness/$folder/ stands below that folder" || true
done
for folder in harness/*/; do
	folder=$(basename "$folder")
	case " $(echo $order) include workers " in
	*" $folder "*) ;;
	*) echo "harness/$folder/ has no place in the order of this check" \
		>>"$failures" ;;
	esac
done

# 7. Whatever shows a result reads the result.
includes harness/report/*.[ch] harness/figure/*.[ch] harness/gate/report*.[ch] |
	grep -E ':"(plan|run|scenario|transport)/' |
	complain 'what shows a result includes result/result.h, not the stages before it' ||
	true

if [ -s "$failures" ]; then
	cat "$failures"
	exit 1
fi
echo "$(includes $harness $lib | wc -l) includes, all in the right direction"
