/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A visitor that takes the fingerprint of a guest's state. */
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

/* As a visitor, for walk(). */
struct visitor *digest_visitor(struct digest_visitor *digest);

/* After the walk: was each page whole when it came, so that there is a result?
 */
bool digest_visitor_is_final(const struct digest_visitor *digest);

/* After the walk. */
void digest_visitor_result(const struct digest_visitor *digest,
			   struct savetool_digest *result);

/* As savetool_image_digest(), of what nobody else can write to. */
int image_digest(struct savetool_image *image,
		 const struct savetool_monitor *monitor,
		 struct savetool_digest *digest, struct savetool_error *err);

#endif
