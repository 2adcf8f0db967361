/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JSON behind a stream's end, in which QEMU describes what it saved: the
 * only place that tells how long a device's section is.  QEMU:
 * migration/savevm.c, migration/vmstate.c.
 */
#ifndef FORMAT_VMDESC_H
#define FORMAT_VMDESC_H

#include "savetool.h"

struct vmdesc_device {
	char *name;
	uint32_t instance;
	uint64_t length; /* of its payload in the stream */
};

struct vmdesc {
	uint64_t page_size; /* of the target; 0: not said */
	unsigned count;
	struct vmdesc_device *devices; /* in the order of the stream */
};

/* Longer ones are none: this is enough for hundreds of processors. */
#define VMDESC_LIMIT ((size_t)8 << 20)

/* SAVETOOL_CORRUPT: no JSON, or not of this kind. */
int vmdesc_parse(struct vmdesc **vmdesc, const char *json, size_t size,
		 struct savetool_error *err);

/* NULL is fine. */
void vmdesc_free(struct vmdesc *vmdesc);

/*
 * The same text, but its configuration says that the capability mapped-ram
 * is, or is not, on.  All other bytes stay; so does all of it where there is
 * no configuration (QEMU 7.2).  *edited is the caller's to free.
 */
int vmdesc_set_mapped(char **edited, size_t *edited_size, const char *json,
		      size_t size, bool mapped, struct savetool_error *err);

#endif
