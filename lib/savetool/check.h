/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether an image is whole, and what can be mended.  Part of savetool.h. */
#ifndef SAVETOOL_CHECK_H
#define SAVETOOL_CHECK_H

struct savetool_check_options {
	size_t size;     /* sizeof(struct savetool_check_options) */
	uint64_t offset; /* of a bare stream */
	bool deep;       /* unpack what is packed, and read all pages */
	bool repair;     /* mend what can be mended, in place */
	bool dry_run;    /* only say what repair would do */
	bool direct;     /* what is mended is written as others write */
	enum savetool_byte_order
		byte_order; /* of a bare stream's host, if known */
};

/* What was mended of a file. */
struct savetool_repair {
	const char *code; /* of the finding */
	const char *message;
	uint64_t offset, length;
};

/* What is right and wrong with an image; findings are those that are left. */
struct savetool_check {
	bool complete_known, complete;
	size_t finding_count;
	const struct savetool_finding *findings;
	size_t problem_count;    /* of them; 0: the image is clean */
	size_t repairable_count; /* of the problems */
	size_t repaired_count;   /* with dry_run: would be */
	const struct savetool_repair *repaired;
};

/*
 * Checks an image to its last byte.  Where it breaks it returns -1 and still
 * writes *check, with a finding for the error; it is NULL if there is nothing
 * to tell.
 *
 * A repair changes a few bytes of the header, of a bitmap's last word, or the
 * file's size: never a page.  Then the image is checked once more.
 * SAVETOOL_REFUSED if the file is in use or has changed since it was checked.
 */
int savetool_check(struct savetool_check **check, const char *path,
		   const struct savetool_check_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err);
void savetool_check_free(struct savetool_check *check);

#endif
