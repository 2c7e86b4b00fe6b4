#!/bin/sh
# check-install.sh - can what was installed be used, from there?
#
# Run by `make installcheck` (and so by `make distcheck`): the README's program
# is built with nothing but what mmapipc.pc says, against the shared library.
set -eu

fail()
{
	echo "check-install: $1" >&2
	exit 1
}

PKG_CONFIG_PATH=$libdir/pkgconfig
LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_PATH LD_LIBRARY_PATH
"$PKG_CONFIG" --exists mmapipc || fail "pkg-config does not find mmapipc"

CFLAGS_MMAPIPC=$("$PKG_CONFIG" --cflags mmapipc)
LIBS_MMAPIPC=$("$PKG_CONFIG" --libs mmapipc)
export CFLAGS_MMAPIPC LIBS_MMAPIPC CC top_srcdir top_builddir
sh "$top_srcdir/tests/check-readme.sh" ||
	fail "the README's program does not build against the installed library"

"$bindir/ipcmark" list >/dev/null || fail "the installed ipcmark does not run"
for page in man1/ipcmark.1 man3/mipc_queue.3 man7/mmapipc.7; do
	[ -f "$mandir/$page" ] || fail "no $mandir/$page"
done
