/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration section that follows a stream's magic: the machine type,
 * and up to three subsections in this order: the target's page bits, the
 * capabilities that must be equal on both sides, the guest's UUID.  QEMU:
 * migration/savevm.c, vmstate_configuration.
 */
#ifndef FORMAT_CONFIGURATION_H
#define FORMAT_CONFIGURATION_H

#include "io/reader.h"

#define CAPABILITIES_LIMIT 64

struct configuration {
	bool present; /* not before QEMU 2.4 */
	char *machine;
	bool has_page_bits;
	uint32_t page_bits;
	unsigned capability_count;
	char *capabilities[CAPABILITIES_LIMIT + 1]; /* ended by NULL */
	bool has_uuid;
	uint8_t uuid[16];
};

/* Reads what follows the section's type byte. */
int configuration_read(struct configuration *configuration,
		       struct reader *reader, struct savetool_error *err);

/*
 * Appends the section, type byte included, with or without the capability
 * mapped-ram and otherwise unchanged.  Appends nothing if it is not present.
 */
int configuration_write(const struct configuration *configuration, bool mapped,
			struct output *out, struct savetool_error *err);

bool configuration_can(const struct configuration *configuration,
		       const char *capability);

void configuration_free(struct configuration *configuration);

#endif
