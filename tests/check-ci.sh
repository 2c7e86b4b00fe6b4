#!/bin/sh
# check-ci.sh - do the jobs of docs/ci work, as far as can be told without their
# servers?
#
# They are read as YAML and asked for what they must have; each of their scripts must
# be one that sh can read, and each command line of ipcmark in them one that ipcmark
# takes. Where actionlint is installed, GitHub's is checked by that, too.
set -u

python=
for candidate in python3 /usr/bin/python3; do
	[ -z "$python" ] && "$candidate" -c 'import yaml' 2>/dev/null &&
		python=$candidate
done
if [ -z "$python" ]; then
	echo 'SKIP: no Python here has yaml: install python3-yaml'
	exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

"$python" "$top_srcdir/tests/check_ci.py" "$IPCMARK" "$top_srcdir" \
	"$scratch" || failures=1
if command -v actionlint >/dev/null; then
	actionlint "$top_srcdir/docs/ci/github.yml" || failures=1
else
	echo 'actionlint: not here'
fi
[ $failures -eq 0 ] && echo 'both jobs are what they should be'
exit $failures
