/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first bytes of any file, as of one that is not a save image. */
#include "config.h"

#include "fuzz.h"

#include "image/stranger.h"

static void require_named(const uint8_t *data, size_t size,
			  const struct stranger *stranger,
			  const struct codec *codec)
{
	struct savetool_error err;
	struct input *in;

	fuzz_require(input_open_memory(&in, data, size, &err) == 0);
	fuzz_require(fail_stranger(in, 0, codec, &err) < 0);
	fuzz_require(err.code == SAVETOOL_NOT_IMAGE);
	fuzz_require(!stranger || strstr(err.text, stranger->what));
	input_close(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t head = size < STRANGER_HEAD ? size : STRANGER_HEAD;
	const struct stranger *stranger = stranger_find(data, head);

	fuzz_require(!stranger || strlen(stranger->what) > 0);
	/* A stream is no stranger. */
	if (stranger_is_stream(data, head))
		return 0;
	/* What follows the head changes nothing. */
	require_named(data, size, stranger, NULL);
	require_named(data, size, stranger,
		      codec_for_format(SAVETOOL_FORMAT_ZSTD));
	return 0;
}
