/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the tail of a stream, and writes it again. */
#include "config.h"

#include "format/tail_internal.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/zero.h"
#include "format/drop.h"
#include "io/spool.h"

#include <inttypes.h>
#include <string.h>

struct tail *tail_new(uint64_t offset, enum footers footers,
		      struct savetool_error *err)
{
	struct tail *tail = calloc(1, sizeof(*tail));

	if (!tail) {
		fail_memory(err);
		return NULL;
	}
	tail->offset = offset;
	tail->footers = footers;
	return tail;
}

void tail_drop_devices(struct tail *tail)
{
	for (unsigned i = 0; i < tail->device_count; i++)
		free((char *)tail->devices[i].name);
	free(tail->devices);
	tail->devices = NULL;
	tail->device_count = 0;
}

void tail_free(struct tail *tail)
{
	if (!tail)
		return;
	tail_drop_devices(tail);
	vmdesc_free(tail->vmdesc);
	input_close(tail->kept);
	free(tail->data);
	free(tail);
}

void tail_start(const struct tail *tail, struct reader *reader, uint64_t end)
{
	reader_init(reader, tail->in, tail->pool, tail->offset);
	reader->limit = end;
}

int tail_copy(const struct tail *tail, uint64_t start, uint64_t size,
	      struct output *out, struct savetool_error *err)
{
	struct reader reader;
	int result;

	reader_init(&reader, tail->in, tail->pool, tail->offset + start);
	reader.limit = tail_end(tail);
	reader.copy_to = out;
	result = reader_skip(&reader, size, err);
	reader_release(&reader);
	return result;
}

/* All of it: header, state and footer. */
static uint64_t section_length(const struct tail *tail,
			       const struct savetool_device *device)
{
	return SECTION_HEADER_SIZE + strlen(device->name) + device->length +
	       (tail->footers == FOOTERS_PRESENT ? FOOTER_SIZE : 0);
}

int tail_copy_state(const struct tail *tail, struct output *out,
		    struct savetool_error *err)
{
	uint64_t done = 0;

	for (unsigned i = 0; tail->drop && i < tail->device_count; i++) {
		const struct savetool_device *device = &tail->devices[i];
		uint64_t start = device->offset - tail->offset;

		if (!drop_takes(tail->drop, device->name, device->instance))
			continue;
		if (tail_copy(tail, done, start - done, out, err) < 0)
			return -1;
		done = start + section_length(tail, device);
	}
	return tail_copy(tail, done, tail->state_size - done, out, err);
}

/* The text without the entries of the sections to be left out. */
static int drop_described(const struct tail *tail, char **json, size_t *size,
			  struct savetool_error *err)
{
	const struct vmdesc *vmdesc = tail->vmdesc;

	/* From the last on: then the numbers of the others stay right. */
	for (unsigned i = vmdesc->count; tail->drop && i-- > 0;) {
		char *edited;

		if (!drop_takes(tail->drop, vmdesc->devices[i].name,
				vmdesc->devices[i].instance))
			continue;
		if (vmdesc_drop_device(&edited, size, *json, *size, i, err) < 0)
			return -1;
		free(*json);
		*json = edited;
	}
	return 0;
}

/* The text with the new length of the machine type's name. */
static int rename_described(const char *machine, char **json, size_t *size,
			    struct savetool_error *err)
{
	char *edited;

	if (!machine)
		return 0;
	if (vmdesc_set_machine(&edited, size, *json, *size, strlen(machine),
			       err) < 0)
		return -1;
	free(*json);
	*json = edited;
	return 0;
}

static int write_vmdesc(const struct tail *tail, struct output *out,
			bool mapped, const char *machine,
			struct savetool_error *err)
{
	cleanup_free char *json = malloc(tail->json_size);
	cleanup_free char *edited = NULL;
	uint8_t head[VMDESC_HEAD - 1] = { SECTION_VMDESC };
	size_t size = tail->json_size;

	if (!json)
		return fail_memory(err);
	if (input_read_exactly(tail->in, json, tail->json_size,
			       tail_end(tail) - tail->json_size, err) < 0 ||
	    drop_described(tail, &json, &size, err) < 0 ||
	    rename_described(machine, &json, &size, err) < 0 ||
	    vmdesc_set_mapped(&edited, &size, json, size, mapped, err) < 0)
		return -1;
	put_be32(head + 1, size);
	if (output_append(out, head, sizeof(head), err) < 0)
		return -1;
	return output_append(out, edited, size, err);
}

int tail_write(const struct tail *tail, struct output *out, bool mapped,
	       const char *machine, struct savetool_error *err)
{
	if (tail_copy_state(tail, out, err) < 0)
		return -1;
	return tail->vmdesc ? write_vmdesc(tail, out, mapped, machine, err) : 0;
}

/* Looks within one extent of data. */
static int look_in(uint64_t *found, const struct tail *tail,
		   const struct extent *extent, struct savetool_error *err)
{
	struct reader reader;
	size_t got;
	int result;

	reader_init(&reader, tail->in, tail->pool, extent->offset);
	reader.limit = extent->offset + extent->length;
	while ((result = reader_look(&reader, 1, &got, err)) == 0 && got > 0) {
		size_t visible = reader_visible(&reader), at = 0;

		if (!is_zero(reader.next, visible)) {
			while (reader.next[at] == 0)
				at++;
			*found = reader.offset + at;
			break;
		}
		reader_consume(&reader, visible, err);
	}
	reader_release(&reader);
	return result;
}

int tail_find_content(uint64_t *found, const struct tail *tail, uint64_t offset,
		      uint64_t most, struct savetool_error *err)
{
	struct extent extent;

	*found = SAVETOOL_UNKNOWN;
	for (; *found == SAVETOOL_UNKNOWN && most > 0;
	     offset += extent.length) {
		if (input_extent(tail->in, offset, &extent, err) < 0)
			return -1;
		if (extent.length == 0)
			break;
		if (extent.hole)
			continue;
		if (extent.length > most)
			extent.length = most;
		most -= extent.length;
		if (look_in(found, tail, &extent, err) < 0)
			return -1;
	}
	return 0;
}
