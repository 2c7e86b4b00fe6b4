/* capture.h - what a piece of code writes to standard error. */
#ifndef IPCMARK_TESTS_CAPTURE_H
#define IPCMARK_TESTS_CAPTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct capture {
	FILE *file;
	int saved;
};

static inline struct capture capture_begin(void)
{
	struct capture capture = {.file = tmpfile(), .saved = dup(2)};

	if (!capture.file || capture.saved < 0)
		abort();
	fflush(stderr);
	dup2(fileno(capture.file), 2);
	return capture;
}

/* Gives standard error back; what was written, cut to @text_bytes - 1. */
static inline void capture_end(
	struct capture *capture, char *text, size_t text_bytes)
{
	size_t len;

	fflush(stderr);
	dup2(capture->saved, 2);
	close(capture->saved);
	rewind(capture->file);
	len = fread(text, 1, text_bytes - 1, capture->file);
	text[len] = '\0';
	fclose(capture->file);
}

#endif
