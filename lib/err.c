/* err.c - the meanings in err.h, as sentences. */
#include <mmapipc/mmapipc.h>

#include <errno.h>
#include <string.h>

const char *mipc_strerror(int error)
{
	static const struct {
		int number;
		const char *text;
	} known[] = {
		{EAGAIN, "would have to wait, and the timeout was 0"},
		{ETIMEDOUT, "waited in vain until the timeout"},
		{EPIPE, "the other side has gone, and nothing is left"},
		{EBUSY, "the role or the segment is held by a live process"},
		{EMSGSIZE, "the message does not fit"},
		{EBADMSG, "the segment is truncated, damaged or forged"},
		{EILSEQ, "not a segment of this library"},
		{EPROTOTYPE, "a segment of another kind"},
		{EPROTO, "a segment of another layout version or system"},
		{EEXIST, "the name is taken"},
		{ENOENT, "no such name"},
		{ENOSPC,
			"the file system or the reserve of huge pages is full, "
			"or every party slot taken"},
		{EPERM, "the file is another user's, has several links, or is "
			"not sealed"},
		{EACCES, "no permission for the file or its folder"},
		{ELOOP, "the name is a symbolic link"},
		{EINVAL, "an argument is out of range"},
		{ERANGE, "offset and length lie outside the segment"},
		{ENAMETOOLONG, "the name is too long"},
		{ENOMEM, "out of memory or address space"},
		{EBADF, "not an open descriptor"},
		{EMFILE, "too many open files in this process"},
		{ECANCELED, "the handle is being closed, or was cancelled"},
		{ENOTSUP, "this system cannot do it"},
	};

	if (error >= 0)
		return "success";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (-known[i].number == error)
			return known[i].text;
	return "a system call failed; see errno(3) for its number";
}

const char *mipc_version_string(void)
{
	return MIPC_VERSION;
}
