#!/bin/sh
# check-readme.sh - does the program in the README compile, and do what it says?
#
# It is what people copy. Compiled with warnings as errors against the public
# headers alone, linked with the library, run twice.
set -eu

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' \
	"$top_srcdir/README.md" >"$scratch/readme.c"
[ -s "$scratch/readme.c" ] || { echo "README.md holds no \`\`\`c block"; exit 1; }

library=${library:-$top_builddir/.libs/libmmapipc.a}
$CC -std=c11 -Wall -Wextra -Werror ${SANITIZE_CFLAGS-} \
	${CFLAGS_MMAPIPC--I"$top_srcdir/lib/include"} \
	-o "$scratch/readme" "$scratch/readme.c" \
	${LIBS_MMAPIPC-"$library" -lpthread}
"$scratch/readme"
"$scratch/readme" # nothing may be left over that the second run trips on
