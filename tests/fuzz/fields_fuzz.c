/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vmdesc of any kind, and a section that it may describe: the fields lie in
 * the section, one after another, and each byte is in one of them at most.
 */
#include "config.h"

#include "fuzz.h"

#include "base/bytes.h"
#include "format/fields.h"

/* More would mean that fields without a byte multiply. */
#define PER_BYTE 4096

struct progress {
	uint64_t offset, end, items, most;
	unsigned depth;
};

static void follow(struct progress *progress, const struct fields_walk *walk,
		   const struct field *field)
{
	bool bytes = field->kind == FIELD_VALUE || field->kind == FIELD_REST;
	char path[FIELDS_PATH_SIZE];

	fuzz_require(++progress->items <= progress->most);
	fuzz_require(field->offset >= progress->offset);
	fuzz_require(field->offset <= progress->end);
	progress->offset = field->offset;
	if (bytes && field->count > 0) {
		fuzz_require(field->size <=
			     (progress->end - field->offset) / field->count);
		progress->offset += field->size * field->count;
	}
	if (field->kind == FIELD_END)
		fuzz_require(progress->depth-- > 0);
	if (field->kind == FIELD_STRUCT || field->kind == FIELD_ARRAY)
		fuzz_require(++progress->depth <= FIELDS_DEPTH);
	fields_path(walk, field, 0, path);
	fuzz_require(strlen(path) < sizeof(path));
	if (field->name)
		fields_follows(walk, field, field->name);
}

static void walk_section(const struct fields *fields, struct input *in,
			 uint64_t size, uint64_t json_size)
{
	struct progress progress = {
		.end = size,
		.most = PER_BYTE + json_size + PER_BYTE * size,
	};
	struct fields_walk walk;
	struct savetool_error err;
	struct field field;
	bool described;
	int more;

	fuzz_require(fields_begin(&walk, &described, fields, in, "d", 0, 0,
				  size, &err) == 0);
	while ((more = fields_next(&walk, &field, &err)) > 0)
		follow(&progress, &walk, &field);
	fuzz_require(more == 0 && progress.depth == 0);
	fuzz_require(progress.offset == size);
	fields_end(&walk);
}

/* As many bytes as the first two say are the vmdesc. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fields *fields;
	struct savetool_error err;
	struct input *in;
	size_t json;

	if (size < 2)
		return 0;
	json = get_be16(data);
	data += 2;
	size -= 2;
	if (json > size ||
	    fields_parse(&fields, (const char *)data, json, &err) < 0)
		return 0;
	fuzz_require(input_open_memory(&in, data + json, size - json, &err) ==
		     0);
	walk_section(fields, in, size - json, json);
	input_close(in);
	fields_free(fields);
	return 0;
}
