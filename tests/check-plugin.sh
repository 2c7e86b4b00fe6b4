#!/bin/sh
# check-plugin.sh - can a transport be brought along from outside this tree?
#
# The example is built with nothing but the public header, kept to all promises,
# and measured beside one of ours. Then it is spoilt in every way that the loader
# must notice, and each must be one line that says what is wrong, before
# anything runs.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 99
example=$top_srcdir/examples/plugin_ring.c
header=${header_dir:-$top_srcdir/harness/include}
failures=0

fail()
{
	echo "FAIL: $1"
	[ -s err ] && sed 's/^/  | /' err
	failures=$((failures + 1))
}

# build NAME [FLAG...]: NAME.so from NAME.c
build()
{
	name=$1
	shift
	# shellcheck disable=SC2086 # several flags
	$CC -std=c11 -O2 -Wall -Wextra -Werror ${SANITIZE_CFLAGS-} \
		-I"$header" -shared -fPIC -o "$name.so" "$name.c" "$@" ||
		fail "$name.c does not compile"
}

# spoilt NAME PATTERN: conform and plan refuse NAME.so with one line each.
spoilt()
{
	"$IPCMARK" conform "plugin:./$1.so" >out 2>err
	code=$?
	[ $code -eq 2 ] || fail "conform $1: exit code $code, not 2"
	[ "$(wc -l <err)" -eq 1 ] || fail "conform $1: not one line"
	grep -qE -- "$2" err || fail "conform $1: does not say '$2'"
	printf '[a]\n\ntransport = plugin:./%s.so\n' "$1" >"$1.ini"
	"$IPCMARK" plan "$1.ini" >out 2>err
	code=$?
	[ $code -eq 2 ] || fail "plan $1: exit code $code, not 2"
	[ "$(wc -l <err)" -eq 1 ] || fail "plan $1: not one line"
	grep -qE -- "^$1\.ini:3: .*$2" err ||
		fail "plan $1: does not say '$2' and where"
}

cp "$example" good.c
build good
"$IPCMARK" conform plugin:./good.so >out 2>err
code=$?
[ $code -eq 0 ] || { fail "conform: exit code $code, not 0"; cat out; }
grep -q '^kept *sizes ' out || fail "conform does not tell what is kept"
"$IPCMARK" conform plugin:good.so >out 2>err ||
	fail "a file without a slash is not found in the working directory"

printf '[a]\ntransport = pipe, plugin:./good.so\nplacement = any\n' >good.ini
"$IPCMARK" run --short --no-plot good.ini -o result >out 2>err ||
	fail "run: exit code $?"
"$IPCMARK" compare result --of transport=plugin:./good.so \
	--to transport=pipe >out 2>err || fail "compare: exit code $?"

# The other way, a program: exec: with the example of docs/worker-protocol.md.
worker=$top_srcdir/examples/worker_seqpacket.py
if command -v python3 >/dev/null; then
	cat >worker.ini <<-END
	[a]
	transport = exec:python3 $worker
	msg_size = 0, 5, 64, 64Ki
	placement = any
	END
	"$IPCMARK" run --short --no-plot worker.ini -o worker >out 2>err ||
		fail "run of the example program: exit code $?"
	grep -q '4 cases: 3 ok, 1 skipped' out ||
		{ fail "the example program does not measure"; cat out; }
	[ "$(wc -l <"$worker")" -lt 80 ] || fail "it has 80 lines or more"
fi

# A promise that is not kept is exit code 4, and the words say which.
sed 's/message->len = slot->len;/message->len = slot->len + 1;/' good.c >longer.c
build longer
"$IPCMARK" conform plugin:./longer.so >out 2>err
code=$?
[ $code -eq 4 ] || fail "conform of a broken one: exit code $code, not 4"
grep -q 'message 0 has 1 bytes, not 0' out ||
	{ fail "conform does not tell what is broken"; cat out; }

sed 's/^IPCMARK_PLUGIN(mine);/const void *plugin = \&mine;/' good.c >nameless.c
build nameless
spoilt nameless "exports no 'ipcmark_plugin'"
mkdir -p later/ipcmark
sed 's/\(define IPCMARK_TRANSPORT_VERSION\) [0-9]*u/\1 999u/' \
	"$header/ipcmark/transport.h" >later/ipcmark/transport.h
cp good.c later.c
header=later build later
spoilt later 'built for version 999 of <ipcmark/transport\.h>, this ipcmark has'
sed 's/^IPCMARK_PLUGIN(mine);/const struct ipcmark_plugin ipcmark_plugin = {\
	IPCMARK_TRANSPORT_VERSION, 8, \&mine};/' good.c >narrow.c
build narrow
spoilt narrow 'struct transport has 8 bytes, not'
sed 's/\.recv = mine_recv,/.recv = 0 ? mine_recv : NULL,/' good.c >deaf.c
build deaf
spoilt deaf 'lacks attach, send, recv or detach'
sed 's/\.caps = CAP_BLOCK,/.caps = CAP_EXTERNAL,/' good.c >external.c
build external
spoilt external 'exec:COMMAND can'
{
	echo 'int nowhere_to_be_found(void);'
	sed 's/^	(void)endpoint; .*/	(void)endpoint; nowhere_to_be_found();/' \
		good.c
} >unbound.c
if [ -z "${SANITIZE_CFLAGS-}" ]; then
	build unbound
	spoilt unbound 'undefined symbol: nowhere_to_be_found'
fi
echo 'not a shared object' >text.so
spoilt text 'text\.so'
spoilt missing 'missing\.so: .*No such file'

"$IPCMARK" conform plugin: >out 2>err
[ $? -eq 2 ] && grep -q 'needs a file: plugin:./mine.so' err ||
	fail "conform plugin: does not ask for a file"
"$IPCMARK" conform rng >out 2>err
[ $? -eq 2 ] && grep -q "unknown transport 'rng'" err ||
	fail "conform of an unknown transport"
"$IPCMARK" conform mp-queue >out 2>err
[ $? -eq 2 ] && grep -q 'workers of its own' err ||
	fail "conform of a worker program"

[ $failures -eq 0 ]
