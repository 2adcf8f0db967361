/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collects what differs, within limits. */
#ifndef COMPARE_COMPARISON_H
#define COMPARE_COMPARISON_H

#include "savetool.h"

/* How many of each are kept; the others are only counted. */
#define RANGES_KEPT 65536
#define FIELDS_KEPT 16384

struct comparison {
	struct savetool_comparison result;
	struct savetool_compared_block *blocks;
	struct savetool_compared_pages *ranges;
	struct savetool_compared_section *sections;
	struct savetool_compared_field *fields;
	struct savetool_compared_fact *facts;
	size_t range_room, section_room, field_room;
};

int comparison_new(struct comparison **comparison, struct savetool_error *err);

/* Allocates comparison->blocks, which the caller fills. */
int comparison_set_blocks(struct comparison *comparison, size_t count,
			  struct savetool_error *err);

/* Pages of a block that differ in this way, or not at all, in their order. */
int comparison_add_pages(struct comparison *comparison, size_t block,
			 uint64_t page, uint64_t pages,
			 enum savetool_difference difference,
			 struct savetool_error *err);

void comparison_add_same_section(struct comparison *comparison);
int comparison_add_section(struct comparison *comparison, const char *name,
			   uint32_t instance,
			   enum savetool_difference difference,
			   uint64_t first_length, uint64_t second_length,
			   struct savetool_error *err);

/* Of the section that was added last; all texts are copied. */
int comparison_add_field(struct comparison *comparison,
			 const struct savetool_compared_field *field,
			 struct savetool_error *err);

int comparison_add_fact(struct comparison *comparison, const char *name,
			const char *first, const char *second,
			struct savetool_error *err);

/* NULL is fine. */
void comparison_free(struct comparison *comparison);

static inline void cleanup_comparison_(struct comparison **comparison)
{
	comparison_free(*comparison);
}
#define cleanup_comparison __attribute__((cleanup(cleanup_comparison_)))

#endif
