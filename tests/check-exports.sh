#!/bin/sh
# check-exports.sh - do the headers, the list of exports and the built library
# name the same functions?
#
# One that is declared but not exported fails at a user's link; one that is
# exported but not declared is a promise that nobody meant to make.
set -eu

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

library=$top_builddir/.libs/libmmapipc.so
if [ ! -e "$library" ]; then
	echo "SKIP: configured without a shared library"
	exit 77
fi

# Comments apart, a name followed by '(' in a public header is a declaration.
cat "$top_srcdir"/lib/include/mmapipc/*.h |
	sed -e 's|//.*||' |
	awk '{ text = text $0 "\n" } END {
		while ((start = index(text, "/*")) > 0) {
			rest = substr(text, start + 2)
			text = substr(text, 1, start - 1) \
				substr(rest, index(rest, "*/") + 2)
		}
		printf "%s", text }' |
	grep -oE '\bmipc_[a-z0-9_]+\(' | tr -d '(' | sort -u >"$scratch/headers"
sed -nE 's/^[[:space:]]*(mipc_[a-z0-9_]+);.*/\1/p' \
	"$top_srcdir/lib/mmapipc.map" | sort >"$scratch/map"
# Versioned names, less the version's own absolute symbol.
$NM -D --defined-only "$library" |
	awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
	sort -u >"$scratch/library"

compare()
{
	if ! diff "$scratch/$1" "$scratch/$2" >"$scratch/diff"; then
		echo "$1 (<) and $2 (>) differ:"
		grep '^[<>]' "$scratch/diff"
		return 1
	fi
}
[ -s "$scratch/headers" ] || { echo "found no declaration"; exit 1; }
compare headers map
compare map library
echo "$(wc -l <"$scratch/map") names, the same in headers, map and library"
