/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The findings of check. */
#include "config.h"

#include "checker.h"

#include "base/bytes.h"
#include "base/error.h"
#include "describe.h"
#include "findings.h"
#include "format/section.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Both are enough for any finding here; the rest stands in the call. */
#define NOTE .severity = ST_NOTE
#define PROBLEM .severity = ST_PROBLEM
#define NOWHERE .offset = ST_UNKNOWN, .length = ST_UNKNOWN

static int on_command(struct visitor *visitor,
		      const struct stream_item *command, struct st_error *err)
{
	struct checker *checker = (struct checker *)visitor;

	(void)err;
	if (command->command == COMMAND_POSTCOPY_ADVISE)
		checker->advised = command->offset;
	else if (command->command != COMMAND_SWITCHOVER_START)
		checker->return_path = command->offset;
	return 0;
}

static int add_padding(struct checker *checker,
		       const struct padding_bits *padding, struct st_error *err)
{
	struct padding_bits *paddings =
		reallocarray(checker->paddings, checker->padding_count + 1,
			     sizeof(*paddings));

	if (!paddings)
		return fail_memory(err);
	paddings[checker->padding_count++] = *padding;
	checker->paddings = paddings;
	return 0;
}

/* The last word of a bitmap; what ends before it is the walk's to tell. */
static int look_at_padding(struct checker *checker, const struct ram_list *list,
			   unsigned block, struct st_error *err)
{
	const struct st_image *image = checker->image;
	bool big = image->libvirt && image->libvirt->header.big_endian;
	uint64_t pages =
		list->layout.blocks[block].length / list->layout.page_size;
	struct padding_bits padding = { .block = block };
	uint64_t word, right;
	size_t got;

	if (list->places[block].pages_offset == 0 || pages % 64 == 0)
		return 0;
	padding.offset = list->places[block].bitmap_offset +
			 bitmap_size(pages) - sizeof(padding.found);
	if (input_read_all(image_input(image), padding.found,
			   sizeof(padding.found), padding.offset, &got,
			   err) < 0)
		return -1;
	word = get_be64(padding.found);
	if (!big)
		word = __builtin_bswap64(word);
	right = word & ((UINT64_C(1) << pages % 64) - 1);
	if (got < sizeof(padding.found) || word == right)
		return 0;
	put_be64(padding.right, big ? right : __builtin_bswap64(right));
	return add_padding(checker, &padding, err);
}

static int on_ram_list(struct visitor *visitor, const struct section *section,
		       const struct ram_list *list, struct page_sink **sink,
		       struct st_error *err)
{
	struct checker *checker = (struct checker *)visitor;

	(void)section;
	(void)sink;
	for (unsigned i = 0; list->mapped && i < list->layout.count; i++)
		if (look_at_padding(checker, list, i, err) < 0)
			return -1;
	return 0;
}

static int on_tail(struct visitor *visitor, const struct tail *tail,
		   struct st_error *err)
{
	struct checker *checker = (struct checker *)visitor;

	(void)tail;
	(void)err;
	checker->finished = true;
	return 0;
}

static const struct visitor_ops ops = {
	.command = on_command,
	.ram_list = on_ram_list,
	.tail = on_tail,
};

void checker_init(struct checker *checker, const struct st_image *image)
{
	*checker = (struct checker){
		.base = { .ops = &ops },
		.image = image,
		.advised = ST_UNKNOWN,
		.return_path = ST_UNKNOWN,
	};
}

void checker_release(struct checker *checker)
{
	free(checker->paddings);
	checker->paddings = NULL;
}

static struct description *description_of(const struct checker *checker)
{
	return checker->image->description;
}

/*
 * Those bits are what ended the walk: reading the bitmaps is what comes next.
 * The description only knows that something is corrupt.
 */
static int find_padding_bits(const struct checker *checker,
			     struct st_error *err)
{
	struct description *description = description_of(checker);
	const struct ram_list *list = &checker->image->stream.ram;
	size_t kept = 0;

	if (checker->padding_count == 0)
		return 0;
	for (size_t i = 0; i < description->info.finding_count; i++)
		if (strcmp(description->findings[i].code, "corrupt") != 0)
			description->findings[kept++] =
				description->findings[i];
	description->info.finding_count = kept;
	for (unsigned i = 0; i < checker->padding_count; i++) {
		const struct padding_bits *padding = &checker->paddings[i];
		const struct st_finding finding = {
			.code = "padding-bits",
			PROBLEM,
			.block = list->layout.blocks[padding->block].name,
			.offset = padding->offset,
			.length = sizeof(padding->found),
		};

		if (description_find(description, &finding, err,
				     "the bitmap has bits set behind its last "
				     "page") < 0)
			return -1;
	}
	return 0;
}

/* What a header that says Part has kept the description from telling. */
static int find_behind_part(const struct checker *checker,
			    const struct st_error *broken, struct st_error *err)
{
	const struct st_header *header = description_of(checker)->info.header;

	if (!broken || !header || header->complete || checker->finished ||
	    image_require_complete(checker->image, err) == 0 ||
	    strcmp(err->text, broken->text) == 0)
		return 0;
	return find_error(description_of(checker), broken, err);
}

static int find_running(const struct checker *checker, struct st_error *err)
{
	const struct libvirt *libvirt = checker->image->libvirt;
	const struct st_finding finding = {
		.code = "was-running", NOTE, .offset = 24, .length = 4
	};

	if (libvirt->was_running <= 1)
		return 0;
	return description_find(description_of(checker), &finding, err,
				"the word that says whether the guest ran is "
				"%" PRIu32 ", not 0 or 1",
				libvirt->was_running);
}

/* Of the data behind the header, what nothing should be in. */
static int find_dirt(const struct checker *checker, size_t from, size_t to,
		     struct st_error *err)
{
	const char *data = checker->image->libvirt->data;
	struct st_finding finding = { .code = "padding", NOTE };

	while (from < to && data[from] == '\0')
		from++;
	if (from >= to)
		return 0;
	finding.offset = LIBVIRT_HEADER_SIZE + from;
	finding.length = to - from;
	return description_find(description_of(checker), &finding, err,
				"the room behind XML or cookie is not all "
				"zeros");
}

static int find_padding(const struct checker *checker, struct st_error *err)
{
	const struct libvirt *libvirt = checker->image->libvirt;
	const struct st_header *header = &libvirt->header;

	if (find_dirt(checker, strlen(libvirt->xml) + 1, header->cookie_offset,
		      err) < 0)
		return -1;
	return find_dirt(checker, header->data_length - header->padding,
			 header->data_length, err);
}

/* Memory that is hot-plugged counts in both; other blocks are small. */
static int find_memory(const struct checker *checker, struct st_error *err)
{
	struct description *description = description_of(checker);
	const struct st_info *info = &description->info;
	const struct st_finding finding = { .code = "memory", NOTE, NOWHERE };
	uint64_t total = 0;

	for (size_t i = 0; i < info->block_count; i++)
		total += info->blocks[i].length;
	if (!info->guest || info->guest->memory == ST_UNKNOWN ||
	    info->block_count == 0 || info->guest->memory <= total)
		return 0;
	return description_find(description, &finding, err,
				"the XML gives the guest %" PRIu64
				" bytes of memory, but the blocks have only "
				"%" PRIu64,
				info->guest->memory, total);
}

static int find_in_libvirt(const struct checker *checker, struct st_error *err)
{
	if (!checker->image->libvirt)
		return 0;
	if (find_running(checker, err) < 0 || find_padding(checker, err) < 0)
		return -1;
	return find_memory(checker, err);
}

static int find_unaligned(const struct checker *checker, struct st_error *err)
{
	struct description *description = description_of(checker);
	const struct st_info *info = &description->info;

	for (size_t i = 0; i < info->block_count; i++) {
		const struct st_block *block = &info->blocks[i];
		const struct st_finding finding = {
			.code = "unaligned",
			NOTE,
			.block = block->name,
			.offset = block->pages_offset,
			.length = block->length,
		};

		if (block->pages_offset == ST_UNKNOWN ||
		    block->pages_offset % MAPPED_ALIGNMENT == 0)
			continue;
		if (description_find(description, &finding, err,
				     "pages that do not start at a multiple "
				     "of 1 MiB, as QEMU places them; direct "
				     "I/O may fail") < 0)
			return -1;
	}
	return 0;
}

static int find_commands(const struct checker *checker, struct st_error *err)
{
	struct st_finding finding = { .code = "postcopy",
				      NOTE,
				      .offset = checker->advised,
				      .length = ST_UNKNOWN };

	if (checker->advised != ST_UNKNOWN &&
	    description_find(description_of(checker), &finding, err,
			     "saved with postcopy or dirty bitmaps: QEMU "
			     "restores it with the same capability") < 0)
		return -1;
	finding.code = "return-path";
	finding.offset = checker->return_path;
	if (checker->return_path == ST_UNKNOWN)
		return 0;
	return description_find(description_of(checker), &finding, err,
				"saved with a return path, which a file "
				"cannot give");
}

/* What was counted when all pages were read. */
static int find_waste(const struct checker *checker, struct st_error *err)
{
	struct description *description = description_of(checker);
	const struct st_info *info = &description->info;
	struct st_finding finding = { .code = "zero-pages", NOTE, NOWHERE };

	if (!info->scanned)
		return 0;
	finding.length = info->sizes.reclaimable_zero;
	if (info->layout == ST_LAYOUT_MAPPED_RAM && finding.length > 0 &&
	    description_find(description, &finding, err,
			     "pages are stored that are all zeros") < 0)
		return -1;
	finding.code = "superseded";
	finding.length = superseded_bytes(info);
	if (info->layout == ST_LAYOUT_MAPPED_RAM || finding.length == 0)
		return 0;
	return description_find(description, &finding, err,
				"pages are stored that later ones replace");
}

static int find_unchecked(const struct checker *checker, struct st_error *err)
{
	struct st_finding finding = { .code = "not-checked",
				      NOTE,
				      .offset = checker->image->payload,
				      .length = ST_UNKNOWN };

	return description_find(description_of(checker), &finding, err,
				"packed: nothing was read beyond the list of "
				"RAM blocks");
}

/* Packed as libvirt would, but in a layout that has to be read at any place. */
static int find_packed_mapped(const struct checker *checker,
			      struct st_error *err)
{
	const struct st_info *info = &description_of(checker)->info;
	struct st_finding finding = { .code = "packed-mapped-ram",
				      PROBLEM,
				      .offset = checker->image->payload,
				      .length = ST_UNKNOWN };

	if (!checker->image->codec || !checker->image->libvirt ||
	    info->layout != ST_LAYOUT_MAPPED_RAM)
		return 0;
	return description_find(description_of(checker), &finding, err,
				"a packed mapped-ram stream, which QEMU "
				"cannot restore from what unpacks it");
}

/* Where the header says Part and nothing else is wrong, that is said. */
static int find_part_complete(const struct checker *checker)
{
	struct description *description = description_of(checker);

	if (!checker_proves(checker))
		return 0;
	for (size_t i = 0; i < description->info.finding_count; i++) {
		struct st_finding *finding = &description->findings[i];

		if (strcmp(finding->code, "part") != 0)
			continue;
		finding->code = "part-complete";
		finding->message = description_keep(
			description, "the header says that libvirt never "
				     "finished this image, but it is complete "
				     "to its last byte");
		return finding->message ? 0 : -1;
	}
	return 0;
}

int checker_find(const struct checker *checker, const struct st_error *broken,
		 struct st_error *err)
{
	if (find_padding_bits(checker, err) < 0)
		return -1;
	if (checker->padding_count == 0 &&
	    find_behind_part(checker, broken, err) < 0)
		return -1;
	if (find_in_libvirt(checker, err) < 0 ||
	    find_unaligned(checker, err) < 0 ||
	    find_commands(checker, err) < 0 ||
	    find_packed_mapped(checker, err) < 0)
		return -1;
	/* A header that says Part has not let the description get there. */
	if (checker->finished && broken && !image_codec(checker->image) &&
	    find_in_tail(description_of(checker), checker->image, err) < 0)
		return -1;
	if (checker->finished && (find_in_devices(checker->image, err) < 0 ||
				  find_waste(checker, err) < 0))
		return -1;
	if (!checker->finished && (!broken || broken->code == ST_INCOMPLETE) &&
	    image_codec(checker->image) &&
	    description_of(checker)->info.stream_known &&
	    find_unchecked(checker, err) < 0)
		return -1;
	return find_part_complete(checker) < 0 ? fail_memory(err) : 0;
}

bool checker_proves(const struct checker *checker)
{
	const struct st_info *info = &description_of(checker)->info;
	const struct tail *tail = checker->image->tail;
	struct st_error ignored;

	if (!checker->finished || !checker->image->libvirt ||
	    (!tail->vmdesc && tail->size > 1) || tail->vmdesc_cut ||
	    libvirt_check_xml(checker->image->libvirt, &ignored) < 0)
		return false;
	for (size_t i = 0; i < info->finding_count; i++) {
		const struct st_finding *finding = &info->findings[i];

		if (finding->severity == ST_PROBLEM &&
		    strcmp(finding->code, "part") != 0 &&
		    strcmp(finding->code, "part-complete") != 0 &&
		    strcmp(finding->code, "mislabelled") != 0)
			return false;
	}
	return true;
}
