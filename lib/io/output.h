/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of one destination: a file that appears complete or not at all, a
 * pipe, or a codec that compresses them for another output.
 *
 * An output has a position.  Appending writes there and advances it; advancing
 * it without writing leaves a hole that reads as zeros.  On success the caller
 * calls output_commit().  Closing without it undoes everything that can be
 * undone.
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
	 * Writes all of the iovecs, which it may change, at offset.  If the
	 * output is not seekable, offset is always its position.
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
	int (*clone)(struct output *out, int fd, uint64_t from, uint64_t to,
		     uint64_t length, struct savetool_error *err);
	uint64_t (*capacity)(const struct output *out);
};

struct output {
	const struct output_ops *ops;
	uint64_t position; /* of the next append */
	bool seekable;
};

/* How a file output is created. */
struct output_file_options {
	bool force;   /* may replace an existing file */
	bool regular; /* SAVETOOL_REFUSED if it exists and is not regular */

	/*
	 * If it is a block device, its first bytes are written last of all, so
	 * it is no image before it is complete.
	 */
	bool withhold;

	/*
	 * A descriptor whose owner, mode, ACL, extended attributes and times
	 * the file gets at commit, as far as permitted; or -1 for mode 0600.
	 * That file itself is never replaced.
	 */
	int like_fd;

	/*
	 * But not the times: it holds something else, which a backup has to
	 * notice.
	 */
	bool changed;

	/*
	 * The exception to that: the held file that like_fd belongs to is
	 * replaced.  NULL: no exception.  SAVETOOL_REFUSED at commit if another
	 * process has opened it by then, or another file has its name.
	 */
	const struct held_file *replaces;
};

/*
 * Creates a file under a temporary name beside its final one.  The commit
 * writes it to disk, gives it its name, and writes the folder to disk.
 * SAVETOOL_REFUSED at once if the destination exists and force is not set, or
 * if it is the source itself, or a folder.
 */
int output_create_file(struct output **out, const char *path,
		       const struct output_file_options *options,
		       struct savetool_error *err);

/* Writes to a descriptor that stays the caller's: a pipe, standard output. */
int output_open_fd(struct output **out, int fd, struct savetool_error *err);

/*
 * A temporary file without a name in this folder.  There is nothing to commit:
 * it goes with the output.
 */
int output_open_unnamed(struct output **out, const char *folder,
			struct savetool_error *err);

/*
 * From now on, leaves the page cache alone: writes a file or block device past
 * it if that is possible and helps, and makes it drop the rest.  The file may
 * lack the last writes until output_flush().
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
 * About how many bytes, at most, a file output will be given.  If the disk is
 * full, the error can say how many are missing.
 */
void output_expect(struct output *out, uint64_t bytes);

/*
 * Makes what a file has at the offset "from" also lie in the output, at "to",
 * without copying it: both share its storage, and holes stay holes.  All three
 * numbers are multiples of the file system's block, as those of CLONE_UNIT are;
 * a length of 0 means everything up to the file's end.  1, or 0 if nothing was
 * done, since the two or their file systems cannot.
 */
#define CLONE_UNIT UINT32_C(65536) /* no file system has larger blocks */
int output_clone(struct output *out, int fd, uint64_t from, uint64_t to,
		 uint64_t length, struct savetool_error *err);

/*
 * How many bytes it can have, holes included; SAVETOOL_UNKNOWN if only its
 * descriptor can tell, or nothing limits it.
 */
uint64_t output_capacity(const struct output *out);

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

/* Append, and advance the position. */
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
 * Advances the position by length bytes that read as zeros: a hole if the
 * output is seekable, otherwise zeros.
 */
int output_skip(struct output *out, uint64_t length,
		struct savetool_error *err);

/*
 * Announces that the output will not end before this offset; a file grows to it
 * at once.
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
