/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any stream: what of it comes before memory. */
#include "config.h"

#include "fuzz.h"

#include "format/early.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream stream = { .offset = 0 };
	struct chunk_pool *pool;
	struct savetool_error err;
	struct input *in;
	uint64_t offset;
	bool needed;

	fuzz_require(input_open_memory(&in, data, size, &err) == 0);
	fuzz_require(chunk_pool_new(&pool, 2, &err) == 0);
	if (stream_open(&stream, in, pool, 0, &err) == 0) {
		offset = stream.reader.offset;
		needed = early_needs_end(&stream);
		/* It only looks: the stream is where it was. */
		fuzz_require(stream.reader.offset == offset);
		fuzz_require(early_needs_end(&stream) == needed);
	}
	stream_close(&stream);
	chunk_pool_free(pool);
	input_close(in);
	return 0;
}
