/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Findings: what is worth reporting about an image.  savetool-formats(5) lists
 * their codes.
 */
#ifndef INSPECT_FINDINGS_H
#define INSPECT_FINDINGS_H

#include "image/allocation.h"
#include "image/description.h"
#include "image/pass.h"

/* The present pages of a block that lie in holes; the total is the image's. */
int report_holes(struct description *description,
		 const struct savetool_block *block,
		 const struct allocation *total,
		 const struct block_allocation *allocation,
		 struct savetool_error *err);

/* About a block's bitmap. */
int report_lost_bitmap(struct description *description,
		       const struct savetool_block *block,
		       const struct clear_data *clear_data,
		       struct savetool_error *err);
int report_empty_bitmap(struct description *description,
			const struct savetool_block *block,
			const struct clear_data *clear_data,
			struct savetool_error *err);

/* About the section that only the QEMU of Proxmox VE knows. */
int report_proxmox(struct description *description,
		   const struct section *section, struct savetool_error *err);

/* What report_all() leaves out when the walk ended early. */
int report_in_tail(struct description *description, const struct pass *pass,
		   struct savetool_error *err);

/* Why something ended early, and where. */
int report_failure(struct description *description,
		   const struct savetool_error *broken,
		   struct savetool_error *err);

/* All others.  broken is why the walk ended early, or NULL if it did not. */
int report_all(struct description *description, const struct pass *pass,
	       const struct savetool_error *broken, struct savetool_error *err);

#endif
