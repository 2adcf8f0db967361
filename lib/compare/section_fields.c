/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of a section whose bytes differ. */
#include "config.h"

#include "compare/section_fields.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* So many bytes of a buffer are shown. */
#define SHOWN 16
#define VALUE_TEXT (2 * SHOWN + 8)

struct half {
	const struct payload *payload;
	struct fields_walk walk;
	struct field field; /* the next one, if there is one */
	bool more;
};

struct pair {
	struct comparison *comparison;
	struct half first, second;
};

static int step(struct half *half, struct savetool_error *err)
{
	int more = fields_next(&half->walk, &half->field, err);

	half->more = more > 0;
	return more < 0 ? -1 : 0;
}

static void format_bytes(char text[VALUE_TEXT], const uint8_t *bytes,
			 uint64_t size)
{
	size_t shown = size < SHOWN ? size : SHOWN;

	for (size_t i = 0; i < shown; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	strcpy(text + 2 * shown, size > SHOWN ? "..." : "");
}

/* The value of an element, or its bytes from "from" on. */
static int value_text(char text[VALUE_TEXT], const struct half *half,
		      uint64_t element, uint64_t from,
		      struct savetool_error *err)
{
	const struct field *field = &half->field;
	uint64_t size = field->size - from;
	uint8_t bytes[SHOWN];
	uint64_t number;

	if (input_read_exactly(
		    half->payload->in, bytes, size < SHOWN ? size : SHOWN,
		    field->offset + element * field->size + from, err) < 0)
		return -1;
	if (field->kind == FIELD_REST || field->type == FIELD_BYTES ||
	    field->type == FIELD_NULL) {
		format_bytes(text, bytes, size);
		return 0;
	}
	number = field_number(field, bytes);
	if (field->type == FIELD_SIGNED)
		snprintf(text, VALUE_TEXT, "%" PRId64, (int64_t)number);
	else if (field->type == FIELD_BOOL)
		strcpy(text, number ? "true" : "false");
	else
		snprintf(text, VALUE_TEXT, "%" PRIu64, number);
	return 0;
}

static bool is_number(const struct field *field)
{
	return field->kind == FIELD_VALUE && field->type != FIELD_BYTES;
}

/* Its path, or NULL for bytes in the section itself. */
static const char *path_of(const struct half *half, uint64_t element,
			   char path[FIELDS_PATH_SIZE])
{
	fields_path(&half->walk, &half->field, element, path);
	return path[0] ? path : NULL;
}

/* An element, of which bytes differ from "from" on. */
static int add_different(struct pair *pair, uint64_t element, uint64_t from,
			 uint64_t bytes, struct savetool_error *err)
{
	const struct half *first = &pair->first, *second = &pair->second;
	char a[VALUE_TEXT], b[VALUE_TEXT], path[FIELDS_PATH_SIZE];
	const struct savetool_compared_field field = {
		.difference = SAVETOOL_DIFFERS,
		.path = path_of(first, element, path),
		.type = first->field.type_name,
		.first = a,
		.second = b,
		.offset = first->field.offset - first->payload->offset +
			  element * first->field.size + from,
		.bytes = bytes,
	};

	if (value_text(a, first, element, from, err) < 0 ||
	    value_text(b, second, element, from, err) < 0)
		return -1;
	return comparison_add_field(pair->comparison, &field, err);
}

/* What only one of them has: so many bytes from an offset on. */
static int add_single(struct pair *pair, bool first, const char *path,
		      uint64_t offset, uint64_t bytes,
		      struct savetool_error *err)
{
	const struct half *half = first ? &pair->first : &pair->second;
	const struct savetool_compared_field field = {
		.difference =
			first ? SAVETOOL_ONLY_FIRST : SAVETOOL_ONLY_SECOND,
		.path = path,
		.offset = offset - half->payload->offset,
		.bytes = bytes,
	};

	return comparison_add_field(pair->comparison, &field, err);
}

/* How many bytes differ among those of an element, from "from" on. */
static int count_different(uint64_t *count, const struct pair *pair,
			   uint64_t base, uint64_t from, uint64_t size,
			   struct savetool_error *err)
{
	const struct payload *first = pair->first.payload;
	const struct payload *second = pair->second.payload;
	uint8_t a[4096], b[4096];

	*count = 0;
	for (uint64_t at = from; at < size;) {
		size_t some = size - at < sizeof(a) ? size - at : sizeof(a);

		if (input_read_exactly(first->in, a, some,
				       pair->first.field.offset + base + at,
				       err) < 0 ||
		    input_read_exactly(second->in, b, some,
				       pair->second.field.offset + base + at,
				       err) < 0)
			return -1;
		for (size_t i = 0; i < some; i++)
			*count += a[i] != b[i];
		at += some;
	}
	return 0;
}

/* Elements of one size that both have. */
static int compare_elements(struct pair *pair, uint64_t count, uint64_t size,
			    struct savetool_error *err)
{
	const struct half *first = &pair->first, *second = &pair->second;
	uint64_t length = count * size, found, bytes;

	for (uint64_t at = 0; at < length;) {
		uint64_t element, from;

		if (payload_find_difference(
			    &found, first->payload, first->field.offset,
			    second->payload, second->field.offset, at, length,
			    err) < 0)
			return -1;
		if (found == length)
			break;
		element = found / size;
		from = is_number(&first->field) ? 0 : found % size;
		if (count_different(&bytes, pair, element * size, from, size,
				    err) < 0 ||
		    add_different(pair, element, from, bytes, err) < 0)
			return -1;
		at = (element + 1) * size;
	}
	return 0;
}

/* The elements, or the bytes, that one has more than the other. */
static int add_longer(struct pair *pair, uint64_t first, uint64_t second,
		      uint64_t size, struct savetool_error *err)
{
	bool longer = first > second;
	const struct half *half = longer ? &pair->first : &pair->second;
	uint64_t common = longer ? second : first;
	uint64_t more = (longer ? first : second) - common;
	char path[FIELDS_PATH_SIZE];

	if (more == 0)
		return 0;
	return add_single(pair, longer, path_of(half, common, path),
			  half->field.offset + common * size, more * size, err);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Two values, or two rests, of the same name. */
static int compare_values(struct pair *pair, struct savetool_error *err)
{
	struct field *a = &pair->first.field, *b = &pair->second.field;
	uint64_t first, second;

	if (a->size == b->size) {
		if (a->size == 0)
			return 0;
		if (compare_elements(pair, least(a->count, b->count), a->size,
				     err) < 0)
			return -1;
		return add_longer(pair, a->count, b->count, a->size, err);
	}
	/* Of another size: they are compared as bytes. */
	first = a->size * a->count;
	second = b->size * b->count;
	a->type = b->type = FIELD_BYTES;
	a->count = b->count = 1;
	a->size = b->size = least(first, second);
	if (a->size > 0 && compare_elements(pair, 1, a->size, err) < 0)
		return -1;
	return add_longer(pair, first, second, 1, err);
}

static bool has_bytes(const struct field *field)
{
	return field->kind == FIELD_VALUE || field->kind == FIELD_REST;
}

static bool match(const struct field *a, const struct field *b)
{
	if (a->kind != b->kind || !a->name != !b->name)
		return false;
	return !a->name || strcmp(a->name, b->name) == 0;
}

/*
 * The two do not match: is the first one that which the other image does not
 * have?
 */
static bool is_first_extra(const struct pair *pair)
{
	const struct half *first = &pair->first, *second = &pair->second;

	if (!first->more || !second->more)
		return first->more;
	if (first->field.kind == FIELD_END || second->field.kind == FIELD_END)
		return second->field.kind == FIELD_END;
	if (!second->field.name || !first->field.name)
		return true;
	return fields_follows(&first->walk, &first->field, second->field.name);
}

/* Passes over a field and all that is in it. */
static int skip(struct half *half, struct savetool_error *err)
{
	unsigned depth = 0;

	do {
		enum field_kind kind = half->field.kind;

		if (kind == FIELD_STRUCT || kind == FIELD_ARRAY)
			depth++;
		else if (kind == FIELD_END && depth > 0)
			depth--;
		if (step(half, err) < 0)
			return -1;
	} while (half->more && depth > 0);
	return 0;
}

static uint64_t offset_now(const struct half *half)
{
	return half->more ? half->field.offset :
			    half->payload->offset + half->payload->length;
}

static int add_extra(struct pair *pair, bool first, struct savetool_error *err)
{
	struct half *half = first ? &pair->first : &pair->second;
	uint64_t start = half->field.offset;
	char path[FIELDS_PATH_SIZE];
	const char *name = path_of(half, 0, path);
	bool shown = half->field.kind != FIELD_END;

	if (skip(half, err) < 0)
		return -1;
	return shown ? add_single(pair, first, name, start,
				  offset_now(half) - start, err) :
		       0;
}

static int compare_walks(struct pair *pair, struct savetool_error *err)
{
	struct half *first = &pair->first, *second = &pair->second;

	if (step(first, err) < 0 || step(second, err) < 0)
		return -1;
	while (first->more || second->more) {
		if (!first->more || !second->more ||
		    !match(&first->field, &second->field)) {
			if (add_extra(pair, is_first_extra(pair), err) < 0)
				return -1;
			continue;
		}
		if (has_bytes(&first->field) && compare_values(pair, err) < 0)
			return -1;
		if (step(first, err) < 0 || step(second, err) < 0)
			return -1;
	}
	return 0;
}

static int begin(struct half *half, bool *described, const char *name,
		 uint32_t instance, const struct payload *payload,
		 const struct fields *fields, struct savetool_error *err)
{
	half->payload = payload;
	return fields_begin(&half->walk, described, fields, payload->in, name,
			    instance, payload->offset, payload->length, err);
}

/* By its own description, or if that does not fit, the other image's. */
static int begin_by_either(struct half *half, bool *described, const char *name,
			   uint32_t instance, const struct payload *payload,
			   const struct fields *other,
			   struct savetool_error *err)
{
	if (begin(half, described, name, instance, payload, payload->fields,
		  err) < 0)
		return -1;
	if (*described)
		return 0;
	fields_end(&half->walk);
	return begin(half, described, name, instance, payload, other, err);
}

/* Both as bytes, unless both are described. */
static int begin_both(struct pair *pair, const char *name, uint32_t instance,
		      const struct payload *first, const struct payload *second,
		      struct savetool_error *err)
{
	bool one = false, two = false;

	if (begin_by_either(&pair->first, &one, name, instance, first,
			    second->fields, err) < 0 ||
	    begin_by_either(&pair->second, &two, name, instance, second,
			    first->fields, err) < 0)
		return -1;
	if (one == two)
		return 0;
	fields_end(&pair->first.walk);
	fields_end(&pair->second.walk);
	/* No section has this name. */
	if (begin(&pair->first, &one, "", 0, first, first->fields, err) < 0)
		return -1;
	return begin(&pair->second, &two, "", 0, second, second->fields, err);
}

int fields_compare(struct comparison *comparison, const char *name,
		   uint32_t instance, const struct payload *first,
		   const struct payload *second, struct savetool_error *err)
{
	struct pair pair = { .comparison = comparison };
	int result = begin_both(&pair, name, instance, first, second, err);

	if (result == 0)
		result = compare_walks(&pair, err);
	fields_end(&pair.first.walk);
	fields_end(&pair.second.walk);
	return result;
}
