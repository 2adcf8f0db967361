/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of one source: a file, a pipe, memory, or another input that a
 * codec unpacks.  There is one way to read, by offset; an input that is not
 * seekable can only be read forwards, and skips what lies between.
 */
#ifndef IO_INPUT_H
#define IO_INPUT_H

#include "savetool.h"

#include <sys/types.h>

struct input;

/*
 * How far one can go back in an input that is not seekable: enough to look at
 * what starts there before deciding who reads it.
 */
#define INPUT_BACKLOG 256

/* A stretch of a file that holds data, or that is a hole. */
struct extent {
	uint64_t offset, length;
	bool hole;
};

struct input_ops {
	/* How many bytes were read, 0 at the end, -1: failed. */
	ssize_t (*read_at)(struct input *in, void *data, size_t size,
			   uint64_t offset, struct savetool_error *err);

	/*
	 * The extent that offset, which is inside, lies in, from there on.
	 * NULL: holes are not known here, all is data.
	 */
	int (*extent)(struct input *in, uint64_t offset, struct extent *extent,
		      struct savetool_error *err);
	void (*close)(struct input *in);

	/* As input_read_direct().  NULL: there is no cache to go past. */
	int (*read_direct)(struct input *in, bool own,
			   struct savetool_error *err);

	/* As input_fd().  NULL: there is none. */
	int (*fd)(const struct input *in);
};

struct input {
	const struct input_ops *ops;
	uint64_t size; /* SAVETOOL_UNKNOWN for what only its end can tell */
	bool seekable;
	bool is_device; /* whose old content may follow what was written */

	/*
	 * Where, of packed bytes, something starts that a codec has read or
	 * passed over, but the format's own program would not; and how long
	 * it is, SAVETOOL_UNKNOWN if more of it follows, 0 if there is none.
	 */
	uint64_t refused, refused_length;

	/* Of an input that is not seekable. */
	const struct savetool_monitor
		*monitor;  /* who may end a wait; or NULL */
	uint64_t position; /* behind the last byte read */
	size_t backlog_size;
	uint8_t backlog[INPUT_BACKLOG]; /* the last bytes read, at its end */
};

/* Opens a regular file, a block device, or anything else, for reading. */
int input_open_file(struct input **in, const char *path,
		    struct savetool_error *err);

/* Reads from a descriptor that is the input's from now on: a pipe. */
int input_open_fd(struct input **in, int fd, struct savetool_error *err);

/* Bytes that somebody else owns and keeps until the input is closed. */
int input_open_memory(struct input **in, const void *data, size_t size,
		      struct savetool_error *err);

/* The same, of a part: the first of them is at offset, and none before it. */
int input_open_part(struct input **in, const void *data, size_t size,
		    uint64_t offset, struct savetool_error *err);

/*
 * From now on leaves the page cache alone: reads a file or block device past
 * it where that can be had, and else has it drop what was read.  own: the
 * input's opening of the file is nobody else's, so that O_DIRECT may be set.
 */
int input_read_direct(struct input *in, bool own, struct savetool_error *err);

/* The descriptor below, for fstat(); -1 if there is none. */
int input_fd(const struct input *in);

/*
 * Reads size bytes, fewer at the end or before what cannot be read, which
 * the next call then says; *got says how many.  Of an input that is not
 * seekable, what lies before offset is read and dropped; going back further
 * than INPUT_BACKLOG is SAVETOOL_UNSUPPORTED.  Several threads may read a
 * seekable file at the same time.
 */
int input_read_at(struct input *in, void *data, size_t size, uint64_t offset,
		  size_t *got, struct savetool_error *err);

/* The same, but fewer only at the end. */
int input_read_all(struct input *in, void *data, size_t size, uint64_t offset,
		   size_t *got, struct savetool_error *err);

/* All size bytes, or SAVETOOL_INCOMPLETE. */
int input_read_exactly(struct input *in, void *data, size_t size,
		       uint64_t offset, struct savetool_error *err);

/* The extent from offset on; at the end of the input, its length is 0. */
int input_extent(struct input *in, uint64_t offset, struct extent *extent,
		 struct savetool_error *err);

/* How many bytes from start to end, which may be behind, lie in no hole. */
int input_count_data(uint64_t *bytes, struct input *in, uint64_t start,
		     uint64_t end, struct savetool_error *err);

/* NULL is fine. */
void input_close(struct input *in);

static inline void cleanup_input_(struct input **in)
{
	input_close(*in);
}
#define cleanup_input __attribute__((cleanup(cleanup_input_)))

#endif
