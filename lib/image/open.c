/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recognises an image, and stacks the layers that its stream comes out of. */
#include "config.h"

#include "image/image.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "image/members.h"
#include "image/stranger.h"
#include "image/zero_tail.h"
#include "io/held_file.h"
#include "io/input_nbd.h"
#include "io/spool.h"
#include "outer/inner_name.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

/* An archive's magic can be this far from its start: tar's. */
#define HEAD_SIZE 512

/* The first bytes of what is not understood yet. */
struct head {
	uint8_t bytes[HEAD_SIZE];
	size_t size;
};

_Static_assert(HEAD_SIZE >= LIBVIRT_MAGIC_SIZE, "enough for a header");
_Static_assert(HEAD_SIZE >= CODEC_HEAD, "enough for a codec");
_Static_assert(HEAD_SIZE <= INPUT_BACKLOG, "it can be read again");

static struct input *top_input(const struct savetool_image *image)
{
	return layer_input(&image->inputs, image->top);
}

/* Nothing is left of the container. */
static bool is_end(const struct savetool_image *image, const struct head *head)
{
	return head->size == 0 && image->top == image->container;
}

static int fail_end(struct savetool_image *image, const struct head *head,
		    struct savetool_error *err)
{
	const struct input *in = top_input(image);

	(void)head;
	if (image->payload == 0)
		return fail(err, SAVETOOL_NOT_IMAGE, "file is empty");
	if (image_require_complete(image, err) < 0)
		return -1;
	return fail_at(err, SAVETOOL_INCOMPLETE,
		       in->size != SAVETOOL_UNKNOWN ? in->size : in->position,
		       "file ends where the stream should start");
}

/* Where an image could start, and tar's name field could look like one. */
static bool is_archive(const struct savetool_image *image,
		       const struct head *head)
{
	return !image->libvirt && image_stream_offset(image) == 0 &&
	       archive_kind_find(head->bytes, head->size) != ARCHIVE_KIND_NONE;
}

static int stop_at_archive(struct savetool_image *image,
			   const struct head *head, struct savetool_error *err)
{
	if (image_member(image))
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "archive in an archive: extract it first");
	image->archive = archive_kind_find(head->bytes, head->size);
	return 0;
}

/* A libvirt header starts its container, and there is one of them. */
static bool is_header(const struct savetool_image *image,
		      const struct head *head)
{
	return !image->libvirt && image_stream_offset(image) == 0 &&
	       libvirt_is_magic(head->bytes, head->size);
}

/* What it lies in is the container, even if that was decompressed. */
static int take_header(struct savetool_image *image, const struct head *head,
		       struct savetool_error *err)
{
	int result;

	(void)head;
	image->recognised = true;
	result = libvirt_read(&image->libvirt, top_input(image), err);
	if (!image->libvirt)
		return -1;
	image->container = image->top;
	image->payload = libvirt_size(image->libvirt);
	image->big_endian = image->libvirt->header.big_endian;
	return result < 0 ? -1 : 1;
}

static bool is_stream(const struct savetool_image *image,
		      const struct head *head)
{
	(void)image;
	return stranger_is_stream(head->bytes, head->size);
}

static int take_stream(struct savetool_image *image, const struct head *head,
		       struct savetool_error *err)
{
	(void)head;
	(void)err;
	image->recognised = true;
	return 0;
}

/* One that lies in the VM state of another is none that anybody writes. */
static bool is_qcow2(const struct savetool_image *image,
		     const struct head *head)
{
	return !image->libvirt && !image->qcow2 && !image_member(image) &&
	       image_stream_offset(image) == 0 &&
	       qcow2_is_head(head->bytes, head->size);
}

/* Its tables lie anywhere. */
static int make_seekable(struct savetool_image *image,
			 struct savetool_error *err)
{
	if (top_input(image)->seekable)
		return 0;
	if (layer_spool_new(&image->top, image->top, top_input(image),
			    image->spool_folder, err) < 0)
		return -1;
	return layer_open(&image->inputs, image->top, err);
}

/* The VM state of a snapshot is like a file of its own. */
static int push_qcow2(struct savetool_image *image, const struct head *head,
		      struct savetool_error *err)
{
	unsigned index;

	(void)head;
	image->inner_found = true;
	if (make_seekable(image, err) < 0 ||
	    qcow2_read(&image->qcow2, top_input(image), err) < 0 ||
	    qcow2_choose(&index, image->qcow2, image->inner, err) < 0)
		return -1;
	if (image->qcow2->refused.code != SAVETOOL_OK) {
		*err = image->qcow2->refused;
		return -1;
	}
	if (layer_qcow2_new(&image->top, image->top, image->qcow2, index, err) <
	    0)
		return -1;
	image->container = image->top;
	image->snapshot = &image->qcow2->snapshots[index];
	return layer_open(&image->inputs, image->top, err) < 0 ? -1 : 1;
}

/* A stream that is compressed twice is none that anybody writes. */
static bool is_compressed(const struct savetool_image *image,
			  const struct head *head)
{
	return !image_stream_codec(image) &&
	       codec_for_content(head->bytes, head->size);
}

/*
 * Fails now, if it must, and not after a destination was made.  What follows a
 * header is not looked at: the header can be described even if the stream
 * cannot be decompressed, which a pass reports.
 */
static int push_codec(struct savetool_image *image, const struct head *head,
		      struct savetool_error *err)
{
	const struct codec *codec = codec_for_content(head->bytes, head->size);

	if (layer_codec_new(&image->top, image->top, codec, image->payload,
			    err) < 0 ||
	    layer_open(&image->inputs, image->top, err) < 0)
		return -1;
	return image->libvirt ? 0 : 1;
}

static bool is_anything(const struct savetool_image *image,
			const struct head *head)
{
	(void)image;
	(void)head;
	return true;
}

static int fail_unknown(struct savetool_image *image, const struct head *head,
			struct savetool_error *err)
{
	uint64_t offset = image_stream_offset(image);

	(void)head;
	if (image->libvirt)
		return fail_stranger_after(image->libvirt, offset,
					   top_input(image), offset, NULL, err);
	return fail_stranger(top_input(image), offset,
			     image_stream_codec(image), err);
}

/*
 * What can be met on the way to the stream; the first that fits counts.  take()
 * returns 1 if there is more to look at, in the same layer or in a new one on
 * top of it, and 0 if the way ends here.
 */
static const struct kind {
	bool (*is)(const struct savetool_image *image, const struct head *head);
	int (*take)(struct savetool_image *image, const struct head *head,
		    struct savetool_error *err);
} kinds[] = {
	{ is_end, fail_end },          { is_archive, stop_at_archive },
	{ is_header, take_header },    { is_stream, take_stream },
	{ is_qcow2, push_qcow2 },      { is_compressed, push_codec },
	{ is_anything, fail_unknown },
};

static int look(struct head *head, const struct savetool_image *image,
		struct savetool_error *err)
{
	uint64_t offset = image_stream_offset(image);
	struct input *in = top_input(image);

	head->size = 0;
	/* The kernel takes no offset that is too far. */
	if (offset > in->size)
		return 0;
	return input_read_all(in, head->bytes, sizeof(head->bytes), offset,
			      &head->size, err);
}

static int recognise(struct savetool_image *image, struct savetool_error *err)
{
	int more = 1;

	if (layer_open(&image->inputs, image->top, err) < 0)
		return -1;
	while (more > 0) {
		const struct kind *kind = kinds;
		struct head head;

		if (look(&head, image, err) < 0)
			return -1;
		while (!kind->is(image, &head))
			kind++;
		more = kind->take(image, &head, err);
	}
	return more;
}

/* Is there anything to show, though no stream was reached? */
static bool has_facts(const struct savetool_image *image,
		      const struct savetool_error *err)
{
	if (image->qcow2 && !image->snapshot)
		return err->code == SAVETOOL_USAGE ||
		       err->code == SAVETOOL_UNSUPPORTED;
	return image->libvirt && image->top == image->container &&
	       (err->code == SAVETOOL_INCOMPLETE ||
		err->code == SAVETOOL_CORRUPT ||
		err->code == SAVETOOL_UNSUPPORTED);
}

/*
 * What a header says is worth showing even if there is nothing after it that
 * could be read, and so are the snapshots of a qcow2 file.  Then whoever begins
 * a pass gets the error.
 */
static int recognise_header(struct savetool_image *image,
			    struct savetool_error *err)
{
	if (recognise(image, err) == 0)
		return 0;
	if (!has_facts(image, err))
		return -1;
	zero_tail_explain(image, err);
	image->broken = *err;
	return 0;
}

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
	if (recognise_header(image, err) < 0 || require_inner(image, err) < 0)
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

int image_open_input(struct savetool_image **image, struct input *file,
		     const char *path, const char *inner,
		     const struct savetool_open_options *options,
		     struct savetool_error *err)
{
	cleanup_image struct savetool_image *outside = NULL;

	if (open_outside(&outside, file, path, inner, options, err) < 0)
		return -1;
	if (outside->archive)
		return images_take_one(image, steal(outside), open_member,
				       options, err);
	*image = steal(outside);
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
		      const struct savetool_open_options *options,
		      const struct savetool_monitor *monitor,
		      struct savetool_error *err)
{
	cleanup_inner_name struct inner_name name = { 0 };
	cleanup_input struct input *file = NULL;
	bool own;

	if (inner_name_split(&name, path, err) < 0)
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

int savetool_image_open(struct savetool_image **image, const char *path,
			const struct savetool_open_options *given,
			const struct savetool_monitor *monitor,
			struct savetool_error *err)
{
	cleanup_image struct savetool_image *outside = NULL;
	struct savetool_open_options options;

	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    open_named(&outside, path, &options, monitor, err) < 0)
		return -1;
	if (outside->archive)
		return images_take_one(image, steal(outside), open_member,
				       &options, err);
	*image = steal(outside);
	return 0;
}

int savetool_images_open(struct savetool_images **images, const char *path,
			 const struct savetool_open_options *given,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	cleanup_image struct savetool_image *outside = NULL;
	struct savetool_open_options options;

	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    open_named(&outside, path, &options, monitor, err) < 0)
		return -1;
	return images_new(images, steal(outside), open_member, &options, err);
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
