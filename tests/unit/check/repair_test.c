/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks and repairs that something interferes with. */
#include "config.h"

#include "check/repair.h"

#include "unit/sample.h"
#include "unit/scratch.h"

static struct wire wire;

/* A complete image whose header says Part. */
static void make_part(void)
{
	wire.size = 0;
	sample_header(&wire, SAVETOOL_FORMAT_RAW);
	memcpy(wire.bytes, "LibvirtQemudPart", LIBVIRT_MAGIC_SIZE);
	sample_sequential(&wire);
	scratch_write("image", wire.bytes, wire.size);
}

static bool has(const struct savetool_check *check, const char *code)
{
	for (size_t i = 0; i < check->finding_count; i++)
		if (strcmp(check->findings[i].code, code) == 0)
			return true;
	return false;
}

/* Somebody who writes a byte, or only says to stop. */
struct visit {
	bool write, stop;
	unsigned calls;
};

static int interfere(void *data, uint64_t done, uint64_t total)
{
	struct visit *visit = data;
	int fd;

	(void)done;
	(void)total;
	if (visit->calls++ == 0 && visit->write) {
		fd = open("image", O_WRONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(pwrite(fd, "\0", 1, 1000), 1);
		close(fd);
	}
	return visit->stop;
}

/* The clock of files is coarse: what is written next is to have another time.
 */
static void wait_for_tick(void)
{
	struct stat image, next;

	assert_int_equal(stat("image", &image), 0);
	do {
		usleep(1000);
		scratch_write("next", "", 0);
		assert_int_equal(stat("next", &next), 0);
	} while (next.st_mtim.tv_sec == image.st_mtim.tv_sec &&
		 next.st_mtim.tv_nsec == image.st_mtim.tv_nsec);
}

TEST(a_file_that_changes_meanwhile_is_not_repaired)
{
	const struct savetool_repair_options options = { .size = sizeof(
								 options) };
	struct visit visit = { .write = true };
	const struct savetool_monitor monitor = { .progress = interfere,
						  .data = &visit };
	struct savetool_check *check;
	struct savetool_error err;

	make_part();
	wait_for_tick();
	assert_int_equal(savetool_repair(&check, "image", NULL, &options,
					 &monitor, &err),
			 -1);
	assert_int_equal(err.code, SAVETOOL_INCOMPLETE);
	assert_true(visit.calls > 0);
	assert_true(has(check, "changed"));
	assert_true(has(check, "part"));
	assert_int_equal(check->repaired_count, 0);
	assert_int_equal(check->repairable_count, 0);
	savetool_check_free(check);
	wire.bytes[1000] = 0;
	scratch_holds("image", wire.bytes, wire.size);
}

TEST(a_check_can_be_stopped)
{
	struct visit visit = { .stop = true };
	const struct savetool_monitor monitor = { .progress = interfere,
						  .data = &visit };
	struct savetool_image *image;
	struct savetool_check *check;
	struct savetool_error err;

	make_part();
	assert_int_equal(
		savetool_repair(&check, "image", NULL, NULL, &monitor, &err),
		-1);
	assert_int_equal(err.code, SAVETOOL_CANCELLED);
	assert_null(check);
	assert_int_equal(savetool_image_open(&image, "image", NULL, NULL, &err),
			 0);
	assert_int_equal(savetool_check(&check, image, NULL, &monitor, &err),
			 -1);
	assert_int_equal(err.code, SAVETOOL_CANCELLED);
	assert_null(check);
	savetool_image_close(image);
}

/* Two words to set: the format, then the magic. */
static void make_plan(struct repair_plan *plan, struct fix fixes[2])
{
	fixes[0] = (struct fix){ .repair = { "mislabelled", "", 28, 4 },
				 .right = { 1 } };
	fixes[1] = (struct fix){ .repair = { "part-complete", "", 0, 16 },
				 .found = "LibvirtQemudPar",
				 .right = "LibvirtQemudSav" };
	fixes[1].found[15] = 't';
	fixes[1].right[15] = 'e';
	*plan = (struct repair_plan){ .count = 2, .fixes = fixes };
	assert_int_equal(stat("image", &plan->seen), 0);
}

TEST(each_repair_is_made_only_after_the_previous_one)
{
	struct fix fixes[2];
	struct repair_plan plan;
	struct savetool_error err;

	make_part();
	make_plan(&plan, fixes);
	fixes[0].found[0] = 7;
	assert_int_equal(repair_apply(&plan, "image", &err), 0);
	assert_int_equal(err.code, SAVETOOL_REFUSED);
	scratch_holds("image", wire.bytes, wire.size);
	fixes[0].found[0] = 0;
	fixes[1].found[0] = 'l';
	assert_int_equal(repair_apply(&plan, "image", &err), 1);
	assert_int_equal(err.code, SAVETOOL_REFUSED);
	wire.bytes[28] = 1;
	scratch_holds("image", wire.bytes, wire.size);
}

TEST(a_file_that_was_replaced_is_left_alone)
{
	struct fix fixes[2];
	struct repair_plan plan;
	struct savetool_error err;

	make_part();
	make_plan(&plan, fixes);
	assert_int_equal(rename("image", "old"), 0);
	make_part();
	assert_int_equal(repair_apply(&plan, "image", &err), 0);
	assert_int_equal(err.code, SAVETOOL_REFUSED);
	assert_string_equal(err.text, "file has changed since it was checked");
	scratch_holds("image", wire.bytes, wire.size);
	assert_int_equal(repair_apply(&plan, "missing", &err), 0);
	assert_int_equal(err.code, SAVETOOL_SYSTEM);
}

TEST(options_of_another_size_are_refused)
{
	const struct savetool_repair_options options = { .size = 1 };
	struct savetool_check *check;
	struct savetool_error err;

	assert_int_equal(
		savetool_repair(&check, "image", NULL, &options, NULL, &err),
		-1);
	assert_int_equal(err.code, SAVETOOL_USAGE);
	assert_null(check);
	savetool_check_free(NULL);
}

TEST(an_image_that_cannot_be_opened_is_found_to_be_so)
{
	struct savetool_image *image;
	struct savetool_check *check;
	struct savetool_error err;

	make_part();
	assert_int_equal(truncate("image", 20), 0);
	assert_int_equal(savetool_image_open(&image, "image", NULL, NULL, &err),
			 -1);
	check = savetool_check_unopened(&err);
	assert_non_null(check);
	assert_true(has(check, "incomplete"));
	assert_true(check->complete_known && !check->complete);
	savetool_check_free(check);
	assert_int_equal(
		savetool_image_open(&image, "missing", NULL, NULL, &err), -1);
	assert_null(savetool_check_unopened(&err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_file_that_changes_meanwhile_is_not_repaired),
		scratch_test(a_check_can_be_stopped),
		scratch_test(each_repair_is_made_only_after_the_previous_one),
		scratch_test(a_file_that_was_replaced_is_left_alone),
		scratch_test(options_of_another_size_are_refused),
		scratch_test(an_image_that_cannot_be_opened_is_found_to_be_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
