/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings: what is worth reporting about an image. */
#include "config.h"

#include "inspect/findings.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/section.h"
#include "image/trailing.h"
#include "image/trust.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* About the image as a whole. */
#define WHOLE .offset = SAVETOOL_UNKNOWN, .length = SAVETOOL_UNKNOWN

/* One for each block, whatever the number of its holes. */
static int report_sparse_copy(struct description *description,
			      const struct savetool_block *block,
			      const struct block_allocation *allocation,
			      struct savetool_error *err)
{
	struct savetool_finding finding = {
		.code = "sparse-copy",
		.hint = SAVETOOL_HINT_COMPARE_DIGEST,
		.severity = SAVETOOL_WARNING,
		.block = block->name,
		.offset = allocation->lost[0].offset,
		.length = allocation->lost_bytes,
	};
	uint64_t page_size = block->length / block->pages;

	if (allocation->lost_count == 1) {
		finding.page =
			(finding.offset - block->pages_offset) / page_size;
		finding.pages = finding.length / page_size;
	}
	return description_report(
		description, &finding, err,
		"pages marked present lie in %s; most likely they are zero "
		"pages that a copy made sparse",
		allocation->lost_count == 1 ? "a hole" : "holes");
}

static int report_lost_extents(struct description *description,
			       const struct savetool_block *block,
			       const struct block_allocation *allocation,
			       bool certain, struct savetool_error *err)
{
	struct savetool_finding finding = {
		.code = "lost-extent",
		.hint = certain ? SAVETOOL_HINT_COPY_AGAIN :
				  SAVETOOL_HINT_COMPARE_DIGEST,
		.severity = SAVETOOL_PROBLEM,
		.block = block->name,
	};
	uint64_t page_size = block->length / block->pages;
	uint64_t kept = allocation->lost_count < LOST_EXTENTS_KEPT ?
				allocation->lost_count :
				LOST_EXTENTS_KEPT;

	for (uint64_t i = 0; i < kept; i++) {
		finding.offset = allocation->lost[i].offset;
		finding.length = allocation->lost[i].length;
		finding.page =
			(finding.offset - block->pages_offset) / page_size;
		finding.pages = finding.length / page_size;
		if (description_report(
			    description, &finding, err,
			    "pages marked present lie in a hole and would "
			    "restore as zeros%s",
			    certain ? "" :
				      "; no page of this block is absent, so "
				      "they may have been zero") < 0)
			return -1;
	}
	if (allocation->lost_count <= LOST_EXTENTS_KEPT)
		return 0;
	/* The extents reported above are the problems; this is their sum. */
	finding.severity = SAVETOOL_NOTE;
	finding.offset = SAVETOOL_UNKNOWN;
	finding.length = allocation->lost_bytes;
	finding.pages = 0;
	return description_report(description, &finding, err,
				  "%" PRIu64 " such holes in all",
				  allocation->lost_count);
}

int report_holes(struct description *description,
		 const struct savetool_block *block,
		 const struct allocation *total,
		 const struct block_allocation *allocation,
		 struct savetool_error *err)
{
	if (allocation->lost_count == 0)
		return 0;
	if (allocation_is_copied(total, allocation))
		return report_sparse_copy(description, block, allocation, err);
	return report_lost_extents(description, block, allocation,
				   !allocation_may_be_zero(total, allocation),
				   err);
}

int report_lost_bitmap(struct description *description,
		       const struct savetool_block *block,
		       const struct clear_data *clear_data,
		       struct savetool_error *err)
{
	struct savetool_finding finding = {
		.code = "lost-bitmap",
		.hint = SAVETOOL_HINT_COPY_AGAIN,
		.severity = SAVETOOL_PROBLEM,
		.block = block->name,
	};
	uint64_t kept = clear_data->lost_count < LOST_EXTENTS_KEPT ?
				clear_data->lost_count :
				LOST_EXTENTS_KEPT;

	for (uint64_t i = 0; i < kept; i++) {
		finding.offset = clear_data->lost[i].offset;
		finding.length = clear_data->lost[i].length;
		if (description_report(
			    description, &finding, err,
			    "part of the bitmap lies in a hole, but slots of "
			    "pages that it marks as absent hold data") < 0)
			return -1;
	}
	if (clear_data->lost_count <= LOST_EXTENTS_KEPT)
		return 0;
	finding.severity = SAVETOOL_NOTE;
	finding.offset = SAVETOOL_UNKNOWN;
	finding.length = clear_data->lost_bytes;
	return description_report(description, &finding, err,
				  "%" PRIu64 " such parts in all",
				  clear_data->lost_count);
}

/* If it does not come with a hint; another copy may be whole. */
static enum savetool_hint hint_of_error(const struct savetool_error *broken)
{
	if (broken->hint == SAVETOOL_HINT_NONE &&
	    (broken->code == SAVETOOL_INCOMPLETE ||
	     broken->code == SAVETOOL_CORRUPT))
		return SAVETOOL_HINT_COPY_AGAIN;
	return broken->hint;
}

int report_failure(struct description *description,
		   const struct savetool_error *broken,
		   struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = savetool_code_name(broken->code),
		.severity = SAVETOOL_PROBLEM,
		.block = broken->block[0] ? broken->block : NULL,
		.page = broken->page,
		.pages = broken->page != SAVETOOL_UNKNOWN,
		.offset = broken->offset,
		.length = SAVETOOL_UNKNOWN,
		.hint = hint_of_error(broken),
	};

	return description_report(description, &finding, err, "%s",
				  broken->text);
}

/* If the header says Part, that explains more than where the walk ended. */
static int report_broken(struct description *description,
			 const struct savetool_error *broken,
			 struct savetool_error *err)
{
	const struct savetool_header *header = description->info.header;

	if (!broken || (header && !header->complete))
		return 0;
	return report_failure(description, broken, err);
}

/* libvirt: qemuDomainObjRestore() unlinks what is not marked as complete. */
static int report_managed_save(struct description *description,
			       struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "managed-save",
		.hint = SAVETOOL_HINT_COPY_AWAY,
		.severity = SAVETOOL_WARNING,
		.offset = 0,
		.length = LIBVIRT_MAGIC_SIZE,
	};

	return description_report(
		description, &finding, err,
		"if this is a managed save, libvirt deletes it without a word "
		"when the guest is started, which then boots anew");
}

static int report_part(struct description *description,
		       struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "part",
		.hint = SAVETOOL_HINT_SAVE_AGAIN_OR_DEEP,
		.severity = SAVETOOL_PROBLEM,
		.offset = 0,
		.length = LIBVIRT_MAGIC_SIZE,
	};

	if (description_report(
		    description, &finding, err,
		    "libvirt never finished this image and will not restore "
		    "it") < 0)
		return -1;
	return report_managed_save(description, err);
}

/*
 * A header before version 2 does not know about compression.  Whether the image
 * is sparse, libvirt decides by the format word alone.
 */
static uint32_t believed_format(const struct savetool_header *header)
{
	if (header->version >= 2 || header->format == SAVETOOL_FORMAT_SPARSE)
		return header->format;
	return SAVETOOL_FORMAT_RAW;
}

static int report_mislabelled(struct description *description,
			      struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;
	const char *label = savetool_format_name(believed_format(info->header));
	const struct savetool_finding finding = {
		.code = "mislabelled",
		.hint = SAVETOOL_HINT_CONVERT,
		.severity = SAVETOOL_PROBLEM,
		.offset = 28,
		.length = 4,
	};

	return description_report(description, &finding, err,
				  "the header says format '%s', but the "
				  "content is '%s': libvirt will not restore "
				  "it",
				  label ? label : "?",
				  savetool_format_name(info->format));
}

static int report_header_words(struct description *description,
			       const struct libvirt *libvirt,
			       struct savetool_error *err)
{
	struct savetool_finding finding = {
		.code = "header-words",
		.severity = SAVETOOL_NOTE,
		.length = 4,
	};

	for (unsigned i = 0; i < LIBVIRT_UNUSED; i++) {
		if (libvirt->unused[i] == 0)
			continue;
		finding.offset = 36 + 4 * i;
		return description_report(description, &finding, err,
					  "an unused word of the header is "
					  "0x%08" PRIx32,
					  libvirt->unused[i]);
	}
	return 0;
}

static int find_version_3(struct description *description,
			  struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "header-version-3",
		.hint = SAVETOOL_HINT_CONVERT,
		.severity = SAVETOOL_WARNING,
		.offset = 16,
		.length = 4,
	};

	return description_report(
		description, &finding, err,
		"header version 3, as once proposed, which no release of "
		"libvirt restores");
}

static int report_in_header(struct description *description,
			    const struct pass *pass, struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;
	const struct savetool_header *header = info->header;

	if (!header)
		return 0;
	if (!header->complete && report_part(description, err) < 0)
		return -1;
	if (header->version == 3 && find_version_3(description, err) < 0)
		return -1;
	if (info->stream_known && believed_format(header) != info->format &&
	    report_mislabelled(description, err) < 0)
		return -1;
	return report_header_words(description, pass->image->libvirt, err);
}

/*
 * QEMU allows background-snapshot together with mapped-ram, but then it never
 * writes the bitmaps.
 */
int report_empty_bitmap(struct description *description,
			const struct savetool_block *block,
			const struct clear_data *clear_data,
			struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "empty-bitmaps",
		.hint = SAVETOOL_HINT_COPY_OR_SAVE_AGAIN,
		.severity = SAVETOOL_PROBLEM,
		.block = block->name,
		.offset = block->bitmap_offset,
		.length = bitmap_size(block->pages),
	};

	if (!clear_data->emptied)
		return 0;
	return description_report(
		description, &finding, err,
		"the bitmap marks all pages as absent, but their slots hold "
		"data: it was lost, or never written, as in a background "
		"snapshot");
}

static bool has_wrong_bitmaps(const struct savetool_info *info)
{
	for (size_t i = 0; i < info->finding_count; i++)
		if (strcmp(info->findings[i].code, "lost-bitmap") == 0 ||
		    strcmp(info->findings[i].code, "empty-bitmaps") == 0)
			return true;
	return false;
}

/* Storage in slots whose bit is clear, if the bitmaps may be wrong about it. */
static int report_doubtful(struct description *description, uint64_t stale,
			   struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "doubtful-bitmaps",
		.severity = SAVETOOL_WARNING,
		.offset = SAVETOOL_UNKNOWN,
		.length = stale,
		.hint = trust_hint(description->doubt),
	};

	return description_report(description, &finding, err, "%s",
				  trust_reason(description->doubt));
}

/* Storage in slots whose bit is clear, whatever the reason. */
static int report_stale(struct description *description,
			const struct pass *pass, bool broken,
			struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;
	const struct savetool_finding finding = {
		.code = "stale",
		.hint = SAVETOOL_HINT_SPARSIFY,
		.severity = SAVETOOL_NOTE,
		.offset = SAVETOOL_UNKNOWN,
		.length = info->sizes.reclaimable_stale,
	};

	if (finding.length == 0 || finding.length == SAVETOOL_UNKNOWN ||
	    has_wrong_bitmaps(info))
		return 0;
	if (description->doubt != DOUBT_NONE && !broken)
		return report_doubtful(description, finding.length, err);
	if (!image_has_own_holes(pass->image))
		return 0;
	return description_report(
		description, &finding, err,
		"allocated space not used by guest memory: stale pages, or "
		"holes filled in by a copy");
}

/*
 * What follows the image's last byte.  QEMU ignores it, unless it is another
 * image.
 */
static int report_trailing(struct description *description,
			   const struct pass *pass, uint64_t length,
			   struct savetool_error *err)
{
	struct savetool_finding finding = {
		.code = "trailing",
		.hint = SAVETOOL_HINT_COMPACT,
		.severity = SAVETOOL_NOTE,
		.offset = trailing_start(pass),
		.length = length,
	};
	struct savetool_error ignored;
	uint64_t second;

	/* If it cannot be read, that is not the image's fault. */
	if (trailing_find_image(&second, pass, TAIL_NEAR, &ignored) < 0 ||
	    second == SAVETOOL_UNKNOWN)
		return description_report(description, &finding, err,
					  "data after the end of the image");
	finding.code = "second-image";
	finding.hint = SAVETOOL_HINT_SPLIT;
	finding.severity = SAVETOOL_WARNING;
	finding.offset = second;
	finding.length -= second - trailing_start(pass);
	return description_report(
		description, &finding, err,
		"another image follows this one; nothing can restore it from "
		"here");
}

int report_in_tail(struct description *description, const struct pass *pass,
		   struct savetool_error *err)
{
	const struct tail *tail = pass->tail;
	uint64_t after = trailing_length(pass);
	const struct savetool_finding cut = {
		.code = "vmdesc-cut",
		.hint = SAVETOOL_HINT_CONVERT,
		.severity = SAVETOOL_WARNING,
		.offset = tail->offset + tail->state_size,
		.length = tail->size - tail->state_size,
	};

	if (tail->vmdesc_cut &&
	    description_report(
		    description, &cut, err,
		    "the file ends within its vmdesc; the guest state is "
		    "complete") < 0)
		return -1;
	if (after == SAVETOOL_UNKNOWN || after == 0)
		return 0;
	return report_trailing(description, pass, after, err);
}

static const char *describe_rest(const struct packed_rest *rest)
{
	if (rest->member)
		return "a damaged member";
	if (rest->other)
		return "other bytes";
	return "zero bytes";
}

/*
 * What follows compressed data is none of it.  Whether libvirt restores the
 * image depends on what the format's own program makes of it.
 */
static int report_rest(struct description *description,
		       const struct packed_rest *rest,
		       const struct codec *codec, struct savetool_error *err)
{
	const bool passes = codec_passes(codec, rest);
	const struct savetool_finding finding = {
		.code = "compressed-trailing",
		.hint = passes ? SAVETOOL_HINT_NONE : SAVETOOL_HINT_CONVERT,
		.severity = passes ? SAVETOOL_NOTE : SAVETOOL_PROBLEM,
		.offset = rest->offset,
		.length = rest->other ? SAVETOOL_UNKNOWN : rest->zeros,
	};
	const char *name = savetool_format_name(codec->format);

	if (rest->zeros == 0 && !rest->other)
		return 0;
	return description_report(
		description, &finding, err,
		passes ? "the %s data is followed by %s, which the program "
			 "'%s' ignores" :
			 "the %s data is followed by %s: the program '%s' "
			 "fails, and so will libvirt",
		name, describe_rest(rest), name);
}

static int report_in_compressed(struct description *description,
				const struct pass *pass,
				struct savetool_error *err)
{
	const struct codec *codec;
	const struct input *packed;

	for (unsigned i = 0;
	     image_compression(&codec, &packed, pass->image, i) > 0; i++)
		if (report_rest(description, &packed->rest, codec, err) < 0)
			return -1;
	return 0;
}

int report_proxmox(struct description *description,
		   const struct section *section, struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "proxmox-section",
		.hint = SAVETOOL_HINT_DROP_PROXMOX,
		.severity = SAVETOOL_NOTE,
		.section = section->name,
		.instance = section->instance,
		.offset = section->offset,
		.length = SAVETOOL_UNKNOWN,
	};

	return description_report(
		description, &finding, err,
		"saved by Proxmox VE: only its QEMU knows section '%s', and "
		"any other refuses to restore it",
		section->name);
}

static int report_devices_only(struct description *description,
			       struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "devices-only",
		.hint = SAVETOOL_HINT_XEN,
		.severity = SAVETOOL_NOTE,
		WHOLE,
	};

	return description_report(
		description, &finding, err,
		"only devices and no memory, as Xen's toolstack saves them");
}

/* Where it is, if the XML says so: "; the XML names '/a', '/b'". */
static void memory_files(char *text, size_t size,
			 const struct savetool_info *info)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < info->file_count && used < size; i++)
		if (strcmp(info->files[i].kind, "memory") == 0)
			used += (size_t)snprintf(
				text + used, size - used, "%s'%s'",
				used ? ", " : "; the XML names ",
				info->files[i].path);
}

static int report_elsewhere(struct description *description,
			    const struct savetool_block *block,
			    struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "memory-elsewhere",
		.hint = SAVETOOL_HINT_SAVE_WITHOUT_SHARED,
		.severity = SAVETOOL_PROBLEM,
		.block = block ? block->name : NULL,
		WHOLE,
	};
	char files[256];

	memory_files(files, sizeof(files), &description->info);
	return description_report(
		description, &finding, err,
		"saved with x-ignore-shared: %s in another file, without which "
		"this image cannot be restored%s",
		block ? "this memory is" : "shared memory is", files);
}

/* In mapped-ram, such a block has no slots; a sequential stream does not say.
 */
static int report_memory_elsewhere(struct description *description,
				   struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;
	bool named = false;

	for (size_t i = 0; i < info->block_count; i++) {
		if (info->blocks[i].pages_offset != 0)
			continue;
		named = true;
		if (report_elsewhere(description, &info->blocks[i], err) < 0)
			return -1;
	}
	return named ? 0 : report_elsewhere(description, NULL, err);
}

/* What the stream lacks although nobody has lost it. */
static int report_lacking(struct description *description,
			  struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;

	if (info->devices_only && report_devices_only(description, err) < 0)
		return -1;
	return info->memory_elsewhere ?
		       report_memory_elsewhere(description, err) :
		       0;
}

int report_all(struct description *description, const struct pass *pass,
	       const struct savetool_error *broken, struct savetool_error *err)
{
	if (report_broken(description, broken, err) < 0 ||
	    report_in_header(description, pass, err) < 0 ||
	    report_lacking(description, err) < 0 ||
	    report_in_compressed(description, pass, err) < 0 ||
	    report_stale(description, pass, broken != NULL, err) < 0)
		return -1;
	if (!pass->tail || broken || image_codec(pass->image))
		return 0;
	return report_in_tail(description, pass, err);
}
