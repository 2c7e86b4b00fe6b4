#!/bin/sh
# check-install.sh - can what was installed be used, from there?
#
# Run by `make installcheck` (and so by `make distcheck`), with nothing but what
# mmapipc.pc says, against the shared library: the README's program is built and
# run, then one that includes every public header and asks for every function
# that they declare. All man pages must be there, and the versions must agree.
set -eu

fail()
{
	echo "check-install: $1" >&2
	exit 1
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

PKG_CONFIG_PATH=$libdir/pkgconfig
LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_PATH LD_LIBRARY_PATH
"$PKG_CONFIG" --exists mmapipc || fail "pkg-config does not find mmapipc"

CFLAGS_MMAPIPC=$("$PKG_CONFIG" --cflags mmapipc)
LIBS_MMAPIPC=$("$PKG_CONFIG" --libs mmapipc)
export CFLAGS_MMAPIPC LIBS_MMAPIPC CC top_srcdir top_builddir
sh "$top_srcdir/tests/check-readme.sh" ||
	fail "the README's program does not build against the installed library"

# A name followed by '(' is a declaration or, in a comment, a function as well.
headers=$top_srcdir/lib/include/mmapipc
{
	echo '#include <stdio.h>'
	echo '#include <string.h>'
	for header in "$headers"/*.h; do
		echo "#include <mmapipc/$(basename "$header")>"
	done
	echo 'typedef void function(void);'
	echo 'static function *const all[] = {'
	cat "$headers"/*.h | grep -oE '\bmipc_[a-z0-9_]+\(' | sort -u |
		sed 's/\(.*\)(/	(function *)\1,/'
	cat <<-'END'
		};
		int main(int argc, char **argv)
		{
			size_t count = sizeof(all) / sizeof(all[0]);
			for (size_t i = 0; i < count; i++)
				if (!all[i])
					return 1;
			puts(mipc_version_string());
			return argc != 2 || strcmp(argv[1], MIPC_VERSION) ||
			       strcmp(mipc_version_string(), MIPC_VERSION);
		}
	END
} >"$scratch/all.c"
# shellcheck disable=SC2086 # each word is an argument
$CC -std=c11 -Wno-cast-function-type ${SANITIZE_CFLAGS-} $CFLAGS_MMAPIPC \
	-o "$scratch/all" "$scratch/all.c" $LIBS_MMAPIPC ||
	fail "a public header or function is not in what was installed"
version=$("$PKG_CONFIG" --modversion mmapipc)
"$scratch/all" "$version" >"$scratch/version" ||
	fail "mmapipc.pc says $version, the library $(cat "$scratch/version")"

IPCMARK=$bindir/ipcmark header_dir=$header_dir \
	sh "$top_srcdir/tests/check-plugin.sh" ||
	fail "a plug-in does not build against the installed header"

"$bindir/ipcmark" list >/dev/null || fail "the installed ipcmark does not run"
for page in "$top_srcdir"/docs/man/*.[137]; do
	page=man${page##*.}/$(basename "$page")
	[ -f "$mandir/$page" ] || fail "no $mandir/$page"
done
