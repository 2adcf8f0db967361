/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads, checks and writes the list of RAM blocks. */
#include "config.h"

#include "format/ram_list.h"

#include "base/bitmap.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "format/section.h"

#include <inttypes.h>
#include <string.h>

static bool is_page_size(uint64_t size)
{
	return size >= RAM_PAGE_LEAST && size <= RAM_PAGE_MOST &&
	       (size & (size - 1)) == 0;
}

/*
 * Reads the 28 bytes that mapped-ram adds.  They may be the first place that
 * states the page size.
 */
static int read_mapped_header(struct ram_list *list, struct reader *reader,
			      struct mapped_header *header,
			      struct savetool_error *err)
{
	uint64_t start = reader->offset, page_size;
	uint32_t version;

	if (reader_be32(reader, &version, err) < 0 ||
	    reader_be64(reader, &page_size, err) < 0 ||
	    reader_be64(reader, &header->bitmap_offset, err) < 0 ||
	    reader_be64(reader, &header->pages_offset, err) < 0)
		return -1;
	if (version > MAPPED_VERSION)
		return fail_at(err, SAVETOOL_UNSUPPORTED, start,
			       "unknown mapped-ram version %" PRIu32, version);
	if (!is_page_size(page_size))
		return fail_at(err, SAVETOOL_CORRUPT, start + 4,
			       "invalid page size %" PRIu64, page_size);
	if (list->layout.page_size == 0)
		list->layout.page_size = page_size;
	if (page_size != list->layout.page_size)
		return fail_at(err, SAVETOOL_CORRUPT, start + 4,
			       "page size is %" PRIu64 ", but %" PRIu64
			       " in other blocks",
			       page_size, list->layout.page_size);
	return 0;
}

static int check_header(const struct ram_list *list,
			const struct mapped_header *header, uint64_t length,
			uint64_t file_size, struct savetool_error *err)
{
	uint64_t page_size = list->layout.page_size;
	uint64_t bitmap = bitmap_size(length / page_size);

	if (header->pages_offset == 0 || header->pages_offset % page_size)
		return fail_at(err, SAVETOOL_CORRUPT, header->pages_offset,
			       "pages are not aligned to %" PRIu64 " bytes",
			       page_size);
	if (header->pages_offset > RAM_LENGTH_LIMIT ||
	    header->bitmap_offset > RAM_LENGTH_LIMIT)
		return fail_at(
			err, SAVETOOL_CORRUPT, header->bitmap_offset,
			"offset of the bitmap, or of the pages at byte %" PRIu64
			", is out of range",
			header->pages_offset);
	if (file_size != SAVETOOL_UNKNOWN &&
	    header->bitmap_offset + bitmap > file_size)
		return fail_at(err, SAVETOOL_INCOMPLETE, header->bitmap_offset,
			       "bitmap is beyond the end of the image, byte "
			       "%" PRIu64,
			       file_size);
	return 0;
}

/*
 * With postcopy, a block whose pages are larger than the target's has their
 * size after its length.  Its low bits tell it from whatever else could follow:
 * a name, a record and an end mark all have some of them set, a page size has
 * none.
 */
static int skip_page_size(struct reader *reader, struct savetool_error *err)
{
	size_t got;

	if (reader_look(reader, 8, &got, err) < 0)
		return -1;
	if (got < 8 || reader->next[0] != 0 ||
	    get_be64(reader->next) % RAM_PAGE_LEAST != 0)
		return 0;
	return reader_consume(reader, 8, err);
}

/* Reads what the options of the migration add after a length. */
static int read_extras(struct reader *reader,
		       const struct ram_list_context *context,
		       struct savetool_error *err)
{
	uint64_t address;

	if (context->ignore_shared)
		return reader_be64(reader, &address, err);
	return context->postcopy ? skip_page_size(reader, err) : 0;
}

static int add_header(struct ram_list *list, const struct mapped_header *header,
		      struct savetool_error *err)
{
	struct mapped_header *headers = reallocarray(
		list->headers, list->layout.count, sizeof(*headers));

	if (!headers)
		return fail_memory(err);
	headers[list->layout.count - 1] = *header;
	list->headers = headers;
	return 0;
}

/* Goes to where the next block's name must be: after this one's pages. */
static int pass_pages(struct reader *reader, const struct mapped_header *header,
		      uint64_t length, struct savetool_error *err)
{
	uint64_t next = header->pages_offset + length;

	if (next < reader->offset)
		return fail_at(
			err, SAVETOOL_CORRUPT, next,
			"end of the pages is before the end of their header at "
			"byte %" PRIu64,
			header->header_offset);
	return reader_skip(reader, next - reader->offset, err);
}

/* Is it a shared block, whose pages are in another file? */
static bool is_elsewhere(const struct mapped_header *header,
			 const struct ram_list_context *context)
{
	return context->ignore_shared && header->pages_offset == 0;
}

static int read_block(struct ram_list *list, struct reader *reader,
		      const struct ram_list_context *context,
		      struct savetool_error *err)
{
	struct mapped_header header = { .header_offset = reader->offset };
	char name[STR8_SIZE];
	uint64_t length;

	if (reader_str8(reader, name, err) < 0)
		return -1;
	if (name[0] == '\0')
		return fail_at(err, SAVETOOL_CORRUPT, header.header_offset,
			       "memory block without a name");
	if (reader_be64(reader, &length, err) < 0 ||
	    read_extras(reader, context, err) < 0)
		return fail_in_block(err, name);
	if (list->mapped && read_mapped_header(list, reader, &header, err) < 0)
		return fail_in_block(err, name);
	header.header_length = reader->offset - header.header_offset;
	if (ram_layout_add(&list->layout, name, length, err) < 0) {
		fail_while_at(err, header.header_offset, "list of blocks");
		return fail_in_block(err, name);
	}
	if (!list->mapped)
		return 0;
	/* Each block of the list has its header, even after a failure. */
	if (add_header(list, &header, err) < 0)
		return -1;
	if (!is_elsewhere(&header, context) &&
	    check_header(list, &header, length, reader->in->size, err) < 0)
		return fail_in_block(err, name);
	return 0;
}

/*
 * A range of the file that belongs to one block, or to what follows them all.
 */
struct region {
	uint64_t start, length;
	const struct ram_block *block; /* NULL: what follows */
	const char *what;
};

static int compare_regions(const void *a, const void *b)
{
	const struct region *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	if (!left->block || !right->block)
		return !left->block - !right->block;
	return (left->block->index > right->block->index) -
	       (left->block->index < right->block->index);
}

static unsigned collect_regions(const struct ram_list *list,
				struct region *regions)
{
	uint64_t page_size = list->layout.page_size;
	unsigned count = 0;

	for (unsigned i = 0; i < list->layout.count; i++) {
		const struct mapped_header *header = &list->headers[i];
		const struct ram_block *block = &list->layout.blocks[i];

		regions[count++] = (struct region){ header->header_offset,
						    header->header_length,
						    block, "header" };
		if (header->pages_offset == 0)
			continue;
		regions[count++] =
			(struct region){ header->bitmap_offset,
					 bitmap_size(block->length / page_size),
					 block, "bitmap" };
		regions[count++] =
			(struct region){ header->pages_offset, block->length,
					 block, "place of the pages" };
	}
	return count;
}

static int fail_overlap(const struct region *region, uint64_t end,
			struct savetool_error *err)
{
	fail_at(err, SAVETOOL_CORRUPT, region->start,
		"%s overlaps other data that ends at byte %" PRIu64,
		region->what, end);
	return region->block ? fail_in_block(err, region->block->name) : -1;
}

int ram_list_check(const struct ram_list *list, uint64_t stream_end,
		   struct savetool_error *err)
{
	cleanup_free struct region *regions =
		calloc(3 * (size_t)list->layout.count + 1, sizeof(*regions));
	uint64_t end = list->start;
	unsigned count;

	if (!regions)
		return fail_memory(err);
	count = collect_regions(list, regions);
	regions[count++] = (struct region){ list->end, stream_end - list->end,
					    NULL, "what follows the memory" };
	qsort(regions, count, sizeof(*regions), compare_regions);
	for (unsigned i = 0; i < count; i++) {
		if (regions[i].length == 0)
			continue;
		if (regions[i].start < end)
			return fail_overlap(&regions[i], end, err);
		end = regions[i].start + regions[i].length;
	}
	return 0;
}

/* Skips the pages of the block that was read last, if they are here. */
static int pass_block(struct ram_list *list, struct reader *reader,
		      const struct ram_list_context *context,
		      struct savetool_error *err)
{
	const struct ram_block *block =
		&list->layout.blocks[list->layout.count - 1];
	const struct mapped_header *header =
		&list->headers[list->layout.count - 1];

	if (is_elsewhere(header, context) ||
	    pass_pages(reader, header, block->length, err) == 0)
		return 0;
	return fail_in_block(err, block->name);
}

int ram_list_next(struct ram_list *list, struct reader *reader,
		  const struct ram_list_context *context,
		  struct savetool_error *err)
{
	if (list->layout.length < list->total)
		return read_block(list, reader, context, err) < 0 ? -1 : 1;
	if (list->layout.length > list->total)
		return fail_at(err, SAVETOOL_CORRUPT,
			       list->start - sizeof(list->total),
			       "memory blocks have %" PRIu64
			       " bytes in all, but %" PRIu64 " are announced",
			       list->layout.length, list->total);
	list->end = reader->offset;
	if (list->layout.page_size == 0) /* mapped, and without any block */
		list->layout.page_size = 4096;
	return list->mapped ? ram_list_check(list, list->end, err) : 0;
}

int ram_list_begin(struct ram_list *list, struct reader *reader,
		   const struct ram_list_context *context,
		   struct savetool_error *err)
{
	uint64_t start = reader->offset, word;

	list->mapped = context->mapped;
	list->layout.page_size = context->page_size;
	if (!list->mapped && list->layout.page_size == 0)
		list->layout.page_size = RAM_PAGE_LEAST;
	if (reader_be64(reader, &word, err) < 0)
		return -1;
	if ((word & (RAM_PAGE_LEAST - 1)) != RAM_MEM_SIZE)
		return fail_at(err, SAVETOOL_CORRUPT, start,
			       "RAM section without a list of blocks");
	word &= ~(uint64_t)RAM_MEM_SIZE;
	if (word > RAM_LENGTH_LIMIT)
		return fail_at(err, SAVETOOL_CORRUPT, start,
			       "RAM size of %" PRIu64 " bytes is out of range",
			       word);
	if (word > RAM_LENGTH_HANDLED)
		return fail_at(err, SAVETOOL_UNSUPPORTED, start,
			       "RAM size of %" PRIu64
			       " bytes is more than 16 TiB",
			       word);
	list->total = word;
	list->start = reader->offset;
	return 0;
}

int ram_list_read(struct ram_list *list, struct reader *reader,
		  const struct ram_list_context *context,
		  struct savetool_error *err)
{
	int more;

	if (ram_list_begin(list, reader, context, err) < 0)
		return -1;
	while ((more = ram_list_next(list, reader, context, err)) > 0)
		if (list->mapped && pass_block(list, reader, context, err) < 0)
			return -1;
	return more;
}

static int write_be64(struct output *out, uint64_t value,
		      struct savetool_error *err)
{
	uint8_t bytes[8];

	put_be64(bytes, value);
	return output_append(out, bytes, sizeof(bytes), err);
}

static int write_name(struct output *out, const struct ram_block *block,
		      struct savetool_error *err)
{
	uint8_t bytes[STR8_SIZE];
	size_t length = strlen(block->name);

	bytes[0] = length;
	memcpy(bytes + 1, block->name, length);
	if (output_append(out, bytes, 1 + length, err) < 0)
		return -1;
	return write_be64(out, block->length, err);
}

int ram_list_write(const struct ram_layout *layout, struct output *out,
		   struct savetool_error *err)
{
	if (write_be64(out, layout->length | RAM_MEM_SIZE, err) < 0)
		return -1;
	for (unsigned i = 0; i < layout->count; i++)
		if (write_name(out, &layout->blocks[i], err) < 0)
			return -1;
	return 0;
}

/* Decides where all of a block goes; returns its end. */
static uint64_t place_block(struct mapped_header *header,
			    const struct ram_block *block, uint64_t page_size,
			    uint64_t offset)
{
	uint64_t name = 1 + strlen(block->name) + 8, bitmap_end;

	header->header_offset = offset;
	header->header_length = name + MAPPED_HEADER_SIZE;
	header->bitmap_offset = offset + header->header_length;
	bitmap_end =
		header->bitmap_offset + bitmap_size(block->length / page_size);
	header->pages_offset = round_up(bitmap_end, MAPPED_ALIGNMENT);
	return header->pages_offset + block->length;
}

static int write_mapped_block(const struct ram_layout *layout,
			      const struct ram_block *block, struct output *out,
			      const struct mapped_header *header,
			      struct savetool_error *err)
{
	uint8_t bytes[MAPPED_HEADER_SIZE];

	put_be32(bytes, MAPPED_VERSION);
	put_be64(bytes + 4, layout->page_size);
	put_be64(bytes + 12, header->bitmap_offset);
	put_be64(bytes + 20, header->pages_offset);
	if (write_name(out, block, err) < 0 ||
	    output_append(out, bytes, sizeof(bytes), err) < 0)
		return -1;
	return output_skip(
		out, header->pages_offset + block->length - out->position, err);
}

int ram_list_write_total(uint64_t total, struct output *out,
			 struct savetool_error *err)
{
	return write_be64(out, total | RAM_MEM_SIZE, err);
}

int ram_list_write_block(const struct ram_layout *layout, unsigned index,
			 struct output *out, struct mapped_header *header,
			 struct savetool_error *err)
{
	const struct ram_block *block = &layout->blocks[index];
	uint64_t end =
		place_block(header, block, layout->page_size, out->position);

	if (output_reach(out, end, err) < 0)
		return -1;
	return write_mapped_block(layout, block, out, header, err);
}

int ram_list_write_mapped(const struct ram_layout *layout, struct output *out,
			  struct mapped_header *headers,
			  struct savetool_error *err)
{
	uint64_t end = out->position + 8;

	for (unsigned i = 0; i < layout->count; i++)
		end = place_block(&headers[i], &layout->blocks[i],
				  layout->page_size, end);
	if (output_reach(out, end, err) < 0 ||
	    ram_list_write_total(layout->length, out, err) < 0)
		return -1;
	for (unsigned i = 0; i < layout->count; i++)
		if (write_mapped_block(layout, &layout->blocks[i], out,
				       &headers[i], err) < 0)
			return -1;
	return 0;
}

void ram_list_free(struct ram_list *list)
{
	ram_layout_free(&list->layout);
	free(list->headers);
	list->headers = NULL;
}
