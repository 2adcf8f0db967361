/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything known about an image, as facts of a report. */
#include "config.h"

#include "facts_internal.h"

#include "finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *generation(const struct savetool_info *info)
{
	switch (info->layout) {
	case SAVETOOL_LAYOUT_SEQUENTIAL:
		return "v2";
	case SAVETOOL_LAYOUT_MAPPED_RAM:
		return "v3";
	case SAVETOOL_LAYOUT_UNKNOWN:
		break;
	}
	return NULL;
}

static const char *layout(const struct savetool_info *info)
{
	switch (info->layout) {
	case SAVETOOL_LAYOUT_SEQUENTIAL:
		return "sequential";
	case SAVETOOL_LAYOUT_MAPPED_RAM:
		return "mapped-ram";
	case SAVETOOL_LAYOUT_UNKNOWN:
		break;
	}
	return NULL;
}

static bool is_packed(const struct savetool_info *info)
{
	return info->format != SAVETOOL_FORMAT_RAW &&
	       info->format != SAVETOOL_FORMAT_SPARSE;
}

/* ", v3 mapped-ram (sparse)"; a bare stream has only a layout. */
static void kind_text(const struct savetool_info *info, char *text, size_t size)
{
	const char *format = savetool_format_name(info->format);
	bool named = info->libvirt || is_packed(info);

	if (!layout(info))
		snprintf(text, size, ", %s", format);
	else if (named)
		snprintf(text, size, ", %s %s (%s)", generation(info),
			 layout(info), format);
	else
		snprintf(text, size, ", %s %s", generation(info), layout(info));
}

/* No snapshot of it is read, so there is no image to describe. */
static bool is_undecided(const struct savetool_info *info)
{
	return info->snapshot_count > 0 && !info->snapshot;
}

static void show_headline(struct report *report, const char *path,
			  const struct savetool_info *info)
{
	const char *state = "", *what;
	char kind[64];

	if (is_undecided(info)) {
		report_line(report, "%s: qcow2 disk image with %zu snapshot%s",
			    path, info->snapshot_count,
			    info->snapshot_count == 1 ? "" : "s");
		return;
	}
	if (info->devices_only) {
		report_line(report,
			    "%s: QEMU device state without memory, as Xen's "
			    "toolstack saves it",
			    path);
		return;
	}
	if (info->memory_elsewhere)
		state = ", not complete by itself";
	else if (info->complete_known)
		state = info->complete ? ", complete" : ", incomplete";
	kind_text(info, kind, sizeof(kind));
	what = info->libvirt ? "libvirt save image" : "bare QEMU stream";
	if (info->snapshot)
		report_line(report, "%s: snapshot '%s': %s%s%s", path,
			    facts_snapshot_name(info->snapshot), what, kind,
			    state);
	else
		report_line(report, "%s: %s%s%s", path, what, kind, state);
}

static void show_kind(struct report *report, const struct savetool_info *info)
{
	const char *format = savetool_format_name(info->format);

	report_text(report, "container", NULL,
		    info->libvirt ? "libvirt" : "bare");
	report_text(report, "generation", NULL, generation(info));
	report_text(report, "layout", NULL, layout(info));
	report_text(report, "format", NULL, format);
	report_text(report, "compression", NULL,
		    info->compression == SAVETOOL_FORMAT_RAW ?
			    "none" :
			    savetool_format_name(info->compression));
	if (info->complete_known)
		report_flag(report, "complete", NULL, info->complete);
}

static const char *byte_order(const struct savetool_info *info)
{
	switch (info->byte_order) {
	case SAVETOOL_BYTE_ORDER_LITTLE:
		return "little";
	case SAVETOOL_BYTE_ORDER_BIG:
		return "big";
	case SAVETOOL_BYTE_ORDER_UNKNOWN:
		break;
	}
	return NULL;
}

static void show_header(struct report *report, const struct savetool_info *info,
			bool verbose)
{
	const struct savetool_header *header = info->header;

	if (!header)
		return;
	report_section(report, "header", "header");
	report_number(report, "version", label_if(verbose, "version"),
		      header->version);
	report_number(report, "format-number", label_if(verbose, "format"),
		      header->format);
	report_text(report, "byte-order", label_if(verbose, "byte order"),
		    byte_order(info));
	report_bytes(report, "data-length", label_if(verbose, "XML area"),
		     header->data_length);
	report_flag(report, "cookie", label_if(verbose, "cookie"),
		    header->cookie_offset != 0);
	report_bytes(report, "padding", label_if(verbose, "free for XML"),
		     header->padding);
	if (header->version == 3)
		report_number(report, "features", label_if(verbose, "features"),
			      header->features);
	report_flag(report, "was-running", NULL, header->was_running);
	report_close(report);
}

/* "/img/base (backing-store, not here)"; a disk that is here is its name. */
static void show_uuid(struct report *report, const uint8_t uuid[16],
		      bool verbose)
{
	char text[37];
	size_t used = 0;

	for (size_t i = 0; i < 16; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%02x",
			i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			uuid[i]);
	report_text(report, "uuid", label_if(verbose, "uuid"), text);
}

/* Nothing that anybody has to know: libvirt pauses every guest for its save. */
static bool is_usual(const char *run_state)
{
	return run_state && (strcmp(run_state, "paused") == 0 ||
			     strcmp(run_state, "running") == 0);
}

static void show_stream(struct report *report, const struct savetool_info *info,
			bool verbose)
{
	report_section(report, "stream", "saved by QEMU");
	report_text(report, "saved-by", "saved by", info->saved_by);
	report_number(report, "offset", label_if(verbose, "at byte"),
		      info->stream_offset);
	report_text(report, "machine", "machine", info->machine);
	/* If there is a header, the byte order is shown with it. */
	if (!info->header)
		report_text(report, "byte-order", "byte order",
			    byte_order(info));
	report_bytes(report, "page-size", "page size", info->page_size);
	report_words(report, "capabilities", "capabilities",
		     info->capabilities);
	if (info->sections)
		report_words(report, "sections", "sections", info->sections);
	if (info->devices_only)
		report_flag(report, "devices-only", NULL, true);
	if (info->memory_elsewhere)
		report_flag(report, "memory-elsewhere", NULL, true);
	if (info->has_uuid)
		show_uuid(report, info->uuid, verbose);
	report_text(
		report, "run-state",
		label_if(verbose || !is_usual(info->run_state), "run state"),
		info->run_state);
	if (info->footers_known)
		report_flag(report, "footers",
			    label_if(verbose || !info->footers, "footers"),
			    info->footers);
	if (info->vmdesc_known)
		report_flag(report, "vmdesc",
			    label_if(verbose || !info->vmdesc, "vmdesc"),
			    info->vmdesc);
	report_bytes(report, "trailing",
		     label_if(verbose || info->trailing > 0, "trailing"),
		     info->trailing);
	report_close(report);
}

static uint64_t page_bytes(const struct savetool_block *block, uint64_t pages)
{
	return pages == SAVETOOL_UNKNOWN ? SAVETOOL_UNKNOWN :
					   pages * block->page_size;
}

/* Which columns of the text have anything to show. */
struct columns {
	bool present, zero, superseded, headers;
};

static struct columns columns_of(const struct savetool_info *info, bool verbose)
{
	struct columns columns = { false, false, false, false };

	for (size_t i = 0; i < info->block_count; i++) {
		const struct savetool_block *block = &info->blocks[i];

		columns.present |= block->pages_present != SAVETOOL_UNKNOWN;
		columns.zero |= block->pages_zero != SAVETOOL_UNKNOWN;
		columns.superseded |=
			block->pages_superseded != SAVETOOL_UNKNOWN;
	}
	columns.headers = verbose && info->layout == SAVETOOL_LAYOUT_MAPPED_RAM;
	return columns;
}

static void show_block(struct report *report,
		       const struct savetool_block *block,
		       const struct columns *columns)
{
	report_row(report);
	report_text(report, "name", "block", block->name);
	report_bytes(report, "length", "length", block->length);
	report_bytes(report, "page-size", NULL, block->page_size);
	report_number(report, "pages", NULL, block->pages);
	report_number(report, "pages-present", NULL, block->pages_present);
	report_number(report, "pages-zero", NULL, block->pages_zero);
	report_number(report, "pages-superseded", NULL,
		      block->pages_superseded);
	report_bytes(report, NULL, label_if(columns->present, "present"),
		     page_bytes(block, block->pages_present));
	report_bytes(report, NULL, label_if(columns->zero, "zero"),
		     page_bytes(block, block->pages_zero));
	report_bytes(report, NULL, label_if(columns->superseded, "superseded"),
		     page_bytes(block, block->pages_superseded));
	report_number(report, "bitmap-offset",
		      label_if(columns->headers, "bitmap at"),
		      block->bitmap_offset);
	report_number(report, "pages-offset",
		      label_if(columns->headers, "pages at"),
		      block->pages_offset);
}

static void show_blocks(struct report *report, const struct savetool_info *info,
			bool verbose)
{
	struct columns columns = columns_of(info, verbose);

	if (!info->stream_known)
		return;
	report_table(report, "blocks", "memory", "lrrrrrr");
	for (size_t i = 0; i < info->block_count; i++)
		show_block(report, &info->blocks[i], &columns);
	report_close(report);
}

static void show_device(struct report *report,
			const struct savetool_device *device, bool verbose)
{
	report_row(report);
	report_text(report, "name", label_if(verbose, "section"), device->name);
	report_number(report, "instance", label_if(verbose, "instance"),
		      device->instance);
	report_number(report, "version", label_if(verbose, "version"),
		      device->version);
	report_number(report, "offset", label_if(verbose, "at byte"),
		      device->offset);
	report_number(report, "length", label_if(verbose, "bytes"),
		      device->length);
}

static void show_devices(struct report *report,
			 const struct savetool_info *info, bool verbose)
{
	uint64_t sum = 0;
	char text[REPORT_SIZE_TEXT];

	if (!info->stream_known)
		return;
	report_table(report, "devices", "devices", "lrrrr");
	for (size_t i = 0; i < info->device_count; i++) {
		if (info->devices[i].length != SAVETOOL_UNKNOWN)
			sum += info->devices[i].length;
		show_device(report, &info->devices[i], verbose);
	}
	report_size_text(sum, text);
	if (!verbose && info->device_count > 0)
		report_line(report, "%zu section%s, %s", info->device_count,
			    info->device_count == 1 ? "" : "s", text);
	report_close(report);
}

/* Only JSON shows that there is nothing to reclaim. */
static const char *label_some(uint64_t size, const char *label)
{
	return label_if(size > 0 && size != SAVETOOL_UNKNOWN, label);
}

static void show_sizes(struct report *report,
		       const struct savetool_sizes *sizes, bool verbose)
{
	report_section(report, "sizes", "size");
	report_exact(report, verbose);
	report_bytes(report, "logical", "logical", sizes->logical);
	report_bytes(report, "allocated", "allocated", sizes->allocated);
	report_bytes(report, "needed", "needed", sizes->needed);
	report_bytes(report, "reclaimable-zero",
		     label_some(sizes->reclaimable_zero, "zero pages"),
		     sizes->reclaimable_zero);
	report_bytes(report, "reclaimable-stale",
		     label_some(sizes->reclaimable_stale, "stale"),
		     sizes->reclaimable_stale);
	report_bytes(
		report, "reclaimable-unwritten",
		label_some(sizes->reclaimable_unwritten, "allocated ahead"),
		sizes->reclaimable_unwritten);
	report_exact(report, false);
	report_close(report);
}

void facts_verified(struct report *report, bool verified,
		    const struct savetool_digest *digest)
{
	char text[SAVETOOL_DIGEST_TEXT];

	report_flag(report, "verified", NULL, verified);
	if (!verified)
		return;
	savetool_digest_text(digest, text);
	report_text(report, "digest", NULL, text);
}

void facts_show(struct report *report, const char *path,
		const struct savetool_info *info,
		const struct facts_options *options)
{
	bool verbose = options->verbose;

	show_headline(report, path, info);
	if (report_is_text(report) && options->headline)
		return;
	report_line(report, "%s", "");
	if (is_undecided(info)) {
		facts_snapshots(report, info, verbose);
		return;
	}
	show_kind(report, info);
	facts_snapshots(report, info, verbose);
	show_header(report, info, verbose);
	facts_guest(report, info, verbose);
	facts_needed(report, info);
	if (info->stream_known)
		show_stream(report, info, verbose);
	show_blocks(report, info, verbose);
	show_devices(report, info, verbose);
	show_sizes(report, &info->sizes, verbose);
	facts_needs(report, info);
	finding_show_all(report, info);
	if (options->xml)
		report_document(report, "xml", info->xml);
}
