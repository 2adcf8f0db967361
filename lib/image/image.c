/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts about an opened image: its layers, its input, its header. */
#include "config.h"

#include "image/image.h"

#include "base/error.h"
#include "io/spool.h"

#include <stdlib.h>
#include <string.h>

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

static const struct layer *file_layer(const struct savetool_image *image)
{
	const struct layer *layer = image->top;

	while (!layer->is_file)
		layer = layer->below;
	return layer;
}

struct input *image_file_input(const struct savetool_image *image)
{
	const struct layer *layer = file_layer(image);

	return layer->shared ? layer->shared :
			       layer_input(&image->inputs, layer);
}

int image_fd(const struct savetool_image *image)
{
	return input_fd(layer_bottom(image->top)->shared);
}

bool image_is_whole_file(const struct savetool_image *image)
{
	return !file_layer(image)->below;
}

const char *image_member(const struct savetool_image *image)
{
	return file_layer(image)->name;
}

uint64_t image_member_stored(const struct savetool_image *image)
{
	return file_layer(image)->stored;
}

const char *savetool_image_member(const struct savetool_image *image)
{
	return image_member(image);
}

int image_require_whole_file(const struct savetool_image *image,
			     struct savetool_error *err)
{
	if (image_is_whole_file(image))
		return 0;
	fail(err, SAVETOOL_UNSUPPORTED,
	     image->snapshot ? "a snapshot in a qcow2 file can only be read" :
			       "an image in another file can only be read");
	return fail_hint(err, SAVETOOL_HINT_CONVERT);
}

struct input *image_container_input(const struct savetool_image *image)
{
	return layer_input(&image->inputs, image->container);
}

bool image_is_wrapped(const struct savetool_image *image)
{
	return !image->container->is_file;
}

uint64_t image_payload_offset(const struct savetool_image *image)
{
	return image->payload;
}

uint64_t image_container_offset(const struct savetool_image *image)
{
	return image->container->start;
}

uint64_t image_stream_offset(const struct savetool_image *image)
{
	return image->top == image->container ? image->payload : 0;
}

bool image_has_own_holes(const struct savetool_image *image)
{
	return !image->spool;
}

const struct codec *image_stream_codec(const struct savetool_image *image)
{
	return image->top == image->container ? NULL : image->top->codec;
}

/* The layers are linked from the top, and few. */
int image_compression(const struct codec **codec, const struct input **packed,
		      const struct savetool_image *image, unsigned index)
{
	const struct layer *found = NULL;
	unsigned above = 0;

	/* What compresses an archive is not the image's. */
	for (const struct layer *l = image->top; !l->is_file; l = l->below)
		above += l->codec != NULL;
	for (const struct layer *l = image->top; !l->is_file && above > index;
	     l = l->below) {
		above -= l->codec != NULL;
		found = l;
	}
	if (!found)
		return 0;
	*codec = found->codec;
	*packed = layer_input(&image->inputs, found->below);
	return 1;
}

const struct codec *image_codec(const struct savetool_image *image)
{
	const struct codec *codec = NULL;
	const struct input *packed;

	image_compression(&codec, &packed, image, 0);
	return codec;
}

bool image_is_repeatable(const struct savetool_image *image)
{
	return layer_bottom(image->top)->shared->seekable ||
	       image_file_input(image)->seekable || image->spool;
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

int image_require_xml(const struct savetool_image *image,
		      struct savetool_error *err)
{
	const struct libvirt *libvirt = image->libvirt;

	if (!libvirt && image->broken.code == 0)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "a bare stream has no libvirt header, and so no "
			    "domain XML");
	if (libvirt && (strlen(libvirt->xml) < libvirt->present ||
			libvirt->present == libvirt->header.data_length))
		return 0;
	*err = image->broken;
	return -1;
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
