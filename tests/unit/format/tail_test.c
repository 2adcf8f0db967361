/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tail: parsed by its vmdesc, by footers or not at all; cut off, followed
 * by more, and with a vmdesc that is wrong.
 */
#include "config.h"

#include "format/tail.h"

#include "unit/recorder.h"
#include "unit/wire.h"

#define FIELDS(size) "\"fields\": [{\"name\": \"x\", \"size\": " #size "}]"
#define DEVICE(name, size)                                                     \
	"{\"name\": \"" name "\", \"instance_id\": 0, " FIELDS(size) "}"
#define JSON(devices)                                                          \
	"{\"configuration\": {\"vmsd_name\": \"configuration\", "              \
	"\"version\": 1}, \"page_size\": 4096, \"devices\": [" devices "]}"
#define BOTH DEVICE("timer", 10) ", " DEVICE("cpu", 20)
#define EARLY "0000:00:04.0/virtio-mem-device-early"
#define HEAD_SIZE (8 + 5 + 2) /* of the stream, ahead of the tail */

static struct wire wire;
static struct recorder recorder;
static struct chunk_pool *pool;
static struct input *in; /* over the wire, or a pipe it comes through */

/* What a tail is read from stays until the next one. */
static void close_all(void)
{
	input_close(in);
	in = NULL;
	chunk_pool_free(pool);
	pool = NULL;
}

static void open_all(void)
{
	struct savetool_error err;

	close_all();
	assert_ok(input_open_memory(&in, wire.bytes, wire.size, &err), err);
	assert_ok(chunk_pool_new(&pool, 3, &err), err);
}

static void start(void)
{
	wire.size = 0;
	wire_magic(&wire);
	wire_machine(&wire, "pc");
}

static void add_devices(bool footers)
{
	wire_device(&wire, 3, "timer", 10, footers);
	wire_device(&wire, 4, "cpu", 20, footers);
	wire_u8(&wire, SECTION_EOF);
}

/* As a walk does it, whose sections had such footers. */
static int read_tail(struct tail **tail, enum footers footers,
		     struct savetool_error *err)
{
	struct stream_item item;
	struct stream stream;
	int result;

	open_all();
	assert_ok(stream_open(&stream, in, pool, 0, err), *err);
	stream.footers = footers;
	assert_int_equal(stream_next(&stream, &item, err), 0);
	result = tail_read(tail, &stream, "/tmp", err);
	stream_close(&stream);
	return result;
}

static struct tail *reads(enum footers footers)
{
	struct tail *tail = NULL;
	struct savetool_error err;

	assert_ok(read_tail(&tail, footers, &err), err);
	assert_int_equal(tail->offset, HEAD_SIZE);
	return tail;
}

static void refuses(enum footers footers, enum savetool_code code,
		    const char *text)
{
	struct tail *tail = NULL;
	struct savetool_error err;

	assert_fails(read_tail(&tail, footers, &err), err, code, text);
	assert_null(tail);
}

/* These two devices, found where they are. */
static void has_both(const struct tail *tail, bool footers)
{
	const unsigned footer = footers ? FOOTER_SIZE : 0;
	const unsigned timer = 1 + 4 + 6 + 4 + 4 + 10 + footer;

	assert_int_equal(tail->device_count, 2);
	assert_string_equal(tail->devices[0].name, "timer");
	assert_int_equal(tail->devices[0].length, 10);
	assert_int_equal(tail->devices[0].version, 1);
	assert_int_equal(tail->devices[0].offset, HEAD_SIZE);
	assert_string_equal(tail->devices[1].name, "cpu");
	assert_int_equal(tail->devices[1].length, 20);
	assert_int_equal(tail->devices[1].offset, HEAD_SIZE + timer);
	assert_int_equal(tail->state_size,
			 timer + 1 + 4 + 4 + 4 + 4 + 20 + footer + 1);
	assert_int_equal(tail->footers,
			 footers ? FOOTERS_PRESENT : FOOTERS_NONE);
}

static void writes(const struct tail *tail, bool mapped, const void *bytes,
		   size_t size)
{
	struct savetool_error err;

	recorder_init(&recorder, false);
	assert_ok(tail_write(tail, &recorder.base, mapped, NULL, &err), err);
	assert_int_equal(recorder.base.position, size);
	assert_memory_equal(recorder.bytes, bytes, size);
}

TEST(a_described_tail_is_walked_by_its_lengths)
{
	struct tail *tail;

	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(BOTH));
	tail = reads(FOOTERS_PRESENT);
	has_both(tail, true);
	assert_non_null(tail->vmdesc);
	assert_int_equal(tail->json_size, strlen(JSON(BOTH)));
	assert_int_equal(tail->trailing, 0);
	assert_int_equal(tail->size, wire.size - HEAD_SIZE);
	writes(tail, false, wire.bytes + HEAD_SIZE, tail->size);
	tail_free(tail);
}

TEST(footers_are_not_needed_for_that)
{
	struct tail *tail;

	start();
	add_devices(false);
	wire_vmdesc(&wire, JSON(BOTH));
	tail = reads(FOOTERS_NONE);
	has_both(tail, false);
	tail_free(tail);
}

TEST(the_capability_gets_into_the_description)
{
	struct tail *tail;
	uint64_t written;

	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(BOTH));
	tail = reads(FOOTERS_PRESENT);
	recorder_init(&recorder, false);
	assert_ok(tail_write(tail, &recorder.base, true, NULL,
			     &(struct savetool_error){}),
		  (struct savetool_error){});
	written = recorder.base.position;
	assert_true(written > tail->size);
	assert_memory_equal(recorder.bytes, wire.bytes + HEAD_SIZE,
			    tail->state_size);
	assert_int_equal(get_be32(recorder.bytes + tail->state_size + 1),
			 written - tail->state_size - 5);
	assert_non_null(memmem(recorder.bytes, written,
			       "configuration/capabilities", 26));
	tail_free(tail);
}

TEST(a_device_can_hold_what_looks_like_an_end)
{
	struct tail *tail;

	start();
	wire_section(&wire, SECTION_FULL, 3, "timer", 1);
	wire_footer(&wire, 3); /* in its payload of ten bytes */
	wire_u8(&wire, SECTION_EOF);
	wire_u8(&wire, SECTION_VMDESC);
	wire_fill(&wire, 0, 3);
	wire_footer(&wire, 3);
	wire_u8(&wire, SECTION_EOF);
	wire_vmdesc(&wire, JSON(DEVICE("timer", 10)));
	tail = reads(FOOTERS_PRESENT);
	assert_int_equal(tail->device_count, 1);
	assert_int_equal(tail->devices[0].length, 10);
	assert_int_equal(tail->trailing, 0);
	tail_free(tail);
}

/* A guest with an image in its memory can have one in a device. */
TEST(a_device_can_hold_a_whole_description)
{
	struct tail *tail;
	const size_t size = 6 + strlen(JSON(BOTH));
	char json[2048];

	start();
	wire_section(&wire, SECTION_FULL, 3, "timer", 1);
	wire_u8(&wire, SECTION_EOF);
	wire_vmdesc(&wire, JSON(BOTH));
	wire_footer(&wire, 3);
	wire_u8(&wire, SECTION_EOF);
	snprintf(json, sizeof(json),
		 "{\"page_size\": 4096, \"devices\": [{\"name\": \"timer\", "
		 "\"instance_id\": 0, \"fields\": [{\"size\": %zu}]}]}",
		 size);
	wire_vmdesc(&wire, json);
	tail = reads(FOOTERS_PRESENT);
	assert_int_equal(tail->device_count, 1);
	assert_int_equal(tail->devices[0].length, size);
	assert_int_equal(tail->json_size, strlen(json));
	tail_free(tail);
}

TEST(devices_that_came_early_are_described_too)
{
	struct tail *tail;

	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(DEVICE(EARLY, 30) ", " BOTH));
	tail = reads(FOOTERS_PRESENT);
	has_both(tail, true);
	tail_free(tail);
}

TEST(footers_count_more_than_a_wrong_description)
{
	struct tail *tail;

	start();
	add_devices(true);
	wire_vmdesc(&wire,
		    JSON(DEVICE("timer", 4000000000) ", " DEVICE("cpu", 19)));
	tail = reads(FOOTERS_PRESENT);
	has_both(tail, true);
	assert_non_null(tail->vmdesc);
	tail_free(tail);
}

TEST(footers_count_more_than_another_guests_description)
{
	struct tail *tail;

	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(DEVICE("serial", 10)));
	tail = reads(FOOTERS_PRESENT);
	has_both(tail, true);
	tail_free(tail);
}

TEST(without_footers_a_wrong_description_is_corrupt)
{
	start();
	add_devices(false);
	wire_vmdesc(&wire, JSON(DEVICE("serial", 10)));
	refuses(FOOTERS_NONE, SAVETOOL_CORRUPT,
		"section 'timer' is not in the vmdesc (at byte 15)");
}

TEST(without_a_description_footers_are_looked_for)
{
	struct tail *tail;

	start();
	add_devices(true);
	tail = reads(FOOTERS_PRESENT);
	has_both(tail, true);
	assert_null(tail->vmdesc);
	assert_int_equal(tail->json_size, 0);
	assert_int_equal(tail->trailing, 0);
	assert_int_equal(tail->size, tail->state_size);
	writes(tail, true, wire.bytes + HEAD_SIZE, tail->size);
	tail_free(tail);
}

TEST(without_description_and_footers_devices_are_one_piece)
{
	struct tail *tail;

	start();
	add_devices(false);
	tail = reads(FOOTERS_NONE);
	assert_int_equal(tail->device_count, 0);
	assert_null(tail->vmdesc);
	assert_int_equal(tail->size, wire.size - HEAD_SIZE);
	assert_true(tail->trailing == SAVETOOL_UNKNOWN);
	writes(tail, false, wire.bytes + HEAD_SIZE, tail->size);
	tail_free(tail);
}

TEST(one_piece_ends_with_the_end_mark)
{
	start();
	add_devices(false);
	wire_u8(&wire, 1);
	refuses(FOOTERS_NONE, SAVETOOL_INCOMPLETE,
		"image ends without an end mark (at byte 83)");
}

TEST(no_device_at_all_is_a_tail_if_described)
{
	struct tail *tail;

	start();
	wire_u8(&wire, SECTION_EOF);
	wire_vmdesc(&wire, JSON(""));
	tail = reads(FOOTERS_PRESENT);
	assert_int_equal(tail->state_size, 1);
	assert_int_equal(tail->device_count, 0);
	assert_non_null(tail->vmdesc);
	tail_free(tail);
}

/* Zeros where devices should be start with what is the mark of the end. */
TEST(an_end_before_the_first_device_ends_nothing)
{
	const enum footers footers[] = { FOOTERS_PRESENT, FOOTERS_NONE };

	for (unsigned i = 0; i < 2; i++)
		for (unsigned zeros = 1; zeros < 200; zeros += 9) {
			start();
			wire_fill(&wire, 0, zeros);
			refuses(footers[i], SAVETOOL_INCOMPLETE,
				"image ends before its first device (at byte "
				"15)");
		}
	start();
	add_devices(true);
	wire.bytes[HEAD_SIZE] = SECTION_EOF;
	refuses(FOOTERS_PRESENT, SAVETOOL_INCOMPLETE,
		"image ends before its first device (at byte 15)");
}

TEST(trailing_bytes_are_counted_and_left_out)
{
	struct tail *tail;
	size_t size;

	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(BOTH));
	size = wire.size - HEAD_SIZE;
	wire_text(&wire, "old bytes of a disk");
	tail = reads(FOOTERS_PRESENT);
	has_both(tail, true);
	assert_int_equal(tail->trailing, 19);
	assert_int_equal(tail->size, size);
	writes(tail, false, wire.bytes + HEAD_SIZE, size);
	tail_free(tail);
}

TEST(trailing_bytes_can_be_another_image)
{
	struct tail *tail;
	size_t size;

	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(BOTH));
	size = wire.size - HEAD_SIZE;
	wire_bytes(&wire, wire.bytes, wire.size);
	tail = reads(FOOTERS_PRESENT);
	has_both(tail, true);
	assert_int_equal(tail->trailing, size + HEAD_SIZE);
	assert_int_equal(tail->size, size);
	tail_free(tail);
}

/* Two devices, no description, and this after them. */
static void follows(const void *bytes, size_t size)
{
	start();
	add_devices(true);
	wire_bytes(&wire, bytes, size);
}

TEST(trailing_bytes_need_no_description)
{
	struct tail *tail;

	follows("old bytes of a disk", 19);
	tail = reads(FOOTERS_PRESENT);
	has_both(tail, true);
	assert_null(tail->vmdesc);
	assert_int_equal(tail->trailing, 19);
	writes(tail, true, wire.bytes + HEAD_SIZE, tail->state_size);
	tail_free(tail);
}

TEST(trailing_bytes_can_hold_another_description)
{
	struct tail *tail;

	follows("old bytes", 9);
	wire_u8(&wire, SECTION_EOF);
	wire_vmdesc(&wire, JSON(DEVICE("serial", 10)));
	tail = reads(FOOTERS_PRESENT);
	has_both(tail, true);
	assert_null(tail->vmdesc);
	assert_int_equal(tail->json_size, 0);
	assert_int_equal(tail->trailing,
			 wire.size - HEAD_SIZE - tail->state_size);
	writes(tail, true, wire.bytes + HEAD_SIZE, tail->state_size);
	tail_free(tail);
}

/* One that is missing may be what was there in its place. */
TEST(a_damaged_image_is_not_cut_short)
{
	follows("\0\0\0\0\0\0\0\0", 8);
	refuses(FOOTERS_PRESENT, SAVETOOL_INCOMPLETE,
		"image ends within section 'cpu' (at byte 100)");
	start();
	wire_device(&wire, 3, "timer", 10, true);
	wire_u8(&wire, SECTION_EOF); /* where the next should start */
	wire_fill(&wire, 0x11, 20);
	wire_u8(&wire, SECTION_EOF);
	wire_vmdesc(&wire, JSON(BOTH));
	refuses(FOOTERS_PRESENT, SAVETOOL_CORRUPT,
		"unknown section type 0x00 (at byte 49)");
}

/*
 * Within a section it is incomplete; from the mark of the end on QEMU loads
 * it, with or without a word about the description.
 */
TEST(a_tail_that_is_cut_off_is_incomplete)
{
	size_t state_end;

	start();
	add_devices(true);
	state_end = wire.size;
	wire_vmdesc(&wire, JSON(BOTH));
	for (size_t size = wire.size; size > HEAD_SIZE; size--) {
		struct tail *tail = NULL;
		struct savetool_error err;
		int result;

		wire.size = size;
		result = read_tail(&tail, FOOTERS_PRESENT, &err);
		if (size < state_end) {
			assert_int_equal(result, -1);
			assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
			continue;
		}
		assert_int_equal(result, 0);
		has_both(tail, true);
		assert_int_equal(tail->trailing, 0);
		writes(tail, false, wire.bytes + HEAD_SIZE,
		       (tail->vmdesc ? size : state_end) - HEAD_SIZE);
		tail_free(tail);
	}
}

TEST(sections_between_devices_are_corrupt)
{
	start();
	wire_device(&wire, 3, "timer", 10, true);
	wire_section(&wire, SECTION_PART, 2, NULL, 0);
	wire_fill(&wire, 0x11, 20);
	wire_footer(&wire, 2);
	wire_u8(&wire, SECTION_EOF);
	refuses(FOOTERS_PRESENT, SAVETOOL_INCOMPLETE,
		"image ends within section 'timer' (at byte 80)");
}

/* The tail as seen from the end of the file; 0: not to be found. */
static int find_tail(struct tail **tail)
{
	struct savetool_error err;

	open_all();
	return tail_find(tail, in, pool, 0, &err);
}

TEST(a_described_tail_is_found_from_the_end)
{
	for (unsigned footers = 0; footers < 2; footers++) {
		struct tail *tail;

		start();
		wire_fill(&wire, 0, 5000); /* whatever lies between */
		add_devices(footers);
		wire_vmdesc(&wire, JSON(BOTH));
		assert_int_equal(find_tail(&tail), 1);
		assert_int_equal(tail->offset, HEAD_SIZE + 5000);
		assert_int_equal(tail->device_count, 2);
		assert_int_equal(tail->vmdesc->page_size, 4096);
		tail_free(tail);
	}
}

TEST(it_is_found_though_more_is_described)
{
	struct tail *tail;

	start();
	wire_device(&wire, 1, EARLY, 30, true);
	add_devices(true);
	wire_vmdesc(&wire, JSON(DEVICE(EARLY, 30) ", " BOTH));
	assert_int_equal(find_tail(&tail), 1);
	assert_int_equal(tail->device_count, 2);
	assert_int_equal(tail->vmdesc->count, 3);
	tail_free(tail);
}

TEST(it_is_found_before_trailing_bytes)
{
	struct tail *tail;

	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(BOTH));
	wire_fill(&wire, 0, 100);
	assert_int_equal(find_tail(&tail), 1);
	assert_int_equal(tail->offset, HEAD_SIZE);
	assert_int_equal(tail->trailing, 100);
	tail_free(tail);
}

TEST(it_is_not_found_where_it_does_not_fit)
{
	struct tail *tail;

	start();
	add_devices(true);
	assert_int_equal(find_tail(&tail), 0);
	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(DEVICE("timer", 10)));
	assert_int_equal(find_tail(&tail), 0);
	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(DEVICE("timer", 4000000000) ", " BOTH));
	assert_int_equal(find_tail(&tail), 0);
	start();
	assert_int_equal(find_tail(&tail), 0);
}

static bool is_doubtful(bool device)
{
	struct savetool_error err;
	struct tail *tail;
	bool doubtful;

	open_all();
	in->is_device = device;
	assert_int_equal(tail_find(&tail, in, pool, 0, &err), 1);
	assert_ok(tail_is_doubtful(&doubtful, tail, 0, &err), err);
	tail_free(tail);
	return doubtful;
}

TEST(it_may_be_that_of_an_older_image)
{
	start();
	add_devices(true);
	wire_vmdesc(&wire, JSON(BOTH));
	assert_false(is_doubtful(false));
	assert_true(is_doubtful(true));
	wire_fill(&wire, 0xa5, 5000);
	add_devices(true);
	wire_vmdesc(&wire, JSON(BOTH));
	assert_true(is_doubtful(false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_described_tail_is_walked_by_its_lengths),
		cmocka_unit_test(footers_are_not_needed_for_that),
		cmocka_unit_test(the_capability_gets_into_the_description),
		cmocka_unit_test(a_device_can_hold_what_looks_like_an_end),
		cmocka_unit_test(a_device_can_hold_a_whole_description),
		cmocka_unit_test(devices_that_came_early_are_described_too),
		cmocka_unit_test(footers_count_more_than_a_wrong_description),
		cmocka_unit_test(
			footers_count_more_than_another_guests_description),
		cmocka_unit_test(
			without_footers_a_wrong_description_is_corrupt),
		cmocka_unit_test(without_a_description_footers_are_looked_for),
		cmocka_unit_test(
			without_description_and_footers_devices_are_one_piece),
		cmocka_unit_test(one_piece_ends_with_the_end_mark),
		cmocka_unit_test(no_device_at_all_is_a_tail_if_described),
		cmocka_unit_test(an_end_before_the_first_device_ends_nothing),
		cmocka_unit_test(trailing_bytes_are_counted_and_left_out),
		cmocka_unit_test(trailing_bytes_can_be_another_image),
		cmocka_unit_test(trailing_bytes_need_no_description),
		cmocka_unit_test(trailing_bytes_can_hold_another_description),
		cmocka_unit_test(a_damaged_image_is_not_cut_short),
		cmocka_unit_test(a_tail_that_is_cut_off_is_incomplete),
		cmocka_unit_test(sections_between_devices_are_corrupt),
		cmocka_unit_test(a_described_tail_is_found_from_the_end),
		cmocka_unit_test(it_is_found_though_more_is_described),
		cmocka_unit_test(it_is_found_before_trailing_bytes),
		cmocka_unit_test(it_is_not_found_where_it_does_not_fit),
		cmocka_unit_test(it_may_be_that_of_an_older_image),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	close_all();
	return failed;
}
