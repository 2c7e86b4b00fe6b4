/* stream.c - a stream of messages from one process to another, and its end.
 *
 * The child writes readings into a ring, the parent takes them out. Nobody has to
 * send a "that was the last one": the producer closes its end, or dies, and the
 * consumer gets -EPIPE once it has read all that is there. The other way round,
 * too: without a consumer, a producer that finds the ring full gets -EPIPE.
 *	cc stream.c $(pkg-config --cflags --libs mmapipc)
 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/ring.h>

enum { READINGS = 10000, CAPACITY_BYTES = 64 << 10 };
/* For a peer that hangs; one that dies is noticed without. Or MIPC_FOREVER. */
#define PATIENCE_NS UINT64_C(5000000000)

static int complain(const char *who, int error)
{
	if (error)
		fprintf(stderr, "%s: %s\n", who, mipc_strerror(error));
	return error != 0;
}

static int produce(const char *name)
{
	mipc_ring *ring = NULL;
	int error = mipc_ring_open(name, MIPC_RING_PRODUCER, NULL, &ring);

	for (int i = 1; i <= READINGS && !error; i++) {
		char line[32];
		int len = snprintf(line, sizeof(line), "reading %d", i);

		/* Waits while the ring is full: nothing is ever dropped. */
		error = mipc_ring_write(
			ring, line, (size_t)len + 1, PATIENCE_NS);
	}
	mipc_ring_close(ring); /* accepts NULL, too */
	return error;
}

static int consume(mipc_ring *ring)
{
	char line[32] = "nothing";
	size_t len;
	int count = 0, error;

	/* As long as there was no producer yet, this waits for one to come. */
	while (!(error = mipc_ring_read(
			 ring, line, sizeof(line), PATIENCE_NS, &len)))
		count++;
	printf("%d messages, the last one: %s\n", count, line);
	return error == -EPIPE && count == READINGS ? 0 : error;
}

int main(void)
{
	char name[64];
	mipc_ring *ring;
	int error, status = 0;
	pid_t child;

	snprintf(name, sizeof(name), "example-stream-%ld", (long)getpid());
	error = mipc_ring_create(
		name, CAPACITY_BYTES, MIPC_RING_CONSUMER, NULL, &ring);
	if (error)
		return complain("create", error);
	child = fork();
	if (child == 0) /* any program that knows the name could do this */
		_exit(complain("producer", produce(name)));
	error = child < 0 ? -errno : consume(ring);
	mipc_ring_close(ring); /* a producer that still writes gets -EPIPE */
	mipc_ring_unlink(name);
	if (child > 0)
		waitpid(child, &status, 0);
	return complain("consumer", error) || status != 0;
}
