/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lzop, by the program of that name: no library knows its format.  (libarchive
 * runs the program too, but loses its error messages.) One thread both feeds it
 * and reads from it, whichever is ready.
 */
#include "config.h"

#include "base/bytes.h"
#include "base/error.h"
#include "codec/child.h"
#include "codec/codecs.h"
#include "codec/lzop_frames.h"
#include "codec/members.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define WINDOW_SIZE (256 << 10)

/* lzop's exit status if it only has a warning. */
#define LZOP_WARNED 2

static int lzop_bid(const uint8_t *head, size_t size)
{
	if (size < 9 || memcmp(head, "\x89LZO\0\r\n\x1a\n", 9) != 0)
		return 0;
	return 72;
}

/* lzop takes less than the whole magic for other bytes. */
static bool lzop_follows(const uint8_t *head, size_t size)
{
	return lzop_bid(head, size) > 0;
}

struct unlzop {
	struct input base;
	const struct codec *codec;
	struct window window;
	struct lzop_frames frames;
	uint64_t pending; /* bytes at the window that lzop is still to get */
	uint64_t start;   /* of the member there, in the decompressed bytes */
	struct child child;
	bool ended, failed;
	struct savetool_error trouble; /* if failed, which is final */
};

/* Translates lzop's error message into ours. */
static int blame(struct unlzop *unlzop, const char *complaint,
		 struct savetool_error *err)
{
	const uint64_t offset = unlzop->window.offset;

	member_failed(&unlzop->base, unlzop->window.in, unlzop->window.member,
		      unlzop->start);
	if (strstr(complaint, "hecksum") || strstr(complaint, "violation") ||
	    strstr(complaint, "corrupt") || !unlzop->window.ended ||
	    unlzop->window.left > 0)
		return fail_at(
			err, SAVETOOL_CORRUPT, offset,
			"lzop data is damaged at this byte or before it");
	return fail_at(err, SAVETOOL_INCOMPLETE, offset,
		       "lzop data ends too early");
}

static int unlzop_end(struct unlzop *unlzop, struct savetool_error *err)
{
	char complaint[256];
	int status;

	if (child_wait(&unlzop->child, &status, complaint, sizeof(complaint),
		       err) < 0)
		return -1;
	if (status == 0 || status == LZOP_WARNED) {
		unlzop->ended = true;
		return 0;
	}
	return blame(unlzop, complaint, err);
}

/* 1: lzop is to get what is pending; 0: there is no more. */
static int look(struct unlzop *unlzop, struct savetool_error *err)
{
	struct lzop_frames *frames = &unlzop->frames;
	struct window *window = &unlzop->window;

	while (unlzop->pending == 0) {
		int found;

		if (lzop_frames_next(frames, window, &unlzop->pending, err) < 0)
			return -1;
		if (unlzop->pending > 0)
			break;
		found = member_find(unlzop->codec, window, false, err);
		if (found <= 0)
			return found;
		frames->position = LZOP_AT_HEADER;
		unlzop->start = frames->unpacked;
	}
	if (window_fill(window, 1, err) < 0)
		return -1;
	return window->left > 0;
}

/* Gives lzop as many bytes of its data as it takes now, or the end. */
static int feed(struct unlzop *unlzop, struct savetool_error *err)
{
	struct window *window = &unlzop->window;
	size_t size;
	int more = look(unlzop, err);
	ssize_t n;

	if (more < 0)
		return -1;
	if (more == 0) {
		child_no_more(&unlzop->child);
		return 0;
	}
	size = window->left < unlzop->pending ? window->left : unlzop->pending;
	n = child_write(&unlzop->child, window->next, size, err);
	if (n < 0)
		return -1;
	window_consume(window, n);
	unlzop->pending -= n;
	return 0;
}

static ssize_t read_some(struct unlzop *unlzop, void *data, size_t size,
			 struct savetool_error *err)
{
	for (;;) {
		enum child_ready ready;
		ssize_t n;

		if (child_ready(&unlzop->child, &ready, err) < 0)
			return -1;
		if (ready == CHILD_GIVES) {
			n = child_read(&unlzop->child, data, size, err);
			return n != 0 ? n : unlzop_end(unlzop, err);
		}
		if (feed(unlzop, err) < 0)
			return -1;
	}
}

static ssize_t unlzop_read_at(struct input *in, void *data, size_t size,
			      uint64_t offset, struct savetool_error *err)
{
	struct unlzop *unlzop = (struct unlzop *)in;
	ssize_t n;

	(void)offset;
	if (unlzop->ended)
		return 0;
	if (unlzop->failed) {
		*err = unlzop->trouble;
		return -1;
	}
	n = read_some(unlzop, data, size, err);
	if (n < 0) {
		unlzop->failed = true;
		unlzop->trouble = *err;
	}
	return n;
}

static void unlzop_close(struct input *in)
{
	struct unlzop *unlzop = (struct unlzop *)in;

	child_release(&unlzop->child);
	window_release(&unlzop->window);
	free(unlzop);
}

static const struct input_ops unlzop_ops = {
	.read_at = unlzop_read_at,
	.close = unlzop_close,
};

static int lzop_unpack(const struct codec *codec, struct input **in,
		       struct input *packed, uint64_t offset,
		       struct savetool_error *err)
{
	const char *const arguments[] = { "lzop", "-dc", NULL };
	struct unlzop *unlzop = calloc(1, sizeof(*unlzop));

	if (!unlzop)
		return fail_memory(err);
	unlzop->codec = codec;
	unlzop->base.ops = &unlzop_ops;
	unlzop->base.size = SAVETOOL_UNKNOWN;
	if (child_start(&unlzop->child, arguments, err) < 0) {
		free(unlzop);
		return -1;
	}
	if (window_init(&unlzop->window, packed, offset, WINDOW_SIZE, err) <
	    0) {
		unlzop_close(&unlzop->base);
		return -1;
	}
	unlzop->window.member = offset;
	*in = &unlzop->base;
	return 0;
}

struct lzop {
	struct output base;
	struct output *packed;
	struct child child;
	bool committed; /* lzop may end now */
	bool headed;    /* the header has passed */
	uint8_t *buffer;
};

/* The header of a file without a name: its size and the offsets in it. */
#define HEAD_SIZE 38
#define HEAD_BEGIN 9 /* checksummed from here: after the magic */
#define HEAD_TIME 25
#define HEAD_NAME 33
#define HEAD_CHECKSUM 34

static uint32_t head_checksum(const uint8_t *head)
{
	return adler32(1, head + HEAD_BEGIN, HEAD_CHECKSUM - HEAD_BEGIN);
}

/*
 * lzop stores the time of day.  Equal input must give equal bytes, so the time
 * is set to 0, as gzip does, if the header is the one that we know.
 */
static void forget_time(uint8_t *head)
{
	if (head[HEAD_NAME] != 0 ||
	    get_be32(head + HEAD_CHECKSUM) != head_checksum(head))
		return;
	memset(head + HEAD_TIME, 0, HEAD_NAME - HEAD_TIME);
	put_be32(head + HEAD_CHECKSUM, head_checksum(head));
}

/* Reads the whole header at once, then whatever is there; 0: lzop has ended. */
static ssize_t read_packed(struct lzop *lzop, struct savetool_error *err)
{
	size_t got = 0;
	ssize_t n;

	if (lzop->headed)
		return child_read(&lzop->child, lzop->buffer, WINDOW_SIZE, err);
	do {
		n = child_read(&lzop->child, lzop->buffer + got,
			       HEAD_SIZE - got, err);
		if (n < 0)
			return -1;
		got += n;
	} while (n > 0 && got < HEAD_SIZE);
	lzop->headed = true;
	if (got == HEAD_SIZE)
		forget_time(lzop->buffer);
	return got;
}

/* Passes on what lzop has compressed; 0: it has ended. */
static int empty(struct lzop *lzop, struct savetool_error *err)
{
	ssize_t n = read_packed(lzop, err);

	if (n <= 0)
		return n;
	return output_append(lzop->packed, lzop->buffer, n, err) < 0 ? -1 : 1;
}

/* Waits for lzop, which has no more output. */
static int lzop_end(struct lzop *lzop, struct savetool_error *err)
{
	char complaint[256];
	int status;

	if (child_wait(&lzop->child, &status, complaint, sizeof(complaint),
		       err) < 0)
		return -1;
	if (status == 0 && lzop->committed)
		return 0;
	errno = EIO;
	return fail_errno(err, "lzop failed with status %d", status);
}

static int add(struct lzop *lzop, const uint8_t *data, size_t size,
	       struct savetool_error *err)
{
	while (size > 0) {
		enum child_ready ready;
		ssize_t n;

		if (child_ready(&lzop->child, &ready, err) < 0)
			return -1;
		if (ready == CHILD_GIVES) {
			n = empty(lzop, err);
			if (n <= 0)
				return n < 0 ? -1 : lzop_end(lzop, err);
			continue;
		}
		n = child_write(&lzop->child, data, size, err);
		if (n < 0)
			return -1;
		data += n;
		size -= n;
	}
	return 0;
}

static int lzop_write_at(struct output *out, struct iovec *iov, unsigned count,
			 uint64_t offset, struct savetool_error *err)
{
	(void)offset;
	for (unsigned i = 0; i < count; i++)
		if (add((struct lzop *)out, iov[i].iov_base, iov[i].iov_len,
			err) < 0)
			return -1;
	return 0;
}

static int lzop_commit(struct output *out, struct savetool_error *err)
{
	struct lzop *lzop = (struct lzop *)out;
	int more;

	lzop->committed = true;
	child_no_more(&lzop->child);
	do {
		more = empty(lzop, err);
	} while (more > 0);
	return more < 0 ? -1 : lzop_end(lzop, err);
}

static void lzop_close(struct output *out)
{
	struct lzop *lzop = (struct lzop *)out;

	child_release(&lzop->child);
	free(lzop->buffer);
	free(lzop);
}

static const struct output_ops lzop_ops = {
	.write_at = lzop_write_at,
	.commit = lzop_commit,
	.close = lzop_close,
};

static int lzop_pack(const struct codec *codec, struct output **out,
		     struct output *packed, int level, unsigned threads,
		     struct savetool_error *err)
{
	const char option[] = { '-', '0' + level, 'c', '\0' };
	const char *const arguments[] = { "lzop", option, NULL };
	struct lzop *lzop = calloc(1, sizeof(*lzop));

	(void)codec;
	(void)threads;
	if (!lzop)
		return fail_memory(err);
	lzop->base.ops = &lzop_ops;
	lzop->packed = packed;
	if (child_start(&lzop->child, arguments, err) < 0) {
		free(lzop);
		return -1;
	}
	lzop->buffer = malloc(WINDOW_SIZE);
	if (!lzop->buffer) {
		lzop_close(&lzop->base);
		return fail_memory(err);
	}
	*out = &lzop->base;
	return 0;
}

const struct codec codec_lzop = {
	.format = SAVETOOL_FORMAT_LZOP,
	.least_level = 1,
	.most_level = 9,
	.default_level = 3,
	.zeros = 1,
	.other = true,
	.bid = lzop_bid,
	.follows = lzop_follows,
	.unpack = lzop_unpack,
	.pack = lzop_pack,
};
