#!/bin/sh
# check-facts.sh - is there each test that docs/design.md names?
#
# Its table of facts and tests is for who doubts a promise; a test that was renamed
# or taken away would leave the promise without a word. A test counts when it is
# in the list that its program runs.
set -eu

cd "${top_srcdir:-$(dirname "$0")/..}"
lost=0
named=0
for name in $(grep -oE '`(test_[a-z0-9_]+|tests/check-[a-z0-9-]+\.sh)`' \
	docs/design.md | tr -d '`' | sort -u); do
	named=$((named + 1))
	case $name in
	tests/*) [ -f "$name" ] && continue ;;
	*) cat tests/test_*.c |
		grep -qE "^[[:space:]]+$name,\$|loop_test\([a-z]+, $name,|tcase_add_(loop_)?test\([a-z]+, $name[,)]" &&
		continue ;;
	esac
	echo "docs/design.md: $name is not run; name the test that took its place"
	lost=$((lost + 1))
done
[ "$named" -gt 50 ] || { echo "found only $named tests in docs/design.md"; exit 1; }
[ $lost -eq 0 ]
echo "$named tests and checks, all there"
