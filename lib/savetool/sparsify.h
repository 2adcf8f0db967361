/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same bytes with less storage.  Part of savetool.h. */
#ifndef SAVETOOL_SPARSIFY_H
#define SAVETOOL_SPARSIFY_H

struct savetool_sparsify_options {
	size_t size;     /* sizeof(struct savetool_sparsify_options) */
	uint64_t offset; /* of the image's bare stream */
	bool zero_only;  /* every byte of the file stays as it reads */
	bool dry_run;    /* changes and writes nothing */
	bool force;      /* may replace an existing destination */
	bool direct;
	enum savetool_byte_order
		byte_order; /* of a bare stream's host, if known */
};

/* In bytes.  With dry_run: what it would be, with blocks of 4 KiB. */
struct savetool_sparsify_result {
	enum savetool_format format; /* by content; a packed one has no holes */
	uint64_t logical;
	uint64_t before;    /* was allocated */
	uint64_t allocated; /* is now, or by the destination */
	uint64_t freed;
	uint64_t stale; /* found in slots whose bit is clear */
	uint64_t zero;  /* in present pages that are zero: now absent */
	uint64_t other; /* zeros elsewhere */
	uint64_t lost;  /* of present pages that already lay in holes */
};

/*
 * Gives back the storage that a file does not need: that of stale memory, of
 * zero pages and of other zeros.  The guest stays the same, whenever it ends.
 * In place (destination NULL) a file that somebody else has open, or whose
 * file system cannot make holes, is SAVETOOL_REFUSED before anything is
 * changed; the latter also by dry_run, where it can be tried in the file's
 * folder. So are bitmaps that cannot be trusted, unless zero_only.
 *
 * A destination appears complete, or not at all, and shares its storage with
 * the image where the file system can.  result and monitor may be NULL.
 */
int savetool_sparsify(const char *image, const char *destination,
		      const struct savetool_sparsify_options *options,
		      const struct savetool_monitor *monitor,
		      struct savetool_sparsify_result *result,
		      struct savetool_error *err);

#endif
