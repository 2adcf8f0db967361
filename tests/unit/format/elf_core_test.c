/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ELF cores, as <elf.h> reads them. */
#include "config.h"

#include "base/bytes.h"
#include "format/elf_core.h"
#include "unit/check.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* An output that keeps what is written to it. */
struct kept {
	struct output base;
	uint8_t *bytes;
	uint64_t size;
};

static int write_at(struct output *out, struct iovec *iov, unsigned count,
		    uint64_t offset, struct savetool_error *err)
{
	struct kept *kept = (struct kept *)out;

	(void)err;
	for (unsigned i = 0; i < count; i++) {
		uint64_t end = offset + iov[i].iov_len;

		if (end > kept->size) {
			kept->bytes = realloc(kept->bytes, end);
			assert_non_null(kept->bytes);
			memset(kept->bytes + kept->size, 0, end - kept->size);
			kept->size = end;
		}
		memcpy(kept->bytes + offset, iov[i].iov_base, iov[i].iov_len);
		offset = end;
	}
	return 0;
}

static const struct output_ops kept_ops = { .write_at = write_at };

#define KEPT                                                                   \
	{                                                                      \
		.base = {.ops = &kept_ops, .seekable = true }                  \
	}

static void write_core(struct kept *kept, const struct elf_core *core,
		       size_t count)
{
	struct ram_places ranges = { 0 }, to = { 0 };
	struct savetool_error err;

	for (size_t i = 0; i < count; i++) {
		const struct ram_place place = { .length = 4096,
						 .to = i * 8192 };

		assert_int_equal(ram_places_add(&ranges, &place, &err), 0);
	}
	assert_int_equal(elf_core_place(core, &to, &ranges, &err), 0);
	assert_int_equal(to.count, count);
	assert_int_equal(elf_core_write(core, &kept->base, &to, &ranges, &err),
			 0);
	assert_true(kept->base.position >= kept->size);
	ram_places_free(&ranges);
	ram_places_free(&to);
}

static void segments_have_addresses_and_aligned_offsets(void **state)
{
	struct elf_core core = { .machine = EM_X86_64 };
	struct kept kept = KEPT;
	const Elf64_Ehdr *header;
	const Elf64_Phdr *segments;
	struct savetool_error err;

	(void)state;
	assert_int_equal(elf_core_add_note(&core, "CORE", 1, "abcde", 5, &err),
			 0);
	core.notes_most = 5000;
	write_core(&kept, &core, 3);
	header = (const Elf64_Ehdr *)kept.bytes;
	assert_memory_equal(header->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(le16toh(header->e_machine), EM_X86_64);
	assert_int_equal(le16toh(header->e_phnum), 4);
	segments = (const void *)(kept.bytes + le64toh(header->e_phoff));
	assert_int_equal(le32toh(segments[0].p_type), PT_NOTE);
	assert_int_equal(le64toh(segments[0].p_filesz), 12 + 8 + 8);
	assert_memory_equal(kept.bytes + le64toh(segments[0].p_offset) + 12,
			    "CORE\0\0\0\0abcde", 13);
	/* crash(8) reads the notes with what comes ahead of memory. */
	assert_true(le64toh(segments[0].p_offset) + 5000 <=
		    le64toh(segments[1].p_offset));
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(le64toh(segments[1 + i].p_paddr), i * 8192);
		assert_int_equal(le64toh(segments[1 + i].p_offset) % 4096, 0);
		assert_int_equal(le64toh(segments[1 + i].p_filesz), 4096);
	}
	elf_core_release(&core);
	free(kept.bytes);
}

static void too_many_segments_are_counted_in_a_section(void **state)
{
	const struct elf_core core = { .machine = EM_S390, .big_endian = true };
	struct kept kept = KEPT;
	const Elf64_Ehdr *header;
	const Elf64_Shdr *section;

	(void)state;
	write_core(&kept, &core, 70000);
	header = (const Elf64_Ehdr *)kept.bytes;
	assert_int_equal(be16toh(header->e_phnum), PN_XNUM);
	assert_int_equal(be16toh(header->e_shnum), 1);
	section = (const void *)(kept.bytes + be64toh(header->e_shoff));
	assert_int_equal(be32toh(section->sh_info), 70001);
	free(kept.bytes);
}

static void one_less_than_too_many_fits_the_header(void **state)
{
	const struct elf_core core = { .machine = EM_X86_64 };
	struct kept kept = KEPT;
	const Elf64_Ehdr *header;

	(void)state;
	write_core(&kept, &core, 65533);
	header = (const Elf64_Ehdr *)kept.bytes;
	assert_int_equal(le16toh(header->e_phnum), 65534);
	assert_int_equal(le16toh(header->e_shnum), 0);
	free(kept.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_have_addresses_and_aligned_offsets),
		cmocka_unit_test(too_many_segments_are_counted_in_a_section),
		cmocka_unit_test(one_less_than_too_many_fits_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
