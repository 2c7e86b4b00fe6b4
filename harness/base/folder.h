/* folder.h - where results and figures go. */
#ifndef IPCMARK_BASE_FOLDER_H
#define IPCMARK_BASE_FOLDER_H

/* folder_make - make @path and all above it, and see that it can be written
 * into. Says what is wrong, and which option mends it. Returns 0 or -errno. */
int folder_make(const char *path);

#endif
