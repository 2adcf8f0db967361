/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another machine type for the destination. */
#ifndef REWRITE_RENAME_H
#define REWRITE_RENAME_H

#include "rewrite/rewrite.h"

/*
 * Gives the stream, and the header if there is one, another machine type; the
 * pass has begun.  *made becomes the header with the new XML, and is the
 * caller's to free.  SAVETOOL_REFUSED if QEMU would refuse any such guest,
 * unless that is allowed.
 */
int rename_machine(struct rewrite *rewrite, struct libvirt **made,
		   const char *machine, bool allow_mismatch,
		   struct savetool_error *err);

#endif
