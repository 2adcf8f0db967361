/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One walk through a guest's state, from the first byte of its stream to the
 * last, and the interface of its visitors: they write it again, make its
 * digest, count it.
 */
#ifndef WALK_WALK_H
#define WALK_WALK_H

#include "image/pass.h"
#include "ram/page.h"

struct visitor;

/* In the order in which they are called; each may be NULL. */
struct visitor_ops {
	/* The configuration has been read. */
	int (*start)(struct visitor *visitor, const struct stream *stream,
		     struct savetool_error *err);

	/* Called between any two of the following. */
	int (*command)(struct visitor *visitor,
		       const struct stream_item *command,
		       struct savetool_error *err);

	/*
	 * A section other than memory: its header, and its end.  *copy_to may
	 * be set to an output that gets its payload; NULL: none.
	 */
	int (*section)(struct visitor *visitor, const struct section *section,
		       struct output **copy_to, struct savetool_error *err);
	int (*section_end)(struct visitor *visitor,
			   const struct section *section,
			   struct savetool_error *err);

	/*
	 * The START of memory: all blocks.  *sink may be set to a sink for
	 * their pages; NULL: none.  It stays the visitor's, which finishes it
	 * in tail.  Ended by ram_end.
	 */
	int (*ram_list)(struct visitor *visitor, const struct section *section,
			const struct ram_list *list, struct page_sink **sink,
			struct savetool_error *err);

	/*
	 * The list has one more block; the pages of those before it have come.
	 * Only if the pass goes forwards.
	 */
	int (*ram_block)(struct visitor *visitor, const struct ram_list *list,
			 struct savetool_error *err);

	/*
	 * A PART or END of memory, around its pages.  All pages of a mapped
	 * image come in one PART that the walk makes up; the image's own, which
	 * are empty, are left out.
	 */
	int (*ram_begin)(struct visitor *visitor, const struct section *section,
			 struct savetool_error *err);
	int (*ram_end)(struct visitor *visitor, const struct section *section,
		       struct savetool_error *err);

	/* The devices and the end. */
	int (*tail)(struct visitor *visitor, const struct tail *tail,
		    struct savetool_error *err);
};

struct visitor {
	const struct visitor_ops *ops;
	bool rewrites; /* pages that it does not see are lost */

	/*
	 * It reads pages of a mapped image by itself: the bitmaps matter even
	 * without a sink.
	 */
	bool reads_pages;
};

/* One step of a visitor, if it has it, with the arguments after the visitor. */
#define visit(visitor, step, ...)                                              \
	((visitor)->ops->step ? (visitor)->ops->step((visitor), __VA_ARGS__) : \
				0)

/*
 * Walks an image that pass_begin() has just started.  If pass_begin_forwards()
 * did, the visitor has to take each block by ram_block, and wants the pages.
 * Where no pages are wanted those of a mapped image are not read.  The monitor
 * may be NULL.
 */
int walk(struct pass *pass, struct visitor *visitor,
	 const struct savetool_monitor *monitor, struct savetool_error *err);

/*
 * The same, but each page comes once and whole, as its last record leaves it.
 * That takes two walks, so a sequential image that can be read only once is
 * SAVETOOL_UNSUPPORTED.
 */
int walk_latest(struct pass *pass, struct visitor *visitor,
		const struct savetool_monitor *monitor,
		struct savetool_error *err);

#endif
