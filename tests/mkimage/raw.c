/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as given, cuts, and parts compressed by another program. */
#include "statements.h"

#include "content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *after(const char *word, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(word, prefix, size) ? NULL : word + size;
}

static bool put_integer(struct image *image, const struct line *line,
			const char *item)
{
	unsigned bits;
	int start = 0;
	bool big = item[0] == 'b';

	if (sscanf(item, "be%u:%n", &bits, &start) != 1 &&
	    sscanf(item, "le%u:%n", &bits, &start) != 1)
		return false;
	if (start == 0 || (bits != 16 && bits != 32 && bits != 64))
		return false;
	if (big)
		put_be(image, position(image, line, item + start), bits / 8);
	else
		put_le(image, position(image, line, item + start), bits / 8);
	return true;
}

/* be16:N be32:N be64:N le..:N str8:TEXT text:TEXT or hexadecimal bytes */
static void put_item(struct image *image, const struct line *line,
		     const char *item)
{
	uint8_t *bytes;

	if (put_integer(image, line, item))
		return;
	if (after(item, "str8:")) {
		put_str8(image, after(item, "str8:"));
		return;
	}
	if (after(item, "text:")) {
		put_text(image, after(item, "text:"));
		return;
	}
	bytes = allocate(strlen(item));
	put(image, bytes, content_hex(line, bytes, item));
	free(bytes);
}

void say_bytes(struct image *image, struct line *line)
{
	const char *item;

	while ((item = line_rest(line)))
		put_item(image, line, item);
}

void say_fill(struct image *image, struct line *line)
{
	uint64_t seed = line_number(line, "seed", 1);
	const char *kind = line_operand(line);
	uint64_t size = line_parse(line, line_operand(line));
	uint8_t *bytes = allocate(size);

	content_fill(line, bytes, size, kind, seed, 0);
	put(image, bytes, size);
	free(bytes);
}

void say_seek(struct image *image, struct line *line)
{
	image->at = position(image, line, line_operand(line));
}

void say_patch(struct image *image, struct line *line)
{
	uint64_t back = image->at;

	image->at = position(image, line, line_operand(line));
	say_bytes(image, line);
	image->at = back;
}

void say_file(struct image *image, struct line *line)
{
	const char *path = line_operand(line);
	FILE *file = fopen(path, "r");
	char some[65536];
	size_t size;

	if (!file)
		line_fail(line, "cannot open '%s': %s", path, strerror(errno));
	while ((size = fread(some, 1, sizeof(some), file)) > 0)
		put(image, some, size);
	fclose(file);
}

void say_label(struct image *image, struct line *line)
{
	set_label(image, line_operand(line), image->at);
}

void say_cut(struct image *image, struct line *line)
{
	const char *where = line_rest(line);

	image->cut_at = where ? position(image, line, where) : image->at;
}

void say_pack(struct image *image, struct line *line)
{
	if (image->packer)
		line_fail(line, "packing already");
	image->packer = duplicate(line_operand(line));
	image->pack_at = image->at;
}

/* All that was written since pack, as a file of its own. */
static FILE *take_tail(struct image *image)
{
	FILE *tail = tmpfile();
	char some[65536];
	uint64_t at = image->pack_at;
	ssize_t size;

	if (!tail)
		fail("cannot make a temporary file");
	while ((size = pread(image->fd, some, sizeof(some), (off_t)at)) > 0) {
		if (fwrite(some, 1, (size_t)size, tail) != (size_t)size)
			fail("cannot write a temporary file");
		at += (uint64_t)size;
	}
	if (size < 0 || fflush(tail) != 0 || lseek(fileno(tail), 0, SEEK_SET))
		fail("cannot copy what is to be packed");
	return tail;
}

static void run_packer(const struct image *image, FILE *from)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		fail("cannot start '%s'", image->packer);
	if (child == 0) {
		dup2(fileno(from), 0);
		dup2(image->fd, 1);
		execl("/bin/sh", "sh", "-c", image->packer, (char *)NULL);
		_exit(127);
	}
	if (waitpid(child, &status, 0) < 0 || status != 0)
		fail("failed: '%s'", image->packer);
}

static void pack(struct image *image)
{
	FILE *tail = take_tail(image);
	off_t start = (off_t)image->pack_at;
	off_t end;

	end_at(image, image->pack_at);
	if (lseek(image->fd, start, SEEK_SET) < 0)
		fail("cannot go back to where packing starts");
	run_packer(image, tail);
	fclose(tail);
	end = lseek(image->fd, 0, SEEK_END);
	if (end < 0)
		fail("cannot find the end of the image");
	image->at = (uint64_t)end;
	image->end = image->at;
	image->pack_at = NOWHERE;
	free(image->packer);
	image->packer = NULL;
}

void say_packed(struct image *image, struct line *line)
{
	if (!image->packer)
		line_fail(line, "nothing to pack");
	pack(image);
}

void image_finish(struct image *image)
{
	if (image->cut_at != NOWHERE)
		end_at(image, image->cut_at);
	if (image->packer)
		pack(image);
	/* slots without data at the very end belong to the image as well */
	if (image->cut_at == NOWHERE && image->end < image->at) {
		end_at(image, image->end);
		image->end = image->at;
	}
	end_at(image, image->end);
}
