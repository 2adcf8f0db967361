/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and writes the configuration section. */
#include "config.h"

#include "format/configuration.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/section.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MACHINE_LIMIT 1024
#define PAGE_BITS "configuration/target-page-bits"
#define CAPABILITIES "configuration/capabilities"
#define UUID "configuration/uuid"

static int read_machine(struct configuration *configuration,
			struct reader *reader, struct savetool_error *err)
{
	uint32_t length;

	if (reader_be32(reader, &length, err) < 0)
		return -1;
	if (length > MACHINE_LIMIT)
		return fail_at(err, SAVETOOL_CORRUPT, reader->offset - 4,
			       "length %" PRIu32
			       " of the machine type is out of range",
			       length);
	if (reader_need(reader, length, err) < 0)
		return -1;
	if (memchr(reader->next, '\0', length))
		return fail_at(err, SAVETOOL_CORRUPT, reader->offset,
			       "machine type contains a NUL byte");
	configuration->machine = strndup((const char *)reader->next, length);
	if (!configuration->machine)
		return fail_memory(err);
	return reader_consume(reader, length, err);
}

static int read_page_bits(struct configuration *configuration,
			  struct reader *reader, struct savetool_error *err)
{
	if (reader_be32(reader, &configuration->page_bits, err) < 0)
		return -1;
	if (configuration->page_bits < 10 || configuration->page_bits > 16)
		return fail_at(err, SAVETOOL_UNSUPPORTED, reader->offset - 4,
			       "page size of 2^%" PRIu32
			       " bytes is out of range",
			       configuration->page_bits);
	configuration->has_page_bits = true;
	return 0;
}

bool configuration_can(const struct configuration *configuration,
		       const char *capability)
{
	for (unsigned i = 0; i < configuration->capability_count; i++)
		if (strcmp(configuration->capabilities[i], capability) == 0)
			return true;
	return false;
}

static int add_capability(struct configuration *configuration,
			  const char *capability, uint64_t offset,
			  struct savetool_error *err)
{
	char *copy;

	if (strcmp(capability, CAPABILITY_MAPPED_RAM) != 0 &&
	    strcmp(capability, CAPABILITY_IGNORE_SHARED) != 0)
		return fail_at(err, SAVETOOL_UNSUPPORTED, offset,
			       "unknown capability '%s'", capability);
	if (configuration_can(configuration, capability))
		return fail_at(err, SAVETOOL_CORRUPT, offset,
			       "capability '%s' is listed twice", capability);
	copy = strdup(capability);
	if (!copy)
		return fail_memory(err);
	configuration->capabilities[configuration->capability_count++] = copy;
	return 0;
}

static int read_capabilities(struct configuration *configuration,
			     struct reader *reader, struct savetool_error *err)
{
	char name[STR8_SIZE];
	uint32_t count;

	if (reader_be32(reader, &count, err) < 0)
		return -1;
	if (count > CAPABILITIES_LIMIT)
		return fail_at(err, SAVETOOL_CORRUPT, reader->offset - 4,
			       "number of capabilities, %" PRIu32
			       ", is out of range",
			       count);
	while (count-- > 0) {
		uint64_t offset = reader->offset;

		if (reader_str8(reader, name, err) < 0 ||
		    add_capability(configuration, name, offset, err) < 0)
			return -1;
	}
	return 0;
}

static int read_uuid(struct configuration *configuration, struct reader *reader,
		     struct savetool_error *err)
{
	if (reader_need(reader, sizeof(configuration->uuid), err) < 0)
		return -1;
	memcpy(configuration->uuid, reader->next, sizeof(configuration->uuid));
	configuration->has_uuid = true;
	return reader_consume(reader, sizeof(configuration->uuid), err);
}

/* QEMU writes each at most once, and in this order. */
static const struct subsection {
	const char *name;
	int (*read)(struct configuration *configuration, struct reader *reader,
		    struct savetool_error *err);
} subsections[] = {
	{ PAGE_BITS, read_page_bits },
	{ CAPABILITIES, read_capabilities },
	{ UUID, read_uuid },
};
#define SUBSECTION_COUNT (sizeof(subsections) / sizeof(*subsections))

/*
 * Reads what follows the 05 that starts it.  *next is the first one that may
 * come.
 */
static int read_subsection(struct configuration *configuration, size_t *next,
			   struct reader *reader, struct savetool_error *err)
{
	uint64_t start = reader->offset - 1;
	char name[STR8_SIZE];
	uint32_t version;
	size_t i = 0;

	if (reader_str8(reader, name, err) < 0 ||
	    reader_be32(reader, &version, err) < 0)
		return -1;
	if (version != 1)
		return fail_at(err, SAVETOOL_UNSUPPORTED, start,
			       "unknown version %" PRIu32 " of '%s'", version,
			       name);
	while (i < SUBSECTION_COUNT && strcmp(name, subsections[i].name) != 0)
		i++;
	if (i == SUBSECTION_COUNT)
		return fail_at(err, SAVETOOL_UNSUPPORTED, start,
			       "unknown subsection '%s'", name);
	if (i < *next)
		return fail_at(err, SAVETOOL_CORRUPT, start,
			       "subsection '%s' is out of place", name);
	*next = i + 1;
	return subsections[i].read(configuration, reader, err);
}

int configuration_read(struct configuration *configuration,
		       struct reader *reader, struct savetool_error *err)
{
	size_t next = 0;

	configuration->present = true;
	if (read_machine(configuration, reader, err) < 0)
		return -1;
	for (;;) {
		if (reader_need(reader, 1, err) < 0)
			return -1;
		if (*reader->next != SECTION_SUBSECTION)
			return 0;
		if (reader_consume(reader, 1, err) < 0 ||
		    read_subsection(configuration, &next, reader, err) < 0)
			return -1;
	}
}

static int write_be32(struct output *out, uint32_t value,
		      struct savetool_error *err)
{
	uint8_t bytes[4];

	put_be32(bytes, value);
	return output_append(out, bytes, sizeof(bytes), err);
}

static int write_str8(struct output *out, const char *text,
		      struct savetool_error *err)
{
	uint8_t bytes[STR8_SIZE];
	size_t length = strlen(text);

	bytes[0] = length;
	memcpy(bytes + 1, text, length);
	return output_append(out, bytes, 1 + length, err);
}

static int write_subsection(struct output *out, const char *name,
			    struct savetool_error *err)
{
	uint8_t type = SECTION_SUBSECTION;

	if (output_append(out, &type, 1, err) < 0 ||
	    write_str8(out, name, err) < 0)
		return -1;
	return write_be32(out, 1, err);
}

/* The order is QEMU's, which lists mapped-ram last. */
static int write_capabilities(const struct configuration *configuration,
			      bool mapped, struct output *out,
			      struct savetool_error *err)
{
	bool was_mapped =
		configuration_can(configuration, CAPABILITY_MAPPED_RAM);
	unsigned count = configuration->capability_count - was_mapped + mapped;

	if (count == 0)
		return 0;
	if (write_subsection(out, CAPABILITIES, err) < 0 ||
	    write_be32(out, count, err) < 0)
		return -1;
	for (unsigned i = 0; i < configuration->capability_count; i++) {
		const char *name = configuration->capabilities[i];

		if (strcmp(name, CAPABILITY_MAPPED_RAM) != 0 &&
		    write_str8(out, name, err) < 0)
			return -1;
	}
	return mapped ? write_str8(out, CAPABILITY_MAPPED_RAM, err) : 0;
}

static int write_machine(const struct configuration *configuration,
			 struct output *out, struct savetool_error *err)
{
	uint8_t type = SECTION_CONFIGURATION;
	size_t length = strlen(configuration->machine);

	if (output_append(out, &type, 1, err) < 0 ||
	    write_be32(out, length, err) < 0)
		return -1;
	return output_append(out, configuration->machine, length, err);
}

static int write_page_bits(const struct configuration *configuration,
			   struct output *out, struct savetool_error *err)
{
	if (!configuration->has_page_bits)
		return 0;
	if (write_subsection(out, PAGE_BITS, err) < 0)
		return -1;
	return write_be32(out, configuration->page_bits, err);
}

static int write_uuid(const struct configuration *configuration,
		      struct output *out, struct savetool_error *err)
{
	if (!configuration->has_uuid)
		return 0;
	if (write_subsection(out, UUID, err) < 0)
		return -1;
	return output_append(out, configuration->uuid,
			     sizeof(configuration->uuid), err);
}

int configuration_write(const struct configuration *configuration, bool mapped,
			struct output *out, struct savetool_error *err)
{
	if (!configuration->present)
		return 0;
	if (write_machine(configuration, out, err) < 0 ||
	    write_page_bits(configuration, out, err) < 0 ||
	    write_capabilities(configuration, mapped, out, err) < 0)
		return -1;
	return write_uuid(configuration, out, err);
}

void configuration_free(struct configuration *configuration)
{
	free(configuration->machine);
	for (unsigned i = 0; i < configuration->capability_count; i++)
		free(configuration->capabilities[i]);
	*configuration = (struct configuration){ 0 };
}
