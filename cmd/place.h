/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where in an image something is, as text.  The library's sentences leave it
 * out; every error and every finding gets it here.
 */
#ifndef PLACE_H
#define PLACE_H

#include "savetool.h"

/* Longer than the name of a block and all numbers. */
#define PLACE_TEXT 512

/*
 * "block 'pc.ram', page 17, at byte 69949"; "" if none of it is known.  Offsets
 * are exact, because somebody may go there.
 */
void place_of_error(char text[PLACE_TEXT], const struct savetool_error *err);

/*
 * The same, with the length in bytes: "at byte 7, 12 bytes".  A finding
 * without an offset has an amount: "51.1 MiB".
 */
void place_of_finding(char text[PLACE_TEXT],
		      const struct savetool_finding *finding);

#endif
