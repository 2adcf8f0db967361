/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathers everything that is known about an image. */
#include "config.h"

#include "inspect/describe.h"

#include "base/error.h"
#include "base/phases.h"
#include "image/pass.h"
#include "inspect/agreement.h"
#include "inspect/describe_internal.h"
#include "inspect/findings.h"

#include <stdlib.h>

void describe_doubt(struct description *description)
{
	if (description->info.complete)
		description->info.complete_known = description->info.complete =
			false;
}

/* What follows from the stream; broken is why it ended early, or NULL. */
static int describe_rest(struct description *description, struct pass *pass,
			 const struct savetool_error *broken,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	struct savetool_error later;

	if (describe_storage(description, pass, monitor, &later) < 0 ||
	    report_all(description, pass, broken, &later) < 0 ||
	    report_contradictions(description, &later) < 0) {
		*err = broken && later.code != SAVETOOL_CANCELLED ? *broken :
								    later;
		return -1;
	}
	if (description->doubt != DOUBT_NONE)
		describe_doubt(description);
	describe_sizes(description, pass);
	return describe_releases(description, err);
}

static int describe(struct description *description, struct pass *pass,
		    struct savetool_image *image,
		    const struct describe_options *options,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err)
{
	struct savetool_error broken;
	struct phases phases;
	int result;

	phases_begin(&phases, monitor);
	if (describe_container(description, image, err) < 0)
		return -1;
	result = describe_stream(description, pass, image, options,
				 &phases.monitor, &broken);
	if (result < 0 && broken.code == SAVETOOL_INCOMPLETE) {
		description->info.complete_known = true;
		description->info.complete = false;
	}
	if (result < 0 && broken.code == SAVETOOL_CANCELLED) {
		*err = broken;
		return -1;
	}
	if (result < 0)
		describe_doubt(description);
	phases_next(&phases, 100);
	if (describe_rest(description, pass, result < 0 ? &broken : NULL,
			  &phases.monitor, err) < 0)
		return -1;
	description->whole = result == 0;
	if (result < 0)
		*err = broken;
	return result;
}

int describe_image(struct pass *pass, struct savetool_image *image,
		   const struct describe_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err)
{
	struct description *description = calloc(1, sizeof(*description));

	if (!description)
		return fail_memory(err);
	*pass = (struct pass){ .image = image };
	description_free(image->description);
	image->description = description;
	if (describe_file(description, image, err) < 0)
		return -1;
	return describe(description, pass, image, options, monitor, err);
}

int describe_once(struct savetool_image *image,
		  const struct savetool_monitor *monitor,
		  const struct description **description,
		  struct savetool_error *err)
{
	if (!image->description || !image->description->whole) {
		const struct describe_options options = { .any_xml = true };
		cleanup_pass struct pass pass = PASS_INIT;

		if (describe_image(&pass, image, &options, monitor, err) < 0)
			return -1;
	}
	*description = image->description;
	return 0;
}

int savetool_image_describe(struct savetool_image *image, bool scan,
			    const struct savetool_monitor *monitor,
			    const struct savetool_info **info,
			    struct savetool_error *err)
{
	const struct describe_options options = { .scan = scan };
	cleanup_pass struct pass pass = PASS_INIT;
	int result = describe_image(&pass, image, &options, monitor, err);

	if (info)
		*info = image->description ? &image->description->info : NULL;
	return result;
}
