/* optional.h - transports over libraries that need not be there.
 *
 * Name, summary and capabilities stand here once, because each of them has two
 * bodies: transport_NAME.c, where configure found the library, and an entry of
 * absent.c, where it did not.
 */
#ifndef IPCMARK_TRANSPORT_OPTIONAL_H
#define IPCMARK_TRANSPORT_OPTIONAL_H

#include "transport/transport.h"

#define CK_RING_NAME "ck-ring"
#define CK_RING_SUMMARY \
	"Concurrency Kit's ring, one producer and one consumer; spins"
#define CK_RING_CAPS 0u

#define CK_MPMC_NAME "ck-mpmc"
#define CK_MPMC_SUMMARY \
	"Concurrency Kit's ring, many producers and consumers; spins"
#define CK_MPMC_CAPS ((unsigned)(CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS))

#define QB_RB_NAME "qb-rb"
#define QB_RB_SUMMARY \
	"libqb's ring buffer; blocking: a semaphore to read, naps to write"
#define QB_RB_CAPS ((unsigned)CAP_BLOCK)

#define BOOST_MQ_NAME "boost-mq"
#define BOOST_MQ_SUMMARY \
	"Boost.Interprocess message queue; its lock dies with its holder"
#define BOOST_MQ_CAPS \
	((unsigned)(CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BLOCK))

#define ZMQ_NAME "zmq"
#define ZMQ_SUMMARY "ZeroMQ, PUSH to PULL over ipc"
#define ZMQ_CAPS \
	((unsigned)(CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BLOCK))

#define NNG_NAME "nng"
#define NNG_SUMMARY "nng, push to pull over ipc"
#define NNG_CAPS \
	((unsigned)(CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BLOCK))

#define REDIS_NAME "redis"
#define REDIS_SUMMARY \
	"Redis, a list in a server of its own, over its unix socket"
#define REDIS_CAPS                                                        \
	((unsigned)(CAP_MANY_PRODUCERS | CAP_MANY_CONSUMERS | CAP_BATCH | \
		    CAP_BLOCK))

#define ICEORYX_NAME "iceoryx"
#define ICEORYX_SUMMARY \
	"iceoryx 2, publisher to subscriber, with a broker of its own"
#define ICEORYX_CAPS ((unsigned)(CAP_MANY_PRODUCERS | CAP_BLOCK | CAP_VIEW))

#endif
