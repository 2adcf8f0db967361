/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the domain XML. */
#include "config.h"

#include "base/error.h"
#include "base/options.h"
#include "image/output.h"
#include "image/unchanged.h"

#include <string.h>

int savetool_extract_xml(struct savetool_image *image, const char *destination,
			 const struct savetool_extract_options *given,
			 struct savetool_error *err)
{
	cleanup_output struct output *out = NULL;
	struct savetool_extract_options options;

	if (options_take(&options, sizeof(options), given, err) < 0)
		return -1;
	if (image_require_xml(image, err) < 0 ||
	    image_output_open(&out, image, destination, options.force, false,
			      err) < 0 ||
	    output_append(out, image->libvirt->xml, strlen(image->libvirt->xml),
			  err) < 0 ||
	    image_require_unchanged(image, err) < 0)
		return -1;
	return output_commit(out, err);
}
