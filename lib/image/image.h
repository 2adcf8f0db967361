/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An opened image: what its first bytes say of it, with the layers below
 * stacked so that a stream comes out of any format.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/bitmap.h"
#include "codec/codec.h"
#include "format/domain_xml.h"
#include "format/libvirt.h"
#include "format/mapped.h"
#include "format/stream.h"
#include "format/tail.h"

#include <sys/stat.h>

struct description;
struct held_file;

struct savetool_image {
	char *path;
	struct input *outer; /* the file, if all of it is packed; else NULL */
	const struct codec *outer_codec;
	uint64_t outer_offset;
	struct input *file; /* the container, header and all */
	struct stat opened; /* the file itself, when it was */
	uint64_t payload;   /* where the stream, packed or not, starts in it */
	struct libvirt *libvirt;   /* NULL: bare */
	const struct codec *codec; /* NULL: the stream is not packed */
	struct input *unpacked;    /* NULL: not packed */
	struct input *spool;       /* NULL: not needed */
	bool big_endian;           /* the host whose bitmaps these are */
	bool order_given;          /* by who opened it */
	char *spool_folder;        /* where that lies */
	bool direct;               /* past the page cache, as it was opened */
	bool taken; /* a pass reads, or has read, what was opened */
	struct description *description; /* what was told of it last */
};

/* As savetool_image_open(), of a file that is open, and the image's from now
 * on. */
int image_open_input(struct savetool_image **image, struct input *file,
		     const char *path,
		     const struct savetool_open_options *options,
		     struct savetool_error *err);

/*
 * As savetool_image_open(), of a file that is changed in place: by the
 * descriptor that is locked, and no other.
 */
int image_open_held(struct savetool_image **image, const struct held_file *held,
		    const char *path,
		    const struct savetool_open_options *options,
		    struct savetool_error *err);

/*
 * What has to be kept of it lies in the folder of this file from now on, where
 * there is space for an image; "-": in the usual folder.
 */
int image_spool_beside(struct savetool_image *image, const char *path,
		       struct savetool_error *err);

/* The file itself, for fstat(); its descriptor. */
int image_fd(const struct savetool_image *image);

/*
 * The byte order of its host: told by the caller, or by a header that nobody
 * can have changed on another host; or only assumed.
 */
bool image_order_is_known(const struct savetool_image *image);
enum savetool_byte_order image_byte_order(const struct savetool_image *image);

/* Where the stream starts in what it is read from. */
uint64_t image_stream_offset(const struct savetool_image *image);

/*
 * Are the holes of that input the file's own?  What is kept of a pipe, or of
 * what was packed, has holes wherever there are zeros.
 */
bool image_has_own_holes(const struct savetool_image *image);

/* By which the file or its stream is packed; NULL: not. */
const struct codec *image_codec(const struct savetool_image *image);

/* Can it be read more than once? */
bool image_is_repeatable(const struct savetool_image *image);

/*
 * XML and cookie of a libvirt header: SAVETOOL_CORRUPT if libvirt cannot read
 * them. What it reads, but we do not (entities), passes.
 */
int libvirt_check_xml(const struct libvirt *libvirt,
		      struct savetool_error *err);

/* A header that says Part: the save was interrupted. */
int image_require_complete(const struct savetool_image *image,
			   struct savetool_error *err);

static inline void cleanup_image_(struct savetool_image **image)
{
	savetool_image_close(*image);
}
#define cleanup_image __attribute__((cleanup(cleanup_image_)))

#endif
