/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replaces an image with one that has another header. */
#ifndef EDIT_REPLACE_H
#define EDIT_REPLACE_H

#include "image/pass.h"
#include "io/held_file.h"

/* How far what follows the header moves: by a multiple of this. */
#define MOVE_UNIT CLONE_UNIT

/* In a mapped-ram image, so that pages stay aligned for direct I/O. */
#define MOVE_UNIT_MAPPED (UINT32_C(1) << 20)

struct replacement {
	struct savetool_image *image;
	const struct held_file *held;
	const struct libvirt *header; /* the new one */

	/*
	 * The list of blocks whose offsets move along, or NULL: the stream has
	 * no offsets, or they do not move.
	 */
	const struct ram_list *list;
	const struct savetool_monitor *monitor; /* or NULL */
};

/*
 * Writes everything to a new file, and reads the header and the list of blocks
 * back, but does not commit.  *cloned: the new file shares the storage of the
 * image.
 */
int replace_write(const struct replacement *replacement, struct output *out,
		  bool *cloned, struct savetool_error *err);

/*
 * Writes a file with the new header, and otherwise with the bytes and holes of
 * the image, and replaces the image with it.
 */
int replace_image(const struct replacement *replacement, bool *cloned,
		  struct savetool_error *err);

#endif
