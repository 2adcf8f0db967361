/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two visitors on one walk. */
#include "config.h"

#include "walk/tee.h"

#include "base/error.h"

#include <stdlib.h>

struct tee {
	struct visitor base;
	struct visitor *both[2];
	struct page_sink sink;      /* copies to the next two */
	struct page_sink *sinks[2]; /* NULL: does not want pages */
	struct output output;       /* copies to the next two */
	struct output *outputs[2];  /* NULL: does not want bytes */
};

/* The same step of both visitors, unless one has none, or the first fails. */
#define visit_both(tee, step, ...)                                             \
	(visit((tee)->both[0], step, __VA_ARGS__) < 0 ?                        \
		 -1 :                                                          \
		 visit((tee)->both[1], step, __VA_ARGS__))

static int put(struct page_sink *sink, const struct page_batch *batch,
	       struct savetool_error *err)
{
	struct tee *tee = (void *)((char *)sink - offsetof(struct tee, sink));

	for (unsigned i = 0; i < 2; i++)
		if (tee->sinks[i] &&
		    tee->sinks[i]->ops->put(tee->sinks[i], batch, err) < 0)
			return -1;
	return 0;
}

/* A batch has space for what one of them makes; a digest makes nothing. */
static void prepare(const struct page_sink *sink, struct page_batch *batch)
{
	const struct tee *tee =
		(void *)((char *)sink - offsetof(struct tee, sink));

	for (unsigned i = 0; i < 2; i++)
		if (tee->sinks[i])
			page_sink_prepare(tee->sinks[i], batch);
}

static const struct page_sink_ops sink_ops = { .put = put, .prepare = prepare };

static int write_both(struct output *out, struct iovec *iov, unsigned count,
		      uint64_t offset, struct savetool_error *err)
{
	struct tee *tee = (void *)((char *)out - offsetof(struct tee, output));

	(void)offset;
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < 2; j++)
			if (tee->outputs[j] &&
			    output_append(tee->outputs[j], iov[i].iov_base,
					  iov[i].iov_len, err) < 0)
				return -1;
	return 0;
}

static const struct output_ops output_ops = { .write_at = write_both };

static int start(struct visitor *visitor, const struct stream *stream,
		 struct savetool_error *err)
{
	return visit_both((struct tee *)visitor, start, stream, err);
}

static int command(struct visitor *visitor, const struct stream_item *command,
		   struct savetool_error *err)
{
	return visit_both((struct tee *)visitor, command, command, err);
}

static int section(struct visitor *visitor, const struct section *section,
		   struct output **copy_to, struct savetool_error *err)
{
	struct tee *tee = (struct tee *)visitor;

	for (unsigned i = 0; i < 2; i++) {
		tee->outputs[i] = NULL;
		if (visit(tee->both[i], section, section, &tee->outputs[i],
			  err) < 0)
			return -1;
	}
	if (tee->outputs[0] && tee->outputs[1])
		*copy_to = &tee->output;
	else
		*copy_to = tee->outputs[0] ? tee->outputs[0] : tee->outputs[1];
	return 0;
}

static int section_end(struct visitor *visitor, const struct section *section,
		       struct savetool_error *err)
{
	return visit_both((struct tee *)visitor, section_end, section, err);
}

static int ram_list(struct visitor *visitor, const struct section *section,
		    const struct ram_list *list, struct page_sink **sink,
		    struct savetool_error *err)
{
	struct tee *tee = (struct tee *)visitor;

	for (unsigned i = 0; i < 2; i++)
		if (visit(tee->both[i], ram_list, section, list, &tee->sinks[i],
			  err) < 0)
			return -1;
	/* If only one wants pages, they do not come by way of the tee. */
	if (tee->sinks[0] && tee->sinks[1])
		*sink = &tee->sink;
	else
		*sink = tee->sinks[0] ? tee->sinks[0] : tee->sinks[1];
	return 0;
}

static int ram_block(struct visitor *visitor, const struct ram_list *list,
		     struct savetool_error *err)
{
	return visit_both((struct tee *)visitor, ram_block, list, err);
}

static int ram_begin(struct visitor *visitor, const struct section *section,
		     struct savetool_error *err)
{
	return visit_both((struct tee *)visitor, ram_begin, section, err);
}

static int ram_end(struct visitor *visitor, const struct section *section,
		   struct savetool_error *err)
{
	return visit_both((struct tee *)visitor, ram_end, section, err);
}

static int tail(struct visitor *visitor, const struct tail *tail,
		struct savetool_error *err)
{
	return visit_both((struct tee *)visitor, tail, tail, err);
}

static const struct visitor_ops ops = {
	.start = start,
	.command = command,
	.section = section,
	.section_end = section_end,
	.ram_list = ram_list,
	.ram_block = ram_block,
	.ram_begin = ram_begin,
	.ram_end = ram_end,
	.tail = tail,
};

int tee_new(struct tee **result, struct visitor *first, struct visitor *second,
	    struct savetool_error *err)
{
	struct tee *tee = calloc(1, sizeof(*tee));

	if (!tee)
		return fail_memory(err);
	tee->base.ops = &ops;
	tee->base.rewrites = first->rewrites || second->rewrites;
	tee->both[0] = first;
	tee->both[1] = second;
	tee->sink.ops = &sink_ops;
	tee->output.ops = &output_ops;
	*result = tee;
	return 0;
}

void tee_free(struct tee *tee)
{
	free(tee);
}

struct visitor *tee_visitor(struct tee *tee)
{
	return &tee->base;
}
