/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sections other than memory that come before the devices: they pass by once,
 * so a walk's visitor keeps what it will need of them, within a limit.
 */
#ifndef WALK_KEPT_SECTIONS_H
#define WALK_KEPT_SECTIONS_H

#include "format/section.h"
#include "io/output.h"

#include <xxhash.h>

/* So many bytes of payload are kept of all sections together. */
#define KEPT_BYTES (UINT64_C(1) << 20)

/* All parts of a section are taken together. */
struct kept_section {
	char *name;
	uint32_t instance;
	uint32_t version;
	enum section_type type; /* of its first part */
	uint64_t offset;        /* of that */
	XXH3_state_t *sum;      /* of its types and its payload */
	uint64_t length;
	uint8_t *bytes; /* the first ones; NULL: none */
	size_t kept;    /* so many; all, or those before the limit */
};

/* All zeros at first. */
struct kept_sections {
	struct output payload; /* takes that of the section that came last */
	struct kept_section *list;
	unsigned count, current;
	uint64_t kept;
};

/* A section comes; *copy_to is to get its payload. */
int kept_sections_add(struct kept_sections *sections,
		      const struct section *section, struct output **copy_to,
		      struct savetool_error *err);

/* The one with this name and instance, or NULL. */
const struct kept_section *kept_sections_find(
	const struct kept_sections *sections, const char *name,
	uint32_t instance);

/* Makes it all zeros again. */
void kept_sections_free(struct kept_sections *sections);

#endif
