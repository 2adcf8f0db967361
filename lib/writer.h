/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A visitor that writes what it sees as a stream of either layout. */
#ifndef WRITER_H
#define WRITER_H

#include "walk.h"

struct writer;

/*
 * Appends to out, which stays the caller's, and must be seekable for
 * mapped-ram.  Bitmaps are written for a host of that byte order.
 */
int writer_new(struct writer **writer, struct output *out, bool mapped,
	       bool big_endian, struct st_error *err);
void writer_free(struct writer *writer);

/* As a visitor, for walk(). */
struct visitor *writer_visitor(struct writer *writer);

#endif
