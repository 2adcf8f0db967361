/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening an image and describing it.  Part of savetool.h. */
#ifndef SAVETOOL_IMAGE_H
#define SAVETOOL_IMAGE_H

struct savetool_image;

/* Where the image is in its file, and how it is read. */
struct savetool_open_options {
	size_t size;     /* sizeof(struct savetool_open_options) */
	uint64_t offset; /* of a bare stream; 0 for a libvirt image */
	bool direct;     /* bypass the page cache; its copies, too */
	enum savetool_byte_order
		byte_order; /* of a bare stream's host, if known */

	/* To the export that the path names; NULL: connects by itself. */
	struct savetool_connection *connection;
};

/*
 * The name of an image is that of a file, or FILE::NAME for what lies in a
 * file; a file of that very name comes first.  Returns the file, which the
 * caller frees, or NULL if there is no memory.
 */
char *savetool_file_of(const char *name);

/*
 * Opens an image for reading, by its name; "-" is standard input, and a URI
 * that of an NBD export.  The options may be NULL. SAVETOOL_NOT_IMAGE if the
 * file is something else.  SAVETOOL_USAGE if the libvirt header has another
 * byte order than the options.
 *
 * The monitor may be NULL.  It can end a wait for a pipe or a server, and has
 * to live as long as the image.
 */
int savetool_image_open(struct savetool_image **image, const char *path,
			const struct savetool_open_options *options,
			const struct savetool_monitor *monitor,
			struct savetool_error *err);
void savetool_image_close(struct savetool_image *image);

/*
 * Describes an image from its headers, block list, bitmaps and tail.  With
 * scan, also reads all of it and counts pages.  The monitor may be NULL.  *info
 * stays valid until the image is closed or described again.
 *
 * An image that breaks off or contradicts itself is described as far as
 * possible: the result is -1, and *info is written nevertheless.  info may be
 * NULL.
 */
int savetool_image_describe(struct savetool_image *image, bool scan,
			    const struct savetool_monitor *monitor,
			    const struct savetool_info **info,
			    struct savetool_error *err);

#endif
