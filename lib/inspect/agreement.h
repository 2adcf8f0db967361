/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Holds a domain XML against the stream that it describes.  Only what is
 * certain is a contradiction: an alias of a machine type, a block or a device
 * that nobody knows here, prove nothing.
 */
#ifndef INSPECT_AGREEMENT_H
#define INSPECT_AGREEMENT_H

#include "format/domain_xml.h"

struct description;

/* What the stream says; start with a zeroed one, and add what is known. */
struct stream_facts {
	const char *machine; /* NULL: it does not say; the caller's */
	const uint8_t *uuid; /* the same; 16 bytes */
	bool mapped;
	bool has_page_bits;
	unsigned families; /* of processors, one bit each */
	unsigned main_blocks;
	uint64_t main_memory;  /* of blocks that are the guest's memory */
	uint64_t other_memory; /* of blocks that may be */
	uint64_t largest_other;
	uint64_t cpus, common_cpus; /* sections of vCPUs */
};

void stream_facts_add_block(struct stream_facts *facts, const char *name,
			    uint64_t length);
void stream_facts_add_device(struct stream_facts *facts, const char *name);

/* Each kind of contradiction comes once at most. */
enum contradiction {
	CONTRADICTION_ARCH,
	CONTRADICTION_MACHINE,
	CONTRADICTION_UUID,
	CONTRADICTION_MEMORY,
	CONTRADICTION_VCPUS,
	CONTRADICTION_COUNT,
};

#define CONTRADICTION_TEXT 512

/* One of these, as a sentence that says what it leads to? */
bool contradicts(char text[CONTRADICTION_TEXT], enum contradiction kind,
		 const struct stream_facts *facts,
		 const struct domain_xml *domain);

/* The first contradiction of any XML and the stream of a description. */
bool description_contradicts(char text[CONTRADICTION_TEXT],
			     const struct description *description,
			     const struct domain_xml *domain);

/* Adds a finding for each contradiction of a description. */
int report_contradictions(struct description *description,
			  struct savetool_error *err);

#endif
