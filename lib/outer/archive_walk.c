/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The members of an archive as layers. */
#include "config.h"

#include "outer/archive_walk.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct archive_walk {
	struct layer *below;
	struct input *in;
	enum archive_kind kind;
	struct archive_reader *reader;
	struct archive_member member; /* the current one */
	uint64_t start;               /* of its data, if it is known */

	/* Only if one header is read ahead. */
	struct archive_member ahead;
	int more; /* what reading it gave */
	bool begun;
	struct savetool_error failure; /* if that is -1 */
};

struct layer_member {
	struct layer base;
	enum archive_kind kind;
	uint64_t index;
	char *name;
};

int archive_walk_open(struct archive_walk **result, struct layer *below,
		      struct input *in, enum archive_kind kind,
		      struct savetool_error *err)
{
	struct archive_walk *walk = calloc(1, sizeof(*walk));

	if (!walk)
		return fail_memory(err);
	walk->below = below;
	walk->in = in;
	walk->kind = kind;
	walk->start = SAVETOOL_UNKNOWN;
	if (archive_reader_open(&walk->reader, in, kind, err) < 0) {
		free(walk);
		return -1;
	}
	*result = walk;
	return 0;
}

void archive_walk_close(struct archive_walk *walk)
{
	if (!walk)
		return;
	archive_member_clear(&walk->member);
	archive_member_clear(&walk->ahead);
	archive_reader_close(walk->reader);
	free(walk);
}

const char *archive_walk_name(const struct archive_walk *walk)
{
	return walk->member.name;
}

const char *archive_walk_link(const struct archive_walk *walk)
{
	return walk->member.link;
}

bool archive_walk_is_file(const struct archive_walk *walk)
{
	return walk->member.regular && walk->member.size > 0;
}

bool archive_walk_is_cheap(const struct archive_walk *walk)
{
	return walk->in->seekable && !archive_kind_seeks(walk->kind);
}

static int read_ahead(struct archive_walk *walk)
{
	walk->begun = true;
	walk->more =
		archive_reader_next(walk->reader, &walk->ahead, &walk->failure);
	return walk->more;
}

/* Finds out where the current one lies by going on to the next one. */
static int find_data(struct archive_walk *walk, struct savetool_error *err)
{
	uint64_t start, stored = input_ranges_stored(&walk->member.ranges);

	walk->start = SAVETOOL_UNKNOWN;
	if (archive_reader_find_data(&start, walk->reader, &walk->member, err) <
	    0)
		return -1;
	/* If there is no next one, it is because this one is cut off. */
	if (read_ahead(walk) < 0 ||
	    (start != SAVETOOL_UNKNOWN &&
	     archive_reader_confirms(walk->reader, start, stored)))
		walk->start = start;
	return 1;
}

int archive_walk_next(struct archive_walk *walk, struct savetool_error *err)
{
	archive_member_clear(&walk->member);
	if (!archive_walk_is_cheap(walk))
		return archive_reader_next(walk->reader, &walk->member, err);
	if (!walk->begun)
		read_ahead(walk);
	if (walk->more < 0)
		*err = walk->failure;
	if (walk->more <= 0)
		return walk->more;
	walk->member = walk->ahead;
	walk->ahead = (struct archive_member){ 0 };
	return find_data(walk, err);
}

/* By a reader of its own, which comes from the start of the archive. */
static int open_again(struct input **in, const struct layer_member *layer,
		      struct input *below, struct savetool_error *err)
{
	cleanup_archive_reader struct archive_reader *reader = NULL;
	cleanup_archive_member struct archive_member member = { 0 };
	int more;

	if (archive_reader_open(&reader, below, layer->kind, err) < 0)
		return -1;
	do {
		archive_member_clear(&member);
		more = archive_reader_next(reader, &member, err);
	} while (more > 0 && member.index < layer->index);
	if (more < 0)
		return -1;
	if (more == 0)
		return fail(err, SAVETOOL_SYSTEM,
			    "the archive changed while it was read");
	if (archive_reader_open_member(in, reader, &member, true, err) < 0)
		return -1;
	reader = NULL;
	return 0;
}

static int member_open(struct input **in, const struct layer *layer,
		       struct input *below, struct savetool_error *err)
{
	return open_again(in, (const struct layer_member *)layer, below, err);
}

static void member_release(struct layer *base)
{
	struct layer_member *layer = (struct layer_member *)base;

	input_close(base->shared);
	free(layer->name);
	free(layer);
}

static const struct layer_ops member_ops = {
	.open = member_open,
	.release = member_release,
};

/* Is nothing of it compressed?  Then what it takes in the file is known. */
static bool is_plain(const struct archive_walk *walk)
{
	for (const struct layer *l = walk->below; l; l = l->below)
		if (l->codec)
			return false;
	return !archive_kind_seeks(walk->kind) &&
	       walk->member.size != SAVETOOL_UNKNOWN;
}

static int fill(struct layer_member *layer, struct archive_walk *walk,
		struct savetool_error *err)
{
	struct archive_member *member = &walk->member;

	layer->kind = walk->kind;
	layer->index = member->index;
	layer->name = strdup(member->name);
	if (!layer->name)
		return fail_memory(err);
	layer->base.name = layer->name;
	layer->base.is_file = true;
	layer->base.stored = is_plain(walk) ?
				     input_ranges_stored(&member->ranges) :
				     SAVETOOL_UNKNOWN;
	if (walk->start == SAVETOOL_UNKNOWN)
		return 0;
	input_ranges_place(&member->ranges, walk->start);
	return input_open_ranges(&layer->base.shared, &member->ranges, walk->in,
				 err);
}

int archive_walk_layer(struct layer **result, struct archive_walk *walk,
		       struct savetool_error *err)
{
	struct layer_member *layer = calloc(1, sizeof(*layer));

	if (!layer)
		return fail_memory(err);
	if (layer_put(&layer->base, &member_ops, walk->below, err) < 0 ||
	    fill(layer, walk, err) < 0) {
		member_release(&layer->base);
		return -1;
	}
	*result = &layer->base;
	return 0;
}

int archive_walk_input(struct input **in, struct archive_walk *walk,
		       struct savetool_error *err)
{
	*in = NULL;
	if (archive_walk_is_cheap(walk))
		return 0;
	return archive_reader_open_member(in, walk->reader, &walk->member,
					  false, err);
}
