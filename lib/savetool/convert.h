/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the same guest in another format.  Part of savetool.h. */
#ifndef SAVETOOL_CONVERT_H
#define SAVETOOL_CONVERT_H

enum savetool_container {
	SAVETOOL_CONTAINER_KEEP,
	SAVETOOL_CONTAINER_BARE,
	SAVETOOL_CONTAINER_LIBVIRT,
};

struct savetool_convert_options {
	size_t size; /* sizeof(struct savetool_convert_options) */
	enum savetool_format format;
	enum savetool_container container;
	const char *xml; /* path, for SAVETOOL_CONTAINER_LIBVIRT; NULL: the
			    image's own, or SAVETOOL_REFUSED */
	uint32_t header_version; /* 2 or 3; 0: as libvirt writes it, 2 */
	int level;               /* of compression; 0: the format's default */
	unsigned threads;        /* of compression; 0: all processors */
	bool force;              /* may replace an existing destination */
	bool verify;             /* read it back and compare digests */

	/*
	 * Sections to leave out, by name ("pbs-state") or, if several have it,
	 * by name and instance ("cpu/1").  Never the memory.
	 */
	const char *const *drop;
	size_t drop_count;
	bool allow_mismatch; /* the XML may contradict the stream */

	/*
	 * A file with an older mapped-ram image of the guest, or NULL.  Pages
	 * that are the same, in the same place of the same block, share its
	 * storage if the file system can do that.  Then the result is verified,
	 * too.
	 */
	const char *base;

	/* To an NBD export as the destination; NULL: connects by itself. */
	struct savetool_connection *connection;

	/*
	 * The machine type's new name, in the stream and in the XML, or NULL.
	 * SAVETOOL_REFUSED if it is of another family, unless allow_mismatch is
	 * set.
	 */
	const char *machine;

	/*
	 * Write a tar archive, whose only member has this name, and its holes;
	 * "": the last part of the source's name.  NULL: write no archive.
	 */
	const char *tar;
};

struct savetool_convert_result {
	enum savetool_format format;
	uint64_t lost; /* bytes of present pages that lay in holes: now zeros */
	uint64_t logical;
	uint64_t allocated;
	bool verified;
	struct savetool_digest digest; /* if verified */
	char mismatch[512]; /* how the XML contradicts the stream; "": not */
	bool unshared;     /* the file system cannot share the base's storage */
	uint64_t shared;   /* bytes of it that are shared */
	char machine[256]; /* the name that it had; "": was not renamed */
};

/*
 * Writes an image again as another file.  The destination appears complete, or
 * not at all; "-" is standard output.  A URI is that of an NBD export, which is
 * overwritten in place, like a block device.  A pipe cannot take mapped-ram,
 * except in a tar archive, and what was written to it cannot be verified.  The
 * byte order stays that of the image's host.  options, result and monitor may
 * be NULL.
 *
 * A given XML that contradicts the stream is SAVETOOL_REFUSED, unless that is
 * allowed.  If it is the image's own, the image is converted as it is.
 */
int savetool_convert(struct savetool_image *image, const char *destination,
		     const struct savetool_convert_options *options,
		     const struct savetool_monitor *monitor,
		     struct savetool_convert_result *result,
		     struct savetool_error *err);

#endif
