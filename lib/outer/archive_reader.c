/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libarchive, fed by an input. */
#include "config.h"

#include "outer/archive_reader_internal.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * The most that is read before a member's data, such as its map of holes or a
 * zip file's directory; and the most separators in it, two for each range of
 * data.  libarchive has no limits of its own.
 */
#define HEADER_MOST ((uint64_t)8 << 20)
#define SEPARATORS_MOST ((uint64_t)2 * ARCHIVE_DATA_MOST)

/* Keeps the failure until libarchive has come back. */
static int refuse(struct archive_reader *reader)
{
	reader->failed = true;
	archive_set_error(reader->archive, EIO, "stopped");
	return ARCHIVE_FATAL;
}

static bool is_too_long(struct archive_reader *reader, size_t size)
{
	reader->header_bytes += size;
	/* The first block has the data of a small member, too. */
	if (reader->header_bytes > 2 * ARCHIVE_BLOCK)
		for (size_t i = 0; i < size; i++)
			reader->separators += reader->block[i] == '\n' ||
					      reader->block[i] == ',';
	return reader->header_bytes > HEADER_MOST ||
	       reader->separators > SEPARATORS_MOST;
}

static la_ssize_t read_block(struct archive *archive, void *data,
			     const void **block)
{
	struct archive_reader *reader = data;
	size_t got;

	(void)archive;
	if (input_read_at(reader->below, reader->block, ARCHIVE_BLOCK,
			  reader->position, &got, &reader->failure) < 0)
		return refuse(reader);
	if (reader->in_header && is_too_long(reader, got)) {
		fail_at(&reader->failure, SAVETOOL_UNSUPPORTED,
			reader->position,
			"archive with a directory or a map of holes that is "
			"too large");
		return refuse(reader);
	}
	reader->short_read |= got == 0;
	reader->position += got;
	*block = reader->block;
	return (la_ssize_t)got;
}

/* As far as there is something, so that a member that is cut off fails. */
static la_int64_t skip(struct archive *archive, void *data, la_int64_t request)
{
	struct archive_reader *reader = data;
	uint64_t end = reader->below->size, length = (uint64_t)request;

	(void)archive;
	if (request <= 0 || reader->position >= end)
		return 0;
	if (length > end - reader->position)
		length = end - reader->position;
	if (length > INT64_MAX - reader->position)
		return 0;
	reader->position += length;
	return (la_int64_t)length;
}

static la_int64_t seek(struct archive *archive, void *data, la_int64_t offset,
		       int whence)
{
	struct archive_reader *reader = data;
	uint64_t base = 0;

	(void)archive;
	if (whence == SEEK_CUR)
		base = reader->position;
	else if (whence == SEEK_END)
		base = reader->below->size;
	if (offset < 0 ? (uint64_t)-offset > base :
			 (uint64_t)offset > INT64_MAX - base)
		return ARCHIVE_FATAL;
	reader->position = base + (uint64_t)offset;
	return (la_int64_t)reader->position;
}

bool archive_kind_seeks(enum archive_kind kind)
{
	return kind == ARCHIVE_KIND_ZIP || kind == ARCHIVE_KIND_7Z;
}

/* libarchive's reasons are phrases without a place, some with a newline. */
static const char *reason(const struct archive_reader *reader)
{
	const char *text = archive_error_string(reader->archive);

	return text && !strchr(text, '\n') ? text : "";
}

/* "tar archive is damaged: …"; some reasons say no more than that. */
static int fail_damaged(const struct archive_reader *reader,
			struct savetool_error *err)
{
	const char *why = reason(reader);
	la_int64_t at = reader->in_header ?
				archive_read_header_position(reader->archive) :
				archive_filter_bytes(reader->archive, 0);

	if (strncmp(why, "Damaged", 7) == 0 ||
	    strncmp(why, "Truncated", 9) == 0)
		why = "";
	return fail_at(err, SAVETOOL_CORRUPT,
		       at >= 0 ? (uint64_t)at : reader->position,
		       "%s archive is damaged%s%s",
		       archive_kind_name(reader->kind), *why ? ": " : "", why);
}

/* It is at the end of a zip or 7z archive. */
static bool lacks_directory(const struct archive_reader *reader)
{
	return archive_kind_seeks(reader->kind) && reader->count == 0 &&
	       (reader->position >= reader->below->size ||
		strstr(reason(reader), "nrecognized"));
}

int archive_reader_fail(const struct archive_reader *reader,
			struct savetool_error *err)
{
	const char *kind = archive_kind_name(reader->kind);

	if (reader->failed) {
		*err = reader->failure;
		return -1;
	}
	if (archive_errno(reader->archive) == ENOMEM)
		return fail_memory(err);
	if (strstr(reason(reader), "ncrypt") ||
	    strstr(reason(reader), "assphrase"))
		return fail_at(err, SAVETOOL_UNSUPPORTED, reader->position,
			       "%s archive is encrypted", kind);
	if (reader->short_read || lacks_directory(reader))
		return fail_at(err, SAVETOOL_INCOMPLETE, reader->position,
			       "%s archive is cut off", kind);
	if (strstr(reason(reader), "upport"))
		return fail_at(err, SAVETOOL_UNSUPPORTED, reader->position,
			       "%s archive cannot be read: %s", kind,
			       reason(reader));
	return fail_damaged(reader, err);
}

/* Only what the kind needs: the others would guess. */
static int enable(struct archive_reader *reader)
{
	struct archive *archive = reader->archive;
	int result = archive_read_support_filter_none(archive);

	switch (reader->kind) {
	case ARCHIVE_KIND_TAR:
		return result | archive_read_support_format_tar(archive);
	case ARCHIVE_KIND_CPIO:
		return result | archive_read_support_format_cpio(archive);
	case ARCHIVE_KIND_ZIP:
		return result |
		       archive_read_support_format_zip_seekable(archive);
	case ARCHIVE_KIND_7Z:
		return result | archive_read_support_format_7zip(archive);
	default:
		return ARCHIVE_FATAL;
	}
}

static int begin(struct archive_reader *reader, struct savetool_error *err)
{
	struct archive *archive = reader->archive;

	if (!archive || enable(reader) < ARCHIVE_WARN)
		return fail_memory(err);
	archive_read_set_callback_data(archive, reader);
	archive_read_set_read_callback(archive, read_block);
	archive_read_set_skip_callback(archive, skip);
	if (archive_kind_seeks(reader->kind))
		archive_read_set_seek_callback(archive, seek);
	reader->in_header = true;
	if (archive_read_open1(archive) != ARCHIVE_OK)
		return archive_reader_fail(reader, err);
	return 0;
}

int archive_reader_open(struct archive_reader **result, struct input *below,
			enum archive_kind kind, struct savetool_error *err)
{
	struct archive_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return fail_memory(err);
	reader->below = below;
	reader->kind = kind;
	reader->archive = archive_read_new();
	if (begin(reader, err) < 0) {
		archive_reader_close(reader);
		return -1;
	}
	*result = reader;
	return 0;
}

void archive_reader_close(struct archive_reader *reader)
{
	if (!reader)
		return;
	archive_read_free(reader->archive);
	free(reader);
}

void archive_member_clear(struct archive_member *member)
{
	free(member->name);
	free(member->link);
	input_ranges_free(&member->ranges);
	*member = (struct archive_member){ 0 };
}

/*
 * Without a map, all of it is data.  libarchive leaves out what contradicts
 * itself.
 */
static int read_map(struct archive_member *member, struct archive_entry *entry,
		    struct savetool_error *err)
{
	struct input_ranges *ranges = &member->ranges;
	int count = archive_entry_sparse_reset(entry);
	la_int64_t offset, length;

	if (count > ARCHIVE_DATA_MOST)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "archive with a map of holes that is too large");
	ranges->size = member->size;
	ranges->list =
		calloc(count > 0 ? (size_t)count : 1, sizeof(*ranges->list));
	if (!ranges->list)
		return fail_memory(err);
	if (count <= 0) {
		ranges->list[0].length = member->size;
		ranges->count = member->size > 0;
	}
	for (int i = 0; i < count; i++) {
		if (archive_entry_sparse_next(entry, &offset, &length) !=
		    ARCHIVE_OK)
			break;
		if (offset < 0 || length <= 0 ||
		    (uint64_t)offset > member->size ||
		    (uint64_t)length > member->size - (uint64_t)offset)
			continue;
		ranges->list[ranges->count++] =
			(struct input_range){ offset, length, 0 };
	}
	return 0;
}

/* In a locale that has not all letters, only one of the two has the name. */
static char *copy_name(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);

	if (!name)
		name = archive_entry_pathname_utf8(entry);
	return strdup(name ? name : "");
}

static int copy_link(struct archive_member *member, struct archive_entry *entry,
		     struct savetool_error *err)
{
	const char *link = archive_entry_hardlink(entry);

	if (!link && archive_entry_filetype(entry) == AE_IFLNK)
		link = archive_entry_symlink(entry);
	if (!link)
		return 0;
	member->link = strdup(link);
	return member->link ? 0 : fail_memory(err);
}

static int take_entry(struct archive_member *member,
		      struct archive_entry *entry, uint64_t index,
		      struct savetool_error *err)
{
	bool link = archive_entry_hardlink(entry) != NULL;

	*member = (struct archive_member){
		.index = index,
		.name = copy_name(entry),
		.regular = archive_entry_filetype(entry) == AE_IFREG && !link,
		.encrypted = archive_entry_is_data_encrypted(entry) > 0,
		.size = SAVETOOL_UNKNOWN,
	};
	if (archive_entry_size_is_set(entry) && archive_entry_size(entry) >= 0)
		member->size = (uint64_t)archive_entry_size(entry);
	if (member->name && copy_link(member, entry, err) == 0 &&
	    read_map(member, entry, err) == 0)
		return 1;
	if (!member->name)
		fail_memory(err);
	archive_member_clear(member);
	return -1;
}

/*
 * A codec sees damage only if it is read to its end; and whoever writes into a
 * pipe is not to fail because nobody reads what follows.
 */
static int read_rest(struct archive_reader *reader, struct savetool_error *err)
{
	size_t got = 0;

	if (reader->below->seekable)
		return 0;
	do {
		if (input_read_at(reader->below, reader->block, ARCHIVE_BLOCK,
				  reader->position, &got, err) < 0)
			return -1;
		reader->position += got;
	} while (got > 0);
	return 0;
}

int archive_reader_next(struct archive_reader *reader,
			struct archive_member *member,
			struct savetool_error *err)
{
	struct archive_entry *entry;
	int result;

	/* What is left of the one before is no header. */
	reader->in_header = false;
	if (reader->count > 0 &&
	    archive_read_data_skip(reader->archive) < ARCHIVE_WARN)
		return archive_reader_fail(reader, err);
	reader->in_header = true;
	reader->header_bytes = reader->separators = 0;
	result = archive_read_next_header(reader->archive, &entry);
	if (result == ARCHIVE_EOF)
		return read_rest(reader, err);
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return archive_reader_fail(reader, err);
	reader->in_header = false;
	return take_entry(member, entry, reader->count++, err);
}

/* Is what libarchive has just given out there? */
static bool is_there(struct archive_reader *reader, uint64_t start,
		     const uint8_t *expected, size_t size)
{
	struct savetool_error ignored;
	uint8_t found[4096];
	size_t got;

	if (size > sizeof(found))
		size = sizeof(found);
	return input_read_all(reader->below, found, size, start, &got,
			      &ignored) == 0 &&
	       got == size && memcmp(found, expected, size) == 0;
}

int archive_reader_find_data(uint64_t *start, struct archive_reader *reader,
			     const struct archive_member *member,
			     struct savetool_error *err)
{
	const void *block;
	size_t size;
	la_int64_t offset, at;
	int result;

	*start = SAVETOOL_UNKNOWN;
	if (archive_kind_seeks(reader->kind) ||
	    member->size == SAVETOOL_UNKNOWN || member->ranges.count == 0)
		return 0;
	result = archive_read_data_block(reader->archive, &block, &size,
					 &offset);
	if (result == ARCHIVE_EOF)
		return 0;
	if (result != ARCHIVE_OK)
		return archive_reader_fail(reader, err);
	/* Nothing of the block counts as consumed yet. */
	at = archive_filter_bytes(reader->archive, 0);
	if (at >= 0 && size > 0 && offset >= 0 &&
	    (uint64_t)offset == member->ranges.list[0].offset &&
	    is_there(reader, (uint64_t)at, block, size))
		*start = (uint64_t)at;
	return 0;
}

bool archive_reader_confirms(const struct archive_reader *reader,
			     uint64_t start, uint64_t stored)
{
	const uint64_t unit = reader->kind == ARCHIVE_KIND_TAR ? 512 : 4;
	la_int64_t next = archive_read_header_position(reader->archive);

	return next >= 0 && (uint64_t)next >= start + stored &&
	       (uint64_t)next - (start + stored) < unit;
}
