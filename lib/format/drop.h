/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sections that a copy is to leave out, by name, or by name and instance
 * ("cpu/1").
 */
#ifndef FORMAT_DROP_H
#define FORMAT_DROP_H

#include "format/stream.h"
#include "format/tail.h"

struct drop {
	const char *const *words; /* the caller's */
	size_t count;
	unsigned *found; /* for each word: sections that it names */
};

/* SAVETOOL_USAGE if a word can name no section, or names the memory. */
int drop_init(struct drop *drop, const char *const *words, size_t count,
	      struct savetool_error *err);
void drop_release(struct drop *drop);

/* Is this section to be left out?  NULL leaves out none. */
bool drop_takes(const struct drop *drop, const char *name, uint32_t instance);

/* Before a walk: no section was seen yet. */
void drop_restart(struct drop *drop);

/* Notes that the stream has this section. */
void drop_see(struct drop *drop, const char *name, uint32_t instance);

/*
 * After all sections before the tail were seen: each word must name exactly one
 * section.  SAVETOOL_USAGE with what could be meant; SAVETOOL_UNSUPPORTED if
 * nothing states where a section ends.
 */
int drop_check(struct drop *drop, const struct stream *stream,
	       const struct tail *tail, struct savetool_error *err);

static inline void cleanup_drop_(struct drop *drop)
{
	drop_release(drop);
}
#define cleanup_drop __attribute__((cleanup(cleanup_drop_)))

#endif
