/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The destination of whatever is made from an image. */
#include "config.h"

#include "image/output.h"

#include "base/error.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A descriptor whose owner, mode and times the new file can take over, or -1.
 */
static int likeable_fd(const struct savetool_image *source)
{
	struct stat st;
	int fd = image_fd(source);

	return image_is_whole_file(source) && fstat(fd, &st) == 0 &&
			       S_ISREG(st.st_mode) ?
		       fd :
		       -1;
}

/* Also recognises devices, and files that a shell has opened. */
static bool is_source(const struct savetool_image *source,
		      const struct stat *st)
{
	struct stat own;

	if (fstat(image_fd(source), &own) < 0)
		return false;
	if (S_ISBLK(own.st_mode) && S_ISBLK(st->st_mode))
		return own.st_rdev == st->st_rdev;
	return (S_ISREG(own.st_mode) || S_ISBLK(own.st_mode)) &&
	       own.st_dev == st->st_dev && own.st_ino == st->st_ino;
}

static int refuse_source(const struct savetool_image *source, const char *path,
			 struct savetool_error *err)
{
	struct stat st;
	int result = strcmp(path, "-") == 0 ? fstat(STDOUT_FILENO, &st) :
					      stat(path, &st);

	if (result == 0 && is_source(source, &st))
		return fail(err, SAVETOOL_REFUSED,
			    "source and destination are the same file");
	return 0;
}

bool output_path_can_seek(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || S_ISREG(st.st_mode) ||
	       S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode);
}

int image_output_open(struct output **out, const struct savetool_image *image,
		      const char *path, bool force, bool withhold,
		      struct savetool_error *err)
{
	const struct output_file_options options = {
		.force = force,
		.withhold = withhold,
		.like_fd = likeable_fd(image),
	};

	if (refuse_source(image, path, err) < 0)
		return -1;
	if (strcmp(path, "-") == 0)
		return output_open_fd(out, STDOUT_FILENO, err);
	return output_create_file(out, path, &options, err);
}
