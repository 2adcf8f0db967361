/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and changes the domain XML of an image.  Part of savetool.h. */
#ifndef SAVETOOL_XML_H
#define SAVETOOL_XML_H

/*
 * The domain XML, which belongs to the image.  SAVETOOL_UNSUPPORTED if it is a
 * bare stream, which has none.
 */
int savetool_image_xml(const struct savetool_image *image, const char **xml,
		       struct savetool_error *err);

/* What the guest does when it is restored. */
enum savetool_state {
	SAVETOOL_STATE_KEEP, /* as the header says */
	SAVETOOL_STATE_RUNNING,
	SAVETOOL_STATE_PAUSED,
};

struct savetool_xml_options {
	size_t size;     /* sizeof(struct savetool_xml_options) */
	const char *xml; /* the new one; NULL: the same as before */

	/* SAVETOOL_REFUSED if the XML is no longer this one; NULL: any is. */
	const char *expected;
	enum savetool_state state;
	bool allow_mismatch; /* the XML may be another guest's, or contradict
				the stream */
	bool dry_run;        /* change nothing, only report what would be */
};

/* How the file is changed: at every moment it is the old image or the new. */
enum savetool_xml_way {
	SAVETOOL_XML_UNCHANGED, /* it is as wanted already */
	SAVETOOL_XML_IN_PLACE,  /* bytes within one sector are overwritten */
	SAVETOOL_XML_CLONED,    /* replaced by a file that shares its storage */
	SAVETOOL_XML_REWRITTEN, /* replaced by a copy */
};

struct savetool_xml_result {
	enum savetool_xml_way way;
	bool was_running;     /* the guest runs when it is restored */
	uint32_t xml_length;  /* bytes, without the NUL */
	uint32_t data_before; /* the header's data_length, and what it becomes:
				 what follows moves by the difference */
	uint32_t data_length;
	bool linked;        /* another hard link still has the old file */
	char mismatch[512]; /* what was allowed; "": nothing had to be */
};

/*
 * Changes the domain XML, or what the guest does when it is restored.  Memory
 * and devices stay as they are: they are not even decompressed.
 *
 * SAVETOOL_USAGE if it is not a domain XML.  SAVETOOL_REFUSED if it is another
 * guest's or contradicts the stream, unless that is allowed; if another process
 * has the file open; if a block device would have to be replaced.  open,
 * options, monitor and result may be NULL.
 */
int savetool_xml_change(const char *path,
			const struct savetool_open_options *open,
			const struct savetool_xml_options *options,
			const struct savetool_monitor *monitor,
			struct savetool_xml_result *result,
			struct savetool_error *err);

#endif
