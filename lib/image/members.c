/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Goes through the images of an archive. */
#include "config.h"

#include "image/members_internal.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_name(struct names *names, const char *name)
{
	size_t used = strlen(names->text);
	size_t left = sizeof(names->text) - sizeof(", ...") - used;
	int length;

	if (names->full)
		return;
	length = snprintf(names->text + used, left, "%s'%s'", used ? ", " : "",
			  name);
	if (length >= 0 && (size_t)length < left)
		return;
	names->full = true;
	strcpy(names->text + used, used ? ", ..." : "...");
}

/* What is read back and forth comes from a file. */
static int make_seekable(struct savetool_image *archive,
			 struct savetool_error *err)
{
	struct input *in = layer_input(&archive->inputs, archive->top);

	if (!archive_kind_seeks(archive->archive) || in->seekable)
		return 0;
	if (layer_spool_new(&archive->top, archive->top, in,
			    archive->spool_folder, err) < 0)
		return -1;
	return layer_open(&archive->inputs, archive->top, err);
}

static int begin(struct savetool_images *images, struct savetool_error *err)
{
	struct savetool_image *archive = images->outside;

	if (!archive->archive)
		return 0;
	images->wanted = archive->inner;
	if (make_seekable(archive, err) < 0)
		return -1;
	return archive_walk_open(&images->walk, archive->top,
				 layer_input(&archive->inputs, archive->top),
				 archive->archive, err);
}

int images_new(struct savetool_images **result, struct savetool_image *outside,
	       member_opener open, const struct savetool_open_options *options,
	       struct savetool_error *err)
{
	cleanup_images struct savetool_images *images =
		calloc(1, sizeof(*images));

	if (!images) {
		savetool_image_close(outside);
		return fail_memory(err);
	}
	images->outside = outside;
	images->open = open;
	images->options = *options;
	if (begin(images, err) < 0)
		return -1;
	*result = steal(images);
	return 0;
}

bool savetool_images_in_archive(const struct savetool_images *images)
{
	return images->walk && !images->wanted;
}

static const char *without_dot(const char *name)
{
	while (strncmp(name, "./", 2) == 0)
		name += 2;
	return name;
}

/* "tar -C folder ." puts "./" before all names. */
static bool is_wanted(const struct savetool_images *images)
{
	return !images->wanted ||
	       strcmp(without_dot(archive_walk_name(images->walk)),
		      without_dot(images->wanted)) == 0;
}

static void note_unread(struct savetool_images *images,
			const struct savetool_error *err)
{
	if (err->code == SAVETOOL_NOT_IMAGE ||
	    images->unread.code != SAVETOOL_OK)
		return;
	images->unread = *err;
	fail_while(&images->unread, "'%s'", archive_walk_name(images->walk));
}

/* 1: the image; 0: the member is none; -1: it is one that fails. */
static int open_member(struct savetool_images *images,
		       struct savetool_image **image,
		       struct savetool_error *err)
{
	struct layer *layer;
	struct input *in;
	bool recognised;

	if (archive_walk_layer(&layer, images->walk, err) < 0)
		return -1;
	if (archive_walk_input(&in, images->walk, err) < 0) {
		layer_free_above(layer, images->outside->top);
		recognised = false;
	} else if (images->open(image, &recognised, images->outside, layer, in,
				&images->options, err) == 0) {
		return 1;
	}
	/* Whatever is damaged there, or encrypted, may be anything. */
	if (recognised || images->wanted || err->code == SAVETOOL_SYSTEM ||
	    err->code == SAVETOOL_REFUSED || err->code == SAVETOOL_CANCELLED)
		return -1;
	note_unread(images, err);
	return 0;
}

static int note_link(struct savetool_images *images, struct savetool_error *err)
{
	const char *link = archive_walk_link(images->walk);

	if (!images->wanted || !link || images->link)
		return 0;
	images->link = strdup(link);
	return images->link ? 0 : fail_memory(err);
}

static int fail_none(const struct savetool_images *images,
		     struct savetool_error *err)
{
	const char *kind = archive_kind_name(images->outside->archive);

	if (images->link)
		return fail(err, SAVETOOL_USAGE,
			    "'%s' in the %s archive is a link to '%s'",
			    images->wanted, kind, images->link);
	if (images->wanted)
		return fail(err, SAVETOOL_USAGE,
			    "no file '%s' in the %s archive", images->wanted,
			    kind);
	if (images->unread.code != SAVETOOL_OK) {
		*err = images->unread;
		return -1;
	}
	if (images->others == 0)
		return fail(err, SAVETOOL_NOT_IMAGE,
			    "%s archive without a save image: no file is in it",
			    kind);
	return fail(err, SAVETOOL_NOT_IMAGE,
		    "%s archive without a save image: it has %s", kind,
		    images->names.text);
}

static int next_member(struct savetool_images *images,
		       struct savetool_image **image, const char **member,
		       struct savetool_error *err)
{
	int more;

	while ((more = archive_walk_next(images->walk, err)) > 0) {
		int opened;

		if (!is_wanted(images))
			continue;
		if (!archive_walk_is_file(images->walk)) {
			if (note_link(images, err) < 0)
				return -1;
			continue;
		}
		opened = open_member(images, image, err);
		if (opened < 0)
			*member = archive_walk_name(images->walk);
		images->images += opened != 0;
		if (opened != 0)
			return opened;
		images->others++;
		add_name(&images->names, archive_walk_name(images->walk));
	}
	if (more == 0 && images->images == 0)
		return fail_none(images, err);
	return more;
}

/*
 * Looks through the rest for another one that could be meant; *names has their
 * names.
 */
static int find_others(struct names *names, struct savetool_images *images,
		       struct savetool_error *err)
{
	const char *member;
	int more;

	do {
		cleanup_image struct savetool_image *image = NULL;

		member = NULL;
		more = next_member(images, &image, &member, err);
		if (more > 0 || member)
			add_name(names, archive_walk_name(images->walk));
	} while (more > 0 || member);
	return more;
}

static int require_no_more(struct savetool_images *images, const char *first,
			   struct savetool_error *err)
{
	struct names names = { "", false };
	const char *kind = archive_kind_name(images->outside->archive);

	add_name(&names, first);
	/* What is named is there, even if the archive breaks off later. */
	if (find_others(&names, images, err) < 0 &&
	    (!images->wanted || err->code == SAVETOOL_CANCELLED))
		return -1;
	if (images->images == 1)
		return 0;
	if (images->wanted)
		return fail(err, SAVETOOL_USAGE,
			    "the %s archive has %zu files of the name '%s'",
			    kind, images->images, images->wanted);
	fail(err, SAVETOOL_USAGE, "the %s archive has %zu save images: %s",
	     kind, images->images, names.text);
	return fail_hint(err, SAVETOOL_HINT_NAME_INNER);
}

static int next_wanted(struct savetool_images *images,
		       struct savetool_image **result, const char **member,
		       struct savetool_error *err)
{
	cleanup_image struct savetool_image *image = NULL;
	int more;

	if (images->images > 0)
		return 0;
	more = next_member(images, &image, member, err);
	if (more > 0 && archive_walk_is_cheap(images->walk) &&
	    require_no_more(images, image_member(image), err) < 0)
		return -1;
	*result = steal(image);
	return more;
}

int savetool_images_next(struct savetool_images *images,
			 struct savetool_image **image, const char **member,
			 struct savetool_error *err)
{
	*member = NULL;
	if (images->wanted)
		return next_wanted(images, image, member, err);
	if (images->walk)
		return next_member(images, image, member, err);
	if (!images->outside)
		return 0;
	*image = steal(images->outside);
	return 1;
}

int images_take_one(struct savetool_image **result,
		    struct savetool_image *archive, member_opener open,
		    const struct savetool_open_options *options,
		    struct savetool_error *err)
{
	cleanup_images struct savetool_images *images = NULL;
	cleanup_image struct savetool_image *image = NULL;
	const char *member;

	if (images_new(&images, archive, open, options, err) < 0)
		return -1;
	if (savetool_images_next(images, &image, &member, err) < 0)
		return member ? fail_while(err, "'%s'", member) : -1;
	if (!images->wanted && archive_walk_is_cheap(images->walk) &&
	    require_no_more(images, image_member(image), err) < 0)
		return -1;
	image->rest = steal(images);
	*result = steal(image);
	return 0;
}

int images_require_no_more(const struct savetool_image *image,
			   struct savetool_error *err)
{
	struct savetool_images *rest = image->rest;

	if (!rest || rest->wanted || archive_walk_is_cheap(rest->walk))
		return 0;
	return require_no_more(rest, image_member(image), err);
}
