/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a rewrite: the walk that reads and writes, the proof, the commit. */
#include "config.h"

#include "rewrite/rewrite.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "image/trust.h"
#include "inspect/describe.h"
#include "walk/digest.h"
#include "walk/tee.h"
#include "walk/walk.h"
#include "walk/writer.h"

#include <string.h>

/* Walks the source with the writer and, to verify, with who takes notes. */
static int walk_source(struct rewrite *rewrite, struct output *out,
		       struct digest_visitor *digest,
		       struct savetool_error *err)
{
	struct savetool_image *source = rewrite->pass->image;
	const struct writer_options options = {
		.mapped = rewrite->format == SAVETOOL_FORMAT_SPARSE,
		.big_endian = source->big_endian,
		.compact = rewrite->compact,
		.base = rewrite->base,
		.machine = rewrite->machine,
	};
	cleanup_writer struct writer *writer = NULL;
	cleanup_tee struct tee *guarded = NULL, *tee = NULL;
	struct visitor *visitor;

	if (writer_new(&writer, out, &options, err) < 0)
		return -1;
	visitor = writer_visitor(writer);
	visitor->rewrites = true;
	if (rewrite->guard) {
		if (tee_new(&guarded, rewrite->guard, visitor, err) < 0)
			return -1;
		visitor = tee_visitor(guarded);
	}
	if (digest) {
		if (tee_new(&tee, visitor, digest_visitor(digest), err) < 0)
			return -1;
		visitor = tee_visitor(tee);
	}
	return rewrite->compact ? walk_latest(rewrite->pass, visitor,
					      &rewrite->phases.monitor, err) :
				  walk(rewrite->pass, visitor,
				       &rewrite->phases.monitor, err);
}

/* Writes everything but the header, compressed if the format is. */
static int write_stream(struct rewrite *rewrite, struct digest_visitor *digest,
			struct savetool_error *err)
{
	const struct codec *codec = codec_for_format(rewrite->format);
	cleanup_output struct output *packed = NULL;

	if (!codec && rewrite->level != 0)
		return fail(err, SAVETOOL_USAGE, "format '%s' has no levels",
			    savetool_format_name(rewrite->format));
	if (!codec)
		return walk_source(rewrite, rewrite->out, digest, err);
	if (codec_pack(codec, &packed, rewrite->out, rewrite->level,
		       rewrite->threads, err) < 0 ||
	    walk_source(rewrite, packed, digest, err) < 0)
		return -1;
	return output_commit(packed, err);
}

/*
 * The digest of the source: from the walk, or from another one if it must be.
 */
static int digest_source(struct rewrite *rewrite,
			 const struct digest_visitor *digest,
			 struct savetool_digest *result,
			 struct savetool_error *err)
{
	if (digest_visitor_is_final(digest)) {
		digest_visitor_result(digest, result);
		return 0;
	}
	if (!image_is_repeatable(rewrite->pass->image)) {
		fail(err, SAVETOOL_UNSUPPORTED,
		     "memory saved with XBZRLE cannot be verified when reading "
		     "from a pipe");
		return fail_hint(err, SAVETOOL_HINT_NO_VERIFY);
	}
	return savetool_image_digest(rewrite->pass->image,
				     &rewrite->phases.monitor, result, err);
}

/* Reads back what was written, before it has its name, and compares. */
static int verify(struct rewrite *rewrite, const struct digest_visitor *digest,
		  struct savetool_digest *result, struct savetool_error *err)
{
	/* A bare stream does not say it. */
	const struct savetool_open_options options = {
		.size = sizeof(options),
		.byte_order = image_byte_order(rewrite->pass->image),
	};
	cleanup_image struct savetool_image *written = NULL;
	struct savetool_digest before, after;
	struct input *in;

	phases_next(&rewrite->phases, 100);
	if (digest_source(rewrite, digest, &before, err) < 0)
		return -1;
	if (output_read_back(rewrite->out, &in, err) < 0 ||
	    image_open_input(&written, in, "", NULL, &options, err) < 0)
		return fail_while(err, "cannot read the output back");
	/* It will say so when it is on the disk. */
	if (written->libvirt)
		written->libvirt->header.complete = true;
	if (image_digest(written, &rewrite->phases.monitor, &after, err) < 0)
		return fail_while(err, "cannot read the output back");
	if (memcmp(&before, &after, sizeof(before)) != 0)
		return fail(err, SAVETOOL_SYSTEM,
			    "verification failed: output differs from source; "
			    "output discarded");
	*result = after;
	return 0;
}

/* Bitmaps do, and so does a header that the source does not have. */
static bool depends_on_order(const struct rewrite *rewrite)
{
	return rewrite->format == SAVETOOL_FORMAT_SPARSE ||
	       (rewrite->header && !rewrite->pass->image->libvirt);
}

int rewrite_check_order(const struct rewrite *rewrite,
			struct savetool_error *err)
{
	const struct describe_options options = { .any_xml = true };
	cleanup_pass struct pass look = PASS_INIT;
	struct pass *pass = rewrite->pass;
	enum doubt doubt;

	if (!depends_on_order(rewrite) || !trust_needs_host(pass))
		return 0;
	/* The pages may show it, once it is known where they are. */
	if (stream_is_mapped(&pass->stream)) {
		if (describe_image(&look, pass->image, &options,
				   &rewrite->phases.monitor, err) < 0)
			return -1;
		pass = &look;
	}
	if (trust_host(&doubt, pass, err) < 0)
		return -1;
	return doubt == DOUBT_NONE ? 0 : trust_refuse(doubt, err);
}

int rewrite_image(struct rewrite *rewrite, struct savetool_digest *result,
		  struct savetool_error *err)
{
	const struct libvirt *header = rewrite->header;
	cleanup_digest struct digest_visitor *digest = NULL;

	if (rewrite->verify && digest_visitor_new(&digest, err) < 0)
		return -1;
	phases_next(&rewrite->phases,
		    rewrite->verify || rewrite->again ? 50 : 100);
	if ((header && libvirt_write(header, rewrite->out, err) < 0) ||
	    write_stream(rewrite, digest, err) < 0 ||
	    (header && libvirt_write_complete(rewrite->out, err) < 0) ||
	    output_flush(rewrite->out, err) < 0)
		return -1;
	return digest ? verify(rewrite, digest, result, err) : 0;
}
