/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pass over an image's stream. */
#include "config.h"

#include "image/pass.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "format/early.h"
#include "format/page_size.h"
#include "image/stranger.h"
#include "image/zero_tail.h"
#include "io/spool.h"
#include "ram/pump.h"

#include <stdlib.h>

/*
 * The first pass reads what opening the image has opened.  What is compressed
 * can only be read forwards, so each of the others has inputs of its own.
 */
static int open_stream(struct pass *pass, struct savetool_error *err)
{
	struct savetool_image *image = pass->image;

	if (image->spool) {
		pass->in = image->spool;
	} else if (!image->taken) {
		pass->in = layer_input(&image->inputs, image->top);
	} else {
		if (layer_open(&pass->inputs, image->top, err) < 0)
			return -1;
		pass->in = layer_input(&pass->inputs, image->top);
	}
	image->taken = true;
	return 0;
}

/*
 * A member has failed.  If the image ends before it, as its tail says, that is
 * none of the image's.
 */
static int require_end(const struct pass *pass, struct input *spool,
		       uint64_t start, const struct savetool_error *broken,
		       struct savetool_error *err)
{
	struct tail *tail = NULL;
	bool ends;

	if (broken->code == SAVETOOL_OK)
		return 0;
	if (tail_find(&tail, spool, pass->pool, start, err) < 0)
		return -1;
	ends = tail && input_ends_before_failure(pass->in, tail_end(tail));
	tail_free(tail);
	if (ends)
		return 0;
	*err = *broken;
	return -1;
}

/* What was read of the stream is still in its first chunk. */
static int spool(struct pass *pass, struct savetool_error *err)
{
	struct savetool_image *image = pass->image;
	struct stream *stream = &pass->stream;
	cleanup_input struct input *spool = NULL;
	struct savetool_error broken;
	const struct chunk *chunk = stream->reader.chunk;
	uint64_t offset = image_stream_offset(image);

	if (spool_open(&spool, image->spool_folder, pass->in, chunk->data,
		       stream->reader.end - chunk->data, offset, UINT64_MAX,
		       &broken, err) < 0)
		return -1;
	/* To search takes a chunk. */
	reader_release(&stream->reader);
	if (require_end(pass, spool, offset, &broken, err) < 0)
		return -1;
	pass->in = image->spool = steal(spool);
	stream_close(stream);
	return stream_open(stream, pass->in, pass->pool, offset, err);
}

/* That of the guest's architecture, if the domain XML tells it. */
static uint64_t expected_page_size(const struct savetool_image *image)
{
	struct domain_xml *domain;
	struct savetool_error ignored;
	uint64_t page_size;

	if (!image->libvirt ||
	    domain_xml_parse(&domain, image->libvirt->xml, &ignored) < 0)
		return 0;
	page_size = page_size_of_arch(domain_xml_guest(domain)->arch);
	domain_xml_free(domain);
	return page_size;
}

void pass_distrust_tail(struct pass *pass)
{
	tail_free(pass->hint);
	pass->hint = steal(pass->tail);
}

/*
 * A sequential stream does not say how large its pages are, nor how long
 * what is saved ahead of memory is; its far end does.  If the end of the file
 * is that.
 */
static int look_ahead(struct pass *pass, struct savetool_error *err)
{
	uint64_t offset = image_stream_offset(pass->image);
	bool doubtful = false;

	pass->stream.expected_page_size = expected_page_size(pass->image);
	if (pass->in->seekable &&
	    tail_find(&pass->tail, pass->in, pass->pool, offset, err) < 0)
		return -1;
	if (!pass->tail)
		return 0;
	pass->stream.vmdesc = pass->tail->vmdesc;
	if (!stream_is_mapped(&pass->stream) &&
	    tail_is_doubtful(&doubtful, pass->tail, offset, err) < 0)
		return -1;
	if (doubtful)
		pass_distrust_tail(pass);
	return 0;
}

/* What a libvirt header says of the packed stream proves nothing. */
static int require_stream(const struct pass *pass, struct savetool_error *err)
{
	const struct savetool_image *image = pass->image;
	uint8_t magic[4];
	size_t got;

	if (!image->libvirt || !image_stream_codec(image))
		return 0;
	if (input_read_all(pass->in, magic, sizeof(magic), 0, &got, err) < 0)
		return -1;
	if (got < sizeof(magic) || stranger_is_stream(magic, got))
		return 0;
	return fail_stranger_after(image->libvirt, image->payload, pass->in, 0,
				   image_stream_codec(image), err);
}

/* A shared block has no pages in the file: such an image is refused later. */
static bool can_go_forwards(const struct pass *pass)
{
	return !pass->image->keep && stream_is_mapped(&pass->stream) &&
	       !configuration_can(&pass->stream.configuration,
				  CAPABILITY_IGNORE_SHARED);
}

/* It comes forwards only, but has to be read back and forth, or again. */
static bool needs_keeping(const struct pass *pass)
{
	const struct savetool_image *image = pass->image;

	return !pass->in->seekable &&
	       (stream_is_mapped(&pass->stream) ||
		early_needs_end(&pass->stream) ||
		(image->keep && !image_is_repeatable(image)));
}

static int begin(struct pass *pass, struct savetool_image *image, bool forwards,
		 struct savetool_error *err)
{
	if (chunk_pool_new(&pass->pool, PUMP_CHUNKS + 2, err) < 0 ||
	    open_stream(pass, err) < 0 || require_stream(pass, err) < 0 ||
	    stream_open(&pass->stream, pass->in, pass->pool,
			image_stream_offset(image), err) < 0)
		return -1;
	pass->forwards =
		forwards && !pass->in->seekable && can_go_forwards(pass);
	if (!pass->forwards && needs_keeping(pass) && spool(pass, err) < 0)
		return -1;
	return look_ahead(pass, err);
}

static int begin_or_explain(struct pass *pass, struct savetool_image *image,
			    bool forwards, struct savetool_error *err)
{
	*pass = (struct pass){ .image = image };
	if (image->broken.code != SAVETOOL_OK) {
		*err = image->broken;
		return -1;
	}
	if (begin(pass, image, forwards, err) == 0)
		return 0;
	zero_tail_explain(image, err);
	return -1;
}

int pass_begin(struct pass *pass, struct savetool_image *image,
	       struct savetool_error *err)
{
	return begin_or_explain(pass, image, false, err);
}

int pass_begin_forwards(struct pass *pass, struct savetool_image *image,
			struct savetool_error *err)
{
	return begin_or_explain(pass, image, true, err);
}

int pass_keep(struct pass *pass, struct savetool_error *err)
{
	if (!pass->forwards)
		return 0;
	pass->forwards = false;
	return spool(pass, err) < 0 ? -1 : look_ahead(pass, err);
}

int pass_keep_rest(struct pass *pass, struct savetool_error *err)
{
	struct reader *reader = &pass->stream.reader;
	cleanup_input struct input *rest = NULL;
	uint64_t offset = reader->offset;
	struct savetool_error broken;

	if (pass->in->seekable)
		return 0;
	if (spool_open(&rest, pass->image->spool_folder, pass->in, reader->next,
		       reader_visible(reader), offset, UINT64_MAX, &broken,
		       err) < 0)
		return -1;
	reader_release(reader);
	if (require_end(pass, rest, offset, &broken, err) < 0)
		return -1;
	pass->in = pass->rest = steal(rest);
	reader_init(reader, pass->in, pass->pool, offset);
	return 0;
}

int pass_see_end(struct pass *pass, struct savetool_error *err)
{
	if (pass->in->seekable)
		return 0;
	if (pass_keep_rest(pass, err) < 0 ||
	    tail_find(&pass->tail, pass->in, pass->pool,
		      image_stream_offset(pass->image), err) < 0)
		return -1;
	if (pass->tail)
		pass->stream.vmdesc = pass->tail->vmdesc;
	return 0;
}

void pass_end(struct pass *pass)
{
	if (!pass->image)
		return;
	stream_close(&pass->stream);
	for (unsigned i = 0; i < pass->bitmap_count; i++)
		bitmap_free(&pass->bitmaps[i]);
	free(pass->bitmaps);
	free(pass->clear_data);
	tail_free(pass->tail);
	tail_free(pass->hint);
	chunk_pool_free(pass->pool);
	layer_close(&pass->inputs);
	input_close(pass->rest);
	*pass = (struct pass)PASS_INIT;
}

enum savetool_format pass_format(const struct pass *pass)
{
	const struct codec *codec = image_stream_codec(pass->image);

	if (codec)
		return codec->format;
	return stream_is_mapped(&pass->stream) ? SAVETOOL_FORMAT_SPARSE :
						 SAVETOOL_FORMAT_RAW;
}

int pass_read_tail(struct pass *pass, struct savetool_error *err)
{
	struct stream *stream = &pass->stream;
	struct tail *tail = pass->tail;

	if (tail && tail->offset == stream->reader.offset &&
	    tail->footers == stream->footers)
		return 0;
	if (tail_read(&tail, stream, pass->image->spool_folder, err) < 0)
		return -1;
	stream->vmdesc = NULL;
	tail_free(pass->tail);
	pass->tail = tail;
	return 0;
}

int pass_read_bitmaps(struct pass *pass, struct savetool_error *err)
{
	const struct ram_list *list = &pass->stream.ram;

	pass->bitmaps = calloc(list->layout.count + 1, sizeof(*pass->bitmaps));
	if (!pass->bitmaps)
		return fail_memory(err);
	for (unsigned i = 0; i < list->layout.count; i++) {
		if (mapped_read_bitmap(&pass->bitmaps[i], pass->in, list, i,
				       pass->image->big_endian, pass->strays,
				       err) < 0)
			return -1;
		pass->bitmap_count++;
	}
	return 0;
}
