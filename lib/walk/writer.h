/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A visitor that writes what it sees as a stream of either layout. */
#ifndef WALK_WRITER_H
#define WALK_WRITER_H

#include "format/mapped_base.h"
#include "walk/walk.h"

struct writer;

struct writer_options {
	bool mapped;
	bool big_endian;          /* of bitmaps: the host that will load them */
	bool compact;             /* memory in as few sections as possible */
	struct mapped_base *base; /* mapped: to share storage with; or NULL */
	const char *machine;      /* its new type; NULL: the stream's own */
};

/*
 * Appends to out, which stays the caller's, and must be seekable for
 * mapped-ram.
 */
int writer_new(struct writer **writer, struct output *out,
	       const struct writer_options *options,
	       struct savetool_error *err);
void writer_free(struct writer *writer);

static inline void cleanup_writer_(struct writer **writer)
{
	writer_free(*writer);
}
#define cleanup_writer __attribute__((cleanup(cleanup_writer_)))

/* The writer as a visitor for walk(). */
struct visitor *writer_visitor(struct writer *writer);

#endif
