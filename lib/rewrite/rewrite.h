/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rewriting an image: the walk that reads one image and writes another, the
 * proof that both hold the same guest, and the commit.
 */
#ifndef REWRITE_REWRITE_H
#define REWRITE_REWRITE_H

#include "base/phases.h"
#include "image/pass.h"
#include "walk/walk.h"

struct rewrite {
	struct pass *pass;            /* over the source; just begun */
	enum savetool_format format;  /* of the destination */
	int level;                    /* of compression; 0: the default */
	unsigned threads;             /* of compression; 0: all processors */
	const struct libvirt *header; /* NULL: bare */
	const char *machine;          /* its new type; NULL: the source's */
	struct mapped_base *base;     /* to share storage with; NULL: nothing */
	struct visitor *guard; /* sees each step first and may fail, or NULL */
	bool compact; /* each page once, in as few sections as possible */
	bool verify;
	bool again;           /* it is only a first run: another one follows */
	struct phases phases; /* begun; the next ones are to write and verify */
	struct output *out;
};

/*
 * SAVETOOL_REFUSED if the result depends on the byte order of the source's host
 * and that is unknown.
 */
int rewrite_check_order(const struct rewrite *rewrite,
			struct savetool_error *err);

/*
 * Writes all of it to the file, but does not commit.  *digest is set only if
 * the rewrite is to be verified.
 */
int rewrite_image(struct rewrite *rewrite, struct savetool_digest *digest,
		  struct savetool_error *err);

#endif
