/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any file, whose memory is extracted: as a core and as LiME has it, as a whole
 * and one that breaks off.  Where the guest sees what must add up, and the file
 * is as long as the report says.
 */
#include "config.h"

#include "fuzz.h"

#include "image/image.h"

#include <sys/stat.h>

static void check_ranges(const struct savetool_memory *memory,
			 const struct savetool_info *info)
{
	uint64_t end = 0;

	for (size_t i = 0; i < memory->range_count; i++) {
		const struct savetool_memory_range *range = &memory->ranges[i];
		const struct savetool_block *block = NULL;

		fuzz_require(range->length > 0 && range->address >= end);
		end = range->address + range->length;
		fuzz_require(end > range->address && end <= INT64_MAX);
		for (size_t j = 0; info && j < info->block_count; j++)
			if (strcmp(info->blocks[j].name, range->block) == 0)
				block = &info->blocks[j];
		if (block)
			fuzz_require(range->offset <= block->length &&
				     range->length <=
					     block->length - range->offset);
	}
}

/* NULL: it cannot be described. */
static const struct savetool_info *describe(struct savetool_image *image)
{
	const struct savetool_info *info;
	struct savetool_error err;

	return savetool_image_describe(image, false, NULL, &info, &err) < 0 ?
		       NULL :
		       info;
}

/* Standard output is a file in memory. */
static void extract(struct savetool_image *image,
		    enum savetool_memory_format format, bool partial)
{
	const struct savetool_memory_options options = {
		.size = sizeof(options),
		.format = format,
		.partial = partial,
	};
	struct savetool_memory *memory;
	struct savetool_error err;
	struct stat st;
	int fd = fuzz_file();

	fuzz_require(dup2(fd, STDOUT_FILENO) >= 0);
	close(fd);
	if (savetool_extract_memory(image, "-", &options, NULL, &memory, &err) <
	    0)
		return;
	fuzz_require(fstat(STDOUT_FILENO, &st) == 0);
	fuzz_require((uint64_t)st.st_size == memory->logical);
	fuzz_require(memory->range_count > 0);
	check_ranges(memory, describe(image));
	savetool_memory_free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct savetool_open_options plainly = {
		.size = sizeof(plainly),
	};
	struct savetool_image *image;
	struct savetool_error err;
	struct input *in;

	fuzz_require(input_open_fd(&in, fuzz_file_of(data, size), &err) == 0);
	if (image_open_input(&image, in, "fuzz", NULL, &plainly, &err) < 0)
		return 0;
	extract(image, SAVETOOL_MEMORY_ELF, false);
	extract(image, SAVETOOL_MEMORY_LIME, true);
	savetool_image_close(image);
	return 0;
}
