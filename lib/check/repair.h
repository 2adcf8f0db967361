/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be mended of an image without inventing a page: a few bytes each,
 * known before and after, or the end of the file.
 */
#ifndef CHECK_REPAIR_H
#define CHECK_REPAIR_H

#include "check/checker.h"

#include <sys/stat.h>

#define MEND_BYTES 16

struct fix {
	struct savetool_repair repair; /* its length: that of the bytes */
	uint8_t found[MEND_BYTES], right[MEND_BYTES];
	bool truncate; /* the file ends at the offset instead */
};

/* In the order in which it is done: what makes it an image comes last. */
struct repair_plan {
	struct stat seen; /* the file that it was made for */
	unsigned count;
	struct fix *fixes;
};

/*
 * What can be done for what was found.  Of what is no regular file, or packed
 * as a whole: nothing.
 */
int repair_plan(struct repair_plan *plan, const struct checker *checker,
		struct savetool_error *err);
void repair_plan_release(struct repair_plan *plan);

/* Is there a repair for this finding? */
bool repair_has(const struct repair_plan *plan,
		const struct savetool_finding *finding);

/*
 * Does it, on disk, one after the other, and returns how many were done.  If
 * that is not all of them, *err says why: SAVETOOL_REFUSED if the file is in
 * use, or no longer what was seen.  The image must not be open.
 */
unsigned repair_apply(const struct repair_plan *plan, const char *path,
		      struct savetool_error *err);

#endif
