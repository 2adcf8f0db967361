/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsavetool: reads, describes and converts the save images of libvirt and
 * QEMU, without either of them.
 *
 * Everywhere: functions return 0, or -1 with *err filled; err may not be NULL
 * and is the last parameter.  Out-parameters are written on success only.
 * Offsets and lengths are in bytes.  Text is UTF-8 as the image has it, not
 * escaped.  A handle belongs to one thread at a time.  Nothing here prints,
 * exits, or reads the environment.
 *
 * Options start with the size of their struct, set to its sizeof; all others
 * are 0, false or NULL by default, and so are all for options that are NULL.
 * These structs only ever grow, so that a program and a library of different
 * releases understand each other: what the program does not know is 0, and
 * what the library does not know has to be, or it is ST_USAGE.
 *
 * Options with direct leave the kernel's page cache alone: files are read and
 * written past it where they can be, and of the rest it keeps nothing.
 */
#ifndef SAVETOOL_H
#define SAVETOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong.  The values are the exit statuses of savetool(1). */
enum st_code {
	ST_OK = 0,
	ST_USAGE = 2,       /* what was asked for makes no sense */
	ST_SYSTEM = 3,      /* a system call failed: sys_errno says how */
	ST_NOT_IMAGE = 4,   /* the file is something else */
	ST_INCOMPLETE = 5,  /* the image ends too early, or says so itself */
	ST_CORRUPT = 6,     /* the image contradicts its own format */
	ST_UNSUPPORTED = 7, /* well-formed, but beyond what is handled */
	ST_REFUSED = 8,     /* would overwrite, not fit, or lose state */
	ST_CANCELLED = 130, /* the monitor asked to stop */
};

struct st_error {
	enum st_code code;
	int sys_errno;  /* of the system call that failed, or 0 */
	char text[512]; /* one sentence, lower case, no full stop, no newline */
};

/* A stable word for a code, as in the JSON of savetool(1): "corrupt". */
const char *st_code_name(enum st_code code);

/* "0.1.0" */
const char *st_version(void);

/* Whom a long task tells how far it is, and who may stop it. */
struct st_monitor {
	/*
	 * Called every few megabytes with what is done of the total, in an
	 * arbitrary unit.  Anything but 0 stops the task with ST_CANCELLED.
	 * May be called from a thread of the library, never from two at once.
	 */
	int (*progress)(void *data, uint64_t done, uint64_t total);
	void *data;

	/*
	 * Asked several times a second while a pipe has nothing to read.
	 * Anything but 0 stops the task with ST_CANCELLED.  May be called from
	 * any thread, also while progress is.  NULL: waits for ever.
	 */
	int (*stopped)(void *data);
};

/* What is not known has this value. */
#define ST_UNKNOWN UINT64_MAX

enum st_layout {
	ST_LAYOUT_UNKNOWN,    /* packed, and nobody looked inside */
	ST_LAYOUT_SEQUENTIAL, /* generation v2 */
	ST_LAYOUT_MAPPED_RAM, /* generation v3 */
};

/* libvirt's formats.  The values are those of its header. */
enum st_format {
	ST_FORMAT_RAW = 0,
	ST_FORMAT_GZIP = 1,
	ST_FORMAT_BZIP2 = 2,
	ST_FORMAT_XZ = 3,
	ST_FORMAT_LZOP = 4,
	ST_FORMAT_ZSTD = 5,
	ST_FORMAT_SPARSE = 6,
	ST_FORMAT_COUNT,
	ST_FORMAT_KEEP = 255, /* for st_convert(): that of the source */
};

/* "raw" … "sparse"; NULL for a number that is none. */
const char *st_format_name(enum st_format format);

/*
 * The format that a word means, also "v2" (raw), "v3" and "mapped-ram"
 * (sparse).
 */
int st_format_parse(const char *word, enum st_format *format,
		    struct st_error *err);

/* The libvirt header, FORMAT: 92 bytes in front of XML, cookie, padding. */
struct st_header {
	uint32_t version;       /* 0 to 3 */
	uint32_t format;        /* the number, whatever the content is */
	bool big_endian;        /* the saving host's byte order */
	bool complete;          /* the magic ends in Save, not Part */
	bool was_running;       /* the guest runs when restored */
	uint32_t data_length;   /* of XML, cookie and padding */
	uint32_t cookie_offset; /* from byte 92; 0: there is no cookie */
	uint32_t features;      /* version 3 only */
	uint32_t padding;       /* bytes left for a longer XML */
};

/* What the domain XML says of the guest; NULL or ST_UNKNOWN if it does not. */
struct st_guest {
	const char *name;
	const char *uuid;
	const char *arch;
	const char *machine;
	const char *cpu; /* its mode, or its model */
	uint64_t memory; /* bytes */
	uint64_t vcpus;
	const char *const *files; /* disks and others, ended by NULL */
};

/* A file that the domain XML names: a disk, a kernel, a firmware. */
struct st_file {
	const char *path;
	bool exists; /* here and now */
};

struct st_block {
	const char *name;
	uint64_t length;
	uint64_t page_size;        /* ST_UNKNOWN as of the image */
	uint64_t pages;            /* length / page_size */
	uint64_t pages_present;    /* ST_UNKNOWN unless mapped or scanned */
	uint64_t pages_zero;       /* of the present ones; scanned */
	uint64_t pages_superseded; /* records that a later one replaces */
	uint64_t bitmap_offset;    /* ST_UNKNOWN unless mapped-ram */
	uint64_t pages_offset;     /* ST_UNKNOWN unless mapped-ram */
};

/* A section that QEMU saved whole: a device. */
struct st_device {
	const char *name;
	uint32_t instance;
	uint32_t version;
	uint64_t offset; /* of the section, in the unpacked stream's file */
	uint64_t length; /* of its state, without header and footer */
};

enum st_severity { ST_NOTE, ST_WARNING, ST_PROBLEM };

/* Something worth telling. */
struct st_finding {
	const char *code; /* stable, in savetool-formats(5): "lost-extent" */
	enum st_severity severity;
	const char *message;
	const char *block; /* NULL: not about one block */
	uint64_t offset;   /* ST_UNKNOWN: not about one place */
	uint64_t length;
	const char *remedy; /* what helps; NULL: nothing that is known */
};

struct st_sizes {
	uint64_t logical;           /* st_size; ST_UNKNOWN of a pipe */
	uint64_t allocated;         /* st_blocks x 512, of a file only */
	uint64_t needed;            /* least bytes for this in this format */
	uint64_t reclaimable_zero;  /* present pages that are zero */
	uint64_t reclaimable_stale; /* bytes in slots with a clear bit */

	/* These are told by st_image_size() alone. */
	uint64_t reclaimable_superseded; /* of records that others replace */
	uint64_t data;   /* outside holes: what a copy that keeps them takes;
			    of a pipe, all that it brought */
	uint64_t around; /* of data: in front of the image, and behind it */
};

/* All that is known of an image.  Belongs to it, and goes with it. */
struct st_info {
	const char *path;
	bool libvirt; /* has a libvirt header; else a bare stream */
	enum st_layout layout;
	enum st_format format;      /* by content, never by the header's word */
	enum st_format compression; /* by what it is packed; raw: it is not */
	bool complete_known;
	bool complete;
	const struct st_header *header; /* NULL if bare */
	const struct st_guest *guest;   /* NULL if bare, or no readable XML */
	const char *xml;                /* NULL if bare */
	bool stream_known; /* false: packed, and nobody looked inside */
	uint64_t stream_offset;
	const char *machine; /* NULL: no configuration section */
	uint64_t page_size;  /* ST_UNKNOWN: what can be seen does not tell */
	const char *const *capabilities; /* ended by NULL */
	bool has_uuid;
	uint8_t uuid[16];
	bool footers_known;
	bool footers;
	bool vmdesc_known;
	bool vmdesc;
	uint64_t trailing; /* bytes behind the image's end; or ST_UNKNOWN */
	bool scanned;
	size_t block_count;
	const struct st_block *blocks;
	size_t device_count;
	const struct st_device *devices;
	struct st_sizes sizes;
	size_t file_count;
	const struct st_file *files; /* what the guest needs beside this */
	const char
		*needs_libvirt; /* lowest release that restores it, or NULL */
	const char *needs_qemu;
	size_t finding_count;
	const struct st_finding *findings;
};

struct st_image;

struct st_open_options {
	size_t size;     /* sizeof(struct st_open_options) */
	uint64_t offset; /* where a bare stream starts; a libvirt image: 0 */
	bool direct;
};

/*
 * Opens an image for reading; "-" is standard input.  The options may be
 * NULL.  What is no image, says so: ST_NOT_IMAGE.
 */
int st_image_open(struct st_image **image, const char *path,
		  const struct st_open_options *options, struct st_error *err);
void st_image_close(struct st_image *image);

/*
 * Describes an image from its headers, block list, bitmaps and tail.  With
 * scan, reads all of it and also counts pages.  The monitor may be NULL.
 * *info stays valid until the image is closed or described again.
 *
 * An image that breaks off or contradicts itself is described as far as it
 * goes: -1, and *info is written all the same, unless it is NULL.
 */
int st_image_describe(struct st_image *image, bool scan,
		      const struct st_monitor *monitor,
		      const struct st_info **info, struct st_error *err);

struct st_check_options {
	size_t size;     /* sizeof(struct st_check_options) */
	uint64_t offset; /* of a bare stream */
	bool deep;       /* unpack what is packed, and read all pages */
	bool repair;     /* mend what can be mended, in place */
	bool dry_run;    /* only say what repair would do */
	bool direct;     /* what is mended is written as others write */
};

/* What was mended of a file. */
struct st_repair {
	const char *code; /* of the finding */
	const char *message;
	uint64_t offset, length;
};

/* What is right and wrong with an image; findings are those that are left. */
struct st_check {
	bool complete_known, complete;
	size_t finding_count;
	const struct st_finding *findings;
	size_t problem_count;    /* of them; 0: the image is clean */
	size_t repairable_count; /* of the problems */
	size_t repaired_count;   /* with dry_run: would be */
	const struct st_repair *repaired;
};

/*
 * Checks an image to its last byte.  Where it breaks it returns -1 and still
 * writes *check, with a finding for the error; it is NULL if there is nothing
 * to tell.
 *
 * A repair changes a few bytes of the header, of a bitmap's last word, or the
 * file's size: never a page.  Then the image is checked once more.  ST_REFUSED
 * if the file is in use or has changed since it was checked.
 */
int st_check(struct st_check **check, const char *path,
	     const struct st_check_options *options,
	     const struct st_monitor *monitor, struct st_error *err);
void st_check_free(struct st_check *check);

struct st_size_options {
	size_t size;   /* sizeof(struct st_size_options) */
	bool scan;     /* read all pages of a mapped-ram image too */
	bool estimate; /* of other formats */
};

/* What st_convert() would make of an image in a format. */
struct st_estimate {
	bool known;   /* it could, and the size is told */
	bool sampled; /* from a sample: it is not exact */
	uint64_t logical;
	uint64_t allocated; /* in blocks of 4 KiB */
};

/*
 * Describes an image as st_image_describe() does, and reads a sequential one
 * for what it has superseded.  estimates, one a format, is written on success
 * if the options ask for it.  Sizes that stay unknown are ST_UNKNOWN.
 */
int st_image_size(struct st_image *image, const struct st_size_options *options,
		  const struct st_monitor *monitor, const struct st_info **info,
		  struct st_estimate estimates[ST_FORMAT_COUNT],
		  struct st_error *err);

/* What the file system of a folder offers, as found by trying. */
struct st_room {
	uint64_t available; /* bytes for who asks */
	bool writable;      /* a file could be made; else no more is known */
	bool holes;         /* files can have them */
	bool shares;        /* files can share their storage */
};

/*
 * Tries the folder with two files that never have a name, or if its file
 * system cannot do that, lose it at once.
 */
int st_folder_room(struct st_room *room, const char *folder,
		   struct st_error *err);

/* A fingerprint of the guest's state, the same in every format. */
struct st_digest {
	uint64_t memory[2];  /* every page of every block, by block name */
	uint64_t devices[2]; /* everything that QEMU saved beside memory */
};

/* "0011…eeff": 64 lower-case hexadecimal digits and a final NUL. */
#define ST_DIGEST_TEXT 65
void st_digest_text(const struct st_digest *digest, char text[ST_DIGEST_TEXT]);

int st_image_digest(struct st_image *image, const struct st_monitor *monitor,
		    struct st_digest *digest, struct st_error *err);

/* What a stretch of an image's file is.  Numbers are only ever added. */
enum st_extent_type {
	ST_EXTENT_LEADING,   /* in front of a bare stream */
	ST_EXTENT_HEADER,    /* libvirt's, without what follows */
	ST_EXTENT_XML,       /* the domain's, with its final NUL */
	ST_EXTENT_COOKIE,    /* the same */
	ST_EXTENT_PADDING,   /* between two parts */
	ST_EXTENT_STREAM,    /* QEMU's, but for what is named below */
	ST_EXTENT_BITMAP,    /* of a block */
	ST_EXTENT_PAGE_DATA, /* pages, or records of pages */
	ST_EXTENT_ZERO,      /* the same, but they are zero */
	ST_EXTENT_STALE,     /* places of pages that are not present */
	ST_EXTENT_HOLE,      /* the same, without storage */
	ST_EXTENT_LOST,      /* pages that are present, without storage */
	ST_EXTENT_PACKED,    /* a packed stream */
	ST_EXTENT_DEVICE,    /* a section that QEMU saved whole */
	ST_EXTENT_VMDESC,    /* the JSON behind the stream's end */
	ST_EXTENT_TRAILING,  /* behind the image */
};

/* "page-data"; NULL for a number that is none. */
const char *st_extent_type_name(enum st_extent_type type);

struct st_extent {
	uint64_t start; /* in the file */
	uint64_t length;
	enum st_extent_type type;
	bool allocated;      /* the file has storage there */
	bool present;        /* of pages: bit set, or record with bytes */
	const char *block;   /* NULL: not about a block */
	uint64_t page;       /* its first here; ST_UNKNOWN: not about any */
	uint64_t pages;      /* how many start here */
	const char *section; /* whose bytes they are; NULL: no section's */
	uint64_t instance;   /* of that section */
};

/*
 * Calls each for every stretch of the file, in order: they adjoin, and their
 * lengths add up to the file's.  A stretch and its text are each's until it
 * returns; anything but 0 from it stops with ST_CANCELLED.  Of a sequential
 * image all records are read, of a mapped-ram one no page, but with scan, which
 * tells zero pages from others.  A damaged sequential image is mapped up to
 * where it breaks; then, -1.  What is not a file, but a pipe, is ST_USAGE.
 * The monitor may be NULL.
 */
int st_image_map(struct st_image *image, bool scan,
		 const struct st_monitor *monitor,
		 int (*each)(void *data, const struct st_extent *extent),
		 void *data, struct st_error *err);

enum st_container {
	ST_CONTAINER_KEEP,
	ST_CONTAINER_BARE,
	ST_CONTAINER_LIBVIRT,
};

struct st_convert_options {
	size_t size; /* sizeof(struct st_convert_options) */
	enum st_format format;
	enum st_container container;
	const char *xml; /* path of the XML for ST_CONTAINER_LIBVIRT; NULL:
			    the image's own, or a refusal */
	uint32_t header_version; /* 0: as libvirt writes it (2); 2; 3 */
	uint64_t offset;         /* of the source's bare stream */
	int level;               /* of compression; 0: the format's default */
	unsigned threads;        /* of compression; 0: all processors */
	bool force;              /* may replace an existing destination */
	bool verify;             /* read it back and compare digests */
	bool direct;
};

struct st_convert_result {
	enum st_format format;
	uint64_t lost; /* bytes of present pages that lay in holes: zeros now */
	uint64_t logical;
	uint64_t allocated;
	bool verified;
	struct st_digest digest; /* if verified */
};

/*
 * Writes source again as another file.  The destination appears complete, or
 * not at all.  Either may be "-", standard input or output; a pipe cannot
 * take mapped-ram, nor be verified.  result and monitor may be NULL.
 */
int st_convert(const char *source, const char *destination,
	       const struct st_convert_options *options,
	       const struct st_monitor *monitor,
	       struct st_convert_result *result, struct st_error *err);

struct st_compact_options {
	size_t size;      /* sizeof(struct st_compact_options) */
	int level;        /* of compression; 0: the format's default */
	unsigned threads; /* of compression; 0: all processors */
	bool force;       /* may replace an existing destination */
	bool verify;      /* read a destination back; in place, always */
	bool dry_run;     /* write nothing, only say how large it would be */
	bool direct;
};

struct st_compact_result {
	enum st_format format;
	uint64_t lost; /* bytes of present pages that lay in holes: zeros now */
	uint64_t logical_before, allocated_before;
	uint64_t logical, allocated; /* of the result; estimated if dry_run */
	bool smaller;
	uint64_t resolved; /* pages that came compressed by themselves, or as
			      what had changed in them */
	bool rewritten;    /* or would be: a destination, what is smaller or was
			      resolved */
	bool linked;       /* in place: the old file stays, by another name */
	bool verified;
	struct st_digest digest; /* if verified */
};

/*
 * Writes an image again in the least bytes of its own format: each page once,
 * as its last record leaves it, zero pages as such, and nothing that is no
 * part of the guest.  With destination NULL, in place: the file is replaced
 * in one step, if that makes it smaller, or if pages in it were compressed by
 * themselves or saved as what had changed.  A file that somebody else has open
 * is ST_REFUSED then.  result and monitor may be NULL.
 */
int st_compact(const char *path, const char *destination,
	       const struct st_compact_options *options,
	       const struct st_monitor *monitor,
	       struct st_compact_result *result, struct st_error *err);

struct st_sparsify_options {
	size_t size;     /* sizeof(struct st_sparsify_options) */
	uint64_t offset; /* of the image's bare stream */
	bool zero_only;  /* every byte of the file stays as it reads */
	bool dry_run;    /* changes and writes nothing */
	bool force;      /* may replace an existing destination */
	bool direct;
};

/* In bytes.  With dry_run: what it would be, with blocks of 4 KiB. */
struct st_sparsify_result {
	enum st_format format; /* by content; a packed one has no holes */
	uint64_t logical;
	uint64_t before;    /* was allocated */
	uint64_t allocated; /* is now, or by the destination */
	uint64_t freed;
	uint64_t stale; /* found in slots whose bit is clear */
	uint64_t zero;  /* in present pages that are zero: now absent */
	uint64_t other; /* zeros elsewhere */
	uint64_t lost;  /* of present pages that already lay in holes */
};

/*
 * Gives back the storage that a file does not need: that of stale memory, of
 * zero pages and of other zeros.  The guest stays the same, whenever it ends.
 * In place (destination NULL) a file that somebody else has open, or whose
 * file system cannot make holes, is ST_REFUSED before anything is changed.
 * So are bitmaps that cannot be trusted, unless zero_only.
 *
 * A destination appears complete, or not at all, and shares its storage with
 * the image where the file system can.  result and monitor may be NULL.
 */
int st_sparsify(const char *image, const char *destination,
		const struct st_sparsify_options *options,
		const struct st_monitor *monitor,
		struct st_sparsify_result *result, struct st_error *err);

#ifdef __cplusplus
}
#endif

#endif
