/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The output that is a file; shared by the file that opens it and the one that
 * writes it.
 */
#ifndef IO_OUTPUT_FILE_H
#define IO_OUTPUT_FILE_H

#include "io/destination.h"
#include "io/output.h"
#include "io/withheld.h"

struct output_file {
	struct output base;
	int fd;
	struct direct_writer *direct; /* NULL: through the page cache */
	uint64_t end;                 /* after the last byte written */
	uint64_t written;  /* bytes, including overwritten ones; not direct */
	uint64_t expected; /* how many those will be, or SAVETOOL_UNKNOWN */
	bool owned;        /* close the descriptor with the output */
	bool fresh;        /* unwritten bytes read as zeros */
	bool punches;      /* punching holes has not failed yet */
	int shared;        /* the caller's descriptor of a new file, or -1 */

	/* As output_write_last(). */
	uint8_t last[OUTPUT_LAST];
	size_t last_size; /* 0: none */
	uint64_t last_offset;
	struct withheld withheld;
	bool final; /* committed */

	/* Only for a file that was created by name. */
	struct output_file_options options;
	struct destination destination;
	char *path;   /* as the caller named it, for messages */
	bool unnamed; /* a temporary file in that folder */
};

extern const struct output_ops output_file_ops;

/* Always -1: a file of this name exists. */
int fail_exists(struct savetool_error *err, const char *path);

#endif
