/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compression of a whole stream: one constant table entry per compressed format
 * (gzip, bzip2, xz, lzop, zstd).  A codec wraps an input in an input, or an
 * output in an output, so no other code needs to know about compression.
 */
#ifndef CODEC_CODEC_H
#define CODEC_CODEC_H

#include "io/input.h"
#include "io/output.h"

struct decoder;
struct encoder;

struct codec {
	enum savetool_format format; /* named by savetool_format_name(format) */
	int least_level, most_level, default_level;

	/*
	 * How many leading bits of a stream match this codec, 0 if it is not
	 * this format.  The highest bid wins.
	 */
	int (*bid)(const uint8_t *head, size_t size);
	int (*unpack)(const struct codec *codec, struct input **in,
		      struct input *packed, uint64_t offset,
		      struct savetool_error *err);
	int (*pack)(const struct codec *codec, struct output **out,
		    struct output *packed, int level, unsigned threads,
		    struct savetool_error *err);

	bool slow; /* compresses a few MiB per second */

	/*
	 * Does the format's own program take this for another member after the
	 * first one?  At the end of the input, size may be less than a magic.
	 */
	bool (*follows)(const uint8_t *head, size_t size);

	/* Must a member that starts like this be the only one?  NULL: never. */
	bool (*stands_alone)(const uint8_t *head, size_t size);

	/* Which bytes after the last member that program passes over. */
	unsigned zeros;     /* this many, or a multiple; 0: none */
	bool zeros_between; /* also between two members */
	bool other;         /* any bytes */

	/*
	 * How one member is decompressed and compressed, if a library does it.
	 */
	const struct decoder *decoder;
	const struct encoder *encoder;
};

/* No bid looks at more bytes. */
#define CODEC_HEAD 16

/* The codec of a format; NULL for raw and sparse. */
const struct codec *codec_for_format(enum savetool_format format);

/* The codec that the first bytes of a stream match best, or NULL. */
const struct codec *codec_for_content(const uint8_t *head, size_t size);

/*
 * An input, not seekable, of the decompressed bytes: all members or frames from
 * offset on that the format's own program would join.  packed stays the
 * caller's and must outlive it.  Fails before reading if a program that it runs
 * is missing (lzop: SAVETOOL_UNSUPPORTED).
 *
 * What follows the last member is no data: packed->rest notes it.  Damage is
 * SAVETOOL_CORRUPT; a missing end is SAVETOOL_INCOMPLETE.  Whatever could be
 * decompressed before the failure is returned first; then the input's
 * failed_member says whether it had passed a member's end.
 *
 * Threads decompress ahead, one per processor at most.  They use at most 32 MiB
 * of memory, plus what the file requires: the states of the decoders; if
 * another program compressed it, also the window of zstd or the dictionary of
 * xz, up to 2 GiB, and up to 256 MiB for blocks of xz in parallel.
 */
int codec_unpack(const struct codec *codec, struct input **in,
		 struct input *packed, uint64_t offset,
		 struct savetool_error *err);

/*
 * Does the format's own program, which libvirt runs, restore an image with this
 * rest?
 */
bool codec_passes(const struct codec *codec, const struct packed_rest *rest);

/*
 * An output, not seekable, that compresses what is appended and writes it at
 * the position of packed, which stays the caller's.  Its commit ends the
 * compressed stream; it does not commit packed.  A level of 0 is the default;
 * SAVETOOL_USAGE if the codec does not have the level.  The same input gives
 * the same bytes with any number of threads.
 *
 * 0 threads means one per processor, or fewer if they would use more than
 * PACK_MEMORY bytes.  A given number, up to 256, is always used, but lzop has
 * only one thread.
 */
#define PACK_MEMORY (UINT64_C(40) << 20)
int codec_pack(const struct codec *codec, struct output **out,
	       struct output *packed, int level, unsigned threads,
	       struct savetool_error *err);

#endif
