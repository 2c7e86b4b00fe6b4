/* shm_room.h - is there room in /dev/shm? */
#ifndef IPCMARK_MACHINE_SHM_ROOM_H
#define IPCMARK_MACHINE_SHM_ROOM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* shm_room_check - for @bytes more.
 * Returns 0, also where nobody can tell; -ENOTSUP with @reason and what to do. */
int shm_room_check(uint64_t bytes, char *reason, size_t reason_bytes);

/* shm_room_reason - the same words for who was refused memory without such a
 * check. */
void shm_room_reason(char *reason, size_t reason_bytes);

#ifdef __cplusplus
}
#endif

#endif
