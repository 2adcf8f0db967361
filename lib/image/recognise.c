/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be met on the way from a file to its stream, layer by layer. */
#include "config.h"

#include "image/recognise.h"

#include "base/error.h"
#include "image/stranger.h"
#include "image/zero_tail.h"

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
	return !image->libvirt && !image->qcow2 &&
	       image_stream_offset(image) == 0 &&
	       qcow2_is_head(head->bytes, head->size) &&
	       (!image_member(image) || qcow2_has_snapshots(head->bytes));
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
	if (image_member(image))
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "qcow2 file in an archive: extract it first");
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

static int look_through(struct savetool_image *image,
			struct savetool_error *err)
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

int image_recognise(struct savetool_image *image, struct savetool_error *err)
{
	if (look_through(image, err) == 0)
		return 0;
	if (!has_facts(image, err))
		return -1;
	zero_tail_explain(image, err);
	image->broken = *err;
	return 0;
}
