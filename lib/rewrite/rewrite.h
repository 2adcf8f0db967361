/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image written again: the walk through one image that makes another, the
 * proof that both hold the same guest, and the commit.
 */
#ifndef REWRITE_REWRITE_H
#define REWRITE_REWRITE_H

#include "base/phases.h"
#include "image/image.h"

struct rewrite {
	struct savetool_image *source; /* started */
	enum savetool_format format;   /* of what is written */
	int level;                     /* of its compression; 0: the default */
	unsigned threads;              /* for that; 0: all processors */
	const struct libvirt *header;  /* NULL: bare */
	bool compact; /* each page once, and no more sections than
			 it takes */
	bool verify;
	struct phases phases; /* begun; the next ones are to write and verify */
	struct output *out;
};

/*
 * SAVETOOL_REFUSED if what is to be written depends on the byte order of the
 * source's host, and nothing tells it.  The source is as if just started.
 */
int rewrite_check_order(const struct rewrite *rewrite,
			struct savetool_error *err);

/*
 * Writes all of it to the file, but does not commit.  The digest is written if
 * the rewrite was to be verified.
 */
int rewrite_image(struct rewrite *rewrite, struct savetool_digest *digest,
		  struct savetool_error *err);

#endif
