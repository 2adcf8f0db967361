/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An output that keeps nothing, but knows how much room it would have taken. */
#ifndef IO_OUTPUT_COUNT_H
#define IO_OUTPUT_COUNT_H

#include "io/output.h"

int output_open_count(struct output **out, struct savetool_error *err);

/* Bytes in blocks of 4 KiB that something was written to, holes left out. */
uint64_t output_counted(const struct output *out);

#endif
