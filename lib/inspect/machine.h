/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the name of a machine type says of the releases of QEMU that have it. */
#ifndef INSPECT_MACHINE_H
#define INSPECT_MACHINE_H

#include <stdbool.h>

#define MACHINE_RELEASE 24

struct machine_releases {
	char first[MACHINE_RELEASE]; /* "" of what has no version of QEMU's */
	char last[MACHINE_RELEASE];  /* "" if that is not known */
	const char *vendor; /* whose QEMU alone has it; NULL: nobody's */
};

/* The name may be NULL. */
void machine_releases(struct machine_releases *releases, const char *machine);

/*
 * Do both names have a version, and the same family of boards?  A name alone,
 * such as "pc", has none.
 */
bool machine_is_related(const char *machine, const char *other);

/* Is one release ("9.0", "4.0.1") later than another? */
int machine_compare(const char *release, const char *other);

#endif
