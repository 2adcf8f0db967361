/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RAM sections: the block list and the records of pages. */
#include "ram.h"

#include "content.h"
#include "statements.h"

#include <stdlib.h>
#include <string.h>

enum {
	ZERO = 0x02,
	MEM_SIZE = 0x04,
	PAGE = 0x08,
	EOS = 0x10,
	CONTINUE = 0x20,
	XBZRLE = 0x40,
	COMPRESS_PAGE = 0x100,
};

/* list=no has a START without a block list. */
static void start_list(struct image *image, struct line *line)
{
	const char *total = line_option(line, "total");

	if (!line_flag(line, "list", true))
		return;
	image->total_at = image->at;
	image->total_told = total != NULL;
	image->total = total ? line_parse(line, total) : 0;
	put_be(image, image->total | MEM_SIZE, 8);
}

void say_ram(struct image *image, struct line *line)
{
	const char *type = line_operand(line);
	struct device ram = {
		.name = (char *)"ram",
		.instance = (uint32_t)line_number(line, "instance", 0),
		.version = (uint32_t)line_number(line, "version", 4),
	};
	uint32_t id = (uint32_t)line_number(line, "id", 2);
	const char *layout = line_option(line, "layout");

	if (layout)
		image->mapped = !strcmp(layout, "mapped");
	section_open(image, line, type, &ram, id);
	image->section = SECTION_RAM;
	image->eos = line_flag(line, "eos", true);
	image->write_bitmaps = line_flag(line, "bitmaps", !strcmp(type, "end"));
	if (!strcmp(type, "start"))
		start_list(image, line);
}

void section_close(struct image *image)
{
	if (image->section == SECTION_NONE)
		return;
	if (image->section == SECTION_RAM && image->write_bitmaps)
		mapped_write_bitmaps(image);
	if (image->eos)
		put_be(image, EOS, 8);
	if (image->footer) {
		put_byte(image, 0x7e);
		put_be(image, image->footer_id, 4);
	}
	image->section = SECTION_NONE;
}

static void put_optional_be64(struct image *image, struct line *line,
			      const char *key)
{
	const char *value = line_option(line, key);

	if (value)
		put_be(image, line_parse(line, value), 8);
}

void say_block(struct image *image, struct line *line)
{
	const char *name = line_operand(line);
	uint64_t length = line_parse(line, line_operand(line));
	uint64_t page_size = line_number(line, "page-size", 4096);
	uint64_t word = line_number(line, "length-word", length);
	struct block *block = block_add(image, name, length, page_size);

	if (page_size == 0 || page_size % 8 != 0)
		line_fail(line, "page-size must be a multiple of 8");
	put_str8(image, name);
	put_be(image, word, 8);
	put_optional_be64(image, line, "host-page");
	put_optional_be64(image, line, "gpa");
	domain_add_memory(image, name, word);
	if (image->mapped)
		mapped_block(image, line, block);
	if (image->total_told)
		return;
	image->total += word;
	put_be_at(image, image->total | MEM_SIZE, 8, image->total_at);
}

/* count=all goes to the end of the block. */
static uint64_t read_count(struct pages *pages)
{
	const char *count = line_option(pages->line, "count");
	uint64_t left = pages->block->length - pages->offset;

	if (!count)
		return 1;
	if (strcmp(count, "all") != 0)
		return line_parse(pages->line, count);
	if (pages->offset > pages->block->length)
		line_fail(pages->line, "no pages behind the end of the block");
	return (left + pages->step - 1) / pages->step;
}

void pages_read(struct pages *pages, struct image *image, struct line *line)
{
	struct block *block = block_find(image, line, line_operand(line));

	pages->line = line;
	pages->block = block;
	pages->offset = line_parse(line, line_operand(line));
	pages->step = line_number(line, "step", 1) * block->page_size;
	if (pages->step == 0)
		line_fail(line, "step must not be 0");
	pages->count = read_count(pages);
	pages->data = line_option(line, "data");
	pages->seed = line_number(line, "seed", 1);
	pages->poke = line_option(line, "poke");
	pages->bytes = line_option(line, "bytes");
	pages->remember = line_flag(line, "memory", true);
	pages->old = allocate(block->page_size);
	pages->new = allocate(block->page_size);
	pages->offset -= pages->step; /* the first next adds it again */
}

void pages_free(struct pages *pages)
{
	free(pages->old);
	free(pages->new);
}

bool pages_next(struct pages *pages)
{
	size_t size = pages->block->page_size;
	const uint8_t *memory;

	if (pages->count == 0)
		return false;
	pages->count--;
	pages->offset += pages->step;
	memory = block_page(pages->block, pages->offset);
	if (memory)
		memcpy(pages->old, memory, size);
	else
		memset(pages->old, 0, size);
	memcpy(pages->new, pages->old, size);
	if (pages->data)
		content_fill(pages->line, pages->new, size, pages->data,
			     pages->seed, pages->offset);
	if (pages->poke)
		content_poke(pages->line, pages->new, size, pages->poke);
	return true;
}

void pages_remember(const struct pages *pages)
{
	uint8_t *memory = block_page(pages->block, pages->offset);

	if (memory && pages->remember)
		memcpy(memory, pages->new, pages->block->page_size);
}

/* How the records of one statement begin. */
struct record {
	uint64_t flags;
	bool forced;
	bool forced_continue;
};

static struct record read_record(struct line *line, uint64_t flags)
{
	struct record record = { line_number(line, "flags", flags), false,
				 false };
	const char *mode = line_option(line, "continue");

	record.forced = mode != NULL;
	record.forced_continue = mode && !strcmp(mode, "yes");
	return record;
}

static void put_record(struct image *image, const struct pages *pages,
		       const struct record *record)
{
	bool go_on = record->forced ? record->forced_continue :
				      image->last_block == pages->block;

	put_be(image, pages->offset | record->flags | (go_on ? CONTINUE : 0),
	       8);
	if (!go_on)
		put_str8(image, pages->block->name);
	image->last_block = pages->block;
	pages_remember(pages);
}

/*
 * The body of a packed page behind a length of so many bytes: what was
 * packed, unless the statement gives bytes= or another length=.
 */
static void put_packed(struct image *image, const struct pages *pages,
		       const uint8_t *packed, size_t size, unsigned word)
{
	const char *length = line_option(pages->line, "length");
	uint8_t *given = NULL;

	if (pages->bytes) {
		given = allocate(strlen(pages->bytes));
		size = content_hex(pages->line, given, pages->bytes);
		packed = given;
	}
	put_be(image, length ? line_parse(pages->line, length) : size, word);
	put(image, packed, size);
	free(given);
}

void say_page(struct image *image, struct line *line)
{
	struct pages pages;
	struct record record = read_record(line, PAGE);

	pages_read(&pages, image, line);
	if (!pages.data)
		pages.data = "random";
	while (pages_next(&pages)) {
		if (pages.block->mapped) {
			mapped_store(image, &pages);
			mapped_set_bit(&pages, true);
			pages_remember(&pages);
			continue;
		}
		put_record(image, &pages, &record);
		put(image, pages.new, pages.block->page_size);
	}
	pages_free(&pages);
}

void say_zero(struct image *image, struct line *line)
{
	struct pages pages;
	struct record record = read_record(line, ZERO);
	const char *fill = line_option(line, "fill");

	pages_read(&pages, image, line);
	pages.data = fill ? fill : "0";
	while (pages_next(&pages)) {
		if (pages.block->mapped) {
			mapped_set_bit(&pages, false);
			pages_remember(&pages);
			continue;
		}
		put_record(image, &pages, &record);
		put_byte(image, pages.new[0]);
	}
	pages_free(&pages);
}

void say_compressed(struct image *image, struct line *line)
{
	struct pages pages;
	struct record record = read_record(line, COMPRESS_PAGE);
	uint8_t *packed;

	pages_read(&pages, image, line);
	if (!pages.data)
		pages.data = "random";
	packed = allocate(ZLIB_ROOM(pages.block->page_size));
	while (pages_next(&pages)) {
		put_record(image, &pages, &record);
		put_packed(
			image, &pages, packed,
			content_zlib(packed, pages.new, pages.block->page_size),
			4);
	}
	free(packed);
	pages_free(&pages);
}

void say_xbzrle(struct image *image, struct line *line)
{
	struct pages pages;
	struct record record = read_record(line, XBZRLE);
	uint64_t encoding = line_number(line, "encoding", 1);
	uint8_t *packed;
	size_t size;

	pages_read(&pages, image, line);
	packed = allocate(XBZRLE_ROOM(pages.block->page_size));
	while (pages_next(&pages)) {
		size = content_xbzrle(packed, pages.old, pages.new,
				      pages.block->page_size);
		if (size > pages.block->page_size)
			line_fail(line, "differs too much for xbzrle");
		put_record(image, &pages, &record);
		put_byte(image, (uint8_t)encoding);
		put_packed(image, &pages, packed, size, 2);
	}
	free(packed);
	pages_free(&pages);
}

static uint64_t one_flag(const struct line *line, const char *name)
{
	static const struct {
		const char *name;
		uint64_t flag;
	} flags[] = {
		{ "full", 0x01 },
		{ "zero", ZERO },
		{ "mem-size", MEM_SIZE },
		{ "page", PAGE },
		{ "eos", EOS },
		{ "continue", CONTINUE },
		{ "xbzrle", XBZRLE },
		{ "hook", 0x80 },
		{ "compressed", COMPRESS_PAGE },
		{ "flush", 0x200 },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (!strcmp(flags[i].name, name))
			return flags[i].flag;
	return line_parse(line, name);
}

void say_record(struct image *image, struct line *line)
{
	char *names = duplicate(line_operand(line));
	uint64_t word = line_parse(line, line_operand(line));
	const char *block = line_rest(line);

	for (char *name = strtok(names, "|"); name; name = strtok(NULL, "|"))
		word |= one_flag(line, name);
	put_be(image, word, 8);
	if (block)
		put_str8(image, block);
	image->last_block = NULL; /* the next page names its block */
	free(names);
}
