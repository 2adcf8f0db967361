/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the state of all devices as JSON, field by field. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "extract/json.h"
#include "format/fields.h"
#include "image/output.h"
#include "image/pass.h"
#include "image/unchanged.h"
#include "walk/kept_sections.h"
#include "walk/walk.h"

#include <string.h>

/* A multiple of each size that a number has. */
#define PIECE ((size_t)32 << 10)

struct writing {
	struct visitor base;
	struct kept_sections early;
	const struct tail *tail;
	struct fields *fields;
	struct json json;
	struct savetool_error *err;
};

/* Bytes as hexadecimal digits. */
static int write_hex(struct json *json, const char *key, struct input *in,
		     uint64_t offset, uint64_t size, struct savetool_error *err)
{
	uint8_t bytes[PIECE];

	json_hex_begin(json, key);
	while (size > 0) {
		size_t some = size < PIECE ? size : PIECE;

		if (input_read_exactly(in, bytes, some, offset, err) < 0)
			return -1;
		json_hex(json, bytes, some);
		offset += some;
		size -= some;
		if (json->failed)
			return -1;
	}
	json_hex_end(json);
	return 0;
}

static void write_element(struct json *json, const struct field *field,
			  const uint8_t *bytes)
{
	uint64_t number = field_number(field, bytes);

	switch (field->type) {
	case FIELD_SIGNED:
		json_signed(json, field->name, (int64_t)number);
		break;
	case FIELD_BOOL:
		json_bool(json, field->name, number);
		break;
	case FIELD_NULL:
		json_null(json, field->name);
		break;
	default:
		json_unsigned(json, field->name, number);
		break;
	}
}

/* Many elements may be read at once. */
static int write_numbers(struct json *json, const struct field *field,
			 struct input *in, struct savetool_error *err)
{
	uint64_t offset = field->offset, size = field->size * field->count;
	uint8_t bytes[PIECE];

	while (size > 0) {
		size_t some = size < PIECE ? size : PIECE;

		if (input_read_exactly(in, bytes, some, offset, err) < 0)
			return -1;
		for (size_t at = 0; at < some; at += field->size)
			write_element(json, field, bytes + at);
		offset += some;
		size -= some;
		if (json->failed)
			return -1;
	}
	return 0;
}

static int write_value(struct json *json, const struct field *field,
		       struct input *in, struct savetool_error *err)
{
	if (field->type != FIELD_BYTES)
		return write_numbers(json, field, in, err);
	for (uint64_t i = 0; i < field->count; i++)
		if (write_hex(json, field->name, in,
			      field->offset + i * field->size, field->size,
			      err) < 0)
			return -1;
	return 0;
}

/*
 * Each END closes what was opened last.  depth is at most FIELDS_DEPTH: the
 * walk's own limit.
 */
struct nesting {
	bool arrays[FIELDS_DEPTH + 2];
	unsigned depth;
};

static int write_field(struct json *json, struct nesting *nesting,
		       const struct field *field, struct input *in,
		       struct savetool_error *err)
{
	switch (field->kind) {
	case FIELD_VALUE:
		return write_value(json, field, in, err);
	case FIELD_REST:
		return write_hex(json, "undescribed", in, field->offset,
				 field->size, err);
	case FIELD_STRUCT:
		json_object(json, field->name);
		nesting->arrays[nesting->depth++] = false;
		return 0;
	case FIELD_ARRAY:
		json_array(json, field->name);
		nesting->arrays[nesting->depth++] = true;
		return 0;
	case FIELD_END:
		if (nesting->arrays[--nesting->depth])
			json_end_array(json);
		else
			json_end_object(json);
		return 0;
	}
	return 0;
}

static int write_walk(struct json *json, struct fields_walk *walk,
		      struct savetool_error *err)
{
	struct nesting nesting = { .depth = 0 };
	struct field field;
	int more;

	json_object(json, "fields");
	while ((more = fields_next(walk, &field, err)) > 0)
		if (write_field(json, &nesting, &field, walk->in, err) < 0 ||
		    json->failed)
			return -1;
	json_end_object(json);
	return more;
}

static int write_payload(struct writing *writing, const char *name,
			 uint32_t instance, struct input *in, uint64_t offset,
			 uint64_t length)
{
	struct savetool_error *err = writing->err;
	struct fields_walk walk;
	bool described;
	int result;

	if (fields_begin(&walk, &described, writing->fields, in, name, instance,
			 offset, length, err) < 0)
		return -1;
	result = described ? write_walk(&writing->json, &walk, err) :
			     write_hex(&writing->json, "undescribed", in,
				       offset, length, err);
	fields_end(&walk);
	return result;
}

static void write_head(struct json *json, const char *name, uint32_t instance,
		       uint32_t version, uint64_t offset, uint64_t length)
{
	json_object(json, NULL);
	json_text(json, "name", name);
	json_unsigned(json, "instance", instance);
	json_unsigned(json, "version", version);
	json_unsigned(json, "offset", offset);
	json_unsigned(json, "length", length);
}

/* What came before the devices; its bytes only if all of them were kept. */
static int write_early(struct writing *writing,
		       const struct kept_section *section)
{
	cleanup_input struct input *in = NULL;

	write_head(&writing->json, section->name, section->instance,
		   section->version, section->offset, section->length);
	if (section->bytes && section->kept == section->length) {
		if (input_open_memory(&in, section->bytes, section->kept,
				      writing->err) < 0 ||
		    write_payload(writing, section->name, section->instance, in,
				  0, section->length) < 0)
			return -1;
	}
	json_end_object(&writing->json);
	return 0;
}

static int write_device(struct writing *writing,
			const struct savetool_device *device)
{
	write_head(&writing->json, device->name, device->instance,
		   device->version, device->offset, device->length);
	if (write_payload(writing, device->name, device->instance,
			  writing->tail->in, device_state(device),
			  device->length) < 0)
		return -1;
	json_end_object(&writing->json);
	return 0;
}

static int write_sections(struct writing *writing)
{
	const struct tail *tail = writing->tail;

	json_array(&writing->json, "devices");
	for (unsigned i = 0; i < writing->early.count; i++)
		if (write_early(writing, &writing->early.list[i]) < 0)
			return -1;
	for (unsigned i = 0; i < tail->device_count; i++)
		if (write_device(writing, &tail->devices[i]) < 0)
			return -1;
	json_end_array(&writing->json);
	if (!tail_is_opaque(tail))
		return 0;
	return write_hex(&writing->json, "undescribed", tail->in, tail->offset,
			 tail->state_size, writing->err);
}

static int write_all(struct writing *writing, const struct pass *pass)
{
	const struct configuration *configuration = &pass->stream.configuration;
	struct json *json = &writing->json;

	json_object(json, NULL);
	json_object(json, "savetool");
	json_text(json, "version", savetool_version());
	json_unsigned(json, "schema", 1);
	json_end_object(json);
	if (configuration->present)
		json_text(json, "machine", configuration->machine);
	json_bool(json, "vmdesc", writing->tail->vmdesc);
	if (write_sections(writing) < 0)
		return -1;
	json_end_object(json);
	return json_finish(json);
}

static int on_section(struct visitor *visitor, const struct section *section,
		      struct output **copy_to, struct savetool_error *err)
{
	struct writing *writing = (struct writing *)visitor;

	return kept_sections_add(&writing->early, section, copy_to, err);
}

/* Pages of a sequential stream have to go somewhere. */
static int drop_pages(struct page_sink *sink, const struct page_batch *batch,
		      struct savetool_error *err)
{
	(void)sink;
	(void)batch;
	(void)err;
	return 0;
}

static const struct page_sink_ops nowhere_ops = { .put = drop_pages };

static int on_ram_list(struct visitor *visitor, const struct section *section,
		       const struct ram_list *list, struct page_sink **sink,
		       struct savetool_error *err)
{
	static struct page_sink nowhere = { .ops = &nowhere_ops };

	(void)visitor;
	(void)section;
	(void)err;
	if (!list->mapped)
		*sink = &nowhere;
	return 0;
}

static int on_tail(struct visitor *visitor, const struct tail *tail,
		   struct savetool_error *err)
{
	struct writing *writing = (struct writing *)visitor;

	writing->tail = tail;
	return fields_read(&writing->fields, tail, err);
}

static const struct visitor_ops ops = {
	.section = on_section,
	.ram_list = on_ram_list,
	.tail = on_tail,
};

static int walk_and_write(struct writing *writing, struct savetool_image *image,
			  struct output *out,
			  const struct savetool_monitor *monitor)
{
	cleanup_pass struct pass pass = PASS_INIT;

	if (pass_begin(&pass, image, writing->err) < 0 ||
	    walk(&pass, &writing->base, monitor, writing->err) < 0)
		return -1;
	json_begin(&writing->json, out, writing->err);
	return write_all(writing, &pass);
}

int savetool_extract_devices(struct savetool_image *image,
			     const char *destination,
			     const struct savetool_extract_options *given,
			     const struct savetool_monitor *monitor,
			     struct savetool_error *err)
{
	cleanup_free struct writing *writing = calloc(1, sizeof(*writing));
	cleanup_output struct output *out = NULL;
	struct savetool_extract_options options;
	int result;

	if (!writing)
		return fail_memory(err);
	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    image_require_complete(image, err) < 0 ||
	    image_output_open(&out, image, destination, options.force, false,
			      err) < 0)
		return -1;
	writing->base.ops = &ops;
	writing->err = err;
	result = walk_and_write(writing, image, out, monitor);
	kept_sections_free(&writing->early);
	fields_free(writing->fields);
	if (result < 0 || image_require_unchanged(image, err) < 0)
		return -1;
	return output_commit(out, err);
}
