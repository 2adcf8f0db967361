/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mapped-ram: headers in the block list, bitmaps, pages in their slots. */
#include "ram.h"
#include "statements.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t pages_alignment = 1 << 20;

static void name_place(struct image *image, const struct block *block,
		       const char *what, uint64_t at)
{
	char *name;

	if (asprintf(&name, "%s.%s", block->name, what) < 0)
		fail("out of memory");
	set_label(image, name, at);
	free(name);
}

static uint64_t place(struct image *image, struct line *line, const char *key,
		      uint64_t otherwise)
{
	const char *value = line_option(line, key);

	return value ? position(image, line, value) : otherwise;
}

static void read_bitmap_shape(struct image *image, struct line *line,
			      struct block *block)
{
	uint64_t pages = block->length / block->page_size;
	uint64_t bits;
	const char *order = line_option(line, "bitmap-order");

	block->word_size = (unsigned)line_number(line, "bitmap-word", 8);
	block->big_endian = order ? !strcmp(order, "big") : image->big_endian;
	bits = block->word_size * 8;
	block->bitmap_size = (pages + bits - 1) / bits * block->word_size;
	block->bitmap = allocate(block->bitmap_size);
	block->write_bitmap = line_flag(line, "bitmap", true);
}

/* bitmap-offset= and pages-offset= move things, the -word ones only lie. */
static void read_places(struct image *image, struct line *line,
			struct block *block, uint64_t after_header)
{
	uint64_t end;

	block->bitmap_at = place(image, line, "bitmap-offset", after_header);
	end = block->bitmap_at == after_header ?
		      after_header + block->bitmap_size :
		      after_header;
	end = (end + pages_alignment - 1) / pages_alignment * pages_alignment;
	block->pages_at = place(image, line, "pages-offset", end);
	name_place(image, block, "header", after_header - 28);
	name_place(image, block, "bitmap", block->bitmap_at);
	name_place(image, block, "pages", block->pages_at);
}

void mapped_block(struct image *image, struct line *line, struct block *block)
{
	uint64_t after_header = image->at + 28;
	bool ignored = line_flag(line, "ignored", false);

	block->mapped = true;
	read_bitmap_shape(image, line, block);
	read_places(image, line, block, after_header);
	if (ignored) {
		block->bitmap_at = block->pages_at = 0;
		block->write_bitmap = false;
	}
	put_be(image, line_number(line, "version", 1), 4);
	put_be(image, line_number(line, "page-size-word", block->page_size), 8);
	put_be(image,
	       place(image, line, "bitmap-offset-word", block->bitmap_at), 8);
	put_be(image, place(image, line, "pages-offset-word", block->pages_at),
	       8);
	if (!ignored)
		image->at = place(image, line, "next",
				  block->pages_at + block->length);
}

void mapped_store(struct image *image, const struct pages *pages)
{
	put_at(image, pages->new, pages->block->page_size,
	       pages->block->pages_at + pages->offset);
}

void mapped_set_bit(const struct pages *pages, bool present)
{
	const struct block *block = pages->block;
	uint64_t page = pages->offset / block->page_size;
	uint64_t in_word = page / 8 % block->word_size;
	uint64_t byte = page / 8 - in_word;
	uint8_t bit = (uint8_t)(1 << page % 8);

	byte += block->big_endian ? block->word_size - 1 - in_word : in_word;
	if (byte >= block->bitmap_size)
		line_fail(pages->line, "no bit for that page");
	if (present)
		block->bitmap[byte] |= bit;
	else
		block->bitmap[byte] &= (uint8_t)~bit;
}

void mapped_write_bitmaps(struct image *image)
{
	for (const struct block *b = image->blocks; b; b = b->next)
		if (b->mapped && b->write_bitmap)
			put_at(image, b->bitmap, b->bitmap_size, b->bitmap_at);
}

static void need_mapped(const struct pages *pages)
{
	if (!pages->block->mapped)
		line_fail(pages->line, "only mapped-ram has this");
}

/* Old bytes in a slot whose bit is clear: memory does not see them. */
void say_stale(struct image *image, struct line *line)
{
	struct pages pages;

	pages_read(&pages, image, line);
	need_mapped(&pages);
	if (!pages.data)
		pages.data = "random";
	while (pages_next(&pages)) {
		mapped_store(image, &pages);
		mapped_set_bit(&pages, false);
	}
	pages_free(&pages);
}

static void punch(const struct image *image, const struct pages *pages)
{
	const struct block *block = pages->block;

	if (pages->offset >= block->length)
		return; /* a padding bit of the bitmap has no slot */
	if (fallocate(image->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)(block->pages_at + pages->offset),
		      (off_t)block->page_size) < 0)
		line_fail(pages->line, "cannot punch: %s", strerror(errno));
}

/* A set bit over a hole: memory reads as zeros. */
void say_lost(struct image *image, struct line *line)
{
	struct pages pages;

	pages_read(&pages, image, line);
	need_mapped(&pages);
	pages.data = "0";
	while (pages_next(&pages)) {
		punch(image, &pages);
		mapped_set_bit(&pages, true);
		pages_remember(&pages);
	}
	pages_free(&pages);
}
