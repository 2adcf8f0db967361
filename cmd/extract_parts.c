/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* extract devices, stream and xml: what needs no options of its own. */
#include "config.h"

#include "extract.h"

static struct savetool_extract_options options_of(const struct extract *extract)
{
	return (struct savetool_extract_options){
		.size = sizeof(struct savetool_extract_options),
		.force = extract->force,
	};
}

static int run_devices(struct extract *extract, struct savetool_image *image,
		       const struct savetool_monitor *monitor,
		       struct report *report, struct savetool_error *err)
{
	const struct savetool_extract_options options = options_of(extract);

	(void)report;
	return savetool_extract_devices(image, extract->destination, &options,
					monitor, err);
}

static int run_xml(struct extract *extract, struct savetool_image *image,
		   const struct savetool_monitor *monitor,
		   struct report *report, struct savetool_error *err)
{
	const struct savetool_extract_options options = options_of(extract);

	(void)monitor;
	(void)report;
	return savetool_extract_xml(image, extract->destination, &options, err);
}

/* The stream is a bare image in the source's layout. */
static int run_stream(struct extract *extract, struct savetool_image *image,
		      const struct savetool_monitor *monitor,
		      struct report *report, struct savetool_error *err)
{
	const struct savetool_convert_options options = {
		.size = sizeof(options),
		.format = SAVETOOL_FORMAT_LAYOUT,
		.container = SAVETOOL_CONTAINER_BARE,
		.force = extract->force,
	};
	struct savetool_convert_result result;

	if (savetool_convert(image, extract->destination, &options, monitor,
			     &result, err) < 0)
		return -1;
	cli_warn_lost(extract->cli, extract->source, result.lost);
	if (report) {
		report_text(report, "format", NULL,
			    savetool_format_name(result.format));
		report_number(report, "logical", NULL, result.logical);
		report_number(report, "allocated", NULL, result.allocated);
		report_number(report, "lost", NULL, result.lost);
	}
	return 0;
}

const struct extractor extract_devices = {
	.what = "devices",
	.run = run_devices,
};

const struct extractor extract_stream = {
	.what = "stream",
	.run = run_stream,
};

const struct extractor extract_xml = {
	.what = "xml",
	.run = run_xml,
};
