/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vmdesc of the device sections, which ends a stream. */
#include "statements.h"

#include <stdlib.h>
#include <string.h>

static const char *comma(bool *first)
{
	const char *text = *first ? "" : ", ";

	*first = false;
	return text;
}

static void print_field(FILE *out, const char *name, const char *type,
			uint64_t size)
{
	fprintf(out, "{\"name\": \"%s\", \"type\": \"%s\", \"size\": %llu}",
		name, type, (unsigned long long)size);
}

static void print_subsection_head(FILE *out, bool *first, const char *name)
{
	fprintf(out, "%s{\"vmsd_name\": \"%s\", \"version\": 1, \"fields\": [",
		comma(first), name);
}

static uint64_t capability_size(const struct image *image)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < image->capabilities; i++)
		size += 1 + strlen(image->capability[i]);
	return size;
}

static void print_subsections(FILE *out, const struct image *image)
{
	bool first = true;

	fputs(", \"subsections\": [", out);
	if (image->page_bits > 0) {
		print_subsection_head(out, &first,
				      "configuration/target-page-bits");
		print_field(out, "target_page_bits", "uint32", 4);
		fputs("]}", out);
	}
	if (image->capabilities > 0) {
		print_subsection_head(out, &first,
				      "configuration/capabilities");
		print_field(out, "caps_count", "uint32", 4);
		fputs(", ", out);
		print_field(out, "capabilities", "capability",
			    capability_size(image));
		fputs("]}", out);
	}
	if (image->uuid) {
		print_subsection_head(out, &first, "configuration/uuid");
		print_field(out, "uuid", "uint8_t", 16);
		fputs("]}", out);
	}
	fputc(']', out);
}

static void print_configuration(FILE *out, const struct image *image)
{
	fputs("\"configuration\": {\"vmsd_name\": \"configuration\", "
	      "\"version\": 1, \"fields\": [",
	      out);
	print_field(out, "len", "uint32", 4);
	fputs(", ", out);
	print_field(out, "name", "buffer", strlen(image->machine));
	fputc(']', out);
	if (image->page_bits > 0 || image->capabilities > 0 || image->uuid)
		print_subsections(out, image);
	fputs("}, ", out);
}

static void print_device(FILE *out, const struct device *device)
{
	bool first = true;

	fprintf(out,
		"{\"name\": \"%s\", \"instance_id\": %u, "
		"\"vmsd_name\": \"%s\", \"version\": %u, \"fields\": [",
		device->name, device->instance, device->name, device->version);
	print_field(out, "data", "buffer", device->length);
	fputc(']', out);
	if (device->subsection) {
		fputs(", \"subsections\": [", out);
		print_subsection_head(out, &first, device->subsection);
		print_field(out, "data", "buffer", device->subsection_length);
		fputs("]}]", out);
	}
	fputc('}', out);
}

static char *describe(const struct image *image, bool configuration,
		      uint64_t page_size)
{
	bool first = true;
	char *json = NULL;
	size_t size;
	FILE *out = open_memstream(&json, &size);

	if (!out)
		fail("out of memory");
	fputc('{', out);
	if (configuration)
		print_configuration(out, image);
	fprintf(out, "\"page_size\": %llu, \"devices\": [",
		(unsigned long long)page_size);
	for (const struct device *d = image->devices; d; d = d->next) {
		fputs(comma(&first), out);
		print_device(out, d);
	}
	fputs("]}", out);
	if (fclose(out) != 0)
		fail("out of memory");
	return json;
}

void say_vmdesc(struct image *image, struct line *line)
{
	const char *given = line_option(line, "json");
	bool configuration =
		line_flag(line, "configuration", image->machine != NULL);
	uint64_t page_size = line_number(line, "page-size", 4096);
	char *json = given ? duplicate(given) :
			     describe(image, configuration, page_size);

	set_label(image, "vmdesc", image->at);
	put_byte(image, 6);
	put_be(image, line_number(line, "length", strlen(json)), 4);
	put_text(image, json);
	free(json);
}
