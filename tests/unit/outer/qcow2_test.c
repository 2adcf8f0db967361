/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots in a qcow2 file, which is in memory here. */
#include "config.h"

#include "outer/qcow2.h"

#include "base/bytes.h"

#include "unit/check.h"

#define CLUSTER 512
#define DISK 1000 /* less than an L2 table covers */

/* Its clusters, by number. */
enum { HEADER, TABLE, L1, L2, DATA_2, DATA_0, CLUSTERS };

static uint8_t file[CLUSTERS * CLUSTER];
static size_t list_size;

static uint8_t *cluster(unsigned index)
{
	return file + index * CLUSTER;
}

static void add_snapshot(const char *id, const char *name, uint32_t state_size)
{
	uint8_t *entry = cluster(TABLE) + list_size;
	size_t id_size = strlen(id), name_size = strlen(name);

	put_be64(entry, L1 * CLUSTER);
	put_be32(entry + 8, 2);
	put_be16(entry + 12, id_size);
	put_be16(entry + 14, name_size);
	put_be32(entry + 32, state_size);
	memcpy(entry + 40, id, id_size);
	memcpy(entry + 40 + id_size, name, name_size);
	list_size += round_up(40 + id_size + name_size, 8);
	put_be32(cluster(HEADER) + 60, get_be32(cluster(HEADER) + 60) + 1);
}

/* The VM state starts in the second L2 table. */
static int setup(void **state)
{
	(void)state;
	memset(file, 0, sizeof(file));
	list_size = 0;
	memcpy(cluster(HEADER), "QFI\373", 4);
	put_be32(cluster(HEADER) + 4, 2);
	put_be32(cluster(HEADER) + 20, 9);
	put_be64(cluster(HEADER) + 24, DISK);
	put_be64(cluster(HEADER) + 64, TABLE * CLUSTER);
	put_be64(cluster(L1) + 8, L2 * CLUSTER);
	put_be64(cluster(L2), DATA_0 * CLUSTER);
	put_be64(cluster(L2) + 16, DATA_2 * CLUSTER);
	memset(cluster(DATA_0), 'a', CLUSTER);
	memset(cluster(DATA_2), 'c', CLUSTER);
	return 0;
}

static struct input *open_file(void)
{
	struct savetool_error err;
	struct input *in;

	assert_ok(input_open_memory(&in, file, sizeof(file), &err), err);
	return in;
}

static struct qcow2 *reads(struct input *in)
{
	struct savetool_error err;
	struct qcow2 *qcow2;

	assert_true(qcow2_is_head(file, sizeof(file)));
	assert_ok(qcow2_read(&qcow2, in, &err), err);
	return qcow2;
}

TEST(data_lies_in_any_order_and_holes_are_zero)
{
	struct input *in = open_file(), *vm;
	struct savetool_error err;
	uint8_t data[3 * CLUSTER];
	struct extent extent;
	struct qcow2 *qcow2;
	size_t got;

	add_snapshot("1", "one", 3 * CLUSTER - 12);
	qcow2 = reads(in);
	assert_int_equal(qcow2->count, 1);
	assert_ok(qcow2_open_state(&vm, qcow2, 0, in, &err), err);
	assert_true(vm->seekable);
	assert_int_equal(vm->size, 3 * CLUSTER - 12);
	assert_ok(input_read_all(vm, data, sizeof(data), 0, &got, &err), err);
	assert_int_equal(got, 3 * CLUSTER - 12);
	assert_memory_equal(data, cluster(DATA_0), CLUSTER);
	assert_memory_equal(data + CLUSTER, (uint8_t[CLUSTER]){ 0 }, CLUSTER);
	assert_memory_equal(data + 2 * CLUSTER, cluster(DATA_2), CLUSTER - 12);
	assert_ok(input_extent(vm, 100, &extent, &err), err);
	assert_false(extent.hole);
	assert_int_equal(extent.length, CLUSTER - 100);
	assert_ok(input_extent(vm, CLUSTER, &extent, &err), err);
	assert_true(extent.hole);
	assert_int_equal(extent.length, CLUSTER);
	input_close(vm);
	qcow2_free(qcow2);
	input_close(in);
}

TEST(a_file_that_ends_within_its_clusters_is_incomplete)
{
	struct savetool_error err;
	struct input *in, *vm;
	struct qcow2 *qcow2;
	uint8_t data[CLUSTER];
	size_t got;

	add_snapshot("1", "one", CLUSTER);
	assert_ok(input_open_memory(&in, file, DATA_0 * CLUSTER, &err), err);
	qcow2 = reads(in);
	assert_ok(qcow2_open_state(&vm, qcow2, 0, in, &err), err);
	assert_fails(input_read_all(vm, data, CLUSTER, 0, &got, &err), err,
		     SAVETOOL_INCOMPLETE,
		     "qcow2 file ends before byte 2560, in its clusters (at "
		     "byte 0)");
	input_close(vm);
	qcow2_free(qcow2);
	input_close(in);
}

TEST(more_state_than_the_table_covers_is_corrupt)
{
	struct input *in = open_file(), *vm;
	struct savetool_error err;
	struct qcow2 *qcow2;

	add_snapshot("1", "one", 64 * CLUSTER + 1);
	qcow2 = reads(in);
	assert_fails(qcow2_open_state(&vm, qcow2, 0, in, &err), err,
		     SAVETOOL_CORRUPT,
		     "snapshot 'one' of the qcow2 file has 32769 bytes of VM "
		     "state after a disk of 1000, but a table for 65536");
	qcow2_free(qcow2);
	input_close(in);
}

static void finds_no_data(uint64_t l2_entry, enum savetool_code code,
			  const char *text)
{
	struct input *in = open_file(), *vm;
	struct savetool_error err;
	struct qcow2 *qcow2;
	uint8_t data[CLUSTER];
	size_t got;

	put_be64(cluster(L2), l2_entry);
	qcow2 = reads(in);
	assert_ok(qcow2_open_state(&vm, qcow2, 0, in, &err), err);
	assert_fails(input_read_all(vm, data, CLUSTER, 0, &got, &err), err,
		     code, text);
	input_close(vm);
	qcow2_free(qcow2);
	input_close(in);
}

TEST(entries_that_make_no_sense_are_corrupt)
{
	add_snapshot("1", "one", CLUSTER);
	finds_no_data(1, SAVETOOL_CORRUPT,
		      "qcow2 file of version 2 has a zero cluster (at byte 0)");
	finds_no_data((UINT64_C(1) << 62) | (DATA_0 * CLUSTER),
		      SAVETOOL_CORRUPT,
		      "compressed cluster of the qcow2 file is damaged (at "
		      "byte 0)");
	finds_no_data(UINT64_C(1) << 50, SAVETOOL_INCOMPLETE,
		      "qcow2 file ends before byte 1125899906842624, in its "
		      "clusters (at byte 0)");
}

static void chooses(const struct qcow2 *qcow2, const char *name,
		    unsigned expected)
{
	struct savetool_error err;
	unsigned index;

	assert_ok(qcow2_choose(&index, qcow2, name, &err), err);
	assert_int_equal(index, expected);
}

TEST(a_name_comes_before_an_id)
{
	struct input *in = open_file();
	struct savetool_error err;
	struct qcow2 *qcow2;
	unsigned index;

	add_snapshot("1", "disk", 0);
	add_snapshot("2", "twice", CLUSTER);
	qcow2 = reads(in);
	chooses(qcow2, NULL, 1);
	chooses(qcow2, "2", 1);
	qcow2_free(qcow2);
	add_snapshot("3", "2", CLUSTER);
	add_snapshot("4", "twice", CLUSTER);
	qcow2 = reads(in);
	chooses(qcow2, "2", 2);
	chooses(qcow2, "3", 2);
	assert_fails(qcow2_choose(&index, qcow2, "twice", &err), err,
		     SAVETOOL_USAGE,
		     "qcow2 file with 2 snapshots 'twice'; an id is unique");
	assert_fails(qcow2_choose(&index, qcow2, NULL, &err), err,
		     SAVETOOL_USAGE,
		     "qcow2 file with 3 saved guests: 'twice', '2', 'twice'");
	qcow2_free(qcow2);
	input_close(in);
}

TEST(a_list_past_the_end_of_the_file_is_incomplete)
{
	struct input *in = open_file();
	struct savetool_error err;
	struct qcow2 *qcow2;

	put_be32(cluster(HEADER) + 60, 60000);
	put_be64(cluster(HEADER) + 64, sizeof(file));
	assert_fails(qcow2_read(&qcow2, in, &err), err, SAVETOOL_INCOMPLETE,
		     "snapshots of the qcow2 file: file ends 40 bytes too "
		     "early (at byte 3072)");
	input_close(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			data_lies_in_any_order_and_holes_are_zero, setup),
		cmocka_unit_test_setup(
			a_file_that_ends_within_its_clusters_is_incomplete,
			setup),
		cmocka_unit_test_setup(
			more_state_than_the_table_covers_is_corrupt, setup),
		cmocka_unit_test_setup(entries_that_make_no_sense_are_corrupt,
				       setup),
		cmocka_unit_test_setup(a_name_comes_before_an_id, setup),
		cmocka_unit_test_setup(
			a_list_past_the_end_of_the_file_is_incomplete, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
