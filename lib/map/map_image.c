/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps a whole file: the container, then the stream in its layout. */
#include "config.h"

#include "base/error.h"
#include "base/phases.h"
#include "image/trust.h"
#include "map/map.h"

#include <string.h>

/* XML and cookie each end with a NUL; the rest is space for more XML. */
static int map_container(struct map *map, struct savetool_error *err)
{
	const struct libvirt *libvirt = map->image->libvirt;
	uint64_t cookie, size;

	if (!libvirt)
		return map_add_to(map, SAVETOOL_EXTENT_LEADING,
				  image_payload_offset(map->image), err);
	cookie = LIBVIRT_HEADER_SIZE + libvirt->header.cookie_offset;
	if (map_add_to(map, SAVETOOL_EXTENT_HEADER, LIBVIRT_HEADER_SIZE, err) <
	    0)
		return -1;
	size = strlen(libvirt->xml) + 1;
	if (map_add_to(map, SAVETOOL_EXTENT_XML, LIBVIRT_HEADER_SIZE + size,
		       err) < 0)
		return -1;
	if (libvirt->cookie) {
		size = strlen(libvirt->cookie) + 1;
		if (map_add_to(map, SAVETOOL_EXTENT_PADDING, cookie, err) < 0 ||
		    map_add_to(map, SAVETOOL_EXTENT_COOKIE, cookie + size,
			       err) < 0)
			return -1;
	}
	return map_add_to(map, SAVETOOL_EXTENT_PADDING, libvirt_size(libvirt),
			  err);
}

/* Maps all of it; a compressed stream is one extent. */
static int map_file(struct map *map, struct savetool_error *err)
{
	struct savetool_image *image = map->image;
	struct pass *pass = map->pass;

	if (image_is_wrapped(image))
		return map_add_to(map, SAVETOOL_EXTENT_LEADING,
				  image_container_offset(image), err);
	if (image_stream_codec(image))
		return map_container(map, err);
	if (pass_begin(pass, image, err) < 0)
		return -1;
	if (!stream_is_mapped(&pass->stream))
		return map_container(map, err) < 0 ? -1 :
						     map_sequential(map, err);
	if (map_mapped_read(map, err) < 0 || map_container(map, err) < 0)
		return -1;
	return map_mapped(map, err);
}

/* What was found before a failure is reported nevertheless. */
static int map_all(struct map *map, struct savetool_error *err)
{
	struct savetool_error ignored;

	if (map_file(map, err) == 0 &&
	    map_add_to(map, SAVETOOL_EXTENT_COMPRESSED, map->in->size, err) ==
		    0)
		return map_flush(map, err);
	if (err->code != SAVETOOL_CANCELLED)
		map_flush(map, &ignored);
	return -1;
}

/* Checked after the map, which simply shows what the bitmaps say. */
static int check_bitmaps(struct pass *pass,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	enum doubt doubt;

	if (pass->bitmap_count == 0)
		return 0;
	if (trust_bitmaps(&doubt, pass, monitor, err) < 0)
		return -1;
	if (doubt == DOUBT_NONE)
		return 0;
	trust_refuse(doubt, err);
	return fail_while(err, "pages shown as stale may be memory");
}

int savetool_image_map(struct savetool_image *image, bool scan,
		       const struct savetool_monitor *monitor,
		       int (*each)(void *data,
				   const struct savetool_extent *extent),
		       void *data, struct savetool_error *err)
{
	cleanup_pass struct pass pass = PASS_INIT;
	struct phases phases;
	struct map map = {
		.image = image,
		.pass = &pass,
		.in = image_file_input(image),
		.scan = scan,
		.monitor = &phases.monitor,
		.each = each,
		.data = data,
	};

	if (!map.in->seekable)
		return fail(err, SAVETOOL_USAGE,
			    image_member(image) ?
				    "map needs an archive that is not "
				    "compressed" :
				    "map needs a file, not a pipe");
	phases_begin(&phases, monitor);
	if (map_all(&map, err) < 0)
		return -1;
	if (image_require_complete(image, err) < 0)
		return -1;
	phases_next(&phases, 100);
	return check_bitmaps(&pass, &phases.monitor, err);
}
