/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A walk through an archive, from its first member to its last.  It makes a
 * layer of each member that the caller asks for.
 *
 * A member that is uncompressed and in one piece in a seekable archive is read
 * in place.  Whether it is in one piece only shows in the header of the next
 * member, which is therefore read ahead.
 */
#ifndef OUTER_ARCHIVE_WALK_H
#define OUTER_ARCHIVE_WALK_H

#include "outer/archive_reader.h"
#include "outer/layer.h"

struct archive_walk;

/*
 * The archive is all that below has; in is an input of it that nobody else
 * reads.  Both outlive the walk.
 */
int archive_walk_open(struct archive_walk **walk, struct layer *below,
		      struct input *in, enum archive_kind kind,
		      struct savetool_error *err);
void archive_walk_close(struct archive_walk *walk);

/*
 * Goes to the next member of the archive.  1, 0 at its end, -1.  What was made
 * of the one before by archive_walk_input() is not read any more.
 */
int archive_walk_next(struct archive_walk *walk, struct savetool_error *err);

/*
 * Is the current member a file that is not empty?  Otherwise, as for
 * directories and links, no layer can be made of it.
 */
bool archive_walk_is_file(const struct archive_walk *walk);

/*
 * Its name, and its target if it is a link, otherwise NULL.  Valid until the
 * walk goes on.
 */
const char *archive_walk_name(const struct archive_walk *walk);
const char *archive_walk_link(const struct archive_walk *walk);

/*
 * Can all members be listed without reading their content?  Otherwise they pass
 * only once, in order.
 */
bool archive_walk_is_cheap(const struct archive_walk *walk);

/*
 * The current member on the layer below, which is not taken over: free it with
 * layer_free_above().
 */
int archive_walk_layer(struct layer **layer, struct archive_walk *walk,
		       struct savetool_error *err);

/*
 * An input of that layer, for its first reader; NULL if the layer has a shared
 * one, or opens them all itself.
 */
int archive_walk_input(struct input **in, struct archive_walk *walk,
		       struct savetool_error *err);

#endif
