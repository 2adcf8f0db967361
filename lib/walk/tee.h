/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A visitor that passes one walk on to two others. */
#ifndef WALK_TEE_H
#define WALK_TEE_H

#include "walk/walk.h"

struct tee;

/* Both stay the caller's, and are called in this order. */
int tee_new(struct tee **tee, struct visitor *first, struct visitor *second,
	    struct savetool_error *err);
void tee_free(struct tee *tee);

static inline void cleanup_tee_(struct tee **tee)
{
	tee_free(*tee);
}
#define cleanup_tee __attribute__((cleanup(cleanup_tee_)))

/* The tee as a visitor for walk(). */
struct visitor *tee_visitor(struct tee *tee);

#endif
