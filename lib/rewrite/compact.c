/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rewrites an image in the fewest bytes of its own format. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "image/allocation.h"
#include "image/trailing.h"
#include "image/unchanged.h"
#include "inspect/describe.h"
#include "inspect/findings.h"
#include "io/held_file.h"
#include "io/output_count.h"
#include "io/space.h"
#include "outer/inner_name.h"
#include "rewrite/fit.h"
#include "rewrite/rewrite.h"

#include <inttypes.h>

/*
 * How much the allocation of a file can differ from what was written to it: the
 * file system's own blocks for its list of extents.
 */
#define ALLOCATION_NOISE (UINT64_C(64) << 10)

/* A block of the file system: saving less is no gain. */
#define LEAST_GAIN UINT64_C(4096)

/*
 * Lost pages become ordinary zero pages when they are rewritten; nothing would
 * show any more that they were lost.
 */
static int refuse_lost(struct pass *pass,
		       const struct savetool_monitor *monitor,
		       struct savetool_error *err)
{
	const struct description *look;

	if (!stream_is_mapped(&pass->stream) || image_codec(pass->image))
		return 0;
	if (describe_once(pass->image, monitor, &look, err) < 0)
		return -1;
	if (look->lost > 0) {
		fail(err, SAVETOOL_REFUSED,
		     "%" PRIu64 " bytes of memory lie in holes of the file; "
		     "after compaction they could not be distinguished from "
		     "zero pages",
		     look->lost);
		return fail_hint(err, SAVETOOL_HINT_COMPACT_COPY);
	}
	return 0;
}

/*
 * Refuses if something after the image would be lost; known only after a walk.
 * A zero byte after a device's footer ends an image, as it does for QEMU.  But
 * if no vmdesc follows, the byte may be damaged, and devices follow it.
 */
static int refuse_trailing(const struct pass *pass, struct savetool_error *err)
{
	const struct tail *tail = pass->tail;
	uint64_t second, more;

	if (trailing_find_image(&second, pass, UINT64_MAX, err) < 0)
		return -1;
	if (second != SAVETOOL_UNKNOWN) {
		fail_at(err, SAVETOOL_REFUSED, second,
			"another image follows and would be lost");
		return fail_hint(err, SAVETOOL_HINT_COMPACT_COPY);
	}
	if (tail->vmdesc)
		return 0;
	if (tail_find_content(&more, tail, trailing_start(pass), UINT64_MAX,
			      err) < 0)
		return -1;
	if (more == SAVETOOL_UNKNOWN)
		return 0;
	fail_at(err, SAVETOOL_REFUSED, more,
		"cannot confirm that the image ends before this byte; data "
		"that follows would be lost");
	return fail_hint(err, SAVETOOL_HINT_COMPACT_COPY);
}

static bool has_trailing(const struct pass *pass)
{
	const struct packed_rest *rest =
		&image_container_input(pass->image)->rest;

	if (rest->zeros > 0 || rest->other)
		return true;
	return pass->tail && pass->tail->trailing != SAVETOOL_UNKNOWN &&
	       pass->tail->trailing > 0;
}

/*
 * Bytes outside holes.  Unlike the allocated size, this is the same before and
 * after the data reaches the disk, and does not count what the file system
 * needs for itself or preallocates for a growing file.
 */
static int measure_data(uint64_t *data, struct output *out,
			struct savetool_error *err)
{
	cleanup_input struct input *in = NULL;

	if (output_read_back(out, &in, err) < 0)
		return -1;
	return input_count_data(data, in, 0, in->size, err);
}

/*
 * Would rewriting free stale pages?  Only if less data lies outside holes
 * without them: an absent page that shares a block of the file system with a
 * present one frees nothing.
 */
static int frees_stale(bool *frees, const struct pass *source, uint64_t data,
		       struct savetool_error *err)
{
	struct input *in = image_container_input(source->image);
	struct allocation total;
	uint64_t before = 0;

	if (allocation_total(&total, source, err) < 0 ||
	    (total.stale_bytes > 0 &&
	     input_count_data(&before, in, 0, in->size, err) < 0))
		return -1;
	*frees = data < before;
	return 0;
}

/*
 * For an image with holes, the storage that they save counts as well.  If there
 * are stale pages or bytes after the image to get rid of, any gain is enough.
 * Otherwise a few bytes are not worth writing all the others again.
 */
static int compare_sizes(struct savetool_compact_result *result,
			 const struct rewrite *rewrite,
			 struct savetool_error *err)
{
	const struct pass *source = rewrite->pass;
	uint64_t least = has_trailing(source) ? 1 : LEAST_GAIN;
	bool frees;

	if (frees_stale(&frees, source, result->allocated, err) < 0)
		return -1;
	result->smaller = result->logical + least <= result->logical_before ||
			  (rewrite->format == SAVETOOL_FORMAT_SPARSE &&
			   (frees || result->allocated + ALLOCATION_NOISE <
					     result->allocated_before));
	result->resolved = source->stream.encoded_pages;
	result->rewritten = result->smaller || result->resolved > 0;
	return 0;
}

static int count(struct rewrite *rewrite, bool in_place,
		 struct savetool_compact_result *result,
		 struct savetool_error *err)
{
	cleanup_output struct output *out = NULL;

	if (output_open_count(&out, err) < 0)
		return -1;
	rewrite->out = out;
	if (rewrite_image(rewrite, NULL, err) < 0 ||
	    (in_place && refuse_trailing(rewrite->pass, err) < 0))
		return -1;
	result->lost = rewrite->pass->lost;
	result->logical = out->position;
	result->allocated = output_counted(out);
	return compare_sizes(result, rewrite, err);
}

static int create(struct output **out, const char *path,
		  const struct output_file_options *options, bool direct,
		  struct savetool_error *err)
{
	if (output_create_file(out, path, options, err) < 0)
		return -1;
	return direct ? output_write_direct(*out, err) : 0;
}

static int write_to(struct rewrite *rewrite, struct output *out,
		    struct savetool_compact_result *result,
		    struct savetool_error *err)
{
	phases_next(&rewrite->phases, 50);
	if (fit_check(out, rewrite->pass, rewrite->format,
		      &rewrite->phases.monitor, err) < 0)
		return -1;
	rewrite->out = out;
	if (rewrite_image(rewrite, &result->digest, err) < 0 ||
	    image_require_unchanged(rewrite->pass->image, err) < 0 ||
	    measure_data(&result->allocated, out, err) < 0)
		return -1;
	result->verified = rewrite->verify;
	result->lost = rewrite->pass->lost;
	result->logical = out->position;
	return compare_sizes(result, rewrite, err);
}

/* From now on, the file system's numbers are final. */
static int commit(struct output *out, const char *path,
		  struct savetool_compact_result *result,
		  struct savetool_error *err)
{
	uint64_t logical;

	if (output_commit(out, err) < 0)
		return -1;
	if (space_used(output_fd(out), &logical, &result->allocated, err) < 0)
		return fail_while(err, "'%s'", path);
	return 0;
}

static int write_copy(struct rewrite *rewrite, const char *destination,
		      const struct savetool_compact_options *options,
		      struct savetool_compact_result *result,
		      struct savetool_error *err)
{
	const struct output_file_options file_options = {
		.force = options->force,
		.regular = true,
		.like_fd = image_fd(rewrite->pass->image),
	};
	cleanup_output struct output *out = NULL;

	if (create(&out, destination, &file_options,
		   rewrite->pass->image->direct, err) < 0 ||
	    write_to(rewrite, out, result, err) < 0)
		return -1;
	result->rewritten = true;
	return commit(out, destination, result, err);
}

/*
 * Replaces the image by a complete new one in one step, but only if there is
 * something to gain and it reads back as the same guest.
 */
static int replace(struct rewrite *rewrite, const struct held_file *held,
		   struct savetool_compact_result *result,
		   struct savetool_error *err)
{
	const struct output_file_options options = {
		.force = true,
		.replaces = held,
		.like_fd = held->fd,
	};
	const char *path = rewrite->pass->image->path;
	cleanup_output struct output *out = NULL;
	struct stat st;

	rewrite->verify = true;
	if (fstat(held->fd, &st) < 0)
		return fail_errno(err, "cannot examine '%s'", path);
	result->linked = st.st_nlink > 1;
	if (create(&out, path, &options, rewrite->pass->image->direct, err) <
		    0 ||
	    write_to(rewrite, out, result, err) < 0 ||
	    refuse_trailing(rewrite->pass, err) < 0 ||
	    held_file_check(held, err) < 0)
		return -1;
	return result->rewritten ? commit(out, path, result, err) : 0;
}

/* What could not be written again in the same format. */
static int refuse_packed(const struct pass *pass, struct savetool_error *err)
{
	if (image_is_wrapped(pass->image)) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "compressed as a whole, including its header");
		return fail_hint(err, SAVETOOL_HINT_CONVERT);
	}
	/* Only records can be packed; its layout would not be the same. */
	if (image_stream_codec(pass->image) &&
	    stream_is_mapped(&pass->stream)) {
		fail(err, SAVETOOL_UNSUPPORTED, "compressed mapped-ram image");
		return fail_hint(err, SAVETOOL_HINT_CONVERT_SPARSE);
	}
	return 0;
}

static int compact(struct savetool_image *image, const struct held_file *held,
		   const char *destination,
		   const struct savetool_compact_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_compact_result *result,
		   struct savetool_error *err)
{
	cleanup_pass struct pass pass = PASS_INIT;
	struct rewrite rewrite = {
		.pass = &pass,
		.level = options->level,
		.threads = options->threads,
		.compact = true,
		.verify = options->verify,
		.header = image->libvirt,
	};

	if (image_require_whole_file(image, err) < 0 ||
	    image_require_complete(image, err) < 0 ||
	    space_used(image_fd(image), &result->logical_before,
		       &result->allocated_before, err) < 0)
		return -1;
	if (result->allocated_before == SAVETOOL_UNKNOWN)
		return fail(err, SAVETOOL_REFUSED, "not a regular file");
	if (pass_begin(&pass, image, err) < 0 ||
	    (image->libvirt && libvirt_check_xml(image->libvirt, err) < 0))
		return -1;
	if (refuse_packed(&pass, err) < 0)
		return -1;
	rewrite.format = result->format = pass_format(&pass);
	phases_begin(&rewrite.phases, monitor);
	phases_next(&rewrite.phases, 50);
	if (rewrite_check_order(&rewrite, err) < 0 ||
	    (!destination &&
	     refuse_lost(&pass, &rewrite.phases.monitor, err) < 0))
		return -1;
	if (options->dry_run)
		return count(&rewrite, !destination, result, err);
	if (destination)
		return write_copy(&rewrite, destination, options, result, err);
	return replace(&rewrite, held, result, err);
}

/* A smaller file takes the image's name, and nothing in front of it. */
static int refuse_in_place(const struct savetool_image *image,
			   struct savetool_error *err)
{
	if (S_ISBLK(image->opened.st_mode))
		return fail(err, SAVETOOL_REFUSED,
			    "a block device cannot be replaced by a smaller "
			    "file");
	if (!image->libvirt && image_payload_offset(image) > 0)
		return fail(err, SAVETOOL_REFUSED,
			    "%" PRIu64 " bytes before the image would be lost",
			    image_payload_offset(image));
	return 0;
}

/* For a dry run, held is that of no file. */
static int compact_in_place(struct held_file *held, const char *path,
			    const struct savetool_open_options *open,
			    const struct savetool_compact_options *options,
			    const struct savetool_monitor *monitor,
			    struct savetool_compact_result *result,
			    struct savetool_error *err)
{
	cleanup_image struct savetool_image *image = NULL;
	int failed;

	if (inner_name_require_none(path, err) < 0)
		return -1;
	if (options->dry_run)
		failed = savetool_image_open(&image, path, open, monitor, err);
	else if (held_file_open(held, path, err) < 0)
		failed = -1;
	else
		failed = image_open_held(&image, held, path, open, err);
	if (failed || refuse_in_place(image, err) < 0 ||
	    (!options->dry_run && image_spool_beside(image, path, err) < 0))
		return -1;
	return compact(image, held, NULL, options, monitor, result, err);
}

int savetool_compact(const char *path,
		     const struct savetool_open_options *open_given,
		     const struct savetool_compact_options *given,
		     const struct savetool_monitor *monitor,
		     struct savetool_compact_result *result,
		     struct savetool_error *err)
{
	struct savetool_open_options open;
	struct savetool_compact_options options;
	struct held_file held = { .fd = -1 };
	struct held_file_watch watch;
	struct savetool_compact_result done = { 0 };
	int failed;

	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    options_take(&open, sizeof(open), open_given, err) < 0)
		return -1;
	held_file_watch_begin(&watch, &held, monitor);
	failed = compact_in_place(&held, path, &open, &options, &watch.monitor,
				  &done, err);
	failed = held_file_watch_end(&watch, failed, err);
	held_file_close(&held);
	if (!failed && result)
		*result = done;
	return failed;
}

int savetool_compact_copy(struct savetool_image *image, const char *destination,
			  const struct savetool_compact_options *given,
			  const struct savetool_monitor *monitor,
			  struct savetool_compact_result *result,
			  struct savetool_error *err)
{
	struct savetool_compact_options options;
	struct savetool_compact_result done = { 0 };

	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    image_spool_beside(image, options.dry_run ? "-" : destination,
			       err) < 0 ||
	    compact(image, NULL, destination, &options, monitor, &done, err) <
		    0)
		return -1;
	if (result)
		*result = done;
	return 0;
}
