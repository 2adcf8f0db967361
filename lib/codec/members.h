/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What gzip, bzip2, xz and zstd have in common: a compressed stream is a row of
 * members, each complete in itself.
 */
#ifndef CODEC_MEMBERS_H
#define CODEC_MEMBERS_H

#include "codec/codec.h"

#include <string.h>

/* Input and output of a step, which advances both. */
struct span {
	const uint8_t *from;
	size_t left;
	uint8_t *to;
	size_t space;
	bool last; /* nothing follows what is left */
};

enum step {
	STEP_MORE, /* needs more input, or more space */
	STEP_END,  /* the member is complete, its checksum right */
	STEP_CUT,  /* the input ends within the member */
	STEP_CORRUPT,
	STEP_UNSUPPORTED, /* needs more memory than it may use */
	STEP_NO_MEMORY,
};

struct window;

struct piece;
struct decoder;

/* Where a member that is divided into blocks stands. */
struct blocks {
	uint8_t level;
	unsigned bit; /* of the byte at the window, where the next starts */
	uint32_t combined; /* checksum of those that were collected */
	uint64_t known; /* bits of the next one, if they have been found out */
	uint64_t tried; /* that was known of the last one */
	bool lost;      /* a block is damaged */
};

enum block {
	BLOCK_FOUND,
	BLOCK_NONE, /* the end of the member */
	BLOCK_LOST, /* neither */
};

/* How a member is divided into blocks, which are decompressed side by side. */
struct blocks_ops {
	/* Enters the member at the window; false: it has no blocks. */
	bool (*enter)(struct blocks *blocks, struct window *window,
		      struct savetool_error *err);

	/* Takes the next block from the window, if it finds one. */
	int (*next)(struct blocks *blocks, struct window *window,
		    struct piece *piece, enum block *found,
		    struct savetool_error *err);

	/* Takes what is left of a member that has failed. */
	int (*rest)(struct blocks *blocks, struct window *window,
		    struct piece *piece, struct savetool_error *err);

	/* Finds out how long the block at the window really is. */
	int (*recover)(struct blocks *blocks, struct window *window,
		       struct piece *piece, const struct decoder *decoder,
		       bool *found, struct savetool_error *err);

	/* Decompresses a block, in a worker. */
	void (*unpack)(struct piece *piece, const struct decoder *decoder);

	/* A block was right; or its bytes were put back. */
	void (*collected)(struct blocks *blocks, const struct piece *piece);
	void (*put_back)(struct blocks *blocks, const struct piece *piece);

	/* Takes the end of the member from the window. */
	enum step (*end)(struct blocks *blocks, struct window *window);
};

#define UNPACK_WORKERS 16

/*
 * How much of a member that is no piece is decompressed at first, and at most,
 * at a time: it is to stay in the processor's cache until it was read.
 */
#define PART_FIRST (128 << 10)
#define PART_MOST (1 << 20)

/*
 * How members are decompressed.  A member whose length can be seen ahead is a
 * piece, if it is small: other threads decompress several pieces at once.  Any
 * other member is decompressed by one thread, a bit ahead of the reader.
 */
struct decoder {
	size_t state_size; /* zeroed before the first begin */

	/*
	 * Begins a member, the first or another one.  whole: a piece, and
	 * others are decompressed beside it.  false: out of memory.
	 */
	bool (*begin)(void *state, bool whole);
	enum step (*step)(void *state, struct span *span);

	/* Releases what is in a state, which may never have begun. */
	void (*end)(void *state);

	/*
	 * The length of the member at the window if it is a piece, otherwise 0.
	 * It may be wrong, since it is only what the file says.  NULL: no
	 * member says it.
	 */
	int (*find)(struct window *window, size_t *size,
		    struct savetool_error *err);

	/*
	 * Decompresses all of a piece, and returns its size; 0: failed, and the
	 * steps show how.  NULL: the steps are as fast.
	 */
	size_t (*whole)(void *state, const void *packed, size_t packed_size,
			void *data, size_t space);

	/* NULL: members have no blocks. */
	const struct blocks_ops *blocks;

	size_t piece_most; /* no piece is longer */
	size_t space;      /* for the data; no less than PART_MOST */
	unsigned workers;  /* no more are of use; at most UNPACK_WORKERS */
};

/* How one member is compressed; each worker has a state of its own. */
struct encoder {
	size_t member_size; /* uncompressed; the last one is shorter */
	size_t (*bound)(size_t size);

	/* Bytes that a worker needs, not counting the member itself. */
	uint64_t (*memory)(int level);
	void *(*new)(int level); /* NULL: out of memory */
	void (*free)(void *state);

	/* The compressed size; 0: out of memory, or the library failed. */
	size_t (*pack)(void *state, const void *data, size_t size, void *to,
		       size_t space);

	/*
	 * Writes what follows the last member; NULL: nothing does.  sizes has
	 * the compressed and the uncompressed size of each member.
	 */
	int (*finish)(struct output *packed, const uint32_t (*sizes)[2],
		      size_t count, struct savetool_error *err);
};

/* Are these the first bytes of a magic, as far as they go? */
static inline bool starts_like(const uint8_t *head, size_t size,
			       const char *magic, size_t magic_size)
{
	return size > 0 &&
	       memcmp(head, magic, size < magic_size ? size : magic_size) == 0;
}

/* Does another member follow at the window, with nothing before it? */
bool member_follows(const struct codec *codec, const struct window *window);

/*
 * Finds the member at the window.  1: there is one; 0: the end, and the
 * window's input notes what follows it.
 */
int member_find(const struct codec *codec, struct window *window, bool first,
		struct savetool_error *err);

/* Fails with what is wrong with the member at the window. */
int member_fail(const struct codec *codec, const struct window *window,
		enum step verdict, struct savetool_error *err);

/*
 * Notes that the member at this offset of packed, which starts so far into the
 * decompressed bytes of in, has failed.
 */
void member_failed(struct input *in, struct input *packed, uint64_t offset,
		   uint64_t start);

/* unpack and pack of a codec that has a decoder and an encoder. */
int members_unpack(const struct codec *codec, struct input **in,
		   struct input *packed, uint64_t offset,
		   struct savetool_error *err);
int members_pack(const struct codec *codec, struct output **out,
		 struct output *packed, int level, unsigned threads,
		 struct savetool_error *err);

#endif
