/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The findings of check, all listed in the table at the end. */
#include "config.h"

#include "check/checker.h"

#include "base/error.h"
#include "format/section.h"
#include "image/trust.h"
#include "inspect/describe.h"
#include "inspect/findings.h"

#include <inttypes.h>
#include <string.h>

/* These start any finding here; its details are in the call. */
#define NOTE .severity = SAVETOOL_NOTE
#define PROBLEM .severity = SAVETOOL_PROBLEM
#define NOWHERE .offset = SAVETOOL_UNKNOWN, .length = SAVETOOL_UNKNOWN

static struct description *description_of(const struct checker *checker)
{
	return checker->pass->image->description;
}

static const struct savetool_info *info_of(const struct checker *checker)
{
	return &description_of(checker)->info;
}

static bool has_padding_bits(const struct checker *checker)
{
	return checker->padding_count > 0;
}

static int report_padding_bits(const struct checker *checker,
			       struct savetool_error *err)
{
	struct description *description = description_of(checker);
	const struct ram_list *list = &checker->pass->stream.ram;
	bool unknown = trust_needs_host(checker->pass);

	for (unsigned i = 0; i < checker->padding_count; i++) {
		const struct padding_bits *padding = &checker->paddings[i];
		const struct savetool_finding finding = {
			.code = "padding-bits",
			PROBLEM,
			.block = list->layout.blocks[padding->block].name,
			.offset = padding->offset,
			.length = sizeof(padding->found),
			.hint = unknown ? trust_hint(DOUBT_HOST) :
					  SAVETOOL_HINT_NONE,
		};

		if (description_report(
			    description, &finding, err,
			    "the bitmap has bits set past its last page") < 0)
			return -1;
	}
	return 0;
}

static bool hides_error(const struct checker *checker)
{
	const struct savetool_header *header = info_of(checker)->header;

	return checker->broken && header && !header->complete &&
	       !checker->finished;
}

/*
 * If the header says Part, the description did not get to the trailing bytes.
 */
static int report_trailing_part(const struct checker *checker,
				struct savetool_error *err)
{
	if (image_require_complete(checker->pass->image, err) == 0 ||
	    strcmp(err->text, checker->broken->text) == 0)
		return 0;
	return report_failure(description_of(checker), checker->broken, err);
}

static bool has_header(const struct checker *checker)
{
	return checker->pass->image->libvirt != NULL;
}

static int report_running(const struct checker *checker,
			  struct savetool_error *err)
{
	const struct libvirt *libvirt = checker->pass->image->libvirt;
	const struct savetool_finding finding = {
		.code = "was-running", NOTE, .offset = 24, .length = 4
	};

	if (libvirt->was_running <= 1)
		return 0;
	return description_report(
		description_of(checker), &finding, err,
		"the 'was running' word of the header is %" PRIu32
		", not 0 or 1",
		libvirt->was_running);
}

/* Bytes in the data after the header that should be zero. */
static int report_dirt(const struct checker *checker, size_t from, size_t to,
		       struct savetool_error *err)
{
	const char *data = checker->pass->image->libvirt->data;
	struct savetool_finding finding = { .code = "padding", NOTE };

	while (from < to && data[from] == '\0')
		from++;
	if (from >= to)
		return 0;
	finding.offset = LIBVIRT_HEADER_SIZE + from;
	finding.length = to - from;
	return description_report(
		description_of(checker), &finding, err,
		"padding after the XML or cookie is not zero");
}

static int report_padding(const struct checker *checker,
			  struct savetool_error *err)
{
	const struct libvirt *libvirt = checker->pass->image->libvirt;
	const struct savetool_header *header = &libvirt->header;

	if (report_dirt(checker, strlen(libvirt->xml) + 1,
			header->cookie_offset, err) < 0)
		return -1;
	return report_dirt(checker, header->data_length - header->padding,
			   header->data_length, err);
}

static int report_unaligned(const struct checker *checker,
			    struct savetool_error *err)
{
	struct description *description = description_of(checker);
	const struct savetool_info *info = &description->info;

	for (size_t i = 0; i < info->block_count; i++) {
		const struct savetool_block *block = &info->blocks[i];
		const struct savetool_finding finding = {
			.code = "unaligned",
			.hint = SAVETOOL_HINT_CONVERT_TWICE,
			NOTE,
			.block = block->name,
			.offset = block->pages_offset,
			.length = block->length,
		};

		if (block->pages_offset == SAVETOOL_UNKNOWN ||
		    block->pages_offset % MAPPED_ALIGNMENT == 0)
			continue;
		if (description_report(
			    description, &finding, err,
			    "pages do not start at a multiple of 1 MiB, as "
			    "QEMU writes them; direct I/O may fail") < 0)
			return -1;
	}
	return 0;
}

static bool is_advised(const struct checker *checker)
{
	return checker->advised != SAVETOOL_UNKNOWN;
}

static int report_postcopy(const struct checker *checker,
			   struct savetool_error *err)
{
	const struct savetool_finding finding = { .code = "postcopy",
						  NOTE,
						  .offset = checker->advised,
						  .length = SAVETOOL_UNKNOWN };

	return description_report(
		description_of(checker), &finding, err,
		"saved with postcopy or dirty bitmaps: QEMU needs the same "
		"capability to restore it");
}

static bool has_return_path(const struct checker *checker)
{
	return checker->return_path != SAVETOOL_UNKNOWN;
}

static int report_return_path(const struct checker *checker,
			      struct savetool_error *err)
{
	const struct savetool_finding finding = { .code = "return-path",
						  NOTE,
						  .offset =
							  checker->return_path,
						  .length = SAVETOOL_UNKNOWN };

	return description_report(
		description_of(checker), &finding, err,
		"saved with a return path, which a file does not have");
}

/* Compressed as libvirt would, but in a layout that needs random access. */
static bool is_compressed_mapped(const struct checker *checker)
{
	return image_stream_codec(checker->pass->image) &&
	       checker->pass->image->libvirt &&
	       info_of(checker)->layout == SAVETOOL_LAYOUT_MAPPED_RAM;
}

static int report_compressed_mapped(const struct checker *checker,
				    struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "compressed-mapped-ram",
		.hint = SAVETOOL_HINT_CONVERT_SPARSE,
		PROBLEM,
		.offset = image_payload_offset(checker->pass->image),
		.length = SAVETOOL_UNKNOWN
	};

	return description_report(
		description_of(checker), &finding, err,
		"compressed mapped-ram stream: QEMU cannot restore it while it "
		"is being decompressed");
}

/* If the header says Part, the description did not get to the tail. */
static bool has_unclear_tail(const struct checker *checker)
{
	return checker->finished && checker->broken &&
	       !image_codec(checker->pass->image);
}

static int report_unclear_tail(const struct checker *checker,
			       struct savetool_error *err)
{
	return report_in_tail(description_of(checker), checker->pass, err);
}

static bool is_finished(const struct checker *checker)
{
	return checker->finished;
}

/* Were all pages read, each in one slot? */
static bool has_zero_pages(const struct checker *checker)
{
	const struct savetool_info *info = info_of(checker);

	return checker->finished && info->scanned &&
	       info->layout == SAVETOOL_LAYOUT_MAPPED_RAM &&
	       zero_page_bytes(info, checker->pass) > 0;
}

static int report_zero_pages(const struct checker *checker,
			     struct savetool_error *err)
{
	const struct savetool_header *header = info_of(checker)->header;
	struct savetool_finding finding = {
		.code = "zero-pages",
		.hint = SAVETOOL_HINT_SPARSIFY,
		NOTE,
		.offset = SAVETOOL_UNKNOWN,
		.length = zero_page_bytes(info_of(checker), checker->pass),
	};

	if (header && !header->complete) {
		finding.severity = SAVETOOL_WARNING;
		return description_report(
			description_of(checker), &finding, err,
			"zero pages are stored, which libvirt never does: "
			"their content may have been lost");
	}
	return description_report(description_of(checker), &finding, err,
				  "zero pages are stored");
}

static bool has_superseded(const struct checker *checker)
{
	const struct savetool_info *info = info_of(checker);

	return checker->finished && info->scanned &&
	       info->layout != SAVETOOL_LAYOUT_MAPPED_RAM &&
	       superseded_bytes(info) > 0;
}

static int report_superseded(const struct checker *checker,
			     struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "superseded",
		.hint = SAVETOOL_HINT_COMPACT,
		NOTE,
		.offset = SAVETOOL_UNKNOWN,
		.length = superseded_bytes(info_of(checker)),
	};

	return description_report(description_of(checker), &finding, err,
				  "superseded pages are stored");
}

static bool is_unchecked(const struct checker *checker)
{
	const struct savetool_error *broken = checker->broken;

	return !checker->finished &&
	       (!broken || broken->code == SAVETOOL_INCOMPLETE) &&
	       image_codec(checker->pass->image) &&
	       info_of(checker)->stream_known;
}

static int report_unchecked(const struct checker *checker,
			    struct savetool_error *err)
{
	struct savetool_finding finding = {
		.code = "not-checked",
		.hint = SAVETOOL_HINT_DEEP,
		NOTE,
		.offset = image_payload_offset(checker->pass->image),
		.length = SAVETOOL_UNKNOWN,
	};

	return description_report(
		description_of(checker), &finding, err,
		"compressed: nothing was read beyond the list of memory "
		"blocks");
}

static bool is_held_against(const struct checker *checker)
{
	return checker->machines != NULL;
}

static bool is_among(const struct savetool_machines *machines, const char *name)
{
	for (size_t i = 0; i < machines->count; i++)
		if (strcmp(machines->names[i], name) == 0)
			return true;
	return false;
}

/* What the stream says counts: QEMU compares it with its own. */
static int report_machine(const struct checker *checker,
			  struct savetool_error *err)
{
	const struct savetool_info *info = info_of(checker);
	struct savetool_finding finding = { .code = "machine-missing",
					    PROBLEM,
					    NOWHERE };
	const char *machine = info->machine;

	if (!machine && info->guest)
		machine = info->guest->machine;
	if (!machine) {
		finding.code = "machine-unknown";
		finding.severity = SAVETOOL_NOTE;
		return description_report(
			description_of(checker), &finding, err,
			"the image does not say its machine "
			"type, so no QEMU can be asked for it");
	}
	if (is_among(checker->machines, machine))
		return 0;
	if (info->machine)
		finding.hint = SAVETOOL_HINT_MACHINE;
	return description_report(description_of(checker), &finding, err,
				  "'%s' does not have the machine type '%s'",
				  checker->machines->program, machine);
}

/* Says if the header says Part and nothing else is wrong. */
static int report_part_complete(const struct checker *checker,
				struct savetool_error *err)
{
	struct description *description = description_of(checker);

	for (size_t i = 0; i < description->info.finding_count; i++) {
		struct savetool_finding *finding = &description->findings[i];

		if (strcmp(finding->code, "part") != 0)
			continue;
		finding->code = "part-complete";
		finding->hint = SAVETOOL_HINT_REPAIR;
		finding->message = description_keep(
			description, "the header says that libvirt never "
				     "finished this image, but it is complete "
				     "to its last byte");
		return finding->message ? 0 : fail_memory(err);
	}
	return 0;
}

/* Is this repaired too, before the header is marked complete? */
static bool is_repaired(const struct savetool_finding *finding)
{
	return strcmp(finding->code, "part") == 0 ||
	       strcmp(finding->code, "part-complete") == 0 ||
	       strcmp(finding->code, "padding-bits") == 0 ||
	       strcmp(finding->code, "mislabelled") == 0;
}

static bool disproves(const struct savetool_finding *finding)
{
	return (finding->severity == SAVETOOL_PROBLEM &&
		!is_repaired(finding)) ||
	       strcmp(finding->code, "vmdesc-differs") == 0;
}

/*
 * Do the file's holes show which pages were written?  They do if every absent
 * page is a hole.  A copy that filled these holes with zeros has filled those
 * of lost pages too.
 */
static bool holes_agree(const struct checker *checker)
{
	const struct savetool_info *info = info_of(checker);
	uint64_t absent = 0;

	for (size_t i = 0; i < info->block_count; i++)
		absent += info->blocks[i].pages - info->blocks[i].pages_present;
	return image_has_own_holes(checker->pass->image) &&
	       info->sizes.reclaimable_stale == 0 && absent > 0;
}

/* libvirt stores no zero pages, so a zero page that is present was lost. */
static bool may_have_lost_pages(const struct checker *checker)
{
	const struct savetool_info *info = info_of(checker);

	if (info->layout != SAVETOOL_LAYOUT_MAPPED_RAM)
		return false;
	return info->scanned ? zero_page_bytes(info, checker->pass) > 0 :
			       !holes_agree(checker);
}

bool checker_proves(const struct checker *checker)
{
	const struct savetool_info *info = &description_of(checker)->info;
	const struct tail *tail = checker->pass->tail;
	struct savetool_error ignored;

	if (!checker->finished || !checker->pass->image->libvirt ||
	    !tail->vmdesc || tail->vmdesc_cut || tail->device_count == 0 ||
	    libvirt_check_xml(checker->pass->image->libvirt, &ignored) < 0 ||
	    may_have_lost_pages(checker))
		return false;
	for (size_t i = 0; i < info->finding_count; i++)
		if (disproves(&info->findings[i]))
			return false;
	return true;
}

/* In this order; a finding may depend on those before it. */
static const struct {
	int (*report)(const struct checker *checker,
		      struct savetool_error *err);
	bool (*applies)(const struct checker *checker); /* NULL: always */
} checks[] = {
	{ report_padding_bits, has_padding_bits },
	{ report_trailing_part, hides_error },
	{ report_running, has_header },
	{ report_padding, has_header },
	{ report_unaligned, NULL },
	{ report_postcopy, is_advised },
	{ report_return_path, has_return_path },
	{ report_compressed_mapped, is_compressed_mapped },
	{ report_unclear_tail, has_unclear_tail },
	{ report_in_devices, is_finished },
	{ report_zero_pages, has_zero_pages },
	{ report_superseded, has_superseded },
	{ report_unchecked, is_unchecked },
	{ report_machine, is_held_against },
	{ report_part_complete, checker_proves },
};

int checker_report(struct checker *checker, const struct savetool_error *broken,
		   struct savetool_error *err)
{
	checker->broken = broken;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if ((!checks[i].applies || checks[i].applies(checker)) &&
		    checks[i].report(checker, err) < 0)
			return -1;
	return 0;
}
