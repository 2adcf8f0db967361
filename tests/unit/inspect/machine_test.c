/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which releases of QEMU have a machine type, by its name. */
#include "config.h"

#include "inspect/machine.h"

#include "unit/check.h"

static void lasts(const char *machine, const char *first, const char *last)
{
	struct machine_releases releases;

	machine_releases(&releases, machine);
	assert_string_equal(releases.first, first);
	assert_string_equal(releases.last, last);
	assert_null(releases.vendor);
}

static void is_of(const char *machine, const char *vendor)
{
	struct machine_releases releases;

	machine_releases(&releases, machine);
	assert_string_equal(releases.first, "");
	assert_string_equal(releases.last, "");
	assert_non_null(releases.vendor);
	assert_string_equal(releases.vendor, vendor);
}

TEST(a_type_is_removed_after_six_major_releases)
{
	lasts("pc-i440fx-4.2", "4.2", "10.1");
	lasts("pc-i440fx-5.0", "5.0", "10.2");
	lasts("pc-i440fx-5.1", "5.1", "11.0");
	lasts("pc-q35-5.2", "5.2", "11.1");
	lasts("pc-q35-6.2", "6.2", "12.1");
	lasts("virt-10.0", "10.0", "15.2");
	lasts("pseries-9.1", "9.1", "15.0");
	lasts("s390-ccw-virtio-11.2", "11.2", "17.1");
}

TEST(the_rule_is_in_force_since_10_1)
{
	lasts("pc-i440fx-4.1", "4.1", "10.0");
	lasts("pc-i440fx-2.4", "2.4", "10.0");
	lasts("pc-q35-4.0.1", "4.0.1", "10.0");
	lasts("pc-q35-2.12", "2.12", "10.0");
	lasts("virt-2.6", "2.6", "10.0");
	lasts("pseries-3.0", "3.0", "10.0");
	lasts("s390-ccw-virtio-2.9", "2.9", "10.0");
}

TEST(older_ones_went_one_by_one)
{
	lasts("pc-1.3", "1.3", "5.2");
	lasts("pc-i440fx-1.7", "1.7", "8.1");
	lasts("pc-i440fx-2.3", "2.3", "9.0");
}

TEST(the_last_release_of_unknown_types_is_unknown)
{
	lasts("pc-0.12", "0.12", "");
	lasts("pc-q35-2.3", "2.3", "");
	lasts("pseries-2.12", "2.12", "");
	lasts("s390-ccw-virtio-2.8", "2.8", "");
	lasts("pc", "", "");
	lasts("microvm", "", "");
	lasts("none", "", "");
	lasts("virt", "", "");
	lasts("virt-", "", "");
	lasts("virt-7", "", "");
	lasts("virt-7.2.x", "", "");
	lasts("virt-99999.1", "", "");
	lasts("raspi-3.0", "", "");
	lasts("pc-i440fx-2.3-custom", "", "");
	lasts("", "", "");
	lasts(NULL, "", "");
}

TEST(vendors_have_names_of_their_own)
{
	is_of("pc-i440fx-rhel7.6.0", "Red Hat");
	is_of("pc-q35-rhel9.4.0", "Red Hat");
	is_of("virt-rhel9.2.0", "Red Hat");
	is_of("s390-ccw-virtio-rhel9.2.0", "Red Hat");
	is_of("rhel6.6.0", "Red Hat");
	is_of("pc-i440fx-bionic", "Ubuntu");
	is_of("pc-q35-jammy-hpb", "Ubuntu");
	is_of("virt-noble", "Ubuntu");
	is_of("pc-i440fx-6.2+pve0", "Proxmox");
}

TEST(releases_are_numbers)
{
	assert_true(machine_compare("10.0", "9.2") > 0);
	assert_true(machine_compare("2.9", "2.12") < 0);
	assert_true(machine_compare("4.0.1", "4.0") > 0);
	assert_int_equal(machine_compare("9.0", "9.0"), 0);
}

TEST(related_types_have_the_same_board)
{
	assert_true(machine_is_related("pc-i440fx-7.2", "pc-i440fx-10.0"));
	assert_true(machine_is_related("pc-q35-jammy", "pc-q35-8.2"));
	assert_true(machine_is_related("pc-q35-rhel9.4.0", "pc-q35-9.0"));
	assert_true(machine_is_related("virt-9.0", "virt-10.0"));
	assert_true(machine_is_related("s390-ccw-virtio-8.0",
				       "s390-ccw-virtio-9.0"));
	assert_false(machine_is_related("pc-i440fx-7.2", "pc-q35-7.2"));
	assert_false(machine_is_related("pc-1.3", "pc-i440fx-7.2"));
	assert_false(machine_is_related("pc-i440fx-7.2", "pc"));
	assert_false(machine_is_related("pc-i440fx-7.2", "pc-i440fx-"));
	assert_false(machine_is_related("microvm", "microvm"));
	assert_false(machine_is_related("", "virt-10.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_type_is_removed_after_six_major_releases),
		cmocka_unit_test(the_rule_is_in_force_since_10_1),
		cmocka_unit_test(older_ones_went_one_by_one),
		cmocka_unit_test(the_last_release_of_unknown_types_is_unknown),
		cmocka_unit_test(vendors_have_names_of_their_own),
		cmocka_unit_test(releases_are_numbers),
		cmocka_unit_test(related_types_have_the_same_board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
