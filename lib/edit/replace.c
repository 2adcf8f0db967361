/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes an image again with another header, and nothing else decoded. */
#include "config.h"

#include "edit/replace.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/monitor.h"
#include "image/unchanged.h"
#include "inspect/describe.h"
#include "io/space.h"

#include <string.h>

#define COPY_SIZE (UINT32_C(1) << 20)
#define COPY_ALIGNMENT 4096 /* for direct I/O */

/* Where what follows the header starts, and how far it moves. */
static uint64_t payload(const struct replacement *replacement)
{
	return libvirt_size(replacement->image->libvirt);
}

static uint64_t distance(const struct replacement *replacement)
{
	return libvirt_size(replacement->header) - payload(replacement);
}

static int copy_extent(const struct replacement *replacement,
		       const struct extent *extent, void *buffer,
		       struct output *out, struct savetool_error *err)
{
	struct input *in = image_container_input(replacement->image);
	uint64_t at = extent->offset, end = at + extent->length;

	while (at < end) {
		size_t size = end - at < COPY_SIZE ? end - at : COPY_SIZE;

		if (input_read_exactly(in, buffer, size, at, err) < 0 ||
		    output_write_at(out, buffer, size,
				    at + distance(replacement), err) < 0 ||
		    monitor_report(replacement->monitor, at, in->size, err) < 0)
			return -1;
		at += size;
	}
	return 0;
}

/* Holes stay holes. */
static int copy_extents(const struct replacement *replacement, void *buffer,
			struct output *out, struct savetool_error *err)
{
	struct input *in = image_container_input(replacement->image);
	uint64_t at = payload(replacement);

	while (at < in->size) {
		struct extent extent;

		if (input_extent(in, at, &extent, err) < 0)
			return -1;
		if (extent.length == 0)
			break;
		if (!extent.hole &&
		    copy_extent(replacement, &extent, buffer, out, err) < 0)
			return -1;
		at += extent.length;
	}
	return 0;
}

static int copy(const struct replacement *replacement, struct output *out,
		struct savetool_error *err)
{
	struct input *in = image_container_input(replacement->image);
	cleanup_free void *buffer = aligned_alloc(COPY_ALIGNMENT, COPY_SIZE);
	uint64_t data;

	if (!buffer)
		return fail_memory(err);
	if (input_count_data(&data, in, payload(replacement), in->size, err) <
		    0 ||
	    space_require(out, data + libvirt_size(replacement->header), err) <
		    0 ||
	    output_reach(out, in->size + distance(replacement), err) < 0)
		return -1;
	return copy_extents(replacement, buffer, out, err);
}

/*
 * The offsets of a block are its header's last 16 bytes.  They count from the
 * start of the file.
 */
static int move_blocks(const struct replacement *replacement,
		       struct output *out, struct savetool_error *err)
{
	const struct ram_list *list = replacement->list;
	uint64_t moved = distance(replacement);
	uint8_t bytes[16];

	for (unsigned i = 0; list && i < list->layout.count; i++) {
		const struct mapped_header *block = &list->headers[i];
		uint64_t at = block->header_offset + block->header_length -
			      sizeof(bytes);

		/* Its memory is stored elsewhere. */
		if (block->pages_offset == 0)
			continue;
		put_be64(bytes, block->bitmap_offset + moved);
		put_be64(bytes + 8, block->pages_offset + moved);
		if (output_write_at(out, bytes, sizeof(bytes), at + moved,
				    err) < 0)
			return -1;
	}
	return 0;
}

static bool has_moved(const struct ram_list *old, const struct ram_list *new,
		      uint64_t moved)
{
	if (!new->mapped || new->layout.count != old->layout.count)
		return false;
	for (unsigned i = 0; i < old->layout.count; i++) {
		const struct ram_block *a = &old->layout.blocks[i];
		const struct ram_block *b = &new->layout.blocks[i];
		uint64_t by = old->headers[i].pages_offset ? moved : 0;

		if (strcmp(a->name, b->name) != 0 || a->length != b->length ||
		    old->headers[i].bitmap_offset + by !=
			    new->headers[i].bitmap_offset ||
		    old->headers[i].pages_offset + by !=
			    new->headers[i].pages_offset)
			return false;
	}
	return true;
}

static int fail_verify(struct savetool_error *err)
{
	return fail(err, SAVETOOL_SYSTEM,
		    "verification failed: output differs from source; output "
		    "discarded");
}

/* Reads the header back, and the list of blocks if that has moved. */
static int verify(const struct replacement *replacement, struct output *out,
		  struct savetool_error *err)
{
	const struct savetool_open_options open = {
		.size = sizeof(open),
		.byte_order = image_byte_order(replacement->image),
	};
	const struct describe_options options = { .scan = false };
	cleanup_image struct savetool_image *written = NULL;
	cleanup_pass struct pass pass = PASS_INIT;
	struct input *in;

	if (output_flush(out, err) < 0 || output_read_back(out, &in, err) < 0 ||
	    image_open_input(&written, in, "", NULL, &open, err) < 0)
		return fail_while(err, "cannot read the output back");
	if (!written->libvirt ||
	    libvirt_size(written->libvirt) !=
		    libvirt_size(replacement->header) ||
	    memcmp(written->libvirt->data, replacement->header->data,
		   replacement->header->header.data_length) != 0)
		return fail_verify(err);
	if (!replacement->list)
		return 0;
	/* It will say so when it is on the disk. */
	written->libvirt->header.complete = true;
	if (describe_image(&pass, written, &options, replacement->monitor,
			   err) < 0)
		return fail_while(err, "cannot read the output back");
	return has_moved(replacement->list, &pass.stream.ram,
			 distance(replacement)) ?
		       0 :
		       fail_verify(err);
}

/* Everything but the header; *cloned: shared rather than copied. */
static int fill(const struct replacement *replacement, struct output *out,
		bool *cloned, struct savetool_error *err)
{
	uint64_t from = payload(replacement) / CLONE_UNIT * CLONE_UNIT;
	int shared = output_clone(out, image_fd(replacement->image), from,
				  from + distance(replacement), 0, err);

	*cloned = shared > 0;
	if (shared < 0 || (shared == 0 && copy(replacement, out, err) < 0))
		return -1;
	return move_blocks(replacement, out, err);
}

int replace_write(const struct replacement *replacement, struct output *out,
		  bool *cloned, struct savetool_error *err)
{
	uint64_t size = image_container_input(replacement->image)->size;

	if (fill(replacement, out, cloned, err) < 0 ||
	    libvirt_write(replacement->header, out, err) < 0 ||
	    libvirt_write_complete(out, err) < 0)
		return -1;
	out->position = size + distance(replacement);
	return verify(replacement, out, err);
}

int replace_image(const struct replacement *replacement, bool *cloned,
		  struct savetool_error *err)
{
	const struct output_file_options options = {
		.force = true,
		.replaces = replacement->held,
		.like_fd = replacement->held->fd,
		.changed = true,
	};
	const struct savetool_image *image = replacement->image;
	cleanup_output struct output *out = NULL;

	if (output_create_file(&out, image->path, &options, err) < 0 ||
	    (image->direct && output_write_direct(out, err) < 0) ||
	    replace_write(replacement, out, cloned, err) < 0 ||
	    image_require_unchanged(image, err) < 0 ||
	    held_file_check(replacement->held, err) < 0)
		return -1;
	return output_commit(out, err);
}
