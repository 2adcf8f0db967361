/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a stream is packed.  One constant table entry a format that packs:
 * gzip, bzip2, xz, lzop, zstd.  Both directions wrap one end in another, so
 * nobody beyond here knows that anything is packed.
 */
#ifndef CODEC_CODEC_H
#define CODEC_CODEC_H

#include "io/input.h"
#include "io/output.h"

struct decoder;
struct encoder;

struct codec {
	enum savetool_format
		format; /* its name is savetool_format_name(format) */
	int least_level, most_level, default_level;

	/*
	 * How many leading bits of a stream speak for this codec, 0 if it is
	 * another's.  The highest bid wins.
	 */
	int (*bid)(const uint8_t *head, size_t size);
	int (*unpack)(const struct codec *codec, struct input **in,
		      struct input *packed, uint64_t offset,
		      struct savetool_error *err);
	int (*pack)(const struct codec *codec, struct output **out,
		    struct output *packed, int level, unsigned threads,
		    struct savetool_error *err);

	bool slow; /* packs a few MiB a second */

	/*
	 * Zero bytes behind a member that the format's own program takes: as
	 * many as are a multiple of this, 0: none.  What follows them it may
	 * leave out, unless it takes them between members too.
	 */
	unsigned padding;
	bool padding_between;

	/* Is there nothing beside a member that starts so?  NULL: never. */
	bool (*stands_alone)(const uint8_t *head, size_t size);

	/* How one member is unpacked and packed, where a library does it. */
	const struct decoder *decoder;
	const struct encoder *encoder;
};

/* As many bytes as any bid wants to see. */
#define CODEC_HEAD 16

/* The codec of a format, NULL for raw and sparse. */
const struct codec *codec_for_format(enum savetool_format format);

/* The codec that the first bytes of a stream speak for, or NULL. */
const struct codec *codec_for_content(const uint8_t *head, size_t size);

/*
 * An input, not seekable, of the unpacked bytes: all members or frames that
 * follow one another from offset to the end of packed, which stays the
 * caller's and must outlive it.  Zero bytes between and behind members are
 * padding, and so is all that follows on a block device; packed->refused is
 * what of that the format's own program would not take.  Damage, and
 * anything else behind the last member, is SAVETOOL_CORRUPT, a missing end
 * SAVETOOL_INCOMPLETE; what could be unpacked before is read first.  Fails
 * before reading if a program that it runs is missing (SAVETOOL_UNSUPPORTED:
 * lzop).
 *
 * Takes at most 32 MiB, and beyond it what a file asks for that another
 * program packed: the window of zstd, the dictionary of xz, up to 2 GiB.
 */
int codec_unpack(const struct codec *codec, struct input **in,
		 struct input *packed, uint64_t offset,
		 struct savetool_error *err);

/*
 * An output, not seekable, that packs what is appended behind the position
 * of packed, which stays the caller's.  Its commit ends the packed stream and
 * does not commit packed.  A level of 0 is the default; one that the codec
 * does not have is SAVETOOL_USAGE.  The same input gives the same bytes for any
 * number of threads.
 *
 * Threads of 0 means all processors, or fewer where they would take more
 * than PACK_MEMORY; a number, up to 256, is obeyed.  lzop always has one.
 */
#define PACK_MEMORY (UINT64_C(40) << 20)
int codec_pack(const struct codec *codec, struct output **out,
	       struct output *packed, int level, unsigned threads,
	       struct savetool_error *err);

#endif
