/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Goes through a QEMU migration stream, forwards only: configuration, then
 * commands and sections, then a tail with the devices.  All parts before the
 * tail show their own length; the tail needs its vmdesc.  QEMU:
 * migration/savevm.c, qemu_loadvm_state.
 */
#ifndef FORMAT_STREAM_H
#define FORMAT_STREAM_H

#include "format/configuration.h"
#include "format/ram_list.h"
#include "format/section.h"
#include "format/vmdesc.h"

enum stream_item_kind {
	STREAM_COMMAND,
	STREAM_SECTION, /* the caller must skip its payload */
};

struct stream_item {
	enum stream_item_kind kind;
	struct section section; /* its header */
	uint16_t command;       /* of a STREAM_COMMAND */
	uint16_t command_size;
	const uint8_t *command_data; /* valid until the next call */
	uint64_t offset;
};

#define SECTIONS_LIMIT 4096

struct stream {
	struct reader reader;
	uint64_t offset; /* of its magic */
	struct configuration configuration;
	enum footers footers;
	unsigned started_count;
	struct section *started;    /* sections with a START, for their PARTs */
	uint64_t advised_page_size; /* by POSTCOPY_ADVISE; 0: not sent */
	bool ram_started, ram_ended;
	struct ram_list ram;
	uint64_t encoded_pages; /* compressed by QEMU, or XBZRLE, so far */

	/*
	 * Found at the end of the file if the file can be seen to its end,
	 * otherwise NULL.  The caller's.
	 */
	const struct vmdesc *vmdesc;

	/* The page size, which the stream may not state: see page_size.h. */
	uint64_t expected_page_size; /* by the architecture; 0: unknown */
	bool page_size_stated;       /* in the list, or before it */
	bool page_size_guessed;      /* of the layout in ram */
};

/*
 * Reads magic, version and configuration at offset.  SAVETOOL_NOT_IMAGE if the
 * magic is not there, SAVETOOL_UNSUPPORTED for an old version.  Input and pool
 * stay the caller's.
 */
int stream_open(struct stream *stream, struct input *in,
		struct chunk_pool *pool, uint64_t offset,
		struct savetool_error *err);
void stream_close(struct stream *stream);

/* Is the memory in mapped-ram layout? */
bool stream_is_mapped(const struct stream *stream);

/*
 * SAVETOOL_UNSUPPORTED for x-ignore-shared: part of the memory is in other
 * files.
 */
int stream_require_own_memory(const struct stream *stream,
			      struct savetool_error *err);

/*
 * Does it start with a device, and without a configuration?  Xen's toolstack
 * makes QEMU save only its devices.
 */
int stream_has_only_devices(bool *only, struct stream *stream,
			    struct savetool_error *err);

/* SAVETOOL_UNSUPPORTED for such a stream.  Always -1. */
int stream_fail_devices_only(const struct stream *stream,
			     struct savetool_error *err);

/* When the tail is next: SAVETOOL_CORRUPT if there was no memory before it. */
int stream_require_memory(const struct stream *stream,
			  struct savetool_error *err);

/* 1: *item is next, 0: the tail is next, or -1. */
int stream_next(struct stream *stream, struct stream_item *item,
		struct savetool_error *err);

/*
 * After the header of the memory's START: reads the list into stream->ram.  If
 * the page size has not been stated, the smallest one is assumed;
 * page_size_read_list() finds it.
 */
int stream_read_ram_list(struct stream *stream, struct savetool_error *err);

/*
 * The same in steps, as ram_list_begin() and ram_list_next(), for a mapped-ram
 * image that is read forwards.
 */
int stream_begin_ram_list(struct stream *stream, struct savetool_error *err);
int stream_next_ram_block(struct stream *stream, struct savetool_error *err);

/* For a section of memory that must hold no records, only their end mark. */
int stream_read_ram_end_mark(struct stream *stream, struct savetool_error *err);

/*
 * Skips a payload other than the memory's; copies it to reader.copy_to if that
 * is set.
 */
int stream_skip_payload(struct stream *stream, const struct section *section,
			struct savetool_error *err);

/* After a section's payload: skips its footer, if the stream has footers. */
int stream_end_section(struct stream *stream, const struct section *section,
		       struct savetool_error *err);

/*
 * Called when records make no sense (SAVETOOL_CORRUPT).  If the page size is
 * only a guess, they may be fine: SAVETOOL_UNSUPPORTED.  Always returns -1.
 */
int stream_doubt_page_size(const struct stream *stream,
			   struct savetool_error *err);

#endif
