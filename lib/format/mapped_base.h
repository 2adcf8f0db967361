/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An older mapped-ram image of the same guest: pages that are the same in both
 * need to be stored only once, if the file system can share storage.
 */
#ifndef FORMAT_MAPPED_BASE_H
#define FORMAT_MAPPED_BASE_H

#include "format/ram_list.h"
#include "io/output.h"
#include "ram/page.h"

struct mapped_base {
	int fd;           /* of the file, which nobody changes */
	struct input *in; /* the same */
	const struct ram_list *list;
	uint64_t unit;   /* of storage that can be shared; a power of two */
	uint64_t shared; /* bytes so far */

	/* What was read last. */
	uint8_t *buffer;
	uint64_t offset;
	size_t size;
	size_t ahead; /* how much of it, while the pages come in order */

	/* What is to be shared next; length 0: nothing. */
	struct {
		uint64_t from, to, length;
	} pending;
};

/* The list, the input and the descriptor stay the caller's. */
int mapped_base_init(struct mapped_base *base, int fd, struct input *in,
		     const struct ram_list *list, struct savetool_error *err);
void mapped_base_release(struct mapped_base *base);

/*
 * How many of the run's bytes, from this one on, are all the same as in the
 * base, or all in need of being written: at least one.  *from: where the base
 * has the same bytes, or SAVETOOL_UNKNOWN.  to: where they go in the new file.
 */
uint64_t mapped_base_compare(struct mapped_base *base,
			     const struct page_run *run, uint64_t done,
			     uint64_t to, uint64_t page_size, uint64_t *from);

/*
 * Lets the output have these bytes of the base at the offset "to": together
 * with those before them if they adjoin, and at the latest by
 * mapped_base_flush(), which has to come before any other write.  What cannot
 * be shared after all is copied.
 */
int mapped_base_share(struct mapped_base *base, struct output *out,
		      uint64_t from, uint64_t to, uint64_t length,
		      struct savetool_error *err);
int mapped_base_flush(struct mapped_base *base, struct output *out,
		      struct savetool_error *err);

#endif
