/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks to put pages in, runs that take one line to write, and a sink that
 * logs what it is given.
 */
#ifndef UNIT_PAGES_H
#define UNIT_PAGES_H

#include "base/error.h"
#include "ram/page.h"

#include "check.h"

#define KIB(n) (UINT64_C(n) << 10)

/* A layout of blocks: name, length, …, NULL. */
static inline struct ram_layout layout_of(uint64_t page_size, ...)
{
	struct ram_layout layout = { .page_size = page_size };
	struct savetool_error err;
	const char *name;
	va_list blocks;

	va_start(blocks, page_size);
	while ((name = va_arg(blocks, const char *)))
		assert_ok(ram_layout_add(&layout, name,
					 va_arg(blocks, uint64_t), &err),
			  err);
	va_end(blocks);
	return layout;
}

static inline struct page_run run_of(const struct ram_layout *layout,
				     unsigned block, enum page_kind kind,
				     uint64_t offset, uint64_t length,
				     const void *data)
{
	return (struct page_run){
		.block = &layout->blocks[block],
		.offset = offset,
		.length = length,
		.kind = kind,
		.data = data,
	};
}

/* What a sink was given, one line per run. */
struct page_log {
	struct page_sink base;
	char text[1 << 14];
	unsigned puts;
	unsigned fails_at; /* fails at this put, from 1; 0: never */
};

static inline void page_log_line(struct page_log *log,
				 const struct page_run *run)
{
	static const char *const kinds[] = { "data", "zero", "absent",
					     "delta" };
	size_t used = strlen(log->text);

	snprintf(log->text + used, sizeof(log->text) - used,
		 "%s%s %s+0x%llx %llu\n",
		 run->kind == PAGE_ZERO && run->data ? "stored " : "",
		 kinds[run->kind], run->block->name,
		 (unsigned long long)run->offset,
		 (unsigned long long)run->length);
}

static inline int page_log_put(struct page_sink *sink,
			       const struct page_batch *batch,
			       struct savetool_error *err)
{
	struct page_log *log = (struct page_log *)sink;

	if (++log->puts == log->fails_at) {
		return fail(err, SAVETOOL_SYSTEM, "sink is told to fail");
	}
	for (unsigned i = 0; i < batch->count; i++)
		page_log_line(log, &batch->runs[i]);
	return 0;
}

static inline void page_log_init(struct page_log *log)
{
	static const struct page_sink_ops ops = { .put = page_log_put };

	memset(log, 0, sizeof(*log));
	log->base.ops = &ops;
}

/* Puts one run, in a batch of its own. */
static inline void put_run(struct page_sink *sink, struct page_run run)
{
	static struct page_batch batch;
	struct savetool_error err;

	batch.count = 0;
	page_batch_add(&batch, &run);
	assert_ok(sink->ops->put(sink, &batch, &err), err);
}

/* A page filled with one byte. */
static inline const uint8_t *page_of(uint8_t byte)
{
	static uint8_t pages[256][4096];

	memset(pages[byte], byte, sizeof(pages[byte]));
	return pages[byte];
}

#endif
