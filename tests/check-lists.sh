#!/bin/sh
# check-lists.sh - is every file of the tree known to the build?
#
# The lists in local.mk are explicit, so a file that nobody added to one would
# neither be built, nor tested, nor be in the release, and nothing would say so.
set -eu

cd "${top_srcdir:-$(dirname "$0")/..}"
lost=0
known=$(cat Makefile.am */local.mk)
files=$(find bootstrap.d docs examples harness lib plots scenarios tests \
	-type f ! -name local.mk ! -name '.*' ! -name '*~' 2>/dev/null | sort)
for file in $files; do
	case $file in
	tests/test_*.c) word=${file%.c} ;; # listed by its program's name
	lib/*.in) continue ;;		   # configure.ac has it
	*/__pycache__/*) continue ;;
	*) word=$file ;;
	esac
	if ! printf '%s\n' "$known" | grep -qE "(^|[[:space:]/)])$word([[:space:]]|\$)"; then
		echo "$file: in no local.mk; add it to $(echo "$file" | cut -d/ -f1)/local.mk"
		lost=$((lost + 1))
	fi
done
[ $lost -eq 0 ]
