/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A visitor that makes the digest of a guest's state. */
#ifndef WALK_DIGEST_H
#define WALK_DIGEST_H

#include "walk/walk.h"

struct digest_visitor;

int digest_visitor_new(struct digest_visitor **digest,
		       struct savetool_error *err);
void digest_visitor_free(struct digest_visitor *digest);

static inline void cleanup_digest_(struct digest_visitor **digest)
{
	digest_visitor_free(*digest);
}
#define cleanup_digest __attribute__((cleanup(cleanup_digest_)))

/* The digest as a visitor for walk(). */
struct visitor *digest_visitor(struct digest_visitor *digest);

/* After the walk: did all pages come whole?  Otherwise there is no result. */
bool digest_visitor_is_final(const struct digest_visitor *digest);

/* Only after the walk. */
void digest_visitor_result(const struct digest_visitor *digest,
			   struct savetool_digest *result);

/* As savetool_image_digest(), for a file that no other process can write to. */
int image_digest(struct savetool_image *image,
		 const struct savetool_monitor *monitor,
		 struct savetool_digest *digest, struct savetool_error *err);

#endif
