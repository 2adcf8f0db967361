/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image uses and needs, and what could be reclaimed. */
#include "config.h"

#include "base/error.h"
#include "base/options.h"
#include "image/pass.h"
#include "inspect/describe.h"
#include "size/estimate.h"

/*
 * Sets what is superseded in a sequential stream: all that exceeds the least.
 */
static void set_least(struct savetool_info *info, const struct pass *pass,
		      uint64_t least)
{
	struct savetool_sizes *sizes = &info->sizes;
	uint64_t end, spare, zero;

	if (!pass->tail || image_codec(pass->image) ||
	    least == SAVETOOL_UNKNOWN)
		return;
	end = image_length(pass);
	spare = end > least ? end - least : 0;
	sizes->needed = least < end ? least : end;
	zero = zero_record_savings(info);
	spare -= zero < spare ? zero : spare;
	sizes->reclaimable_superseded = superseded_bytes(info) > 0 ? spare : 0;
}

/*
 * Bytes outside holes, which is what a copy that keeps holes takes.  For a
 * pipe, all bytes that came out of it, if it was read to its end.
 */
static int measure_data(struct savetool_info *info, const struct pass *pass,
			struct savetool_error *err)
{
	struct input *in = image_file_input(pass->image);

	if (in->size == SAVETOOL_UNKNOWN) {
		if (pass->tail && !image_codec(pass->image) &&
		    pass->tail->trailing != SAVETOOL_UNKNOWN)
			info->sizes.data = in->position;
		return 0;
	}
	return input_count_data(&info->sizes.data, in, 0, in->size, err);
}

/* The same for what is not part of the image. */
static int measure_around(struct savetool_info *info, const struct pass *pass,
			  struct savetool_error *err)
{
	struct input *in = image_container_input(pass->image);
	uint64_t start, end, front, after;

	if (in->size == SAVETOOL_UNKNOWN || !pass->tail ||
	    image_codec(pass->image))
		return 0;
	end = tail_end(pass->tail);
	start = end - image_length(pass);
	if (input_count_data(&front, in, 0, start, err) < 0 ||
	    input_count_data(&after, in, end, in->size, err) < 0)
		return -1;
	info->sizes.around = front + after;
	return 0;
}

static int size_image(struct pass *pass, struct savetool_image *image,
		      const struct savetool_size_options *options,
		      struct estimator *estimator,
		      const struct savetool_monitor *monitor,
		      struct savetool_estimate estimates[SAVETOOL_FORMAT_COUNT],
		      struct savetool_error *err)
{
	const struct describe_options describe = {
		.scan = options->scan,
		.whole = true,
		.companion = estimator_visitor(estimator),
	};
	struct savetool_error ignored;
	struct savetool_info *info;

	if (describe_image(pass, image, &describe, monitor, err) < 0) {
		if (image->description)
			measure_data(&image->description->info, pass, &ignored);
		return -1;
	}
	info = &image->description->info;
	if (info->devices_only)
		return stream_fail_devices_only(&pass->stream, err);
	if (measure_data(info, pass, err) < 0 ||
	    measure_around(info, pass, err) < 0)
		return -1;
	if (info->layout == SAVETOOL_LAYOUT_SEQUENTIAL)
		set_least(info, pass, estimator_least(estimator));
	else if (!image_codec(image))
		info->sizes.reclaimable_superseded = 0;
	return options->estimate ? estimator_result(estimator, estimates, err) :
				   0;
}

int savetool_image_size(
	struct savetool_image *image, const struct savetool_size_options *given,
	const struct savetool_monitor *monitor,
	const struct savetool_info **info,
	struct savetool_estimate estimates[SAVETOOL_FORMAT_COUNT],
	struct savetool_error *err)
{
	struct savetool_size_options options;
	cleanup_pass struct pass pass = { .image = image };
	struct estimator *estimator;
	int result;

	if (info)
		*info = NULL;
	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    estimator_new(&estimator, &pass, options.scan, options.estimate,
			  err) < 0)
		return -1;
	result = size_image(&pass, image, &options, estimator, monitor,
			    estimates, err);
	estimator_free(estimator);
	if (info)
		*info = image->description ? &image->description->info : NULL;
	return result;
}
