/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gives up access to every file that a command does not need by name, before it
 * reads an image that anybody may have made.  Files that are open stay usable.
 */
#ifndef CONFINE_H
#define CONFINE_H

#include <stddef.h>
#include <stdint.h>

struct confine {
	int rules;       /* a descriptor, or -1: the kernel has no Landlock */
	uint64_t rights; /* all rights that only a rule grants again */
};

/*
 * Starts with what every command needs: the system's programs and libraries
 * (such as lzop), the folder for temporary files, and standard output if it is
 * a file.
 */
void confine_begin(struct confine *confine);

/* Allows opening an image by this name for reading; ignores "-" and NULL. */
void confine_read(struct confine *confine, const char *path);

/* The same for several files. */
void confine_read_all(struct confine *confine, const char *const *paths,
		      size_t count);

/*
 * Allows creating, replacing or changing a file, including temporary files
 * beside it and the targets of its symbolic links.
 */
void confine_write(struct confine *confine, const char *path);

/* The restrictions take effect.  Does nothing if the kernel cannot do it. */
void confine_end(struct confine *confine);

/* All of this for a command that only reads these files. */
void confine_to_reading(const char *const *paths, size_t count);

/* The same for one that changes or replaces them. */
void confine_to_changing(const char *const *paths, size_t count);

/* The same for one that reads source, and writes another file. */
void confine_to_copying(const char *source, const char *destination);

#endif
