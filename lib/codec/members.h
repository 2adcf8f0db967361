/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What gzip, bzip2, xz and zstd have in common: a packed stream is a row of
 * members, each complete in itself.
 */
#ifndef CODEC_MEMBERS_H
#define CODEC_MEMBERS_H

#include "codec/codec.h"

/* What a step turns packed bytes into; it moves both ends on. */
struct span {
	const uint8_t *from;
	size_t left;
	uint8_t *to;
	size_t space;
};

enum step {
	STEP_MORE, /* needs more bytes, or more room */
	STEP_END,  /* the member is complete, and its checksum right */
	STEP_CORRUPT,
	STEP_UNSUPPORTED, /* asks for more memory than it gets */
	STEP_NO_MEMORY,
};

/* How one member is unpacked. */
struct decoder {
	size_t state_size; /* of what is zeroed before the first begin */

	/* Begins a member, the first or one more.  false: no memory. */
	bool (*begin)(void *state);
	enum step (*step)(void *state, struct span *span);

	/* Releases what the first begin took. */
	void (*end)(void *state);
};

/* How one member is packed; each worker has a state of its own. */
struct encoder {
	size_t member_size; /* unpacked; the last one is shorter */
	size_t (*bound)(size_t size);

	/* What a worker takes, in bytes, beside the member's. */
	uint64_t (*memory)(int level);
	void *(*new)(int level); /* NULL: no memory */
	void (*free)(void *state);

	/* The packed size, 0: no memory, or the library failed. */
	size_t (*pack)(void *state, const void *data, size_t size, void *to,
		       size_t space);

	/*
	 * What follows the last member; NULL: nothing does.  packed[] and
	 * unpacked[] are the sizes of all members.
	 */
	int (*finish)(struct output *packed, const uint32_t (*sizes)[2],
		      size_t count, struct savetool_error *err);
};

struct window;

/* Is there a member at the window's begin?  1: yes, 0: all is read. */
int member_find(const struct codec *codec, struct window *window, bool first,
		struct savetool_error *err);

/* Says what is wrong with the member at the window. */
int member_fail(const struct codec *codec, const struct window *window,
		enum step verdict, struct savetool_error *err);

/* The codec's unpack and pack, by its decoder and its encoder. */
int members_unpack(const struct codec *codec, struct input **in,
		   struct input *packed, uint64_t offset,
		   struct savetool_error *err);
int members_pack(const struct codec *codec, struct output **out,
		 struct output *packed, int level, unsigned threads,
		 struct savetool_error *err);

#endif
