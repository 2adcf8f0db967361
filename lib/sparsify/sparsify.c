/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frees the storage that an image does not need. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "base/phases.h"
#include "image/allocation.h"
#include "image/description.h"
#include "image/pass.h"
#include "image/trust.h"
#include "image/unchanged.h"
#include "inspect/describe.h"
#include "io/clone.h"
#include "io/held_file.h"
#include "io/space.h"
#include "io/spool.h"
#include "outer/inner_name.h"
#include "sparsify/reclaim.h"

#include <string.h>
#include <sys/stat.h>

struct sparsification {
	const struct savetool_sparsify_options *options;
	struct phases phases; /* checking the bitmaps; reclaiming */
	struct savetool_image *image;
	struct pass pass; /* that has read what was described */
	struct reclaim reclaim;
	struct savetool_sparsify_result result;
};

/* Counts pages that lie in holes and may be lost. */
static int count_lost(struct sparsification *work, struct savetool_error *err)
{
	struct allocation total;

	if (allocation_total(&total, &work->pass, err) < 0)
		return -1;
	work->result.lost = total.lost_bytes;
	return 0;
}

/*
 * A page whose bit is clear will be gone for good, so nothing may cast doubt on
 * the bitmaps.
 */
static int check_bitmaps(struct sparsification *work,
			 struct savetool_error *err)
{
	enum doubt doubt = work->image->description->doubt;

	if (count_lost(work, err) < 0)
		return -1;
	if (work->options->zero_only)
		return 0;
	if (doubt == DOUBT_NONE && trust_host(&doubt, &work->pass, err) < 0)
		return -1;
	if (doubt == DOUBT_NONE)
		return 0;
	trust_refuse(doubt, err);
	err->hint = err->hint == SAVETOOL_HINT_BYTE_ORDER ?
			    SAVETOOL_HINT_BYTE_ORDER_OR_ZERO_ONLY :
			    SAVETOOL_HINT_ZERO_ONLY;
	return -1;
}

/* Compressed images have no storage to reclaim; they are not read. */
static int check(struct sparsification *work, struct savetool_error *err)
{
	const struct describe_options options = { .scan = false };
	struct savetool_image *image = work->image;
	const struct codec *codec = image_codec(image);

	if (image_require_complete(image, err) < 0)
		return -1;
	if (codec) {
		work->result.format = codec->format;
		return 0;
	}
	phases_next(&work->phases, 50);
	pass_end(&work->pass);
	if (describe_image(&work->pass, image, &options, &work->phases.monitor,
			   err) < 0)
		return -1;
	work->result.format = pass_format(&work->pass);
	return work->pass.stream.ram.mapped ? check_bitmaps(work, err) : 0;
}

static int reclaim_all(struct sparsification *work, unsigned percent,
		       struct savetool_error *err)
{
	work->pass.image = work->image;
	work->reclaim.pass = &work->pass;
	work->reclaim.zero_only = work->options->zero_only;
	phases_next(&work->phases, percent);
	return reclaim(&work->reclaim, &work->phases.monitor, err);
}

static int could_punch(const struct sparsification *work, const char *path,
		       struct savetool_error *err)
{
	cleanup_free char *folder = spool_folder(path);

	if (!folder)
		return fail_memory(err);
	/* A device is tried by the first hole. */
	if (work->result.before == SAVETOOL_UNKNOWN)
		return 0;
	return folder_can_punch(folder, image_fd(work->image), err);
}

/* What would be left of what is allocated; path is NULL for a copy. */
static int dry_run(struct sparsification *work, const char *path,
		   struct savetool_error *err)
{
	struct savetool_sparsify_result *result = &work->result;
	uint64_t freed;

	if (space_used(image_fd(work->image), &result->logical, &result->before,
		       err) < 0 ||
	    image_require_whole_file(work->image, err) < 0 ||
	    check(work, err) < 0)
		return -1;
	if (!image_codec(work->image) &&
	    ((path && could_punch(work, path, err) < 0) ||
	     reclaim_all(work, 100, err) < 0))
		return -1;
	freed = work->reclaim.storage;
	result->allocated = result->before;
	if (result->before != SAVETOOL_UNKNOWN)
		result->allocated -=
			freed < result->before ? freed : result->before;
	return 0;
}

/* By the descriptor that is locked, and no other. */
static int change_in_place(struct sparsification *work,
			   const struct held_file *held, const char *path,
			   const struct savetool_open_options *open,
			   struct savetool_error *err)
{
	struct savetool_sparsify_result *result = &work->result;

	if (space_used(held->fd, &result->logical, &result->before, err) < 0 ||
	    image_open_held(&work->image, held, path, open, err) < 0 ||
	    image_require_whole_file(work->image, err) < 0 ||
	    check(work, err) < 0)
		return -1;
	work->reclaim.held = held;
	if (!image_codec(work->image) && (held_file_can_punch(held, err) < 0 ||
					  reclaim_all(work, 100, err) < 0))
		return -1;
	return space_used(held->fd, &result->logical, &result->allocated, err);
}

static int in_place(struct sparsification *work, const char *path,
		    const struct savetool_open_options *open,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err)
{
	struct held_file_watch watch;
	struct held_file held;
	int failed;

	if (held_file_open(&held, path, err) < 0)
		return -1;
	held_file_watch_begin(&watch, &held, monitor);
	phases_begin(&work->phases, &watch.monitor);
	failed = change_in_place(work, &held, path, open, err);
	failed = held_file_watch_end(&watch, failed, err);
	held_file_close(&held);
	work->reclaim.held = NULL;
	return failed;
}

/*
 * Makes sure that there is space for a copy that shares nothing: for all that
 * the image stores or, if that does not fit, for what is left after examining
 * every byte.
 */
static int make_space(struct sparsification *work, struct output *out,
		      struct savetool_error *err)
{
	const struct savetool_image *image = work->image;
	struct input *in = image_file_input(image);
	uint64_t stored, freed;

	if (input_count_data(&stored, in, 0, in->size, err) < 0)
		return -1;
	if (space_require(out, stored, err) == 0)
		return 0;
	if (err->code != SAVETOOL_REFUSED || check(work, err) < 0 ||
	    reclaim_all(work, 50, err) < 0)
		return -1;
	/* What is allocated ahead is not part of what is stored. */
	freed = work->reclaim.storage - work->reclaim.unwritten;
	stored -= freed < stored ? freed : stored;
	work->reclaim = (struct reclaim){ 0 };
	return space_require(out, stored, err);
}

/*
 * True also if the stream inside is compressed, but not if the whole file is.
 */
static bool has_header(const struct savetool_image *image)
{
	return image->libvirt && !image_is_wrapped(image);
}

/*
 * Fills the copy with all that it needs; its header says that it is incomplete.
 */
static int reclaim_into_copy(struct sparsification *work, struct output *out,
			     struct savetool_error *err)
{
	if (has_header(work->image)) {
		work->reclaim.skipped = LIBVIRT_MAGIC_SIZE;
		if (libvirt_write_partial(out, err) < 0)
			return -1;
	}
	if (check(work, err) < 0 || reclaim_all(work, 100, err) < 0)
		return -1;
	return has_header(work->image) ? libvirt_write_complete(out, err) : 0;
}

/*
 * If the file system can, the copy first shares all of the image's storage, and
 * then releases what it does not need.
 */
static int fill_copy(struct sparsification *work, struct output *out,
		     struct savetool_error *err)
{
	const struct held_file held = { .fd = output_fd(out) };
	int fd = image_fd(work->image), failed;

	if (clone_range(held.fd, 0, fd, 0, 0) == 0) {
		out->position = work->result.logical;
		work->reclaim.held = &held;
	} else if (make_space(work, out, err) < 0 ||
		   output_reach(out, work->result.logical, err) < 0) {
		return -1;
	} else {
		work->reclaim.copy = out;
	}
	failed = reclaim_into_copy(work, out, err);
	work->reclaim.held = NULL;
	return failed;
}

static int copy(struct sparsification *work, const char *destination,
		struct savetool_error *err)
{
	struct savetool_sparsify_result *result = &work->result;
	const struct output_file_options options = {
		.force = work->options->force,
		.regular = true,
		.like_fd = image_fd(work->image),
	};
	cleanup_output struct output *out = NULL;

	if (space_used(options.like_fd, &result->logical, &result->before,
		       err) < 0)
		return -1;
	if (result->before == SAVETOOL_UNKNOWN)
		return fail(err, SAVETOOL_REFUSED, "not a regular file");
	if (image_require_whole_file(work->image, err) < 0 ||
	    image_require_complete(work->image, err) < 0 ||
	    output_create_file(&out, destination, &options, err) < 0 ||
	    (work->image->direct && output_write_direct(out, err) < 0))
		return -1;
	if (fill_copy(work, out, err) < 0 ||
	    image_require_unchanged(work->image, err) < 0 ||
	    output_commit(out, err) < 0)
		return -1;
	return space_used(output_fd(out), &result->logical, &result->allocated,
			  err);
}

/* A device does not say what it has allocated, before or after. */
static void sum_up(struct sparsification *work,
		   struct savetool_sparsify_result *done)
{
	struct savetool_sparsify_result *result = &work->result;

	result->stale = work->reclaim.stale;
	result->zero = work->reclaim.zero;
	result->other = work->reclaim.other;
	result->unwritten = work->reclaim.unwritten;
	if (result->before == SAVETOOL_UNKNOWN)
		result->freed = work->reclaim.storage;
	else if (result->before > result->allocated)
		result->freed = result->before - result->allocated;
	if (done)
		*done = *result;
}

int savetool_sparsify(const char *path,
		      const struct savetool_open_options *open_given,
		      const struct savetool_sparsify_options *given,
		      const struct savetool_monitor *monitor,
		      struct savetool_sparsify_result *result,
		      struct savetool_error *err)
{
	struct savetool_open_options open;
	struct savetool_sparsify_options options;
	struct sparsification work = {
		.options = &options,
	};
	int failed;

	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    options_take(&open, sizeof(open), open_given, err) < 0)
		return -1;
	if (inner_name_require_none(path, err) < 0)
		return -1;
	phases_begin(&work.phases, monitor);
	if (!options.dry_run)
		failed = in_place(&work, path, &open, monitor, err);
	else if (savetool_image_open(&work.image, path, &open, monitor, err) <
		 0)
		failed = -1;
	else
		failed = dry_run(&work, path, err);
	pass_end(&work.pass);
	savetool_image_close(work.image);
	if (failed < 0)
		return -1;
	sum_up(&work, result);
	return 0;
}

int savetool_sparsify_copy(struct savetool_image *image,
			   const char *destination,
			   const struct savetool_sparsify_options *given,
			   const struct savetool_monitor *monitor,
			   struct savetool_sparsify_result *result,
			   struct savetool_error *err)
{
	struct savetool_sparsify_options options;
	struct sparsification work = {
		.options = &options,
		.image = image,
	};
	int failed;

	if (options_take(&options, sizeof(options), given, err) < 0)
		return -1;
	phases_begin(&work.phases, monitor);
	failed = options.dry_run ? dry_run(&work, NULL, err) :
				   copy(&work, destination, err);
	pass_end(&work.pass);
	if (failed < 0)
		return -1;
	sum_up(&work, result);
	return 0;
}
