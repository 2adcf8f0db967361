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
#define INPUT_BACKLOG 1024

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

	/*
	 * The first range from offset on that is allocated, but was never
	 * written: 1, 0 if there is none, or -1 if that is not known.  NULL: it
	 * is not known.
	 */
	int (*unwritten)(struct input *in, uint64_t offset,
			 struct extent *range);
	void (*close)(struct input *in);

	/* As input_read_direct().  NULL: there is no cache to go past. */
	int (*read_direct)(struct input *in, bool own,
			   struct savetool_error *err);

	/* As input_fd().  NULL: there is none. */
	int (*fd)(const struct input *in);
};

/*
 * What follows the last member of compressed bytes, as far as they were read:
 * nothing, if all is 0.
 */
struct packed_rest {
	uint64_t offset; /* where the compressed data ends */
	uint64_t zeros;  /* so many zero bytes follow it */
	bool other;      /* and then others */
	bool member;     /* which start like a member that is damaged */
	bool alone;      /* the member before it must be the last bytes */
};

struct input {
	const struct input_ops *ops;
	uint64_t size; /* SAVETOOL_UNKNOWN until the end is found */
	bool seekable;
	bool is_device; /* old content may follow the image */
	bool is_export; /* of a server: as long as a file, or as a device */

	/* What a cursor reads first after a skip, at least; 0: the usual. */
	size_t read_least;

	struct packed_rest rest; /* if a codec has read it to its end */

	/*
	 * Of a codec that failed within a member: where that one starts in the
	 * decompressed bytes (0: the first one), and what it is to be called in
	 * packed, if the image turns out to end before it.
	 */
	uint64_t failed_member;
	struct packed_rest failed_rest;
	struct input *packed; /* NULL: nothing to note there */

	const struct savetool_monitor *monitor; /* may stop a wait; or NULL */

	/* Only if not seekable. */
	bool skips;        /* read_at() itself gets to an offset ahead */
	uint64_t position; /* after the last byte read */
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

/*
 * Is this failure one of the data of a member, which is not the first one?  It
 * is no other, such as a lack of memory.
 */
bool input_failed_in_member(const struct input *in,
			    const struct savetool_error *err);

/*
 * The same as input_read_at(), but if a member after the first one fails, that
 * is the end, *broken says why, and whoever knows where the image ends is to
 * call input_ends_before_failure().
 */
int input_read_or_end(struct input *in, void *data, size_t size,
		      uint64_t offset, size_t *got,
		      struct savetool_error *broken,
		      struct savetool_error *err);

/*
 * After a failure: are the bytes up to end, where the image ends, from members
 * that are whole?  Then what failed is no part of it, and is noted as the rest.
 */
bool input_ends_before_failure(const struct input *in, uint64_t end);

/*
 * The first part of a hole, from offset on, that is allocated all the same: the
 * file system did so ahead, and nothing was ever written there.  1, or 0 if
 * there is none or the file system does not tell.
 */
int input_unwritten(struct input *in, uint64_t offset, struct extent *range,
		    struct savetool_error *err);

/* How many such bytes the file has: SAVETOOL_UNKNOWN if it is not known. */
int input_count_unwritten(uint64_t *bytes, struct input *in,
			  struct savetool_error *err);

/* NULL is fine. */
void input_close(struct input *in);

static inline void cleanup_input_(struct input **in)
{
	input_close(*in);
}
#define cleanup_input __attribute__((cleanup(cleanup_input_)))

#endif
