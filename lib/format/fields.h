/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fields of a device's section, as the vmdesc describes them: where in the
 * section each one lies, its name, type and size.  A walk shows them in the
 * order of the stream and reads nothing but what it has to prove, so it takes
 * the same memory however long a section is.
 *
 * A description is believed as far as it adds up.  If its sizes are not those
 * of the section, or of the struct that they are in, the bytes are shown
 * instead.  QEMU: migration/vmstate.c, vmstate_save_state_v.
 */
#ifndef FORMAT_FIELDS_H
#define FORMAT_FIELDS_H

#include "format/tail.h"

struct fields; /* of all sections */

/* What the bytes of a value mean.  All numbers are big-endian. */
enum field_type {
	FIELD_BYTES,    /* a buffer, or a type that is not known */
	FIELD_UNSIGNED, /* 1, 2, 4 or 8 bytes */
	FIELD_SIGNED,
	FIELD_BOOL, /* one byte */
	FIELD_NULL, /* one byte in place of what a pointer leads to */
};

enum field_kind {
	FIELD_VALUE,  /* one value, or several elements of an array */
	FIELD_STRUCT, /* its fields follow, up to its FIELD_END */
	FIELD_ARRAY,  /* its elements follow, up to its FIELD_END */
	FIELD_END,
	FIELD_REST, /* bytes that are not what the description says */
};

struct field {
	enum field_kind kind;
	enum field_type type;
	const char *name;      /* NULL: an element of an array, or FIELD_END */
	const char *type_name; /* QEMU's; NULL: there is none */
	uint64_t offset;       /* in the input, of its first byte */
	uint64_t size;         /* of one element of a FIELD_VALUE or REST */
	uint64_t count;        /* of these elements; 1 otherwise */
	bool array;            /* an element of an array, or several */
	bool subsection;       /* a FIELD_STRUCT that QEMU saves if needed */
};

/*
 * Reads the vmdesc of a tail.  Without one it has no descriptions, and a walk
 * shows the bytes.
 */
int fields_read(struct fields **fields, const struct tail *tail,
		struct savetool_error *err);

/* The same from the text of a vmdesc: SAVETOOL_CORRUPT if it is not one. */
int fields_parse(struct fields **fields, const char *json, size_t size,
		 struct savetool_error *err);

/* NULL is fine. */
void fields_free(struct fields *fields);

static inline void cleanup_fields_(struct fields **fields)
{
	fields_free(*fields);
}
#define cleanup_fields __attribute__((cleanup(cleanup_fields_)))

/* Structs in structs: a vmdesc whose values lie deeper is refused. */
#define FIELDS_DEPTH 128

struct fields_frame;

/* All private. */
struct fields_walk {
	const struct fields *fields;
	struct input *in;
	struct fields_frame *frames;
	unsigned depth;
	uint64_t offset, end;
	bool started;
};

/*
 * Walks a section's payload, which lies in the input.  described says whether
 * the vmdesc describes it; otherwise its bytes are one FIELD_REST.  All must
 * outlive the walk.
 */
int fields_begin(struct fields_walk *walk, bool *described,
		 const struct fields *fields, struct input *in,
		 const char *section, uint32_t instance, uint64_t offset,
		 uint64_t length, struct savetool_error *err);
void fields_end(struct fields_walk *walk);

/* 1: *field is next; 0: that was all; or -1. */
int fields_next(struct fields_walk *walk, struct field *field,
		struct savetool_error *err);

/*
 * After this field came: does one with this name follow in the same struct?
 * The field itself does not count.
 */
bool fields_follows(const struct fields_walk *walk, const struct field *field,
		    const char *name);

/*
 * The path of the field that came last: the names from the section down,
 * between slashes, and the index of each element of an array:
 * "env.segs[3]/selector".  Of several elements, it is that of this one.  A long
 * one is cut.
 */
#define FIELDS_PATH_SIZE 1024
void fields_path(const struct fields_walk *walk, const struct field *field,
		 uint64_t element, char path[FIELDS_PATH_SIZE]);

/* The number that the bytes of an element are; a signed one is extended. */
uint64_t field_number(const struct field *field, const uint8_t *bytes);

/*
 * The offset and the length of a section's payload among those of a tail: the
 * first one with this name and instance.  "I440FX" is also the name of
 * "0000:00:00.0/I440FX".  False: there is none.
 */
bool fields_section(const struct tail *tail, const char *section,
		    uint32_t instance, uint64_t *offset, uint64_t *length);

/*
 * Looks up a field by its path, or by the end of its path from some name on:
 * "config", "parent_obj/config", "env.cr[3]".  Where QEMU had to number fields
 * of one name, "config[0]" is also "config".  An array can be looked up as a
 * whole if its elements are values that lie in a row; then field->count says
 * how many.  1, 0: there is none, or it has no value, or -1.
 */
int fields_find(struct field *field, const struct fields *fields,
		const struct tail *tail, const char *section, uint32_t instance,
		const char *path, struct savetool_error *err);

/*
 * The same for a number, and for bytes: *size is how many the field has, of
 * which the first most are read.  SAVETOOL_UNKNOWN in *number, or 0 in *size,
 * if there is no such field.
 */
int fields_find_number(uint64_t *number, const struct fields *fields,
		       const struct tail *tail, const char *section,
		       uint32_t instance, const char *path,
		       struct savetool_error *err);
int fields_find_bytes(void *bytes, size_t most, size_t *size,
		      const struct fields *fields, const struct tail *tail,
		      const char *section, uint32_t instance, const char *path,
		      struct savetool_error *err);

#endif
