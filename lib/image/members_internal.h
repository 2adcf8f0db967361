/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes through the images of an archive, and who owns it. */
#ifndef IMAGE_MEMBERS_INTERNAL_H
#define IMAGE_MEMBERS_INTERNAL_H

#include "image/members.h"

/* The first names of several, as far as there is space. */
struct names {
	char text[128];
	bool full;
};

struct savetool_images {
	struct savetool_image *outside; /* NULL: an image that was given out */
	struct archive_walk *walk;      /* NULL: it is not an archive */
	member_opener open;
	struct savetool_open_options options;
	const char *wanted; /* of its name; NULL: all of them */
	size_t images;      /* that were found so far */
	size_t others;      /* members that are no image */
	struct names names; /* of those */
	char *link;         /* what the wanted name leads to; or NULL */

	/* Why the first of the others could not be read; or SAVETOOL_OK. */
	struct savetool_error unread;
};

static inline void cleanup_images_(struct savetool_images **images)
{
	savetool_images_close(*images);
}
#define cleanup_images __attribute__((cleanup(cleanup_images_)))

#endif
