/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocks of a guest: which may be there, and which are prefilled. */
#include "config.h"

#include "unit/pages.h"

TEST(blocks_are_counted_and_found)
{
	struct ram_layout layout =
		layout_of(4096, "pc.ram", KIB(64), "pc.bios", KIB(8), NULL);

	assert_int_equal(layout.count, 2);
	assert_int_equal(layout.length, KIB(72));
	assert_int_equal(layout.blocks[1].index, 1);
	assert_ptr_equal(ram_layout_find(&layout, "pc.bios"),
			 &layout.blocks[1]);
	assert_null(ram_layout_find(&layout, "pc.rom"));
	ram_layout_free(&layout);
	assert_int_equal(layout.count, 0);
}

TEST(an_empty_block_is_one)
{
	struct ram_layout layout = layout_of(4096, "empty", KIB(0), NULL);

	assert_int_equal(layout.count, 1);
	ram_layout_free(&layout);
}

TEST(a_name_is_there_once)
{
	struct ram_layout layout = layout_of(4096, "pc.ram", KIB(64), NULL);
	struct savetool_error err;

	assert_fails(ram_layout_add(&layout, "pc.ram", KIB(4), &err), err,
		     SAVETOOL_CORRUPT, "duplicate block name");
	assert_int_equal(layout.count, 1);
	ram_layout_free(&layout);
}

TEST(a_length_is_a_multiple_of_the_page_size)
{
	struct ram_layout layout = { .page_size = 8192 };
	struct savetool_error err;

	assert_fails(ram_layout_add(&layout, "pc.ram", KIB(4), &err), err,
		     SAVETOOL_CORRUPT,
		     "length 4096 is not a multiple of the page size 8192");
	ram_layout_free(&layout);
}

TEST(no_sum_of_lengths_overflows)
{
	struct ram_layout layout =
		layout_of(4096, "a", RAM_LENGTH_LIMIT - 4096, NULL);
	struct savetool_error err;

	assert_fails(ram_layout_add(&layout, "b", KIB(8), &err), err,
		     SAVETOOL_CORRUPT, "length 8192 is out of range");
	assert_fails(ram_layout_add(&layout, "b", -KIB(4), &err), err,
		     SAVETOOL_CORRUPT,
		     "length 18446744073709547520 is out of range");
	assert_ok(ram_layout_add(&layout, "b", KIB(4), &err), err);
	ram_layout_free(&layout);
}

TEST(there_are_not_endless_blocks)
{
	struct ram_layout layout = { .page_size = 4096 };
	struct savetool_error err;
	char name[16];

	for (unsigned i = 0; i < RAM_BLOCKS_LIMIT; i++) {
		snprintf(name, sizeof(name), "block%u", i);
		assert_ok(ram_layout_add(&layout, name, 0, &err), err);
	}
	assert_fails(ram_layout_add(&layout, "more", 0, &err), err,
		     SAVETOOL_CORRUPT, "more than 4096 memory blocks");
	ram_layout_free(&layout);
}

static bool is_prefilled(const char *name)
{
	struct ram_layout layout = layout_of(4096, name, KIB(4), NULL);
	bool prefilled = layout.blocks[0].prefilled;

	ram_layout_free(&layout);
	return prefilled;
}

TEST(plain_ram_is_not_prefilled)
{
	static const char *const names[] = {
		"pc.ram",
		"mach-virt.ram",
		"s390.ram",
		"ppc_spapr.ram",
		"m0",
		"ram-node0",
		"memdimm0",
		"loongarch.ram",
		"vmem0",
		"/objects/ram-node0",
		"0000:00:03.0/memvirtiomem0",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (is_prefilled(names[i]))
			fail_test("%s is prefilled", names[i]);
}

TEST(firmware_and_devices_are_prefilled)
{
	static const char *const names[] = {
		"/rom@etc/acpi/tables",
		"/rom@etc/table-loader",
		"pc.bios",
		"pc.rom",
		"virt.flash0",
		"0000:00:01.0/vga.vram",
		"0000:00:03.0/virtio-net-pci.rom",
		"0000:00:03.0/vmem0",
		"vga.vram",
		"system.flash0",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!is_prefilled(names[i]))
			fail_test("%s is not prefilled", names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_counted_and_found),
		cmocka_unit_test(an_empty_block_is_one),
		cmocka_unit_test(a_name_is_there_once),
		cmocka_unit_test(a_length_is_a_multiple_of_the_page_size),
		cmocka_unit_test(no_sum_of_lengths_overflows),
		cmocka_unit_test(there_are_not_endless_blocks),
		cmocka_unit_test(plain_ram_is_not_prefilled),
		cmocka_unit_test(firmware_and_devices_are_prefilled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
