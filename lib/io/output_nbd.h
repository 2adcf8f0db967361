/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An output to an NBD export. */
#ifndef IO_OUTPUT_NBD_H
#define IO_OUTPUT_NBD_H

#include "io/connection.h"
#include "io/output.h"

struct output_nbd_options {
	bool force;    /* may write over what is there, which always exists */
	bool withhold; /* the first bytes are written last of all */
	const struct savetool_monitor *monitor; /* may stop a wait; or NULL */
};

/*
 * Writes over an export.  The commit clears what follows the image or, if the
 * server cannot do that without being sent zeros, the last of it.
 * SAVETOOL_REFUSED if force is not set, or the export is read-only.
 * The connection stays the caller's, and is kept open as long as the output.
 */
int output_open_nbd(struct output **out, struct savetool_connection *connection,
		    const struct output_nbd_options *options,
		    struct savetool_error *err);

#endif
