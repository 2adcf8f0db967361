/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes an image again, in another format or container. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "format/drop.h"
#include "image/output.h"
#include "image/trust.h"
#include "image/unchanged.h"
#include "io/output_nbd.h"
#include "io/space.h"
#include "outer/inner_name.h"
#include "rewrite/agree.h"
#include "rewrite/archive.h"
#include "rewrite/base.h"
#include "rewrite/fit.h"
#include "rewrite/rename.h"
#include "rewrite/rewrite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int read_text(char **text, const char *path,
		     const struct savetool_monitor *monitor,
		     struct savetool_error *err)
{
	cleanup_input struct input *in = NULL;
	cleanup_free char *read = NULL;
	size_t got;

	if (input_open_file(&in, path, err) < 0)
		return fail_while(err, "'%s'", path);
	/* It may be a pipe that nothing comes through. */
	in->monitor = monitor;
	read = malloc(LIBVIRT_DATA_LIMIT);
	if (!read)
		return fail_memory(err);
	if (input_read_all(in, read, LIBVIRT_DATA_LIMIT, 0, &got, err) < 0)
		return fail_while(err, "'%s'", path);
	if (got == LIBVIRT_DATA_LIMIT || memchr(read, '\0', got))
		return fail(err, SAVETOOL_USAGE, "'%s' is not a domain XML",
			    path);
	read[got] = '\0';
	*text = steal(read);
	return 0;
}

/* A header for a stream that had none, with an XML that describes it. */
static int new_header(struct libvirt **libvirt, const char *path,
		      const struct savetool_image *source,
		      const struct savetool_monitor *monitor,
		      struct savetool_error *err)
{
	cleanup_free char *xml = NULL;
	struct domain_xml *domain = NULL;

	if (read_text(&xml, path, monitor, err) < 0)
		return -1;
	if (domain_xml_parse(&domain, xml, err) < 0) {
		err->code = SAVETOOL_USAGE;
		return fail_while(err, "'%s'", path);
	}
	domain_xml_free(domain);
	return libvirt_new(libvirt, xml, source->libvirt, source->big_endian,
			   err);
}

/*
 * The header of the destination: the source's own, or the new one in *made, or
 * NULL for a bare stream.
 */
static int choose_header(struct libvirt **header, struct libvirt **made,
			 const struct savetool_image *source,
			 const struct savetool_convert_options *options,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	*header = NULL;
	if (options->container == SAVETOOL_CONTAINER_BARE ||
	    (options->container == SAVETOOL_CONTAINER_KEEP && !source->libvirt))
		return 0;
	if (options->xml) {
		if (new_header(made, options->xml, source, monitor, err) < 0)
			return -1;
		*header = *made;
		return 0;
	}
	if (!source->libvirt) {
		fail(err, SAVETOOL_USAGE,
		     "bare stream has no domain XML for a libvirt header");
		return fail_hint(err, SAVETOOL_HINT_XML);
	}
	*header = source->libvirt;
	if (libvirt_check_xml(source->libvirt, err) < 0) {
		fail_while(err, "libvirt could not restore the result");
		return fail_hint(err, SAVETOOL_HINT_BARE);
	}
	return 0;
}

/*
 * As libvirt writes it: version 2, the only one that can say that a stream is
 * compressed.  Version 3 was once proposed for mapped-ram.
 */
static int set_header(struct libvirt *libvirt, enum savetool_format format,
		      const struct savetool_convert_options *options,
		      struct savetool_error *err)
{
	struct savetool_header *header;

	if (options->header_version != 0 && !libvirt)
		return fail(err, SAVETOOL_USAGE,
			    "a bare stream has no header, and so no header "
			    "version");
	if (!libvirt)
		return 0;
	header = &libvirt->header;
	if (options->header_version == 3 && format != SAVETOOL_FORMAT_SPARSE)
		return fail(err, SAVETOOL_USAGE,
			    "header version 3 is for format 'sparse' only");
	if (options->header_version != 0 && options->header_version != 2 &&
	    options->header_version != 3)
		return fail(err, SAVETOOL_USAGE,
			    "header version %" PRIu32 " is neither 2 nor 3",
			    options->header_version);
	header->version = options->header_version == 3 ? 3 : 2;
	header->features = header->version == 3 ? 1 : 0;
	header->format = format;
	return 0;
}

static int check_pipe(const struct rewrite *rewrite, struct savetool_error *err)
{
	if (rewrite->format == SAVETOOL_FORMAT_SPARSE)
		return fail(err, SAVETOOL_USAGE,
			    "format 'sparse' cannot be written to a pipe");
	if (rewrite->verify)
		return fail(err, SAVETOOL_USAGE,
			    "output to a pipe cannot be verified");
	return 0;
}

/* NAME in URI::NAME would be a part of the export. */
static int require_whole_export(const char *uri, struct savetool_error *err)
{
	cleanup_inner_name struct inner_name name = { 0 };

	if (inner_name_split(&name, uri, err) < 0)
		return -1;
	if (!name.inner)
		return 0;
	return fail(err, SAVETOOL_USAGE,
		    "'%s' can only be written as a whole, without '::%s'",
		    name.file, name.inner);
}

static int open_export(struct output **out, const struct rewrite *rewrite,
		       const char *uri,
		       const struct savetool_convert_options *options,
		       struct savetool_error *err)
{
	cleanup_connection struct savetool_connection *own = NULL;
	struct savetool_connection *connection = options->connection;
	const struct output_nbd_options nbd_options = {
		.force = options->force,
		.withhold = !rewrite->header,
		.monitor = &rewrite->phases.monitor,
	};

	if (require_whole_export(uri, err) < 0)
		return -1;
	if (strcmp(rewrite->pass->image->path, uri) == 0)
		return fail(err, SAVETOOL_REFUSED,
			    "source and destination are the same export");
	if (!connection) {
		if (savetool_connect(&own, uri, &rewrite->phases.monitor, err) <
		    0)
			return fail_while(err, "'%s'", uri);
		connection = own;
	}
	return output_open_nbd(out, connection, &nbd_options, err);
}

static int open_destination(struct output **out, struct archive_plan *archive,
			    struct rewrite *rewrite, const char *path,
			    const struct savetool_convert_options *options,
			    struct savetool_error *err)
{
	const struct savetool_image *source = rewrite->pass->image;

	if (savetool_is_uri(path) && options->tar)
		return fail(err, SAVETOOL_USAGE,
			    "a tar archive cannot be written to an NBD export");
	if (savetool_is_uri(path))
		return open_export(out, rewrite, path, options, err);
	if (!options->tar && !output_path_can_seek(path) &&
	    check_pipe(rewrite, err) < 0)
		return -1;
	if (image_output_open(out, source, path, options->force,
			      !rewrite->header && !options->tar, err) < 0)
		return -1;
	if (options->tar)
		return archive_wrap(out, archive, rewrite, options->tar, err);
	return (*out)->seekable ? 0 : check_pipe(rewrite, err);
}

static int measure(struct savetool_convert_result *result,
		   const struct rewrite *rewrite, const struct agree *agree,
		   struct savetool_error *err)
{
	struct stat st;

	/* What an export takes on its server is not known. */
	if (output_fd(rewrite->out) < 0)
		st.st_mode = 0;
	else if (fstat(output_fd(rewrite->out), &st) < 0)
		return fail_errno(err, "cannot examine");
	result->format = rewrite->format;
	result->lost = rewrite->pass->lost;
	result->verified = rewrite->verify;
	if (rewrite->base)
		result->shared = rewrite->base->shared;
	strcpy(result->mismatch, agree->text);
	if (rewrite->machine)
		snprintf(result->machine, sizeof(result->machine), "%s",
			 rewrite->pass->stream.configuration.machine);
	result->logical = rewrite->out->position;
	result->allocated = space_allocated(&st);
	return 0;
}

/*
 * Without a word from the caller, the source's format, and its generation: what
 * was compressed around mapped-ram goes, since QEMU reads it only without.
 * Compressed after a header it is no format that anybody restores.
 */
static int choose_format(enum savetool_format *format, const struct pass *pass,
			 const struct savetool_convert_options *options,
			 struct savetool_error *err)
{
	*format = options->format;
	if (*format == SAVETOOL_FORMAT_LAYOUT)
		*format = stream_is_mapped(&pass->stream) ?
				  SAVETOOL_FORMAT_SPARSE :
				  SAVETOOL_FORMAT_RAW;
	if (*format != SAVETOOL_FORMAT_KEEP)
		return 0;
	*format = pass_format(pass);
	if (!stream_is_mapped(&pass->stream))
		return 0;
	if (pass->image->libvirt && image_stream_codec(pass->image)) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "compressed mapped-ram stream after a libvirt header, "
		     "which nothing restores: there is no such format to keep");
		return fail_hint(err, SAVETOOL_HINT_CONVERT_SPARSE);
	}
	*format = SAVETOOL_FORMAT_SPARSE;
	return 0;
}

/* Decides what is written: the format, and the header, which may be *made. */
static int choose(struct rewrite *rewrite, struct libvirt **made,
		  const struct savetool_convert_options *options,
		  struct savetool_error *err)
{
	struct libvirt *header;

	if (choose_format(&rewrite->format, rewrite->pass, options, err) < 0 ||
	    choose_header(&header, made, rewrite->pass->image, options,
			  &rewrite->phases.monitor, err) < 0)
		return -1;
	rewrite->header = header;
	if (options->machine &&
	    rename_machine(rewrite, made, options->machine,
			   options->allow_mismatch, err) < 0)
		return -1;
	return set_header(*made ? *made : header, rewrite->format, options,
			  err);
}

/* Writes it, proves it, and says how large it is. */
static int write_it(struct rewrite *rewrite, const struct agree *agree,
		    struct savetool_convert_result *result,
		    struct savetool_error *err)
{
	phases_next(&rewrite->phases, 50);
	/* How much of it will be shared shows only then. */
	if ((!rewrite->base &&
	     fit_check(rewrite->out, rewrite->pass, rewrite->format,
		       &rewrite->phases.monitor, err) < 0) ||
	    rewrite_image(rewrite, &result->digest, err) < 0 ||
	    measure(result, rewrite, agree, err) < 0)
		return -1;
	return image_require_unchanged(rewrite->pass->image, err);
}

/* If storage can be shared, it is, and the result is verified. */
static int take_base(struct rewrite *rewrite, struct base *base,
		     const char *destination,
		     const struct savetool_convert_options *options,
		     struct savetool_error *err)
{
	if (!options->base)
		return 0;
	if (rewrite->format != SAVETOOL_FORMAT_SPARSE)
		return fail(err, SAVETOOL_USAGE,
			    "only format 'sparse' can share storage with a "
			    "base");
	if (base_open(base, options->base, destination,
		      rewrite->pass->image->direct, &rewrite->phases.monitor,
		      err) < 0)
		return -1;
	if (!base->image)
		return 0;
	rewrite->base = &base->mapped;
	rewrite->verify = true;
	return 0;
}

/*
 * Records have all blocks before the first page, so the blocks have to be known
 * then.  What needs a look at the pages before they are written cannot go
 * forwards either.
 */
static bool can_go_forwards(const struct rewrite *rewrite,
			    const struct savetool_convert_options *options)
{
	return rewrite->format == SAVETOOL_FORMAT_SPARSE && !options->base &&
	       !trust_needs_host(rewrite->pass);
}

/* The source is open and recognised. */
static int convert(struct savetool_image *source, const char *destination,
		   const struct savetool_convert_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_convert_result *result,
		   struct savetool_error *err)
{
	cleanup_pass struct pass pass = PASS_INIT;
	cleanup_libvirt struct libvirt *made = NULL;
	cleanup_archive_plan struct archive_plan archive = { .made = false };
	cleanup_output struct output *out = NULL;
	cleanup_agree struct agree agree = { .domain = NULL };
	cleanup_base struct base base = { .pass = PASS_INIT };
	struct rewrite rewrite = {
		.pass = &pass,
		.level = options->level,
		.threads = options->threads,
		.verify = options->verify,
	};

	phases_begin(&rewrite.phases, monitor);
	if (pass_begin_forwards(&pass, source, err) < 0 ||
	    choose(&rewrite, &made, options, err) < 0 ||
	    (!can_go_forwards(&rewrite, options) && pass_keep(&pass, err) < 0))
		return -1;
	agree_init(&agree, &pass, rewrite.header ? rewrite.header->xml : NULL,
		   rewrite.format == SAVETOOL_FORMAT_SPARSE,
		   options->xml && !options->allow_mismatch);
	agree.machine = rewrite.machine;
	if (rewrite.header)
		rewrite.guard = &agree.base;
	phases_next(&rewrite.phases, 50);
	if (take_base(&rewrite, &base, destination, options, err) < 0 ||
	    rewrite_check_order(&rewrite, err) < 0 ||
	    open_destination(&out, &archive, &rewrite, destination, options,
			     err) < 0 ||
	    (source->direct && output_write_direct(out, err) < 0))
		return -1;
	rewrite.out = out;
	result->unshared = options->base && !rewrite.base;
	return write_it(&rewrite, &agree, result, err) < 0 ?
		       -1 :
		       output_commit(out, err);
}

int savetool_convert(struct savetool_image *image, const char *destination,
		     const struct savetool_convert_options *given,
		     const struct savetool_monitor *monitor,
		     struct savetool_convert_result *result,
		     struct savetool_error *err)
{
	struct savetool_convert_options options;
	struct savetool_convert_result done = { 0 };
	cleanup_drop struct drop drop = { 0 };
	int failed;

	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    drop_init(&drop, options.drop, options.drop_count, err) < 0 ||
	    image_require_complete(image, err) < 0 ||
	    image_spool_beside(image, destination, err) < 0)
		return -1;
	image->drop = drop.count > 0 ? &drop : NULL;
	failed = convert(image, destination, &options, monitor, &done, err);
	image->drop = NULL;
	if (failed < 0)
		return -1;
	if (result)
		*result = done;
	return 0;
}
