/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes compressed and decompressed, by our codecs and by programs. */
#ifndef UNIT_PACKING_H
#define UNIT_PACKING_H

#include "codec/codec.h"

#include "unit/check.h"
#include "unit/scratch.h"

#include <stdarg.h>

/* More than two members of every codec. */
#define PLAIN_SIZE (5 * 1000 * 1000 + 123)

#define SMALL_SIZE 20000

static const char *const packing[] = { "gzip", "bzip2", "xz", "lzop", "zstd" };

#define FOR_EACH_FORMAT(name)                                                  \
	for (size_t number_ = 0; number_ < 5; number_++)                       \
		for (const char *name = packing[number_]; name; name = NULL)

/* Noise, text that packs well, and zeros, in turn. */
static inline uint8_t *make_plain(size_t size)
{
	uint8_t *data = malloc(size);
	uint32_t noise = 1;

	assert_non_null(data);
	for (size_t i = 0; i < size; i++) {
		noise = noise * 1664525 + 1013904223;
		if (i / 30000 % 3 == 0)
			data[i] = noise >> 24;
		else if (i / 30000 % 3 == 1)
			data[i] = "savetool saves "[i % 15] + (noise >> 31);
		else
			data[i] = 0;
	}
	return data;
}

static inline const struct codec *codec_named(const char *name)
{
	enum savetool_format format;
	struct savetool_error err;

	assert_ok(savetool_format_parse(name, &format, &err), err);
	return codec_for_format(format);
}

/* Runs a shell command in the test's folder, which must go well. */
static inline void run(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
static inline void run(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		fail_test("failed: %s", command);
}

static inline struct output *create(const char *path)
{
	const struct output_file_options options = {
		.force = true,
		.like_fd = -1,
	};
	struct output *out;
	struct savetool_error err;

	assert_ok(output_create_file(&out, path, &options, &err), err);
	return out;
}

static inline void pack_at(const char *name, int level, unsigned threads,
			   const void *data, size_t size, const char *path)
{
	const size_t step = 300001;
	struct output *file = create(path), *out;
	struct savetool_error err;

	assert_ok(
		codec_pack(codec_named(name), &out, file, level, threads, &err),
		err);
	for (size_t done = 0; done < size; done += step)
		assert_ok(output_append(out, (const uint8_t *)data + done,
					size - done < step ? size - done : step,
					&err),
			  err);
	assert_ok(output_commit(out, &err), err);
	output_close(out);
	assert_ok(output_commit(file, &err), err);
	output_close(file);
}

static inline void pack(const char *name, const void *data, size_t size,
			const char *path)
{
	pack_at(name, 0, 2, data, size, path);
}

/* Unpacks what lies from offset on; without a failure, it must be the data. */
static inline int unpack_from(const char *name, const char *path,
			      uint64_t offset, const uint8_t *data, size_t size,
			      struct savetool_error *err)
{
	uint8_t *found = malloc(size), beyond[1000];
	struct input *packed, *in;
	size_t got = 0, excess = 0, n = 1;
	int result = 0;

	assert_non_null(found);
	assert_ok(input_open_file(&packed, path, err), *err);
	assert_ok(codec_unpack(codec_named(name), &in, packed, offset, err),
		  *err);
	while (result == 0 && n > 0) {
		size_t room = size - got < 70001 ? size - got : 70001;

		if (got < size)
			result = input_read_at(in, found + got, room, got, &n,
					       err);
		else
			result = input_read_at(in, beyond, sizeof(beyond),
					       in->position, &n, err);
		if (result == 0 && got < size)
			got += n;
		else if (result == 0)
			excess += n;
	}
	if (result == 0) {
		assert_int_equal(got, size);
		assert_int_equal(excess, 0);
		assert_memory_equal(found, data, size);
	}
	input_close(in);
	input_close(packed);
	free(found);
	return result;
}

static inline void assert_unpacks(const char *name, const char *path,
				  const void *data, size_t size)
{
	struct savetool_error err;

	if (unpack_from(name, path, 0, data, size, &err) < 0)
		fail_test("%s: %s: %s", name, path, err.text);
}

static inline size_t load(const char *path, uint8_t **data)
{
	struct input *in;
	struct savetool_error err;
	size_t size;

	assert_ok(input_open_file(&in, path, &err), err);
	size = in->size;
	*data = malloc(size);
	assert_non_null(*data);
	assert_ok(input_read_exactly(in, *data, size, 0, &err), err);
	input_close(in);
	return size;
}

#endif
