/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an estimate adds up: all but the pages, and the pages. */
#ifndef SIZE_ESTIMATE_INTERNAL_H
#define SIZE_ESTIMATE_INTERNAL_H

#include "base/bitmap.h"
#include "walk/walk.h"

/* What the writers are tried on. */
enum probe { TRIAL_RAW, TRIAL_COMPACT, TRIAL_SPARSE, TRIALS };

/*
 * A visitor: the writers themselves, into outputs that only count.  They get
 * all but the pages.  One that cannot write such an image is left behind.
 */
struct probe_writers;

/* libvirt is what they start with; NULL: a bare stream. */
int probe_writers_new(struct probe_writers **probe,
		      const struct libvirt *libvirt,
		      struct savetool_error *err);
void probe_writers_free(struct probe_writers *probe);
struct visitor *probe_writers_visitor(struct probe_writers *probe);

/* What was written; NULL: that cannot be. */
const struct output *probe_output(const struct probe_writers *probe,
				  enum probe kind);

struct block_volume {
	struct bitmap seen;   /* a record came, or the bit is set */
	struct bitmap stored; /* and the page is not zero in the end */
	uint64_t lost;        /* pages that are, but lie in a hole */
};

/* The bytes of page records as convert writes them, and which pages count. */
struct page_volume {
	const struct ram_layout *layout;
	const struct ram_block *block; /* of the last record */
	uint64_t data_bytes, zero_bytes, name_bytes;
	struct block_volume *blocks;
};

/* The layout stays the caller's. */
int page_volume_init(struct page_volume *volume,
		     const struct ram_layout *layout,
		     struct savetool_error *err);
void page_volume_release(struct page_volume *volume);

void page_volume_add(struct page_volume *volume, const struct page_run *run);

/* A block by its bitmap: as if its pages came, without bytes. */
int page_volume_add_block(struct page_volume *volume,
			  const struct savetool_image *image, unsigned index,
			  struct savetool_error *err);

/* Pages that are not zero, of all blocks. */
uint64_t page_volume_stored(const struct page_volume *volume);

/* Bytes of records when each page comes but once. */
uint64_t page_volume_least(const struct page_volume *volume);

/*
 * Bytes of the places of pages that are not zero, and of those that must be
 * said to be.
 */
uint64_t page_volume_slots(const struct page_volume *volume);

#endif
