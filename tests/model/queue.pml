/* queue.pml - the queue's commit, its locks, its sleep and its wake-ups.
 *
 * A model for spin (https://spinroot.com): a few processes that put and get, in
 * every order in which their steps can follow one another, with one of them
 * killed at any of these. tests/check-model.sh has the worlds it is run in, and
 *
 *   tests/check-model.sh crowd -DBREAK_NO_REPAIR
 *
 * shows the steps to an error; every BREAK_ is one way to get it wrong. By hand
 * (-E: not spin but judge(), at the end, says which end is a good one):
 *
 *   spin -a -DVICTIM=0 queue.pml && cc -DSAFETY -o pan pan.c && ./pan -E
 *   spin -t -p -g -l -DVICTIM=0 queue.pml
 *
 * One step of a process here, an atomic block, is one access of the C code to
 * shared memory that others can notice, or one system call, with what is done
 * in registers and the ledger. Label, place in C, inline here:
 *
 *   L1  lock.h        lock_acquire()                     lock_acquire
 *   L1  lock.c        try_take()                         try_take
 *   L2  lock.h        lock_release()                     lock_release
 *       lock.c        sleep_for()                        sleep_for_lock
 *       lock.c        inquire()                          inquire
 *   Q1  queue_side.h  side_commit() by put_locked()      put, commit
 *   Q2  queue_side.h  side_commit() by walk_end()        get, commit
 *   Q3  queue_side.h  side_other()                       put, get
 *       queue_side.c  side_repair()                      repair
 *       queue_walk.h  walk_start(): look_again, cursor   get
 *   W1  event.c       sleep_once(), the fetch_or         announce_sleep
 *   W2  event.c       sleep_once(), the look             event_await
 *   W3  Q1 or Q2 itself                                  commit
 *   W4  event.h       event_notify(), its look           event_notify
 *       event.c       event_wake()             event_notify, event_settle
 *       platform_linux.c  wait, wake           futex_wait, futex_wake_one
 *       the kernel's exit_robust_list()        notice
 *
 * Memory here is one for all, and each store is seen at once. That is enough,
 * given the orders in the C code: what a lock guards is ordered by L1 and L2;
 * a record's bytes by Q1 and Q3, their reuse by Q2 and Q3; and where a store
 * and a later load of another word must not change places, W1 before W2, W3
 * before W4, there is a full fence between. Such a fence left out is the same
 * as the two steps swapped, as BREAK_LOOK_BEFORE_W1 and
 * BREAK_WAKE_BEFORE_COMMIT have them. ring.pml has stores that are late.
 *
 * The kernel: one process is killed at any moment, or none; it makes no further
 * step. Some time later the kernel looks at the word that it had announced,
 * marks it and wakes a waiter, or misses it (a signal handler had overwritten
 * the announcement); some time after that, its death can be asked for: thread
 * and byte lock are gone.
 *
 * Time: but for EARLY_NAPS, no nap ends by itself as long as anything else can
 * happen. When nothing can, whoever sleeps beside a condition that is true
 * looks again, as after its longest nap, and it is an error unless
 * somebody was killed: so without a death no wake-up is ever missed. When that
 * helps nobody, the run is at its end.
 *
 * Checked: one owner a lock; head <= tail <= head + capacity; a repaired count
 * is right; each message is got once, whole, in its producer's order; one whose
 * put returned is not left out; at the end nobody sleeps who could go on.
 *
 * Not in here: leases, so all that lies between head and tail is ready, and the
 * cursor is the head or, after a death, behind it; whose name a lock word is
 * (each process is one thread with one handle); spinning (one look is as good
 * as many); batches. Nor what the longest nap is for without a death: records of
 * several sizes (a producer woken for room too small for it, or for more than
 * it needs, leaves another one asleep beside room), and a process that is woken
 * but leaves without what it was woken for, its time up or its buffer small.
 */

/* How large a world. check-model.sh sets them; at most 4 processes. */
#ifndef PRODUCER_COUNT
#define PRODUCER_COUNT 2
#endif
#ifndef CONSUMER_COUNT
#define CONSUMER_COUNT 1
#endif
#ifndef PUTS
#define PUTS 1 /* by each producer, then it leaves */
#endif
#ifndef GETS
#define GETS 2 /* by each consumer */
#endif
#ifndef CAPACITY
#define CAPACITY 1 /* in records, which are all of one size */
#endif
/* VICTIM: which process may be killed. Producers have the first numbers. */
#ifndef EARLY_NAPS
#define EARLY_NAPS 0 /* that end by themselves while others are at work */
#endif

/* PLAIN_LOCKS: a lock that is just there, to make room for more sleepers. */
#if defined(VICTIM) && defined(PLAIN_LOCKS)
#error "a plain lock does not survive its owner"
#endif

#define PROCESS_COUNT (PRODUCER_COUNT + CONSUMER_COUNT)
#define MAX_PROCESSES 4

/* enum side_index */
#define PRODUCERS 0
#define CONSUMERS 1

/* struct mipc_queue_side */
typedef queue_side {
	byte lock;
	byte other_position;
	byte intent_position;
	byte intent_count;
	byte count;
	byte position;
	byte event;
};
queue_side sides[2];
byte cursor; /* of the consumers' side */
bool look_again;
byte slots[CAPACITY];

/* A lock's word. A process's name is its number + 1. */
#define WAITERS 128
#define OWNER_DIED 64
#define NAME_MASK 63

/* An event's word. */
#define MAYBE_ASLEEP 1
#define NEWLY_ASLEEP 2
#define ONE_BUMP 4

/* What the kernel knows of each process. */
#define AWAKE 0
#define LOCK_OF(s) (1 + (s))
#define EVENT_OF(s) (3 + (s))
byte asleep_on[MAX_PROCESSES]; /* AWAKE or a futex */
byte announced[MAX_PROCESSES]; /* list_op_pending: 0 or LOCK_OF() */
bool dead[MAX_PROCESSES];
bool byte_lock_free[MAX_PROCESSES];
bool finished[MAX_PROCESSES];
byte deaths;

/* The ledger: what nobody but the checks looks at. */
#define NOBODY 255
byte owner[2] = NOBODY;
byte acknowledged[PRODUCER_COUNT]; /* puts that returned 0 */
byte taken[PRODUCER_COUNT];

/* Message number @nth of @producer. 0 is none. */
#define MESSAGE(producer, nth) ((producer) * PUTS + (nth) + 1)
#define PRODUCER_OF(message) (((message) - 1) / PUTS)
#define NTH_OF(message) (((message) - 1) % PUTS)

/* --- steps ---------------------------------------------------------------- */

/* Each step begins with this: the dead make none. */
#define alive !dead[me]

/* Steps that the lock hides from everybody else: only the death of its owner
 * between two of them makes a difference. */
#ifdef VICTIM
#define HIDDEN
#else
#define HIDDEN atomic
#endif

/* --- platform_linux.c ----------------------------------------------------- */

/* The kernel compares and queues in one step. */
inline futex_wait(futex, memory, expected)
{
	atomic {
		alive;
		if
		:: memory == expected -> asleep_on[me] = futex
		:: else
		fi
	}
	asleep_on[me] == AWAKE
}

/* Any of the sleepers may be the first. @woken: how many. Within a step. */
inline futex_wake_one(futex)
{
	woken = 1;
	if
	:: asleep_on[0] == futex -> asleep_on[0] = AWAKE
	:: asleep_on[1] == futex -> asleep_on[1] = AWAKE
	:: asleep_on[2] == futex -> asleep_on[2] = AWAKE
	:: asleep_on[3] == futex -> asleep_on[3] = AWAKE
	:: else -> woken = 0
	fi
}

/* --- lock.c --------------------------------------------------------------- */

/* L1: the compare-exchange that makes a free or orphaned word ours. @seen: what
 * it was, or is. Within a step. */
inline try_take(s, waiters)
{
	seen = sides[s].lock;
	if
	:: (seen & NAME_MASK) == 0 ->
		sides[s].lock = (me + 1) | (seen & WAITERS) | waiters;
		assert(owner[s] == NOBODY);
		owner[s] = me;
		died = (seen & OWNER_DIED) != 0;
		got = true;
		seen = 0
	:: else
	fi
}

/* The second line: @seen stood still for a nap's time. */
inline inquire(s)
{
	if
#if defined(BREAK_ROB)
	:: true ->
#elif defined(BREAK_NO_SECOND_LINE)
	:: false ->
#else
	:: byte_lock_free[(seen & NAME_MASK) - 1] ->
#endif
		atomic {
			alive;
			if
			:: sides[s].lock == seen ->
				sides[s].lock = (seen & WAITERS) | OWNER_DIED
			:: else
			fi
		}
	:: else
	fi
}

inline sleep_for_lock(s)
{
	do
	:: got -> break
	:: else ->
		/* The hint for the owner. 0: the word has changed. */
		atomic {
			alive;
			if
			:: sides[s].lock != seen -> seen = 0
			:: else ->
				seen = seen | WAITERS;
				sides[s].lock = seen
			fi
		}
		if
		:: seen != 0 ->
			futex_wait(LOCK_OF(s), sides[s].lock, seen);
			if
			:: sides[s].lock == seen -> inquire(s)
			:: else
			fi
		:: else
		fi;
		atomic {
			alive;
#ifdef BREAK_FORGET_WAITERS
			try_take(s, 0)
#else
			try_take(s, WAITERS)
#endif
		}
	od
}

inline lock_acquire(s)
{
#ifdef PLAIN_LOCKS
	atomic {
		sides[s].lock == 0;
		sides[s].lock = me + 1
	}
#else
	/* Killed between the two is killed before both, but for a wake-up that
	 * finds nothing. */
	atomic {
		alive;
		announced[me] = LOCK_OF(s);
		try_take(s, 0)
	}
	sleep_for_lock(s);
	got = false;
	if
	:: died ->
		atomic {
			alive;
			repair(s);
			died = false
		}
	:: else
	fi
#endif
}

inline lock_release(s)
{
	/* L2 */
	atomic {
		alive;
#ifndef PLAIN_LOCKS
		seen = sides[s].lock & WAITERS;
#endif
		sides[s].lock = 0;
		owner[s] = NOBODY
	}
	atomic {
		alive;
		if
		:: seen -> futex_wake_one(LOCK_OF(s))
		:: else
		fi;
		announced[me] = 0;
		seen = 0;
		woken = 0
	}
}

/* --- event.c -------------------------------------------------------------- */

/* W4: the fence is no step here. */
inline event_notify(s)
{
	atomic {
		alive;
		word = sides[s].event
	}
	do
	:: !(word & MAYBE_ASLEEP) -> break
	:: else ->
		atomic {
			alive;
			if
			:: sides[s].event == word ->
#ifdef BREAK_CLEAR_BEFORE_WAKE
				word = (word + ONE_BUMP) & ~MAYBE_ASLEEP;
#else
				word = (word + ONE_BUMP) & ~NEWLY_ASLEEP;
#endif
				sides[s].event = word;
				got = true
			:: else -> word = sides[s].event
			fi
		}
		if
		:: got ->
			atomic {
				alive;
				futex_wake_one(EVENT_OF(s))
			}
			atomic {
				alive;
				event_settle(s);
				woken = 0;
				got = false
			}
			break
		:: else
		fi
	od;
	word = 0
}

/* Behind the wake: does the bit stay? Within a step. */
inline event_settle(s)
{
	if
#ifdef BREAK_CLEAR_BEFORE_WAKE
	:: woken -> sides[s].event = sides[s].event | MAYBE_ASLEEP
#else
	/* Not if all were woken, and nobody lay down since. */
	:: !woken && sides[s].event == word ->
		sides[s].event = word & ~MAYBE_ASLEEP
#endif
	:: else
	fi
}

/* may_put(), may_get(). @met: the answer. What is read first comes first. */
inline look(s)
{
	atomic {
		alive;
		if
		:: s == CONSUMERS -> head = cursor
		:: s == PRODUCERS -> head = sides[CONSUMERS].position
		fi
	}
	atomic {
		alive;
		if
		:: s == CONSUMERS ->
			met = (head != sides[CONSUMERS].other_position ||
				head != sides[PRODUCERS].position ||
				look_again)
		:: s == PRODUCERS ->
			met = (sides[PRODUCERS].position - head < CAPACITY)
		fi;
		head = 0
	}
}

inline announce_sleep(s)
{
	/* W1 */
	atomic {
		alive;
		word = sides[s].event | MAYBE_ASLEEP;
#ifndef BREAK_CLEAR_BEFORE_WAKE
		word = word | NEWLY_ASLEEP;
#endif
		sides[s].event = word
	}
}

inline event_await(s)
{
	look(s);
	do
	:: met -> break
	:: else ->
#ifdef BREAK_LOOK_BEFORE_W1
		look(s);
		announce_sleep(s);
#else
		announce_sleep(s);
		look(s); /* W2 */
#endif
		if
		:: !met ->
			futex_wait(EVENT_OF(s), sides[s].event, word);
			look(s)
		:: else
		fi;
		word = 0
	od;
	met = false
}

/* --- queue.c -------------------------------------------------------------- */

/* Within a step. */
inline repair(s)
{
#ifdef BREAK_NO_REPAIR
	skip
#else
	if
	:: sides[s].position == sides[s].intent_position ->
		sides[s].count = sides[s].intent_count
	:: else
	fi;
	look_again = true
#endif
}

/* One message passes side @s: its position becomes @to. */
inline commit(s, to)
{
#ifdef BREAK_INTENT_COUNT_FIRST
	atomic { alive; sides[s].intent_count = sides[s].count + 1 }
	atomic { alive; sides[s].intent_position = to }
#else
	atomic { alive; sides[s].intent_position = to }
	atomic { alive; sides[s].intent_count = sides[s].count + 1 }
#endif
	/* Q1, Q2 */
	atomic {
		alive;
		sides[s].position = to;
		check_commit(s)
	}
	atomic { alive; sides[s].count = sides[s].count + 1 }
}

/* Within a step. */
inline check_commit(s)
{
	assert(sides[CONSUMERS].position <= sides[PRODUCERS].position);
	assert(sides[PRODUCERS].position - sides[CONSUMERS].position <=
		CAPACITY);
	if
	:: s == CONSUMERS ->
		/* whole, once, and in order */
		assert(message != 0);
		assert(NTH_OF(message) == taken[PRODUCER_OF(message)]);
		taken[PRODUCER_OF(message)]++
	:: else
	fi
}

/* One try. @met: it was done. */
inline put()
{
	lock_acquire(PRODUCERS);
#ifdef BREAK_WAKE_BEFORE_COMMIT
	event_notify(CONSUMERS);
#endif
#ifdef BREAK_RELEASE_BEFORE_COMMIT
	lock_release(PRODUCERS);
#endif
	atomic {
		alive;
		/* What a lock's owner relies on: one record is one unit. */
		assert(sides[PRODUCERS].count == sides[PRODUCERS].position);
		tail = sides[PRODUCERS].position;
		if
		:: tail - sides[PRODUCERS].other_position < CAPACITY
		:: else ->
			/* Q3 */
			sides[PRODUCERS].other_position =
				sides[CONSUMERS].position
		fi;
		met = (tail - sides[PRODUCERS].other_position < CAPACITY)
	}
	if
	:: met ->
		HIDDEN {
			/* the record's bytes */
			atomic { alive; slots[tail % CAPACITY] = message }
			commit(PRODUCERS, tail + 1)
		}
	:: else
	fi;
	tail = 0;
#ifndef BREAK_RELEASE_BEFORE_COMMIT
	lock_release(PRODUCERS);
#endif
#ifndef BREAK_WAKE_BEFORE_COMMIT
	if
	:: met -> event_notify(CONSUMERS)
	:: else
	fi
#endif
}

inline get()
{
	lock_acquire(CONSUMERS);
	/* walk_start() */
	atomic {
		alive;
		assert(sides[CONSUMERS].count == sides[CONSUMERS].position);
		head = sides[CONSUMERS].position;
		if
		:: head != sides[CONSUMERS].other_position &&
			cursor != sides[CONSUMERS].other_position
		:: else ->
			/* Q3 */
			sides[CONSUMERS].other_position =
				sides[PRODUCERS].position
		fi;
		met = (head != sides[CONSUMERS].other_position)
	}
	atomic { alive; look_again = false }
	/* walk_next(), walk_take() */
	if
	:: met ->
		HIDDEN {
			atomic { alive; message = slots[head % CAPACITY] }
			commit(CONSUMERS, head + 1)
		}
		head++;
#ifdef BREAK_COPY_AFTER_COMMIT
		assert(message == slots[(head - 1) % CAPACITY]);
#endif
		message = 0
	:: else
	fi;
	/* walk_end() */
	atomic {
		alive;
		cursor = head;
		head = 0
	}
	lock_release(CONSUMERS);
	if
	:: met -> event_notify(PRODUCERS)
	:: else
	fi
}

/* --- the processes -------------------------------------------------------- */

/* What a process keeps in registers. */
#define REGISTERS                                   \
	byte seen, word, head, tail, message, done; \
	bool got, died, met, woken

proctype producer(byte me)
{
	REGISTERS;

	do
	:: done < PUTS ->
		message = MESSAGE(me, done);
		put();
		if
		:: met ->
			atomic {
				alive;
				acknowledged[me]++;
				met = false;
				done++
			}
		:: else -> event_await(PRODUCERS)
		fi
	:: else -> break
	od;
	finished[me] = true
}

proctype consumer(byte me)
{
	REGISTERS;

	do
	:: done < GETS ->
		event_await(CONSUMERS);
		get();
		if
		:: met ->
			met = false;
			done++
		:: else
		fi
	:: else -> break
	od;
	finished[me] = true
}

/* --- the kernel, the clock and the judge ---------------------------------- */

/* exit_robust_list(): the word that @victim had announced. */
inline notice(victim, s)
{
	atomic {
		seen = sides[s].lock;
		if
		:: (seen & NAME_MASK) == victim + 1 ->
			sides[s].lock = (seen & WAITERS) | OWNER_DIED
		:: else
		fi
	}
	atomic {
		if
		:: seen == 0 || ((seen & NAME_MASK) == victim + 1 &&
			(seen & WAITERS)) ->
			futex_wake_one(LOCK_OF(s))
		:: else
		fi;
		seen = 0;
		woken = 0
	}
}

inline kill(victim)
{
	atomic {
		dead[victim] = true;
		asleep_on[victim] = AWAKE;
		deaths++;
		if
		:: owner[PRODUCERS] == victim -> owner[PRODUCERS] = NOBODY
		:: owner[CONSUMERS] == victim -> owner[CONSUMERS] = NOBODY
		:: else
		fi
	}
	if
	:: announced[victim] == LOCK_OF(PRODUCERS) -> notice(victim, PRODUCERS)
	:: announced[victim] == LOCK_OF(CONSUMERS) -> notice(victim, CONSUMERS)
	:: true /* nothing announced; or missed */
	fi;
	byte_lock_free[victim] = true
}

#define QUEUE_EMPTY (sides[CONSUMERS].position == sides[PRODUCERS].position)
#define QUEUE_FULL \
	(sides[PRODUCERS].position - sides[CONSUMERS].position == CAPACITY)

/* Could the owner of @s's lock be taken for gone, or is there none? */
#define LOCK_TO_BE_HAD(s)                    \
	((sides[s].lock & NAME_MASK) == 0 || \
		byte_lock_free[(sides[s].lock & NAME_MASK) - 1])

/* Would @p go on if its nap ended? */
#define NAP_HELPS(p)                                             \
	((asleep_on[p] == LOCK_OF(PRODUCERS) &&                  \
		LOCK_TO_BE_HAD(PRODUCERS)) ||                    \
		(asleep_on[p] == LOCK_OF(CONSUMERS) &&           \
			LOCK_TO_BE_HAD(CONSUMERS)) ||            \
		(asleep_on[p] == EVENT_OF(CONSUMERS) && !QUEUE_EMPTY) || \
		(asleep_on[p] == EVENT_OF(PRODUCERS) && !QUEUE_FULL))

inline end_nap(p)
{
	/* Nothing but a death makes a nap last to its end. */
	assert(deaths > 0);
#ifdef BREAK_UNTIMED_NAPS
	assert(false);
#endif
	/* And it does help: it ends once for each, not again and again. */
	naps++;
	assert(naps <= PROCESS_COUNT);
	asleep_on[p] = AWAKE
}

/* Nothing can happen any more: is all well? */
inline judge()
{
	p = 0;
	do
	:: p < PROCESS_COUNT ->
		assert(finished[p] || dead[p] ||
			asleep_on[p] == EVENT_OF(CONSUMERS) ||
			asleep_on[p] == EVENT_OF(PRODUCERS));
		if
		:: p < PRODUCER_COUNT && QUEUE_EMPTY ->
			assert(taken[p] >= acknowledged[p])
		:: else
		fi;
		p++
	:: else -> break
	od
}

#if EARLY_NAPS
/* Time runs out for anybody, at any moment; or a signal comes. */
active proctype clock()
{
	byte ended;

	do
	:: ended < EARLY_NAPS ->
		if
		:: asleep_on[0] != AWAKE -> asleep_on[0] = AWAKE
		:: asleep_on[1] != AWAKE -> asleep_on[1] = AWAKE
		:: asleep_on[2] != AWAKE -> asleep_on[2] = AWAKE
		:: asleep_on[3] != AWAKE -> asleep_on[3] = AWAKE
		:: true -> break
		fi;
		ended++
	:: else -> break
	od
}
#endif

active proctype kernel()
{
	byte seen, p, naps;
	bool woken;

	atomic {
		do
		:: p < PRODUCER_COUNT ->
			run producer(p);
			p++
		:: p >= PRODUCER_COUNT && p < PROCESS_COUNT ->
			run consumer(p);
			p++
		:: else -> break
		od;
		p = 0
	}
#ifdef VICTIM
	if
	:: !finished[VICTIM] -> kill(VICTIM)
	:: true
	fi;
#endif
	do
	:: timeout ->
		if
		:: NAP_HELPS(0) -> end_nap(0)
		:: NAP_HELPS(1) -> end_nap(1)
		:: NAP_HELPS(2) -> end_nap(2)
		:: NAP_HELPS(3) -> end_nap(3)
		:: else -> break
		fi
	od;
	judge()
}
