/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of one destination: a file that appears complete or not at all,
 * a pipe, or a codec that packs them for another output.
 *
 * An output has a position.  Appending writes there and moves it; moving it
 * on without writing leaves a hole that reads as zeros.  Whoever finishes
 * without error calls output_commit(); closing without it undoes everything
 * that can be undone.
 */
#ifndef IO_OUTPUT_H
#define IO_OUTPUT_H

#include "savetool.h"

#include <sys/uio.h>

struct held_file;
struct input;
struct output;

struct output_ops {
	/*
	 * Writes all of the iovecs, which it may change, at offset.  An
	 * output that is not seekable is only asked for its position.
	 */
	int (*write_at)(struct output *out, struct iovec *iov, unsigned count,
			uint64_t offset, struct savetool_error *err);

	/* As output_read_at().  NULL unless seekable. */
	int (*read_at)(struct output *out, void *data, size_t size,
		       uint64_t offset, struct savetool_error *err);

	/* As output_punch().  NULL unless seekable. */
	int (*punch)(struct output *out, uint64_t offset, uint64_t length,
		     struct savetool_error *err);

	/* Makes it final: nothing is written after it. */
	int (*commit)(struct output *out, struct savetool_error *err);
	void (*close)(struct output *out);

	/*
	 * What only some outputs can do.  Each is called through the function
	 * output_NAME(), which says what it means and what happens without
	 * it, if it is NULL.
	 */
	int (*reach)(struct output *out, uint64_t end,
		     struct savetool_error *err);
	int (*write_last)(struct output *out, const void *data, size_t size,
			  uint64_t offset, struct savetool_error *err);
	int (*write_direct)(struct output *out, struct savetool_error *err);
	int (*flush)(struct output *out, struct savetool_error *err);
	int (*read_back)(struct output *out, struct input **in,
			 struct savetool_error *err);
	int (*fd)(const struct output *out);
	void (*expect)(struct output *out, uint64_t bytes);
};

struct output {
	const struct output_ops *ops;
	uint64_t position; /* where the next append goes */
	bool seekable;
};

/* How a file output comes to be. */
struct output_file_options {
	bool force;   /* may replace what has this name */
	bool regular; /* refuses, as SAVETOOL_REFUSED, what is no regular file
		       */

	/*
	 * Whose owner, mode, ACL, extended attributes and times it gets at
	 * commit where that is permitted: a descriptor, or -1 for mode 0600.
	 * A file with the source's identity is never replaced.
	 */
	int like_fd;

	/*
	 * But for this one time it is: what is held in place, which like_fd
	 * is of.  NULL: it is not.  SAVETOOL_REFUSED at commit if somebody has
	 * come to open it by then, or another file has its name.
	 */
	const struct held_file *replaces;
};

/*
 * A file that grows under a temporary name beside its final one until it is
 * committed: written to disk, given its name, and the folder written to
 * disk.  An existing destination without force, the source itself, or a
 * folder is SAVETOOL_REFUSED at once.
 */
int output_create_file(struct output **out, const char *path,
		       const struct output_file_options *options,
		       struct savetool_error *err);

/* Writes to a descriptor that stays the caller's: a pipe, standard output. */
int output_open_fd(struct output **out, int fd, struct savetool_error *err);

/*
 * From now on leaves the page cache alone: writes a file or block device past
 * it where that can be had and helps, and has it drop the rest.  The file may
 * lack what was written last until output_flush().
 */
int output_write_direct(struct output *out, struct savetool_error *err);
int output_flush(struct output *out, struct savetool_error *err);

/*
 * Opens what was written so far as an input.  SAVETOOL_UNSUPPORTED unless it
 * is a file.
 */
int output_read_back(struct output *out, struct input **in,
		     struct savetool_error *err);

/* Its file's descriptor, for fstat() and fstatvfs(); -1 if there is none. */
int output_fd(const struct output *out);

/*
 * How many bytes a file output will be given, about, and at most: for whom a
 * full disk stops, to know what is missing.
 */
void output_expect(struct output *out, uint64_t bytes);

int output_write_at(struct output *out, const void *data, size_t size,
		    uint64_t offset, struct savetool_error *err);

/*
 * Reads size bytes of what was written.  SAVETOOL_UNSUPPORTED if it cannot be
 * read.
 */
int output_read_at(struct output *out, void *data, size_t size, uint64_t offset,
		   struct savetool_error *err);

/*
 * Makes what was written there read as zeros, without storage if the file
 * system can do that.  SAVETOOL_UNSUPPORTED unless seekable.
 */
int output_punch(struct output *out, uint64_t offset, uint64_t length,
		 struct savetool_error *err);

/* Appends, and moves the position. */
int output_append(struct output *out, const void *data, size_t size,
		  struct savetool_error *err);
int output_append_iov(struct output *out, struct iovec *iov, unsigned count,
		      struct savetool_error *err);

/*
 * Writes over other bytes what vouches for all of them: into a file, only when
 * it is committed, and all else is on the disk; into any other output, now.
 * Once, and OUTPUT_LAST bytes at most.
 */
#define OUTPUT_LAST 16
int output_write_last(struct output *out, const void *data, size_t size,
		      uint64_t offset, struct savetool_error *err);

/*
 * Moves the position on by length bytes that read as zeros: a hole where the
 * output is seekable, else zeros.
 */
int output_skip(struct output *out, uint64_t length,
		struct savetool_error *err);

/*
 * Tells, before it is written, that its end will not be before this offset: a
 * file becomes as long at once.
 */
int output_reach(struct output *out, uint64_t end, struct savetool_error *err);

int output_commit(struct output *out, struct savetool_error *err);

/* NULL is fine. */
void output_close(struct output *out);

static inline void cleanup_output_(struct output **out)
{
	output_close(*out);
}
#define cleanup_output __attribute__((cleanup(cleanup_output_)))

#endif
