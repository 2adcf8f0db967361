/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two parts of an estimate: what is not pages, and the pages. */
#ifndef SIZE_ESTIMATE_INTERNAL_H
#define SIZE_ESTIMATE_INTERNAL_H

#include "base/bitmap.h"
#include "walk/walk.h"

/* What is tried with the writers. */
enum probe { PROBE_RAW, PROBE_COMPACT, PROBE_SPARSE, PROBES };

/*
 * A visitor that runs the real writers, into outputs that only count.  They get
 * everything but the pages.  A writer that cannot write such an image is
 * dropped.
 */
struct probe_writers;

/* libvirt: the header to start with; NULL: a bare stream. */
int probe_writers_new(struct probe_writers **probe,
		      const struct libvirt *libvirt,
		      struct savetool_error *err);
void probe_writers_free(struct probe_writers *probe);
struct visitor *probe_writers_visitor(struct probe_writers *probe);

/* What was written, or NULL if that is not possible. */
const struct output *probe_output(const struct probe_writers *probe,
				  enum probe kind);

struct block_volume {
	struct bitmap seen;   /* there is a record, or the bit is set */
	struct bitmap stored; /* the last version is not zero */
	uint64_t lost;        /* present pages that lie in a hole */
};

/* The size of page records as convert writes them, and which pages count. */
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

/* Adds a block by its bitmap, as if its pages had come, but without data. */
int page_volume_add_block(struct page_volume *volume, const struct pass *pass,
			  unsigned index, struct savetool_error *err);

/* Pages that are not zero, in all blocks. */
uint64_t page_volume_stored(const struct page_volume *volume);

/* Size of the records if each page comes only once. */
uint64_t page_volume_least(const struct page_volume *volume);

/*
 * Size of the slots of pages that are not zero, and of zero pages that must be
 * stored.
 */
uint64_t page_volume_slots(const struct page_volume *volume);

#endif
