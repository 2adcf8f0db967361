/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Did the file change while it was read? */
#include "config.h"

#include "image/unchanged.h"

#include "base/error.h"
#include "image/members.h"

#include <string.h>

static bool is_same(const struct qcow2 *qcow2, unsigned index,
		    const struct savetool_snapshot *snapshot,
		    const struct qcow2_l1 *l1)
{
	const struct savetool_snapshot *other = &qcow2->snapshots[index];

	return strcmp(other->id, snapshot->id) == 0 &&
	       other->seconds == snapshot->seconds &&
	       other->vm_state_size == snapshot->vm_state_size &&
	       qcow2->l1[index].offset == l1->offset;
}

/* The guest may go on writing to its disk: a snapshot stays until deleted. */
static bool is_deleted(const struct savetool_image *image)
{
	struct input *in = layer_input(&image->inputs, image->container->below);
	const struct qcow2_l1 *l1 =
		&image->qcow2->l1[image->snapshot - image->qcow2->snapshots];
	cleanup_qcow2 struct qcow2 *now = NULL;
	struct savetool_error ignored;

	if (qcow2_read(&now, in, &ignored) < 0)
		return true;
	for (unsigned i = 0; i < now->count; i++)
		if (is_same(now, i, image->snapshot, l1))
			return false;
	return true;
}

int image_has_changed(bool *changed, const struct savetool_image *image,
		      struct savetool_error *err)
{
	const struct stat *before = &image->opened;
	struct stat now;

	*changed = image->snapshot && is_deleted(image);
	if (image->snapshot)
		return 0;
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
		return images_require_no_more(image, err);
	fail(err, SAVETOOL_SYSTEM, "the image changed while it was read");
	return fail_hint(err, SAVETOOL_HINT_RETRY);
}
