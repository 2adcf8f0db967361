/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the two images: a walk over it, and what is kept of it. */
#include "config.h"

#include "compare/side.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static int keep_bytes(struct side *side, struct early_section *section,
		      const struct iovec *iov, struct savetool_error *err)
{
	uint8_t *grown;

	XXH3_128bits_update(section->sum, iov->iov_base, iov->iov_len);
	section->length += iov->iov_len;
	/* A gap would not help. */
	if (section->kept + iov->iov_len < section->length ||
	    side->early_kept + iov->iov_len > EARLY_KEPT || iov->iov_len == 0)
		return 0;
	grown = realloc(section->bytes, section->kept + iov->iov_len);
	if (!grown)
		return fail_memory(err);
	memcpy(grown + section->kept, iov->iov_base, iov->iov_len);
	section->bytes = grown;
	section->kept += iov->iov_len;
	side->early_kept += iov->iov_len;
	return 0;
}

static int add_bytes(struct output *out, struct iovec *iov, unsigned count,
		     uint64_t offset, struct savetool_error *err)
{
	struct side *side =
		(void *)((char *)out - offsetof(struct side, payload));

	(void)offset;
	for (unsigned i = 0; i < count; i++)
		if (keep_bytes(side, &side->early[side->early_current], &iov[i],
			       err) < 0)
			return -1;
	return 0;
}

static const struct output_ops payload_ops = { .write_at = add_bytes };

/* A part of the memory would not be the guest's. */
static int on_start(struct visitor *visitor, const struct stream *stream,
		    struct savetool_error *err)
{
	(void)visitor;
	return stream_require_own_memory(stream, err);
}

static int add_early(struct side *side, const struct section *section,
		     struct savetool_error *err)
{
	struct early_section *grown = reallocarray(
		side->early, side->early_count + 1, sizeof(*grown));
	struct early_section *early;

	if (!grown)
		return fail_memory(err);
	side->early = grown;
	early = &grown[side->early_count];
	*early = (struct early_section){
		.name = strdup(section->name),
		.instance = section->instance,
		.sum = XXH3_createState(),
	};
	side->early_count++;
	if (!early->name || !early->sum)
		return fail_memory(err);
	XXH3_128bits_reset(early->sum);
	return 0;
}

static int on_section(struct visitor *visitor, const struct section *section,
		      struct output **copy_to, struct savetool_error *err)
{
	struct side *side = (struct side *)visitor;
	uint8_t type = section->type;
	unsigned i = 0;

	while (i < side->early_count &&
	       (side->early[i].instance != section->instance ||
		strcmp(side->early[i].name, section->name) != 0))
		i++;
	if (i == side->early_count && add_early(side, section, err) < 0)
		return -1;
	XXH3_128bits_update(side->early[i].sum, &type, 1);
	side->early_current = i;
	*copy_to = &side->payload;
	return 0;
}

static int on_ram_list(struct visitor *visitor, const struct section *section,
		       const struct ram_list *list, struct page_sink **sink,
		       struct savetool_error *err)
{
	struct side *side = (struct side *)visitor;

	(void)section;
	if (side->make_sink && side->make_sink(side, list, err) < 0)
		return -1;
	*sink = side->sink;
	return 0;
}

static int on_tail(struct visitor *visitor, const struct tail *tail,
		   struct savetool_error *err)
{
	struct side *side = (struct side *)visitor;

	side->tail = tail;
	if (fields_read(&side->fields, tail, err) < 0)
		return -1;
	return side->sink ? page_sink_finish(side->sink, err) : 0;
}

static const struct visitor_ops ops = {
	.start = on_start,
	.section = on_section,
	.ram_list = on_ram_list,
	.tail = on_tail,
};

int side_begin(struct side *side, struct savetool_image *image,
	       struct savetool_error *err)
{
	side->base.ops = &ops;
	side->base.reads_pages = true;
	side->payload.ops = &payload_ops;
	side->image = image;
	if (image_require_complete(image, err) < 0)
		return -1;
	return pass_begin(&side->pass, image, err);
}

int side_walk(struct side *side, const struct savetool_monitor *monitor,
	      struct savetool_error *err)
{
	return walk(&side->pass, &side->base, monitor, err);
}

static void forget(struct side *side)
{
	for (unsigned i = 0; i < side->early_count; i++) {
		free(side->early[i].name);
		free(side->early[i].bytes);
		XXH3_freeState(side->early[i].sum);
	}
	free(side->early);
	side->early = NULL;
	side->early_count = 0;
	side->early_kept = 0;
	page_sink_free(side->sink);
	side->sink = NULL;
	fields_free(side->fields);
	side->fields = NULL;
	pass_end(&side->pass);
}

int side_walk_latest(struct side *side, const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	if (!image_is_repeatable(side->image)) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "memory saved with XBZRLE cannot be resolved when reading "
		     "from a pipe");
		return fail_hint(err, SAVETOOL_HINT_FILE);
	}
	forget(side);
	if (pass_begin(&side->pass, side->image, err) < 0)
		return -1;
	return walk_latest(&side->pass, &side->base, monitor, err);
}

void side_end(struct side *side)
{
	if (side->base.ops)
		forget(side);
}
