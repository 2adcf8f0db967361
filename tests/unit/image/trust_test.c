/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What speaks against the bitmaps of a mapped-ram image: each doubt once. */
#include "config.h"

#include "image/trust.h"

#include "base/error.h"
#include "image/allocation.h"

#include "unit/check.h"

#define PAGE UINT64_C(4096)
#define PAGES 128
#define BITMAP_SIZE (PAGES / 8)
#define BASE (UINT64_C(1) << 20)

/* A file in which some slots hold data, and a part is a hole. */
struct fake {
	struct input base;
	bool data[PAGES]; /* the first byte of this slot is not zero */
	uint64_t hole_start, hole_end;
	unsigned reads;
};

static ssize_t fake_read(struct input *in, void *data, size_t size,
			 uint64_t offset, struct savetool_error *err)
{
	struct fake *fake = (struct fake *)in;

	(void)err;
	memset(data, 0, size);
	for (uint64_t i = 0; i < PAGES; i++) {
		uint64_t at = BASE + i * PAGE;

		if (fake->data[i] && at >= offset && at < offset + size)
			((uint8_t *)data)[at - offset] = 1;
	}
	fake->reads++;
	return size;
}

static int fake_extent(struct input *in, uint64_t offset, struct extent *extent,
		       struct savetool_error *err)
{
	const struct fake *fake = (const struct fake *)in;
	uint64_t end = in->size;

	(void)err;
	*extent = (struct extent){ .offset = offset };
	if (offset < fake->hole_start) {
		end = fake->hole_start;
	} else if (offset < fake->hole_end) {
		end = fake->hole_end;
		extent->hole = true;
	}
	extent->length = end - offset;
	return 0;
}

static const struct input_ops fake_ops = {
	.read_at = fake_read,
	.extent = fake_extent,
};

static struct fake fake;
static uint8_t bits[BITMAP_SIZE];
static struct bitmap bitmap = { bits, BITMAP_SIZE, PAGES };
static struct ram_block block = { .name = "pc.ram", .length = PAGES * PAGE };
static struct mapped_header header = { .pages_offset = BASE };
static char xml[] = "<domain/>";
static char s390[] = "s390-ccw-virtio-9.1";
static char q35[] = "pc-q35-9.1";
static char mapped_ram[] = CAPABILITY_MAPPED_RAM;
static struct libvirt libvirt = { .xml = xml };
static struct savetool_image image;
static struct pass pass;

/*
 * A guest of one block that nothing speaks against: page 0 is present and holds
 * data.  The slots of the others have storage, which holds zeros.
 */
static int setup(void **state)
{
	(void)state;
	memset(bits, 0, sizeof(bits));
	bits[0] = 1;
	fake = (struct fake){
		.base = { .ops = &fake_ops,
			  .size = BASE + PAGES * PAGE,
			  .seekable = true },
		.data = { true },
	};
	image = (struct savetool_image){ .file = &fake.base };
	pass = (struct pass){
		.image = &image,
		.in = &fake.base,
		.stream.ram_ended = true,
		.stream.ram = { .layout = { .page_size = PAGE,
					    .length = PAGES * PAGE,
					    .count = 1,
					    .blocks = &block },
				.mapped = true,
				.headers = &header },
		.bitmaps = &bitmap,
		.bitmap_count = 1,
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(pass.clear_data);
	return 0;
}

static void doubts(enum doubt expected)
{
	enum doubt doubt;
	struct savetool_error err;

	assert_ok(trust_bitmaps(&doubt, &pass, NULL, &err), err);
	assert_int_equal(doubt, expected);
}

static void doubts_host(enum doubt expected)
{
	enum doubt doubt;
	struct savetool_error err;

	assert_ok(trust_host(&doubt, &pass, &err), err);
	assert_int_equal(doubt, expected);
}

static enum mapped_order order(void)
{
	enum mapped_order order;
	struct savetool_error err;

	assert_ok(trust_order(&order, &pass, &err), err);
	return order;
}

/* Page 0 is present but zero, and page 56 the other way round. */
static void swap_pages(void)
{
	fake.data[0] = false;
	fake.data[56] = true;
}

TEST(bitmaps_that_fit_the_pages_are_not_doubted)
{
	doubts(DOUBT_NONE);
}

TEST(an_empty_bitmap_over_data_is_doubted)
{
	bits[0] = 0;
	doubts(DOUBT_EMPTY);
}

TEST(an_empty_bitmap_over_zeros_is_not_doubted)
{
	bits[0] = 0;
	fake.data[0] = false;
	doubts(DOUBT_NONE);
}

TEST(an_empty_bitmap_without_end_is_a_background_snapshot)
{
	pass.stream.ram_ended = false;
	bits[0] = 0;
	doubts(DOUBT_BACKGROUND);
}

TEST(other_bitmaps_without_end_of_memory_are_doubted)
{
	pass.stream.ram_ended = false;
	doubts(DOUBT_NO_END);
}

TEST(a_hole_in_a_bitmap_over_data_is_doubted)
{
	fake.hole_start = 8;
	fake.hole_end = 16;
	fake.data[100] = true;
	doubts(DOUBT_LOST_BITMAP);
}

TEST(a_hole_in_a_bitmap_over_zeros_is_not_doubted)
{
	fake.hole_start = 8;
	fake.hole_end = 16;
	doubts(DOUBT_NONE);
}

TEST(bitmaps_that_fit_better_with_swapped_bytes_are_doubted)
{
	swap_pages();
	doubts(DOUBT_ORDER);
}

TEST(the_storage_says_nothing_about_the_byte_order)
{
	enum doubt doubt;
	struct savetool_error err;

	swap_pages();
	assert_ok(trust_storage(&doubt, &pass, NULL, &err), err);
	assert_int_equal(doubt, DOUBT_NONE);
}

TEST(if_absent_pages_have_no_storage_nothing_is_doubted)
{
	pass.stream.ram_ended = false;
	fake.hole_start = BASE + PAGE;
	fake.hole_end = BASE + PAGES * PAGE;
	doubts(DOUBT_NONE);
	assert_int_equal(fake.reads, 0);
}

TEST(a_byte_order_that_the_caller_gave_is_not_doubted)
{
	swap_pages();
	image.order_given = true;
	doubts(DOUBT_NONE);
}

TEST(a_byte_order_in_a_trusted_header_is_believed)
{
	swap_pages();
	image.libvirt = &libvirt;
	assert_int_equal(order(), MAPPED_ORDER_FITS);
	assert_int_equal(fake.reads, 0);
}

/* Pages 0 to 7 are present but zero, pages 56 to 63 the other way round. */
TEST(a_wrong_byte_order_is_wrong_even_if_the_caller_gave_it)
{
	bits[0] = 0xff;
	fake.data[0] = false;
	for (unsigned i = 56; i < 64; i++)
		fake.data[i] = true;
	image.order_given = true;
	assert_int_equal(order(), MAPPED_ORDER_WRONG);
}

TEST(the_host_of_an_s390_guest_is_doubted)
{
	pass.stream.configuration.machine = s390;
	doubts_host(DOUBT_HOST);
}

TEST(the_host_of_another_guest_is_not_doubted)
{
	pass.stream.configuration.machine = q35;
	doubts_host(DOUBT_NONE);
}

TEST(a_host_whose_byte_order_was_given_is_not_doubted)
{
	pass.stream.configuration.machine = s390;
	image.order_given = true;
	doubts_host(DOUBT_NONE);
}

static void is_mapped_s390(void)
{
	struct configuration *configuration = &pass.stream.configuration;

	configuration->machine = s390;
	configuration->capability_count = 1;
	configuration->capabilities[0] = mapped_ram;
}

TEST(a_host_whose_pages_fit_its_bitmaps_is_not_doubted)
{
	is_mapped_s390();
	doubts_host(DOUBT_NONE);
}

TEST(a_host_whose_pages_fit_both_orders_is_doubted)
{
	is_mapped_s390();
	memset(bits, 0xff, sizeof(bits));
	doubts_host(DOUBT_HOST);
}

static void refuses(enum doubt doubt, enum savetool_hint hint,
		    const char *reason)
{
	struct savetool_error err;

	assert_fails(trust_refuse(doubt, &err), err, SAVETOOL_REFUSED, reason);
	assert_int_equal(err.hint, hint);
}

TEST(each_doubt_is_refused_with_its_reason_and_hint)
{
	refuses(DOUBT_BACKGROUND, SAVETOOL_HINT_SAVE_WITHOUT_SNAPSHOT,
		"the RAM section is not terminated, so QEMU never wrote the "
		"bitmaps, and they are empty");
	refuses(DOUBT_NO_END, SAVETOOL_HINT_COPY_OR_SAVE_AGAIN,
		"the RAM section is not terminated, so QEMU never wrote the "
		"bitmaps: pages that they show as absent may be present");
	refuses(DOUBT_EMPTY, SAVETOOL_HINT_COPY_OR_SAVE_AGAIN,
		"a bitmap marks all pages as absent, but their slots hold "
		"data");
	refuses(DOUBT_LOST_BITMAP, SAVETOOL_HINT_COPY_OR_SAVE_AGAIN,
		"part of a bitmap lies in a hole, but slots of pages that it "
		"marks as absent hold data");
	refuses(DOUBT_ORDER, SAVETOOL_HINT_BYTE_ORDER,
		"the bitmaps look byte-swapped");
	refuses(DOUBT_HOST, SAVETOOL_HINT_BYTE_ORDER,
		"the byte order of the host is unknown");
}

#define trust_case(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		trust_case(bitmaps_that_fit_the_pages_are_not_doubted),
		trust_case(an_empty_bitmap_over_data_is_doubted),
		trust_case(an_empty_bitmap_over_zeros_is_not_doubted),
		trust_case(
			an_empty_bitmap_without_end_is_a_background_snapshot),
		trust_case(other_bitmaps_without_end_of_memory_are_doubted),
		trust_case(a_hole_in_a_bitmap_over_data_is_doubted),
		trust_case(a_hole_in_a_bitmap_over_zeros_is_not_doubted),
		trust_case(
			bitmaps_that_fit_better_with_swapped_bytes_are_doubted),
		trust_case(the_storage_says_nothing_about_the_byte_order),
		trust_case(if_absent_pages_have_no_storage_nothing_is_doubted),
		trust_case(a_byte_order_that_the_caller_gave_is_not_doubted),
		trust_case(a_byte_order_in_a_trusted_header_is_believed),
		trust_case(
			a_wrong_byte_order_is_wrong_even_if_the_caller_gave_it),
		trust_case(the_host_of_an_s390_guest_is_doubted),
		trust_case(the_host_of_another_guest_is_not_doubted),
		trust_case(a_host_whose_byte_order_was_given_is_not_doubted),
		trust_case(a_host_whose_pages_fit_its_bitmaps_is_not_doubted),
		trust_case(a_host_whose_pages_fit_both_orders_is_doubted),
		trust_case(each_doubt_is_refused_with_its_reason_and_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
