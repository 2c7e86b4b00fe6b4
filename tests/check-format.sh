#!/bin/sh
# check-format.sh - does clang-format agree with every C file?
#
# Versions of clang-format differ in details, so one of them is the judge. With
# another, agreement counts and disagreement proves nothing.
set -eu

judge=14
cd "${top_srcdir:-$(dirname "$0")/..}"
for tool in clang-format-$judge clang-format; do
	command -v $tool >/dev/null && break
	tool=
done
if [ -z "$tool" ]; then
	echo "SKIP: no clang-format here (install clang-format-$judge)"
	exit 77
fi
version=$($tool --version | sed -E 's/.*version ([0-9]+).*/\1/')

files=$(find lib harness tests examples -name '*.[ch]' 2>/dev/null || true)
if $tool --dry-run -Werror $files 2>/dev/null; then
	echo "$(echo "$files" | wc -l) files, as clang-format $version has them"
	exit 0
fi
if [ "$version" != $judge ]; then
	echo "SKIP: clang-format $version differs, but $judge is the judge"
	exit 77
fi
for file in $files; do
	$tool "$file" | diff -u --label "$file" --label formatted "$file" - || true
done
echo "mend it: $tool -i FILE..."
exit 1
