/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same guest in fewer bytes.  Part of savetool.h. */
#ifndef SAVETOOL_COMPACT_H
#define SAVETOOL_COMPACT_H

struct savetool_compact_options {
	size_t size;      /* sizeof(struct savetool_compact_options) */
	int level;        /* of compression; 0: the format's default */
	unsigned threads; /* of compression; 0: all processors */
	bool force;       /* may replace an existing destination */
	bool verify;      /* read a destination back; in place, always */
	bool dry_run;     /* write nothing, only say how large it would be */
	bool direct;
	enum savetool_byte_order
		byte_order; /* of a bare stream's host, if known */
};

struct savetool_compact_result {
	enum savetool_format format;
	uint64_t lost; /* bytes of present pages that lay in holes: zeros now */
	uint64_t logical_before, allocated_before;
	uint64_t logical, allocated; /* of the result; estimated if dry_run */
	bool smaller;
	uint64_t resolved; /* pages that came compressed by themselves, or as
			      what had changed in them */
	bool rewritten;    /* or would be: a destination, what is smaller or was
			      resolved */
	bool linked;       /* in place: the old file stays, by another name */
	bool verified;
	struct savetool_digest digest; /* if verified */
};

/*
 * Writes an image again in the least bytes of its own format: each page once,
 * as its last record leaves it, zero pages as such, and nothing that is no
 * part of the guest.  With destination NULL, in place: the file is replaced
 * in one step, if that makes it smaller, or if pages in it were compressed by
 * themselves or saved as what had changed.  A file that somebody else has open
 * is SAVETOOL_REFUSED then.  result and monitor may be NULL.
 */
int savetool_compact(const char *path, const char *destination,
		     const struct savetool_compact_options *options,
		     const struct savetool_monitor *monitor,
		     struct savetool_compact_result *result,
		     struct savetool_error *err);

#endif
