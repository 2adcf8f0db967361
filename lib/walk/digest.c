/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digest of a guest's state. */
#include "config.h"

#include "walk/digest.h"

#include "base/bytes.h"
#include "base/error.h"
#include "image/unchanged.h"
#include "ram/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct digest_visitor {
	struct visitor base;
	struct output devices; /* hashes what is appended */
	XXH3_state_t *sum;
	const struct ram_layout *layout; /* of the walk's pass */
	struct page_sink *memory;
	struct savetool_digest result;
};

static int add_bytes(struct output *out, struct iovec *iov, unsigned count,
		     uint64_t offset, struct savetool_error *err)
{
	struct digest_visitor *digest =
		(void *)((char *)out -
			 offsetof(struct digest_visitor, devices));

	(void)offset;
	(void)err;
	for (unsigned i = 0; i < count; i++)
		XXH3_128bits_update(digest->sum, iov[i].iov_base,
				    iov[i].iov_len);
	return 0;
}

static const struct output_ops device_ops = { .write_at = add_bytes };

/* A digest of a part of the memory would not be the guest's. */
static int start(struct visitor *visitor, const struct stream *stream,
		 struct savetool_error *err)
{
	(void)visitor;
	return stream_require_own_memory(stream, err);
}

/* Not its id, which has nothing to do with the guest. */
static int section(struct visitor *visitor, const struct section *section,
		   struct output **copy_to, struct savetool_error *err)
{
	struct digest_visitor *digest = (struct digest_visitor *)visitor;
	uint8_t bytes[9];

	(void)err;
	bytes[0] = section->type;
	put_be32(bytes + 1, section->instance);
	put_be32(bytes + 5, section->version);
	XXH3_128bits_update(digest->sum, section->name,
			    strlen(section->name) + 1);
	XXH3_128bits_update(digest->sum, bytes, sizeof(bytes));
	*copy_to = &digest->devices;
	return 0;
}

static int ram_list(struct visitor *visitor, const struct section *section,
		    const struct ram_list *list, struct page_sink **sink,
		    struct savetool_error *err)
{
	struct digest_visitor *digest = (struct digest_visitor *)visitor;

	(void)section;
	if (digest_sink_new(&digest->memory, &list->layout, list->mapped, err) <
	    0)
		return -1;
	digest->layout = &list->layout;
	*sink = digest->memory;
	return 0;
}

static int ram_block(struct visitor *visitor, const struct ram_list *list,
		     struct savetool_error *err)
{
	(void)list;
	return digest_sink_grow(((struct digest_visitor *)visitor)->memory,
				err);
}

static int tail(struct visitor *visitor, const struct tail *tail,
		struct savetool_error *err)
{
	struct digest_visitor *digest = (struct digest_visitor *)visitor;
	XXH128_hash_t sum;

	if (tail_copy_state(tail, &digest->devices, err) < 0)
		return -1;
	sum = XXH3_128bits_digest(digest->sum);
	digest->result.devices[0] = sum.high64;
	digest->result.devices[1] = sum.low64;
	if (page_sink_finish(digest->memory, err) < 0)
		return -1;
	digest_sink_result(digest->memory, digest->result.memory);
	return 0;
}

static const struct visitor_ops ops = {
	.start = start,
	.section = section,
	.ram_list = ram_list,
	.ram_block = ram_block,
	.tail = tail,
};

int digest_visitor_new(struct digest_visitor **result,
		       struct savetool_error *err)
{
	struct digest_visitor *digest = calloc(1, sizeof(*digest));

	if (!digest)
		return fail_memory(err);
	digest->base.ops = &ops;
	digest->devices.ops = &device_ops;
	digest->sum = XXH3_createState();
	if (!digest->sum) {
		free(digest);
		return fail_memory(err);
	}
	XXH3_128bits_reset(digest->sum);
	*result = digest;
	return 0;
}

void digest_visitor_free(struct digest_visitor *digest)
{
	if (!digest)
		return;
	XXH3_freeState(digest->sum);
	page_sink_free(digest->memory);
	free(digest);
}

struct visitor *digest_visitor(struct digest_visitor *digest)
{
	return &digest->base;
}

void digest_visitor_result(const struct digest_visitor *digest,
			   struct savetool_digest *result)
{
	*result = digest->result;
}

void savetool_digest_text(const struct savetool_digest *digest,
			  char text[SAVETOOL_DIGEST_TEXT])
{
	snprintf(text, SAVETOOL_DIGEST_TEXT, "%016llx%016llx%016llx%016llx",
		 (unsigned long long)digest->memory[0],
		 (unsigned long long)digest->memory[1],
		 (unsigned long long)digest->devices[0],
		 (unsigned long long)digest->devices[1]);
}

bool digest_visitor_is_final(const struct digest_visitor *digest)
{
	return digest_sink_is_final(digest->memory);
}

void savetool_block_digest_text(const struct savetool_block_digest *digest,
				char text[SAVETOOL_BLOCK_DIGEST_TEXT])
{
	snprintf(text, SAVETOOL_BLOCK_DIGEST_TEXT, "%016llx%016llx",
		 (unsigned long long)digest->digest[0],
		 (unsigned long long)digest->digest[1]);
}

void savetool_block_digests_free(struct savetool_block_digests *blocks)
{
	if (!blocks)
		return;
	for (size_t i = 0; i < blocks->count; i++)
		free((char *)blocks->list[i].name);
	free((void *)blocks->list);
	free(blocks);
}

/* Of all blocks of a walk that has not ended. */
static int list_blocks(struct savetool_block_digests **result,
		       const struct digest_visitor *digest,
		       struct savetool_error *err)
{
	unsigned count = digest->layout->count;
	struct savetool_block_digests *blocks = calloc(1, sizeof(*blocks));
	struct savetool_block_digest *list = calloc(count + 1, sizeof(*list));

	if (!blocks || !list) {
		free(blocks);
		free(list);
		return fail_memory(err);
	}
	blocks->list = list;
	for (unsigned i = 0; i < count; i++) {
		const struct ram_block *block = &digest->layout->blocks[i];

		list[i].name = strdup(block->name);
		if (!list[i].name) {
			savetool_block_digests_free(blocks);
			return fail_memory(err);
		}
		blocks->count++;
		list[i].length = block->length;
		digest_sink_block(digest->memory, i, list[i].digest);
	}
	*result = blocks;
	return 0;
}

/* One walk; *final says whether there is a result. */
static int digest_walk(struct savetool_image *image,
		       int (*walk_it)(struct pass *pass,
				      struct visitor *visitor,
				      const struct savetool_monitor *monitor,
				      struct savetool_error *err),
		       const struct savetool_monitor *monitor, bool *final,
		       struct savetool_digest *result,
		       struct savetool_block_digests **blocks,
		       struct savetool_error *err)
{
	cleanup_pass struct pass pass = PASS_INIT;
	struct digest_visitor *digest;
	int failed;

	if (pass_begin_forwards(&pass, image, err) < 0 ||
	    digest_visitor_new(&digest, err) < 0)
		return -1;
	failed = walk_it(&pass, &digest->base, monitor, err);
	if (failed == 0) {
		*final = digest_visitor_is_final(digest);
		*result = digest->result;
		if (blocks && *final)
			failed = list_blocks(blocks, digest, err);
	}
	digest_visitor_free(digest);
	return failed;
}

/* blocks may be NULL. */
static int digest_all(struct savetool_image *image,
		      const struct savetool_monitor *monitor,
		      struct savetool_digest *digest,
		      struct savetool_block_digests **blocks,
		      struct savetool_error *err)
{
	struct savetool_digest result;
	bool final;

	if (image_require_complete(image, err) < 0 ||
	    digest_walk(image, walk, monitor, &final, &result, blocks, err) < 0)
		return -1;
	if (!final && !image_is_repeatable(image)) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "memory saved with XBZRLE cannot be resolved when reading "
		     "from a pipe");
		return fail_hint(err, SAVETOOL_HINT_FILE);
	}
	if (!final && digest_walk(image, walk_latest, monitor, &final, &result,
				  blocks, err) < 0)
		return -1;
	*digest = result;
	return 0;
}

int image_digest(struct savetool_image *image,
		 const struct savetool_monitor *monitor,
		 struct savetool_digest *digest, struct savetool_error *err)
{
	return digest_all(image, monitor, digest, NULL, err);
}

int savetool_image_digest_blocks(struct savetool_image *image,
				 const struct savetool_monitor *monitor,
				 struct savetool_digest *digest,
				 struct savetool_block_digests **result,
				 struct savetool_error *err)
{
	struct savetool_block_digests *blocks;
	struct savetool_digest all;

	if (digest_all(image, monitor, &all, &blocks, err) < 0)
		return -1;
	if (image_require_unchanged(image, err) < 0) {
		savetool_block_digests_free(blocks);
		return -1;
	}
	*digest = all;
	*result = blocks;
	return 0;
}

int savetool_image_digest(struct savetool_image *image,
			  const struct savetool_monitor *monitor,
			  struct savetool_digest *digest,
			  struct savetool_error *err)
{
	struct savetool_digest result;

	if (image_digest(image, monitor, &result, err) < 0 ||
	    image_require_unchanged(image, err) < 0)
		return -1;
	*digest = result;
	return 0;
}
