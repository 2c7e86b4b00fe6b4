/* inspect.c - inspect: the state of an object that others use.
 *
 * Only looks: it works beside the living, after the dead, and on a file that may
 * only be read. A descriptor of another process (/proc/PID/fd/N) leads to memory
 * without a name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mmapipc/inspect.h>

#include "base/diag.h"
#include "command/command.h"
#include "inspect/object_print.h"
#include "option/option.h"

/* An entry of /proc/PID/fd is a link, which a name must not be. */
static int inspect_descriptor(const char *path, struct mipc_info *ret_info)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	err = mipc_inspect_fd(fd, ret_info);
	close(fd);
	return err;
}

static int inspect_name(const char *name, struct mipc_info *ret_info)
{
	if (strncmp(name, "/proc/", 6) == 0 && strstr(name, "/fd/"))
		return inspect_descriptor(name, ret_info);
	return mipc_inspect(name, ret_info);
}

/* Where @name is and what can be done about it. */
static void complain(const char *name, int err)
{
	const char *where = strchr(name, '/') ? "" : "/dev/shm/";
	const char *mend;

	switch (err) {
	case -ENOENT:
		mend = "; names without '/' are those in /dev/shm";
		break;
	case -EILSEQ:
		mend = "; only files made by mmapipc can be inspected";
		break;
	case -EPROTO:
		mend = "; use the ipcmark that came with the library that made "
		       "it";
		break;
	case -EBADMSG:
		mend = "; its users get the same error: make it anew";
		break;
	case -EACCES:
		mend = "; try as the user that owns it";
		break;
	case -ELOOP:
		mend = "; give the path that it leads to";
		break;
	default:
		mend = "";
	}
	diag_error("%s%s: %s%s", where, name, mipc_strerror(err), mend);
}

int command_inspect(const struct options *options)
{
	const char *name = options->arguments[0];
	struct mipc_info info;
	int err = inspect_name(name, &info);

	if (err) {
		complain(name, err);
		return EXIT_USAGE;
	}
	if (!options->json) {
		object_print(name, &info, stdout);
		return EXIT_GOOD;
	}
	if (object_print_json(name, &info, stdout)) {
		diag_error("%s: cannot write its state", name);
		return EXIT_USAGE;
	}
	return EXIT_GOOD;
}
