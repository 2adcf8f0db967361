/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sections other than RAM that QEMU saves in several parts.  No length is
 * stored with a part; only the grammar of each kind shows where it ends.
 */
#ifndef FORMAT_ITERABLE_H
#define FORMAT_ITERABLE_H

#include "format/section.h"
#include "io/reader.h"

/* What Proxmox VE saves besides the guest; a QEMU without it refuses it. */
#define PROXMOX_SECTION "pbs-state"
#define PROXMOX_VERSION 1

/*
 * Skips the payload of a START, PART or END, after its header.
 * SAVETOOL_UNSUPPORTED if the grammar of its kind is not known.
 */
int iterable_skip(struct reader *reader, const struct section *section,
		  struct savetool_error *err);

#endif
