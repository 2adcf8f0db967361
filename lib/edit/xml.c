/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes the XML of an image, or the state that its guest is restored in. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "edit/judge.h"
#include "edit/replace.h"
#include "format/libvirt_edit.h"
#include "io/clone.h"
#include "outer/inner_name.h"

#include <string.h>
#include <unistd.h>

/* What a disk writes completely, or not at all. */
#define SECTOR 512

/* One change of one image. */
struct edit {
	struct savetool_image *image;
	const struct savetool_xml_options *options;
	const struct savetool_monitor *monitor;
	struct pass pass; /* to find the blocks; begun if the XML is new */
	struct libvirt *header; /* the new one */
	struct savetool_xml_result result;
};

static int require_header(const struct savetool_image *image,
			  struct savetool_error *err)
{
	if (image_require_xml(image, err) < 0)
		return -1;
	if (image->libvirt->present < image->libvirt->header.data_length) {
		*err = image->broken;
		return -1;
	}
	return 0;
}

int savetool_image_xml(const struct savetool_image *image, const char **xml,
		       struct savetool_error *err)
{
	if (image_require_xml(image, err) < 0)
		return -1;
	*xml = image->libvirt->xml;
	return 0;
}

/* Only what lies in the file itself can be changed there. */
static int require_changeable(const struct savetool_image *image,
			      struct savetool_error *err)
{
	if (require_header(image, err) < 0 ||
	    image_require_whole_file(image, err) < 0)
		return -1;
	if (image_is_wrapped(image)) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "compressed as a whole, including its header");
		return fail_hint(err, SAVETOOL_HINT_CONVERT);
	}
	if (!S_ISREG(image->opened.st_mode) && !S_ISBLK(image->opened.st_mode))
		return fail(err, SAVETOOL_REFUSED, "not a regular file");
	return image_require_complete(image, err);
}

static bool is_mapped(const struct edit *edit)
{
	return stream_is_mapped(&edit->pass.stream) &&
	       !image_stream_codec(edit->image);
}

/* Another XML, if it is this guest's. */
static int take_xml(struct edit *edit, struct savetool_error *err)
{
	const struct savetool_xml_options *options = edit->options;
	char *mismatch = edit->result.mismatch;

	if (options->expected &&
	    strcmp(options->expected, edit->image->libvirt->xml) != 0) {
		fail(err, SAVETOOL_REFUSED,
		     "the XML was changed by another process meanwhile");
		return fail_hint(err, SAVETOOL_HINT_RETRY);
	}
	if (judge_xml(mismatch, &edit->pass, edit->image, options->xml,
		      edit->monitor, err) < 0)
		return -1;
	if (mismatch[0] && !options->allow_mismatch) {
		fail(err, SAVETOOL_REFUSED, "%s", mismatch);
		return fail_hint(err, SAVETOOL_HINT_ALLOW_MISMATCH);
	}
	return libvirt_edit(&edit->header, edit->image->libvirt, options->xml,
			    is_mapped(edit) ? MOVE_UNIT_MAPPED : MOVE_UNIT,
			    err);
}

/* The header as it will be; that of the image is not changed. */
static int make_header(struct edit *edit, struct savetool_error *err)
{
	const struct libvirt *old = edit->image->libvirt;
	const char *xml = edit->options->xml;
	enum savetool_state state = edit->options->state;
	int failed;

	if (xml && strcmp(xml, old->xml) != 0)
		failed = take_xml(edit, err);
	else
		failed = libvirt_copy(&edit->header, old, err);
	if (failed < 0)
		return -1;
	if (state != SAVETOOL_STATE_KEEP)
		edit->header->header.was_running =
			state == SAVETOOL_STATE_RUNNING;
	return 0;
}

/* The first and the last byte that differ; false: none does. */
static bool find_difference(size_t *first, size_t *end, const uint8_t *a,
			    const uint8_t *b, size_t size)
{
	for (*first = 0; *first < size && a[*first] == b[*first];)
		++*first;
	for (*end = size; *end > *first && a[*end - 1] == b[*end - 1];)
		--*end;
	return *first < *end;
}

static uint8_t *bytes_of(const struct libvirt *libvirt,
			 struct savetool_error *err)
{
	uint8_t *bytes = malloc(libvirt_size(libvirt));

	if (!bytes) {
		fail_memory(err);
		return NULL;
	}
	libvirt_encode(libvirt, bytes);
	memcpy(bytes + LIBVIRT_HEADER_SIZE, libvirt->data,
	       libvirt->header.data_length);
	return bytes;
}

/*
 * If all bytes that change lie in one sector, the file is the old image or the
 * new one even if the power fails meanwhile.
 */
static int write_sector(const struct held_file *held, const uint8_t *bytes,
			size_t first, size_t end, struct savetool_error *err)
{
	if (held_file_check(held, err) < 0 ||
	    held_file_write(held, bytes + first, end - first, first, err) < 0)
		return -1;
	return fsync(held->fd) == 0 ? 0 :
				      fail_errno(err, "cannot write to disk");
}

static int fail_device(struct savetool_error *err)
{
	return fail(err, SAVETOOL_REFUSED,
		    "the change does not fit into one sector, and a block "
		    "device cannot be replaced");
}

/* Replaces the file, or says how that would be done. */
static int replace(struct edit *edit, const struct held_file *held,
		   struct savetool_error *err)
{
	const struct replacement replacement = {
		.image = edit->image,
		.held = held,
		.header = edit->header,
		.list = is_mapped(edit) && edit->result.data_length !=
						   edit->result.data_before ?
				&edit->pass.stream.ram :
				NULL,
		.monitor = edit->monitor,
	};
	int fd = image_fd(edit->image);
	bool cloned;

	if (S_ISBLK(edit->image->opened.st_mode))
		return fail_device(err);
	edit->result.linked = edit->image->opened.st_nlink > 1;
	if (!held)
		cloned = clone_works_beside(edit->image->path, fd);
	else if (replace_image(&replacement, &cloned, err) < 0)
		return -1;
	edit->result.way =
		cloned ? SAVETOOL_XML_CLONED : SAVETOOL_XML_REWRITTEN;
	return 0;
}

static int apply(struct edit *edit, const struct held_file *held,
		 struct savetool_error *err)
{
	const struct libvirt *old = edit->image->libvirt;
	cleanup_free uint8_t *before = bytes_of(old, err);
	cleanup_free uint8_t *after =
		before ? bytes_of(edit->header, err) : NULL;
	size_t first, end;

	if (!after)
		return -1;
	if (libvirt_size(old) != libvirt_size(edit->header))
		return replace(edit, held, err);
	if (!find_difference(&first, &end, before, after, libvirt_size(old)))
		return 0;
	if (first / SECTOR != (end - 1) / SECTOR)
		return replace(edit, held, err);
	edit->result.way = SAVETOOL_XML_IN_PLACE;
	return held ? write_sector(held, after, first, end, err) : 0;
}

static int change(struct edit *edit, const struct held_file *held,
		  struct savetool_error *err)
{
	struct savetool_xml_result *result = &edit->result;

	if (require_changeable(edit->image, err) < 0 ||
	    make_header(edit, err) < 0)
		return -1;
	result->was_running = edit->header->header.was_running;
	result->xml_length = strlen(edit->header->xml);
	result->data_before = edit->image->libvirt->header.data_length;
	result->data_length = edit->header->header.data_length;
	return apply(edit, held, err);
}

/* For a dry run, held is that of no file. */
static int change_file(struct edit *edit, struct held_file *held,
		       const char *path,
		       const struct savetool_open_options *open,
		       struct savetool_error *err)
{
	bool dry_run = edit->options->dry_run;
	int failed;

	if (inner_name_require_none(path, err) < 0)
		return -1;
	if (dry_run)
		failed = savetool_image_open(&edit->image, path, open,
					     edit->monitor, err);
	else if (held_file_open(held, path, err) < 0)
		failed = -1;
	else
		failed = image_open_held(&edit->image, held, path, open, err);
	if (failed < 0 || image_spool_beside(edit->image, path, err) < 0)
		return -1;
	return change(edit, dry_run ? NULL : held, err);
}

int savetool_xml_change(const char *path,
			const struct savetool_open_options *open_given,
			const struct savetool_xml_options *given,
			const struct savetool_monitor *monitor,
			struct savetool_xml_result *result,
			struct savetool_error *err)
{
	struct savetool_open_options open;
	struct savetool_xml_options options;
	struct held_file held = { .fd = -1 };
	struct held_file_watch watch;
	struct edit edit = { .options = &options, .pass = PASS_INIT };
	int failed;

	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    options_take(&open, sizeof(open), open_given, err) < 0)
		return -1;
	held_file_watch_begin(&watch, &held, monitor);
	edit.monitor = &watch.monitor;
	failed = change_file(&edit, &held, path, &open, err);
	failed = held_file_watch_end(&watch, failed, err);
	pass_end(&edit.pass);
	savetool_image_close(edit.image);
	libvirt_free(edit.header);
	held_file_close(&held);
	if (!failed && result)
		*result = edit.result;
	return failed;
}
