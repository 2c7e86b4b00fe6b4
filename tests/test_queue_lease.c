/* test_queue_lease.c - messages that stay in the queue while somebody works on
 * them: what one process can tell. Several are in test_queue_lease_peer.c.
 */
#include "lib_stage.h"

#include <errno.h>
#include <string.h>

#include <mmapipc/queue.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	BODY_BYTES = 40,
	RECORD_BYTES = BODY_BYTES + 8,
	NONE = -1,
};

static mipc_queue *new_queue(
	char name[LIB_NAME_BYTES], uint32_t dead_letter_after)
{
	const struct mipc_options options = {
		.dead_letter_after = dead_letter_after};
	mipc_queue *queue;

	lib_name(name);
	WANT(mipc_queue_create(name, 1, &options, &queue), 0);
	return queue;
}

static void end_queue(mipc_queue *queue, const char *name)
{
	WANT(mipc_queue_check(queue), 0);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(name), 0);
}

static int put(mipc_queue *queue, uint64_t number)
{
	uint8_t body[BODY_BYTES];

	lib_fill(body, sizeof(body), number);
	return mipc_queue_put(queue, body, sizeof(body), 0);
}

static void put_some(mipc_queue *queue, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		WANT(put(queue, from), 0);
}

static void want_get(mipc_queue *queue, int number)
{
	uint8_t body[BODY_BYTES];
	size_t len;

	WANT(mipc_queue_get(queue, body, sizeof(body), 0, &len),
		number == NONE ? -EAGAIN : 0);
	if (number == NONE)
		return;
	WANT(len, BODY_BYTES);
	WANT_TRUE(lib_matches(body, len, (uint64_t)number));
}

static struct mipc_lease reserve(mipc_queue *queue, uint64_t number)
{
	struct mipc_lease lease;

	WANT(mipc_queue_reserve(queue, BODY_BYTES, 0, &lease), 0);
	WANT(lease.len, BODY_BYTES);
	WANT(lease.returns, 0);
	WANT((uintptr_t)lease.data % 8, 0);
	lib_fill(lease.data, lease.len, number);
	return lease;
}

static struct mipc_lease acquire(
	mipc_queue *queue, uint64_t number, unsigned returns)
{
	struct mipc_lease lease;

	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	WANT(lease.len, BODY_BYTES);
	WANT(lease.returns, returns);
	WANT((uintptr_t)lease.data % 8, 0);
	WANT_TRUE(lib_matches(lease.data, lease.len, number));
	return lease;
}

static void want_over(const struct mipc_lease *lease)
{
	static const struct mipc_lease zero;

	WANT(memcmp(lease, &zero, sizeof(zero)), 0);
}

/* The queue's own count of what is in it. */
static void want_inside(mipc_queue *queue, uint64_t ready, uint64_t reserved,
	uint64_t leased, uint64_t dead)
{
	struct mipc_queue_info info;

	WANT(mipc_queue_inspect(queue, &info), 0);
	WANT(info.ready, ready);
	WANT(info.reserved, reserved);
	WANT(info.leased, leased);
	WANT(info.dead_letters, dead);
	WANT(info.messages, mipc_queue_size(queue));
	WANT(mipc_queue_check(queue), 0);
}

START_TEST(test_queue_lease_nothing_held_comes_in_order)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);

	for (unsigned i = 0; i < 1000; i++) {
		struct mipc_lease lease = reserve(queue, i);

		WANT(mipc_queue_commit(queue, &lease), 0);
		want_over(&lease);
		WANT(put(queue, i + 1), 0);
		want_inside(queue, 2, 0, 0, 0);
		lease = acquire(queue, i, 0);
		WANT(mipc_queue_release(queue, &lease), 0);
		want_over(&lease);
		want_get(queue, (int)i + 1);
		WANT_TRUE(mipc_queue_empty(queue));
		WANT(mipc_queue_size(queue), 0);
	}
	end_queue(queue, name);
}
END_TEST

START_TEST(test_queue_lease_messages_pass_what_is_held)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	struct mipc_lease writing, leased;

	put_some(queue, 0, 2);
	writing = reserve(queue, 2);
	put_some(queue, 3, 5);
	want_inside(queue, 4, 1, 0, 0);
	leased = acquire(queue, 0, 0);
	want_inside(queue, 3, 1, 1, 0);
	want_get(queue, 1);
	want_get(queue, 3);
	want_inside(queue, 1, 1, 1, 0);
	/* Committed late: before what is behind it. */
	WANT(mipc_queue_commit(queue, &writing), 0);
	want_inside(queue, 2, 0, 1, 0);
	want_get(queue, 2);
	want_get(queue, 4);
	want_get(queue, NONE);
	WANT_TRUE(!mipc_queue_empty(queue));
	want_inside(queue, 0, 0, 1, 0);
	WANT(mipc_queue_release(queue, &leased), 0);
	WANT_TRUE(mipc_queue_empty(queue));
	WANT(mipc_queue_size(queue), 0);
	end_queue(queue, name);
}
END_TEST

START_TEST(test_queue_lease_aborted_is_never_seen)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	struct mipc_lease lease = reserve(queue, 0);

	WANT(put(queue, 1), 0);
	WANT(mipc_queue_abort(queue, &lease), 0);
	want_over(&lease);
	want_inside(queue, 1, 0, 0, 0);
	WANT(mipc_queue_size(queue), 1);
	want_get(queue, 1);
	lease = reserve(queue, 2);
	WANT(mipc_queue_abort(queue, &lease), 0);
	WANT_TRUE(mipc_queue_empty(queue));
	want_get(queue, NONE);
	end_queue(queue, name);
}
END_TEST

START_TEST(test_queue_lease_long_held_fills_then_flows_again)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	uint64_t fits = mipc_queue_capacity(queue) / RECORD_BYTES;

	for (unsigned lap = 0; lap < 5; lap++) {
		struct mipc_lease held;
		uint8_t body[BODY_BYTES] = {0};
		uint64_t i;

		WANT(put(queue, 0), 0);
		held = acquire(queue, 0, 0);
		for (i = 1; i < fits; i++) {
			WANT(put(queue, i), 0);
			want_get(queue, (int)i);
		}
		WANT(put(queue, i), -EAGAIN);
		WANT(mipc_queue_put(queue, body, BODY_BYTES, LIB_BRIEF_NS),
			-ETIMEDOUT);
		want_inside(queue, 0, 0, 1, 0);
		WANT(mipc_queue_size(queue), fits);
		WANT(mipc_queue_release(queue, &held), 0);
		WANT_TRUE(mipc_queue_empty(queue));
		put_some(queue, 0, fits);
		WANT(put(queue, i), -EAGAIN);
		for (i = 0; i < fits; i++)
			want_get(queue, (int)i);
	}
	end_queue(queue, name);
}
END_TEST

START_TEST(test_queue_lease_returned_comes_again_counted)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	struct mipc_lease lease;

	put_some(queue, 0, 4);
	for (unsigned i = 0; i < 20; i++) {
		lease = acquire(queue, 0, i < 15 ? i : 15);
		WANT(mipc_queue_return(queue, &lease), 0);
		want_over(&lease);
		want_inside(queue, 4, 0, 0, 0);
	}
	/* Behind those that were taken meanwhile. */
	lease = acquire(queue, 0, 15);
	want_get(queue, 1);
	WANT(mipc_queue_return(queue, &lease), 0);
	want_get(queue, 0);
	lease = acquire(queue, 2, 0);
	WANT(mipc_queue_release(queue, &lease), 0);
	want_get(queue, 3);
	WANT_TRUE(mipc_queue_empty(queue));
	end_queue(queue, name);
}
END_TEST

START_TEST(test_queue_lease_returned_too_often_is_a_dead_letter)
{
	static const uint32_t limits[] = {1, 2, 15};

	for (size_t i = 0; i < COUNT(limits); i++) {
		char name[LIB_NAME_BYTES];
		mipc_queue *queue = new_queue(name, limits[i]);
		uint8_t body[BODY_BYTES];
		mipc_queue *other;
		size_t len = 0;

		/* The rule is the creator's, whatever others say. */
		WANT(mipc_queue_open(name, NULL, &other), 0);
		put_some(queue, 0, 2);
		WANT(mipc_queue_get_dead(other, body, sizeof(body), 0, &len),
			-EAGAIN);
		for (unsigned k = 0; k < limits[i]; k++) {
			struct mipc_lease lease = acquire(other, 0, k);

			WANT(mipc_queue_return(other, &lease), 0);
		}
		want_inside(queue, 1, 0, 0, 1);
		want_get(queue, 1);
		want_get(queue, NONE);
		WANT(mipc_queue_get_dead(queue, body, 1, 0, &len), -EMSGSIZE);
		WANT(len, BODY_BYTES);
		WANT(mipc_queue_get_dead(queue, body, sizeof(body), 0, &len),
			0);
		WANT(len, BODY_BYTES);
		WANT_TRUE(lib_matches(body, len, 0));
		WANT(mipc_queue_get_dead(queue, body, sizeof(body), 0, &len),
			-EAGAIN);
		WANT_TRUE(mipc_queue_empty(queue));
		mipc_queue_close(other);
		end_queue(queue, name);
	}
}
END_TEST

START_TEST(test_queue_lease_empty_dead_letter_needs_no_buffer)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 1);
	struct mipc_lease lease;
	size_t len = 1;

	WANT(mipc_queue_put(queue, NULL, 0, 0), 0);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	WANT(lease.len, 0);
	WANT(mipc_queue_return(queue, &lease), 0);
	WANT(mipc_queue_get_dead(queue, NULL, 0, 0, &len), 0);
	WANT(len, 0);
	end_queue(queue, name);
}
END_TEST

START_TEST(test_queue_lease_dead_letter_rule_out_of_range_is_refused)
{
	const struct mipc_options options = {.dead_letter_after = 16};
	char name[LIB_NAME_BYTES];
	mipc_queue *queue;

	lib_name(name);
	WANT(mipc_queue_create(name, 1, &options, &queue), -EINVAL);
	WANT(mipc_queue_unlink(name), -ENOENT);
}
END_TEST

/* Nothing may be done with it, each call tried in turn. */
static void want_refused(mipc_queue *queue, const struct mipc_lease *lease)
{
	static int (*const calls[])(
		mipc_queue * queue, struct mipc_lease * lease) = {
		mipc_queue_commit,
		mipc_queue_abort,
		mipc_queue_release,
		mipc_queue_return,
	};

	for (size_t i = 0; i < COUNT(calls); i++) {
		struct mipc_lease copy = *lease;

		WANT(calls[i](queue, &copy), -EINVAL);
		WANT(memcmp(&copy, lease, sizeof(copy)), 0);
	}
}

START_TEST(test_queue_lease_wrong_use_is_refused)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	struct mipc_lease lease = {0}, copy;
	mipc_queue *other;

	WANT(mipc_queue_open(name, NULL, &other), 0);
	want_refused(queue, &lease);
	/* A reservation: neither another handle's nor to be released. */
	lease = copy = reserve(queue, 0);
	want_refused(other, &lease);
	WANT(mipc_queue_release(queue, &lease), -EINVAL);
	WANT(mipc_queue_return(queue, &lease), -EINVAL);
	WANT(mipc_queue_commit(queue, &lease), 0);
	want_refused(queue, &lease);
	want_refused(queue, &copy); /* over, by a copy of it */
	/* A lease: the same. */
	lease = copy = acquire(queue, 0, 0);
	want_refused(other, &lease);
	WANT(mipc_queue_commit(queue, &lease), -EINVAL);
	WANT(mipc_queue_abort(queue, &lease), -EINVAL);
	WANT(mipc_queue_return(queue, &lease), 0);
	want_refused(queue, &copy);
	lease = acquire(queue, 0, 1);
	want_refused(queue, &copy); /* the one before */
	copy = lease;
	WANT(mipc_queue_release(queue, &lease), 0);
	want_refused(queue, &lease);
	want_refused(queue, &copy);
	WANT_TRUE(mipc_queue_empty(queue));
	mipc_queue_close(other);
	end_queue(queue, name);
}
END_TEST

/* The next handle gets the same slot; only the generation tells them apart. */
START_TEST(test_queue_lease_of_the_slots_last_holder_is_not_the_next_ones)
{
	char name[LIB_NAME_BYTES];
	struct mipc_lease lease;
	mipc_queue *queue;
	uint8_t byte = 0;
	size_t len;

	lib_name(name);
	WANT(mipc_queue_create(name, 1, NULL, &queue), 0);
	WANT(mipc_queue_put(queue, &byte, 1, 0), 0);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	mipc_queue_close(queue);
	WANT(mipc_queue_open(name, NULL, &queue), 0);
	WANT(mipc_queue_release(queue, &lease), -EINVAL);
	WANT(mipc_queue_return(queue, &lease), -EINVAL);
	/* Its holder has gone: so it comes again. */
	WANT(mipc_queue_get(queue, &byte, 1, LIB_PATIENCE_NS, &len), 0);
	mipc_queue_close(queue);
	WANT(mipc_queue_unlink(name), 0);
}
END_TEST

START_TEST(test_queue_lease_bad_argument_or_no_room_is_an_error)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	size_t max = (size_t)mipc_queue_max_len(queue);
	struct mipc_lease lease, other;

	WANT(mipc_queue_reserve(queue, max + 1, 0, &lease), -EMSGSIZE);
	WANT(mipc_queue_reserve(queue, SIZE_MAX, MIPC_FOREVER, &lease),
		-EMSGSIZE);
	WANT(mipc_queue_acquire(queue, 0, &lease), -EAGAIN);
	WANT(mipc_queue_acquire(queue, LIB_BRIEF_NS, &lease), -ETIMEDOUT);
	WANT(mipc_queue_acquire_batch(queue, &lease, 0, 0), -EINVAL);
	WANT(mipc_queue_release_batch(queue, &lease, 0), 0);
	WANT(mipc_queue_reserve(queue, max, 0, &lease), 0);
	lib_fill(lease.data, max, 1);
	WANT(mipc_queue_reserve(queue, 0, 0, &other), -EAGAIN);
	WANT(mipc_queue_reserve(queue, 0, LIB_BRIEF_NS, &other), -ETIMEDOUT);
	WANT(mipc_queue_acquire(queue, LIB_BRIEF_NS, &other), -ETIMEDOUT);
	WANT(mipc_queue_commit(queue, &lease), 0);
	WANT(mipc_queue_acquire(queue, 0, &lease), 0);
	WANT_TRUE(lease.len == max && lib_matches(lease.data, max, 1));
	WANT(mipc_queue_acquire(queue, LIB_BRIEF_NS, &other), -ETIMEDOUT);
	WANT(mipc_queue_release(queue, &lease), 0);
	end_queue(queue, name);
}
END_TEST

START_TEST(test_queue_lease_every_offset_wraps_whole)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	size_t most = (size_t)mipc_queue_max_len(queue) / 2 - 64;
	uint64_t turns = mipc_queue_capacity(queue) / 8 + 9;

	for (uint64_t turn = 0; turn < turns; turn++) {
		size_t len = turn % 7 ? (size_t)(turn * 89 % most) : most;
		struct mipc_lease first, second;

		WANT(mipc_queue_reserve(queue, len, 0, &first), 0);
		lib_fill(first.data, len, turn);
		WANT(put(queue, turn), 0);
		WANT(mipc_queue_commit(queue, &first), 0);
		WANT(mipc_queue_acquire(queue, 0, &first), 0);
		WANT_TRUE(first.len == len);
		second = acquire(queue, turn, 0);
		WANT(mipc_queue_release(queue, turn % 2 ? &first : &second), 0);
		WANT_TRUE(lib_matches(turn % 2 ? second.data : first.data,
			turn % 2 ? second.len : first.len, turn));
		WANT(mipc_queue_release(queue, turn % 2 ? &second : &first), 0);
		WANT_TRUE(mipc_queue_empty(queue));
		/* Move on by 8 bytes beyond what was said. */
		WANT(mipc_queue_put(queue, NULL, 0, 0), 0);
		WANT(mipc_queue_clear(queue, 0), 0);
	}
	end_queue(queue, name);
}
END_TEST

START_TEST(test_queue_lease_batch_takes_and_frees_in_any_order)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	struct mipc_lease leases[8], rest;

	put_some(queue, 0, 6);
	WANT(mipc_queue_acquire_batch(queue, leases, 4, 0), 4);
	for (uint64_t i = 0; i < 4; i++)
		WANT_TRUE(lib_matches(leases[i].data, leases[i].len, i));
	WANT(mipc_queue_acquire_batch(queue, leases + 4, 4, 0), 2);
	want_inside(queue, 0, 0, 6, 0);
	/* From the back: the place is free when the first is. */
	WANT(mipc_queue_release_batch(queue, leases + 1, 5), 0);
	want_inside(queue, 0, 0, 1, 0);
	WANT(mipc_queue_size(queue), 6);
	WANT(mipc_queue_release(queue, &leases[0]), 0);
	WANT_TRUE(mipc_queue_empty(queue));
	/* A bad one among them keeps none of the others. */
	put_some(queue, 0, 3);
	WANT(mipc_queue_acquire_batch(queue, leases, 3, 0), 3);
	rest = leases[1];
	leases[1] = (struct mipc_lease){0};
	WANT(mipc_queue_release_batch(queue, leases, 3), -EINVAL);
	want_inside(queue, 0, 0, 1, 0);
	WANT(mipc_queue_release(queue, &rest), 0);
	WANT_TRUE(mipc_queue_empty(queue));
	end_queue(queue, name);
}
END_TEST

START_TEST(test_queue_lease_clear_leaves_what_is_held)
{
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	struct mipc_lease leased, returned, writing;

	put_some(queue, 0, 4);
	leased = acquire(queue, 0, 0);
	returned = acquire(queue, 1, 0);
	writing = reserve(queue, 4);
	WANT(put(queue, 5), 0);
	WANT(mipc_queue_clear(queue, 0), 0);
	want_inside(queue, 0, 1, 2, 0);
	want_get(queue, NONE);
	WANT_TRUE(lib_matches(leased.data, leased.len, 0));
	WANT(mipc_queue_commit(queue, &writing), 0);
	WANT(mipc_queue_return(queue, &returned), 0);
	WANT(mipc_queue_release(queue, &leased), 0);
	want_inside(queue, 2, 0, 0, 0);
	want_get(queue, 1);
	want_get(queue, 4);
	want_get(queue, NONE); /* passes what was dropped behind it */
	WANT_TRUE(mipc_queue_empty(queue));
	WANT(mipc_queue_size(queue), 0);
	end_queue(queue, name);
}
END_TEST

/* Any mixture of calls, against a list that says who has what. */
enum { MODEL = 64 };

struct model {
	struct mipc_lease writing[MODEL], leased[MODEL];
	uint64_t writing_number[MODEL], leased_number[MODEL];
	unsigned writings, leases;
	bool waiting[1 << 16]; /* by number: may be delivered */
	uint64_t next;
	unsigned inside; /* waiting, written or leased */
};

static uint64_t number_of(const struct model *model, const void *body)
{
	uint64_t number;

	memcpy(&number, body, sizeof(number));
	WANT_TRUE(number < model->next && model->waiting[number]);
	return number;
}

static void model_put(struct model *model, mipc_queue *queue, bool in_place)
{
	uint64_t number = model->next;
	int err;

	if (in_place) {
		struct mipc_lease *lease = &model->writing[model->writings];

		if (model->writings == MODEL)
			return;
		err = mipc_queue_reserve(queue, 8 + number % 50, 0, lease);
		if (!err) {
			memcpy(lease->data, &number, sizeof(number));
			model->writing_number[model->writings++] = number;
		}
	} else {
		uint8_t body[8 + 50] = {0};

		memcpy(body, &number, sizeof(number));
		err = mipc_queue_put(queue, body, 8 + number % 50, 0);
		model->waiting[number] = !err;
	}
	WANT_TRUE(err == 0 || err == -EAGAIN);
	model->next += !err;
	model->inside += !err;
}

static void model_take(struct model *model, mipc_queue *queue, bool in_place)
{
	struct mipc_lease *lease = &model->leased[model->leases];
	uint8_t body[8 + 50];
	uint64_t number;
	size_t len;
	int err;

	if (in_place && model->leases == MODEL)
		return;
	err = in_place ? mipc_queue_acquire(queue, 0, lease)
		       : mipc_queue_get(queue, body, sizeof(body), 0, &len);
	if (err) {
		WANT(err, -EAGAIN);
		WANT(model->inside, model->writings + model->leases);
		return;
	}
	number = number_of(model, in_place ? lease->data : body);
	WANT(in_place ? lease->len : len, 8 + number % 50);
	model->waiting[number] = false;
	if (in_place)
		model->leased_number[model->leases++] = number;
	else
		model->inside--;
}

static void model_settle(
	struct model *model, mipc_queue *queue, uint64_t random, bool writing)
{
	struct mipc_lease *leases = writing ? model->writing : model->leased;
	uint64_t *numbers =
		writing ? model->writing_number : model->leased_number;
	unsigned *count = writing ? &model->writings : &model->leases;
	bool back = random % 2;
	unsigned i;

	if (*count == 0)
		return;
	i = (unsigned)(random / 2 % *count);
	if (writing)
		WANT((back ? mipc_queue_commit : mipc_queue_abort)(
			     queue, &leases[i]),
			0);
	else
		WANT((back ? mipc_queue_return : mipc_queue_release)(
			     queue, &leases[i]),
			0);
	model->waiting[numbers[i]] = back;
	model->inside -= !back;
	--*count;
	leases[i] = leases[*count];
	numbers[i] = numbers[*count];
}

START_TEST(test_queue_lease_any_mixture_agrees_with_a_list)
{
	static struct model model;
	uint64_t seed = lib_seed("lease mixture");
	char name[LIB_NAME_BYTES];
	mipc_queue *queue = new_queue(name, 0);
	uint64_t r = 0;

	for (unsigned i = 0; i < 60000; i++) {
		if (i % 64 == 0)
			r = lib_random(&seed); /* more of these for a while */
		switch (lib_random(&seed) % 8) {
		case 0:
		case 1:
			model_put(&model, queue, lib_random(&seed) % 2);
			break;
		case 2:
		case 3:
			model_take(&model, queue, lib_random(&seed) % 2);
			break;
		case 4:
		case 5:
			model_settle(&model, queue, lib_random(&seed), r & 1);
			break;
		default:
			if (r & 2)
				model_put(&model, queue, r & 4);
			else
				model_take(&model, queue, r & 4);
		}
		WANT_TRUE(mipc_queue_size(queue) >= model.inside);
		if (i % 16 == 0)
			WANT(mipc_queue_check(queue), 0);
	}
	want_inside(queue, model.inside - model.writings - model.leases,
		model.writings, model.leases, 0);
	while (model.writings)
		model_settle(&model, queue, lib_random(&seed), true);
	while (model.leases)
		model_settle(&model, queue, lib_random(&seed) & ~1ull, false);
	while (model.inside)
		model_take(&model, queue, false);
	want_get(queue, NONE);
	WANT_TRUE(mipc_queue_empty(queue));
	WANT(mipc_queue_size(queue), 0);
	end_queue(queue, name);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_queue_lease_nothing_held_comes_in_order,
		test_queue_lease_messages_pass_what_is_held,
		test_queue_lease_aborted_is_never_seen,
		test_queue_lease_long_held_fills_then_flows_again,
		test_queue_lease_returned_comes_again_counted,
		test_queue_lease_returned_too_often_is_a_dead_letter,
		test_queue_lease_empty_dead_letter_needs_no_buffer,
		test_queue_lease_dead_letter_rule_out_of_range_is_refused,
		test_queue_lease_wrong_use_is_refused,
		test_queue_lease_of_the_slots_last_holder_is_not_the_next_ones,
		test_queue_lease_bad_argument_or_no_room_is_an_error,
		test_queue_lease_every_offset_wraps_whole,
		test_queue_lease_batch_takes_and_frees_in_any_order,
		test_queue_lease_clear_leaves_what_is_held,
		test_queue_lease_any_mixture_agrees_with_a_list,
	};

	return LIB_MAIN("queue_lease", tests);
}
