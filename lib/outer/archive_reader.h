/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The members of an archive, one after another, by the format readers of
 * libarchive.  libarchive gets its bytes from an input of ours, and none of its
 * decompressors is enabled, because only savetool's codecs distinguish damaged
 * data from truncated data.
 */
#ifndef OUTER_ARCHIVE_READER_H
#define OUTER_ARCHIVE_READER_H

#include "io/input_ranges.h"
#include "outer/archive_kind.h"

/*
 * The most ranges that are believed: libarchive takes about 115 bytes for each.
 */
#define ARCHIVE_DATA_MOST 300000

struct archive_member {
	uint64_t index; /* among all members, from 0 */
	char *name;     /* as the archive has it, not normalised */
	bool regular;   /* a file, not a directory or a link */
	bool encrypted; /* the content is encrypted */
	char *link;     /* the target, if it is a link; otherwise NULL */
	uint64_t size;  /* SAVETOOL_UNKNOWN until its end is found */

	/* Its data; one range if it has no holes, or none are known. */
	struct input_ranges ranges;
};

/* Releases what the struct holds; one of zeros is fine. */
void archive_member_clear(struct archive_member *member);

/* Does reading this kind of archive need random access? */
bool archive_kind_seeks(enum archive_kind kind);

struct archive_reader;

/*
 * Reads the archive that starts at the first byte of below, which stays the
 * caller's, and outlives the reader.
 */
int archive_reader_open(struct archive_reader **reader, struct input *below,
			enum archive_kind kind, struct savetool_error *err);
void archive_reader_close(struct archive_reader *reader);

/*
 * Goes to the next member.  1: *member is written, and the caller clears it; 0:
 * the archive ends here, and all of below was read.
 */
int archive_reader_next(struct archive_reader *reader,
			struct archive_member *member,
			struct savetool_error *err);

/*
 * Where in below the data of the current member lies in one piece, range after
 * range; SAVETOOL_UNKNOWN if that cannot be seen.  Before anything else is done
 * with the member, and only if below is seekable.
 */
int archive_reader_find_data(uint64_t *start, struct archive_reader *reader,
			     const struct archive_member *member,
			     struct savetool_error *err);

/*
 * After the next call of archive_reader_next(): does the member before it end
 * where it should, if its data started there?
 */
bool archive_reader_confirms(const struct archive_reader *reader,
			     uint64_t start, uint64_t stored);

/*
 * An input of the current member, to be read forwards, until the next one.
 * With own, it closes the reader when it is closed.
 */
int archive_reader_open_member(struct input **in, struct archive_reader *reader,
			       const struct archive_member *member, bool own,
			       struct savetool_error *err);

static inline void cleanup_archive_reader_(struct archive_reader **reader)
{
	archive_reader_close(*reader);
}
#define cleanup_archive_reader __attribute__((cleanup(cleanup_archive_reader_)))
#define cleanup_archive_member __attribute__((cleanup(archive_member_clear)))

#endif
