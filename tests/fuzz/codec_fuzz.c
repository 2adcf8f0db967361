/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first byte chooses what is done with the others: they are decompressed as
 * whatever they look like, or compressed and decompressed again.
 */
#include "config.h"

#include "fuzz.h"

#include "codec/codec.h"

/* Enough for several windows, and for many small members. */
#define UNPACKED_LIMIT (UINT64_C(4) << 20)

static const enum savetool_format packed_formats[] = {
	SAVETOOL_FORMAT_GZIP,
	SAVETOOL_FORMAT_BZIP2,
	SAVETOOL_FORMAT_XZ,
	SAVETOOL_FORMAT_ZSTD,
};

static void unpack(const uint8_t *data, size_t size)
{
	const struct codec *codec = codec_for_content(data, size);
	static uint8_t unpacked[65536];
	uint64_t offset = 0;
	struct savetool_error err;
	struct input *in, *packed;
	size_t got;

	/* lzop is a program, and not what is tested here. */
	if (!codec || codec->format == SAVETOOL_FORMAT_LZOP)
		return;
	fuzz_require(input_open_memory(&packed, data, size, &err) == 0);
	if (codec_unpack(codec, &in, packed, 0, &err) == 0) {
		while (offset < UNPACKED_LIMIT &&
		       input_read_at(in, unpacked, sizeof(unpacked), offset,
				     &got, &err) == 0 &&
		       got > 0)
			offset += got;
		input_close(in);
	}
	input_close(packed);
}

static void read_back(const struct codec *codec, int fd, const uint8_t *data,
		      size_t size)
{
	uint8_t *unpacked = malloc(size + 1);
	struct input *in, *packed;
	struct savetool_error err;
	size_t got;

	fuzz_require(unpacked != NULL);
	fuzz_require(input_open_fd(&packed, fd, &err) == 0);
	fuzz_require(codec_unpack(codec, &in, packed, 0, &err) == 0);
	if (input_read_all(in, unpacked, size + 1, 0, &got, &err) < 0) {
		fprintf(stderr, "cannot unpack: %s\n", err.text);
		abort();
	}
	fuzz_require(got == size && memcmp(unpacked, data, size) == 0);
	input_close(in);
	input_close(packed);
	free(unpacked);
}

static void pack(const struct codec *codec, const uint8_t *data, size_t size)
{
	int fd = fuzz_file();
	struct output *file, *out;
	struct savetool_error err;

	fuzz_require(output_open_fd(&file, fd, &err) == 0);
	fuzz_require(codec_pack(codec, &out, file, codec->least_level, 1,
				&err) == 0);
	fuzz_require(output_append(out, data, size, &err) == 0);
	fuzz_require(output_commit(out, &err) == 0);
	output_close(out);
	fuzz_require(output_commit(file, &err) == 0);
	output_close(file);
	read_back(codec, fd, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t count = sizeof(packed_formats) / sizeof(*packed_formats);

	if (size == 0)
		return 0;
	if (data[0] < count)
		pack(codec_for_format(packed_formats[data[0]]), data + 1,
		     size - 1);
	else
		unpack(data + 1, size - 1);
	return 0;
}
