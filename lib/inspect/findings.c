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
#include <string.h>

/* About the image as a whole. */
#define WHOLE .offset = SAVETOOL_UNKNOWN, .length = SAVETOOL_UNKNOWN

int find_lost_extents(struct description *description,
		      const struct savetool_block *block,
		      const struct block_allocation *allocation,
		      struct savetool_error *err)
{
	struct savetool_finding finding = {
		.code = "lost-extent",
		.severity = SAVETOOL_PROBLEM,
		.block = block->name,
	};
	uint64_t kept = allocation->lost_count;
	uint64_t page_size = kept ? block->length / block->pages : 0;

	if (kept > LOST_EXTENTS_KEPT)
		kept = LOST_EXTENTS_KEPT;
	for (uint64_t i = 0; i < kept; i++) {
		finding.offset = allocation->lost[i].offset;
		finding.length = allocation->lost[i].length;
		finding.page =
			(finding.offset - block->pages_offset) / page_size;
		finding.pages = finding.length / page_size;
		if (description_find(description, &finding, err,
				     "pages that are said to be present lie "
				     "in a hole, and restore as zeros") < 0)
			return -1;
	}
	if (allocation->lost_count <= LOST_EXTENTS_KEPT)
		return 0;
	/* The extents reported above are the problems; this is their sum. */
	finding.severity = SAVETOOL_NOTE;
	finding.offset = SAVETOOL_UNKNOWN;
	finding.length = allocation->lost_bytes;
	finding.pages = 0;
	return description_find(description, &finding, err,
				"%" PRIu64 " such holes in all",
				allocation->lost_count);
}

int find_lost_bitmap(struct description *description,
		     const struct savetool_block *block,
		     const struct clear_data *clear_data,
		     struct savetool_error *err)
{
	struct savetool_finding finding = {
		.code = "lost-bitmap",
		.severity = SAVETOOL_PROBLEM,
		.block = block->name,
	};
	uint64_t kept = clear_data->lost_count < LOST_EXTENTS_KEPT ?
				clear_data->lost_count :
				LOST_EXTENTS_KEPT;

	for (uint64_t i = 0; i < kept; i++) {
		finding.offset = clear_data->lost[i].offset;
		finding.length = clear_data->lost[i].length;
		if (description_find(description, &finding, err,
				     "a part of the bitmap lies in a hole, yet "
				     "there is data where it says that no page "
				     "is") < 0)
			return -1;
	}
	if (clear_data->lost_count <= LOST_EXTENTS_KEPT)
		return 0;
	finding.severity = SAVETOOL_NOTE;
	finding.offset = SAVETOOL_UNKNOWN;
	finding.length = clear_data->lost_bytes;
	return description_find(description, &finding, err,
				"%" PRIu64 " such parts in all",
				clear_data->lost_count);
}

int find_error(struct description *description,
	       const struct savetool_error *broken, struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = savetool_code_name(broken->code),
		.severity = SAVETOOL_PROBLEM,
		.block = broken->block[0] ? broken->block : NULL,
		.page = broken->page,
		.pages = broken->page != SAVETOOL_UNKNOWN,
		.offset = broken->offset,
		.length = SAVETOOL_UNKNOWN,
	};

	return description_find(description, &finding, err, "%s", broken->text);
}

/* If the header says Part, that explains more than where the walk ended. */
static int find_broken(struct description *description,
		       const struct savetool_error *broken,
		       struct savetool_error *err)
{
	const struct savetool_header *header = description->info.header;

	if (!broken || (header && !header->complete))
		return 0;
	return find_error(description, broken, err);
}

static int find_part(struct description *description,
		     struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "part",
		.severity = SAVETOOL_PROBLEM,
		.offset = 0,
		.length = LIBVIRT_MAGIC_SIZE,
	};

	return description_find(description, &finding, err,
				"libvirt never finished this image, and will "
				"not restore it");
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

static int find_mislabelled(struct description *description,
			    struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;
	const char *label = savetool_format_name(believed_format(info->header));
	const struct savetool_finding finding = {
		.code = "mislabelled",
		.severity = SAVETOOL_PROBLEM,
		.offset = 28,
		.length = 4,
	};

	return description_find(description, &finding, err,
				"the header says format '%s', but the "
				"content is '%s': libvirt will not restore "
				"it; a repair or a conversion mends that",
				label ? label : "?",
				savetool_format_name(info->format));
}

static int find_header_words(struct description *description,
			     const struct libvirt *libvirt,
			     struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "header-words",
		.severity = SAVETOOL_NOTE,
		.offset = 36,
		.length = 4 * LIBVIRT_UNUSED,
	};

	for (unsigned i = 0; i < LIBVIRT_UNUSED; i++)
		if (libvirt->unused[i] != 0)
			return description_find(
				description, &finding, err,
				"unused word at byte %u of the header is "
				"0x%08" PRIx32,
				36 + 4 * i, libvirt->unused[i]);
	return 0;
}

static int find_version_3(struct description *description,
			  struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "header-version-3",
		.severity = SAVETOOL_WARNING,
		.offset = 16,
		.length = 4,
	};

	return description_find(description, &finding, err,
				"header version 3 as once proposed, which no "
				"release of libvirt restores; convert it to "
				"mend that");
}

static int find_in_header(struct description *description,
			  const struct savetool_image *image,
			  struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;
	const struct savetool_header *header = info->header;

	if (!header)
		return 0;
	if (!header->complete && find_part(description, err) < 0)
		return -1;
	if (header->version == 3 && find_version_3(description, err) < 0)
		return -1;
	if (info->stream_known && believed_format(header) != info->format &&
	    find_mislabelled(description, err) < 0)
		return -1;
	return find_header_words(description, image->libvirt, err);
}

/*
 * QEMU allows background-snapshot together with mapped-ram, but then it never
 * writes the bitmaps.
 */
int find_empty_bitmap(struct description *description,
		      const struct savetool_block *block,
		      const struct clear_data *clear_data,
		      struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "empty-bitmaps",
		.severity = SAVETOOL_PROBLEM,
		.block = block->name,
		.offset = block->bitmap_offset,
		.length = bitmap_size(block->pages),
	};

	if (!clear_data->emptied)
		return 0;
	return description_find(description, &finding, err,
				"the bitmap says that there is no memory, yet "
				"its places hold data: it was lost, or never "
				"written, as in a background snapshot");
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
static int find_doubtful(struct description *description, uint64_t stale,
			 struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "doubtful-bitmaps",
		.severity = SAVETOOL_WARNING,
		.offset = SAVETOOL_UNKNOWN,
		.length = stale,
		.hint = trust_hint(description->doubt),
	};

	return description_find(description, &finding, err, "%s",
				trust_reason(description->doubt));
}

/* Storage in slots whose bit is clear, whatever the reason. */
static int find_stale(struct description *description,
		      const struct savetool_image *image, bool broken,
		      struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;
	const struct savetool_finding finding = {
		.code = "stale",
		.severity = SAVETOOL_NOTE,
		.offset = SAVETOOL_UNKNOWN,
		.length = info->sizes.reclaimable_stale,
	};

	if (finding.length == 0 || finding.length == SAVETOOL_UNKNOWN ||
	    has_wrong_bitmaps(info))
		return 0;
	if (description->doubt != DOUBT_NONE && !broken)
		return find_doubtful(description, finding.length, err);
	if (!image_has_own_holes(image))
		return 0;
	return description_find(description, &finding, err,
				"bytes of storage hold no memory of the guest: "
				"old pages, or holes that a copy lost");
}

/*
 * What follows the image's last byte.  QEMU ignores it, unless it is another
 * image.
 */
static int find_trailing(struct description *description,
			 const struct savetool_image *image, uint64_t length,
			 struct savetool_error *err)
{
	struct savetool_finding finding = {
		.code = "trailing",
		.severity = SAVETOOL_NOTE,
		.offset = trailing_start(image),
		.length = length,
	};
	struct savetool_error ignored;
	uint64_t second;

	/* If it cannot be read, that is not the image's fault. */
	if (trailing_find_image(&second, image, TAIL_NEAR, &ignored) < 0 ||
	    second == SAVETOOL_UNKNOWN)
		return description_find(description, &finding, err,
					"bytes behind the end of the image");
	finding.code = "second-image";
	finding.severity = SAVETOOL_WARNING;
	finding.offset = second;
	finding.length -= second - trailing_start(image);
	return description_find(description, &finding, err,
				"behind the end of the image another one "
				"starts, which nothing restores from here");
}

int find_in_tail(struct description *description,
		 const struct savetool_image *image, struct savetool_error *err)
{
	const struct tail *tail = image->tail;
	uint64_t behind = trailing_length(image);
	const struct savetool_finding cut = {
		.code = "vmdesc-cut",
		.severity = SAVETOOL_WARNING,
		.offset = tail->offset + tail->state_size,
		.length = tail->size - tail->state_size,
	};

	if (tail->vmdesc_cut &&
	    description_find(description, &cut, err,
			     "the file ends within its vmdescription; the "
			     "guest's state is whole") < 0)
		return -1;
	if (behind == SAVETOOL_UNKNOWN || behind == 0)
		return 0;
	return find_trailing(description, image, behind, err);
}

/* Bytes that we skip, but the format's own program does not accept. */
static int find_refused(struct description *description,
			const struct input *packed, const struct codec *codec,
			struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "packed-trailing",
		.severity = SAVETOOL_PROBLEM,
		.offset = packed->refused,
		.length = packed->refused_length,
	};
	const char *name = savetool_format_name(codec->format);

	if (finding.length == 0)
		return 0;
	if (finding.length == SAVETOOL_UNKNOWN)
		return description_find(description, &finding, err,
					"the program %s refuses or ignores "
					"what follows this %s member",
					name, name);
	return description_find(description, &finding, err,
				"the program %s refuses the zero bytes behind "
				"the last %s member",
				name, name);
}

static int find_in_compressed(struct description *description,
			      const struct savetool_image *image,
			      struct savetool_error *err)
{
	if (image->outer && find_refused(description, image->outer,
					 image->outer_codec, err) < 0)
		return -1;
	if (!image->codec)
		return 0;
	return find_refused(description, image->file, image->codec, err);
}

int find_all(struct description *description,
	     const struct savetool_image *image,
	     const struct savetool_error *broken, struct savetool_error *err)
{
	if (find_broken(description, broken, err) < 0 ||
	    find_in_header(description, image, err) < 0 ||
	    find_in_compressed(description, image, err) < 0 ||
	    find_stale(description, image, broken != NULL, err) < 0)
		return -1;
	if (!image->tail || broken || image_codec(image))
		return 0;
	return find_in_tail(description, image, err);
}
