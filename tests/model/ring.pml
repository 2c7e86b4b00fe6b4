/* ring.pml - the ring's commit and take-over, on a processor whose stores are
 * late and out of order.
 *
 * A model for spin (https://spinroot.com); see queue.pml, which opens with how
 * such a model is read and run. Here it is the memory that matters: one
 * producer, one consumer, each killed or not, and its successor.
 *
 *   R1  ring.c       publish(): the header of the first   publish
 *   R2  ring.c       publish(): the tail                  write_call
 *       ring.c       publish(): the 0 behind the last     put_zero
 *       ring.c       fill_record(), the further headers   fill, write_call
 *   A1  ring.c       look_at(): a header                  read_call
 *   A2  ring.c       free_until(): the head               read_call
 *   A3  ring.c       check_room(): the head               check_room
 *       ring_role.c  adopt_tail() with A1 and R2          adopt
 *       ring_role.c  adopt_head()                         consumer
 *   W1  event.c      sleep_once(), the fetch_or           announce_sleep
 *   W2  event.c      sleep_once(), the fence, the look    event_await
 *   W3  R1 or A2 itself
 *   W4  event.h      event_notify(), the fence, the look  event_notify
 *
 * Stores, as an Arm core may treat them: each goes into its core's buffer and
 * to memory any time later, in any order, but that
 *
 *   - two stores to one place stay in order;
 *   - a release store goes after all that the core stored before it (what comes
 *     behind it may overtake it);
 *   - a full fence waits until the buffer is empty.
 *
 * Once in memory a store is there for everybody, as Arm has it. No side loads
 * what it has itself stored and not yet seen through, but for its own position,
 * which it keeps in its handle.
 *
 * Loads: an acquire load comes before all loads and stores behind it, and a
 * release store after all loads before it, so with A1, A2 and A3 as they are
 * loads are in order wherever it matters. What a core might do otherwise is
 * spelled out in BREAK_A1_RELAXED (the body is loaded first) and
 * BREAK_A2_RELAXED (the head is stored first). A3's order is that of a store
 * behind a branch, too, which no core turns around.
 *
 * A process that is killed makes no further step, but what it has stored gets
 * to memory; its successor begins when all of it is there, as when the byte
 * lock of the dead is free. The consumer meanwhile sees it come in any order.
 *
 * Words are numbers: a header is the length of its body in words, 0 is none;
 * each word of a body is the number of its message. Bodies differ in length, so
 * that headers come to lie where bodies were, and the other way round.
 *
 * Checked: a header that is read is one; each word of its body is that of the
 * next message, so none is torn, unwritten, stale, overwritten, lost or got
 * twice; a message whose write returned is not left out by a take-over; nobody
 * sleeps who could go on, unless somebody was killed.
 *
 * Not in here: -EPIPE and deadlines (a successor always comes), the roles
 * themselves (a successor begins only when it may), and what event.c does for
 * several sleepers, for which see queue.pml.
 */

#ifndef WORDS
#define WORDS 6 /* capacity */
#endif
#ifndef LAST_OF_FIRST
#define LAST_OF_FIRST 3 /* messages of the first producer: 1 to this */
#endif
#ifndef LAST
#define LAST 4 /* those of its successor end here */
#endif

/* Who may be killed: */
#define KILLS_NOBODY 0
#define KILLS_PRODUCER 1
#define KILLS_CONSUMER 2
#ifndef KILLS
#define KILLS KILLS_NOBODY
#endif

#define LENGTH(message) (1 + (message) % 2)
#define RECORD(message) (1 + LENGTH(message))

/* record_limit(): a record leaves a word for the 0. */
#ifdef BREAK_NO_WORD_FOR_ZERO
#define LIMIT WORDS
#else
#define LIMIT (WORDS - 1)
#endif

/* --- processes ------------------------------------------------------------ */

/* Numbers of the first holder of each role; + 1: its successor. */
#define FIRST_PRODUCER 0
#define FIRST_CONSUMER 2
bool dead[4];
bool finished[4];
byte deaths;

#define alive !dead[me]
#define GONE(p) (dead[p] || finished[p])

/* The ledger. */
byte acknowledged; /* last message of the first producer whose write returned */
byte released;	   /* last message read and released */

/* --- memory --------------------------------------------------------------- */

/* Places: the data, then the two positions. These run free. */
#define AT(position) ((position) % WORDS)
#define HEAD WORDS
#define TAIL (WORDS + 1)
byte memory[WORDS + 2];

/* Each core's stores on their way. A role moves to another core only when they
 * have arrived, so a buffer goes with the role. */
#define PRODUCER 0
#define CONSUMER 1
#ifndef DEPTH
#define DEPTH 5
#endif
typedef store_buffer {
	byte used;
	byte place[DEPTH];
	byte value[DEPTH];
	bool release[DEPTH];
};
store_buffer late[2];

#define RELAXED false
#define RELEASE true

/* A step. It waits while the buffer is full. */
inline store(role, at, what, order)
{
	atomic {
		alive && late[role].used < DEPTH;
		late[role].place[late[role].used] = at;
		late[role].value[late[role].used] = what;
		late[role].release[late[role].used] = order;
		late[role].used++
	}
}

#define FENCE(role) (late[role].used == 0)

/* May the @n-th store of @role's buffer go to memory? */
#define BEHIND(role, n, earlier)                                       \
	((n) > (earlier) &&                                            \
		(late[role].release[n] ||                              \
			late[role].place[n] == late[role].place[earlier]))
#define MAY_ARRIVE(role, n)                                           \
	((n) < late[role].used && !BEHIND(role, n, 0) &&              \
		!BEHIND(role, n, 1) && !BEHIND(role, n, 2) && \
		!BEHIND(role, n, 3))

inline arrive(role, n)
{
	d_step {
		memory[late[role].place[n]] = late[role].value[n];
		i = n + 1;
		do
		:: i < late[role].used ->
			late[role].place[i - 1] = late[role].place[i];
			late[role].value[i - 1] = late[role].value[i];
			late[role].release[i - 1] = late[role].release[i];
			i++
		:: else -> break
		od;
		i = 0;
		late[role].used--;
		late[role].place[late[role].used] = 0;
		late[role].value[late[role].used] = 0;
		late[role].release[late[role].used] = false
	}
}

/* The cores: whatever may arrive does, some time. */
active proctype cores()
{
	byte i;

	do
	:: MAY_ARRIVE(PRODUCER, 0) -> arrive(PRODUCER, 0)
	:: MAY_ARRIVE(PRODUCER, 1) -> arrive(PRODUCER, 1)
	:: MAY_ARRIVE(PRODUCER, 2) -> arrive(PRODUCER, 2)
	:: MAY_ARRIVE(PRODUCER, 3) -> arrive(PRODUCER, 3)
	:: MAY_ARRIVE(PRODUCER, 4) -> arrive(PRODUCER, 4)
	:: MAY_ARRIVE(CONSUMER, 0) -> arrive(CONSUMER, 0)
	od
}

/* --- event.c -------------------------------------------------------------- */

/* One event for each role, where its holder sleeps. */
#define MAYBE_ASLEEP 1
#define NEWLY_ASLEEP 2
#define ONE_BUMP 4
byte events[2];
bool asleep[2];

/* W4. @role: who is woken; the caller has the other one. */
inline event_notify(role)
{
	atomic {
#ifdef BREAK_NO_FENCE
		alive;
#else
		alive && FENCE(1 - role);
#endif
		event = events[role]
	}
	do
	:: !(event & MAYBE_ASLEEP) -> break
	:: else ->
		atomic {
			alive;
			if
			:: events[role] == event ->
				event = (event + ONE_BUMP) & ~NEWLY_ASLEEP;
				events[role] = event;
				bumped = true
			:: else -> event = events[role]
			fi
		}
		if
		:: bumped ->
			atomic {
				alive;
				if
				:: asleep[role] -> asleep[role] = false
				:: !asleep[role] && events[role] == event ->
					events[role] = event & ~MAYBE_ASLEEP
				:: else
				fi;
				bumped = false
			}
			break
		:: else
		fi
	od;
	event = 0
}

inline announce_sleep(role)
{
	/* W1 */
	atomic {
		alive;
		event = events[role] | MAYBE_ASLEEP | NEWLY_ASLEEP;
		events[role] = event
	}
}

inline look(condition)
{
	atomic { alive; met = (condition) }
}

/* Until @condition, which looks at one place in memory. */
inline event_await(role, condition)
{
	look(condition);
	do
	:: met -> break
	:: else ->
#ifdef BREAK_LOOK_BEFORE_W1
		look(condition);
		announce_sleep(role);
#else
		announce_sleep(role);
		FENCE(role);
		look(condition); /* W2 */
#endif
		if
		:: !met ->
			atomic {
				alive;
				if
				:: events[role] == event -> asleep[role] = true
				:: else
				fi
			}
			!asleep[role];
			look(condition)
		:: else
		fi;
		event = 0
	od;
	met = false
}

/* --- ring.c, the producer ------------------------------------------------- */

/* Is there room for @need words behind tail? @met says so. Within a step. */
inline check_room(need)
{
	if
	:: tail + (need) - head_seen <= LIMIT
	:: else -> head_seen = memory[HEAD] /* A3 */
	fi;
	met = (tail + (need) - head_seen <= LIMIT)
}

/* adopt_tail(): go on where the last producer stopped. */
inline adopt()
{
	atomic { alive; head_seen = memory[HEAD] }
	atomic {
		alive;
		tail = memory[TAIL];
		/* The consumer may be ahead of a tail that is behind. */
		if
		:: tail < head_seen -> tail = head_seen
		:: else
		fi;
		assert(tail - head_seen <= WORDS)
	}
#ifndef BREAK_TRUST_TAIL
	do
	:: true ->
		/* A1 */
		atomic { alive; word = memory[AT(tail)] }
		if
		:: word == 0 -> break
		:: else ->
			assert(tail + 1 + word - head_seen <= LIMIT);
			tail = tail + 1 + word
		fi
	od;
#endif
	store(PRODUCER, TAIL, tail, RELEASE);
}

/* The body of @message, whose record begins at @position. */
inline fill(position, message)
{
	store(PRODUCER, AT(position + 1), message, RELAXED);
	if
	:: LENGTH(message) == 2 ->
		store(PRODUCER, AT(position + 2), message, RELAXED)
	:: else
	fi
}

inline publish()
{
	/* R1 */
#ifdef BREAK_R1_RELAXED
	store(PRODUCER, AT(tail), LENGTH(next), RELAXED);
#else
	store(PRODUCER, AT(tail), LENGTH(next), RELEASE);
#endif
}

inline put_zero()
{
	store(PRODUCER, AT(end), 0, RELAXED);
}

/* One message, or a batch of two where they fit. */
inline write_call()
{
	atomic { alive; check_room(RECORD(next)) }
	if
	:: !met ->
		event_await(PRODUCER,
			tail + RECORD(next) - memory[HEAD] <= LIMIT);
		atomic { alive; check_room(RECORD(next)) }
		assert(met)
	:: else
	fi;
	met = false;
#ifdef BREAK_HEADER_BEFORE_BODY
	end = tail + RECORD(next);
	put_zero();
	publish();
#endif
	fill(tail, next);
	end = tail + RECORD(next);
	count = 1;
	if
	:: next < last ->
		atomic {
			alive;
			check_room(RECORD(next) + RECORD(next + 1))
		}
		if
		:: met ->
			met = false;
			fill(end, next + 1);
			store(PRODUCER, AT(end), LENGTH(next + 1), RELAXED);
			end = end + RECORD(next + 1);
			count = 2
		:: true /* one by one */
		fi;
		met = false
	:: true
	fi;
#if !defined(BREAK_NO_ZERO) && !defined(BREAK_ZERO_AFTER_HEADER)
	put_zero();
#endif
#ifndef BREAK_HEADER_BEFORE_BODY
	publish();
#endif
#ifdef BREAK_ZERO_AFTER_HEADER
	put_zero();
#endif
	/* R2 */
	store(PRODUCER, TAIL, end, RELEASE);
	tail = end;
	end = 0;
	event_notify(CONSUMER);
	atomic {
		alive;
		next = next + count;
		if
		:: me == FIRST_PRODUCER -> acknowledged = next - 1
		:: else
		fi;
		count = 0
	}
}

proctype producer(byte me, next, last)
{
	byte tail, head_seen, end, count, word, event;
	bool met, bumped;

	if
	:: me == FIRST_PRODUCER
	:: else -> GONE(FIRST_PRODUCER) && FENCE(PRODUCER)
	fi;
	adopt();
	do
	:: next <= last -> write_call()
	:: else -> break
	od;
	finished[me] = true
}

/* --- ring.c, the consumer ------------------------------------------------- */

/* One word of the body of the record at @end must be of message @next. But the
 * first one may tell that this is the first message of a new producer: right
 * behind the last that the old one had acknowledged, or a little later. Within
 * a step. */
inline check_word(value)
{
	if
	:: value == LAST_OF_FIRST + 1 && dead[FIRST_PRODUCER] && !inside ->
		assert(next > acknowledged);
		next = value
	:: else -> assert(value == next)
	fi;
	inside = true
}

inline load_word(n)
{
	atomic {
		alive;
		check_word(memory[AT(end + n)])
	}
}

/* The record at @end, the header of which was loaded as @word. */
inline read_record()
{
	assert(word <= 2);
#ifdef BREAK_A1_RELAXED
	if
	:: early != 0 -> check_word(early - 1); early = 0
	:: else -> load_word(1)
	fi;
#else
	load_word(1);
#endif
	if
	:: word == 2 -> load_word(2)
	:: else
	fi;
	end = end + 1 + word;
	next++;
	inside = false
}

/* One record, or several that are there. */
inline read_call()
{
	end = head;
#ifdef BREAK_A1_RELAXED
	/* What the body's place held at any time since the last call. */
	atomic { alive; early = memory[AT(end + 1)] + 1 }
#endif
	event_await(CONSUMER, memory[AT(head)] != 0);
	do
	:: true ->
		/* A1 */
		atomic { alive; word = memory[AT(end)] }
		if
		:: word != 0 ->
#ifdef BREAK_A2_RELAXED
			store(CONSUMER, HEAD, end + 1 + word, RELAXED);
#endif
			read_record()
		:: else -> break
		fi
		if
		:: true /* is there another one? */
		:: true -> break
		fi
	od;
	word = 0;
	head = end;
	end = 0;
	/* A2 */
	atomic {
		store(CONSUMER, HEAD, head, RELEASE);
		released = next - 1
	}
	event_notify(PRODUCER)
}

proctype consumer(byte me)
{
	byte head, end, next, word, event;
	bool met, bumped, inside;
#ifdef BREAK_A1_RELAXED
	byte early;
#endif

	if
	:: me == FIRST_CONSUMER
	:: else -> GONE(FIRST_CONSUMER) && FENCE(CONSUMER)
	fi;
	/* adopt_head() */
	atomic {
		alive;
		head = memory[HEAD];
		next = released + 1
	}
	do
	:: next <= LAST -> read_call()
	:: else -> break
	od;
	finished[me] = true
}

/* --- the kernel, the clock and the judge ---------------------------------- */

inline kill(victim, role)
{
	atomic {
		dead[victim] = true;
		asleep[role] = false;
		deaths++
	}
}


active proctype kernel()
{
	atomic {
		run producer(FIRST_PRODUCER, 1, LAST_OF_FIRST);
		run producer(FIRST_PRODUCER + 1, LAST_OF_FIRST + 1, LAST);
		run consumer(FIRST_CONSUMER);
#if KILLS == KILLS_CONSUMER
		run consumer(FIRST_CONSUMER + 1)
#endif
	}
	if
#if KILLS == KILLS_PRODUCER
	:: !finished[FIRST_PRODUCER] -> kill(FIRST_PRODUCER, PRODUCER)
#endif
#if KILLS == KILLS_CONSUMER
	:: !finished[FIRST_CONSUMER] -> kill(FIRST_CONSUMER, CONSUMER)
#endif
	:: true
	fi;
	/* When nothing else can happen, naps end: see queue.pml. As long as the
	 * consumer has not got its last message, it sleeps only beside an empty
	 * ring, and no producer beside that. */
	do
	:: timeout ->
		if
		:: asleep[CONSUMER] && memory[AT(memory[HEAD])] != 0 ->
			assert(deaths > 0);
			asleep[CONSUMER] = false
		:: asleep[PRODUCER] && memory[AT(memory[HEAD])] == 0 ->
			assert(deaths > 0);
			asleep[PRODUCER] = false
		:: else -> break
		fi
	od;
	assert(released == LAST);
	assert(finished[FIRST_PRODUCER] || dead[FIRST_PRODUCER]);
	assert(finished[FIRST_PRODUCER + 1])
}
