/* shm_room.c - is there room in /dev/shm?; see shm_room.h.
 *
 * A container has 64 MiB there unless somebody asked for more. What does not fit
 * says nothing about a transport, so it is no failure; and the remedy is an
 * option of another program, which nobody guesses from "No space left on
 * device". To ask is not to have: whoever makes the channel still has to look at
 * what comes of it.
 */
#include "machine/shm_room.h"

#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/human.h"

#define SHM_FOLDER "/dev/shm"
#define REMEDY                                           \
	"docker run --shm-size 1g, or mount -o remount," \
	"size=1g " SHM_FOLDER

int shm_room_check(uint64_t bytes, char *reason, size_t reason_bytes)
{
	struct statvfs fs;
	char needed[HUMAN_BYTES], room[HUMAN_BYTES];
	uint64_t free_bytes;

	if (statvfs(SHM_FOLDER, &fs) || fs.f_blocks == 0)
		return 0; /* not a file system that has a size */
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (bytes <= free_bytes)
		return 0;
	snprintf(reason, reason_bytes,
		SHM_FOLDER " has room for %s, the buffer needs %s: " REMEDY,
		human_size(free_bytes, room), human_size(bytes, needed));
	return -ENOTSUP;
}

void shm_room_reason(char *reason, size_t reason_bytes)
{
	struct statvfs fs;
	char room[HUMAN_BYTES];

	if (statvfs(SHM_FOLDER, &fs) || fs.f_blocks == 0)
		snprintf(reason, reason_bytes,
			"the system has no memory left for the channel; give "
			"it a smaller capacity");
	else
		snprintf(reason, reason_bytes,
			"no room for the channel; " SHM_FOLDER
			" has %s left: " REMEDY,
			human_size((uint64_t)fs.f_bavail * fs.f_frsize, room));
}
