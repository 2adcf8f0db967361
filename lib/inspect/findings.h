/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Findings: what is worth reporting about an image.  savetool-formats(5) lists
 * their codes.
 */
#ifndef INSPECT_FINDINGS_H
#define INSPECT_FINDINGS_H

#include "image/allocation.h"
#include "image/description.h"
#include "image/image.h"

int find_lost_extents(struct description *description,
		      const struct savetool_block *block,
		      const struct block_allocation *allocation,
		      struct savetool_error *err);

/* About a block's bitmap. */
int find_lost_bitmap(struct description *description,
		     const struct savetool_block *block,
		     const struct clear_data *clear_data,
		     struct savetool_error *err);
int find_empty_bitmap(struct description *description,
		      const struct savetool_block *block,
		      const struct clear_data *clear_data,
		      struct savetool_error *err);

/* What find_all() leaves out if the walk ended early. */
int find_in_tail(struct description *description,
		 const struct savetool_image *image,
		 struct savetool_error *err);

/* Why something ended early, and where. */
int find_error(struct description *description,
	       const struct savetool_error *broken, struct savetool_error *err);

/* All others.  broken is why the walk ended early, or NULL if it did not. */
int find_all(struct description *description,
	     const struct savetool_image *image,
	     const struct savetool_error *broken, struct savetool_error *err);

#endif
