/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks whether an image is whole, and repairs it.  Part of savetool.h. */
#ifndef SAVETOOL_CHECK_H
#define SAVETOOL_CHECK_H

/* The machine types that a QEMU has, with their aliases. */
struct savetool_machines {
	const char *program; /* as it was named */
	size_t count;
	const char *const *names;
};

/*
 * Runs a QEMU binary, without a shell, as 'PROGRAM -machine help'; one without
 * a slash is looked for in PATH.  SAVETOOL_SYSTEM if it cannot be run, or if
 * its answer is not a list of machine types.  The monitor may be NULL; it can
 * end a program that does not answer.  Free *machines with
 * savetool_machines_free().
 */
int savetool_machines_list(struct savetool_machines **machines,
			   const char *program,
			   const struct savetool_monitor *monitor,
			   struct savetool_error *err);
void savetool_machines_free(struct savetool_machines *machines);

struct savetool_check_options {
	size_t size; /* sizeof(struct savetool_check_options) */
	bool deep;   /* decompress, and read all pages */

	/*
	 * Those of the QEMU that is to restore the image: if it lacks the
	 * image's, that is a finding.  NULL: not checked.
	 */
	const struct savetool_machines *machines;
};

struct savetool_repair_options {
	size_t size;  /* sizeof(struct savetool_repair_options) */
	bool deep;    /* as for a check */
	bool dry_run; /* only report what would be repaired */
	const struct savetool_machines *machines; /* as for a check */
};

/* One repair that was made, or with dry_run would be. */
struct savetool_repaired {
	const char *code; /* of the finding it fixes */
	const char *message;
	uint64_t offset, length; /* of the bytes that were changed */
};

/* The result of a check.  Repaired findings are not among the findings. */
struct savetool_check {
	bool complete_known, complete; /* as in struct savetool_info */
	size_t finding_count;
	const struct savetool_finding *findings;
	size_t problem_count;    /* among the findings; 0: clean */
	size_t repairable_count; /* among the problems */
	size_t repaired_count;   /* with dry_run: would be repaired */
	const struct savetool_repaired *repaired;
};

/*
 * Checks an image to its last byte.  If the image is incomplete or corrupt,
 * returns -1 and still writes *check, with a finding for the error.  *check is
 * NULL if there is nothing to report.  Free it with savetool_check_free().
 * options and monitor may be NULL.
 */
int savetool_check(struct savetool_check **check, struct savetool_image *image,
		   const struct savetool_check_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err);

/*
 * The check of an image that is so broken that savetool_image_open() failed: a
 * finding for its error.  NULL if the error says nothing about an image.
 */
struct savetool_check *savetool_check_unopened(
	const struct savetool_error *opening);

/*
 * Checks an image, repairs it in place, and checks it once more.  A repair
 * changes a few bytes of the header, the last word of a bitmap, or the size of
 * the file: never a page.  SAVETOOL_REFUSED if the file is in use or has
 * changed since it was checked.  open, options and monitor may be NULL.
 */
int savetool_repair(struct savetool_check **check, const char *path,
		    const struct savetool_open_options *open,
		    const struct savetool_repair_options *options,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err);
void savetool_check_free(struct savetool_check *check);

#endif
