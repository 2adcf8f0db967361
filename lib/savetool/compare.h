/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the guests in two images.  Part of savetool.h. */
#ifndef SAVETOOL_COMPARE_H
#define SAVETOOL_COMPARE_H

/* How two images differ in a page, section or field. */
enum savetool_difference {
	SAVETOOL_SAME,
	SAVETOOL_DIFFERS,
	SAVETOOL_ONLY_FIRST,  /* the second image does not have it */
	SAVETOOL_ONLY_SECOND, /* the first image does not have it */
};

/* "same", "differs", "only-first", "only-second" */
const char *savetool_difference_name(enum savetool_difference difference);

/*
 * A memory block.  A page counts as one that only one image has if it is zero
 * or left out in the other.
 */
struct savetool_compared_block {
	const char *name;
	uint64_t first_length; /* SAVETOOL_UNKNOWN: it has no such block */
	uint64_t second_length;
	uint64_t pages; /* of the longer one */
	uint64_t same, differing, only_first, only_second; /* pages */
};

/* Pages in a row that differ in the same way. */
struct savetool_compared_pages {
	size_t block;
	enum savetool_difference difference;
	uint64_t page, pages;
};

/* A section with a difference. */
struct savetool_compared_section {
	const char *name;
	uint32_t instance;
	enum savetool_difference difference;
	uint64_t first_length; /* SAVETOOL_UNKNOWN: it has no such section */
	uint64_t second_length;
};

/* A field of a section, or bytes of one that nothing describes. */
struct savetool_compared_field {
	size_t section; /* in sections */
	enum savetool_difference difference;
	const char *path;   /* "env.regs[3]"; NULL: bytes */
	const char *type;   /* QEMU's name of it; NULL: bytes */
	const char *first;  /* a number, or hexadecimal digits; or NULL */
	const char *second; /* of a long buffer from the first difference on */
	uint64_t offset;    /* of that byte in the first image's section, or in
			       the second's if only that has it */
	uint64_t bytes;     /* from there on that differ, or that it has */
};

/* Anything else that is said about the guest: the header, the XML. */
struct savetool_compared_fact {
	const char *name;
	const char *first, *second; /* NULL: not there */
};

struct savetool_comparison {
	bool same;       /* memory and devices */
	bool same_facts; /* all the rest, too */

	/*
	 * Pages were compared byte by byte.  Otherwise two pages count as equal
	 * if their hashes of 64 bits are.
	 */
	bool exact;
	enum savetool_format first_format, second_format;
	uint64_t first_page_size, second_page_size; /* unequal: no pages */
	uint64_t first_lost, second_lost; /* bytes of present pages in holes */
	size_t block_count;
	const struct savetool_compared_block *blocks;
	size_t range_count;
	const struct savetool_compared_pages *ranges;
	uint64_t ranges_omitted; /* beyond those that are kept */
	uint64_t sections_same;
	size_t section_count;
	const struct savetool_compared_section *sections;
	size_t field_count;
	const struct savetool_compared_field *fields;
	uint64_t fields_omitted;
	size_t fact_count;
	const struct savetool_compared_fact *facts;
};

/*
 * Reads both images, each once, unless its memory was saved with XBZRLE.
 * Needs eight bytes of memory for each page of each image, or one bit if both
 * are mapped-ram.  The monitor may be NULL.  If it fails, *failed, unless
 * failed is NULL, is the image that the failure is about.  Free *comparison
 * with savetool_comparison_free().
 */
int savetool_compare(struct savetool_comparison **comparison,
		     struct savetool_image *first,
		     struct savetool_image *second,
		     const struct savetool_monitor *monitor,
		     const struct savetool_image **failed,
		     struct savetool_error *err);

/* NULL is fine. */
void savetool_comparison_free(struct savetool_comparison *comparison);

#endif
