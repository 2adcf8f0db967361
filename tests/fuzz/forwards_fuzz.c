/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any file comes through a pipe.  What can be read of it forwards is what can
 * be read of the file: the digest is the same, and so is that of a mapped-ram
 * copy.
 */
#include "config.h"

#include "fuzz.h"

#include "image/image.h"
#include "image/trust.h"
#include "walk/digest.h"
#include "walk/walk.h"
#include "walk/writer.h"

#include <pthread.h>

static const struct savetool_open_options plainly = { .size = sizeof(plainly) };

struct feed {
	const uint8_t *data;
	size_t size;
	int fd;
	pthread_t thread;
};

/* Until nobody reads any more. */
static void *feed(void *given)
{
	const struct feed *feed = given;
	size_t done = 0;
	ssize_t n = 1;

	while (done < feed->size && n > 0) {
		n = write(feed->fd, feed->data + done, feed->size - done);
		done += n > 0 ? (size_t)n : 0;
	}
	close(feed->fd);
	return NULL;
}

static bool open_pipe(struct savetool_image **image, struct feed *source)
{
	struct savetool_error err;
	struct input *in;
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	fuzz_require(pipe2(ends, O_CLOEXEC) == 0);
	source->fd = ends[1];
	fuzz_require(pthread_create(&source->thread, NULL, feed, source) == 0);
	fuzz_require(input_open_fd(&in, ends[0], &err) == 0);
	return image_open_input(image, in, "fuzz", NULL, &plainly, &err) == 0;
}

static bool digest_file(struct savetool_digest *digest, int fd)
{
	struct savetool_image *image;
	struct savetool_error err;
	struct input *in;
	bool good;

	fuzz_require(input_open_fd(&in, fd, &err) == 0);
	if (image_open_input(&image, in, "fuzz", NULL, &plainly, &err) < 0)
		return false;
	good = savetool_image_digest(image, NULL, digest, &err) == 0;
	savetool_image_close(image);
	return good;
}

static bool digest_pipe(struct savetool_digest *digest, struct feed *source)
{
	struct savetool_image *image;
	struct savetool_error err;
	bool good = open_pipe(&image, source);

	if (good) {
		good = savetool_image_digest(image, NULL, digest, &err) == 0;
		savetool_image_close(image);
	}
	pthread_join(source->thread, NULL);
	return good;
}

static bool write_mapped(struct savetool_image *image, int fd)
{
	const struct writer_options options = { .mapped = true };
	struct pass pass = PASS_INIT;
	struct writer *writer;
	struct savetool_error err;
	struct output *out;
	bool written;

	fuzz_require(output_open_fd(&out, fd, &err) == 0 && out->seekable);
	fuzz_require(writer_new(&writer, out, &options, &err) == 0);
	written = pass_begin_forwards(&pass, image, &err) == 0 &&
		  !trust_needs_host(&pass) &&
		  walk(&pass, writer_visitor(writer), NULL, &err) == 0 &&
		  output_commit(out, &err) == 0;
	pass_end(&pass);
	writer_free(writer);
	output_close(out);
	return written;
}

static bool copy_pipe(struct feed *source, int fd)
{
	struct savetool_image *image;
	bool good = open_pipe(&image, source);

	if (good) {
		good = write_mapped(image, fd);
		savetool_image_close(image);
	}
	pthread_join(source->thread, NULL);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed source = { .data = data, .size = size };
	struct savetool_digest right, found;
	bool known = digest_file(&right, fuzz_file_of(data, size));
	int fd;

	if (digest_pipe(&found, &source)) {
		fuzz_require(known);
		fuzz_require(memcmp(&right, &found, sizeof(right)) == 0);
	}
	fd = fuzz_file();
	if (known && copy_pipe(&source, fd) &&
	    digest_file(&found, fcntl(fd, F_DUPFD_CLOEXEC, 0)))
		fuzz_require(memcmp(&right, &found, sizeof(right)) == 0);
	close(fd);
	return 0;
}
