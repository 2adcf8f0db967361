/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same guest in another format.  Part of savetool.h. */
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
	const char *xml; /* path of the XML for SAVETOOL_CONTAINER_LIBVIRT;
			    NULL: the image's own, or a refusal */
	uint32_t header_version; /* 0: as libvirt writes it (2); 2; 3 */
	uint64_t offset;         /* of the source's bare stream */
	int level;               /* of compression; 0: the format's default */
	unsigned threads;        /* of compression; 0: all processors */
	bool force;              /* may replace an existing destination */
	bool verify;             /* read it back and compare digests */
	bool direct;
	enum savetool_byte_order byte_order; /* of the source's bare stream's
					  host; the destination's is the same */
};

struct savetool_convert_result {
	enum savetool_format format;
	uint64_t lost; /* bytes of present pages that lay in holes: zeros now */
	uint64_t logical;
	uint64_t allocated;
	bool verified;
	struct savetool_digest digest; /* if verified */
};

/*
 * Writes source again as another file.  The destination appears complete, or
 * not at all.  Either may be "-", standard input or output; a pipe cannot
 * take mapped-ram, nor be verified.  result and monitor may be NULL.
 */
int savetool_convert(const char *source, const char *destination,
		     const struct savetool_convert_options *options,
		     const struct savetool_monitor *monitor,
		     struct savetool_convert_result *result,
		     struct savetool_error *err);

#endif
