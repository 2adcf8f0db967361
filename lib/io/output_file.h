/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What opens an output that is a file, and what writes it, know both. */
#ifndef IO_OUTPUT_FILE_H
#define IO_OUTPUT_FILE_H

#include "io/destination.h"
#include "io/output.h"

struct output_file {
	struct output base;
	int fd;
	struct direct_writer *direct; /* NULL: through the page cache */
	uint64_t end;      /* behind the last byte that was written */
	uint64_t written;  /* bytes, also those over others; not direct */
	uint64_t expected; /* how many those will be, or SAVETOOL_UNKNOWN */
	bool owned;        /* the descriptor is closed with the output */
	bool fresh;        /* unwritten bytes read as zeros */
	bool punches;      /* making holes has not failed yet */
	int shared;        /* the caller's descriptor of a new file, or -1 */

	/* As output_write_last(). */
	uint8_t last[OUTPUT_LAST];
	size_t last_size; /* 0: there is nothing */
	uint64_t last_offset;

	/* Only of a file that was created by name. */
	struct output_file_options options;
	struct destination destination;
	char *path; /* as the caller calls it, for messages */
};

extern const struct output_ops output_file_ops;

/* Always -1: a file has this name already. */
int fail_exists(struct savetool_error *err, const char *path);

#endif
