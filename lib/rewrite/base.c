/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens an older image to share storage with. */
#include "config.h"

#include "rewrite/base.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "inspect/describe.h"
#include "io/clone.h"
#include "io/spool.h"
#include "io/tmpfile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A clone, in the folder where the destination will be; -1: not possible. */
static int clone(int fd, const char *destination)
{
	cleanup_free char *folder = spool_folder(destination);
	int copy = folder ? tmpfile_open(folder) : -1;

	if (copy >= 0 && clone_range(copy, 0, fd, 0, 0) < 0) {
		close(copy);
		return -1;
	}
	return copy;
}

/* Opens the clone, or the file itself, whose descriptor is taken over. */
static int open_image(struct savetool_image **image, int fd, const char *path,
		      bool direct, struct savetool_error *err)
{
	const struct savetool_open_options options = {
		.size = sizeof(options),
		.direct = direct,
	};
	cleanup_input struct input *in = NULL;

	if (input_open_fd(&in, fd, err) < 0 ||
	    (direct && input_read_direct(in, true, err) < 0))
		return -1;
	return image_open_input(image, steal(in), path, NULL, &options, err);
}

/* Reads the list of its blocks, among other things. */
static int look(struct base *base, const struct savetool_monitor *monitor,
		struct savetool_error *err)
{
	const struct describe_options options = { .any_xml = true };

	if (image_require_complete(base->image, err) < 0 ||
	    describe_image(&base->pass, base->image, &options, monitor, err) <
		    0)
		return -1;
	if (image_codec(base->image) || !stream_is_mapped(&base->pass.stream))
		return fail(err, SAVETOOL_USAGE,
			    "not in format 'sparse': its pages cannot "
			    "be shared");
	return 0;
}

/* A pipe cannot be read back and forth; nor do we wait for one. */
static int require_file(int fd, struct savetool_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, "cannot examine");
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return 0;
	return fail(err, SAVETOOL_REFUSED, "not a regular file");
}

static int open_base(struct base *base, const char *path,
		     const char *destination, bool direct,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), copy;

	if (fd < 0)
		return fail_errno(err, "cannot open");
	if (require_file(fd, err) < 0) {
		close(fd);
		return -1;
	}
	copy = clone(fd, destination);
	if (copy >= 0) {
		close(fd);
		fd = copy;
	}
	if (open_image(&base->image, fd, path, direct, err) < 0 ||
	    look(base, monitor, err) < 0)
		return -1;
	if (copy >= 0)
		return mapped_base_init(&base->mapped, image_fd(base->image),
					base->pass.in, &base->pass.stream.ram,
					err);
	base_release(base);
	return 0;
}

int base_open(struct base *base, const char *path, const char *destination,
	      bool direct, const struct savetool_monitor *monitor,
	      struct savetool_error *err)
{
	*base = (struct base){ .pass = PASS_INIT };
	if (open_base(base, path, destination, direct, monitor, err) < 0)
		return fail_while(err, "'%s'", path);
	return 0;
}

void base_release(struct base *base)
{
	mapped_base_release(&base->mapped);
	pass_end(&base->pass);
	savetool_image_close(base->image);
	*base = (struct base){ .pass = PASS_INIT };
}
