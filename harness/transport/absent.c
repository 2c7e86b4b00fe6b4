/* absent.c - stand-ins for the transports that were not built in.
 *
 * A scenario that compares with another library's ring must mean the same on
 * every machine. Where configure did not find the library, the transport is
 * still in the table, with its name and its capabilities, and refuses to run:
 * its cases are SKIP with this reason instead of an unknown word.
 *
 * The calls are never made, because can_run() refuses; they are here because
 * the table promises that they exist.
 */
#include <errno.h>
#include <stdio.h>

#include "transport/list.h"
#include "transport/optional.h"

/* Where each library was found this file is empty but for its includes. */
#if !defined(HAVE_CK) || !defined(HAVE_QB) || !defined(HAVE_BOOST) ||       \
	!defined(HAVE_ZMQ) || !defined(HAVE_NNG) || !defined(HAVE_REDIS) || \
	!defined(HAVE_ICEORYX)

static int absent_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	(void)config;
	(void)ret_channel;
	return -ENOTSUP;
}

static int absent_attach(struct channel *channel, enum endpoint_role role,
	unsigned index, struct endpoint **ret_endpoint)
{
	(void)channel;
	(void)role;
	(void)index;
	(void)ret_endpoint;
	return -ENOTSUP;
}

static int absent_send(struct endpoint *endpoint,
	const struct outbound *message, uint64_t timeout_ns)
{
	(void)endpoint;
	(void)message;
	(void)timeout_ns;
	return -ENOTSUP;
}

static int absent_recv(
	struct endpoint *endpoint, struct inbound *message, uint64_t timeout_ns)
{
	(void)endpoint;
	(void)message;
	(void)timeout_ns;
	return -ENOTSUP;
}

static void absent_detach(struct endpoint *endpoint)
{
	(void)endpoint;
}

static void absent_destroy(struct channel *channel)
{
	(void)channel;
}

/* @package: what to install, as bootstrap.d/ has it. */
#define ABSENT(symbol, id, words, abilities, library, package)          \
	static int symbol##_refuse(const struct channel_config *config, \
		char *reason, size_t reason_bytes)                      \
	{                                                               \
		(void)config;                                           \
		snprintf(reason, reason_bytes,                          \
			"not built in: configure did not find " library \
			" (" package ")");                              \
		return -ENOTSUP;                                        \
	}                                                               \
	const struct transport symbol = {                               \
		.name = id,                                             \
		.summary = words,                                       \
		.caps = abilities,                                      \
		.can_run = symbol##_refuse,                             \
		.create = absent_create,                                \
		.attach = absent_attach,                                \
		.send = absent_send,                                    \
		.recv = absent_recv,                                    \
		.detach = absent_detach,                                \
		.destroy = absent_destroy,                              \
	}

#ifndef HAVE_CK
ABSENT(transport_ck_ring, CK_RING_NAME, CK_RING_SUMMARY, CK_RING_CAPS, "ck",
	"apt libck-dev, dnf ck-devel, brew concurrencykit");
ABSENT(transport_ck_mpmc, CK_MPMC_NAME, CK_MPMC_SUMMARY, CK_MPMC_CAPS, "ck",
	"apt libck-dev, dnf ck-devel, brew concurrencykit");
#endif
#ifndef HAVE_QB
ABSENT(transport_qb_rb, QB_RB_NAME, QB_RB_SUMMARY, QB_RB_CAPS, "libqb",
	"apt libqb-dev, dnf libqb-devel, brew libqb");
#endif
#ifndef HAVE_BOOST
ABSENT(transport_boost_mq, BOOST_MQ_NAME, BOOST_MQ_SUMMARY, BOOST_MQ_CAPS,
	"a C++ compiler with Boost.Interprocess",
	"apt g++ libboost-dev, dnf gcc-c++ boost-devel, brew boost");
#endif
#ifndef HAVE_ZMQ
ABSENT(transport_zmq, ZMQ_NAME, ZMQ_SUMMARY, ZMQ_CAPS, "libzmq",
	"apt libzmq3-dev, dnf zeromq-devel, brew zeromq");
#endif
#ifndef HAVE_NNG
ABSENT(transport_nng, NNG_NAME, NNG_SUMMARY, NNG_CAPS, "nng",
	"apt libnng-dev, dnf nng-devel, brew nng");
#endif
#ifndef HAVE_REDIS
ABSENT(transport_redis, REDIS_NAME, REDIS_SUMMARY, REDIS_CAPS, "hiredis",
	"apt libhiredis-dev, dnf hiredis-devel, brew hiredis");
#endif
#ifndef HAVE_ICEORYX
ABSENT(transport_iceoryx, ICEORYX_NAME, ICEORYX_SUMMARY, ICEORYX_CAPS,
	"iceoryx 2's binding for C", "apt libiceoryx-binding-c-dev");
#endif

#endif
