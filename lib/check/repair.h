/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Repairs that invent no page: each changes a few bytes, whose old and new
 * values are known, or the end of the file.
 */
#ifndef CHECK_REPAIR_H
#define CHECK_REPAIR_H

#include "check/checker.h"

#include <sys/stat.h>

#define MEND_BYTES 16

struct fix {
	struct savetool_repaired repair; /* its length: that of the bytes */
	uint8_t found[MEND_BYTES], right[MEND_BYTES];
	bool truncate; /* instead, end the file at the offset */
};

/* In the order of execution: what makes it a complete image comes last. */
struct repair_plan {
	struct stat seen; /* the file that it was made for */
	unsigned count;
	struct fix *fixes;
};

/*
 * Plans the repairs for the findings: none if the file is not a regular file,
 * or is compressed as a whole.
 */
int repair_plan(struct repair_plan *plan, const struct checker *checker,
		struct savetool_error *err);
void repair_plan_release(struct repair_plan *plan);

/* Is there a repair for this finding? */
bool repair_has(const struct repair_plan *plan,
		const struct savetool_finding *finding);

/*
 * Makes the repairs on disk, one after the other, and returns how many were
 * made.  If that is not all of them, *err says why: SAVETOOL_REFUSED if the
 * file is in use or has changed since.  The image must not be open.
 */
unsigned repair_apply(const struct repair_plan *plan, const char *path,
		      struct savetool_error *err);

#endif
