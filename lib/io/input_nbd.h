/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An input over an NBD export. */
#ifndef IO_INPUT_NBD_H
#define IO_INPUT_NBD_H

#include "io/connection.h"
#include "io/input.h"

/*
 * Reads an export.  An image may be shorter than it, so it is like a device.
 * The connection stays the caller's, and is kept open as long as the input.
 */
int input_open_nbd(struct input **in, struct savetool_connection *connection,
		   struct savetool_error *err);

#endif
