/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks whether an image is whole, and repairs it.  Part of savetool.h. */
#ifndef SAVETOOL_CHECK_H
#define SAVETOOL_CHECK_H

/* The machine types that a QEMU has, with their aliases. */
struct savetool_machines {
	const char *program;
	size_t count;
	const char *const *names;
};

/*
 * Runs a QEMU binary, without a shell, as 'PROGRAM -machine help'; one without
 * a slash is looked for in PATH.  SAVETOOL_SYSTEM if it cannot be run, or its
 * answer is no list of machine types; SAVETOOL_CANCELLED ends a program that
 * does not answer.
 */
int savetool_machines_list(struct savetool_machines **machines,
			   const char *program,
			   const struct savetool_monitor *monitor,
			   struct savetool_error *err);
void savetool_machines_free(struct savetool_machines *machines);

struct savetool_check_options {
	size_t size;     /* sizeof(struct savetool_check_options) */
	uint64_t offset; /* where a bare stream starts */
	bool deep;       /* decompress, and read all pages */
	bool repair;     /* fix in place what needs no page data */
	bool dry_run;    /* only report what repair would do */
	bool direct;     /* repairs go through the page cache anyway */
	enum savetool_byte_order
		byte_order; /* of a bare stream's host, if known */

	/* Of the QEMU that shall restore it; NULL: it does not matter. */
	const struct savetool_machines *machines;
};

/* One repair that was made, or with dry_run would be. */
struct savetool_repair {
	const char *code; /* of the finding it fixes */
	const char *message;
	uint64_t offset, length;
};

/* The result of a check.  Repaired findings are not among the findings. */
struct savetool_check {
	bool complete_known, complete;
	size_t finding_count;
	const struct savetool_finding *findings;
	size_t problem_count;    /* among the findings; 0: clean */
	size_t repairable_count; /* among the problems */
	size_t repaired_count;   /* with dry_run: would be repaired */
	const struct savetool_repair *repaired;
};

/*
 * Checks an image to its last byte.  If the image breaks off or is corrupt,
 * returns -1 and still writes *check, with a finding for the error.  *check is
 * NULL if there is nothing to report.  Free it with savetool_check_free().
 *
 * A repair changes a few bytes of the header, the last word of a bitmap, or the
 * size of the file: never a page.  The image is checked once more afterwards.
 * SAVETOOL_REFUSED if the file is in use or has changed since it was checked.
 */
int savetool_check(struct savetool_check **check, const char *path,
		   const struct savetool_check_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err);
void savetool_check_free(struct savetool_check *check);

#endif
