/* counter.c - raw shared memory: a counter that hands out work, and a view.
 *
 * Several processes fill one table. An atomic counter gives each row to exactly
 * one of them, without a lock that could be left behind by one that dies.
 *	cc counter.c $(pkg-config --cflags --libs mmapipc)
 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmapipc/shm.h>

enum { WORKERS = 3, ROWS = 30000, TABLE_BYTES = ROWS * sizeof(uint32_t) };

/* What lies where: two words for the atomic calls, each at a multiple of 8; then
 * plain memory. */
enum {
	NEXT_ROW = 0,
	ROWS_DONE = 8,
	TABLE = 16,
};

static int work(const char *name)
{
	mipc_shm *shm = NULL;
	uint64_t row, done = 0;
	void *view = NULL;
	int error = mipc_shm_open(name, NULL, &shm);

	if (!error) /* refused if the memory is smaller than we think */
		error = mipc_shm_view(shm, TABLE, TABLE_BYTES, &view);
	while (!error) {
		error = mipc_shm_add_u64(shm, NEXT_ROW, 1, &row);
		if (error || row >= ROWS)
			break;
		((uint32_t *)view)[row] = (uint32_t)(row * row);
		done++;
	}
	/* Who reads this word sees the rows, too: they were written before. */
	if (!error)
		error = mipc_shm_add_u64(shm, ROWS_DONE, done, NULL);
	printf("worker: %d rows, %s\n", (int)done, mipc_strerror(error));
	mipc_shm_close(shm);
	return error != 0;
}

int main(void)
{
	char name[64];
	mipc_shm *shm = NULL;
	uint64_t done = 0;
	void *view;
	int error;

	snprintf(name, sizeof(name), "example-counter-%ld", (long)getpid());
	error = mipc_shm_create(name, TABLE + TABLE_BYTES, NULL, &shm);
	for (int i = 0; i < WORKERS && !error; i++) {
		pid_t child = fork();

		if (child == 0)
			return work(name);
		error = child < 0 ? -errno : 0;
	}
	while (wait(NULL) > 0)
		; /* until all have ended */
	if (shm)
		mipc_shm_unlink(name);
	if (!error)
		error = mipc_shm_view(shm, TABLE, TABLE_BYTES, &view);
	if (!error)
		error = mipc_shm_read_u64(shm, ROWS_DONE, &done);
	for (uint32_t i = 0; i < ROWS && !error; i++)
		done -= ((uint32_t *)view)[i] != i * i;
	printf("%d of %d rows, %s\n", (int)done, ROWS, mipc_strerror(error));
	mipc_shm_close(shm);
	return error || done != ROWS;
}
