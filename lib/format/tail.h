/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tail of a stream: the sections of the devices, the EOF byte, the vmdesc,
 * and whatever follows the image.  Only its end shows what it consists of, and
 * it can be long.  So it stays in its file; from a pipe or a codec it is copied
 * to memory or a temporary file.
 */
#ifndef FORMAT_TAIL_H
#define FORMAT_TAIL_H

#include "format/stream.h"

struct drop;

/* The most that is searched for its parts; a longer tail is refused. */
#define TAIL_LIMIT (UINT64_C(1) << 30)

struct tail {
	struct input *in;        /* has its bytes, at their offsets */
	struct input *kept;      /* the same, if the tail owns it */
	uint8_t *data;           /* what kept reads; NULL: a file */
	struct chunk_pool *pool; /* the image's, for reading */
	uint64_t offset;         /* of its first byte */
	uint64_t size;           /* up to the end of the image */
	uint64_t state_size;     /* of the sections and the EOF byte */
	size_t json_size;        /* of the vmdesc; 0: none */
	struct vmdesc *vmdesc;   /* parsed; NULL: none */
	bool vmdesc_cut;         /* the input ends within it: it is left out */

	/*
	 * The devices.  Without a vmdesc, their ends are found by their
	 * footers, which is good enough to show them.  Without footers too,
	 * none are listed, and trailing bytes cannot be told from the tail.
	 */
	unsigned device_count;
	struct savetool_device *devices; /* names belong to the tail */
	uint64_t trailing; /* bytes after the image; or SAVETOOL_UNKNOWN */
	enum footers footers;
	bool described; /* their ends are those that the vmdesc says */

	/* What is left out of a copy, or NULL; belongs to whoever copies. */
	const struct drop *drop;
};

/*
 * Is there no way to tell where the devices end?  A byte that could be the EOF
 * byte does not prove that nothing was cut off after it.
 */
static inline bool tail_is_opaque(const struct tail *tail)
{
	return !tail->vmdesc && tail->footers == FOOTERS_NONE &&
	       tail->state_size > 1;
}

/* The offset of a section's payload, after its header. */
static inline uint64_t device_state(const struct savetool_device *device)
{
	return device->offset + SECTION_HEADER_SIZE +
	       __builtin_strlen(device->name);
}

/* The offset just past the image's stream. */
static inline uint64_t tail_end(const struct tail *tail)
{
	return tail->offset + tail->size;
}

/*
 * Reads from where the walk stopped to the end of the input.  A seekable input
 * must outlive the tail; any other is copied, if it is long to a temporary file
 * in folder.  The stream's walk is over then.
 */
int tail_read(struct tail **tail, struct stream *stream, const char *folder,
	      struct savetool_error *err);

/*
 * Finds the tail of a stream from the end of a seekable input, which must
 * outlive it, without reading what is between.  1, or 0 if there is no vmdesc
 * near the end or it does not fit what precedes it.
 */
int tail_find(struct tail **tail, struct input *in, struct chunk_pool *pool,
	      uint64_t stream_offset, struct savetool_error *err);

/*
 * For a tail found like that: could it belong to another image, older and
 * longer, that this one was written over?  On a block device it could; in a
 * file if another image ends shortly before it.
 */
int tail_is_doubtful(bool *doubtful, const struct tail *tail,
		     uint64_t stream_offset, struct savetool_error *err);

/* Appends size of its bytes, from start on, unchanged. */
int tail_copy(const struct tail *tail, uint64_t start, uint64_t size,
	      struct output *out, struct savetool_error *err);

/* Appends the sections and the EOF byte, without those to be left out. */
int tail_copy_state(const struct tail *tail, struct output *out,
		    struct savetool_error *err);

/*
 * Appends the tail without the sections to be left out, and otherwise
 * unchanged, except for the vmdesc's entries for these sections, for the
 * capability mapped-ram, and for the machine type if it gets this name; NULL:
 * it keeps its own.
 */
int tail_write(const struct tail *tail, struct output *out, bool mapped,
	       const char *machine, struct savetool_error *err);

/* Reading this much goes unnoticed; any amount of data can follow an image. */
#define TAIL_NEAR (UINT64_C(32) << 20)

/*
 * Finds the first byte at or after offset that is not zero, or SAVETOOL_UNKNOWN
 * if the next "most" bytes of storage have none.  Holes are skipped and not
 * counted.
 */
int tail_find_content(uint64_t *found, const struct tail *tail, uint64_t offset,
		      uint64_t most, struct savetool_error *err);

/* NULL is fine. */
void tail_free(struct tail *tail);

static inline void cleanup_tail_(struct tail **tail)
{
	tail_free(*tail);
}
#define cleanup_tail __attribute__((cleanup(cleanup_tail_)))

#endif
