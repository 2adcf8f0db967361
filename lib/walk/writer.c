/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a guest's state as a stream.  Everything but memory and the capability
 * mapped-ram stays the same, byte for byte.
 */
#include "config.h"

#include "walk/writer.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/mapped.h"
#include "format/sequential.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	struct visitor base;
	struct output *out;
	struct writer_options options;
	const struct stream *source;
	struct page_sink *memory;
	struct section part; /* still open, as more may follow */
	bool part_open;
};

/*
 * Without a configuration section there is no space for the capability.  Such
 * machine types (2.3 and older) are gone from every QEMU that knows mapped-ram.
 */
static int check_source(const struct writer *writer,
			const struct stream *stream, struct savetool_error *err)
{
	if (stream_require_own_memory(stream, err) < 0)
		return -1;
	if (writer->options.mapped && !stream->configuration.present) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "stream without a configuration section: its machine "
		     "type, of QEMU 2.3 or older, is not in any QEMU with "
		     "mapped-ram");
		return fail_hint(err, SAVETOOL_HINT_RAW);
	}
	return 0;
}

static int write_configuration(struct writer *writer,
			       struct savetool_error *err)
{
	struct configuration configuration = writer->source->configuration;

	if (writer->options.machine)
		configuration.machine = (char *)writer->options.machine;
	return configuration_write(&configuration, writer->options.mapped,
				   writer->out, err);
}

static int start(struct visitor *visitor, const struct stream *stream,
		 struct savetool_error *err)
{
	struct writer *writer = (struct writer *)visitor;
	uint8_t head[8];

	writer->source = stream;
	if (check_source(writer, stream, err) < 0)
		return -1;
	put_be32(head, STREAM_MAGIC);
	put_be32(head + 4, STREAM_VERSION);
	if (output_append(writer->out, head, sizeof(head), err) < 0)
		return -1;
	return write_configuration(writer, err);
}

static int write_header(struct writer *writer, const struct section *section,
			struct savetool_error *err)
{
	uint8_t bytes[1 + 4 + STR8_SIZE + 8];
	size_t size = 5, length = strlen(section->name);

	bytes[0] = section->type;
	put_be32(bytes + 1, section->id);
	if (section->type == SECTION_START || section->type == SECTION_FULL) {
		bytes[size++] = length;
		memcpy(bytes + size, section->name, length);
		size += length;
		put_be32(bytes + size, section->instance);
		put_be32(bytes + size + 4, section->version);
		size += 8;
	}
	return output_append(writer->out, bytes, size, err);
}

static int write_footer(struct writer *writer, const struct section *section,
			struct savetool_error *err)
{
	uint8_t bytes[FOOTER_SIZE] = { SECTION_FOOTER };

	if (writer->source->footers != FOOTERS_PRESENT)
		return 0;
	put_be32(bytes + 1, section->id);
	return output_append(writer->out, bytes, sizeof(bytes), err);
}

/* Writes the mark of a memory section's end, and its footer. */
static int end_ram(struct writer *writer, const struct section *section,
		   struct savetool_error *err)
{
	uint8_t mark[8];

	put_be64(mark, RAM_EOS);
	if (output_append(writer->out, mark, sizeof(mark), err) < 0)
		return -1;
	return write_footer(writer, section, err);
}

static int close_part(struct writer *writer, struct savetool_error *err)
{
	if (!writer->part_open)
		return 0;
	writer->part_open = false;
	return end_ram(writer, &writer->part, err);
}

/*
 * Leaves out commands that ask for a return path or announce postcopy: only a
 * waiting QEMU with postcopy could load them.  Nothing is lost with them.
 */
static bool is_wanted(const struct stream_item *command)
{
	return command->command != COMMAND_OPEN_RETURN_PATH &&
	       command->command != COMMAND_PING &&
	       !(command->command == COMMAND_POSTCOPY_ADVISE &&
		 command->command_size == 16);
}

static int command(struct visitor *visitor, const struct stream_item *command,
		   struct savetool_error *err)
{
	struct writer *writer = (struct writer *)visitor;
	uint8_t head[5] = { SECTION_COMMAND };

	if (!is_wanted(command))
		return 0;
	put_be16(head + 1, command->command);
	put_be16(head + 3, command->command_size);
	if (close_part(writer, err) < 0 ||
	    output_append(writer->out, head, sizeof(head), err) < 0)
		return -1;
	return output_append(writer->out, command->command_data,
			     command->command_size, err);
}

static int section(struct visitor *visitor, const struct section *section,
		   struct output **copy_to, struct savetool_error *err)
{
	struct writer *writer = (struct writer *)visitor;

	*copy_to = writer->out;
	if (close_part(writer, err) < 0)
		return -1;
	return write_header(writer, section, err);
}

static int section_end(struct visitor *visitor, const struct section *section,
		       struct savetool_error *err)
{
	return write_footer((struct writer *)visitor, section, err);
}

/* Only the first block is known; the others follow by ram_block(). */
static int start_growing(struct writer *writer, const struct ram_list *list,
			 struct savetool_error *err)
{
	struct mapped_header header;

	if (ram_list_write_total(list->total, writer->out, err) < 0 ||
	    ram_list_write_block(&list->layout, 0, writer->out, &header, err) <
		    0)
		return -1;
	return mapped_sink_new(&writer->memory, writer->out, &list->layout,
			       &header, writer->options.big_endian,
			       writer->options.base, err);
}

static int ram_block(struct visitor *visitor, const struct ram_list *list,
		     struct savetool_error *err)
{
	struct writer *writer = (struct writer *)visitor;
	struct mapped_header header;

	if (ram_list_write_block(&list->layout, list->layout.count - 1,
				 writer->out, &header, err) < 0)
		return -1;
	return mapped_sink_grow(writer->memory, &header, err);
}

static int start_mapped(struct writer *writer, const struct ram_list *list,
			struct savetool_error *err)
{
	const struct ram_layout *layout = &list->layout;
	struct mapped_header *headers;
	int result;

	if (!ram_list_is_whole(list))
		return start_growing(writer, list, err);
	headers = calloc(layout->count + 1, sizeof(*headers));
	if (!headers)
		return fail_memory(err);
	result = ram_list_write_mapped(layout, writer->out, headers, err);
	if (result == 0)
		result = mapped_sink_new(&writer->memory, writer->out, layout,
					 headers, writer->options.big_endian,
					 writer->options.base, err);
	free(headers);
	return result;
}

/*
 * Mapped-ram states its page size.  A sequential stream would leave it to its
 * reader to find out, unless something else in it states it.
 */
static int check_page_size(const struct writer *writer,
			   const struct ram_layout *layout,
			   struct savetool_error *err)
{
	const struct stream *source = writer->source;

	if (writer->options.mapped || !stream_is_mapped(source) ||
	    layout->page_size == 4096 || source->configuration.has_page_bits ||
	    source->vmdesc)
		return 0;
	fail(err, SAVETOOL_UNSUPPORTED,
	     "page size %" PRIu64 " is only recorded in the mapped-ram layout",
	     layout->page_size);
	return fail_hint(err, SAVETOOL_HINT_SPARSE);
}

static int ram_list(struct visitor *visitor, const struct section *section,
		    const struct ram_list *list, struct page_sink **sink,
		    struct savetool_error *err)
{
	struct writer *writer = (struct writer *)visitor;
	int result;

	if (check_page_size(writer, &list->layout, err) < 0 ||
	    write_header(writer, section, err) < 0)
		return -1;
	if (writer->options.mapped) {
		result = start_mapped(writer, list, err);
	} else {
		result = ram_list_write(&list->layout, writer->out, err);
		if (result == 0)
			result = sequential_sink_new(&writer->memory,
						     writer->out, &list->layout,
						     err);
	}
	*sink = writer->memory;
	return result;
}

/* In a mapped-ram stream a PART is useless. */
static bool is_left_out(const struct writer *writer,
			const struct section *section)
{
	return writer->options.mapped && section->type == SECTION_PART;
}

static int ram_begin(struct visitor *visitor, const struct section *section,
		     struct savetool_error *err)
{
	struct writer *writer = (struct writer *)visitor;

	if (is_left_out(writer, section) ||
	    (writer->part_open && section->type == SECTION_PART))
		return 0;
	if (close_part(writer, err) < 0)
		return -1;
	return write_header(writer, section, err);
}

static int ram_end(struct visitor *visitor, const struct section *section,
		   struct savetool_error *err)
{
	struct writer *writer = (struct writer *)visitor;

	if (is_left_out(writer, section))
		return 0;
	if (!writer->options.compact || section->type != SECTION_PART)
		return end_ram(writer, section, err);
	writer->part = *section;
	writer->part_open = true;
	return 0;
}

static int tail(struct visitor *visitor, const struct tail *tail,
		struct savetool_error *err)
{
	struct writer *writer = (struct writer *)visitor;

	if (close_part(writer, err) < 0 ||
	    page_sink_finish(writer->memory, err) < 0)
		return -1;
	return tail_write(tail, writer->out, writer->options.mapped,
			  writer->options.machine, err);
}

static const struct visitor_ops ops = {
	.start = start,
	.command = command,
	.section = section,
	.section_end = section_end,
	.ram_list = ram_list,
	.ram_block = ram_block,
	.ram_begin = ram_begin,
	.ram_end = ram_end,
	.tail = tail,
};

int writer_new(struct writer **result, struct output *out,
	       const struct writer_options *options, struct savetool_error *err)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return fail_memory(err);
	writer->base.ops = &ops;
	writer->out = out;
	writer->options = *options;
	*result = writer;
	return 0;
}

void writer_free(struct writer *writer)
{
	if (!writer)
		return;
	page_sink_free(writer->memory);
	free(writer);
}

struct visitor *writer_visitor(struct writer *writer)
{
	return &writer->base;
}
