/* test_facts.c - what the operating system does to a handle: exec, threads that
 * end, descriptors closed, names taken away, reboots. The table in
 * docs/design.md, "Facts and their tests", says which test is for what.
 */
#include "lib_stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/ring.h>
#include <mmapipc/shm.h>

#include "party.h"
#include "platform.h"
#include "queue_side.h"

enum { BOTH = MIPC_RING_PRODUCER | MIPC_RING_CONSUMER };

/* What the processes of one test share; the pointers are the one's who set
 * them. */
struct scene {
	char name[LIB_NAME_BYTES];
	char ring_name[LIB_NAME_BYTES];
	mipc_queue *queue;
	_Atomic unsigned step;
	_Atomic unsigned attached;
	int pipe[2];
	bool sealed;
	bool by_party; /* locks are named by their party */
};

static struct scene *new_scene(void)
{
	struct scene *scene = lib_shared(sizeof(*scene));

	lib_name(scene->name);
	lib_name(scene->ring_name);
	return scene;
}

static int lock_side(mipc_queue *queue, enum side_index side, uint64_t timeout)
{
	struct wait wait = {.timeout_ns = timeout};
	int rc = lock_acquire(
		&side_of(queue, side)->lock, &queue->segment, &wait);

	segment_wait_end();
	return rc;
}

static void put_text(mipc_queue *queue, const char *text)
{
	WANT(mipc_queue_put(queue, text, strlen(text) + 1, LIB_PATIENCE_NS), 0);
}

static void want_text(mipc_queue *queue, const char *text)
{
	char got[32] = "";
	size_t len = 0;

	WANT(mipc_queue_get(queue, got, sizeof(got), LIB_PATIENCE_NS, &len), 0);
	WANT(len, strlen(text) + 1);
	WANT(strcmp(got, text), 0);
}

static unsigned parties_of(mipc_queue *queue)
{
	struct mipc_queue_info info;

	WANT(mipc_queue_inspect(queue, &info), 0);
	return info.parties;
}

/* Has @pid a descriptor of a file whose name has @part in it? */
static bool has_open(pid_t pid, const char *part)
{
	char folder[64], path[400], target[400];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/proc/%ld/fd", (long)pid);
	dir = opendir(folder);
	WANT_TRUE(dir != NULL);
	while (!found && (entry = readdir(dir))) {
		ssize_t len;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		found = strstr(target, part) != NULL;
	}
	closedir(dir);
	return found;
}

static bool has_mapped(pid_t pid, const char *part)
{
	char path[64], line[512];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%ld/maps", (long)pid);
	maps = fopen(path, "r");
	WANT_TRUE(maps != NULL);
	while (!found && fgets(line, sizeof(line), maps))
		found = strstr(line, part) != NULL;
	fclose(maps);
	return found;
}

/* Hold one of everything: both locks, a reservation, a lease; and a ring's roles,
 * with a message that was not read. */
static void hold_everything(struct scene *scene, mipc_queue *queue)
{
	static mipc_ring *ring;
	struct mipc_lease lease;

	WANT(mipc_ring_create(scene->ring_name, 0, BOTH, NULL, &ring), 0);
	WANT(mipc_ring_write(ring, "ring", 5, 0), 0);
	WANT(mipc_queue_reserve(queue, 20, LIB_PATIENCE_NS, &lease), 0);
	WANT(mipc_queue_acquire(queue, LIB_PATIENCE_NS, &lease), 0);
	queue->segment.at_home = !scene->by_party;
	/* A thread has one lock at a time for the kernel to look after. */
	WANT(lock_side(queue, scene->by_party, LIB_PATIENCE_NS), 0);
}

/* What a survivor must find after a holder of everything. */
static void want_all_given_back(struct scene *scene, mipc_queue *queue)
{
	struct mipc_lease lease;
	struct mipc_queue_info info;
	mipc_ring *ring;
	char text[8];
	size_t len;

	put_text(queue, "third");
	/* What was leased comes again; what was reserved never does. */
	for (unsigned i = 0; i < 3; i++) {
		static const char *const texts[] = {"first", "second", "third"};
		bool known = false;

		WANT(mipc_queue_acquire(queue, LIB_PATIENCE_NS, &lease), 0);
		for (unsigned k = 0; k < 3; k++)
			if (!strcmp(lease.data, texts[k])) {
				known = true;
				WANT(lease.returns, k == 0);
			}
		WANT_TRUE(known);
		WANT(mipc_queue_release(queue, &lease), 0);
	}
	WANT(mipc_queue_acquire(queue, LIB_BRIEF_NS, &lease), -ETIMEDOUT);
	WANT(mipc_queue_inspect(queue, &info), 0);
	WANT(info.messages, 0);
	WANT(info.producer_lock_holder, 0);
	WANT(info.consumer_lock_holder, 0);
	WANT(mipc_queue_check(queue), 0);
	WANT(mipc_ring_open(scene->ring_name, BOTH, NULL, &ring), 0);
	WANT(mipc_ring_read(ring, text, sizeof(text), 0, &len), 0);
	WANT(strcmp(text, "ring"), 0);
	mipc_ring_close(ring);
	WANT(mipc_ring_unlink(scene->ring_name), 0);
}

static void hold_and_exec(void *arg)
{
	struct scene *scene = arg;
	mipc_queue *queue;

	WANT(scene->sealed ? mipc_queue_from_fd(
				     mipc_queue_fd(scene->queue), NULL, &queue)
			   : mipc_queue_open(scene->name, NULL, &queue),
		0);
	hold_everything(scene, queue);
	atomic_store(&scene->attached, parties_of(queue));
	execlp("sleep", "sleep", "1000", (char *)NULL);
	lib_fail("cannot run sleep(1): %s", strerror(errno));
}

START_TEST(test_facts_exec_leaves_nothing_to_the_new_program)
{
	for (unsigned i = 0; i < 4; i++) {
		struct scene *scene = new_scene();
		const struct mipc_options options = {
			.flags = i % 2 ? MIPC_MEMFD : 0};
		char byte;
		pid_t child;

		scene->sealed = i % 2;
		scene->by_party = i / 2;
		WANT(mipc_queue_create(scene->name, 0, &options, &scene->queue),
			0);
		put_text(scene->queue, "first");
		put_text(scene->queue, "second");
		/* Closed by exec: so we know when. */
		WANT(pipe2(scene->pipe, O_CLOEXEC), 0);
		child = lib_spawn(hold_and_exec, scene);
		close(scene->pipe[1]);
		WANT(read(scene->pipe[0], &byte, 1), 0);
		close(scene->pipe[0]);
		WANT(atomic_load(&scene->attached), 2);
		/* The process lives; its handles do not. */
		WANT_TRUE(!has_open(child, "mmapipc-test-"));
		WANT_TRUE(!has_mapped(child, "mmapipc-test-"));
		WANT(parties_of(scene->queue), 1);
		want_all_given_back(scene, scene->queue);
		lib_kill(child);
		mipc_queue_close(scene->queue);
		if (!scene->sealed)
			WANT(mipc_queue_unlink(scene->name), 0);
	}
}
END_TEST

static void *lock_and_end(void *arg)
{
	struct scene *scene = arg;

	WANT(lock_side(scene->queue, PRODUCERS, 0), 0);
	pthread_exit(NULL);
}

/* A thread of this process ends with a lock in its hands; the process stays. */
static void lose_a_thread(void *arg)
{
	struct scene *scene = arg;
	pthread_t thread;

	WANT(mipc_queue_open(scene->name, NULL, &scene->queue), 0);
	scene->queue->segment.at_home = !scene->by_party;
	WANT(pthread_create(&thread, NULL, lock_and_end, scene), 0);
	WANT(pthread_join(thread, NULL), 0);
	lib_step(&scene->step, 1);
	lib_sleep_for_ever();
}

START_TEST(test_facts_thread_that_ended_in_a_lock_is_seen_from_home)
{
	struct scene *scene = new_scene();
	mipc_queue *queue;
	pid_t child;

	if (!platform_thread()) {
		lib_skip("a thread's end: get_robust_list(2) gives no list");
		return;
	}
	WANT(mipc_queue_create(scene->name, 0, NULL, &queue), 0);
	child = lib_spawn(lose_a_thread, scene);
	lib_await(&scene->step, 1);
	put_text(queue, "text");
	want_text(queue, "text");
	WANT(side_of(queue, PRODUCERS)->recoveries, 1);
	lib_kill(child);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(scene->name), 0);
}
END_TEST

/* Only the process says that it lives, and it does. */
START_TEST(test_facts_thread_that_ended_in_a_lock_elsewhere_is_its_process)
{
	struct scene *scene = new_scene();
	mipc_queue *queue;
	pid_t child;

	scene->by_party = true;
	WANT(mipc_queue_create(scene->name, 0, NULL, &queue), 0);
	child = lib_spawn(lose_a_thread, scene);
	lib_await(&scene->step, 1);
	WANT(mipc_queue_put(queue, "x", 1, 3 * LIB_BRIEF_NS), -ETIMEDOUT);
	lib_kill(child);
	put_text(queue, "text");
	want_text(queue, "text");
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(scene->name), 0);
}
END_TEST

struct held {
	mipc_queue *queue;
	mipc_ring *ring;
	struct mipc_lease reserved, leased;
	void *place;
	const void *seen;
	size_t len;
};

static void *take_and_end(void *arg)
{
	struct held *held = arg;

	WANT(mipc_queue_reserve(held->queue, 4, 0, &held->reserved), 0);
	WANT(mipc_queue_acquire(held->queue, 0, &held->leased), 0);
	WANT(mipc_ring_reserve(held->ring, 4, 0, &held->place), 0);
	WANT(mipc_ring_peek(held->ring, 0, &held->seen, &held->len), 0);
	return NULL;
}

START_TEST(test_facts_thread_that_ended_leaves_its_records_to_another)
{
	struct scene *scene = new_scene();
	struct held held = {0};
	pthread_t thread;

	WANT(mipc_queue_create(scene->name, 0, NULL, &held.queue), 0);
	WANT(mipc_ring_create(scene->ring_name, 0, BOTH, NULL, &held.ring), 0);
	put_text(held.queue, "old");
	WANT(mipc_ring_write(held.ring, "old", 4, 0), 0);
	WANT(pthread_create(&thread, NULL, take_and_end, &held), 0);
	WANT(pthread_join(thread, NULL), 0);
	/* Nobody takes them for left behind. */
	for (unsigned i = 0; i < 3; i++)
		queue_tend(held.queue, true);
	WANT(mipc_queue_return(held.queue, &held.leased), 0);
	memcpy(held.reserved.data, "new", 4);
	WANT(mipc_queue_commit(held.queue, &held.reserved), 0);
	want_text(held.queue, "old");
	want_text(held.queue, "new");
	memcpy(held.place, "new", 4);
	WANT(mipc_ring_commit(held.ring, 4), 0);
	WANT(strcmp(held.seen, "old"), 0);
	WANT(mipc_ring_release(held.ring), 0);
	WANT(mipc_ring_peek(held.ring, 0, &held.seen, &held.len), 0);
	WANT(strcmp(held.seen, "new"), 0);
	mipc_ring_close(held.ring);
	mipc_queue_close(held.queue);
	WANT(mipc_ring_unlink(scene->ring_name), 0);
	WANT(mipc_queue_unlink(scene->name), 0);
}
END_TEST

/* A robust mutex hangs here: the kernel finds its list gone. */
static void hold_unmapped(void *arg)
{
	struct scene *scene = arg;

	WANT(mipc_queue_open(scene->name, NULL, &scene->queue), 0);
	WANT(lock_side(scene->queue, PRODUCERS, 0), 0);
	WANT(munmap(scene->queue->segment.shared,
		     scene->queue->segment.map_bytes),
		0);
	lib_step(&scene->step, 1);
	lib_sleep_for_ever();
}

START_TEST(test_facts_owner_that_unmapped_its_lock_is_found_dead)
{
	struct scene *scene = new_scene();
	mipc_queue *queue;
	pid_t child;

	WANT(mipc_queue_create(scene->name, 0, NULL, &queue), 0);
	child = lib_spawn(hold_unmapped, scene);
	lib_await(&scene->step, 1);
	WANT(mipc_queue_put(queue, "x", 1, LIB_BRIEF_NS), -ETIMEDOUT);
	lib_kill(child);
	put_text(queue, "text");
	want_text(queue, "text");
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(scene->name), 0);
}
END_TEST

/* POSIX record locks go with any descriptor of the file. */
static void close_other_descriptors(void *arg)
{
	struct scene *scene = arg;
	char path[LIB_PATH_BYTES];
	mipc_queue *queue, *second;
	mipc_ring *ring, *observer;
	int fd;

	WANT(mipc_queue_open(scene->name, NULL, &queue), 0);
	WANT(mipc_ring_create(scene->ring_name, 0, BOTH, NULL, &ring), 0);
	WANT(mipc_queue_open(scene->name, NULL, &second), 0);
	WANT(mipc_ring_open(
		     scene->ring_name, MIPC_RING_OBSERVER, NULL, &observer),
		0);
	mipc_queue_close(second);
	mipc_ring_close(observer);
	lib_path(path, scene->name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	WANT_TRUE(fd >= 0);
	close(fd);
	lib_path(path, scene->ring_name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	WANT_TRUE(fd >= 0);
	close(fd);
	lib_step(&scene->step, 1);
	lib_sleep_for_ever();
}

START_TEST(test_facts_closing_another_descriptor_keeps_the_party_alive)
{
	struct scene *scene = new_scene();
	mipc_queue *queue;
	mipc_ring *ring;
	pid_t child;

	WANT(mipc_queue_create(scene->name, 0, NULL, &queue), 0);
	child = lib_spawn(close_other_descriptors, scene);
	lib_await(&scene->step, 1);
	WANT(parties_of(queue), 2);
	WANT(mipc_ring_open(scene->ring_name, BOTH, NULL, &ring), -EBUSY);
	lib_kill(child);
	WANT(parties_of(queue), 1);
	WANT(mipc_ring_open(scene->ring_name, BOTH, NULL, &ring), 0);
	mipc_ring_close(ring);
	mipc_queue_close(queue);
	WANT(mipc_ring_unlink(scene->ring_name), 0);
	WANT(mipc_queue_unlink(scene->name), 0);
}
END_TEST

START_TEST(test_facts_name_made_again_is_another_segment)
{
	struct scene *scene = new_scene();
	mipc_queue *old[2], *new[2], *none;

	WANT(mipc_queue_create(scene->name, 0, NULL, &old[0]), 0);
	WANT(mipc_queue_open(scene->name, NULL, &old[1]), 0);
	WANT(mipc_queue_unlink(scene->name), 0);
	WANT(mipc_queue_open(scene->name, NULL, &none), -ENOENT);
	WANT(mipc_queue_create(scene->name, 0, NULL, &new[0]), 0);
	WANT(mipc_queue_open(scene->name, NULL, &new[1]), 0);
	put_text(old[0], "old");
	put_text(new[0], "new");
	want_text(new[1], "new");
	want_text(old[1], "old");
	WANT(parties_of(old[0]), 2);
	WANT(parties_of(new[0]), 2);
	for (unsigned i = 0; i < 2; i++) {
		mipc_queue_close(old[i]);
		mipc_queue_close(new[i]);
	}
	WANT(mipc_queue_unlink(scene->name), 0);
}
END_TEST

static void open_and_get(void *arg)
{
	struct scene *scene = arg;
	mipc_queue *queue;

	lib_await(&scene->step, 1);
	WANT(mipc_queue_open(scene->name, NULL, &queue), 0);
	want_text(queue, "new");
	mipc_queue_close(queue);
}

/* The opener has the old file already, but is not attached yet: it waits for the
 * attach lock, which is ours. */
START_TEST(test_facts_name_replaced_under_an_opener_leads_to_the_new)
{
	struct scene *scene = new_scene();
	pid_t child = lib_spawn(open_and_get, scene);
	mipc_queue *old, *new;

	WANT(mipc_queue_create(scene->name, 0, NULL, &old), 0);
	put_text(old, "old");
	WANT(party_lock(&old->segment), 0);
	lib_step(&scene->step, 1);
	while (!has_open(child, scene->name))
		lib_sleep_us(100);
	WANT(mipc_queue_unlink(scene->name), 0);
	WANT(mipc_queue_create(scene->name, 0, NULL, &new), 0);
	put_text(new, "new");
	party_unlock(&old->segment);
	lib_join(child);
	WANT(parties_of(old), 1);
	want_text(old, "old");
	mipc_queue_close(old);
	mipc_queue_close(new);
	WANT(mipc_queue_unlink(scene->name), 0);
}
END_TEST

static void hold_for_ever(void *arg)
{
	struct scene *scene = arg;
	mipc_queue *queue;

	WANT(mipc_queue_open(scene->name, NULL, &queue), 0);
	hold_everything(scene, queue);
	lib_step(&scene->step, 1);
	lib_sleep_for_ever();
}

/* Bytes of a file while everything in it is held, in a file that nobody holds:
 * what a reboot leaves on a disk. */
static void copy_file(const char *from, const char *to)
{
	char path[LIB_PATH_BYTES];
	struct lib_copy copy;

	lib_path(path, from);
	copy = lib_copy_of(path);
	lib_path(path, to);
	lib_write_file(path, copy.bytes, copy.len);
	lib_copy_free(&copy);
}

START_TEST(test_facts_file_of_an_earlier_boot_is_repaired)
{
	for (unsigned i = 0; i < 2; i++) {
		struct scene *scene = new_scene(), *later = new_scene();
		mipc_queue *queue;
		pid_t child;

		scene->by_party = i;
		WANT(mipc_queue_create(scene->name, 1, NULL, &queue), 0);
		put_text(queue, "first");
		put_text(queue, "second");
		child = lib_spawn(hold_for_ever, scene);
		lib_await(&scene->step, 1);
		copy_file(scene->name, later->name);
		copy_file(scene->ring_name, later->ring_name);
		/* The old ones live, and are not asked. */
		WANT(mipc_queue_unlink(scene->name), 0);
		WANT(mipc_ring_unlink(scene->ring_name), 0);
		lib_stop(child);
		mipc_queue_close(queue);
		WANT(mipc_queue_open(later->name, NULL, &queue), 0);
		WANT(parties_of(queue), 1);
		want_all_given_back(later, queue);
		mipc_queue_close(queue);
		WANT(mipc_queue_unlink(later->name), 0);
		lib_kill(child);
	}
}
END_TEST

START_TEST(test_facts_sealed_memory_takes_no_more_seals)
{
	const struct mipc_options sealed = {.flags = MIPC_MEMFD};
	mipc_shm *shm;
	int fd;

	WANT(mipc_shm_create(NULL, 4096, &sealed, &shm), 0);
	fd = mipc_shm_fd(shm);
	WANT(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	/* As a peer that wants to lock the others out would. */
	WANT(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	WANT(errno, EPERM);
	mipc_shm_close(shm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_facts_exec_leaves_nothing_to_the_new_program,
		test_facts_thread_that_ended_in_a_lock_is_seen_from_home,
		test_facts_thread_that_ended_in_a_lock_elsewhere_is_its_process,
		test_facts_thread_that_ended_leaves_its_records_to_another,
		test_facts_owner_that_unmapped_its_lock_is_found_dead,
		test_facts_closing_another_descriptor_keeps_the_party_alive,
		test_facts_name_made_again_is_another_segment,
		test_facts_name_replaced_under_an_opener_leads_to_the_new,
		test_facts_file_of_an_earlier_boot_is_repaired,
		test_facts_sealed_memory_takes_no_more_seals,
	};

	return LIB_MAIN("facts", tests);
}
