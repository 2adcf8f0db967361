/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RAM blocks, and the guest memory that a correct reader must see. */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct block *block_find(const struct image *image, const struct line *line,
			 const char *name)
{
	for (struct block *b = image->blocks; b; b = b->next)
		if (!strcmp(b->name, name))
			return b;
	line_fail(line, "no block '%s'", name);
}

/* Untouched pages take no memory, so a large guest costs only its data. */
static uint8_t *reserve(uint64_t length)
{
	void *memory;

	if (length == 0 || length > SIZE_MAX)
		return NULL;
	memory = mmap(NULL, (size_t)length, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

struct block *block_add(struct image *image, const char *name, uint64_t length,
			uint64_t page_size)
{
	struct block *block = allocate(sizeof(*block));
	struct block **end = &image->blocks;

	block->name = duplicate(name);
	block->length = length;
	block->page_size = page_size;
	block->memory = reserve(length);
	while (*end)
		end = &(*end)->next;
	*end = block;
	return block;
}

uint8_t *block_page(const struct block *block, uint64_t offset)
{
	if (!block->memory || offset > block->length ||
	    block->length - offset < block->page_size)
		return NULL;
	return block->memory + offset;
}

static bool is_zero(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i])
			return false;
	return true;
}

void memory_write(const struct block *block, const char *path)
{
	struct image out = { 0 };
	size_t size = 4096;

	if (!block->memory)
		fail("block '%s' has no memory", block->name);
	out.fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
	if (out.fd < 0)
		fail("cannot open '%s': %s", path, strerror(errno));
	for (uint64_t at = 0; at < block->length; at += size) {
		if (block->length - at < size)
			size = (size_t)(block->length - at);
		if (!is_zero(block->memory + at, size))
			put_at(&out, block->memory + at, size, at);
	}
	if (ftruncate(out.fd, (off_t)block->length) < 0)
		fail("cannot truncate '%s': %s", path, strerror(errno));
	close(out.fd);
}

void memory_write_all(const struct image *image, const char *folder)
{
	for (const struct block *b = image->blocks; b; b = b->next) {
		char *path;
		size_t start = strlen(folder) + 1;

		if (asprintf(&path, "%s/%s", folder, b->name) < 0)
			fail("out of memory");
		for (char *c = path + start; *c; c++)
			if (*c == '/')
				*c = '_';
		memory_write(b, path);
		free(path);
	}
}

void blocks_free(struct image *image)
{
	while (image->blocks) {
		struct block *next = image->blocks->next;

		if (image->blocks->memory)
			munmap(image->blocks->memory, image->blocks->length);
		free(image->blocks->bitmap);
		free(image->blocks->name);
		free(image->blocks);
		image->blocks = next;
	}
}
