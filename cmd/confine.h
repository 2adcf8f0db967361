/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gives up every file that a command does not need by name, before it reads
 * an image that somebody else may have made.  What is open stays usable.
 */
#ifndef CONFINE_H
#define CONFINE_H

#include <stddef.h>
#include <stdint.h>

struct confine {
	int rules;       /* a descriptor, or -1: the kernel cannot do it */
	uint64_t rights; /* all that are given up unless a rule grants them */
};

/*
 * Starts with what any command needs: programs and libraries of the system
 * (lzop is one), the folder of what is kept for a while, and standard output
 * where it is a file.
 */
void confine_begin(struct confine *confine);

/* A file that is opened by this name for reading.  "-" and NULL are none. */
void confine_read(struct confine *confine, const char *path);

/* The same for many. */
void confine_read_all(struct confine *confine, const char *const *paths,
		      size_t count);

/*
 * A file that is made, replaced, or changed: with others beside it, and where
 * its symbolic links lead.
 */
void confine_write(struct confine *confine, const char *path);

/* From now on.  Where the kernel cannot do it, nothing happens. */
void confine_end(struct confine *confine);

/* All of it, for a command that only reads these. */
void confine_to_reading(const char *const *paths, size_t count);

/* The same for one that changes or replaces them. */
void confine_to_changing(const char *const *paths, size_t count);

/* The same for one that reads source, and writes another file. */
void confine_to_copying(const char *source, const char *destination);

#endif
