/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk: which steps a visitor takes, in which order, and what ends it. */
#include "config.h"

#include "walk/walk.h"

#include "unit/sample.h"
#include "unit/scratch.h"
#include "unit/visits.h"

#include <dlfcn.h>
#include <pthread.h>

static struct wire wire;
static struct visits visits;
static unsigned threads; /* that were started */

/* Takes the place of the C library's function, to count the threads. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
		   void *(*routine)(void *), void *data)
{
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
		      void *) = dlsym(RTLD_NEXT, "pthread_create");

	threads++;
	return create(thread, attributes, routine, data);
}

static int setup(void **state)
{
	visits_init(&visits);
	threads = 0;
	return scratch_enter(state);
}

/* Walks the bytes that were made. */
static int walk_wire(struct savetool_error *err)
{
	struct savetool_image *image;
	struct pass pass = PASS_INIT;
	int result;

	scratch_write("a", wire.bytes, wire.size);
	wire.size = 0;
	assert_ok(savetool_image_open(&image, "a", NULL, NULL, err), *err);
	assert_ok(pass_begin(&pass, image, err), *err);
	result = walk(&pass, &visits.base, NULL, err);
	pass_end(&pass);
	savetool_image_close(image);
	return result;
}

static void walks(void)
{
	struct savetool_error err;

	assert_ok(walk_wire(&err), err);
}

/* Header, list and end of the list. */
static void wire_start(void)
{
	wire_magic(&wire);
	wire_machine(&wire, "pc");
	sample_list(&wire);
	wire_be64(&wire, RAM_EOS);
	wire_footer(&wire, 2);
}

/* A zero page in a PART of its own. */
static void wire_part(unsigned page)
{
	wire_section(&wire, SECTION_PART, 2, NULL, 0);
	wire_be64(&wire, page * SAMPLE_PAGE | RAM_ZERO);
	wire_str8(&wire, "pc.ram");
	wire_u8(&wire, 0);
	wire_be64(&wire, RAM_EOS);
	wire_footer(&wire, 2);
}

TEST(steps_of_a_sequential_image_come_in_stream_order)
{
	sample_sequential(&wire);
	walks();
	assert_string_equal(visits.text, "start\n"
					 "ram_list start\n"
					 "ram_end start\n"
					 "ram_begin part\n"
					 "ram_end part\n"
					 "ram_begin end\n"
					 "ram_end end\n"
					 "tail\n");
}

TEST(pages_of_a_mapped_image_come_in_one_part)
{
	sample_mapped(&wire);
	walks();
	assert_string_equal(visits.text, "start\n"
					 "ram_list start\n"
					 "ram_end start\n"
					 "ram_begin part\n"
					 "ram_end part\n"
					 "ram_begin end\n"
					 "ram_end end\n"
					 "tail\n");
}

TEST(all_pages_of_a_sequential_image_are_shown)
{
	sample_sequential(&wire);
	walks();
	assert_string_equal(visits.pages.text, "data pc.ram+0x0 4096\n"
					       "data pc.ram+0x1000 4096\n"
					       "zero pc.ram+0x2000 57344\n");
}

TEST(all_pages_of_a_mapped_image_are_shown)
{
	sample_mapped(&wire);
	walks();
	assert_string_equal(visits.pages.text, "data pc.ram+0x0 8192\n"
					       "absent pc.ram+0x2000 57344\n");
}

TEST(a_command_is_a_step_of_its_own)
{
	wire_start();
	wire_u8(&wire, SECTION_COMMAND);
	wire_be16(&wire, COMMAND_SWITCHOVER_START);
	wire_be16(&wire, 0);
	sample_end(&wire);
	walks();
	assert_string_equal(visits.text, "start\n"
					 "ram_list start\n"
					 "ram_end start\n"
					 "command\n"
					 "ram_begin end\n"
					 "ram_end end\n"
					 "tail\n");
}

/* A disk's dirty bitmap, whose START has one flag: no more follows. */
static void wire_bitmap_start(void)
{
	wire_section(&wire, SECTION_START, 7, "dirty-bitmap", 1);
	wire_u8(&wire, 0x01);
	wire_footer(&wire, 7);
}

TEST(another_section_has_its_steps_around_its_payload)
{
	wire_start();
	wire_bitmap_start();
	sample_end(&wire);
	walks();
	assert_string_equal(visits.text, "start\n"
					 "ram_list start\n"
					 "ram_end start\n"
					 "section start\n"
					 "section_end start\n"
					 "ram_begin end\n"
					 "ram_end end\n"
					 "tail\n");
	assert_memory_equal(visits.payload.bytes, "\x01.", 2);
}

/* Each step of this image fails once; nothing comes after it. */
static void fails_at_each_step(void (*make)(struct wire *))
{
	static char steps[sizeof(visits.text)];
	struct savetool_error err;
	char *rest = steps, *step;
	size_t length = 0;

	make(&wire);
	walks();
	strcpy(steps, visits.text);
	while ((step = strsep(&rest, "\n")) && *step) {
		visits_init(&visits);
		visits.fails_at = step;
		make(&wire);
		assert_int_equal(walk_wire(&err), -1);
		assert_non_null(strstr(err.text, step));
		length += strlen(step) + 1;
		assert_int_equal(strlen(visits.text), length);
	}
	assert_true(length > 0);
}

TEST(a_failed_step_of_a_sequential_image_ends_the_walk)
{
	fails_at_each_step(sample_sequential);
}

TEST(a_failed_step_of_a_mapped_image_ends_the_walk)
{
	fails_at_each_step(sample_mapped);
}

TEST(a_failed_sink_ends_the_walk_within_the_section)
{
	struct savetool_error err;

	visits.pages.fails_at = 1;
	sample_sequential(&wire);
	assert_int_equal(walk_wire(&err), -1);
	assert_non_null(strstr(visits.text, "ram_begin part\n"));
	assert_null(strstr(visits.text, "ram_end part\n"));
}

TEST(one_thread_reads_the_pages_of_all_parts)
{
	wire_start();
	for (unsigned i = 0; i < 16; i++)
		wire_part(i);
	sample_end(&wire);
	walks();
	assert_int_equal(visits.pages.puts, 16);
	assert_int_equal(threads, 1);
}

TEST(parts_without_pages_start_no_thread)
{
	wire_start();
	for (unsigned i = 0; i < 3; i++) {
		wire_section(&wire, SECTION_PART, 2, NULL, 0);
		wire_be64(&wire, RAM_EOS);
		wire_footer(&wire, 2);
	}
	sample_end(&wire);
	walks();
	assert_int_equal(threads, 0);
}

TEST(without_a_sink_page_records_are_unsupported)
{
	struct savetool_error err;

	visits.wants_pages = false;
	sample_sequential(&wire);
	assert_int_equal(walk_wire(&err), -1);
	assert_int_equal(err.code, SAVETOOL_UNSUPPORTED);
}

TEST(without_a_sink_pages_of_a_mapped_image_are_not_read)
{
	visits.wants_pages = false;
	sample_mapped(&wire);
	walks();
	assert_int_equal(visits.pages.puts, 0);
	assert_int_equal(threads, 0);
}

TEST(an_image_that_ends_within_its_pages_has_no_tail)
{
	struct savetool_error err;

	sample_sequential(&wire);
	wire.size = wire.size / 2;
	assert_int_equal(walk_wire(&err), -1);
	assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
	assert_null(strstr(visits.text, "tail"));
}

#define walk_case(name)                                                        \
	cmocka_unit_test_setup_teardown(name, setup, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		walk_case(steps_of_a_sequential_image_come_in_stream_order),
		walk_case(pages_of_a_mapped_image_come_in_one_part),
		walk_case(all_pages_of_a_sequential_image_are_shown),
		walk_case(all_pages_of_a_mapped_image_are_shown),
		walk_case(a_command_is_a_step_of_its_own),
		walk_case(another_section_has_its_steps_around_its_payload),
		walk_case(a_failed_step_of_a_sequential_image_ends_the_walk),
		walk_case(a_failed_step_of_a_mapped_image_ends_the_walk),
		walk_case(a_failed_sink_ends_the_walk_within_the_section),
		walk_case(one_thread_reads_the_pages_of_all_parts),
		walk_case(parts_without_pages_start_no_thread),
		walk_case(without_a_sink_page_records_are_unsupported),
		walk_case(without_a_sink_pages_of_a_mapped_image_are_not_read),
		walk_case(an_image_that_ends_within_its_pages_has_no_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
