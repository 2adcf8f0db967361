/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was written, with the first bytes that are still withheld. */
#ifndef IO_INPUT_WITHHELD_H
#define IO_INPUT_WITHHELD_H

#include "io/input.h"
#include "io/withheld.h"

/*
 * The bytes are copied; below, which is seekable, is taken over, even if this
 * fails.
 */
int input_open_withheld(struct input **in, struct input *below,
			const struct withheld *withheld,
			struct savetool_error *err);

#endif
