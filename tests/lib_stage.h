/* lib_stage.h - what the library's tests share: names, processes, bytes.
 *
 * A test runs in a process of its own (libcheck's) and starts others with
 * lib_spawn(). WANT() works in all of them: in the test it fails the test, in
 * one of its children it prints the same line and ends the child with 1, which
 * lib_join() then turns into the test's failure. No child outlives its parent,
 * and what a failed test leaves in shared memory lib_main() sweeps up.
 */
#ifndef MIPC_TESTS_LIB_STAGE_H
#define MIPC_TESTS_LIB_STAGE_H

#include <check.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "layout.h"

enum {
	LIB_NAME_BYTES = 64,
	LIB_PATH_BYTES = 512,
};

/* No assertion is about time: this only bounds how long a hang takes. */
#define LIB_PATIENCE_NS UINT64_C(20000000000)
/* A time-out that is expected to pass. */
#define LIB_BRIEF_NS UINT64_C(5000000)

/* WANT - @call must return @want. WANT_TRUE - @what must hold. */
#define WANT(call, want) \
	lib_want(__FILE__, __LINE__, #call, (int64_t)(call), (int64_t)(want))
#define WANT_TRUE(what)                                                   \
	((what) ? (void)0                                                 \
		: lib_fail("%s:%d: %s does not hold", __FILE__, __LINE__, \
			  #what))

void lib_want(const char *file, int line, const char *what, int64_t got,
	int64_t want);
_Noreturn void lib_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* lib_skip - say that a test cannot run here, and why. The test then returns. */
void lib_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A name that nobody else uses, of a segment in shared memory; and its path. */
void lib_name(char name[LIB_NAME_BYTES]);
void lib_path(char path[LIB_PATH_BYTES], const char *name);

/* Zeroed memory that this process and its children share. Never freed. */
void *lib_shared(size_t bytes);

/* lib_spawn - run @act in a child, which ends with 0 if it returns. */
pid_t lib_spawn(void (*act)(void *arg), void *arg);
/* lib_join - wait for it; anything but 0 fails the test. */
void lib_join(pid_t pid);
/* lib_kill - by SIGKILL, and wait until it is gone. It must have lived. */
void lib_kill(pid_t pid);
/* lib_count_kill - one that the test has seen to by itself. A test that fails says
 * how many there were before. */
void lib_count_kill(void);
/* lib_detach - in a child: do not die with the parent. It must end by itself. */
void lib_detach(void);
void lib_stop(pid_t pid);

/* lib_await - until *@step is at least @want; a hang fails the test. */
void lib_await(const _Atomic unsigned *step, unsigned want);
void lib_step(_Atomic unsigned *step, unsigned to);
_Noreturn void lib_sleep_for_ever(void);

uint64_t lib_now_ns(void);
void lib_sleep_us(unsigned us);
/* A generator with a seed; lib_seed() prints the one it gives. */
uint64_t lib_random(uint64_t *state);
uint64_t lib_seed(const char *what);

/* The @len bytes of message @number, and: are they the ones? */
void lib_fill(void *body, size_t len, uint64_t number);
bool lib_matches(const void *body, size_t len, uint64_t number);

/* A message that says who sent it and which of its messages it is, and whose
 * length and body follow from that. */
enum { LIB_BODY_MAX_BYTES = 120 };
struct lib_message {
	uint32_t sender;
	uint32_t number;
	uint8_t body[LIB_BODY_MAX_BYTES];
};
/* Returns its length in bytes. */
size_t lib_message_make(
	struct lib_message *message, uint32_t sender, uint32_t number);
void lib_message_check(const struct lib_message *message, size_t len);

/* The three products, as far as they are alike. */
struct mipc_options;
struct lib_kind {
	const char *name;
	bool any_size; /* of data: no power of two needed */
	int (*create)(const char *name, const struct mipc_options *options,
		void **ret_handle);
	int (*open)(const char *name, const struct mipc_options *options,
		void **ret_handle);
	int (*unlink)(const char *name);
	void (*close)(void *handle);
	void (*use)(void *handle); /* in and out; must work */
};
enum { LIB_KIND_COUNT = 3 };
extern const struct lib_kind lib_kinds[LIB_KIND_COUNT];

/* A segment's file as it is, behind the library's back. */
struct lib_view {
	struct mipc_segment *shared;
	uint8_t *data;
	size_t data_bytes;
	size_t bytes;
};
void lib_view_open(struct lib_view *view, const char *name);
void lib_view_close(struct lib_view *view);

/* A file's bytes, and: are they still the same? */
struct lib_copy {
	uint8_t *bytes;
	size_t len;
};
struct lib_copy lib_copy_of(const char *path);
void lib_copy_free(struct lib_copy *copy);
/* As WANT_TRUE; frees @copy. */
void lib_want_unchanged(struct lib_copy *copy, const char *path);
void lib_write_file(const char *path, const void *bytes, size_t len);

/* lib_main - run @tests. Returns main()'s exit status. */
int lib_main(const char *name, const TTest *const *tests, size_t count);
#define LIB_MAIN(name, tests) \
	lib_main(name, tests, sizeof(tests) / sizeof((tests)[0]))

#endif
