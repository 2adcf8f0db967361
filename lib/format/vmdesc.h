/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JSON after a stream's end, in which QEMU describes what it saved: the
 * only place that shows how long a device's section is.  QEMU:
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
	uint64_t page_size; /* of the target; 0: not stated */
	unsigned count;
	struct vmdesc_device *devices; /* in the order of the stream */
};

/* The longest that is accepted: enough for hundreds of processors. */
#define VMDESC_LIMIT ((size_t)8 << 20)

/* SAVETOOL_CORRUPT: not JSON, or not of this kind. */
int vmdesc_parse(struct vmdesc **vmdesc, const char *json, size_t size,
		 struct savetool_error *err);

/* NULL is fine. */
void vmdesc_free(struct vmdesc *vmdesc);

/*
 * Copies the text with the capability mapped-ram on or off in its
 * configuration.  All other bytes stay; if there is no configuration (QEMU
 * 7.2), all do.  *edited is the caller's to free.
 */
int vmdesc_set_mapped(char **edited, size_t *edited_size, const char *json,
		      size_t size, bool mapped, struct savetool_error *err);

/*
 * Copies the text with another length of the machine type in its configuration.
 * All other bytes stay; if there is no configuration (QEMU 7.2), or it does not
 * state that length, all do.
 */
int vmdesc_set_machine(char **edited, size_t *edited_size, const char *json,
		       size_t size, size_t length, struct savetool_error *err);

/*
 * Copies the text without one of its devices, counted from 0.  All other bytes
 * stay, except for one comma.
 */
int vmdesc_drop_device(char **edited, size_t *edited_size, const char *json,
		       size_t size, unsigned device,
		       struct savetool_error *err);

#endif
