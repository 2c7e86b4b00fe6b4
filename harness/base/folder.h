/* folder.h - where results and figures go. */
#ifndef IPCMARK_BASE_FOLDER_H
#define IPCMARK_BASE_FOLDER_H

/* folder_make - make @path and all above it, and see that it can be written
 * into. Says what is wrong, and which option mends it. Returns 0 or -errno. */
int folder_make(const char *path);

/* folder_claim - be the only one to write into @path, as long as this process and
 * those that it forks from now on live. Waits a second for one that is dying. Says
 * who is in the way. Returns 0; -EBUSY. */
int folder_claim(const char *path);

#endif
