/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any file is opened and described, and its digest computed. */
#include "config.h"

#include "fuzz.h"

#include "image/image.h"

static const struct savetool_open_options plainly = { .size = sizeof(plainly) };

static void describe(struct savetool_image *image, bool scan)
{
	const struct savetool_info *info = NULL;
	struct savetool_error err = { .code = SAVETOOL_OK };
	int result = savetool_image_describe(image, scan, NULL, &info, &err);

	fuzz_require(info != NULL);
	fuzz_require((result == 0) == (err.code == SAVETOOL_OK));
	fuzz_require(strlen(err.text) < sizeof(err.text));
	for (size_t i = 0; i < info->finding_count; i++)
		fuzz_require(info->findings[i].message != NULL);
}

/* Two passes over one image at the same time. */
static void compare_with_itself(struct savetool_image *image)
{
	struct savetool_comparison *comparison;
	struct savetool_error err;

	if (savetool_compare(&comparison, image, image, NULL, NULL, &err) < 0)
		return;
	fuzz_require(comparison->same && comparison->same_facts);
	savetool_comparison_free(comparison);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct savetool_image *image;
	struct savetool_digest digest;
	struct savetool_error err;
	struct input *in;

	fuzz_require(input_open_fd(&in, fuzz_file_of(data, size), &err) == 0);
	if (image_open_input(&image, in, "fuzz", NULL, &plainly, &err) < 0)
		return 0;
	describe(image, false);
	describe(image, true);
	savetool_image_digest(image, NULL, &digest, &err);
	compare_with_itself(image);
	savetool_image_close(image);
	return 0;
}
