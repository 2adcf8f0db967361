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
 * The name of an image is that of a file, or FILE::NAME for an image inside a
 * file; if a file has this whole text as its name, that file is meant.  For an
 * image inside an NBD export, it is URI::NAME, split at the first "::" after
 * the host.  Returns the name of the file, or the URI, to be released with
 * free(), or NULL if there is no memory.
 */
char *savetool_file_of(const char *name);

/*
 * Opens an image for reading, by its name; "-" is standard input, and a URI
 * that of an NBD export.  The options may be NULL.  SAVETOOL_NOT_IMAGE if the
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
 * The name of the image in its archive, valid until the image is closed; NULL
 * if it is not in an archive.
 */
const char *savetool_image_member(const struct savetool_image *image);

/*
 * The images of a file, one after another: every member of an archive that is
 * one, read once and forwards, or the image that the file is.  With FILE::NAME
 * there is one.  The path, the options and the monitor are as above.
 */
struct savetool_images;
int savetool_images_open(struct savetool_images **images, const char *path,
			 const struct savetool_open_options *options,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err);
void savetool_images_close(struct savetool_images *images);

/* Is the file an archive, without a name of a member? */
bool savetool_images_in_archive(const struct savetool_images *images);

/*
 * Opens the next image, which is closed before the one after it is opened.  1,
 * or 0 if there is none any more; the first call never gives 0.
 * SAVETOOL_NOT_IMAGE if nothing in the archive is an image.
 *
 * If this one cannot be opened, but may be followed by others: -1, and *member
 * is its name, until the next call; otherwise *member is NULL.
 */
int savetool_images_next(struct savetool_images *images,
			 struct savetool_image **image, const char **member,
			 struct savetool_error *err);

/*
 * Describes an image from its headers, block list, bitmaps and tail.  With
 * scan, also reads all of it and counts pages.  The monitor may be NULL.  *info
 * stays valid until the image is closed or given to another function: what
 * checks, converts or extracts may have to describe it again.
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
