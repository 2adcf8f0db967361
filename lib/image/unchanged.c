/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Did the file change while it was read? */
#include "config.h"

#include "image/unchanged.h"

#include "base/error.h"

int image_has_changed(bool *changed, const struct savetool_image *image,
		      struct savetool_error *err)
{
	const struct stat *before = &image->opened;
	struct stat now;

	*changed = false;
	if (!S_ISREG(before->st_mode))
		return 0;
	if (fstat(image_fd(image), &now) < 0)
		return fail_errno(err, "cannot examine");
	*changed = now.st_size != before->st_size ||
		   now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
		   now.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
	return 0;
}

int image_require_unchanged(const struct savetool_image *image,
			    struct savetool_error *err)
{
	bool changed;

	if (image_has_changed(&changed, image, err) < 0)
		return -1;
	if (!changed)
		return 0;
	fail(err, SAVETOOL_SYSTEM, "the image changed while it was read");
	return fail_hint(err, SAVETOOL_HINT_RETRY);
}
