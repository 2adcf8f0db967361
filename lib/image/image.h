/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An opened image: what its first bytes say of it, and the stack of layers that
 * its stream comes out of.  open.c opens it, and everybody else asks.
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
#include "outer/archive_walk.h"
#include "outer/layer_qcow2.h"

#include <sys/stat.h>

struct description;
struct drop;
struct held_file;
struct savetool_images;

/*
 * The stream lies in the container, after libvirt's header if there is one; or
 * what lies there is compressed, and one more layer decompresses it.  Only this
 * room looks at the layers.
 */
struct savetool_image {
	char *path;                /* of the file */
	char *inner;               /* its name in the file; NULL: none given */
	bool inner_found;          /* a layer is what has that name */
	enum archive_kind archive; /* top is one, and not looked into */
	struct savetool_image *archived_in; /* whose layers are below; NULL */
	bool recognised;                    /* it has a header, or a stream */
	struct savetool_images *rest; /* what else that has; owned; or NULL */
	struct layer *top;            /* what the stream is read from */
	struct layer *container;    /* the header's layer: top, or one below */
	uint64_t payload;           /* where the stream, or what is compressed,
				       starts in the container */
	struct layer_inputs inputs; /* of top, for the first pass */
	bool taken;                 /* a pass reads, or has read, those */
	struct stat opened;         /* the file itself, at that time */
	struct libvirt *libvirt;    /* NULL: bare */
	struct qcow2 *qcow2;        /* the file is one; else NULL */
	const struct savetool_snapshot *snapshot; /* the one in it that is read;
						     or NULL */
	struct savetool_error broken; /* why no stream follows the header, or
					 is read from the qcow2 file */
	struct input *spool;          /* NULL: not needed */
	char *spool_folder;           /* where that lies */
	bool keep;        /* spool what cannot be read a second time */
	bool big_endian;  /* of the host that the bitmaps are from */
	bool order_given; /* by the caller that opened it */
	bool direct;      /* past the page cache, as it was opened */
	struct description *description; /* the last one */
	struct drop *drop; /* what a walk does not show; else NULL */
};

/*
 * As savetool_image_open(), for an open file, which the image takes over, and
 * what has this name in it; NULL: the file itself, or the only image in it.
 */
int image_open_input(struct savetool_image **image, struct input *file,
		     const char *path, const char *inner,
		     const struct savetool_open_options *options,
		     struct savetool_error *err);

/*
 * As savetool_image_open(), for a file that is changed in place: uses only the
 * locked descriptor.
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

/*
 * The file whose bytes are the image: what was opened or, if that has several
 * files in it, the one that is meant, such as a member of an archive.
 */
struct input *image_file_input(const struct savetool_image *image);

/* The descriptor of what was opened, whatever lies in it; -1: there is none. */
int image_fd(const struct savetool_image *image);

/* Is what was opened that file? */
bool image_is_whole_file(const struct savetool_image *image);

/* Its name in an archive; NULL: it is in none. */
const char *image_member(const struct savetool_image *image);

/* What it takes in an archive; SAVETOOL_UNKNOWN if that is compressed. */
uint64_t image_member_stored(const struct savetool_image *image);

/* Fails if not: what lies in a file is never changed there. */
int image_require_whole_file(const struct savetool_image *image,
			     struct savetool_error *err);

/*
 * The container: what has the libvirt header, or the bare stream, compressed or
 * not.  That is the file, unless the image is wrapped: another layer, such as a
 * codec, makes the container of the file.  Then its input can be read only
 * once, by the first pass.
 */
struct input *image_container_input(const struct savetool_image *image);
bool image_is_wrapped(const struct savetool_image *image);

/* Where the stream, compressed or not, starts in the container. */
uint64_t image_payload_offset(const struct savetool_image *image);

/* Where what wraps the container starts in the file; 0 if nothing does. */
uint64_t image_container_offset(const struct savetool_image *image);

/*
 * The byte order of its host.  It is known from the caller, or from a header
 * that cannot have been rewritten on another host; otherwise it is assumed.
 */
bool image_order_is_known(const struct savetool_image *image);
enum savetool_byte_order image_byte_order(const struct savetool_image *image);

/* Where the stream starts in what it is read from. */
uint64_t image_stream_offset(const struct savetool_image *image);

/*
 * Are the holes of that input the file's own?  A spooled copy of a pipe, or of
 * decompressed data, has holes wherever there are zeros.
 */
bool image_has_own_holes(const struct savetool_image *image);

/* What compresses the file or its stream; NULL: nothing does. */
const struct codec *image_codec(const struct savetool_image *image);

/* What compresses the stream in the container; NULL: nothing does. */
const struct codec *image_stream_codec(const struct savetool_image *image);

/*
 * What compresses the file or its stream, in the order of decompression: the
 * codec, and the input of its compressed bytes.  Returns 1, or 0 if there are
 * not so many.
 */
int image_compression(const struct codec **codec, const struct input **packed,
		      const struct savetool_image *image, unsigned index);

/* Can it be read more than once? */
bool image_is_repeatable(const struct savetool_image *image);

/*
 * Checks the XML and cookie of a libvirt header: SAVETOOL_CORRUPT if libvirt
 * cannot read them.  What libvirt reads, but we do not (entities), passes.
 */
int libvirt_check_xml(const struct libvirt *libvirt,
		      struct savetool_error *err);

/*
 * Is there a domain XML, and all of it, whatever follows?  Otherwise
 * SAVETOOL_UNSUPPORTED for a bare stream, why the image ends within it, or why
 * the file is no image.
 */
int image_require_xml(const struct savetool_image *image,
		      struct savetool_error *err);

/* Fails if the header says Part: the save was interrupted. */
int image_require_complete(const struct savetool_image *image,
			   struct savetool_error *err);

static inline void cleanup_image_(struct savetool_image **image)
{
	savetool_image_close(*image);
}
#define cleanup_image __attribute__((cleanup(cleanup_image_)))

#endif
