/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image being made: the position of writing, and what was said so far. */
#ifndef MKIMAGE_IMAGE_H
#define MKIMAGE_IMAGE_H

#include "recipe.h"

#include <stddef.h>

#define CAPABILITIES 8

struct block;

/* A named offset in the image, for later statements and for tests. */
struct label {
	struct label *next;
	uint64_t at;
	char name[];
};

/* A FULL section, as the vmdesc describes it. */
struct device {
	struct device *next;
	char *name;
	uint32_t instance;
	uint32_t version;
	uint64_t length;
	char *subsection;
	uint64_t subsection_length;
};

enum section_kind { SECTION_NONE, SECTION_OTHER, SECTION_RAM };

struct image {
	int fd;
	uint64_t at;
	uint64_t end; /* of what was put */
	struct label *labels;

	/* what was said in general */
	bool footers;
	bool big_endian; /* integers of the libvirt header, bitmap words */

	/* the configuration section, which the vmdesc repeats */
	char *machine;
	uint64_t page_bits;
	char *capability[CAPABILITIES];
	unsigned capabilities;
	bool uuid;
	bool mapped;

	/* the section that is open */
	enum section_kind section;
	bool footer;
	uint32_t footer_id;
	bool write_bitmaps; /* when it ends */
	bool eos;

	/* the block list, whose total is known only at its end */
	uint64_t total_at;
	uint64_t total;
	bool total_told;

	/* the <memory> of an XML that was not told how much, or 0 */
	uint64_t memory_at;
	uint64_t memory;

	struct block *blocks;
	struct block *last_block; /* of the last page record */
	struct device *devices;

	/* where the image is cut and what is being compressed, or NOWHERE */
	uint64_t cut_at;
	uint64_t pack_at;
	char *packer;
};

#define NOWHERE UINT64_MAX

_Noreturn void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void *allocate(size_t size);
char *duplicate(const char *text);

/* Cuts or extends the image, and gives back what lies past its end. */
void end_at(struct image *image, uint64_t end);

void put_at(struct image *image, const void *data, size_t size, uint64_t at);
void put(struct image *image, const void *data, size_t size);
void put_byte(struct image *image, uint8_t byte);
void put_fill(struct image *image, uint8_t byte, uint64_t count);
void put_text(struct image *image, const char *text);
void put_str8(struct image *image, const char *text);

/* An integer of so many bytes, big endian as the stream has it. */
void put_be(struct image *image, uint64_t value, unsigned size);
void put_le(struct image *image, uint64_t value, unsigned size);
void put_be_at(struct image *image, uint64_t value, unsigned size, uint64_t at);

void set_label(struct image *image, const char *name, uint64_t at);

/*
 * An offset: a number, +N or -N from the position of writing, or a label that
 * +N or -N may follow.
 */
uint64_t position(const struct image *image, const struct line *line,
		  const char *text);

/* Writes what comes between the payload of a section and the next one. */
void section_close(struct image *image);

void image_free(struct image *image);

#endif
