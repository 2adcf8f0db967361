/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of one source: a file, a pipe, memory, or another input that a
 * codec decompresses.  All reads are by offset.  An input that is not seekable
 * can be read only forwards; it skips what lies in between.
 */
#ifndef IO_INPUT_H
#define IO_INPUT_H

#include "savetool.h"

#include <sys/types.h>

struct input;

/*
 * How far one can go back in an input that is not seekable: enough to recognise
 * what starts there and hand it to its reader.
 */
#define INPUT_BACKLOG 256

/* A range of a file that holds data, or is a hole. */
struct extent {
	uint64_t offset, length;
	bool hole;
};

struct input_ops {
	/* Returns how many bytes were read, 0 at the end, or -1. */
	ssize_t (*read_at)(struct input *in, void *data, size_t size,
			   uint64_t offset, struct savetool_error *err);

	/*
	 * The rest, from offset on, of the extent that offset lies in; offset
	 * must be inside.  NULL: holes are unknown, everything is data.
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
	uint64_t size; /* SAVETOOL_UNKNOWN until the end is found */
	bool seekable;
	bool is_device; /* old content may follow the image */

	/*
	 * In compressed bytes: start and length of what a codec has read or
	 * skipped, but the format's own program would refuse.  The length is
	 * SAVETOOL_UNKNOWN if more such bytes follow, 0 if there are none.
	 */
	uint64_t refused, refused_length;

	/* Only if not seekable. */
	const struct savetool_monitor *monitor; /* may stop a wait; or NULL */
	uint64_t position;                      /* after the last byte read */
	size_t backlog_size;
	uint8_t backlog[INPUT_BACKLOG]; /* the last bytes read, at its end */
};

/* Opens a regular file, a block device, or anything else, for reading. */
int input_open_file(struct input **in, const char *path,
		    struct savetool_error *err);

/* Reads from a descriptor, such as a pipe, that the input takes over. */
int input_open_fd(struct input **in, int fd, struct savetool_error *err);

/* Reads memory that stays the caller's, and must outlive the input. */
int input_open_memory(struct input **in, const void *data, size_t size,
		      struct savetool_error *err);

/*
 * The same for a part of a file: the first byte is at offset, with nothing
 * before it.
 */
int input_open_part(struct input **in, const void *data, size_t size,
		    uint64_t offset, struct savetool_error *err);

/*
 * From now on, leaves the page cache alone: reads a file or block device past
 * it if possible, otherwise makes it drop what was read.  own: nobody else uses
 * the input's open file description, so O_DIRECT may be set on it.
 */
int input_read_direct(struct input *in, bool own, struct savetool_error *err);

/* The descriptor, for fstat(); -1 if there is none. */
int input_fd(const struct input *in);

/*
 * Reads size bytes, or fewer at the end or before an unreadable part, on which
 * the next call fails; *got is how many.  An input that is not seekable skips
 * what is before offset; going back further than INPUT_BACKLOG is
 * SAVETOOL_UNSUPPORTED.  Several threads may read a seekable file at the same
 * time.
 */
int input_read_at(struct input *in, void *data, size_t size, uint64_t offset,
		  size_t *got, struct savetool_error *err);

/* The same, but reads fewer only at the end. */
int input_read_all(struct input *in, void *data, size_t size, uint64_t offset,
		   size_t *got, struct savetool_error *err);

/* Reads all size bytes, or fails with SAVETOOL_INCOMPLETE. */
int input_read_exactly(struct input *in, void *data, size_t size,
		       uint64_t offset, struct savetool_error *err);

/* The extent from offset on; at the end of the input, its length is 0. */
int input_extent(struct input *in, uint64_t offset, struct extent *extent,
		 struct savetool_error *err);

/*
 * How many bytes from start to end are outside holes; end may be past the
 * input.
 */
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
