/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of codecs, and how one is chosen. */
#include "config.h"

#include "codec/codec.h"

#include "base/error.h"
#include "codec/codecs.h"

static const struct codec *const codecs[] = {
	&codec_gzip, &codec_bzip2, &codec_xz, &codec_lzop, &codec_zstd,
};

#define CODECS (sizeof(codecs) / sizeof(codecs[0]))

const struct codec *codec_for_format(enum savetool_format format)
{
	for (size_t i = 0; i < CODECS; i++)
		if (codecs[i]->format == format)
			return codecs[i];
	return NULL;
}

const struct codec *codec_for_content(const uint8_t *head, size_t size)
{
	const struct codec *best = NULL;
	int most = 0;

	for (size_t i = 0; i < CODECS; i++) {
		int bits = codecs[i]->bid(head, size);

		if (bits > most) {
			most = bits;
			best = codecs[i];
		}
	}
	return best;
}

int codec_unpack(const struct codec *codec, struct input **in,
		 struct input *packed, uint64_t offset,
		 struct savetool_error *err)
{
	return codec->unpack(codec, in, packed, offset, err);
}

bool codec_passes(const struct codec *codec, const struct packed_rest *rest)
{
	if (rest->zeros == 0 && !rest->other)
		return true;
	if (rest->alone || rest->member)
		return false;
	if (rest->other)
		return codec->other;
	return codec->zeros != 0 && rest->zeros % codec->zeros == 0;
}

int codec_pack(const struct codec *codec, struct output **out,
	       struct output *packed, int level, unsigned threads,
	       struct savetool_error *err)
{
	if (level == 0)
		level = codec->default_level;
	if (level < codec->least_level || level > codec->most_level)
		return fail(err, SAVETOOL_USAGE,
			    "format '%s' has no level %d, only %d to %d",
			    savetool_format_name(codec->format), level,
			    codec->least_level, codec->most_level);
	return codec->pack(codec, out, packed, level, threads, err);
}
