/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives, recognised by their first bytes. */
#ifndef OUTER_ARCHIVE_KIND_H
#define OUTER_ARCHIVE_KIND_H

#include <stddef.h>
#include <stdint.h>

enum archive_kind {
	ARCHIVE_KIND_NONE,
	ARCHIVE_KIND_TAR,
	ARCHIVE_KIND_CPIO,
	ARCHIVE_KIND_ZIP,
	ARCHIVE_KIND_7Z,
};

/* The first bytes that are enough to recognise each of them. */
#define ARCHIVE_HEAD 512

/* What these bytes start. */
enum archive_kind archive_kind_find(const uint8_t *head, size_t size);

/* "tar"; not for ARCHIVE_KIND_NONE. */
const char *archive_kind_name(enum archive_kind kind);

#endif
