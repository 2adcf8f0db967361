/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The header that libvirt puts in front of a stream: 92 bytes in the saving
 * host's byte order, then data_length bytes of domain XML, cookie and zero
 * padding.  Layout as in libvirt's src/qemu/qemu_saveimage.h
 * (_virQEMUSaveHeader); savetool-formats(5) has it in full.
 */
#ifndef FORMAT_LIBVIRT_H
#define FORMAT_LIBVIRT_H

#include "io/input.h"
#include "io/output.h"

#define LIBVIRT_MAGIC_SIZE 16
#define LIBVIRT_HEADER_SIZE 92

/* More XML, cookie and padding than this is no libvirt image. */
#define LIBVIRT_DATA_LIMIT (UINT32_C(16) << 20)

/* Words 36 to 91, cookieOffset not counted; features is the first of them. */
#define LIBVIRT_UNUSED 14

/* The only bit of features that was ever proposed. */
#define FEATURE_MAPPED_RAM UINT32_C(1)

/* What libvirt leaves free behind XML and cookie since 6.3.0. */
#define LIBVIRT_PADDING 65536

struct libvirt {
	struct savetool_header header;
	uint32_t unused[LIBVIRT_UNUSED]; /* in file order, by byte_order */
	uint32_t was_running; /* as it is there: any word but 0 is true */
	char *data;           /* header.data_length bytes, and a NUL behind */
	const char *xml;      /* in data */
	const char *cookie;   /* in data, or NULL */
};

/* Do these first bytes of a file start with either magic of libvirt's? */
bool libvirt_is_magic(const void *head, size_t size);

/*
 * Reads header and data from the start of the input.  Refuses, each with its
 * own sentence: fewer than 92 bytes (SAVETOOL_INCOMPLETE), a version above 3
 * (SAVETOOL_UNSUPPORTED), a format above 6 (SAVETOOL_UNSUPPORTED), no data,
 * more of it than the file or the limit holds (SAVETOOL_INCOMPLETE,
 * SAVETOOL_CORRUPT), a cookie outside of it, XML or cookie without a NUL
 * (SAVETOOL_CORRUPT). A magic that says Part is read all the same:
 * header.complete is false.
 */
int libvirt_read(struct libvirt **libvirt, struct input *in,
		 struct savetool_error *err);

/*
 * One that never was a file: this XML and the usual padding.  Cookie and
 * whether the guest runs are those of like; without it (NULL) there is no
 * cookie, and the guest runs.  The byte order is that of the stream's host.
 */
int libvirt_new(struct libvirt **libvirt, const char *xml,
		const struct libvirt *like, bool big_endian,
		struct savetool_error *err);

/* NULL is fine. */
void libvirt_free(struct libvirt *libvirt);

static inline void cleanup_libvirt_(struct libvirt **libvirt)
{
	libvirt_free(*libvirt);
}
#define cleanup_libvirt __attribute__((cleanup(cleanup_libvirt_)))

/*
 * Who changes an image's XML on another host writes the header anew in that
 * host's byte order, and leaves the bitmaps as they are.  Is the header not in
 * the order that hosts of the guest's architecture have?  An emulated guest's
 * may be.
 */
bool libvirt_order_is_doubtful(const struct libvirt *libvirt);

/* Where the stream starts. */
uint64_t libvirt_size(const struct libvirt *libvirt);

/*
 * Appends header and data, unchanged but for header.version, format,
 * features and byte order; with "Part" for a magic, so that nobody takes an
 * unfinished file for an image, unless out is not seekable.
 */
int libvirt_write(const struct libvirt *libvirt, struct output *out,
		  struct savetool_error *err);

/* The magic of an image that is not complete, at the start of a file. */
int libvirt_write_partial(struct output *out, struct savetool_error *err);

/*
 * Has the magic, at the start of a seekable file, turned into "Save" when that
 * is committed.
 */
int libvirt_write_complete(struct output *out, struct savetool_error *err);

#endif
