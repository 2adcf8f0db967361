/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What helps against a failure or a finding.  Part of savetool.h. */
#ifndef SAVETOOL_HINT_H
#define SAVETOOL_HINT_H

/*
 * What a user can do about a failure or a finding.  The library does not know
 * the caller's user interface, so the caller puts it into words.  Values are
 * only ever added, at the end.
 */
enum savetool_hint {
	SAVETOOL_HINT_NONE,

	/* Another value in the options. */
	SAVETOOL_HINT_FORCE,      /* set force to replace the destination */
	SAVETOOL_HINT_BYTE_ORDER, /* set byte_order */
	SAVETOOL_HINT_BYTE_ORDER_LITTLE,
	SAVETOOL_HINT_BYTE_ORDER_BIG,
	SAVETOOL_HINT_ZERO_ONLY, /* only zero_only is safe */
	SAVETOOL_HINT_BYTE_ORDER_OR_ZERO_ONLY,
	SAVETOOL_HINT_BARE,      /* write no libvirt header */
	SAVETOOL_HINT_XML,       /* give a domain XML */
	SAVETOOL_HINT_NO_VERIFY, /* read from a file, or do not verify */
	SAVETOOL_HINT_RAW,       /* write a sequential format */
	SAVETOOL_HINT_SPARSE,    /* write the mapped-ram layout */

	/* Another way to read or write it. */
	SAVETOOL_HINT_FILE,              /* a file instead of a pipe */
	SAVETOOL_HINT_UNCOMPRESSED_FILE, /* an uncompressed file */
	SAVETOOL_HINT_RETRY,             /* once nobody writes to it */
	SAVETOOL_HINT_INSTALL,           /* the program that is missing */

	/* Another image. */
	SAVETOOL_HINT_COPY_AGAIN, /* use another copy */
	SAVETOOL_HINT_SAVE_AGAIN, /* save the guest again */
	SAVETOOL_HINT_COPY_OR_SAVE_AGAIN,
	SAVETOOL_HINT_SAVE_AGAIN_OR_DEEP, /* or see if it is complete */
	SAVETOOL_HINT_SAVE_WITHOUT_SNAPSHOT,
	SAVETOOL_HINT_SAVE_WITHOUT_POSTCOPY,
	SAVETOOL_HINT_SAVE_WITHOUT_SHARED,
	SAVETOOL_HINT_SAVE_WITHOUT_DISKS,

	/* Another task. */
	SAVETOOL_HINT_DEEP,   /* check with deep */
	SAVETOOL_HINT_REPAIR, /* check with repair */
	SAVETOOL_HINT_CONVERT,
	SAVETOOL_HINT_CONVERT_SPARSE,
	SAVETOOL_HINT_CONVERT_TWICE, /* to raw, and then to sparse */
	SAVETOOL_HINT_SPARSIFY,
	SAVETOOL_HINT_COMPACT,
	SAVETOOL_HINT_COMPACT_COPY,   /* to another file */
	SAVETOOL_HINT_SPLIT,          /* copy the rest to a file of its own */
	SAVETOOL_HINT_DROP_PROXMOX,   /* convert it without the section */
	SAVETOOL_HINT_XEN,            /* Xen's own tools restore it */
	SAVETOOL_HINT_RIGHT_XML,      /* give it the guest's own XML */
	SAVETOOL_HINT_ALLOW_MISMATCH, /* set allow_mismatch */
	SAVETOOL_HINT_COPY_AWAY,      /* before the guest is started */

	/* See if its digest is that of the original. */
	SAVETOOL_HINT_COMPARE_DIGEST,

	SAVETOOL_HINT_MAP, /* say where the blocks are */
	/* Name the one that is meant, among several in a file. */
	SAVETOOL_HINT_NAME_INNER,

	SAVETOOL_HINT_MACHINE, /* convert it with another machine type */
	SAVETOOL_HINT_WAKE,    /* resume the guest, and wake it up */
};

#endif
