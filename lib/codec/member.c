/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a member starts, what follows the last one, and what is wrong. */
#include "config.h"

#include "base/error.h"
#include "codec/members.h"
#include "codec/window.h"

#include <inttypes.h>

bool member_follows(const struct codec *codec, const struct window *window)
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
	if (first || member_follows(codec, window))
		return enter_member(codec, window);
	if (window_skip_zeros(window, err) < 0 ||
	    window_fill(window, CODEC_HEAD, err) < 0)
		return -1;
	rest.zeros = window->offset - rest.offset;
	rest.other = window->left > 0;
	if (codec->zeros_between && rest.zeros % codec->zeros == 0 &&
	    member_follows(codec, window))
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
	case STEP_CUT:
	case STEP_MORE:
	case STEP_END:
		break;
	}
	return fail_at(err, SAVETOOL_INCOMPLETE, window->offset,
		       "%s data ends too early", name);
}
