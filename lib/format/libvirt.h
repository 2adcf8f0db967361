/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's header before a stream: 92 bytes in the saving host's byte order,
 * then data_length bytes of domain XML, cookie and zero padding.  Layout as in
 * libvirt's src/qemu/qemu_saveimage.h (_virQEMUSaveHeader); savetool-formats(5)
 * has it in full.
 */
#ifndef FORMAT_LIBVIRT_H
#define FORMAT_LIBVIRT_H

#include "io/input.h"
#include "io/output.h"

#define LIBVIRT_MAGIC_SIZE 16
#define LIBVIRT_HEADER_SIZE 92

/* No libvirt image has more XML, cookie and padding. */
#define LIBVIRT_DATA_LIMIT (UINT32_C(16) << 20)

/* Words 36 to 91 without cookieOffset; features is the first of them. */
#define LIBVIRT_UNUSED 14

/* The only bit of features that was ever proposed. */
#define FEATURE_MAPPED_RAM UINT32_C(1)

/* What libvirt leaves free after XML and cookie since 6.3.0. */
#define LIBVIRT_PADDING 65536

struct libvirt {
	struct savetool_header header;
	uint32_t unused[LIBVIRT_UNUSED]; /* in file order, decoded */
	uint32_t was_running;            /* as stored: any word but 0 is true */
	uint32_t present;                /* bytes of data that the file has */
	char *data;                      /* those, and a NUL */
	const char *xml;                 /* in data */
	const char *cookie;              /* in data, or NULL */
};

/* Does the file start with either of libvirt's magics? */
bool libvirt_is_magic(const void *head, size_t size);

/*
 * Reads header and data from the start of the input.  A magic that says Part is
 * read too: header.complete is false.  Fails, each with a sentence of its own,
 * for
 *
 * SAVETOOL_INCOMPLETE: fewer than 92 bytes, more data than the file has;
 * SAVETOOL_UNSUPPORTED: a version above 3, a format above 6;
 * SAVETOOL_CORRUPT: no data or more than the limit, a cookie outside of it, XML
 * or cookie without a NUL.
 *
 * If all 92 bytes are there, but not all of the data, *libvirt is set although
 * it fails, with what is there: it may be shown, and must not be written.
 */
int libvirt_read(struct libvirt **libvirt, struct input *in,
		 struct savetool_error *err);

/*
 * Makes a new header with this XML and the usual padding.  The cookie, and
 * whether the guest runs, are copied from like; without it (NULL) there is no
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
 * Does the header's byte order differ from that of the guest's architecture?
 * Then the image may have been edited on another host: that writes a new header
 * in that host's byte order and leaves the bitmaps as they are.  But the guest
 * may simply have been emulated.
 */
bool libvirt_order_is_doubtful(const struct libvirt *libvirt);

/* Where the stream starts. */
uint64_t libvirt_size(const struct libvirt *libvirt);

/*
 * Encodes the 92 bytes of a complete image's header; the data follows them.
 */
void libvirt_encode(const struct libvirt *libvirt,
		    uint8_t head[LIBVIRT_HEADER_SIZE]);

/*
 * Appends header and data; only header.version, format, features and byte order
 * can differ from what was read.  If out is seekable, the magic is "Part", so
 * that an unfinished file is never taken for an image.
 */
int libvirt_write(const struct libvirt *libvirt, struct output *out,
		  struct savetool_error *err);

/* Writes the magic of an incomplete image at the start of a file. */
int libvirt_write_partial(struct output *out, struct savetool_error *err);

/*
 * Makes the commit turn the magic at the start of a seekable file into "Save".
 */
int libvirt_write_complete(struct output *out, struct savetool_error *err);

#endif
