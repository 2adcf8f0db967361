/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Closes an image, and what goes through the images of an archive: either can
 * own one of the other kind.
 */
#include "config.h"

#include "image/description.h"
#include "image/members_internal.h"

#include <stdlib.h>

void savetool_image_close(struct savetool_image *image)
{
	if (!image)
		return;
	description_free(image->description);
	libvirt_free(image->libvirt);
	input_close(image->spool);
	layer_close(&image->inputs);
	layer_free_above(image->top,
			 image->archived_in ? image->archived_in->top : NULL);
	savetool_images_close(image->rest);
	qcow2_free(image->qcow2);
	free(image->spool_folder);
	free(image->path);
	free(image->inner);
	free(image);
}

void savetool_images_close(struct savetool_images *images)
{
	if (!images)
		return;
	archive_walk_close(images->walk);
	savetool_image_close(images->outside);
	free(images->link);
	free(images);
}
