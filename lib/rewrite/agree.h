/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A visitor that compares the XML of the destination's header with the stream:
 * each fact as early as the walk shows it, and so before pages are written
 * whenever that is possible.
 */
#ifndef REWRITE_AGREE_H
#define REWRITE_AGREE_H

#include "inspect/agreement.h"
#include "walk/walk.h"

struct agree {
	struct visitor base;
	const struct pass *pass;
	const char *machine;       /* that the stream gets; NULL: its own */
	struct domain_xml *domain; /* NULL: not readable, so not compared */
	struct stream_facts facts;
	bool strict;                   /* a contradiction is SAVETOOL_REFUSED */
	char text[CONTRADICTION_TEXT]; /* the first one; "": none */
};

/*
 * The XML may be NULL; the pass must outlive the visitor.  mapped is what the
 * destination will be.  If the stream gets another machine type, set that
 * afterwards.
 */
void agree_init(struct agree *agree, const struct pass *pass, const char *xml,
		bool mapped, bool strict);
void agree_release(struct agree *agree);

static inline void cleanup_agree_(struct agree *agree)
{
	agree_release(agree);
}
#define cleanup_agree __attribute__((cleanup(cleanup_agree_)))

#endif
