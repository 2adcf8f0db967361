/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs that must succeed, and the contents of the files that they make. */
#ifndef UNIT_OUTPUTS_H
#define UNIT_OUTPUTS_H

#include "io/output.h"

#include "scratch.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)

static const uint8_t zeros[MIB];
static uint8_t data[MIB];

static const struct output_file_options plain = { .like_fd = -1 };

static inline struct output *create(const char *path,
				    const struct output_file_options *options)
{
	struct output *out;
	struct savetool_error err;

	assert_ok(output_create_file(&out, path, options, &err), err);
	return out;
}

static inline void append(struct output *out, const void *bytes, size_t size)
{
	struct savetool_error err;

	assert_ok(output_append(out, bytes, size, &err), err);
}

static inline void skip_over(struct output *out, uint64_t length)
{
	struct savetool_error err;

	assert_ok(output_skip(out, length, &err), err);
}

static inline void commit(struct output *out)
{
	struct savetool_error err;

	assert_ok(output_commit(out, &err), err);
}

static inline void finish(struct output *out)
{
	commit(out);
	output_close(out);
}

static inline void holds_at(const char *path, uint64_t offset,
			    const void *bytes, size_t size)
{
	int fd = open(path, O_RDONLY);
	uint8_t *found = malloc(size);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, found, size, offset), size);
	assert_memory_equal(found, bytes, size);
	free(found);
	close(fd);
}

static inline uint64_t allocated(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static inline uint64_t logical(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Fills it without a zero byte. */
static inline int fill_data(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = 1 + (i * 7 + i / 251) % 255;
	return 0;
}

#endif
