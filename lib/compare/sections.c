/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pairs the sections of two images, and compares each pair. */
#include "config.h"

#include "compare/sections.h"

#include "compare/section_fields.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device, and the one that it is in the other image. */
struct entry {
	const struct savetool_device *device;
	struct entry *match;
};

struct entries {
	struct entry *list;   /* in the order of the stream */
	struct entry **order; /* by name, instance, and that order */
	unsigned count;
};

static int compare_keys(const struct savetool_device *a,
			const struct savetool_device *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order :
		       (a->instance > b->instance) -
			       (a->instance < b->instance);
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = *(struct entry *const *)left;
	const struct entry *b = *(struct entry *const *)right;
	int order = compare_keys(a->device, b->device);

	return order ? order : (a > b) - (a < b);
}

static int list_devices(struct entries *entries,
			const struct savetool_device *devices, unsigned count,
			struct savetool_error *err)
{
	entries->list = calloc(count + 1, sizeof(*entries->list));
	entries->order = calloc(count + 1, sizeof(*entries->order));
	if (!entries->list || !entries->order)
		return fail_memory(err);
	entries->count = count;
	for (unsigned i = 0; i < count; i++) {
		entries->list[i].device = &devices[i];
		entries->order[i] = &entries->list[i];
	}
	qsort(entries->order, count, sizeof(*entries->order), compare_entries);
	return 0;
}

static void free_entries(struct entries *entries)
{
	free(entries->list);
	free(entries->order);
}
#define cleanup_entries __attribute__((cleanup(free_entries)))

static void match(const struct entries *first, const struct entries *second)
{
	unsigned a = 0, b = 0;

	while (a < first->count && b < second->count) {
		struct entry *left = first->order[a], *right = second->order[b];
		int order = compare_keys(left->device, right->device);

		a += order <= 0;
		b += order >= 0;
		if (order != 0)
			continue;
		left->match = right;
		right->match = left;
	}
}

static struct payload payload_of(const struct side *side,
				 const struct savetool_device *device)
{
	return (struct payload){
		.fields = side->fields,
		.in = side->tail->in,
		.offset = device_state(device),
		.length = device->length,
	};
}

static int add_version(struct comparison *comparison, uint32_t first,
		       uint32_t second, struct savetool_error *err)
{
	char a[16], b[16];
	const struct savetool_compared_field field = {
		.difference = SAVETOOL_DIFFERS,
		.path = "version",
		.type = "version of the section",
		.first = a,
		.second = b,
		.offset = SAVETOOL_UNKNOWN,
		.bytes = SAVETOOL_UNKNOWN,
	};

	if (first == second)
		return 0;
	snprintf(a, sizeof(a), "%" PRIu32, first);
	snprintf(b, sizeof(b), "%" PRIu32, second);
	return comparison_add_field(comparison, &field, err);
}

static int compare_both(struct comparison *comparison, const struct side *first,
			const struct side *second,
			const struct savetool_device *a,
			const struct savetool_device *b,
			struct savetool_error *err)
{
	const struct payload left = payload_of(first, a);
	const struct payload right = payload_of(second, b);
	uint64_t difference = 0;

	if (left.length == right.length &&
	    payload_find_difference(&difference, &left, left.offset, &right,
				    right.offset, 0, left.length, err) < 0)
		return -1;
	if (left.length == right.length && difference == left.length &&
	    a->version == b->version) {
		comparison_add_same_section(comparison);
		return 0;
	}
	if (comparison_add_section(comparison, a->name, a->instance,
				   SAVETOOL_DIFFERS, left.length, right.length,
				   err) < 0 ||
	    add_version(comparison, a->version, b->version, err) < 0)
		return -1;
	return fields_compare(comparison, a->name, a->instance, &left, &right,
			      err);
}

static int compare_devices(struct comparison *comparison,
			   const struct side *first, const struct side *second,
			   const struct entries *a, const struct entries *b,
			   struct savetool_error *err)
{
	for (unsigned i = 0; i < a->count; i++) {
		const struct savetool_device *device = a->list[i].device;
		const struct entry *other = a->list[i].match;
		int result =
			other ? compare_both(comparison, first, second, device,
					     other->device, err) :
				comparison_add_section(
					comparison, device->name,
					device->instance, SAVETOOL_ONLY_FIRST,
					device->length, SAVETOOL_UNKNOWN, err);

		if (result < 0)
			return -1;
	}
	for (unsigned i = 0; i < b->count; i++) {
		const struct savetool_device *device = b->list[i].device;

		if (!b->list[i].match &&
		    comparison_add_section(
			    comparison, device->name, device->instance,
			    SAVETOOL_ONLY_SECOND, SAVETOOL_UNKNOWN,
			    device->length, err) < 0)
			return -1;
	}
	return 0;
}

/* All device state as one section, if nothing shows where sections end. */
static struct payload whole_state(const struct side *side)
{
	return (struct payload){
		.fields = side->fields,
		.in = side->tail->in,
		.offset = side->tail->offset,
		.length = side->tail->state_size,
	};
}

static int compare_opaque(struct comparison *comparison,
			  const struct side *first, const struct side *second,
			  struct savetool_error *err)
{
	const struct payload a = whole_state(first), b = whole_state(second);
	uint64_t difference = 0;

	if (a.length == b.length &&
	    payload_find_difference(&difference, &a, a.offset, &b, b.offset, 0,
				    a.length, err) < 0)
		return -1;
	if (a.length == b.length && difference == a.length) {
		comparison_add_same_section(comparison);
		return 0;
	}
	if (comparison_add_section(comparison, "devices", 0, SAVETOOL_DIFFERS,
				   a.length, b.length, err) < 0)
		return -1;
	return fields_compare(comparison, "", 0, &a, &b, err);
}

/* Only of what was kept as a whole. */
static int compare_early_fields(struct comparison *comparison,
				const struct side *first,
				const struct side *second,
				const struct kept_section *a,
				const struct kept_section *b,
				struct savetool_error *err)
{
	cleanup_input struct input *left = NULL;
	cleanup_input struct input *right = NULL;
	struct payload one, two;

	if (a->kept != a->length || b->kept != b->length || !a->bytes ||
	    !b->bytes)
		return 0;
	if (input_open_memory(&left, a->bytes, a->kept, err) < 0 ||
	    input_open_memory(&right, b->bytes, b->kept, err) < 0)
		return -1;
	one = (struct payload){ first->fields, left, 0, a->length };
	two = (struct payload){ second->fields, right, 0, b->length };
	return fields_compare(comparison, a->name, a->instance, &one, &two,
			      err);
}

static int compare_early(struct comparison *comparison,
			 const struct side *first, const struct side *second,
			 const struct kept_section *a,
			 const struct kept_section *b,
			 struct savetool_error *err)
{
	XXH128_hash_t left = XXH3_128bits_digest(a->sum);
	XXH128_hash_t right = XXH3_128bits_digest(b->sum);

	if (a->length == b->length && XXH128_isEqual(left, right)) {
		comparison_add_same_section(comparison);
		return 0;
	}
	if (comparison_add_section(comparison, a->name, a->instance,
				   SAVETOOL_DIFFERS, a->length, b->length,
				   err) < 0)
		return -1;
	return compare_early_fields(comparison, first, second, a, b, err);
}

static int compare_all_early(struct comparison *comparison,
			     const struct side *first,
			     const struct side *second,
			     struct savetool_error *err)
{
	for (unsigned i = 0; i < first->early.count; i++) {
		const struct kept_section *a = &first->early.list[i];
		const struct kept_section *b = kept_sections_find(
			&second->early, a->name, a->instance);
		int result = b ? compare_early(comparison, first, second, a, b,
					       err) :
				 comparison_add_section(
					 comparison, a->name, a->instance,
					 SAVETOOL_ONLY_FIRST, a->length,
					 SAVETOOL_UNKNOWN, err);

		if (result < 0)
			return -1;
	}
	for (unsigned i = 0; i < second->early.count; i++) {
		const struct kept_section *b = &second->early.list[i];

		if (!kept_sections_find(&first->early, b->name, b->instance) &&
		    comparison_add_section(comparison, b->name, b->instance,
					   SAVETOOL_ONLY_SECOND,
					   SAVETOOL_UNKNOWN, b->length,
					   err) < 0)
			return -1;
	}
	return 0;
}

int sections_compare(struct comparison *comparison, const struct side *first,
		     const struct side *second, struct savetool_error *err)
{
	cleanup_entries struct entries a = { 0 };
	cleanup_entries struct entries b = { 0 };

	if (compare_all_early(comparison, first, second, err) < 0)
		return -1;
	if (tail_is_opaque(first->tail) || tail_is_opaque(second->tail))
		return compare_opaque(comparison, first, second, err);
	if (list_devices(&a, first->tail->devices, first->tail->device_count,
			 err) < 0 ||
	    list_devices(&b, second->tail->devices, second->tail->device_count,
			 err) < 0)
		return -1;
	match(&a, &b);
	return compare_devices(comparison, first, second, &a, &b, err);
}
