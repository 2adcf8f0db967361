/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What speaks against a mapped-ram image's bitmaps, and what to do then. */
#include "config.h"

#include "image/trust.h"

#include "base/error.h"

#include "unit/check.h"

#define PAGE 4096
#define PAGES 512
#define BITMAP_SIZE (PAGES / 8)
#define BASE (UINT64_C(1) << 20)

/* A file of one block, whose pages have storage and data or not. */
struct fake {
	struct input base;
	bool stored[PAGES];
	bool filled[PAGES];
	uint64_t bitmap_hole; /* bytes of the bitmap that lie in a hole */
};

static uint8_t bits[BITMAP_SIZE];
static struct bitmap bitmap = { bits, BITMAP_SIZE, PAGES };
static struct ram_block block = { .length = (uint64_t)PAGES * PAGE };
static struct mapped_header header = { .pages_offset = BASE };
static struct fake fake;
static char mapped_ram[] = CAPABILITY_MAPPED_RAM;
static char xml[] = "<domain/>";
static struct libvirt libvirt = { .xml = xml };
static struct savetool_image image;
static struct pass pass;

static bool is_hole(const struct fake *file, uint64_t offset)
{
	if (offset < BASE)
		return offset < file->bitmap_hole;
	return !file->stored[(offset - BASE) / PAGE];
}

static ssize_t fake_read(struct input *in, void *data, size_t size,
			 uint64_t offset, struct savetool_error *err)
{
	const struct fake *file = (const struct fake *)in;
	uint8_t *bytes = data;

	(void)err;
	for (size_t i = 0; i < size; i++)
		bytes[i] = offset + i >= BASE &&
			   file->filled[(offset + i - BASE) / PAGE];
	return size;
}

static int fake_extent(struct input *in, uint64_t offset, struct extent *extent,
		       struct savetool_error *err)
{
	const struct fake *file = (const struct fake *)in;
	uint64_t end = offset;

	(void)err;
	extent->hole = is_hole(file, offset);
	while (end < in->size && is_hole(file, end) == extent->hole)
		end += end < BASE ? 1 : PAGE - end % PAGE;
	extent->offset = offset;
	extent->length = end - offset;
	return 0;
}

static const struct input_ops fake_ops = {
	.read_at = fake_read,
	.extent = fake_extent,
};

/* A bare image that ended well; nothing is present, and nothing is stored. */
static int setup(void **state)
{
	(void)state;
	memset(bits, 0, sizeof(bits));
	fake = (struct fake){
		.base = { .ops = &fake_ops,
			  .size = BASE + PAGES * PAGE,
			  .seekable = true },
	};
	image = (struct savetool_image){ .libvirt = NULL };
	libvirt.header = (struct savetool_header){ .complete = true };
	pass = (struct pass){
		.image = &image,
		.in = &fake.base,
		.stream = {
			.ram = { .layout = { .page_size = PAGE,
					     .length = PAGES * PAGE,
					     .count = 1,
					     .blocks = &block },
				 .mapped = true,
				 .headers = &header },
			.ram_ended = true,
			.configuration = {
				.present = true,
				.capability_count = 1,
				.capabilities = { mapped_ram },
			},
		},
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

static void mark(unsigned page)
{
	bits[page / 8] |= 1 << page % 8;
}

/* A page as QEMU leaves it that was present, and maybe no longer is. */
static void fill(unsigned page)
{
	fake.stored[page] = fake.filled[page] = true;
}

static enum doubt storage(void)
{
	struct savetool_error err;
	enum doubt doubt;

	assert_ok(trust_storage(&doubt, &pass, NULL, &err), err);
	return doubt;
}

static enum doubt bitmaps(void)
{
	struct savetool_error err;
	enum doubt doubt;

	assert_ok(trust_bitmaps(&doubt, &pass, NULL, &err), err);
	return doubt;
}

static enum doubt host(void)
{
	struct savetool_error err;
	enum doubt doubt;

	assert_ok(trust_host(&doubt, &pass, &err), err);
	return doubt;
}

static enum mapped_order order(void)
{
	struct savetool_error err;
	enum mapped_order result;

	assert_ok(trust_order(&result, &pass, &err), err);
	return result;
}

/* All of these are present and filled. */
static void present_pages(unsigned from, unsigned to)
{
	for (unsigned page = from; page < to; page++) {
		mark(page);
		fill(page);
	}
}

TEST(bitmaps_that_hide_no_storage_are_not_doubted)
{
	assert_int_equal(bitmaps(), DOUBT_NONE);
	present_pages(0, 100);
	pass.stream.ram_ended = false;
	fake.bitmap_hole = BITMAP_SIZE;
	assert_int_equal(storage(), DOUBT_NONE);
	assert_int_equal(bitmaps(), DOUBT_NONE);
}

TEST(a_stale_page_alone_is_not_doubted)
{
	present_pages(0, 100);
	fill(300);
	assert_int_equal(storage(), DOUBT_NONE);
	assert_int_equal(bitmaps(), DOUBT_NONE);
}

TEST(an_empty_bitmap_over_data)
{
	fill(300);
	assert_int_equal(storage(), DOUBT_EMPTY);
	pass.stream.ram_ended = false;
	assert_int_equal(storage(), DOUBT_BACKGROUND);
}

TEST(an_empty_bitmap_over_zeros)
{
	fake.stored[300] = true;
	assert_int_equal(storage(), DOUBT_NONE);
}

TEST(memory_without_an_end)
{
	present_pages(0, 100);
	fake.stored[300] = true;
	pass.stream.ram_ended = false;
	assert_int_equal(storage(), DOUBT_NO_END);
}

TEST(a_bitmap_that_was_punched)
{
	present_pages(400, PAGES);
	fill(10);
	assert_int_equal(storage(), DOUBT_NONE);
	free(pass.clear_data);
	pass.clear_data = NULL;
	fake.bitmap_hole = BITMAP_SIZE / 2;
	assert_int_equal(storage(), DOUBT_LOST_BITMAP);
	assert_int_equal(bitmaps(), DOUBT_LOST_BITMAP);
}

/* The pages at the start of each word are marked at its end, or not. */
static void swapped_pages(unsigned fitting)
{
	for (unsigned word = 0; word < PAGES / 64; word++) {
		bool fits = word < fitting;

		for (unsigned i = 0; i < 8; i++) {
			mark(word * 64 + i);
			fill(word * 64 + (fits ? i : 56 + i));
		}
	}
}

TEST(bitmaps_of_the_other_byte_order)
{
	swapped_pages(0);
	assert_int_equal(order(), MAPPED_ORDER_WRONG);
	assert_int_equal(storage(), DOUBT_NONE);
	assert_int_equal(bitmaps(), DOUBT_ORDER);
	/* The caller's word does not help against that. */
	image.order_given = true;
	assert_int_equal(bitmaps(), DOUBT_ORDER);
}

TEST(the_callers_word_decides_a_doubtful_order)
{
	swapped_pages(2);
	assert_int_equal(order(), MAPPED_ORDER_DOUBTFUL);
	assert_int_equal(bitmaps(), DOUBT_ORDER);
	image.order_given = true;
	assert_int_equal(order(), MAPPED_ORDER_FITS);
	assert_int_equal(bitmaps(), DOUBT_NONE);
}

TEST(a_header_states_the_order)
{
	swapped_pages(0);
	image.libvirt = &libvirt;
	assert_int_equal(order(), MAPPED_ORDER_FITS);
	assert_int_equal(bitmaps(), DOUBT_NONE);
	/* Not if it contradicts the guest's architecture. */
	libvirt.header.big_endian = true;
	assert_int_equal(order(), MAPPED_ORDER_WRONG);
}

static void machine(char *name)
{
	pass.stream.configuration.machine = name;
}

TEST(only_some_hosts_have_to_be_known)
{
	char pc[] = "pc-q35-9.0", s390[] = "s390-ccw-virtio-9.0";

	assert_false(trust_needs_host(&pass));
	machine(pc);
	assert_false(trust_needs_host(&pass));
	machine(s390);
	assert_true(trust_needs_host(&pass));
	image.order_given = true;
	assert_false(trust_needs_host(&pass));
	image.order_given = false;
	image.libvirt = &libvirt;
	assert_false(trust_needs_host(&pass));
	libvirt.header.big_endian = true;
	assert_true(trust_needs_host(&pass));
}

TEST(pages_can_say_what_the_host_is)
{
	char s390[] = "s390-ccw-virtio-9.0";

	assert_int_equal(host(), DOUBT_NONE);
	machine(s390);
	assert_int_equal(host(), DOUBT_HOST);
	present_pages(0, 8);
	assert_int_equal(host(), DOUBT_NONE);
	/* A sequential stream has no bitmaps that could be compared. */
	pass.stream.configuration.capability_count = 0;
	pass.stream.configuration.capabilities[0] = NULL;
	pass.stream.ram.mapped = false;
	assert_int_equal(host(), DOUBT_HOST);
}

TEST(each_doubt_has_a_reason_and_a_hint)
{
	assert_string_equal(trust_reason(DOUBT_NONE), "");
	assert_int_equal(trust_hint(DOUBT_NONE), SAVETOOL_HINT_NONE);
	for (enum doubt doubt = DOUBT_BACKGROUND; doubt <= DOUBT_HOST;
	     doubt++) {
		struct savetool_error err;

		assert_fails(trust_refuse(doubt, &err), err, SAVETOOL_REFUSED,
			     trust_reason(doubt));
		assert_true(strlen(err.text) > 0);
		assert_int_equal(err.hint, trust_hint(doubt));
		assert_int_not_equal(err.hint, SAVETOOL_HINT_NONE);
	}
}

#define trust_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		trust_test(bitmaps_that_hide_no_storage_are_not_doubted),
		trust_test(a_stale_page_alone_is_not_doubted),
		trust_test(an_empty_bitmap_over_data),
		trust_test(an_empty_bitmap_over_zeros),
		trust_test(memory_without_an_end),
		trust_test(a_bitmap_that_was_punched),
		trust_test(bitmaps_of_the_other_byte_order),
		trust_test(the_callers_word_decides_a_doubtful_order),
		trust_test(a_header_states_the_order),
		trust_test(only_some_hosts_have_to_be_known),
		trust_test(pages_can_say_what_the_host_is),
		cmocka_unit_test(each_doubt_has_a_reason_and_a_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
