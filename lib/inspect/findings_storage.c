/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings about bitmaps and slots, compared with the storage that they have.
 */
#include "config.h"

#include "inspect/findings_internal.h"

#include "image/trust.h"

#include <inttypes.h>
#include <string.h>

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
int report_stale(struct description *description, const struct pass *pass,
		 bool broken, struct savetool_error *err)
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
