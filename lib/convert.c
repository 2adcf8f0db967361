/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes an image again, in another format or container. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "digest.h"
#include "io/spool.h"
#include "space.h"
#include "tee.h"
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
	if (input_read_all(in, read, LIBVIRT_DATA_LIMIT, 0, &got, err) < 0)
		return fail_while(err, "'%s'", path);
	if (got == LIBVIRT_DATA_LIMIT || memchr(read, '\0', got))
		return fail(err, ST_USAGE, "'%s' is no domain XML", path);
	read[got] = '\0';
	*text = steal(read);
	return 0;
}

/* A header around a stream that had none, with an XML that describes it. */
static int new_header(struct libvirt **libvirt, const char *path,
		      const struct libvirt *like, struct st_error *err)
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
	return libvirt_new(libvirt, xml, like, err);
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
		if (new_header(made, options->xml, source->libvirt, err) < 0)
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
static int set_header(struct libvirt *libvirt, enum st_format format,
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
	header->format = format;
	return 0;
}

/* What is on its way from one image to another. */
struct conversion {
	struct st_image *source;
	const struct st_convert_options *options;
	const struct st_monitor *monitor;
	enum st_format format;  /* of the destination */
	struct libvirt *made;   /* a header that the source did not have */
	struct libvirt *header; /* NULL: bare */
	struct output *out;
	struct digest_visitor *digest; /* of what is read, to verify; or NULL */
	struct st_convert_result *result;
};

/* Walks the source with the writer and, to verify, with who takes notes. */
static int walk_source(struct conversion *conversion, struct output *out,
		       struct st_error *err)
{
	struct st_image *source = conversion->source;
	cleanup_writer struct writer *writer = NULL;
	struct tee *tee;
	int result;

	if (writer_new(&writer, out, conversion->format == ST_FORMAT_SPARSE,
		       source->libvirt && source->libvirt->header.big_endian,
		       err) < 0)
		return -1;
	if (!conversion->digest)
		return walk(source, writer_visitor(writer), conversion->monitor,
			    err);
	if (tee_new(&tee, writer_visitor(writer),
		    digest_visitor(conversion->digest), err) < 0)
		return -1;
	result = walk(source, tee_visitor(tee), conversion->monitor, err);
	tee_free(tee);
	return result;
}

/* Writes all but the header: packed if the format is. */
static int write_stream(struct conversion *conversion, struct st_error *err)
{
	const struct st_convert_options *options = conversion->options;
	const struct codec *codec = codec_for_format(conversion->format);
	cleanup_output struct output *packed = NULL;

	if (!codec && options->level != 0)
		return fail(err, ST_USAGE, "format '%s' has no levels",
			    st_format_name(conversion->format));
	if (!codec)
		return walk_source(conversion, conversion->out, err);
	if (codec_pack(codec, &packed, conversion->out, options->level,
		       options->threads, err) < 0 ||
	    walk_source(conversion, packed, err) < 0)
		return -1;
	return output_commit(packed, err);
}

/* Reads back what is written, but not named yet, and compares. */
static int verify(struct conversion *conversion, struct st_error *err)
{
	cleanup_image struct st_image *written = NULL;
	struct st_digest before, after;
	struct input *in;
	int fd = fcntl(output_fd(conversion->out), F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return fail_errno(err, "cannot read back");
	if (input_open_fd(&in, fd, err) < 0 ||
	    image_open_input(&written, in, "", 0, err) < 0 ||
	    st_image_digest(written, conversion->monitor, &after, err) < 0)
		return fail_while(err, "cannot read back what was written");
	digest_visitor_result(conversion->digest, &before);
	if (memcmp(&before, &after, sizeof(before)) != 0)
		return fail(err, ST_SYSTEM,
			    "what was written reads back differently, and "
			    "is not kept");
	conversion->result->verified = true;
	conversion->result->digest = after;
	return 0;
}

static int measure(struct conversion *conversion, struct st_error *err)
{
	struct st_convert_result *result = conversion->result;
	struct stat st;

	if (fstat(output_fd(conversion->out), &st) < 0)
		return fail_errno(err, "cannot examine");
	result->format = conversion->format;
	result->logical = conversion->out->position;
	result->allocated =
		S_ISREG(st.st_mode) ? st.st_blocks * UINT64_C(512) : ST_UNKNOWN;
	return 0;
}

static int write_image(struct conversion *conversion, struct st_error *err)
{
	struct libvirt *header = conversion->header;
	struct output *out = conversion->out;

	if ((header && libvirt_write(header, out, err) < 0) ||
	    write_stream(conversion, err) < 0 ||
	    (header && libvirt_write_complete(out, err) < 0) ||
	    measure(conversion, err) < 0)
		return -1;
	if (conversion->digest && verify(conversion, err) < 0)
		return -1;
	return output_commit(out, err);
}

/* A descriptor whose owner, mode and times a file can take over, or -1. */
static int likeable_fd(const struct st_image *source)
{
	struct stat st;
	int fd = image_fd(source);

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fd : -1;
}

static int open_destination(struct conversion *conversion, const char *path,
			    struct st_error *err)
{
	const struct output_file_options options = {
		.force = conversion->options->force,
		.like_fd = likeable_fd(conversion->source),
	};
	bool is_standard = strcmp(path, "-") == 0;

	if ((is_standard ?
		     output_open_fd(&conversion->out, STDOUT_FILENO, err) :
		     output_create_file(&conversion->out, path, &options,
					err)) < 0)
		return -1;
	if (conversion->out->seekable)
		return 0;
	if (conversion->format == ST_FORMAT_SPARSE)
		return fail(err, ST_USAGE,
			    "format 'sparse' has holes, and so needs a file "
			    "rather than a pipe");
	if (conversion->options->verify)
		return fail(err, ST_USAGE,
			    "what goes into a pipe cannot be read back to "
			    "verify it");
	return 0;
}

/* The source is opened and recognised. */
static int convert(struct conversion *conversion, const char *destination,
		   struct st_error *err)
{
	const struct st_convert_options *options = conversion->options;
	struct st_image *source = conversion->source;

	if (image_start(source, err) < 0)
		return -1;
	conversion->format = options->format == ST_FORMAT_KEEP ?
				     image_format(source) :
				     options->format;
	if (choose_header(&conversion->header, &conversion->made, source,
			  options, err) < 0 ||
	    set_header(conversion->header, conversion->format, options, err) <
		    0 ||
	    open_destination(conversion, destination, err) < 0 ||
	    space_check(conversion->out, source, conversion->format,
			conversion->monitor, err) < 0)
		return -1;
	if (options->verify && digest_visitor_new(&conversion->digest, err) < 0)
		return -1;
	return write_image(conversion, err);
}

/* The folder that a file is in, as a path; NULL: no memory. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(strcmp(path, "-") == 0 ? SPOOL_FOLDER : ".");
	return slash == path ? strdup("/") : strndup(path, slash - path);
}

int st_convert(const char *source, const char *destination,
	       const struct st_convert_options *options,
	       const struct st_monitor *monitor,
	       struct st_convert_result *result, struct st_error *err)
{
	cleanup_free char *folder = folder_of(destination);
	cleanup_image struct st_image *image = NULL;
	struct st_convert_result done = { 0 };
	struct conversion conversion = {
		.options = options,
		.monitor = monitor,
		.result = &done,
	};
	int failed;

	if (!folder)
		return fail_memory(err);
	if (st_image_open(&image, source, options->offset, err) < 0 ||
	    image_require_complete(image, err) < 0)
		return -1;
	image->spool_folder = folder;
	conversion.source = image;
	failed = convert(&conversion, destination, err);
	digest_visitor_free(conversion.digest);
	output_close(conversion.out);
	libvirt_free(conversion.made);
	if (failed < 0)
		return -1;
	if (result)
		*result = done;
	return 0;
}
