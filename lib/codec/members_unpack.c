/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One member after another, through the codec's decoder. */
#include "config.h"

#include "base/error.h"
#include "codec/members.h"
#include "codec/window.h"

#include <inttypes.h>
#include <stdlib.h>

#define WINDOW_SIZE (256 << 10)

struct members {
	struct input base;
	const struct codec *codec;
	struct window window;
	bool begun;        /* the decoder has a state to release */
	bool inside;       /* in a member that has not ended */
	enum step verdict; /* of the last step, if it failed */
	uint64_t start;    /* of that member, in the decompressed bytes */
	void *state;
};

static bool follows(const struct codec *codec, const struct window *window)
{
	return !window->alone && codec->follows(window->next, window->left);
}

static int enter_member(const struct codec *codec, struct window *window)
{
	window->member = window->offset;
	window->alone = codec->stands_alone &&
			codec->stands_alone(window->next, window->left);
	return 1;
}

int member_find(const struct codec *codec, struct window *window, bool first,
		struct savetool_error *err)
{
	struct packed_rest rest = {
		.offset = window->offset,
		.alone = window->alone,
	};

	if (window->passed)
		return 0;
	if (window_fill(window, CODEC_HEAD, err) < 0)
		return -1;
	if (first || follows(codec, window))
		return enter_member(codec, window);
	if (window_skip_zeros(window, err) < 0 ||
	    window_fill(window, CODEC_HEAD, err) < 0)
		return -1;
	rest.zeros = window->offset - rest.offset;
	rest.other = window->left > 0;
	if (codec->zeros_between && rest.zeros % codec->zeros == 0 &&
	    follows(codec, window))
		return enter_member(codec, window);
	window->passed = true;
	window->in->rest = rest;
	return 0;
}

void member_failed(struct input *in, struct input *packed, uint64_t offset,
		   uint64_t start)
{
	packed->rest = (struct packed_rest){ 0 };
	in->packed = packed;
	in->failed_member = start;
	in->failed_rest = (struct packed_rest){
		.offset = offset,
		.other = true,
		.member = true,
	};
}

int member_fail(const struct codec *codec, const struct window *window,
		enum step verdict, struct savetool_error *err)
{
	const char *name = savetool_format_name(codec->format);

	switch (verdict) {
	case STEP_NO_MEMORY:
		return fail_memory(err);
	case STEP_UNSUPPORTED:
		return fail_at(
			err, SAVETOOL_UNSUPPORTED, window->offset,
			"%s member needs too much memory, or a dictionary",
			name);
	case STEP_CORRUPT:
		return fail_at(
			err, SAVETOOL_CORRUPT, window->member,
			"%s member that starts here is damaged before byte "
			"%" PRIu64,
			name, window->offset);
	case STEP_MORE:
	case STEP_END:
		break;
	}
	return fail_at(err, SAVETOOL_INCOMPLETE, window->offset,
		       "%s data ends too early", name);
}

/* 1: inside a member; 0: there are no more. */
static int enter(struct members *members, uint64_t offset,
		 struct savetool_error *err)
{
	int found;

	if (members->inside)
		return 1;
	found = member_find(members->codec, &members->window, !members->begun,
			    err);
	if (found <= 0)
		return found;
	members->begun = true;
	if (!members->codec->decoder->begin(members->state))
		return fail_memory(err);
	members->inside = true;
	members->start = offset;
	return 1;
}

static int fail_member(struct members *members, enum step verdict,
		       struct savetool_error *err)
{
	const struct window *window = &members->window;

	member_failed(&members->base, window->in, window->member,
		      members->start);
	return member_fail(members->codec, window, verdict, err);
}

/*
 * Bytes that were decompressed before a failure are returned first: they are
 * what can still be known about a damaged image.
 */
static ssize_t members_read_at(struct input *in, void *data, size_t size,
			       uint64_t offset, struct savetool_error *err)
{
	struct members *members = (struct members *)in;
	struct window *window = &members->window;
	struct span span = { .to = data, .space = size };

	while (span.space == size) {
		int inside;

		if (members->verdict != STEP_MORE)
			return fail_member(members, members->verdict, err);
		inside = enter(members, offset, err);
		if (inside <= 0)
			return inside;
		if (window_fill(window, 1, err) < 0)
			return -1;
		span.from = window->next;
		span.left = window->left;
		members->verdict =
			members->codec->decoder->step(members->state, &span);
		if (members->verdict == STEP_END) {
			members->verdict = STEP_MORE;
			members->inside = false;
		} else if (span.left == window->left && span.space == size &&
			   members->verdict == STEP_MORE) {
			return fail_member(
				members,
				window->left ? STEP_CORRUPT : STEP_MORE, err);
		}
		window_consume(window, window->left - span.left);
	}
	return size - span.space;
}

static void members_close(struct input *in)
{
	struct members *members = (struct members *)in;

	if (members->begun)
		members->codec->decoder->end(members->state);
	window_release(&members->window);
	free(members->state);
	free(members);
}

static const struct input_ops members_ops = {
	.read_at = members_read_at,
	.close = members_close,
};

int members_unpack(const struct codec *codec, struct input **in,
		   struct input *packed, uint64_t offset,
		   struct savetool_error *err)
{
	struct members *members = calloc(1, sizeof(*members));

	if (!members)
		return fail_memory(err);
	members->base.ops = &members_ops;
	members->base.size = SAVETOOL_UNKNOWN;
	members->codec = codec;
	members->state = calloc(1, codec->decoder->state_size);
	if (!members->state || window_init(&members->window, packed, offset,
					   WINDOW_SIZE, err) < 0) {
		members_close(&members->base);
		return fail_memory(err);
	}
	*in = &members->base;
	return 0;
}
