/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the reader of an archive and the input of its member share. */
#ifndef OUTER_ARCHIVE_READER_INTERNAL_H
#define OUTER_ARCHIVE_READER_INTERNAL_H

#include "outer/archive_reader.h"

#include <archive.h>

#define ARCHIVE_BLOCK ((size_t)128 * 1024)

struct archive_reader {
	struct archive *archive;
	struct input *below;
	enum archive_kind kind;
	uint64_t position; /* of the next byte that libarchive is given */
	uint64_t count;    /* of members so far */
	bool short_read;   /* it asked for more than below has */

	/* While a header is read: its size, and its separators. */
	bool in_header;
	uint64_t header_bytes, separators;

	bool failed; /* failure is what stopped it */
	struct savetool_error failure;
	uint8_t block[ARCHIVE_BLOCK];
};

/* Why libarchive has failed, in our words.  Always -1. */
int archive_reader_fail(const struct archive_reader *reader,
			struct savetool_error *err);

#endif
