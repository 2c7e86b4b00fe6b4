/* ipcmark/transport.h - the interface every way of passing messages implements.
 *
 * ipcmark's own transports are built against this very file, and so can yours
 * be, outside ipcmark's tree:
 *
 *   cc -shared -fPIC -o mine.so mine.c
 *   ipcmark conform plugin:./mine.so     does it keep the promises below?
 *   and in a scenario: transport = ring, plugin:./mine.so
 *
 * mine.c fills in one `struct transport` and exports it with IPCMARK_PLUGIN;
 * examples/plugin_ring.c is a whole one. Nothing else is needed: no library to
 * link, no other header. docs/scenarios.md has the rest.
 *
 * One transport is one `struct transport`. ipcmark never asks a transport's
 * name, only its capabilities.
 *
 * Life of a channel, in one slice:
 *   parent    create()
 *   worker    attach() as producer or consumer, after the fork
 *   worker    send()/recv() or their batch forms, from one thread
 *   worker    detach()
 *   parent    check(), destroy()
 *
 * Round trips use two channels, each with one producer and one consumer.
 *
 * Whatever create() makes must be reachable after fork(): anonymous shared
 * memory, open files, or a name made of config->name. A worker may be killed
 * at any moment; destroy() must leave nothing behind all the same, and what
 * must not outlive a killed parent has to see to that itself.
 */
#ifndef IPCMARK_TRANSPORT_PUBLIC_H
#define IPCMARK_TRANSPORT_PUBLIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of everything below. Any change to it is another version; a plug-in of
 * another version is refused. */
#define IPCMARK_TRANSPORT_VERSION 3u

enum transport_caps {
	CAP_MANY_PRODUCERS = 1 << 0,
	CAP_MANY_CONSUMERS = 1 << 1,
	CAP_BATCH = 1 << 2, /* has send_batch and recv_batch */
	/* a timeout > 0 sleeps; without it `wait = block` is SKIP */
	CAP_BLOCK = 1 << 3,
	/* -EPIPE once the other side has left for good */
	CAP_PEER_GONE = 1 << 4,
	CAP_SURVIVES_KILL = 1 << 5, /* claims that a killed peer harms nobody */
	CAP_LOCK_HOLDER = 1 << 6,   /* has lock_holder() */
	CAP_LOOPBACK = 1 << 7, /* one worker both sends and receives: a limit */
	CAP_LIMIT = 1 << 8, /* not a tool to pick but a bound to compare with */
	CAP_EXTERNAL = 1 << 9, /* runs its own workers: has run_slice() */
	CAP_NO_ROUNDTRIP = 1 << 10,
	CAP_NO_THROUGHPUT = 1 << 11,
	CAP_VIEW = 1 << 12,  /* has recv_view() */
	CAP_EMPTY = 1 << 13, /* passes nothing: what the harness costs */
	CAP_LEASE = 1 << 14, /* what recv_view() gave to a worker that was
				killed since goes to another one */
	CAP_SPIN = 1 << 15,  /* heeds config->spin_us */
	CAP_HUGE = 1 << 16,  /* heeds config->huge, and has huge_bytes() */
	CAP_WHOLE_BATCH = 1 << 17, /* a batch whose sender is killed is there
				      as a whole or not at all */
	CAP_REATTACH = 1 << 18, /* a process may attach(), detach(), attach() */
	/* `ipcmark crash` may have victims run in the memory of another process,
	 * which is put back when they are dead. So: it starts no thread; has no
	 * pthread mutex in shared memory, and keeps no thread number from
	 * before attach(); no lock of it hangs on a mapping. */
	CAP_LENT_MEMORY = 1 << 19,
};

/* How a worker waits: a scenario's `wait`. */
enum wait_mode {
	WAIT_SPIN,  /* poll: timeout 0, again and again */
	WAIT_BLOCK, /* the transport's own blocking call */
};

/* How long a blocking call looks before it sleeps, in microseconds or one of
 * these: a scenario's `spin`. */
#define SPIN_AUTO 0u		  /* what the transport thinks best */
#define SPIN_OFF (UINT32_MAX - 1) /* it sleeps at once */
#define SPIN_ALWAYS UINT32_MAX	  /* it never sleeps */

/* Which pages a channel's buffer is made of: a scenario's `huge`. */
enum huge_pages {
	HUGE_PAGES_NO,	     /* the system's usual ones */
	HUGE_PAGES_HINT,     /* huge ones where the system is willing */
	HUGE_PAGES_RESERVED, /* huge ones of the system's reserve, or -ENOSPC */
};

/* What the parent knows when it creates a channel. */
struct channel_config {
	const char *spec;	 /* the scenario's word, e.g. "exec:./mine" */
	const char *name;	 /* unique on this machine; no '/' */
	uint64_t msg_size_bytes; /* of every message */
	uint64_t capacity_bytes; /* 0: the transport's default */
	unsigned batch;
	unsigned producers;
	unsigned consumers;
	enum wait_mode wait;
	uint32_t spin_us;     /* SPIN_AUTO without CAP_SPIN */
	enum huge_pages huge; /* HUGE_PAGES_NO without CAP_HUGE */
};

enum endpoint_role {
	ROLE_PRODUCER,
	ROLE_CONSUMER,
};

/* A message being received. The transport either copies it to @room or points
 * @data at its own memory, valid until the next receive on this endpoint. */
struct inbound {
	void *room;
	size_t room_bytes;
	const void *data;
	size_t len;
};

/* A message being sent. The transport may not keep @data after it returns,
 * except a CAP_LOOPBACK transport, which may until the next receive. */
struct outbound {
	const void *data;
	size_t len;
};

struct channel;	 /* each transport defines its own, in its own file ... */
struct endpoint; /* ... as struct NAME_channel, and casts */

/* What one call does to the messages of a channel. */
enum transport_effect {
	EFFECT_NONE,
	EFFECT_PUTS,   /* adds one, the newest */
	EFFECT_TAKES,  /* takes the oldest one away */
	EFFECT_CLEARS, /* takes all away */
	/* None; makes something beside the channel, by a name of its own. Its
	 * prepare() finds what somebody made or died at, takes it away, and says
	 * by an error when that was neither whole nor absent. Whoever survives
	 * does both, prepare() and call(), and must succeed. */
	EFFECT_MAKES,
};

/* A call that a transport has besides those below, for `ipcmark crash` to kill
 * it in. All of them on one endpoint, in one process. */
struct transport_operation {
	const char *name; /* NULL ends the list */
	enum endpoint_role role;
	enum transport_effect effect;
	/* What it held when it was killed may come behind what is newer. */
	bool unordered;
	/* prepare - comes before it, and is not killed. NULL: nothing.
	 * call - the operation. A put sends @out; what takes a message leaves it
	 * in @in, which its prepare() may have done before.
	 * Return 0 or more; -errno. */
	int (*prepare)(struct endpoint *endpoint, const struct outbound *out,
		struct inbound *in);
	int (*call)(struct endpoint *endpoint, const struct outbound *out,
		struct inbound *in);
};

struct slice_request; /* of CAP_EXTERNAL, which is ipcmark's own affair */
struct slice_report;

struct transport {
	const char *name;
	const char *summary; /* one line, for `ipcmark list` */
	unsigned caps;	     /* enum transport_caps */

	/* can_run - could this transport run here, with this configuration?
	 * Pure; may look at the system, changes nothing.
	 * Returns 0, or -ENOTSUP with one sentence in @reason. NULL: always. */
	int (*can_run)(const struct channel_config *config, char *reason,
		size_t reason_bytes);

	/* max_len - largest message it can pass here, in bytes. NULL: any. */
	uint64_t (*max_len)(void);

	/* create - in the parent, before the fork. 0 or -errno. */
	int (*create)(const struct channel_config *config,
		struct channel **ret_channel);

	/* attach - in the worker. @index: 0 .. producers-1 or consumers-1. */
	int (*attach)(struct channel *channel, enum endpoint_role role,
		unsigned index, struct endpoint **ret_endpoint);

	/* send, recv - one message. @timeout_ns: relative; 0 polls. After a
	 * send that did not succeed the next one must be of the same message:
	 * part of it may be on its way.
	 * Return 0; -EAGAIN (timeout 0 only); -ETIMEDOUT; -EPIPE; -errno. */
	int (*send)(struct endpoint *endpoint, const struct outbound *message,
		uint64_t timeout_ns);
	int (*recv)(struct endpoint *endpoint, struct inbound *message,
		uint64_t timeout_ns);

	/* send_batch, recv_batch - up to @count messages with one call.
	 * Return how many (at least 1), or as send and recv. */
	int (*send_batch)(struct endpoint *endpoint,
		const struct outbound *messages, unsigned count,
		uint64_t timeout_ns);
	int (*recv_batch)(struct endpoint *endpoint, struct inbound *messages,
		unsigned count, uint64_t timeout_ns);

	/* recv_view - as recv, but ->data is the transport's own memory, where
	 * the producer put it: nothing was copied. */
	int (*recv_view)(struct endpoint *endpoint, struct inbound *message,
		uint64_t timeout_ns);

	/* lock_holder - who holds the lock that @role needs to make progress.
	 * Called in the parent while the suspect is stopped.
	 * Returns a pid, 0 when nobody does, or -errno. */
	pid_t (*lock_holder)(struct channel *channel, enum endpoint_role role);

	/* describe - the state of the channel as seen from outside, in a few
	 * lines for a person: locks, who holds them, positions. Called in the
	 * parent when something went wrong, whoever is dead, stopped or in the
	 * midst of a call; takes no lock. NULL: nothing to tell. */
	void (*describe)(
		struct channel *channel, char *text, size_t text_bytes);

	/* huge_bytes - CAP_HUGE: how many bytes of the channel are in huge
	 * pages by now. Called in the parent after a slice.
	 * Returns that or -errno. */
	int64_t (*huge_bytes)(struct channel *channel);

	/* run_slice - CAP_EXTERNAL: measure one slice with workers of its own.
	 * create() has started them; they stay until destroy(). */
	int (*run_slice)(struct channel *channel,
		const struct slice_request *request,
		struct slice_report *ret_report);

	void (*detach)(struct endpoint *endpoint); /* accepts NULL */

	/* check - its invariants after a slice; 0 or -EBADMSG. NULL: none. */
	int (*check)(struct channel *channel);

	void (*destroy)(struct channel *channel); /* accepts NULL */

	/* What else it can do. NULL: nothing. */
	const struct transport_operation *operations;
};

/* What a plug-in exports under the name `ipcmark_plugin`. The first two stay
 * where they are in every version: by them another version is recognized. */
struct ipcmark_plugin {
	uint32_t version;	  /* IPCMARK_TRANSPORT_VERSION */
	uint32_t transport_bytes; /* sizeof(struct transport) */
	const struct transport *transport;
};

/* IPCMARK_PLUGIN(mine); - once, at file scope, in a plug-in. */
#define IPCMARK_PLUGIN(one)                                                    \
	extern const struct ipcmark_plugin ipcmark_plugin;                     \
	__attribute__((visibility("default")))                                 \
	const struct ipcmark_plugin ipcmark_plugin = {                         \
		IPCMARK_TRANSPORT_VERSION, (uint32_t)sizeof(struct transport), \
		&(one)}

#ifdef __cplusplus
}
#endif

#endif
