/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What would be written, counted in blocks of a file system. */
#include "config.h"

#include "io/output_count.h"

#include "unit/check.h"

#define BLOCK 4096
#define FAR (UINT64_C(3) << 40)

static struct output *opened(void)
{
	struct output *out;
	struct savetool_error err;

	assert_ok(output_open_count(&out, &err), err);
	return out;
}

static void writes(struct output *out, uint64_t offset, size_t size)
{
	static const uint8_t bytes[3 * BLOCK];
	struct savetool_error err;

	assert_ok(output_write_at(out, bytes, size, offset, &err), err);
}

static void counts(struct output *out, uint64_t blocks)
{
	assert_int_equal(output_counted(out), blocks * BLOCK);
}

TEST(an_empty_output_takes_no_space)
{
	struct output *out = opened();
	struct savetool_error err;

	counts(out, 0);
	writes(out, FAR, 0);
	assert_ok(output_skip(out, FAR, &err), err);
	counts(out, 0);
	output_close(out);
}

TEST(a_block_counts_once_however_often_it_is_written)
{
	struct output *out = opened();

	writes(out, 10, 100);
	counts(out, 1);
	writes(out, FAR + 1, BLOCK);
	counts(out, 3);
	writes(out, 0, 16);
	writes(out, FAR, BLOCK);
	counts(out, 3);
	writes(out, 200, 2 * BLOCK);
	counts(out, 5);
	/* Into the next stretch. */
	writes(out, 2 * FAR - BLOCK, 2 * BLOCK);
	counts(out, 7);
	output_close(out);
}

TEST(punched_bytes_no_longer_count)
{
	struct output *out = opened();
	struct savetool_error err;

	writes(out, FAR - BLOCK, 3 * BLOCK);
	counts(out, 3);
	assert_ok(out->ops->punch(out, FAR - 1, BLOCK, &err), err);
	counts(out, 3);
	assert_ok(out->ops->punch(out, FAR - 1, BLOCK + 1, &err), err);
	counts(out, 2);
	assert_ok(out->ops->punch(out, 0, FAR, &err), err);
	counts(out, 1);
	assert_ok(out->ops->punch(out, 2 * FAR, BLOCK, &err), err);
	counts(out, 1);
	output_close(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_output_takes_no_space),
		cmocka_unit_test(
			a_block_counts_once_however_often_it_is_written),
		cmocka_unit_test(punched_bytes_no_longer_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
