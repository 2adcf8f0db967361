/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings: what is worth reporting about an image. */
#include "config.h"

#include "inspect/findings_internal.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/section.h"
#include "image/trailing.h"
#include "image/trust.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
		"if this is a managed save, libvirt silently deletes it "
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

/* What libvirt's pipe holds: util/virfile.c, virFileWrapperSetPipeSize. */
#define PIPE_SIZE (UINT64_C(1) << 20)

/*
 * To restore an image past the page cache, libvirt has a helper send all of the
 * file through a pipe.  Nobody reads what follows the image: if there is more
 * than the pipe holds, the helper dies of it, and the restore fails.
 */
static int report_unread(struct description *description,
			 const struct pass *pass, uint64_t start, uint64_t end,
			 struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "bypass-cache",
		.hint = SAVETOOL_HINT_CONVERT,
		.severity = SAVETOOL_WARNING,
		.offset = start,
		.length = end - start,
	};

	if (!pass->image->libvirt || image_is_wrapped(pass->image) ||
	    end == SAVETOOL_UNKNOWN || end <= start || end - start <= PIPE_SIZE)
		return 0;
	return description_report(
		description, &finding, err,
		"more than 1 MiB follows the image: libvirt fails to restore "
		"it if the page cache is to be bypassed");
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
		/* A block device cannot become shorter. */
		.hint = image_file_input(pass->image)->is_device ?
				SAVETOOL_HINT_NONE :
				SAVETOOL_HINT_COMPACT,
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
	if (report_trailing(description, pass, after, err) < 0)
		return -1;
	/* QEMU itself opens a mapped-ram image. */
	return pass->stream.ram.mapped ?
		       0 :
		       report_unread(description, pass, trailing_start(pass),
				     trailing_start(pass) + after, err);
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

/*
 * Does the format's program restore the image without having read all that
 * follows?  For zero bytes, only bzip2 does.
 */
static bool stops_reading(const struct codec *codec,
			  const struct packed_rest *rest)
{
	return codec_passes(codec, rest) &&
	       (rest->other ||
		(rest->zeros > 0 && codec->format == SAVETOOL_FORMAT_BZIP2));
}

static int report_in_compressed(struct description *description,
				const struct pass *pass,
				struct savetool_error *err)
{
	const struct codec *codec;
	const struct input *packed;

	for (unsigned i = 0;
	     image_compression(&codec, &packed, pass->image, i) > 0; i++) {
		if (report_rest(description, &packed->rest, codec, err) < 0)
			return -1;
		if (stops_reading(codec, &packed->rest) &&
		    report_unread(description, pass, packed->rest.offset,
				  packed->size, err) < 0)
			return -1;
	}
	return 0;
}

/* QEMU found its metadata wrong, so clusters may have been overwritten. */
static int report_disk(struct description *description,
		       const struct savetool_image *image,
		       struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "disk-corrupt",
		.severity = SAVETOOL_WARNING,
		.offset = SAVETOOL_UNKNOWN,
	};

	if (!image || !image->qcow2 || !image->qcow2->corrupt)
		return 0;
	return description_report(description, &finding, err,
				  "QEMU has marked the qcow2 file as corrupt: "
				  "part of the saved guest may be overwritten");
}

int report_all(struct description *description, const struct pass *pass,
	       const struct savetool_error *broken, struct savetool_error *err)
{
	if (report_broken(description, broken, err) < 0 ||
	    report_disk(description, pass->image, err) < 0 ||
	    report_in_header(description, pass, err) < 0 ||
	    report_lacking(description, err) < 0 ||
	    report_run_state(description, err) < 0 ||
	    report_in_compressed(description, pass, err) < 0 ||
	    report_stale(description, pass, broken != NULL, err) < 0)
		return -1;
	if (!pass->tail || broken || image_codec(pass->image))
		return 0;
	return report_in_tail(description, pass, err);
}
