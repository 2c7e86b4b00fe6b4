/* case.h - the words that every stage of the harness shares.
 *
 * A case is one point of a scenario's sweep: one transport, one message size,
 * one placement and so on. plan/ makes cases, run/ measures them, result/ writes
 * them down; each stage only reads what the one before it produced.
 */
#ifndef IPCMARK_CASE_CASE_H
#define IPCMARK_CASE_CASE_H

#include <ipcmark/transport.h> /* enum wait_mode */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CASE_MAX_WORKERS = 64,	 /* producers plus consumers */
	CASE_MAX_BATCH = 1024,	 /* messages per call */
	CASE_ID_BYTES = 160,	 /* unique within a plan, printable */
	CASE_NAME_BYTES = 64,	 /* section */
	CASE_SPEC_BYTES = 256,	 /* transport, "exec:COMMAND" included */
	CASE_REASON_BYTES = 200, /* why skipped, violated or failed */
	CASE_CPU_ANY = -1,	 /* in cpus[]: not pinned */
	CASE_MAX_SIZES = 16,	 /* in a mix of message sizes */
	CASE_DISTANCE_BYTES = 16,
};

enum case_mode {
	MODE_THROUGHPUT, /* producers send as fast as the transport takes it */
	MODE_ROUNDTRIP, /* ping-pong over two channels, one message in flight */
	MODE_CRASH,	/* throughput while workers are killed */
	MODE_OPEN,	/* producers send when it is time, not when they can */
};

/* When an open loop's messages, or bursts of them, are due. */
enum arrival {
	ARRIVAL_FIXED,	 /* at equal distances */
	ARRIVAL_POISSON, /* at exponential ones: who sends knows of nobody */
};

/* What becomes of an open loop's message that could not leave in time. */
enum late_mode {
	LATE_SEND, /* it leaves as soon as it can */
	LATE_DROP, /* it does not once the next one is due: see run/worker_open.c */
};

enum verify_mode {
	VERIFY_FULL,   /* identity, order, and the whole body by checksum */
	VERIFY_HEADER, /* identity and order, by the words at both ends */
	VERIFY_SUM,    /* that, and the whole body read and added up */
};

enum access_mode {
	ACCESS_COPY,  /* the consumer gets messages copied to its own memory */
	ACCESS_VIEW,  /* it looks at them where they lie */
	ACCESS_LEASE, /* it does, and if it dies another one gets them */
};

/* On whose NUMA node the channel's memory is. */
enum memory_place {
	MEMORY_ANY, /* wherever the system puts it */
	MEMORY_PRODUCER,
	MEMORY_CONSUMER,
	MEMORY_INTERLEAVE, /* page by page on all of them */
};

/* Room for what spin_text() writes. */
enum { SPIN_TEXT_BYTES = 24 };

enum victim {
	VICTIM_PRODUCER,
	VICTIM_CONSUMER,
};

/* When a crash case strikes. */
enum kill_at {
	KILL_AT_HOLDER, /* when a worker was seen to hold the lock */
	KILL_AT_RANDOM, /* at any moment, whatever it is doing */
	/* Not under load: at each step of each call, by run/fault_steps.c. */
	KILL_AT_INSTRUCTION,
	KILL_AT_PAIR,	 /* and whoever comes next in the same call */
	KILL_AT_STOP,	 /* stopped there while the others go on */
	KILL_AT_SYSCALL, /* the system call fails that is the step */
	KILL_AT_SLEEPER, /* while somebody waits for the outcome */
};

/* What happens to a worker. */
enum fault_kind {
	FAULT_KILL, /* SIGKILL, and later on another one in its place */
	FAULT_STOP, /* SIGSTOP, and later on SIGCONT */
};

enum case_status {
	STATUS_OK,
	STATUS_SKIP,	 /* could not run here; reason says why */
	STATUS_VIOLATED, /* a message was lost, doubled, reordered or damaged */
	STATUS_FAILED,	 /* it ran and broke: hung, refused, died */
	STATUS_UNREACHED, /* it could not send as much as it was to */
};

/* Messages of several sizes: each of them with its share of all. */
struct size_mix {
	unsigned count; /* 0: all are of one size */
	uint64_t bytes[CASE_MAX_SIZES];
	unsigned percent[CASE_MAX_SIZES]; /* they make 100 */
};

/* A rate is messages a second, or a share of what the case can do at most, in
 * percent, with this bit. */
#define RATE_SHARE (UINT64_C(1) << 63)

struct bench_case {
	char id[CASE_ID_BYTES];
	char section[CASE_NAME_BYTES];
	char transport[CASE_SPEC_BYTES];
	enum case_mode mode;
	uint64_t msg_size_bytes;
	unsigned batch; /* messages per call; 1: the single-message call */
	unsigned producers;
	unsigned consumers;
	char placement[CASE_NAME_BYTES]; /* as requested: near, far, any, 0/1 */
	int cpus[CASE_MAX_WORKERS]; /* as obtained: producers, then consumers */
	char distance[CASE_DISTANCE_BYTES]; /* of the first pair; "": not
					       pinned, or not known */
	enum memory_place memory;	    /* as requested */
	uint64_t memory_nodes; /* that this means, bit n: node n; 0: any */
	enum wait_mode wait;
	uint32_t spin_us;     /* or SPIN_AUTO and its like */
	enum huge_pages huge; /* as requested */
	enum access_mode access;
	enum verify_mode verify;
	uint64_t capacity_bytes; /* 0: the transport's default */
	uint64_t warmup_ns;	 /* per slice, not measured */
	uint64_t slice_ns;	 /* measured, per round */
	unsigned rounds;	 /* at most, with until_percent */
	uint64_t count; /* a slice ends after so many messages, too; 0: no */
	unsigned until_percent; /* rounds end when the interval of the median
				   is no wider than this; 0: they do not */
	/* MODE_OPEN only */
	uint64_t rate; /* offered by all producers together; see RATE_SHARE */
	enum arrival arrival;
	unsigned burst;	  /* messages due at the same time */
	uint64_t work_ns; /* of a consumer, after each message */
	enum late_mode late;
	struct size_mix mix; /* msg_size_bytes is the largest of them */
	/* MODE_CRASH only */
	unsigned kills;	     /* for each victim in turn; at steps: trials
				in all, 0: each step once */
	bool kill_victim[2]; /* by enum victim */
	uint64_t recover_within_ns;
	enum kill_at kill_at;
	uint64_t holder_memory_bytes; /* that a victim has, KILL_AT_HOLDER */
	bool faults[2];		      /* KILL_AT_RANDOM: by enum fault_kind */
	uint64_t soak_ns; /* KILL_AT_RANDOM: how long; 0: until ->kills */
	/* decided by plan/plan.c, before anything runs */
	bool skip;
	char reason[CASE_REASON_BYTES];
};

/* The words used in scenarios, results and tables. Each returns a static
 * string; case_status_from() and its like return -1 for an unknown word. */
const char *case_mode_name(enum case_mode mode);
const char *wait_mode_name(enum wait_mode wait);
const char *verify_mode_name(enum verify_mode verify);
const char *access_mode_name(enum access_mode access);
const char *arrival_name(enum arrival arrival);
const char *memory_place_name(enum memory_place memory);
const char *late_mode_name(enum late_mode late);
const char *huge_pages_name(enum huge_pages huge);
const char *victim_name(enum victim victim);
const char *kill_at_name(enum kill_at kill_at);
const char *fault_kind_name(enum fault_kind fault);
const char *case_status_name(enum case_status status);
int case_mode_from(const char *word);
int wait_mode_from(const char *word);
int verify_mode_from(const char *word);
int access_mode_from(const char *word);
int arrival_from(const char *word);
int memory_place_from(const char *word);
int late_mode_from(const char *word);
int huge_pages_from(const char *word);
int victim_from(const char *word);
int kill_at_from(const char *word);
int fault_kind_from(const char *word);
int case_status_from(const char *word);

/* kill_at_is_step - one of those that go from step to step? */
static inline bool kill_at_is_step(enum kill_at kill_at)
{
	return kill_at >= KILL_AT_INSTRUCTION;
}

/* case_patience_ns - of a case of single steps: who has not come back by then
 * hangs. */
uint64_t case_patience_ns(const struct bench_case *bench);

/* spin_text - auto, off, always, or a time, as a scenario has it: "20us".
 * Returns @text.
 *
 * spin_from - the reverse. A time is whole microseconds, up to SPIN_MAX_US, and
 * may be given in ms or s. Returns 0; -EINVAL. */
#define SPIN_MAX_US 10000000u
const char *spin_text(uint32_t spin_us, char text[SPIN_TEXT_BYTES]);
int spin_from(const char *word, uint32_t *ret_spin_us);

#endif
