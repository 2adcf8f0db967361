/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that people take for save images, and what they are: by their first
 * bytes, as they lie there or once they are decompressed.
 */
#ifndef IMAGE_STRANGER_H
#define IMAGE_STRANGER_H

#include "codec/codec.h"
#include "format/libvirt.h"
#include "io/input.h"

/* As many bytes as any of them is known by: an ISO 9660 image is the last. */
#define STRANGER_HEAD 33024

struct stranger {
	const char *what; /* without an article: "qcow2 disk image" */
	const char *tool; /* a clause: "qemu-img reads it"; or NULL */
};

/* What starts with these bytes; NULL: nothing that is known. */
const struct stranger *stranger_find(const uint8_t *head, size_t size);

/* Do they start a QEMU stream, whatever its version? */
bool stranger_is_stream(const uint8_t *head, size_t size);

/*
 * SAVETOOL_NOT_IMAGE, with the name of what starts at offset.  codec is what
 * these bytes were decompressed by; NULL: they were not.
 */
int fail_stranger(struct input *in, uint64_t offset, const struct codec *codec,
		  struct savetool_error *err);

/*
 * The same of what follows a libvirt header where a stream should start, at
 * payload of the file: SAVETOOL_CORRUPT, SAVETOOL_INCOMPLETE after a header
 * that says Part.
 */
int fail_stranger_after(const struct libvirt *libvirt, uint64_t payload,
			struct input *in, uint64_t offset,
			const struct codec *codec, struct savetool_error *err);

#endif
