/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gets things out of an image.  Part of savetool.h. */
#ifndef SAVETOOL_EXTRACT_H
#define SAVETOOL_EXTRACT_H

/* How a file holds the memory of a guest. */
enum savetool_memory_format {
	SAVETOOL_MEMORY_RAW,  /* each byte at its guest-physical address */
	SAVETOOL_MEMORY_ELF,  /* a core, with the processors' registers */
	SAVETOOL_MEMORY_LIME, /* as LiME writes it */
	SAVETOOL_MEMORY_FORMAT_COUNT,
};

/* "raw", "elf", "lime"; NULL if the number is not a format. */
const char *savetool_memory_format_name(enum savetool_memory_format format);

/* Parses such a name; SAVETOOL_USAGE if it is not one. */
int savetool_memory_format_parse(const char *word,
				 enum savetool_memory_format *format,
				 struct savetool_error *err);

/* The guest-physical address at which a memory block is to be placed. */
struct savetool_memory_map {
	const char *block;
	uint64_t address;
};

struct savetool_memory_options {
	size_t size; /* sizeof(struct savetool_memory_options) */
	enum savetool_memory_format format;

	/*
	 * Write this memory block alone, each byte at its offset in the block,
	 * whatever the maps are.  NULL: the whole memory.
	 */
	const char *block;
	bool force; /* may replace an existing destination */

	/* Addresses that override what the image says. */
	const struct savetool_memory_map *maps;
	size_t map_count;

	/*
	 * Accept an incomplete or damaged image: what could be read is written,
	 * and the rest is a hole.
	 */
	bool partial;
};

/* A range of guest-physical addresses. */
struct savetool_memory_range {
	uint64_t address;
	uint64_t length;
	const char *block; /* what the guest sees there */
	uint64_t offset;   /* of the range, in the block */
};

/* A memory block that was left out, because it has no known address. */
struct savetool_memory_unplaced {
	const char *block;
	uint64_t length;
	bool hidden; /* the guest does not see it anywhere */
};

/* Where the VMCOREINFO note of an ELF core is from. */
enum savetool_vmcoreinfo {
	SAVETOOL_VMCOREINFO_NONE,    /* there is none */
	SAVETOOL_VMCOREINFO_DEVICE,  /* the guest told its device where it is */
	SAVETOOL_VMCOREINFO_MEMORY,  /* it was found in memory */
	SAVETOOL_VMCOREINFO_SEVERAL, /* several were found, so there is none */
};

/* What was extracted. */
struct savetool_memory {
	enum savetool_memory_format format;
	uint64_t logical;
	uint64_t allocated;
	uint64_t lost; /* bytes of present pages that lay in holes: now zeros */
	size_t range_count;
	const struct savetool_memory_range *ranges; /* by address */
	size_t unplaced_count;
	const struct savetool_memory_unplaced *unplaced;

	/*
	 * Nothing in the image confirms where memory is divided: the addresses
	 * are those that the machine type has by itself.
	 */
	bool assumed;
	unsigned cpus; /* whose registers an ELF core has */

	/* Why and where the image broke off; SAVETOOL_OK: it did not. */
	struct savetool_error broken;

	enum savetool_vmcoreinfo vmcoreinfo; /* of an ELF core */
};

/*
 * Writes the guest's memory to a sparse file.  The destination appears
 * complete, or not at all; "-" is standard output, if that is a file.
 * SAVETOOL_UNSUPPORTED if the addresses of the machine type are not known and
 * no map gives any.  options, monitor and memory may be NULL.  Free *memory
 * with savetool_memory_free().
 */
int savetool_extract_memory(struct savetool_image *image,
			    const char *destination,
			    const struct savetool_memory_options *options,
			    const struct savetool_monitor *monitor,
			    struct savetool_memory **memory,
			    struct savetool_error *err);

/* NULL is fine. */
void savetool_memory_free(struct savetool_memory *memory);

struct savetool_extract_options {
	size_t size; /* sizeof(struct savetool_extract_options) */
	bool force;  /* may replace an existing destination */
};

/*
 * Writes the state of all devices as JSON, field by field, as the vmdesc
 * describes it; what it does not describe as hexadecimal digits.  "-" is
 * standard output, also if that is a pipe.  options and monitor may be NULL.
 */
int savetool_extract_devices(struct savetool_image *image,
			     const char *destination,
			     const struct savetool_extract_options *options,
			     const struct savetool_monitor *monitor,
			     struct savetool_error *err);

/*
 * Writes the domain XML, byte for byte.  SAVETOOL_UNSUPPORTED if the image is a
 * bare stream, which has none.  options may be NULL.
 *
 * To extract the bare stream, use savetool_convert() with
 * SAVETOOL_FORMAT_LAYOUT and SAVETOOL_CONTAINER_BARE.
 */
int savetool_extract_xml(struct savetool_image *image, const char *destination,
			 const struct savetool_extract_options *options,
			 struct savetool_error *err);

#endif
