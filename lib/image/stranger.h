/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that people take for save images, recognised by their first bytes,
 * before or after decompression.
 */
#ifndef IMAGE_STRANGER_H
#define IMAGE_STRANGER_H

#include "codec/codec.h"
#include "format/libvirt.h"
#include "io/input.h"

/* The most bytes that are needed to recognise one: an ISO 9660 image. */
#define STRANGER_HEAD 33024

struct stranger {
	const char *what; /* without an article: "qcow2 disk image" */
	const char *tool; /* a clause: "qemu-img reads it"; or NULL */
};

/* What these bytes start; NULL: unknown. */
const struct stranger *stranger_find(const uint8_t *head, size_t size);

/* Do they start a QEMU stream, of any version? */
bool stranger_is_stream(const uint8_t *head, size_t size);

/*
 * SAVETOOL_NOT_IMAGE, with the name of what starts at offset.  codec has
 * decompressed these bytes; NULL: they were not compressed.
 */
int fail_stranger(struct input *in, uint64_t offset, const struct codec *codec,
		  struct savetool_error *err);

/*
 * The same for data that follows a libvirt header, at payload of the file,
 * instead of a stream: SAVETOOL_CORRUPT, or SAVETOOL_INCOMPLETE if the header
 * says Part.
 */
int fail_stranger_after(const struct libvirt *libvirt, uint64_t payload,
			struct input *in, uint64_t offset,
			const struct codec *codec, struct savetool_error *err);

#endif
