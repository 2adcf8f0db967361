/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a vmdesc says about fields, in little memory. */
#ifndef FORMAT_FIELDS_INTERNAL_H
#define FORMAT_FIELDS_INTERNAL_H

#include "format/fields.h"

enum node_kind {
	NODE_VALUE,
	NODE_STRUCT,
	NODE_LIST,       /* structs, each after a byte 01, and a byte 00 */
	NODE_SUBSECTION, /* a struct after a header */
};

/*
 * A field, followed by those that are in it.  A subsection's size is that of
 * its fields, without its header.
 */
struct node {
	uint8_t kind;
	uint8_t type; /* enum field_type */
	bool array;   /* QEMU calls it an element of an array, or several */
	bool again;   /* the field before it has the same name */
	uint32_t name, type_name; /* in the texts */
	uint32_t version;         /* of a subsection */
	uint32_t end;             /* the node after it and what is in it */
	uint64_t size;            /* of an element */
	uint64_t count;           /* of the elements */
	uint64_t inner;           /* of a list: the size of a struct in it */
};

struct described {
	uint32_t name;
	uint32_t instance;
	uint32_t order; /* in the vmdesc */
	uint32_t first, end;
	uint64_t size;
};

struct fields {
	struct node *nodes;
	uint32_t node_count, node_room;
	struct described *devices; /* by name, instance and order */
	uint32_t device_count;
	char *texts; /* each ended by NUL; the first one is empty */
	uint32_t text_size, text_room;
};

/* What the walk is in: a struct, or the elements of an array. */
struct fields_frame {
	const char *name; /* NULL: an element of an array */
	bool elements;
	bool list;       /* of a NODE_LIST */
	uint32_t next;   /* node */
	uint32_t stop;   /* the node after the last one */
	uint64_t end;    /* of a struct: the offset after it */
	uint64_t left;   /* elements of the next node that are still to come */
	uint64_t index;  /* of the element that came last */
	uint64_t passed; /* elements that came */
};

static inline const char *fields_text(const struct fields *fields,
				      uint32_t text)
{
	return fields->texts + text;
}

/* 05, a length byte, the name, and a version of 32 bits. */
static inline uint64_t subsection_header_size(const char *name)
{
	return 1 + 1 + (uint64_t)__builtin_strlen(name) + 4;
}

#endif
