/* survivor.c - see survivor.h.
 *
 * Orders go through a futex word and not through a pipe: on one CPU the answer
 * costs two switches and no copy, and there are several to a trial.
 *
 * It is asked to do nothing that could fail for its own sake, so whatever fails
 * is the transport's. What never comes back is killed by who gave the order.
 */
#include "crash/survivor.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/deadline.h"
#include "crash/message.h"

static void futex_wait(
	_Atomic uint32_t *word, uint32_t seen, uint64_t timeout_ns)
{
	const struct timespec timeout = deadline_timespec(timeout_ns);

	syscall(SYS_futex, word, FUTEX_WAIT, seen, &timeout, NULL, 0);
}

static void turn_over(struct survivor_mail *mail)
{
	/* release: order or answer is written before; pairs with the acquire
	 * loads of the other one */
	atomic_fetch_add_explicit(&mail->turn, 1, memory_order_release);
	syscall(SYS_futex, &mail->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void survivor_give(
	struct survivor_mail *mail, const struct survivor_order *order)
{
	mail->order = *order;
	turn_over(mail);
}

bool survivor_await(struct survivor_mail *mail, uint64_t timeout_ns)
{
	/* acquire: pairs with turn_over() */
	uint32_t turn = atomic_load_explicit(&mail->turn, memory_order_acquire);

	if (turn % 2 == 0)
		return true;
	futex_wait(&mail->turn, turn, timeout_ns);
	return atomic_load_explicit(&mail->turn, memory_order_acquire) % 2 == 0;
}

static void note_success(struct survivor_answer *answer, uint64_t since_ns)
{
	if (!answer->done++)
		answer->first_ns =
			deadline_clock_ns(CLOCK_MONOTONIC) - since_ns;
}

/* One that runs: what it is asked to do, and what it notes of that. */
struct survivor {
	const struct survivor_job *job;
	struct endpoint *end; /* NULL: it has let go, or never attached */
	struct recording recording;
};

static void do_send(struct survivor *survivor, uint64_t since_ns)
{
	const struct survivor_job *job = survivor->job;
	const struct survivor_order *order = &job->mail->order;
	struct survivor_answer *answer = &job->mail->answer;
	unsigned char body[MESSAGE_MAX_BYTES];
	const struct outbound message = {
		.data = body, .len = job->msg_size_bytes};

	while (answer->done < order->count) {
		int ret;

		message_fill(body, message.len, order->number + answer->done);
		recorder_begin(&survivor->recording, job->mail->phase,
			RECORDER_SEND, order->number + answer->done);
		ret = job->transport->send(
			survivor->end, &message, order->timeout_ns);
		recorder_end(&survivor->recording, ret, 0);
		if (ret == -EAGAIN && !order->timeout_ns)
			return;
		if (ret < 0) {
			answer->result = ret;
			return;
		}
		note_success(answer, since_ns);
	}
}

static void do_recv(struct survivor *survivor, uint64_t since_ns)
{
	const struct survivor_job *job = survivor->job;
	const struct survivor_order *order = &job->mail->order;
	struct survivor_answer *answer = &job->mail->answer;
	unsigned char room[MESSAGE_MAX_BYTES];
	bool lingering = false;

	while (answer->done < order->count) {
		struct inbound message = {
			.room = room, .room_bytes = sizeof(room)};
		bool must = answer->done < order->expect;
		uint64_t timeout_ns = lingering ? order->linger_ns : 0;
		int ret;

		recorder_begin(&survivor->recording, job->mail->phase,
			RECORDER_RECEIVE, RECORDER_UNNUMBERED);
		ret = job->transport->recv(survivor->end, &message,
			must ? order->timeout_ns : timeout_ns);
		recorder_end(&survivor->recording, ret, 0);
		if (ret < 0 && !must) {
			if (lingering || answer->done >= order->most)
				return;
			lingering = true;
			continue;
		}
		if (ret < 0) {
			answer->result = ret;
			return;
		}
		answer->seen[answer->done] = message_read(
			message.data, message.len, job->msg_size_bytes);
		recorder_name(&survivor->recording,
			answer->seen[answer->done].number);
		note_success(answer, since_ns);
	}
}

static void do_make(struct survivor *survivor, uint64_t since_ns)
{
	const struct survivor_job *job = survivor->job;
	const struct transport_operation *own = job->mail->order.own;
	struct survivor_answer *answer = &job->mail->answer;
	const struct outbound out = {0};
	struct inbound in = {0};
	int ret;

	recorder_begin(&survivor->recording, job->mail->phase, RECORDER_CALL,
		RECORDER_UNNUMBERED);
	ret = own->prepare(survivor->end, &out, &in);
	if (ret >= 0)
		ret = own->call(survivor->end, &out, &in);
	recorder_end(&survivor->recording, ret, 0);
	if (ret < 0)
		answer->result = ret;
	else
		note_success(answer, since_ns);
}

static void let_go(struct survivor *survivor, unsigned phase)
{
	recorder_begin(&survivor->recording, phase, RECORDER_DETACH,
		RECORDER_UNNUMBERED);
	survivor->job->transport->detach(survivor->end);
	recorder_end(&survivor->recording, 0, 0);
	survivor->end = NULL;
}

static int attach(struct survivor *survivor, unsigned phase)
{
	const struct survivor_job *job = survivor->job;
	int err;

	recorder_begin(&survivor->recording, phase, RECORDER_ATTACH,
		RECORDER_UNNUMBERED);
	err = job->transport->attach(
		job->channel, job->role, 0, &survivor->end);
	recorder_end(&survivor->recording, err, 0);
	if (err < 0)
		survivor->end = NULL;
	return err;
}

static void obey(struct survivor *survivor)
{
	struct survivor_mail *mail = survivor->job->mail;
	uint64_t since_ns = deadline_clock_ns(CLOCK_MONOTONIC);

	mail->answer.result = 0;
	mail->answer.done = 0;
	mail->answer.first_ns = 0;
	/* it had nothing to do until now */
	survivor->recording.last_ns = since_ns;
	if (mail->order.what == SURVIVOR_DETACH) {
		let_go(survivor, mail->phase);
		return;
	}
	if (!survivor->end)
		mail->answer.result = attach(survivor, mail->phase);
	if (mail->answer.result < 0)
		return;
	if (mail->order.what == SURVIVOR_SEND)
		do_send(survivor, since_ns);
	else if (mail->order.what == SURVIVOR_MAKE)
		do_make(survivor, since_ns);
	else
		do_recv(survivor, since_ns);
}

void survivor_run(const struct survivor_job *job)
{
	struct survivor_mail *mail = job->mail;
	struct survivor survivor = {
		.job = job,
		.recording = recorder_begin_track(
			job->recorder, job->track, (uint32_t)getpid()),
	};

	for (;;) {
		/* acquire: pairs with turn_over() */
		uint32_t turn =
			atomic_load_explicit(&mail->turn, memory_order_acquire);

		if (turn % 2 == 0) {
			futex_wait(&mail->turn, turn, UINT64_C(1000000000));
			continue;
		}
		if (mail->order.what == SURVIVOR_END)
			break;
		obey(&survivor);
		mail->answer.at_ns = deadline_clock_ns(CLOCK_MONOTONIC);
		turn_over(mail);
	}
	job->transport->detach(survivor.end);
	_exit(0);
}
