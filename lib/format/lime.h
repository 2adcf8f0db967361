/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's memory as LiME writes it, version 1: each range after a header with
 * its first and last address.
 */
#ifndef FORMAT_LIME_H
#define FORMAT_LIME_H

#include "ram/places.h"

/*
 * Gives each of the ranges, which are sorted, a place in the file, in their
 * order: to[i] is where ranges[i] goes.
 */
int lime_place(struct ram_places *to, const struct ram_places *ranges,
	       struct savetool_error *err);

/* Writes the headers, and sets the position to the end. */
int lime_write(struct output *out, const struct ram_places *to,
	       const struct ram_places *ranges, struct savetool_error *err);

#endif
