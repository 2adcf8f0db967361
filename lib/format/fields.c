/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks the fields of a section. */
#include "config.h"

#include "format/fields_internal.h"

#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each element of a list is looked at before the list is believed. */
#define LIST_LIMIT 65536

/* Where a device with this name and instance is, or would be. */
static uint32_t lower_bound(const struct fields *fields, const char *name,
			    uint32_t instance)
{
	uint32_t low = 0, high = fields->device_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct described *device = &fields->devices[middle];
		int order = strcmp(fields_text(fields, device->name), name);

		if (order < 0 || (order == 0 && device->instance < instance))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first description whose length is that of the section, or NULL. */
static const struct described *find(const struct fields *fields,
				    const char *name, uint32_t instance,
				    uint64_t length)
{
	for (uint32_t i = lower_bound(fields, name, instance);
	     i < fields->device_count; i++) {
		const struct described *device = &fields->devices[i];

		if (device->instance != instance ||
		    strcmp(fields_text(fields, device->name), name) != 0)
			break;
		if (device->size == length)
			return device;
	}
	return NULL;
}

static struct fields_frame *push(struct fields_walk *walk, const char *name,
				 uint32_t next, uint32_t stop)
{
	struct fields_frame *frame = &walk->frames[walk->depth++];

	*frame = (struct fields_frame){
		.name = name,
		.next = next,
		.stop = stop,
	};
	return frame;
}

int fields_begin(struct fields_walk *walk, bool *described,
		 const struct fields *fields, struct input *in,
		 const char *section, uint32_t instance, uint64_t offset,
		 uint64_t length, struct savetool_error *err)
{
	const struct described *device =
		find(fields, section, instance, length);

	*described = device;
	*walk = (struct fields_walk){
		.fields = fields,
		.in = in,
		.offset = offset,
		.end = offset + length,
	};
	walk->frames = calloc(FIELDS_DEPTH + 2, sizeof(*walk->frames));
	if (!walk->frames)
		return fail_memory(err);
	if (device)
		push(walk, NULL, device->first, device->end)->end = walk->end;
	return 0;
}

void fields_end(struct fields_walk *walk)
{
	free(walk->frames);
	walk->frames = NULL;
}

static struct fields_frame *top(const struct fields_walk *walk)
{
	return &walk->frames[walk->depth - 1];
}

/* The same kind of field for all of them, at the walk's offset. */
static int give(struct fields_walk *walk, struct field *field,
		enum field_kind kind, const struct node *node, const char *name)
{
	*field = (struct field){
		.kind = kind,
		.name = name,
		.offset = walk->offset,
		.count = 1,
	};
	if (node && node->type_name)
		field->type_name = fields_text(walk->fields, node->type_name);
	return 1;
}

/* The bytes up to end, which are not what the description says. */
static int give_rest(struct fields_walk *walk, struct field *field,
		     uint64_t end)
{
	give(walk, field, FIELD_REST, NULL, NULL);
	field->size = end - walk->offset;
	walk->offset = end;
	return 1;
}

static int give_value(struct fields_walk *walk, struct field *field,
		      const struct node *node, const char *name, uint64_t count)
{
	give(walk, field, FIELD_VALUE, node, name);
	field->type = node->type;
	field->size = node->size;
	field->count = count;
	field->array = !name;
	walk->offset += node->size * count;
	return 1;
}

static int give_struct(struct fields_walk *walk, struct field *field,
		       const struct node *node, const char *name, uint64_t size)
{
	uint32_t index = node - walk->fields->nodes;
	struct fields_frame *frame = push(walk, name, index + 1, node->end);

	frame->end = walk->offset + size;
	give(walk, field, FIELD_STRUCT, node, name);
	field->size = size;
	field->array = !name;
	return 1;
}

/* 1: the bytes are those of a list; 0: they are not; or -1. */
static int is_list(struct fields_walk *walk, const struct node *node,
		   struct savetool_error *err)
{
	uint64_t step = 1 + node->inner, last = node->size - 1;
	uint8_t mark;

	if (last / step > LIST_LIMIT)
		return 0;
	for (uint64_t at = 0; at <= last; at += step) {
		if (input_read_exactly(walk->in, &mark, 1, walk->offset + at,
				       err) < 0)
			return -1;
		if (mark != (at < last))
			return 0;
	}
	return 1;
}

static int give_array(struct fields_walk *walk, struct field *field,
		      const struct node *node, const char *name, uint32_t stop)
{
	uint32_t index = node - walk->fields->nodes;
	struct fields_frame *frame = push(walk, name, index, stop);

	frame->elements = true;
	frame->left = node->count;
	give(walk, field, FIELD_ARRAY, node, name);
	return 1;
}

/* A field, or an element of an array; then the name is NULL. */
static int give_node(struct fields_walk *walk, struct field *field,
		     const struct node *node, const char *name,
		     struct savetool_error *err)
{
	struct fields_frame *frame;
	int list;

	if (node->kind == NODE_VALUE)
		return give_value(walk, field, node, name, 1);
	if (node->kind == NODE_STRUCT)
		return give_struct(walk, field, node, name, node->size);
	list = is_list(walk, node, err);
	if (list <= 0)
		return list < 0 ? -1 : give_value(walk, field, node, name, 1);
	give_array(walk, field, node, name, node->end);
	frame = top(walk);
	frame->list = true;
	frame->left = (node->size - 1) / (1 + node->inner);
	return 1;
}

/* A subsection shows its name and version, so it is easy to see if it fits. */
static int give_subsection(struct fields_walk *walk, struct field *field,
			   const struct node *node, struct savetool_error *err)
{
	const char *name = fields_text(walk->fields, node->name);
	uint8_t expected[1 + 1 + UINT8_MAX + 4], found[sizeof(expected)];
	size_t size = subsection_header_size(name);
	bool fits = false;

	if (size <= sizeof(expected)) {
		expected[0] = SECTION_SUBSECTION;
		expected[1] = size - 6;
		memcpy(expected + 2, name, size - 6);
		put_be32(expected + size - 4, node->version);
		if (input_read_exactly(walk->in, found, size, walk->offset,
				       err) < 0)
			return -1;
		fits = memcmp(found, expected, size) == 0;
	}
	if (!fits) {
		top(walk)->next = top(walk)->stop;
		return give_rest(walk, field, top(walk)->end);
	}
	walk->offset += size;
	give_struct(walk, field, node, name, node->size);
	field->subsection = true;
	return 1;
}

static int leave(struct fields_walk *walk, struct field *field)
{
	if (top(walk)->list)
		walk->offset++;
	walk->depth--;
	if (walk->depth == 0)
		return 0;
	return give(walk, field, FIELD_END, NULL, NULL);
}

/* The node after this one and those that continue it. */
static uint32_t end_of_array(const struct fields *fields, uint32_t index,
			     uint32_t stop)
{
	do
		index = fields->nodes[index].end;
	while (index < stop && fields->nodes[index].again);
	return index;
}

static int next_in_struct(struct fields_walk *walk, struct field *field,
			  struct savetool_error *err)
{
	struct fields_frame *frame = top(walk);
	const struct node *node;
	const char *name;

	if (frame->next == frame->stop)
		return leave(walk, field);
	node = &walk->fields->nodes[frame->next];
	name = fields_text(walk->fields, node->name);
	if (node->kind == NODE_SUBSECTION) {
		frame->next = node->end;
		return give_subsection(walk, field, node, err);
	}
	if (node->array) {
		frame->next =
			end_of_array(walk->fields, frame->next, frame->stop);
		return give_array(walk, field, node, name, frame->next);
	}
	frame->next = node->end;
	return give_node(walk, field, node, name, err);
}

/* Goes to the next node of an array that has elements. */
static bool has_element(struct fields_walk *walk, struct fields_frame *frame)
{
	const struct node *nodes = walk->fields->nodes;

	while (frame->left == 0 && frame->next < frame->stop) {
		frame->next = nodes[frame->next].end;
		if (frame->next < frame->stop)
			frame->left = nodes[frame->next].count;
	}
	return frame->left > 0;
}

static int next_element(struct fields_walk *walk, struct field *field,
			struct savetool_error *err)
{
	struct fields_frame *frame = top(walk);
	const struct node *node;
	uint64_t count = 1;

	if (!has_element(walk, frame))
		return leave(walk, field);
	node = &walk->fields->nodes[frame->next];
	if (node->kind == NODE_VALUE)
		count = frame->left;
	frame->index = frame->passed;
	frame->passed += count;
	frame->left -= count;
	if (frame->list) {
		walk->offset++;
		return give_struct(walk, field, node, NULL, node->inner);
	}
	if (node->kind == NODE_VALUE)
		return give_value(walk, field, node, NULL, count);
	return give_node(walk, field, node, NULL, err);
}

int fields_next(struct fields_walk *walk, struct field *field,
		struct savetool_error *err)
{
	int more = 0;

	if (walk->depth > 0)
		more = top(walk)->elements ? next_element(walk, field, err) :
					     next_in_struct(walk, field, err);
	if (more == 0 && walk->offset < walk->end)
		return give_rest(walk, field, walk->end);
	return more;
}

bool fields_follows(const struct fields_walk *walk, const struct field *field,
		    const char *name)
{
	bool inside = field->kind == FIELD_STRUCT || field->kind == FIELD_ARRAY;
	const struct node *nodes = walk->fields->nodes;
	const struct fields_frame *frame;

	if (walk->depth < 1 + (unsigned)inside)
		return false;
	frame = &walk->frames[walk->depth - 1 - inside];
	if (frame->elements)
		return false;
	for (uint32_t i = frame->next; i < frame->stop; i = nodes[i].end)
		if (strcmp(fields_text(walk->fields, nodes[i].name), name) == 0)
			return true;
	return false;
}
