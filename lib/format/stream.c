/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Goes from the magic to the tail. */
#include "config.h"

#include "format/stream.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/iterable.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int check_magic(uint32_t magic, uint32_t version, uint64_t offset,
		       struct savetool_error *err)
{
	if (magic == MULTIFD_MAGIC)
		return fail_at(
			err, SAVETOOL_UNSUPPORTED, offset,
			"one channel of a multifd migration, which is not an "
			"image by itself");
	if (magic != STREAM_MAGIC)
		return fail_at(err, SAVETOOL_NOT_IMAGE, offset,
			       "not a QEMU stream");
	if (version == STREAM_VERSION_OBSOLETE)
		return fail_at(
			err, SAVETOOL_UNSUPPORTED, offset,
			"QEMU stream has version 2, which no QEMU has written "
			"since 2010");
	if (version != STREAM_VERSION)
		return fail_at(err, SAVETOOL_UNSUPPORTED, offset,
			       "QEMU stream has unknown version %" PRIu32,
			       version);
	return 0;
}

static int read_head(struct stream *stream, struct savetool_error *err)
{
	struct reader *reader = &stream->reader;
	uint32_t magic, version;
	size_t got;

	if (reader_look(reader, 8, &got, err) < 0)
		return -1;
	if (got < 4)
		return fail_at(err,
			       got ? SAVETOOL_NOT_IMAGE : SAVETOOL_INCOMPLETE,
			       stream->offset,
			       "file ends where the QEMU stream should start");
	magic = get_be32(reader->next);
	version = got < 8 ? STREAM_VERSION : get_be32(reader->next + 4);
	if (check_magic(magic, version, stream->offset, err) < 0 ||
	    reader_need(reader, 9, err) < 0 ||
	    reader_consume(reader, 8, err) < 0)
		return -1;
	if (*reader->next != SECTION_CONFIGURATION)
		return 0;
	if (reader_consume(reader, 1, err) < 0)
		return -1;
	return configuration_read(&stream->configuration, reader, err);
}

int stream_open(struct stream *stream, struct input *in,
		struct chunk_pool *pool, uint64_t offset,
		struct savetool_error *err)
{
	*stream = (struct stream){ .offset = offset };
	reader_init(&stream->reader, in, pool, offset);
	if (read_head(stream, err) == 0)
		return 0;
	stream_close(stream);
	return -1;
}

void stream_close(struct stream *stream)
{
	reader_release(&stream->reader);
	configuration_free(&stream->configuration);
	ram_list_free(&stream->ram);
	free(stream->started);
	stream->started = NULL;
	stream->started_count = 0;
}

bool stream_is_mapped(const struct stream *stream)
{
	return configuration_can(&stream->configuration, CAPABILITY_MAPPED_RAM);
}

int stream_require_own_memory(const struct stream *stream,
			      struct savetool_error *err)
{
	if (!configuration_can(&stream->configuration,
			       CAPABILITY_IGNORE_SHARED))
		return 0;
	fail(err, SAVETOOL_UNSUPPORTED,
	     "saved with x-ignore-shared: part of the memory is in other "
	     "files");
	return fail_hint(err, SAVETOOL_HINT_SAVE_WITHOUT_SHARED);
}

/* Does its length agree with QEMU's mig_cmd_args? */
static bool has_right_size(const struct stream_item *item)
{
	switch (item->command) {
	case COMMAND_PING:
		return item->command_size == 4;
	case COMMAND_POSTCOPY_ADVISE:
		return item->command_size == 0 || item->command_size == 16;
	default:
		return item->command_size == 0;
	}
}

static int check_command(const struct stream_item *item,
			 struct savetool_error *err)
{
	switch (item->command) {
	case COMMAND_OPEN_RETURN_PATH:
	case COMMAND_PING:
	case COMMAND_POSTCOPY_ADVISE:
	case COMMAND_SWITCHOVER_START:
		break;
	case COMMAND_POSTCOPY_LISTEN:
	case COMMAND_POSTCOPY_RUN:
	case COMMAND_POSTCOPY_RAM_DISCARD:
	case COMMAND_PACKAGED:
	case COMMAND_POSTCOPY_RESUME:
	case COMMAND_RECV_BITMAP:
		fail_at(err, SAVETOOL_UNSUPPORTED, item->offset,
			"postcopy migration: part of the memory is elsewhere");
		return fail_hint(err, SAVETOOL_HINT_SAVE_WITHOUT_POSTCOPY);
	case COMMAND_ENABLE_COLO:
		return fail_at(err, SAVETOOL_UNSUPPORTED, item->offset,
			       "COLO migration is not supported");
	default:
		return fail_at(err, SAVETOOL_CORRUPT, item->offset,
			       "unknown command %u", item->command);
	}
	if (!has_right_size(item))
		return fail_at(err, SAVETOOL_CORRUPT, item->offset,
			       "command %u has a wrong length of %u bytes",
			       item->command, item->command_size);
	return 0;
}

static int read_command(struct stream *stream, struct stream_item *item,
			struct savetool_error *err)
{
	struct reader *reader = &stream->reader;

	item->kind = STREAM_COMMAND;
	if (reader_be16(reader, &item->command, err) < 0 ||
	    reader_be16(reader, &item->command_size, err) < 0 ||
	    check_command(item, err) < 0 ||
	    reader_need(reader, item->command_size, err) < 0)
		return -1;
	item->command_data = reader->next;
	if (item->command == COMMAND_POSTCOPY_ADVISE &&
	    item->command_size == 16)
		stream->advised_page_size = get_be64(reader->next + 8);
	return reader_consume(reader, item->command_size, err);
}

static const struct section *find_started(const struct stream *stream,
					  uint32_t id)
{
	for (unsigned i = 0; i < stream->started_count; i++)
		if (stream->started[i].id == id)
			return &stream->started[i];
	return NULL;
}

static int remember(struct stream *stream, const struct section *section,
		    struct savetool_error *err)
{
	struct section *started;

	if (find_started(stream, section->id))
		return fail_at(err, SAVETOOL_CORRUPT, section->offset,
			       "section %" PRIu32 " starts twice", section->id);
	if (stream->started_count == SECTIONS_LIMIT)
		return fail_at(err, SAVETOOL_CORRUPT, section->offset,
			       "more than %u sections", SECTIONS_LIMIT);
	started = reallocarray(stream->started, stream->started_count + 1,
			       sizeof(*started));
	if (!started)
		return fail_memory(err);
	started[stream->started_count++] = *section;
	stream->started = started;
	return 0;
}

/* START and FULL: the name and the instance. */
static int read_section_name(struct stream *stream, struct section *section,
			     struct savetool_error *err)
{
	struct reader *reader = &stream->reader;

	if (reader_str8(reader, section->name, err) < 0)
		return -1;
	if (section->name[0] == '\0')
		return fail_at(err, SAVETOOL_CORRUPT, section->offset,
			       "section without a name");
	if (reader_be32(reader, &section->instance, err) < 0 ||
	    reader_be32(reader, &section->version, err) < 0)
		return -1;
	if (section_is_ram(section) && section->instance != 0)
		return fail_at(err, SAVETOOL_CORRUPT, section->offset,
			       "RAM section has unexpected instance %" PRIu32,
			       section->instance);
	if (section_is_ram(section) && section->version != RAM_VERSION)
		return fail_at(err, SAVETOOL_UNSUPPORTED, section->offset,
			       "RAM section has unknown version %" PRIu32,
			       section->version);
	return section->type == SECTION_START ? remember(stream, section, err) :
						0;
}

/* PART and END: the rest is known from the START. */
static int recall(struct stream *stream, struct section *section,
		  struct savetool_error *err)
{
	const struct section *started = find_started(stream, section->id);
	enum section_type type = section->type;
	uint64_t offset = section->offset;

	if (!started)
		return fail_at(err, SAVETOOL_CORRUPT, offset,
			       "part of section %" PRIu32
			       ", which was never started",
			       section->id);
	*section = *started;
	section->type = type;
	section->offset = offset;
	return 0;
}

static int read_section(struct stream *stream, struct stream_item *item,
			uint8_t type, struct savetool_error *err)
{
	struct section *section = &item->section;

	item->kind = STREAM_SECTION;
	section->type = type;
	section->offset = item->offset;
	if (reader_be32(&stream->reader, &section->id, err) < 0)
		return -1;
	if (type == SECTION_START || type == SECTION_FULL)
		return read_section_name(stream, section, err);
	return recall(stream, section, err);
}

/* Is the next FULL section saved before memory, or does the tail start here? */
static int is_early(struct stream *stream, bool *early,
		    struct savetool_error *err)
{
	const size_t head = 1 + 4 + 1; /* type, id, the name's length */
	char name[STR8_SIZE] = "";
	size_t got;

	if (reader_peek(&stream->reader, head + STR8_SIZE, &got, err) < 0)
		return -1;
	if (got >= head && got >= head + stream->reader.next[head - 1])
		memcpy(name, stream->reader.next + head,
		       stream->reader.next[head - 1]);
	*early = !stream->ram_ended && section_is_early(name);
	return 0;
}

int stream_next(struct stream *stream, struct stream_item *item,
		struct savetool_error *err)
{
	struct reader *reader = &stream->reader;
	bool early;
	uint8_t type;

	if (reader_need(reader, 1, err) < 0)
		return -1;
	type = *reader->next;
	if (type == SECTION_EOF)
		return 0;
	if (type == SECTION_FULL) {
		if (is_early(stream, &early, err) < 0)
			return -1;
		if (!early)
			return 0;
	}
	*item = (struct stream_item){ .offset = reader->offset };
	if (reader_consume(reader, 1, err) < 0)
		return -1;
	switch (type) {
	case SECTION_COMMAND:
		return read_command(stream, item, err) < 0 ? -1 : 1;
	case SECTION_START:
	case SECTION_PART:
	case SECTION_END:
	case SECTION_FULL:
		return read_section(stream, item, type, err) < 0 ? -1 : 1;
	default:
		return fail_at(err, SAVETOOL_CORRUPT, item->offset,
			       "unknown section type 0x%02x", type);
	}
}

int stream_has_only_devices(bool *only, struct stream *stream,
			    struct savetool_error *err)
{
	bool early;

	*only = false;
	if (stream->configuration.present || stream->ram_started ||
	    stream->started_count > 0)
		return 0;
	if (reader_need(&stream->reader, 1, err) < 0)
		return -1;
	if (*stream->reader.next != SECTION_FULL)
		return 0;
	if (is_early(stream, &early, err) < 0)
		return -1;
	*only = !early;
	return 0;
}

int stream_fail_devices_only(const struct stream *stream,
			     struct savetool_error *err)
{
	fail_at(err, SAVETOOL_UNSUPPORTED, stream->offset,
		"only devices and no memory, as Xen's toolstack saves them");
	return fail_hint(err, SAVETOOL_HINT_XEN);
}

int stream_require_memory(const struct stream *stream,
			  struct savetool_error *err)
{
	if (stream->ram_started)
		return 0;
	return fail_at(err, SAVETOOL_CORRUPT, stream->reader.offset,
		       "no RAM section before the devices");
}

/* The page size, if the stream itself states it. */
static uint64_t page_size(const struct stream *stream)
{
	if (stream->configuration.has_page_bits)
		return UINT64_C(1) << stream->configuration.page_bits;
	if (stream->advised_page_size)
		return stream->advised_page_size;
	return 0;
}

static int check_page_size(uint64_t size, struct savetool_error *err)
{
	if (size != 0 && (size < RAM_PAGE_LEAST || size > RAM_PAGE_MOST ||
			  (size & (size - 1)) != 0))
		return fail(err, SAVETOOL_CORRUPT, "invalid page size %" PRIu64,
			    size);
	return 0;
}

static struct ram_list_context list_context(const struct stream *stream)
{
	return (struct ram_list_context){
		.mapped = stream_is_mapped(stream),
		.ignore_shared = configuration_can(&stream->configuration,
						   CAPABILITY_IGNORE_SHARED),
		.postcopy = stream->advised_page_size != 0,
		.page_size = page_size(stream),
	};
}

/* Before the list is read, in one way or the other. */
static int enter_list(struct stream *stream,
		      const struct ram_list_context *context,
		      struct savetool_error *err)
{
	if (stream->ram_started)
		return fail_at(err, SAVETOOL_CORRUPT, stream->reader.offset,
			       "a second list of memory blocks");
	if (check_page_size(context->page_size, err) < 0 ||
	    (stream->vmdesc &&
	     check_page_size(stream->vmdesc->page_size, err) < 0))
		return -1;
	stream->ram_started = true;
	stream->page_size_stated = context->mapped || context->page_size != 0;
	return 0;
}

int stream_read_ram_list(struct stream *stream, struct savetool_error *err)
{
	const struct ram_list_context context = list_context(stream);

	if (enter_list(stream, &context, err) < 0)
		return -1;
	if (ram_list_read(&stream->ram, &stream->reader, &context, err) < 0)
		return -1;
	/* In mapped-ram, each block states it; but there may be none. */
	if (stream->ram.mapped && stream->ram.layout.count == 0 &&
	    stream->vmdesc && stream->vmdesc->page_size != 0)
		stream->ram.layout.page_size = stream->vmdesc->page_size;
	return 0;
}

int stream_begin_ram_list(struct stream *stream, struct savetool_error *err)
{
	const struct ram_list_context context = list_context(stream);

	if (enter_list(stream, &context, err) < 0)
		return -1;
	return ram_list_begin(&stream->ram, &stream->reader, &context, err);
}

int stream_next_ram_block(struct stream *stream, struct savetool_error *err)
{
	const struct ram_list_context context = list_context(stream);

	return ram_list_next(&stream->ram, &stream->reader, &context, err);
}

int stream_read_ram_end_mark(struct stream *stream, struct savetool_error *err)
{
	uint64_t start = stream->reader.offset, word;

	if (reader_be64(&stream->reader, &word, err) < 0)
		return -1;
	if (word != RAM_EOS)
		return fail_at(err, SAVETOOL_CORRUPT, start,
			       "page record in a mapped-ram image");
	return 0;
}

static int skip_early(struct stream *stream, const struct section *section,
		      struct savetool_error *err)
{
	const struct vmdesc *vmdesc = stream->vmdesc;

	for (unsigned i = 0; vmdesc && i < vmdesc->count; i++)
		if (strcmp(vmdesc->devices[i].name, section->name) == 0 &&
		    vmdesc->devices[i].instance == section->instance)
			return reader_skip(&stream->reader,
					   vmdesc->devices[i].length, err);
	if (stream->reader.in && stream->reader.in->seekable)
		return fail_at(err, SAVETOOL_UNSUPPORTED, section->offset,
			       "length of section '%s' is only known from the "
			       "vmdesc, which was not found",
			       section->name);
	fail_at(err, SAVETOOL_UNSUPPORTED, section->offset,
		"length of section '%s' is only known from the end of the "
		"image, which cannot be read in advance",
		section->name);
	return fail_hint(err, SAVETOOL_HINT_UNCOMPRESSED_FILE);
}

int stream_skip_payload(struct stream *stream, const struct section *section,
			struct savetool_error *err)
{
	if (section->type == SECTION_FULL)
		return skip_early(stream, section, err);
	return iterable_skip(&stream->reader, section, err);
}

int stream_end_section(struct stream *stream, const struct section *section,
		       struct savetool_error *err)
{
	if (section_is_ram(section) && section->type == SECTION_END)
		stream->ram_ended = true;
	return section_read_footer(&stream->reader, section, &stream->footers,
				   err);
}

int stream_doubt_page_size(const struct stream *stream,
			   struct savetool_error *err)
{
	if (!stream->page_size_guessed || err->code != SAVETOOL_CORRUPT)
		return -1;
	if (stream->reader.in->seekable)
		return fail_as(err, SAVETOOL_UNSUPPORTED,
			       ", assuming pages of %" PRIu64
			       " bytes; the real page size is unknown",
			       stream->ram.layout.page_size);
	fail_as(err, SAVETOOL_UNSUPPORTED,
		", assuming pages of %" PRIu64
		" bytes; the real page size is only known from the end of the "
		"image, which cannot be read in advance",
		stream->ram.layout.page_size);
	return fail_hint(err, SAVETOOL_HINT_UNCOMPRESSED_FILE);
}
