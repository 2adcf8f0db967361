/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens an image, by its name or from what is open already. */
#include "config.h"

#include "image/image.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "image/members.h"
#include "image/recognise.h"
#include "io/held_file.h"
#include "io/input_nbd.h"
#include "io/spool.h"
#include "outer/inner_name.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

/* Nothing in the file could have had the name that was asked for. */
static int require_inner(const struct savetool_image *image,
			 struct savetool_error *err)
{
	if (!image->inner || image->inner_found || image->archive)
		return 0;
	return fail(err, SAVETOOL_USAGE,
		    "'%s' is a save image itself and has no '%s' in it",
		    image->path, image->inner);
}

/* The caller's word is for what tells nothing, or may have been changed. */
static int take_byte_order(struct savetool_image *image,
			   enum savetool_byte_order order,
			   struct savetool_error *err)
{
	bool big = order == SAVETOOL_BYTE_ORDER_BIG;

	if (order == SAVETOOL_BYTE_ORDER_UNKNOWN)
		return 0;
	if (!big && order != SAVETOOL_BYTE_ORDER_LITTLE)
		return fail(err, SAVETOOL_USAGE, "invalid byte order %d",
			    (int)order);
	if (image->libvirt && image->big_endian != big &&
	    !libvirt_order_is_doubtful(image->libvirt))
		return fail(err, SAVETOOL_USAGE,
			    "byte order '%s' contradicts the libvirt header, "
			    "which is %s-endian",
			    big ? "big" : "little", big ? "little" : "big");
	image->order_given = true;
	image->big_endian = big;
	return 0;
}

/* An image of nothing but its file, which is not taken over. */
static struct savetool_image *new_image(
	struct layer *file, const char *path, const char *inner,
	const struct savetool_open_options *options, struct savetool_error *err)
{
	struct savetool_image *image = calloc(1, sizeof(*image));

	if (image) {
		image->payload = options->offset;
		image->direct = options->direct;
		image->spool_folder = strdup(SPOOL_FOLDER);
		image->path = strdup(path);
		image->inner = inner ? strdup(inner) : NULL;
	}
	if (!image || !image->path || !image->spool_folder ||
	    (inner && !image->inner)) {
		fail_memory(err);
		savetool_image_close(image);
		return NULL;
	}
	image->top = image->container = file;
	return image;
}

static int open_layers(struct savetool_image *image,
		       const struct savetool_open_options *options,
		       struct savetool_error *err)
{
	if (options->offset > INT64_MAX)
		return fail(err, SAVETOOL_USAGE,
			    "offset %" PRIu64 " is out of range",
			    options->offset);
	if (image_recognise(image, err) < 0 || require_inner(image, err) < 0)
		return -1;
	/* An archive has none, and its members are opened by themselves. */
	return image->archive ?
		       0 :
		       take_byte_order(image, options->byte_order, err);
}

/* The image, or the archive, that this is. */
static int open_outside(struct savetool_image **result, struct input *file,
			const char *path, const char *inner,
			const struct savetool_open_options *options,
			struct savetool_error *err)
{
	cleanup_image struct savetool_image *image = NULL;
	struct layer *layer;

	if (layer_file_new(&layer, file, err) < 0)
		return -1;
	image = new_image(layer, path, inner, options, err);
	if (!image) {
		layer_free(layer);
		return -1;
	}
	if (image_fd(image) >= 0 && fstat(image_fd(image), &image->opened) < 0)
		image->opened.st_mode = 0;
	if (open_layers(image, options, err) < 0)
		return -1;
	*result = steal(image);
	return 0;
}

/* A member of an archive, whose layer is taken over, and so is in. */
static int open_member(struct savetool_image **result, bool *recognised,
		       struct savetool_image *archive, struct layer *layer,
		       struct input *in,
		       const struct savetool_open_options *given,
		       struct savetool_error *err)
{
	cleanup_image struct savetool_image *image = NULL;
	struct savetool_open_options options = *given;
	unsigned below = layer->depth;

	*recognised = false;
	options.offset = 0;
	image = new_image(layer, archive->path, layer->name, &options, err);
	if (!image) {
		layer_free_above(layer, archive->top);
		input_close(in);
		return -1;
	}
	image->archived_in = archive;
	image->inner_found = true;
	image->opened = archive->opened;
	/* It starts with what the archive has read. */
	for (unsigned i = 0; i < below; i++)
		image->inputs.in[i] = archive->inputs.in[i];
	image->inputs.count = below;
	if (in) {
		image->inputs.in[below] = in;
		image->inputs.own[below] = true;
		image->inputs.count++;
	}
	if (open_layers(image, &options, err) < 0) {
		*recognised = image->recognised;
		return -1;
	}
	*result = steal(image);
	return 0;
}

static int open_export(struct input **file, const char *uri,
		       struct savetool_connection *given,
		       const struct savetool_monitor *monitor,
		       struct savetool_error *err)
{
	cleanup_connection struct savetool_connection *own = NULL;

	if (!given && savetool_connect(&own, uri, monitor, err) < 0)
		return -1;
	return input_open_nbd(file, given ? given : own, err);
}

static int open_path(struct input **file, const char *path,
		     const struct savetool_open_options *options,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	int fd;

	if (savetool_is_uri(path))
		return open_export(file, path, options->connection, monitor,
				   err);
	if (strcmp(path, "-") != 0)
		return input_open_file(file, path, err);
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno(err, "cannot read standard input");
	return input_open_fd(file, fd, err);
}

static int open_named(struct savetool_image **outside, const char *path,
		      struct savetool_open_options *options,
		      const struct savetool_open_options *given,
		      const struct savetool_monitor *monitor,
		      struct savetool_error *err)
{
	cleanup_inner_name struct inner_name name = { 0 };
	cleanup_input struct input *file = NULL;
	bool own;

	if (options_take(options, sizeof(*options), given, err) < 0 ||
	    inner_name_split(&name, path, err) < 0)
		return -1;
	/* Who started us reads standard input by the same opening. */
	own = strcmp(name.file, "-") != 0;
	if (open_path(&file, name.file, options, monitor, err) < 0 ||
	    (options->direct && input_read_direct(file, own, err) < 0))
		return -1;
	file->monitor = monitor;
	return open_outside(outside, steal(file), name.file, name.inner,
			    options, err);
}

/* The image itself, or the only one in the archive; takes over what it is in.
 */
static int take_image(struct savetool_image **image,
		      struct savetool_image *outside,
		      const struct savetool_open_options *options,
		      struct savetool_error *err)
{
	if (outside->archive)
		return images_take_one(image, outside, open_member, options,
				       err);
	*image = outside;
	return 0;
}

int image_open_input(struct savetool_image **image, struct input *file,
		     const char *path, const char *inner,
		     const struct savetool_open_options *options,
		     struct savetool_error *err)
{
	struct savetool_image *outside;

	if (open_outside(&outside, file, path, inner, options, err) < 0)
		return -1;
	return take_image(image, outside, options, err);
}

int savetool_image_open(struct savetool_image **image, const char *path,
			const struct savetool_open_options *given,
			const struct savetool_monitor *monitor,
			struct savetool_error *err)
{
	struct savetool_image *outside;
	struct savetool_open_options options;

	if (open_named(&outside, path, &options, given, monitor, err) < 0)
		return -1;
	return take_image(image, outside, &options, err);
}

int savetool_images_open(struct savetool_images **images, const char *path,
			 const struct savetool_open_options *given,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	struct savetool_image *outside;
	struct savetool_open_options options;

	if (open_named(&outside, path, &options, given, monitor, err) < 0)
		return -1;
	return images_new(images, outside, open_member, &options, err);
}

int image_open_held(struct savetool_image **image, const struct held_file *held,
		    const char *path,
		    const struct savetool_open_options *options,
		    struct savetool_error *err)
{
	cleanup_input struct input *file = NULL;
	int fd = fcntl(held->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return fail_errno(err, "cannot read");
	if (input_open_fd(&file, fd, err) < 0 ||
	    (options->direct && input_read_direct(file, true, err) < 0))
		return -1;
	return image_open_input(image, steal(file), path, NULL, options, err);
}
