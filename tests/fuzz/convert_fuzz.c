/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any file is written again in both layouts, and with a longer XML.  The result
 * must be an image with the same guest.
 */
#include "config.h"

#include "fuzz.h"

#include "edit/judge.h"
#include "edit/replace.h"
#include "format/libvirt_edit.h"
#include "image/image.h"
#include "walk/digest.h"
#include "walk/tee.h"
#include "walk/walk.h"
#include "walk/writer.h"

static const struct savetool_open_options plainly = { .size = sizeof(plainly) };

/*
 * True: it was written, and before is the fingerprint of what was read, which
 * there is none of if pages came as differences.
 */
static bool write_again(struct pass *pass, struct savetool_image *image, int fd,
			bool mapped, struct savetool_digest *before)
{
	const struct writer_options options = { .mapped = mapped };
	struct digest_visitor *digest;
	struct writer *writer;
	struct output *out;
	struct savetool_error err;
	struct tee *tee;
	bool written;

	fuzz_require(output_open_fd(&out, fd, &err) == 0 && out->seekable);
	fuzz_require(writer_new(&writer, out, &options, &err) == 0);
	fuzz_require(digest_visitor_new(&digest, &err) == 0);
	fuzz_require(tee_new(&tee, writer_visitor(writer),
			     digest_visitor(digest), &err) == 0);
	written = pass_begin(pass, image, &err) == 0 &&
		  walk(pass, tee_visitor(tee), NULL, &err) == 0 &&
		  output_commit(out, &err) == 0 &&
		  digest_visitor_is_final(digest);
	if (written)
		digest_visitor_result(digest, before);
	tee_free(tee);
	digest_visitor_free(digest);
	writer_free(writer);
	output_close(out);
	return written;
}

/*
 * Pages of another size than usual, which only their mapped-ram headers told,
 * are not to be told from a sequential stream.
 */
static bool is_readable(const struct pass *pass, bool mapped)
{
	const struct stream *stream = &pass->stream;

	return mapped || stream->ram.layout.page_size == 4096 ||
	       !stream_is_mapped(stream);
}

static void read_back(int fd, bool mapped, const struct savetool_digest *before)
{
	struct savetool_image *image;
	struct savetool_digest after;
	struct savetool_error err;
	struct input *in;
	struct pass pass;

	fuzz_require(input_open_fd(&in, fcntl(fd, F_DUPFD_CLOEXEC, 0), &err) ==
		     0);
	fuzz_require(image_open_input(&image, in, "fuzz", NULL, &plainly,
				      &err) == 0);
	if (savetool_image_digest(image, NULL, &after, &err) < 0) {
		/*
		 * A guest without devices and without a page, which nobody
		 * has, looks like a background snapshot once it is mapped.
		 */
		if (err.code == SAVETOOL_UNSUPPORTED) {
			savetool_image_close(image);
			return;
		}
		fprintf(stderr, "cannot read back: %s\n", err.text);
		abort();
	}
	fuzz_require(pass_begin(&pass, image, &err) == 0);
	fuzz_require(stream_is_mapped(&pass.stream) == mapped);
	pass_end(&pass);
	fuzz_require(memcmp(before, &after, sizeof(after)) == 0);
	savetool_image_close(image);
}

/* Longer than any padding that a seed has. */
static char *long_xml(void)
{
	static const char start[] = "<domain>", end[] = "</domain>";
	size_t size = 80000;
	char *xml = malloc(size + sizeof(start) + sizeof(end));

	fuzz_require(xml);
	strcpy(xml, start);
	memset(xml + strlen(start), ' ', size);
	strcpy(xml + strlen(start) + size, end);
	return xml;
}

/* The moved image holds the same guest, if the one before held any. */
static void write_moved(const struct replacement *replacement, bool mapped)
{
	struct savetool_digest before;
	struct savetool_error err;
	struct output *out;
	bool cloned, known;
	int fd = fuzz_file();

	known = savetool_image_digest(replacement->image, NULL, &before,
				      &err) == 0;
	fuzz_require(output_open_fd(&out, fd, &err) == 0 && out->seekable);
	if (replace_write(replacement, out, &cloned, &err) == 0 &&
	    output_commit(out, &err) == 0 && known)
		read_back(fd, mapped, &before);
	output_close(out);
	close(fd);
}

static void edit(struct savetool_image *image)
{
	char text[CONTRADICTION_TEXT], *xml = long_xml();
	struct replacement replacement = { .image = image };
	struct pass pass = PASS_INIT;
	struct libvirt *header = NULL;
	struct savetool_error err;
	bool mapped;

	if (image->libvirt && !image_is_wrapped(image) &&
	    judge_xml(text, &pass, image, xml, NULL, &err) == 0) {
		mapped = stream_is_mapped(&pass.stream);
		if (mapped && !image_stream_codec(image))
			replacement.list = &pass.stream.ram;
		fuzz_require(libvirt_edit(&header, image->libvirt, xml,
					  replacement.list ? MOVE_UNIT_MAPPED :
							     MOVE_UNIT,
					  &err) == 0);
		replacement.header = header;
		write_moved(&replacement, mapped);
	}
	libvirt_free(header);
	pass_end(&pass);
	free(xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct savetool_digest before;
	struct savetool_image *image;
	struct savetool_error err;
	struct input *in;

	fuzz_require(input_open_fd(&in, fuzz_file_of(data, size), &err) == 0);
	if (image_open_input(&image, in, "fuzz", NULL, &plainly, &err) < 0)
		return 0;
	for (int mapped = 0; mapped < 2; mapped++) {
		struct pass pass = PASS_INIT;
		int fd = fuzz_file();

		if (write_again(&pass, image, fd, mapped, &before) &&
		    is_readable(&pass, mapped))
			read_back(fd, mapped, &before);
		pass_end(&pass);
		close(fd);
	}
	edit(image);
	savetool_image_close(image);
	return 0;
}
