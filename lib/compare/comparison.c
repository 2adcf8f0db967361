/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collects what differs, within limits. */
#include "config.h"

#include "compare/comparison.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

const char *savetool_difference_name(enum savetool_difference difference)
{
	switch (difference) {
	case SAVETOOL_SAME:
		return "same";
	case SAVETOOL_DIFFERS:
		return "differs";
	case SAVETOOL_ONLY_FIRST:
		return "only-first";
	case SAVETOOL_ONLY_SECOND:
		return "only-second";
	}
	return NULL;
}

int comparison_new(struct comparison **result, struct savetool_error *err)
{
	struct comparison *comparison = calloc(1, sizeof(*comparison));

	if (!comparison)
		return fail_memory(err);
	comparison->result.same = comparison->result.same_facts = true;
	*result = comparison;
	return 0;
}

int comparison_set_blocks(struct comparison *comparison, size_t count,
			  struct savetool_error *err)
{
	comparison->blocks = calloc(count + 1, sizeof(*comparison->blocks));
	if (!comparison->blocks)
		return fail_memory(err);
	comparison->result.blocks = comparison->blocks;
	comparison->result.block_count = count;
	return 0;
}

/* Makes room for one more element. */
static void *grow(void *old, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 16;
	void *grown = old;

	if (count < *room)
		return old;
	grown = reallocarray(old, more, size);
	if (grown)
		*room = more;
	return grown;
}

static int keep_range(struct comparison *comparison,
		      const struct savetool_compared_pages *pages,
		      struct savetool_error *err)
{
	struct savetool_comparison *result = &comparison->result;
	struct savetool_compared_pages *last, *grown;

	last = result->range_count > 0 ?
		       &comparison->ranges[result->range_count - 1] :
		       NULL;
	if (last && last->block == pages->block &&
	    last->difference == pages->difference &&
	    last->page + last->pages == pages->page) {
		last->pages += pages->pages;
		return 0;
	}
	if (result->range_count == RANGES_KEPT) {
		result->ranges_omitted++;
		return 0;
	}
	grown = grow(comparison->ranges, result->range_count,
		     &comparison->range_room, sizeof(*grown));
	if (!grown)
		return fail_memory(err);
	comparison->ranges = grown;
	result->ranges = grown;
	grown[result->range_count++] = *pages;
	return 0;
}

int comparison_add_pages(struct comparison *comparison, size_t index,
			 uint64_t page, uint64_t pages,
			 enum savetool_difference difference,
			 struct savetool_error *err)
{
	struct savetool_compared_block *block = &comparison->blocks[index];
	const struct savetool_compared_pages range = {
		.block = index,
		.difference = difference,
		.page = page,
		.pages = pages,
	};

	switch (difference) {
	case SAVETOOL_SAME:
		block->same += pages;
		return 0;
	case SAVETOOL_DIFFERS:
		block->differing += pages;
		break;
	case SAVETOOL_ONLY_FIRST:
		block->only_first += pages;
		break;
	case SAVETOOL_ONLY_SECOND:
		block->only_second += pages;
		break;
	}
	comparison->result.same = false;
	return keep_range(comparison, &range, err);
}

void comparison_add_same_section(struct comparison *comparison)
{
	comparison->result.sections_same++;
}

int comparison_add_section(struct comparison *comparison, const char *name,
			   uint32_t instance,
			   enum savetool_difference difference,
			   uint64_t first_length, uint64_t second_length,
			   struct savetool_error *err)
{
	struct savetool_comparison *result = &comparison->result;
	struct savetool_compared_section *grown =
		grow(comparison->sections, result->section_count,
		     &comparison->section_room, sizeof(*grown));
	char *copy = strdup(name);

	if (grown)
		comparison->sections = grown;
	if (!grown || !copy) {
		free(copy);
		return fail_memory(err);
	}
	result->sections = grown;
	grown[result->section_count++] = (struct savetool_compared_section){
		.name = copy,
		.instance = instance,
		.difference = difference,
		.first_length = first_length,
		.second_length = second_length,
	};
	result->same = false;
	return 0;
}

/* *copy is NULL for NULL. */
static bool copy_text(const char **copy, const char *text)
{
	*copy = text ? strdup(text) : NULL;
	return *copy || !text;
}

static void free_field(struct savetool_compared_field *field)
{
	free((char *)field->path);
	free((char *)field->type);
	free((char *)field->first);
	free((char *)field->second);
}

int comparison_add_field(struct comparison *comparison,
			 const struct savetool_compared_field *field,
			 struct savetool_error *err)
{
	struct savetool_comparison *result = &comparison->result;
	struct savetool_compared_field copy = *field, *grown;

	if (result->field_count == FIELDS_KEPT) {
		result->fields_omitted++;
		return 0;
	}
	grown = grow(comparison->fields, result->field_count,
		     &comparison->field_room, sizeof(*grown));
	if (!grown)
		return fail_memory(err);
	comparison->fields = grown;
	result->fields = grown;
	copy.section = result->section_count - 1;
	copy.path = copy.type = copy.first = copy.second = NULL;
	if (!copy_text(&copy.path, field->path) ||
	    !copy_text(&copy.type, field->type) ||
	    !copy_text(&copy.first, field->first) ||
	    !copy_text(&copy.second, field->second)) {
		free_field(&copy);
		return fail_memory(err);
	}
	grown[result->field_count++] = copy;
	return 0;
}

int comparison_add_fact(struct comparison *comparison, const char *name,
			const char *first, const char *second,
			struct savetool_error *err)
{
	struct savetool_comparison *result = &comparison->result;
	struct savetool_compared_fact fact = { .name = name };
	struct savetool_compared_fact *grown = reallocarray(
		comparison->facts, result->fact_count + 1, sizeof(*grown));

	if (!grown)
		return fail_memory(err);
	comparison->facts = grown;
	result->facts = grown;
	if (!copy_text(&fact.first, first) ||
	    !copy_text(&fact.second, second)) {
		free((char *)fact.first);
		return fail_memory(err);
	}
	grown[result->fact_count++] = fact;
	result->same_facts = false;
	return 0;
}

void comparison_free(struct comparison *comparison)
{
	const struct savetool_comparison *result;

	if (!comparison)
		return;
	result = &comparison->result;
	for (size_t i = 0; i < result->block_count; i++)
		free((char *)result->blocks[i].name);
	for (size_t i = 0; i < result->section_count; i++)
		free((char *)result->sections[i].name);
	for (size_t i = 0; i < result->field_count; i++)
		free_field(&comparison->fields[i]);
	for (size_t i = 0; i < result->fact_count; i++) {
		free((char *)result->facts[i].first);
		free((char *)result->facts[i].second);
	}
	free(comparison->blocks);
	free(comparison->ranges);
	free(comparison->sections);
	free(comparison->fields);
	free(comparison->facts);
	free(comparison);
}

void savetool_comparison_free(struct savetool_comparison *comparison)
{
	/* It is the first member. */
	comparison_free((struct comparison *)comparison);
}
