/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image being made: its bytes and its labels. */
#include "image.h"

#include "memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fail(const char *format, ...)
{
	va_list args;

	fputs("mkimage: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void *allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		fail("out of memory");
	return memory;
}

char *duplicate(const char *text)
{
	char *copy = allocate(strlen(text) + 1);

	return strcpy(copy, text);
}

void end_at(struct image *image, uint64_t end)
{
	if (ftruncate(image->fd, (off_t)end) < 0)
		fail("cannot end the image: %s", strerror(errno));
	image->end = end;
}

void put_at(struct image *image, const void *data, size_t size, uint64_t at)
{
	const char *from = data;

	/*
	 * XFS allocates more than a growing file needs.  It would keep that if
	 * the file went on past a hole.
	 */
	if (size > 0 && at > image->end)
		end_at(image, image->end);
	if (at + size > image->end)
		image->end = at + size;
	while (size > 0) {
		ssize_t done = pwrite(image->fd, from, size, (off_t)at);

		if (done < 0)
			fail("cannot write at %llu: %s", (unsigned long long)at,
			     strerror(errno));
		from += done;
		at += (uint64_t)done;
		size -= (size_t)done;
	}
}

void put(struct image *image, const void *data, size_t size)
{
	put_at(image, data, size, image->at);
	image->at += size;
}

void put_byte(struct image *image, uint8_t byte)
{
	put(image, &byte, 1);
}

void put_fill(struct image *image, uint8_t byte, uint64_t count)
{
	uint8_t some[4096];

	memset(some, byte, sizeof(some));
	while (count > 0) {
		size_t size = count < sizeof(some) ? count : sizeof(some);

		put(image, some, size);
		count -= size;
	}
}

void put_text(struct image *image, const char *text)
{
	put(image, text, strlen(text));
}

void put_str8(struct image *image, const char *text)
{
	if (strlen(text) > UINT8_MAX)
		fail("too long for a length byte '%s'", text);
	put_byte(image, (uint8_t)strlen(text));
	put_text(image, text);
}

void put_be_at(struct image *image, uint64_t value, unsigned size, uint64_t at)
{
	uint8_t bytes[8];

	for (unsigned i = size; i-- > 0; value >>= 8)
		bytes[i] = (uint8_t)value;
	put_at(image, bytes, size, at);
}

void put_be(struct image *image, uint64_t value, unsigned size)
{
	put_be_at(image, value, size, image->at);
	image->at += size;
}

void put_le(struct image *image, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++, value >>= 8)
		put_byte(image, (uint8_t)value);
}

static const struct label *find_label(const struct image *image,
				      const char *name, size_t size)
{
	for (const struct label *l = image->labels; l; l = l->next)
		if (strlen(l->name) == size && !strncmp(l->name, name, size))
			return l;
	return NULL;
}

void set_label(struct image *image, const char *name, uint64_t at)
{
	struct label *label = allocate(sizeof(*label) + strlen(name) + 1);

	strcpy(label->name, name);
	label->at = at;
	label->next = image->labels;
	image->labels = label;
}

static uint64_t moved(const struct line *line, uint64_t from, const char *by)
{
	uint64_t distance = line_parse(line, by + 1);

	return *by == '-' ? from - distance : from + distance;
}

uint64_t position(const struct image *image, const struct line *line,
		  const char *text)
{
	const struct label *label = find_label(image, text, strlen(text));

	if (label)
		return label->at;
	if (*text == '+' || *text == '-')
		return moved(line, image->at, text);
	for (size_t i = strlen(text); i-- > 0;) {
		if (text[i] != '+' && text[i] != '-')
			continue;
		label = find_label(image, text, i);
		if (label)
			return moved(line, label->at, text + i);
	}
	return line_parse(line, text);
}

static void free_devices(struct device *device)
{
	while (device) {
		struct device *next = device->next;

		free(device->name);
		free(device->subsection);
		free(device);
		device = next;
	}
}

void image_free(struct image *image)
{
	while (image->labels) {
		struct label *next = image->labels->next;

		free(image->labels);
		image->labels = next;
	}
	free_devices(image->devices);
	blocks_free(image);
	while (image->capabilities > 0)
		free(image->capability[--image->capabilities]);
	free(image->machine);
	free(image->packer);
	close(image->fd);
}
