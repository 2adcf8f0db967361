/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes an image again, in another format or container. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "digest.h"
#include "space.h"
#include "walk.h"
#include "writer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static void close_image(struct st_image **image)
{
	st_image_close(*image);
}
#define cleanup_image __attribute__((cleanup(close_image)))

static void free_writer(struct writer **writer)
{
	writer_free(*writer);
}
#define cleanup_writer __attribute__((cleanup(free_writer)))

static int read_text(char **text, const char *path, struct st_error *err)
{
	cleanup_input struct input *in = NULL;
	cleanup_free char *read = NULL;
	size_t got;

	if (input_open_file(&in, path, err) < 0)
		return fail_while(err, "'%s'", path);
	read = malloc(LIBVIRT_DATA_LIMIT);
	if (!read)
		return fail_memory(err);
	if (input_read_at(in, read, LIBVIRT_DATA_LIMIT, 0, &got, err) < 0)
		return fail_while(err, "'%s'", path);
	if (got == LIBVIRT_DATA_LIMIT || memchr(read, '\0', got))
		return fail(err, ST_USAGE, "'%s' is no domain XML", path);
	read[got] = '\0';
	*text = steal(read);
	return 0;
}

/* A header around a stream that had none, with an XML that describes it. */
static int new_header(struct libvirt **libvirt, const char *path,
		      struct st_error *err)
{
	cleanup_free char *xml = NULL;
	struct domain_xml *domain = NULL;

	if (read_text(&xml, path, err) < 0)
		return -1;
	if (domain_xml_parse(&domain, xml, err) < 0) {
		err->code = ST_USAGE;
		return fail_while(err, "'%s'", path);
	}
	domain_xml_free(domain);
	return libvirt_new(libvirt, xml, err);
}

/*
 * The header of the destination: the source's own, or *made for it, or NULL
 * for a bare stream.
 */
static int choose_header(struct libvirt **header, struct libvirt **made,
			 const struct st_image *source,
			 const struct st_convert_options *options,
			 struct st_error *err)
{
	*header = NULL;
	if (options->container == ST_CONTAINER_BARE ||
	    (options->container == ST_CONTAINER_KEEP && !source->libvirt))
		return 0;
	if (options->xml) {
		if (new_header(made, options->xml, err) < 0)
			return -1;
		*header = *made;
		return 0;
	}
	if (!source->libvirt)
		return fail(err, ST_USAGE,
			    "bare stream has no domain XML: give one for the "
			    "libvirt header");
	*header = source->libvirt;
	if (libvirt_check_xml(source->libvirt, err) < 0)
		return fail_while(err, "libvirt would not restore it, and "
				       "only --bare keeps its state");
	return 0;
}

/*
 * As libvirt writes it: version 2, which alone can say that a stream is
 * packed.  Version 3 is the one once proposed for mapped-ram.
 */
static int set_header(struct libvirt *libvirt,
		      const struct st_convert_options *options,
		      struct st_error *err)
{
	struct st_header *header;

	if (options->header_version != 0 && !libvirt)
		return fail(err, ST_USAGE,
			    "bare stream has no header that could have a "
			    "version");
	if (!libvirt)
		return 0;
	header = &libvirt->header;
	if (options->header_version == 3 && options->format != ST_FORMAT_SPARSE)
		return fail(err, ST_USAGE,
			    "header version 3 is for format 'sparse' only");
	if (options->header_version != 0 && options->header_version != 2 &&
	    options->header_version != 3)
		return fail(err, ST_USAGE,
			    "no header version %" PRIu32 ": it is 2 or 3",
			    options->header_version);
	header->version = options->header_version == 3 ? 3 : 2;
	header->features = header->version == 3 ? 1 : 0;
	header->format = options->format;
	return 0;
}

/* Writes all but the header: packed if the format is. */
static int write_stream(struct st_image *source, struct output *out,
			const struct st_convert_options *options,
			const struct st_monitor *monitor, struct st_error *err)
{
	const struct codec *codec = codec_for_format(options->format);
	cleanup_output struct output *packed = NULL;
	cleanup_writer struct writer *writer = NULL;

	if (image_start(source, err) < 0)
		return -1;
	if (codec && codec_pack(codec, &packed, out, options->level,
				options->threads, err) < 0)
		return -1;
	if (writer_new(&writer, packed ? packed : out,
		       options->format == ST_FORMAT_SPARSE,
		       source->libvirt && source->libvirt->header.big_endian,
		       err) < 0 ||
	    walk(source, writer_visitor(writer), monitor, err) < 0)
		return -1;
	return packed ? output_commit(packed, err) : 0;
}

/* Reads back what is written, but not named yet, and compares. */
static int verify(struct st_image *source, const struct output *out,
		  const struct st_monitor *monitor,
		  struct st_convert_result *result, struct st_error *err)
{
	cleanup_image struct st_image *written = NULL;
	struct st_digest before, after;
	struct input *in;
	int fd = fcntl(output_fd(out), F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return fail_errno(err, "cannot read back");
	if (input_open_fd(&in, fd, err) < 0 ||
	    image_open_input(&written, in, "", 0, err) < 0 ||
	    st_image_digest(written, monitor, &after, err) < 0)
		return fail_while(err, "cannot read back what was written");
	if (st_image_digest(source, monitor, &before, err) < 0)
		return -1;
	if (memcmp(&before, &after, sizeof(before)) != 0)
		return fail(err, ST_SYSTEM,
			    "what was written reads back differently, and "
			    "is not kept");
	result->verified = true;
	result->digest = after;
	return 0;
}

static int write_image(struct st_image *source, struct output *out,
		       const struct libvirt *header,
		       const struct st_convert_options *options,
		       const struct st_monitor *monitor, struct st_error *err)
{
	if (header && libvirt_write(header, out, err) < 0)
		return -1;
	if (write_stream(source, out, options, monitor, err) < 0)
		return -1;
	return header ? libvirt_write_complete(out, err) : 0;
}

static int measure(struct st_convert_result *result, const struct output *out,
		   struct st_error *err)
{
	struct stat st;

	if (fstat(output_fd(out), &st) < 0)
		return fail_errno(err, "cannot examine");
	result->logical = st.st_size;
	result->allocated = st.st_blocks * UINT64_C(512);
	return 0;
}

static int convert_to(struct st_image *source, const char *destination,
		      const struct st_convert_options *options,
		      const struct st_monitor *monitor,
		      struct st_convert_result *result, struct st_error *err)
{
	const struct output_file_options file_options = {
		.force = options->force,
		.like_fd = input_fd(source->file),
	};
	cleanup_libvirt struct libvirt *made = NULL;
	cleanup_output struct output *out = NULL;
	struct libvirt *header;

	if (choose_header(&header, &made, source, options, err) < 0 ||
	    set_header(header, options, err) < 0 ||
	    output_create_file(&out, destination, &file_options, err) < 0 ||
	    space_check(out, source, options->format, monitor, err) < 0 ||
	    write_image(source, out, header, options, monitor, err) < 0 ||
	    measure(result, out, err) < 0)
		return -1;
	if (options->verify && verify(source, out, monitor, result, err) < 0)
		return -1;
	return output_commit(out, err);
}

int st_convert(const char *source, const char *destination,
	       const struct st_convert_options *options,
	       const struct st_monitor *monitor,
	       struct st_convert_result *result, struct st_error *err)
{
	cleanup_image struct st_image *image = NULL;
	struct st_convert_result done = { 0 };

	if (st_image_open(&image, source, options->offset, err) < 0 ||
	    image_require_complete(image, err) < 0 ||
	    convert_to(image, destination, options, monitor, &done, err) < 0)
		return -1;
	if (result)
		*result = done;
	return 0;
}
