/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recognises an image and stacks the layers that read it. */
#include "config.h"

#include "image/image.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "image/description.h"
#include "image/stranger.h"
#include "io/held_file.h"
#include "io/spool.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define HEAD_SIZE 64

/* The bytes that the stream starts with decide what it is, and no header. */
static int recognise_payload(struct savetool_image *image,
			     struct savetool_error *err)
{
	const struct input *file = image->file;
	uint8_t head[HEAD_SIZE];
	size_t got = 0;

	/* The kernel takes no offset that is too far. */
	if (image->payload <= file->size &&
	    input_read_all(image->file, head, sizeof(head), image->payload,
			   &got, err) < 0)
		return -1;
	if (got == 0 && image->payload == 0)
		return fail(err, SAVETOOL_NOT_IMAGE, "file is empty");
	if (got == 0 && image_require_complete(image, err) < 0)
		return -1;
	if (got == 0)
		return fail_at(err, SAVETOOL_INCOMPLETE,
			       file->size != SAVETOOL_UNKNOWN ? file->size :
								file->position,
			       "file ends where the stream should start");
	if (stranger_is_stream(head, got))
		return 0;
	image->codec = codec_for_content(head, got);
	if (image->codec)
		return 0;
	if (image->libvirt)
		return fail_stranger_after(image->libvirt, image->payload,
					   image->file, image->payload, NULL,
					   err);
	return fail_stranger(image->file, image->payload, NULL, err);
}

static int recognise_container(struct savetool_image *image, uint64_t offset,
			       struct savetool_error *err)
{
	uint8_t magic[LIBVIRT_MAGIC_SIZE];
	size_t got;

	image->payload = offset;
	if (offset == 0) {
		if (input_read_all(image->file, magic, sizeof(magic), 0, &got,
				   err) < 0)
			return -1;
		if (libvirt_is_magic(magic, got)) {
			if (libvirt_read(&image->libvirt, image->file, err) < 0)
				return -1;
			image->big_endian = image->libvirt->header.big_endian;
			image->payload = libvirt_size(image->libvirt);
		}
	}
	return recognise_payload(image, err);
}

/*
 * A file that was packed as a whole, header and all, by somebody who wanted
 * it small: its unpacked bytes are the file then.
 */
static int look_inside(struct savetool_image *image, struct savetool_error *err)
{
	uint8_t magic[LIBVIRT_MAGIC_SIZE];
	size_t got;

	if (codec_unpack(image->codec, &image->unpacked, image->file,
			 image->payload, err) < 0 ||
	    input_read_all(image->unpacked, magic, sizeof(magic), 0, &got,
			   err) < 0)
		return -1;
	if (stranger_is_stream(magic, got))
		return 0;
	if (!libvirt_is_magic(magic, got))
		return fail_stranger(image->unpacked, 0, image->codec, err);
	image->outer = image->file;
	image->outer_codec = image->codec;
	image->outer_offset = image->payload;
	image->file = steal(image->unpacked);
	image->codec = NULL;
	return recognise_container(image, 0, err);
}

static int recognise(struct savetool_image *image, uint64_t offset,
		     struct savetool_error *err)
{
	if (recognise_container(image, offset, err) < 0)
		return -1;
	if (image->codec && !image->libvirt && look_inside(image, err) < 0)
		return -1;
	/* Fails now, if it must, and not after a destination was made. */
	if (image->codec && !image->unpacked)
		return codec_unpack(image->codec, &image->unpacked, image->file,
				    image->payload, err);
	return 0;
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

int image_open_input(struct savetool_image **result, struct input *file,
		     const char *path,
		     const struct savetool_open_options *options,
		     struct savetool_error *err)
{
	struct savetool_image *image = calloc(1, sizeof(*image));

	if (!image) {
		input_close(file);
		return fail_memory(err);
	}
	image->file = file;
	if (input_fd(file) >= 0 && fstat(input_fd(file), &image->opened) < 0)
		image->opened.st_mode = 0;
	image->direct = options->direct;
	image->spool_folder = strdup(SPOOL_FOLDER);
	image->path = strdup(path);
	if (!image->path || !image->spool_folder)
		fail_memory(err);
	else if (options->offset > INT64_MAX)
		fail(err, SAVETOOL_USAGE, "offset %" PRIu64 " is out of range",
		     options->offset);
	else if (recognise(image, options->offset, err) == 0 &&
		 take_byte_order(image, options->byte_order, err) == 0) {
		*result = image;
		return 0;
	}
	savetool_image_close(image);
	return -1;
}

static int open_path(struct input **file, const char *path,
		     struct savetool_error *err)
{
	int fd;

	if (strcmp(path, "-") != 0)
		return input_open_file(file, path, err);
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno(err, "cannot read standard input");
	return input_open_fd(file, fd, err);
}

int savetool_image_open(struct savetool_image **image, const char *path,
			const struct savetool_open_options *given,
			const struct savetool_monitor *monitor,
			struct savetool_error *err)
{
	struct savetool_open_options options;
	cleanup_input struct input *file = NULL;
	/* Who started us reads standard input by the same opening. */
	bool own = strcmp(path, "-") != 0;

	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    open_path(&file, path, err) < 0 ||
	    (options.direct && input_read_direct(file, own, err) < 0))
		return -1;
	file->monitor = monitor;
	return image_open_input(image, steal(file), path, &options, err);
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
	return image_open_input(image, steal(file), path, options, err);
}

void savetool_image_close(struct savetool_image *image)
{
	if (!image)
		return;
	description_free(image->description);
	libvirt_free(image->libvirt);
	input_close(image->spool);
	input_close(image->unpacked);
	input_close(image->file);
	input_close(image->outer);
	free(image->spool_folder);
	free(image->path);
	free(image);
}

int image_spool_beside(struct savetool_image *image, const char *path,
		       struct savetool_error *err)
{
	char *folder = spool_folder(path);

	if (!folder)
		return fail_memory(err);
	free(image->spool_folder);
	image->spool_folder = folder;
	return 0;
}

bool image_order_is_known(const struct savetool_image *image)
{
	return image->order_given ||
	       (image->libvirt && !libvirt_order_is_doubtful(image->libvirt));
}

enum savetool_byte_order image_byte_order(const struct savetool_image *image)
{
	return image->big_endian ? SAVETOOL_BYTE_ORDER_BIG :
				   SAVETOOL_BYTE_ORDER_LITTLE;
}

int image_fd(const struct savetool_image *image)
{
	return input_fd(image->outer ? image->outer : image->file);
}

uint64_t image_stream_offset(const struct savetool_image *image)
{
	return image->codec ? 0 : image->payload;
}

bool image_has_own_holes(const struct savetool_image *image)
{
	return !image->spool;
}

const struct codec *image_codec(const struct savetool_image *image)
{
	return image->outer_codec ? image->outer_codec : image->codec;
}

bool image_is_repeatable(const struct savetool_image *image)
{
	const struct input *file = image->outer ? image->outer : image->file;

	return file->seekable || image->spool;
}

int libvirt_check_xml(const struct libvirt *libvirt, struct savetool_error *err)
{
	struct domain_xml *domain;

	if (domain_xml_parse(&domain, libvirt->xml, err) == 0)
		domain_xml_free(domain);
	else if (err->code != SAVETOOL_UNSUPPORTED)
		return fail_while_at(err, LIBVIRT_HEADER_SIZE, "domain XML");
	if (libvirt->cookie && xml_check(libvirt->cookie, err) < 0 &&
	    err->code != SAVETOOL_UNSUPPORTED)
		return fail_while_at(err,
				     LIBVIRT_HEADER_SIZE +
					     libvirt->header.cookie_offset,
				     "cookie");
	return 0;
}

int image_require_complete(const struct savetool_image *image,
			   struct savetool_error *err)
{
	if (!image->libvirt || image->libvirt->header.complete)
		return 0;
	return fail(err, SAVETOOL_INCOMPLETE,
		    "libvirt never finished this image: its header says "
		    "'LibvirtQemudPart'");
}
