/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows a recipe line by line, and those that it includes. */
#include "follow.h"

#include "statements.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Deeper than any recipe is that somebody wants to read. */
#define DEPTH 8

struct statement {
	const char *word;
	void (*say)(struct image *image, struct line *line);
	bool in_section; /* goes into the section that is open */
};

static const struct statement statements[] = {
	{ "libvirt", say_libvirt, false },
	{ "stream", say_stream, false },
	{ "configuration", say_configuration, false },
	{ "command", say_command, false },
	{ "section", say_section, false },
	{ "end", say_end, false },
	{ "eof", say_eof, false },
	{ "vmdesc", say_vmdesc, false },
	{ "footers", say_footers, false },
	{ "ram", say_ram, false },
	{ "block", say_block, true },
	{ "page", say_page, true },
	{ "zero", say_zero, true },
	{ "compressed", say_compressed, true },
	{ "xbzrle", say_xbzrle, true },
	{ "record", say_record, true },
	{ "stale", say_stale, true },
	{ "lost", say_lost, true },
	{ "bytes", say_bytes, true },
	{ "fill", say_fill, true },
	{ "seek", say_seek, true },
	{ "patch", say_patch, true },
	{ "file", say_file, true },
	{ "label", say_label, true },
	{ "cut", say_cut, true },
	{ "pack", say_pack, false },
	{ "packed", say_packed, false },
	{ "include", NULL, true }, /* by follow_line() itself */
};

/* A recipe that is open, and the one that includes it. */
struct source {
	const struct source *from;
	const char *path;
	FILE *file;
	dev_t device;
	ino_t inode;
};

static const struct statement *find_statement(const struct line *line,
					      const char *word)
{
	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
		if (!strcmp(statements[i].word, word))
			return &statements[i];
	line_fail(line, "not a statement '%s'", word);
}

static void source_open(struct source *source)
{
	bool standard_input = strcmp(source->path, "-") == 0;
	struct stat st;

	source->file = standard_input ? stdin : fopen(source->path, "r");
	if (!source->file || fstat(fileno(source->file), &st) < 0)
		fail("cannot open '%s': %s", source->path, strerror(errno));
	source->device = st.st_dev;
	source->inode = st.st_ino;
}

/* The path as the including file means it: relative to its own folder. */
static char *included_path(const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');
	size_t folder = slash && path[0] != '/' ? slash + 1 - from : 0;
	char *joined = allocate(folder + strlen(path) + 1);

	memcpy(joined, from, folder);
	strcpy(joined + folder, path);
	return joined;
}

static void refuse_circle(const struct source *source, const struct line *line)
{
	const struct source *from = source->from;
	unsigned depth = 0;

	for (; from; from = from->from) {
		if (from->device == source->device &&
		    from->inode == source->inode)
			line_fail(line, "'%s' includes itself", source->path);
		if (++depth > DEPTH)
			line_fail(line, "includes are nested too deeply");
	}
}

static void follow_source(struct image *image, const struct source *source);

static void include(struct image *image, const struct source *from,
		    struct line *line)
{
	char *path = included_path(from->path, line_operand(line));
	struct source source = { .from = from, .path = path };

	line_done(line);
	source_open(&source);
	refuse_circle(&source, line);
	follow_source(image, &source);
	free(path);
}

static void follow_line(struct image *image, const struct source *source,
			struct line *line)
{
	const struct statement *s = find_statement(line, line_operand(line));

	if (!s->in_section)
		section_close(image);
	if (s->say)
		s->say(image, line);
	else
		include(image, source, line);
	line_done(line);
}

static void follow_source(struct image *image, const struct source *source)
{
	struct line line = { .file = source->path };

	while (line_read(&line, source->file))
		follow_line(image, source, &line);
	fclose(source->file);
}

void follow(struct image *image, const char *path)
{
	struct source source = { .path = path };

	source_open(&source);
	follow_source(image, &source);
	section_close(image);
	image_finish(image);
}
