/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes what a vmdesc says about fields out of its JSON. */
#include "config.h"

#include "format/fields_internal.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "format/vmdesc_json.h"

#include <string.h>

/*
 * A struct of one byte can be described by many fields without a byte.  If it
 * were an element of a long array, its walk would take very long; so such an
 * array is shown as bytes.
 */
#define NODES_PER_BYTE 16

static void *grow(void *old, uint32_t *room, uint64_t needed, size_t size)
{
	uint64_t more = *room ? *room : 64;
	void *grown;

	while (more < needed)
		more *= 2;
	if (more > UINT32_MAX)
		return NULL;
	grown = reallocarray(old, more, size);
	if (grown)
		*room = more;
	return grown;
}

static int add_text(struct fields *fields, uint32_t *text, const char *string,
		    struct savetool_error *err)
{
	size_t size = strlen(string) + 1;
	char *grown = fields->texts;

	*text = 0;
	if (size == 1 && fields->text_size > 0)
		return 0;
	if (fields->text_size + size > fields->text_room)
		grown = grow(fields->texts, &fields->text_room,
			     fields->text_size + size, 1);
	if (!grown)
		return fail_memory(err);
	fields->texts = grown;
	memcpy(grown + fields->text_size, string, size);
	*text = fields->text_size;
	fields->text_size += size;
	return 0;
}

static int add_node(struct fields *fields, uint32_t *index, const char *name,
		    const char *type, struct savetool_error *err)
{
	struct node *grown = fields->nodes;

	if (fields->node_count == fields->node_room)
		grown = grow(fields->nodes, &fields->node_room,
			     (uint64_t)fields->node_count + 1, sizeof(*grown));
	if (!grown)
		return fail_memory(err);
	fields->nodes = grown;
	*index = fields->node_count++;
	grown[*index] = (struct node){ .count = 1, .end = *index + 1 };
	if (add_text(fields, &grown[*index].name, name ? name : "", err) < 0 ||
	    add_text(fields, &grown[*index].type_name, type ? type : "", err) <
		    0)
		return -1;
	return 0;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* "uint32", "uint32 equal", "int32 le": they are all big-endian. */
static enum field_type type_of(const char *name, uint64_t size)
{
	bool is_number = size == 1 || size == 2 || size == 4 || size == 8;

	/* QEMU before 10.0 describes a null pointer by the name "uint64". */
	if (size == 1 &&
	    (strcmp(name, "nullptr") == 0 || strcmp(name, "uint64") == 0))
		return FIELD_NULL;
	if (size == 1 && strcmp(name, "bool") == 0)
		return FIELD_BOOL;
	if (is_number && starts(name, "uint"))
		return FIELD_UNSIGNED;
	if (is_number && starts(name, "int"))
		return FIELD_SIGNED;
	/* When it fires, in nanoseconds; -1: never. */
	if (size == 8 && strcmp(name, "timer") == 0)
		return FIELD_SIGNED;
	return FIELD_BYTES;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	uint64_t result;

	return __builtin_add_overflow(a, b, &result) ? UINT64_MAX : result;
}

static uint64_t product(uint64_t a, uint64_t b)
{
	uint64_t result;

	return __builtin_mul_overflow(a, b, &result) ? UINT64_MAX : result;
}

/*
 * What is a field that has others: its size decides.  migration/vmstate-types.c
 * describes only the last element of a list, as if it were the list.
 */
static enum node_kind kind_of(const struct node *node, const char *type,
			      uint64_t inner)
{
	uint64_t size = node->size;

	if (strcmp(type, "qtailq") == 0 || strcmp(type, "qlist") == 0)
		return inner > 0 && inner < size && size > 0 &&
				       (size - 1) % (1 + inner) == 0 ?
			       NODE_LIST :
			       NODE_VALUE;
	return inner == size ? NODE_STRUCT : NODE_VALUE;
}

static bool is_repeated(const struct node *node)
{
	return node->count > 1 || node->kind == NODE_LIST;
}

/* Decides what it is, and drops the fields in it that do not fit it. */
static void settle_node(struct fields *fields, uint32_t index, bool has_inner,
			uint64_t inner)
{
	struct node *node = &fields->nodes[index];
	const char *type = fields_text(fields, node->type_name);

	node->type = type_of(type, node->size);
	node->inner = inner;
	if (has_inner)
		node->kind = kind_of(node, type, inner);
	node->end = fields->node_count;
	if (is_repeated(node) && (node->end - index) / NODES_PER_BYTE > inner)
		node->kind = NODE_VALUE;
	if (node->kind == NODE_VALUE) {
		fields->node_count = index + 1;
		node->end = index + 1;
	}
	if (node->size == 0)
		node->count = node->count > 1 ? 0 : node->count;
}

static int add_body(struct fields *fields, struct json_object *body,
		    unsigned depth, uint64_t *size, struct savetool_error *err);

static int add_field(struct fields *fields, struct json_object *field,
		     unsigned depth, uint64_t *size, struct savetool_error *err)
{
	const char *name = vmdesc_json_text(field, "name");
	const char *type = vmdesc_json_text(field, "type");
	struct json_object *body = vmdesc_json_object(field, "struct");
	uint64_t count = vmdesc_json_number(field, "array_len", 0);
	uint64_t bytes = vmdesc_json_number(field, "size", 0), inner = 0;
	uint32_t index;

	/* "tmp", "vstruct" and lists have no object of their own. */
	if (!body && vmdesc_json_array(field, "fields"))
		body = field;
	if (add_node(fields, &index, name, type, err) < 0)
		return -1;
	fields->nodes[index].size = bytes;
	fields->nodes[index].count = count ? count : 1;
	fields->nodes[index].array =
		count || json_object_object_get_ex(field, "index", NULL);
	if (body && add_body(fields, body, depth + 1, &inner, err) < 0)
		return -1;
	settle_node(fields, index, body, inner);
	*size = sum(*size, product(bytes, fields->nodes[index].count));
	return 0;
}

static int add_subsection(struct fields *fields, struct json_object *subsection,
			  unsigned depth, uint64_t *size,
			  struct savetool_error *err)
{
	const char *name = vmdesc_json_text(subsection, "vmsd_name");
	uint64_t inner = 0;
	uint32_t index;

	if (add_node(fields, &index, name, NULL, err) < 0)
		return -1;
	fields->nodes[index].kind = NODE_SUBSECTION;
	fields->nodes[index].version =
		vmdesc_json_number(subsection, "version", 0);
	if (add_body(fields, subsection, depth + 1, &inner, err) < 0)
		return -1;
	fields->nodes[index].size = inner;
	fields->nodes[index].end = fields->node_count;
	*size = sum(*size,
		    sum(inner, subsection_header_size(name ? name : "")));
	return 0;
}

/* QEMU breaks an array into several fields of one name. */
static void mark_again(struct fields *fields, uint32_t before, uint32_t index)
{
	struct node *a = &fields->nodes[before], *b = &fields->nodes[index];

	if (a->kind == NODE_SUBSECTION || b->kind == NODE_SUBSECTION)
		return;
	b->again = strcmp(fields_text(fields, a->name),
			  fields_text(fields, b->name)) == 0;
	if (b->again)
		a->array = b->array = true;
}

static int add_body(struct fields *fields, struct json_object *body,
		    unsigned depth, uint64_t *size, struct savetool_error *err)
{
	struct json_object *list = vmdesc_json_array(body, "fields");
	struct json_object *subsections =
		vmdesc_json_array(body, "subsections");
	uint32_t before = UINT32_MAX, index;

	if (depth >= VMDESC_DEPTH)
		return fail(err, SAVETOOL_CORRUPT,
			    "vmdesc has structs that lie too deep");
	for (size_t i = 0; i < vmdesc_json_count(list); i++) {
		index = fields->node_count;
		if (add_field(fields, json_object_array_get_idx(list, i), depth,
			      size, err) < 0)
			return -1;
		if (before != UINT32_MAX)
			mark_again(fields, before, index);
		before = index;
	}
	for (size_t i = 0; i < vmdesc_json_count(subsections); i++)
		if (add_subsection(fields,
				   json_object_array_get_idx(subsections, i),
				   depth, size, err) < 0)
			return -1;
	return 0;
}

static int add_device(struct fields *fields, struct json_object *object,
		      struct savetool_error *err)
{
	struct described *device = &fields->devices[fields->device_count];
	const char *name = vmdesc_json_text(object, "name");

	if (add_text(fields, &device->name, name ? name : "", err) < 0)
		return -1;
	device->instance = vmdesc_json_number(object, "instance_id", 0);
	device->order = fields->device_count++;
	device->first = fields->node_count;
	if (add_body(fields, object, 0, &device->size, err) < 0)
		return -1;
	device->end = fields->node_count;
	return 0;
}

static int compare_devices(const void *a, const void *b, void *data)
{
	const struct described *left = a, *right = b;
	const struct fields *fields = data;
	int order = strcmp(fields_text(fields, left->name),
			   fields_text(fields, right->name));

	if (order == 0)
		order = (left->instance > right->instance) -
			(left->instance < right->instance);
	if (order == 0)
		order = (left->order > right->order) -
			(left->order < right->order);
	return order;
}

static int add_devices(struct fields *fields, struct json_object *root,
		       struct savetool_error *err)
{
	struct json_object *devices = vmdesc_json_array(root, "devices");
	size_t count = vmdesc_json_count(devices);

	if (!devices)
		return fail(err, SAVETOOL_CORRUPT,
			    "vmdesc is not valid QEMU JSON");
	fields->devices = calloc(count + 1, sizeof(*fields->devices));
	if (!fields->devices)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++)
		if (add_device(fields, json_object_array_get_idx(devices, i),
			       err) < 0)
			return -1;
	qsort_r(fields->devices, fields->device_count, sizeof(*fields->devices),
		compare_devices, fields);
	return 0;
}

static int fields_new(struct fields **result, struct savetool_error *err)
{
	struct fields *fields = calloc(1, sizeof(*fields));
	uint32_t empty;

	if (!fields)
		return fail_memory(err);
	if (add_text(fields, &empty, "", err) < 0) {
		fields_free(fields);
		return -1;
	}
	*result = fields;
	return 0;
}

int fields_parse(struct fields **result, const char *json, size_t size,
		 struct savetool_error *err)
{
	cleanup_json struct json_object *root = vmdesc_json_parse(json, size);
	cleanup_fields struct fields *fields = NULL;

	if (fields_new(&fields, err) < 0 || add_devices(fields, root, err) < 0)
		return -1;
	*result = steal(fields);
	return 0;
}

int fields_read(struct fields **result, const struct tail *tail,
		struct savetool_error *err)
{
	cleanup_free char *json = NULL;

	/* SECTION_VMDESC, and its length of 32 bits. */
	if (!tail->vmdesc)
		return fields_new(result, err);
	json = malloc(tail->json_size);
	if (!json)
		return fail_memory(err);
	if (input_read_exactly(tail->in, json, tail->json_size,
			       tail->offset + tail->state_size + 1 + 4,
			       err) < 0)
		return -1;
	return fields_parse(result, json, tail->json_size, err);
}

void fields_free(struct fields *fields)
{
	if (!fields)
		return;
	free(fields->nodes);
	free(fields->devices);
	free(fields->texts);
	free(fields);
}
