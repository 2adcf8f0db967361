/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds, understands and writes the tail of a stream. */
#include "config.h"

#include "format/tail.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

/* 00, 06, and the 32-bit length of the JSON. */
#define VMDESC_HEAD 6

static void drop_devices(struct tail *tail)
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
	drop_devices(tail);
	vmdesc_free(tail->vmdesc);
	free(tail->data);
	free(tail);
}

static int add_device(struct tail *tail, const struct section *section,
		      uint64_t length, struct st_error *err)
{
	struct st_device *devices = reallocarray(
		tail->devices, tail->device_count + 1, sizeof(*devices));
	char *name;

	if (!devices)
		return fail_memory(err);
	tail->devices = devices;
	name = strdup(section->name);
	if (!name)
		return fail_memory(err);
	devices[tail->device_count++] = (struct st_device){
		.name = name,
		.instance = section->instance,
		.version = section->version,
		.offset = section->offset,
		.length = length,
	};
	return 0;
}

/* The header of a FULL section, which must be next. */
static int read_full_header(struct reader *reader, struct section *section,
			    struct st_error *err)
{
	uint8_t type;

	*section = (struct section){ .type = SECTION_FULL,
				     .offset = reader->offset };
	if (reader_u8(reader, &type, err) < 0)
		return -1;
	if (type != SECTION_FULL)
		return fail(err, ST_CORRUPT,
			    "unknown section type 0x%02x at byte %" PRIu64,
			    type, section->offset);
	if (reader_be32(reader, &section->id, err) < 0 ||
	    reader_str8(reader, section->name, err) < 0 ||
	    reader_be32(reader, &section->instance, err) < 0 ||
	    reader_be32(reader, &section->version, err) < 0)
		return -1;
	if (section->name[0] == '\0')
		return fail(err, ST_CORRUPT,
			    "section without a name at byte %" PRIu64,
			    section->offset);
	return 0;
}

/* Sees from the first section with a known length whether there are any. */
static int read_footer(struct tail *tail, struct reader *reader,
		       const struct section *section, struct st_error *err)
{
	if (reader_need(reader, 1, err) < 0)
		return -1;
	if (tail->footers == FOOTERS_UNKNOWN)
		tail->footers = *reader->next == SECTION_FOOTER ?
					FOOTERS_PRESENT :
					FOOTERS_NONE;
	if (tail->footers == FOOTERS_NONE)
		return 0;
	if (reader_need(reader, FOOTER_SIZE, err) < 0)
		return -1;
	if (reader->next[0] != SECTION_FOOTER ||
	    get_be32(reader->next + 1) != section->id)
		return fail(err, ST_CORRUPT,
			    "section '%s' has no footer, or a wrong one, at "
			    "byte %" PRIu64,
			    section->name, reader->offset);
	return reader_consume(reader, FOOTER_SIZE, err);
}

/* The described device that this section must be, from *next on. */
static const struct vmdesc_device *described(const struct vmdesc *vmdesc,
					     const struct section *section,
					     unsigned *next)
{
	/* Those that are saved ahead of memory are described, but not here. */
	for (unsigned i = *next; i < vmdesc->count; i++) {
		const struct vmdesc_device *device = &vmdesc->devices[i];

		if (strcmp(device->name, section->name) == 0 &&
		    device->instance == section->instance) {
			*next = i + 1;
			return device;
		}
	}
	return NULL;
}

/* Walks to the EOF byte by the lengths of the vmdescription. */
static int walk_described(struct tail *tail, struct reader *reader,
			  struct st_error *err)
{
	const struct vmdesc_device *device;
	struct section section;
	unsigned next = 0;

	for (;;) {
		if (reader_need(reader, 1, err) < 0)
			return -1;
		if (*reader->next == SECTION_EOF)
			return 0;
		if (read_full_header(reader, &section, err) < 0)
			return -1;
		device = described(tail->vmdesc, &section, &next);
		if (!device)
			return fail(err, ST_CORRUPT,
				    "section '%s' at byte %" PRIu64
				    " is not in the vmdescription",
				    section.name, section.offset);
		if (reader_skip(reader, device->length, err) < 0 ||
		    read_footer(tail, reader, &section, err) < 0 ||
		    add_device(tail, &section, device->length, err) < 0)
			return -1;
	}
}

/*
 * Could a section, or the end of all, start here?  The end must be the end of
 * what there is, or stand before a vmdescription.
 */
static bool looks_like_item(const uint8_t *at, const uint8_t *end)
{
	if (at == end)
		return false;
	if (*at == SECTION_EOF)
		return at + 1 == end || at[1] == SECTION_VMDESC;
	if (*at != SECTION_FULL || end - at < 1 + 4 + 1 + 1)
		return false;
	if (at[5] == 0 || end - at < 1 + 4 + 1 + at[5])
		return false;
	for (unsigned i = 0; i < at[5]; i++)
		if (at[6 + i] < 0x20 || at[6 + i] > 0x7e)
			return false;
	return true;
}

/* The end of a payload: where the footer is that something follows. */
static const uint8_t *find_footer(const struct reader *reader, uint32_t id)
{
	uint8_t footer[FOOTER_SIZE] = { SECTION_FOOTER };
	const uint8_t *at = reader->next;

	put_be32(footer + 1, id);
	while ((at = memmem(at, reader->end - at, footer, FOOTER_SIZE))) {
		if (looks_like_item(at + FOOTER_SIZE, reader->end))
			return at;
		at++;
	}
	return NULL;
}

/* Walks to the EOF byte by looking for footers. */
static int walk_footers(struct tail *tail, struct reader *reader,
			struct st_error *err)
{
	struct section section;

	for (;;) {
		const uint8_t *footer;
		uint64_t length;

		if (reader_need(reader, 1, err) < 0)
			return -1;
		if (*reader->next == SECTION_EOF)
			return 0;
		if (read_full_header(reader, &section, err) < 0)
			return -1;
		footer = find_footer(reader, section.id);
		if (!footer)
			return fail(err, ST_INCOMPLETE,
				    "image ends at byte %" PRIu64
				    ", within section '%s'",
				    tail->offset + tail->size, section.name);
		length = footer - reader->next;
		if (reader_skip(reader, length + FOOTER_SIZE, err) < 0 ||
		    add_device(tail, &section, length, err) < 0)
			return -1;
	}
}

/*
 * The next vmdescription at or behind from: where its EOF byte is, or size.
 * Its length must lead to a closing brace.
 */
static size_t find_vmdesc(const uint8_t *data, size_t size, size_t from)
{
	for (; from + VMDESC_HEAD + 2 <= size; from++) {
		const uint8_t *at = memchr(data + from, SECTION_EOF,
					   size - from - VMDESC_HEAD - 1);
		uint32_t length;

		if (!at)
			return size;
		from = at - data;
		if (at[1] != SECTION_VMDESC || at[VMDESC_HEAD] != '{')
			continue;
		length = get_be32(at + 2);
		if (length >= 2 && length <= size - from - VMDESC_HEAD &&
		    at[VMDESC_HEAD + length - 1] == '}')
			return from;
	}
	return size;
}

static void set_vmdesc(struct tail *tail, struct vmdesc *vmdesc, size_t eof)
{
	vmdesc_free(tail->vmdesc);
	tail->vmdesc = vmdesc;
	tail->json = (const char *)tail->data + eof + VMDESC_HEAD;
	tail->json_size = get_be32(tail->data + eof + 2);
}

/*
 * Walks by the lengths that are described or, should they be wrong, by
 * footers, to an EOF byte that is known.
 */
static int walk_to(struct tail *tail, size_t eof, struct st_error *err)
{
	enum footers footers = tail->footers;
	struct st_error ignored;
	struct reader reader;

	reader_init_memory(&reader, tail->data, eof + 1, tail->offset);
	if (walk_described(tail, &reader, err) == 0) {
		if (reader.offset == tail->offset + eof)
			return 0;
		fail(err, ST_CORRUPT,
		     "unknown section type 0x00 at byte %" PRIu64,
		     reader.offset);
	}
	drop_devices(tail);
	tail->footers = footers;
	reader_init_memory(&reader, tail->data, eof + 1, tail->offset);
	if (footers != FOOTERS_NONE &&
	    walk_footers(tail, &reader, &ignored) == 0 &&
	    reader.offset == tail->offset + eof) {
		tail->footers = FOOTERS_PRESENT;
		return 0;
	}
	drop_devices(tail);
	err->code = ST_CORRUPT;
	return -1;
}

/* 1: there is one, and the walk leads to it; 0: none; -1: none fits. */
static int understand_described(struct tail *tail, struct st_error *err)
{
	size_t eof = 0;
	int result = 0;

	for (;; eof++) {
		struct vmdesc *vmdesc;
		struct st_error ignored;

		eof = find_vmdesc(tail->data, tail->size, eof);
		if (eof == tail->size)
			return result;
		if (vmdesc_parse(&vmdesc,
				 (char *)tail->data + eof + VMDESC_HEAD,
				 get_be32(tail->data + eof + 2),
				 &ignored) < 0)
			continue;
		set_vmdesc(tail, vmdesc, eof);
		if (walk_to(tail, eof, err) == 0) {
			tail->state_size = eof + 1;
			return 1;
		}
		result = -1;
	}
}

/* A vmdescription that the image's end cuts off. */
static bool is_cut_vmdesc(const struct tail *tail)
{
	const uint8_t *at = tail->data + tail->state_size;
	size_t left = tail->size - tail->state_size;

	return left >= 1 && at[0] == SECTION_VMDESC &&
	       (left < VMDESC_HEAD - 1 ||
		get_be32(at + 1) > left - (VMDESC_HEAD - 1));
}

static int understand_footers(struct tail *tail, struct st_error *err)
{
	struct reader reader;

	reader_init_memory(&reader, tail->data, tail->size, tail->offset);
	if (walk_footers(tail, &reader, err) < 0)
		return -1;
	tail->state_size = reader.offset - tail->offset + 1;
	tail->footers = FOOTERS_PRESENT;
	tail->vmdesc_cut = is_cut_vmdesc(tail);
	return 0;
}

/* Neither description nor footers: all that is there, to its last byte. */
static int understand_opaque(struct tail *tail, struct st_error *err)
{
	if (tail->data[tail->size - 1] != SECTION_EOF)
		return fail(err, ST_INCOMPLETE,
			    "image ends at byte %" PRIu64
			    ", without a mark of its end",
			    tail->offset + tail->size);
	tail->state_size = tail->size;
	tail->trailing = ST_UNKNOWN;
	return 0;
}

/*
 * Nothing follows the mark of the end but the vmdescription.  rest is what
 * follows data; ST_UNKNOWN if nobody knows how much.
 */
static void cut_trailing(struct tail *tail, uint64_t rest)
{
	size_t end = tail->state_size;

	if (tail->vmdesc)
		end += VMDESC_HEAD - 1 + tail->json_size;
	if (tail->vmdesc_cut)
		end = tail->size;
	if (tail->trailing != ST_UNKNOWN)
		tail->trailing = rest == ST_UNKNOWN ? ST_UNKNOWN :
						      tail->size - end + rest;
	tail->size = end;
}

static int understand(struct tail *tail, uint64_t rest, struct st_error *err)
{
	struct st_error mismatch;
	int found;

	if (tail->size == 0)
		return fail(err, ST_INCOMPLETE, "image ends at byte %" PRIu64,
			    tail->offset);
	if (tail->data[0] == SECTION_EOF && tail->size == 1) {
		tail->state_size = 1;
		return 0;
	}
	found = understand_described(tail, &mismatch);
	if (found < 0) {
		*err = mismatch;
		return -1;
	}
	if (found == 0 && tail->footers != FOOTERS_NONE &&
	    understand_footers(tail, err) < 0)
		return -1;
	if (found == 0 && tail->footers == FOOTERS_NONE &&
	    understand_opaque(tail, err) < 0)
		return -1;
	cut_trailing(tail, rest);
	return 0;
}

/* Reads up to the limit, growing as it goes: nearly all tails are small. */
static int read_all(struct tail *tail, struct input *in, struct st_error *err)
{
	size_t room = 256 << 10, got;

	while (room < tail->size)
		room *= 2;
	for (;;) {
		uint8_t *data = realloc(tail->data, room);

		if (!data)
			return fail_memory(err);
		tail->data = data;
		if (input_read_at(in, data + tail->size, room - tail->size,
				  tail->offset + tail->size, &got, err) < 0)
			return -1;
		tail->size += got;
		if (tail->size < room || room >= TAIL_LIMIT)
			return 0;
		room *= 2;
	}
}

static struct tail *tail_new(uint64_t offset, enum footers footers,
			     struct st_error *err)
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

/* What the reader has already taken from an input that cannot go back. */
static int take_visible(struct tail *tail, struct reader *reader,
			struct st_error *err)
{
	size_t visible = reader_visible(reader);

	tail->data = malloc(visible ? visible : 1);
	if (!tail->data)
		return fail_memory(err);
	memcpy(tail->data, reader->next, visible);
	tail->size = visible;
	return 0;
}

int tail_read(struct tail **result, struct stream *stream,
	      struct st_error *err)
{
	struct reader *reader = &stream->reader;
	cleanup_tail struct tail *tail =
		tail_new(reader->offset, stream->footers, err);
	struct input *in = reader->in;
	uint64_t rest = 0;

	if (!tail || take_visible(tail, reader, err) < 0 ||
	    read_all(tail, in, err) < 0)
		return -1;
	if (tail->size >= TAIL_LIMIT)
		rest = in->size == ST_UNKNOWN ?
			       ST_UNKNOWN :
			       in->size - tail->offset - tail->size;
	if (understand(tail, rest, err) < 0) {
		if (err->code == ST_INCOMPLETE && rest > 0)
			fail(err, ST_UNSUPPORTED,
			     "more than %" PRIu64 " MiB of device state",
			     TAIL_LIMIT >> 20);
		return -1;
	}
	*result = steal(tail);
	return 0;
}

/*
 * How long the described sections of the tail are, with headers and footers
 * or without.
 */
static uint64_t described_length(const struct vmdesc *vmdesc, bool footers)
{
	uint64_t length = 0;

	for (unsigned i = 0; i < vmdesc->count; i++)
		if (!section_is_early(vmdesc->devices[i].name))
			length += 1 + 4 + 1 + strlen(vmdesc->devices[i].name) + 4 +
				  4 + vmdesc->devices[i].length +
				  (footers ? FOOTER_SIZE : 0);
	return length;
}

/* The last vmdescription in these bytes: where its EOF byte is, or size. */
static size_t find_last_vmdesc(const uint8_t *data, size_t size,
			       struct vmdesc **vmdesc)
{
	size_t found = size, eof = 0;
	struct st_error ignored;

	*vmdesc = NULL;
	for (;; eof++) {
		struct vmdesc *candidate;

		eof = find_vmdesc(data, size, eof);
		if (eof == size)
			return found;
		if (vmdesc_parse(&candidate, (char *)data + eof + VMDESC_HEAD,
				 get_be32(data + eof + 2), &ignored) < 0)
			continue;
		vmdesc_free(*vmdesc);
		*vmdesc = candidate;
		found = eof;
		/* What is within the JSON is none. */
		eof += VMDESC_HEAD + get_be32(data + eof + 2) - 1;
	}
}

/* A tail of these last bytes that starts so many before its EOF byte. */
static int try_tail(struct tail **result, const uint8_t *data, size_t size,
		    uint64_t data_offset, size_t eof, uint64_t length,
		    struct st_error *err)
{
	cleanup_tail struct tail *tail = NULL;
	struct st_error ignored;
	size_t start;

	if (length > eof || data[eof - length] != (length ? SECTION_FULL :
							    SECTION_EOF))
		return 0;
	start = eof - length;
	tail = tail_new(data_offset + start, FOOTERS_UNKNOWN, err);
	if (!tail)
		return -1;
	tail->data = malloc(size - start);
	if (!tail->data)
		return fail_memory(err);
	memcpy(tail->data, data + start, size - start);
	tail->size = size - start;
	if (understand(tail, 0, &ignored) < 0 || !tail->vmdesc)
		return 0;
	*result = steal(tail);
	return 1;
}

/* In the last bytes of the input, which are so many. */
static int find_in(struct tail **tail, struct input *in, uint64_t window,
		   struct st_error *err)
{
	uint64_t offset = in->size - window;
	cleanup_free uint8_t *data = malloc(window);
	struct vmdesc *vmdesc;
	uint64_t lengths[2];
	size_t eof;
	int found;

	if (!data)
		return fail_memory(err);
	if (input_read_exactly(in, data, window, offset, err) < 0)
		return -1;
	eof = find_last_vmdesc(data, window, &vmdesc);
	if (eof == window)
		return 0;
	lengths[0] = described_length(vmdesc, true);
	lengths[1] = described_length(vmdesc, false);
	vmdesc_free(vmdesc);
	found = try_tail(tail, data, window, offset, eof, lengths[0], err);
	if (found == 0)
		found = try_tail(tail, data, window, offset, eof, lengths[1],
				 err);
	return found;
}

int tail_find(struct tail **tail, struct input *in, uint64_t stream_offset,
	      struct st_error *err)
{
	uint64_t most = in->size - stream_offset, window = 512 << 10;

	if (most > TAIL_LIMIT)
		most = TAIL_LIMIT;
	for (;;) {
		int found;

		if (window > most)
			window = most;
		found = window ? find_in(tail, in, window, err) : 0;
		if (found != 0 || window == most)
			return found;
		window *= 8;
	}
}

static int write_vmdesc(const struct tail *tail, struct output *out,
			bool mapped, struct st_error *err)
{
	cleanup_free char *json = NULL;
	uint8_t head[VMDESC_HEAD - 1] = { SECTION_VMDESC };
	size_t size;

	if (vmdesc_set_mapped(&json, &size, tail->json, tail->json_size,
			      mapped, err) < 0)
		return -1;
	put_be32(head + 1, size);
	if (output_append(out, head, sizeof(head), err) < 0)
		return -1;
	return output_append(out, json, size, err);
}

int tail_write(const struct tail *tail, struct output *out, bool mapped,
	       struct st_error *err)
{
	if (output_append(out, tail->data, tail->state_size, err) < 0)
		return -1;
	return tail->vmdesc ? write_vmdesc(tail, out, mapped, err) : 0;
}
