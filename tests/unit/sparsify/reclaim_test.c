/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Holes that take long to punch, and users and processes that want to stop it.
 */
#include "config.h"

#include "sparsify/reclaim.h"

#include "unit/scratch.h"

#define PAGE 4096
#define LENGTH (UINT64_C(1) << 30)
#define BASE (UINT64_C(64) << 10)
#define WORDS (LENGTH / PAGE / 64)

/* A block of stale pages, without a hole; the file in place has some. */
static uint64_t bits[WORDS];
static struct ram_block block = { .length = LENGTH };
static struct mapped_header where = { .pages_offset = BASE };
static struct bitmap bitmap = { (uint8_t *)bits, sizeof(bits), WORDS * 64 };

static ssize_t fake_read(struct input *in, void *data, size_t size,
			 uint64_t offset, struct savetool_error *err)
{
	(void)in;
	(void)offset;
	(void)err;
	memset(data, 1, size);
	return size;
}

static const struct input_ops fake_ops = { .read_at = fake_read };

struct listener {
	uint64_t done;
	unsigned calls, stop; /* in that one */
};

static int listen(void *data, uint64_t done, uint64_t total)
{
	struct listener *listener = data;

	assert_true(done >= listener->done && done <= total);
	listener->done = done;
	return ++listener->calls == listener->stop;
}

/* How much storage the file has left; *calls says how often was asked. */
static blkcnt_t dig_until(unsigned stop, unsigned *calls)
{
	struct input in = { .ops = &fake_ops,
			    .size = BASE + LENGTH,
			    .seekable = true };
	struct layer file = { .shared = &in, .is_file = true };
	struct savetool_image image = { .top = &file, .container = &file };
	struct pass pass = {
		.image = &image,
		.in = &in,
		.stream.ram = { .layout = { .page_size = PAGE,
					    .length = LENGTH,
					    .count = 1,
					    .blocks = &block },
				.mapped = true,
				.headers = &where },
		.bitmaps = &bitmap,
		.bitmap_count = 1,
	};
	struct listener listener = { .stop = stop };
	const struct savetool_monitor monitor = { listen, &listener, NULL };
	struct held_file place;
	struct reclaim work = { .pass = &pass, .held = &place };
	struct savetool_error err;
	struct stat st;

	assert_ok(held_file_open(&place, "a", &err), err);
	if (stop == 0)
		assert_ok(reclaim(&work, &monitor, &err), err);
	else
		assert_fails(reclaim(&work, &monitor, &err), err,
			     SAVETOOL_CANCELLED, "interrupted");
	assert_int_equal(fstat(place.fd, &st), 0);
	held_file_close(&place);
	*calls = listener.calls;
	return st.st_blocks;
}

/* With storage at its very end. */
static void make_file(void)
{
	int fd = open("a", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "end", 3, BASE + LENGTH - PAGE), 3);
	close(fd);
}

TEST(a_large_hole_is_asked_for_in_pieces)
{
	unsigned all, calls;

	make_file();
	assert_int_equal(dig_until(0, &all), 0);
	assert_in_range(all, 4, 8);
	/* Before the last piece: what follows stays. */
	make_file();
	assert_true(dig_until(all, &calls) > 0);
	assert_int_equal(calls, all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_large_hole_is_asked_for_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
