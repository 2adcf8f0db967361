/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An output that discards everything and counts the space it would have taken.
 */
#ifndef IO_OUTPUT_COUNT_H
#define IO_OUTPUT_COUNT_H

#include "io/output.h"

int output_open_count(struct output **out, struct savetool_error *err);

/* Bytes of the 4 KiB blocks that something was written to, without holes. */
uint64_t output_counted(const struct output *out);

#endif
