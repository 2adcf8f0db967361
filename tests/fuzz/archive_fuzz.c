/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any archive is gone through, and each image in it described. */
#include "config.h"

#include "fuzz.h"

#include "image/image.h"

static const struct savetool_open_options plainly = { .size = sizeof(plainly) };

/* More members than these are more of the same. */
#define MEMBERS_MOST 20

static void read_image(struct savetool_image *image)
{
	const struct savetool_info *info = NULL;
	struct savetool_digest digest;
	struct savetool_error err = { .code = SAVETOOL_OK };

	savetool_image_describe(image, false, NULL, &info, &err);
	fuzz_require(info != NULL);
	fuzz_require(strlen(err.text) < sizeof(err.text));
	savetool_image_digest(image, NULL, &digest, &err);
}

/* All images in the file of this name. */
static void read_all(const char *path)
{
	struct savetool_images *images;
	struct savetool_image *image;
	struct savetool_error err;
	const char *member;
	int more;

	if (savetool_images_open(&images, path, &plainly, NULL, &err) < 0)
		return;
	for (int i = 0; i < MEMBERS_MOST; i++) {
		more = savetool_images_next(images, &image, &member, &err);
		if (more > 0) {
			read_image(image);
			savetool_image_close(image);
		}
		if (more == 0 || (more < 0 && !member))
			break;
	}
	savetool_images_close(images);
}

/* The only image, as a command that takes one. */
static void read_one(int fd)
{
	struct savetool_image *image;
	struct savetool_error err;
	struct input *in;

	fuzz_require(input_open_fd(&in, fd, &err) == 0);
	if (image_open_input(&image, in, "fuzz", NULL, &plainly, &err) < 0)
		return;
	read_image(image);
	savetool_image_close(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz_file_of(data, size);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_all(path);
	read_one(fd);
	return 0;
}
