/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What check notes while an image is walked. */
#include "config.h"

#include "check/checker.h"

#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>

static int on_command(struct visitor *visitor,
		      const struct stream_item *command,
		      struct savetool_error *err)
{
	struct checker *checker = (struct checker *)visitor;

	(void)err;
	if (command->command == COMMAND_POSTCOPY_ADVISE)
		checker->advised = command->offset;
	else if (command->command != COMMAND_SWITCHOVER_START)
		checker->return_path = command->offset;
	return 0;
}

static int add_padding(struct checker *checker,
		       const struct padding_bits *padding,
		       struct savetool_error *err)
{
	struct padding_bits *paddings =
		reallocarray(checker->paddings, checker->padding_count + 1,
			     sizeof(*paddings));

	if (!paddings)
		return fail_memory(err);
	paddings[checker->padding_count++] = *padding;
	checker->paddings = paddings;
	return 0;
}

/*
 * Checks the last word of a bitmap.  A bitmap that ends early is reported by
 * the walk.
 */
static int check_padding(struct checker *checker, const struct ram_list *list,
			 unsigned block, struct savetool_error *err)
{
	const struct pass *pass = checker->pass;
	bool big = pass->image->big_endian;
	uint64_t pages =
		list->layout.blocks[block].length / list->layout.page_size;
	struct padding_bits padding = { .block = block };
	uint64_t word, right;
	size_t got;

	if (list->headers[block].pages_offset == 0 || pages % 64 == 0)
		return 0;
	padding.offset = list->headers[block].bitmap_offset +
			 bitmap_size(pages) - sizeof(padding.found);
	if (input_read_all(pass->in, padding.found, sizeof(padding.found),
			   padding.offset, &got, err) < 0)
		return -1;
	word = get_be64(padding.found);
	if (!big)
		word = __builtin_bswap64(word);
	right = word & ((UINT64_C(1) << pages % 64) - 1);
	if (got < sizeof(padding.found) || word == right)
		return 0;
	put_be64(padding.right, big ? right : __builtin_bswap64(right));
	return add_padding(checker, &padding, err);
}

int checker_require_bitmaps(const struct checker *checker,
			    struct savetool_error *err)
{
	const struct padding_bits *padding = checker->paddings;

	if (checker->padding_count == 0)
		return 0;
	return fail_at(err, SAVETOOL_CORRUPT, padding->offset,
		       "bitmap has bits set past its last page");
}

static int on_ram_list(struct visitor *visitor, const struct section *section,
		       const struct ram_list *list, struct page_sink **sink,
		       struct savetool_error *err)
{
	struct checker *checker = (struct checker *)visitor;

	(void)section;
	(void)sink;
	for (unsigned i = 0; list->mapped && i < list->layout.count; i++)
		if (check_padding(checker, list, i, err) < 0)
			return -1;
	return 0;
}

static int on_tail(struct visitor *visitor, const struct tail *tail,
		   struct savetool_error *err)
{
	struct checker *checker = (struct checker *)visitor;

	(void)tail;
	(void)err;
	checker->finished = true;
	return 0;
}

static const struct visitor_ops ops = {
	.command = on_command,
	.ram_list = on_ram_list,
	.tail = on_tail,
};

void checker_init(struct checker *checker, const struct pass *pass)
{
	*checker = (struct checker){
		.base = { .ops = &ops },
		.pass = pass,
		.advised = SAVETOOL_UNKNOWN,
		.return_path = SAVETOOL_UNKNOWN,
	};
}

void checker_release(struct checker *checker)
{
	free(checker->paddings);
	checker->paddings = NULL;
}
