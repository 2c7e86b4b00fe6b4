/* video.c - frames from a camera to a viewer, without a copy.
 *
 * The camera draws each frame where the viewer will look at it: in the ring, in
 * one piece. Its place is free again when the viewer has released it. A frame is
 * a word for the checksum, then the pixels.
 *	cc video.c $(pkg-config --cflags --libs mmapipc)
 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/ring.h>

enum { FRAMES = 60, PIXELS = 320 * 240, FRAME_BYTES = 4 + 4 * PIXELS };
#define WAIT_NS UINT64_C(5000000000) /* for a peer that hangs */

static uint32_t checksum(const uint32_t *pixels)
{
	uint32_t sum = 1;

	for (int i = 0; i < PIXELS; i++)
		sum = sum * 31 + pixels[i];
	return sum;
}

static int film(const char *name)
{
	mipc_ring *ring = NULL;
	void *place;
	int error = mipc_ring_open(name, MIPC_RING_PRODUCER, NULL, &ring);

	for (uint32_t n = 0; n < FRAMES && !error; n++) {
		error = mipc_ring_reserve(ring, FRAME_BYTES, WAIT_NS, &place);
		if (error)
			break;
		uint32_t *frame = place;
		for (uint32_t i = 1; i <= PIXELS; i++)
			frame[i] = n * i;
		frame[0] = checksum(frame + 1);
		error = mipc_ring_commit(ring, FRAME_BYTES); /* now seen */
	}
	mipc_ring_close(ring); /* the viewer gets -EPIPE after the last one */
	return error;
}

static int watch(mipc_ring *ring)
{
	const void *place;
	size_t len;
	int error, n = 0;

	for (; !(error = mipc_ring_peek(ring, WAIT_NS, &place, &len)); n++) {
		const uint32_t *frame = place;
		if (len != FRAME_BYTES || frame[0] != checksum(frame + 1))
			return -EBADMSG;
		mipc_ring_release(ring); /* hands off the frame now */
	}
	return error == -EPIPE && n == FRAMES ? 0 : error;
}

int main(void)
{
	char name[64];
	mipc_ring *ring;
	int error, child = 1;

	snprintf(name, sizeof(name), "example-video-%ld", (long)getpid());
	error = mipc_ring_create(name, 0, MIPC_RING_CONSUMER, NULL, &ring);
	if (!error) {
		child = fork();
		error = child < 0 ? -errno : child ? watch(ring) : film(name);
		mipc_ring_close(ring);	/* a camera still at it gets -EPIPE */
		mipc_ring_unlink(name); /* one of the two does */
		wait(NULL);
	}
	printf("%s: %s\n", child ? "viewer" : "camera", mipc_strerror(error));
	return error != 0;
}
