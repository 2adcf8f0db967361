/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the page size by trying each. */
#include "config.h"

#include "format/page_size.h"

#include "base/error.h"
#include "format/sequential.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* From 1 KiB to 64 KiB, one for each power of two. */
#define SIZES 7
_Static_assert(RAM_PAGE_LEAST << (SIZES - 1) == RAM_PAGE_MOST, "sizes");

uint64_t page_size_of_arch(const char *arch)
{
	/* QEMU: target/.../cpu-param.h */
	static const struct {
		const char *arch;
		uint64_t page_size;
	} known[] = {
		{ "x86_64", 4096 },
		{ "i686", 4096 },
		{ "s390x", 4096 },
		{ "ppc64", 4096 },
		{ "ppc64le", 4096 },
		{ "ppc", 4096 },
		{ "riscv64", 4096 },
		{ "riscv32", 4096 },
		{ "loongarch64", 4096 },
		{ "alpha", 8192 },
		{ "sparc64", 8192 },
		{ "or32", 8192 },
		/* Those with larger pages state it in the configuration. */
		{ "aarch64", 1024 },
		{ "armv6l", 1024 },
		{ "armv7l", 1024 },
		{ "armv7b", 1024 },
	};

	for (size_t i = 0; arch && i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(arch, known[i].arch) == 0)
			return known[i].page_size;
	return 0;
}

/* How far one size leads. */
struct candidate {
	uint64_t page_size;
	uint64_t reached; /* it makes sense up to here */
	bool broken;      /* after that, it does not */
	bool adjoins;     /* two records in a row had adjoining pages */
};

static int try_records(struct candidate *candidate,
		       struct sequential_source *source,
		       struct page_batch *batch, struct savetool_error *err)
{
	const struct reader *reader = &source->stream->reader;
	struct page_run before = { 0 };
	int more;

	do {
		uint64_t start = reader->offset;
		const struct page_run *run = &batch->runs[0];

		more = sequential_source_record(source, batch, err);
		if (more >= 0 || err->code == SAVETOOL_INCOMPLETE)
			candidate->reached = start;
		if (more > 0 && batch->count > 0) {
			candidate->adjoins |=
				run->block == before.block &&
				run->offset ==
					before.offset + candidate->page_size;
			before = *run;
		}
		page_batch_clear(batch);
	} while (more > 0);
	return more;
}

/* Tries the records of the memory's START, then what follows up to the tail. */
static int try_items(struct candidate *candidate, struct stream *stream,
		     struct page_batch *batch, struct savetool_error *err)
{
	const struct section *section;
	struct sequential_source source;
	struct stream_item item = {
		.kind = STREAM_SECTION,
		.section = stream->started[stream->started_count - 1],
	};
	int more = 1;

	sequential_source_init(&source, stream);
	for (section = &item.section; more > 0;
	     more = stream_next(stream, &item, err)) {
		if (item.kind != STREAM_SECTION)
			continue;
		if ((section_is_ram(section) ?
			     try_records(candidate, &source, batch, err) :
			     stream_skip_payload(stream, section, err)) < 0 ||
		    stream_end_section(stream, section, err) < 0)
			return -1;
		candidate->reached = stream->reader.offset;
	}
	return more;
}

/* What all tries use. */
struct probing {
	const struct stream *stream;
	size_t visible; /* bytes from the stream's reader on */
	bool cut;       /* the stream goes on after them */
	struct page_batch *batch;
	struct chunk_pool *pool;
};

/*
 * Tries a size in a stream of its own, over memory: the real one does not move.
 */
static int try_size(struct candidate *candidate, const struct probing *probing,
		    struct savetool_error *err)
{
	const struct stream *stream = probing->stream;
	const struct reader *reader = &stream->reader;
	size_t size = stream->started_count * sizeof(*stream->started);
	struct stream probe = {
		.ram_started = true,
		.footers = stream->footers,
		.ram.layout = stream->ram.layout,
		.started_count = stream->started_count,
		.started = malloc(size),
	};
	struct savetool_error problem;

	if (!probe.started)
		return fail_memory(err);
	memcpy(probe.started, stream->started, size);
	probe.ram.layout.page_size = candidate->page_size;
	reader_init_memory(&probe.reader, reader->next, probing->visible,
			   reader->offset);
	probe.reader.pool = probing->pool;
	if (try_items(candidate, &probe, probing->batch, &problem) == 0)
		candidate->reached =
			UINT64_MAX; /* at the tail: as far as possible */
	else if (problem.code == SAVETOOL_INCOMPLETE && probing->cut)
		candidate->reached = reader->offset + probing->visible;
	else
		candidate->broken = true;
	free(probe.started);
	return 0;
}

static bool is_possible(const struct ram_layout *layout, uint64_t page_size)
{
	for (unsigned i = 0; i < layout->count; i++)
		if (layout->blocks[i].length % page_size != 0)
			return false;
	return true;
}

static int try_all(struct candidate *candidates, unsigned *count,
		   const struct probing *probing, struct savetool_error *err)
{
	const struct ram_layout *layout = &probing->stream->ram.layout;

	*count = 0;
	for (uint64_t size = RAM_PAGE_LEAST; size <= RAM_PAGE_MOST; size *= 2) {
		struct candidate *candidate = &candidates[*count];

		if (!is_possible(layout, size))
			break;
		*candidate = (struct candidate){ .page_size = size };
		if (try_size(candidate, probing, err) < 0)
			return -1;
		++*count;
	}
	return 0;
}

/* Keeps only those that lead furthest. */
static unsigned keep_best(struct candidate *candidates, unsigned count)
{
	uint64_t best = 0;
	unsigned kept = 0;

	for (unsigned i = 0; i < count; i++)
		if (candidates[i].reached > best)
			best = candidates[i].reached;
	for (unsigned i = 0; i < count; i++)
		if (candidates[i].reached == best)
			candidates[kept++] = candidates[i];
	return kept;
}

static bool is_among(const struct candidate *candidates, unsigned count,
		     uint64_t page_size)
{
	for (unsigned i = 0; i < count; i++)
		if (candidates[i].page_size == page_size)
			return true;
	return false;
}

/*
 * Zero pages alone fit every size up to their own.  But QEMU sends pages in
 * order, so with the right size they adjoin.
 */
static uint64_t choose(const struct candidate *candidates, unsigned count,
		       uint64_t expected, bool *guessed)
{
	bool broken = true;

	*guessed = false;
	if (count == 1)
		return candidates[0].page_size;
	for (unsigned i = count; i-- > 0;) {
		if (candidates[i].adjoins)
			return candidates[i].page_size;
		broken &= candidates[i].broken;
	}
	if (is_among(candidates, count, expected))
		return expected;
	/*
	 * If no size makes sense, the stream is broken, and not because of a
	 * guess.
	 */
	*guessed = !broken;
	return is_among(candidates, count, 4096) ? 4096 :
						   candidates[0].page_size;
}

/*
 * Is the size from the vmdesc right?  Not if it breaks and another does not:
 * then the vmdesc belongs to another image that this one was written over.
 */
static bool is_believed(const struct candidate *candidates, unsigned count,
			uint64_t stated)
{
	bool another = false;

	for (unsigned i = 0; i < count; i++) {
		if (!candidates[i].broken && candidates[i].page_size == stated)
			return true;
		another |= !candidates[i].broken;
	}
	return !another;
}

static int decide(struct stream *stream, struct candidate *candidates,
		  unsigned count, struct savetool_error *err)
{
	struct ram_layout *layout = &stream->ram.layout;
	uint64_t stated = stream->vmdesc ? stream->vmdesc->page_size : 0;

	if (stated == 0 || !is_believed(candidates, count, stated)) {
		layout->page_size = choose(
			candidates, keep_best(candidates, count),
			stream->expected_page_size, &stream->page_size_guessed);
		return 0;
	}
	for (unsigned i = 0; i < layout->count; i++) {
		const struct ram_block *block = &layout->blocks[i];

		if (block->length % stated == 0)
			continue;
		fail_at(err, SAVETOOL_CORRUPT, stream->ram.start,
			"length %" PRIu64
			" is not a multiple of the page size %" PRIu64,
			block->length, stated);
		return fail_in_block(err, block->name);
	}
	layout->page_size = stated;
	return 0;
}

/*
 * A failed read does not matter yet, and may never: these bytes are only peeked
 * at.
 */
static int look(struct probing *probing, struct reader *reader,
		struct savetool_error *err)
{
	int failed =
		reader_look(reader, CHUNK_HEADROOM, &probing->visible, err);

	if (failed && err->code == SAVETOOL_CANCELLED)
		return -1;
	if (failed)
		probing->visible = reader_visible(reader);
	probing->cut = failed || probing->visible == CHUNK_HEADROOM;
	return 0;
}

static int find(struct stream *stream, struct savetool_error *err)
{
	struct probing probing = { .stream = stream };
	struct candidate candidates[SIZES];
	unsigned count;
	int result = -1;

	if (look(&probing, &stream->reader, err) < 0)
		return -1;
	if (chunk_pool_new(&probing.pool, 1, err) < 0)
		return -1;
	probing.batch = calloc(1, sizeof(*probing.batch));
	if (!probing.batch)
		fail_memory(err);
	else
		result = try_all(candidates, &count, &probing, err);
	if (result == 0)
		result = decide(stream, candidates, count, err);
	free(probing.batch);
	chunk_pool_free(probing.pool);
	return result;
}

int page_size_read_list(struct stream *stream, struct savetool_error *err)
{
	if (stream_read_ram_list(stream, err) < 0)
		return -1;
	return stream->page_size_stated ? 0 : find(stream, err);
}
