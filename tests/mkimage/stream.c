/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The QEMU stream around RAM: header, configuration, commands, sections. */
#include "statements.h"

#include "content.h"

#include <stdlib.h>
#include <string.h>

enum {
	SUBSECTION = 0x05,
	CONFIGURATION = 0x07,
	COMMAND = 0x08,
	FOOTER = 0x7e,
};

void say_stream(struct image *image, struct line *line)
{
	set_label(image, "stream", image->at);
	put_be(image, line_number(line, "magic", 0x5145564d), 4);
	put_be(image, line_number(line, "version", 3), 4);
}

static void put_subsection(struct image *image, const char *name)
{
	put_byte(image, SUBSECTION);
	put_str8(image, name);
	put_be(image, 1, 4);
}

static void put_page_bits(struct image *image, struct line *line)
{
	image->page_bits = line_number(line, "page-bits", 0);
	if (image->page_bits == 0)
		return;
	put_subsection(image, "configuration/target-page-bits");
	put_be(image, image->page_bits, 4);
}

static void put_capabilities(struct image *image, struct line *line)
{
	const char *count = line_option(line, "capability-count");
	const char *name;

	while ((name = line_option(line, "capability"))) {
		if (image->capabilities == CAPABILITIES)
			line_fail(line, "too many capabilities");
		image->mapped |= !strcmp(name, "mapped-ram");
		image->capability[image->capabilities++] = duplicate(name);
	}
	if (image->capabilities == 0 && !count)
		return;
	put_subsection(image, "configuration/capabilities");
	put_be(image, count ? line_parse(line, count) : image->capabilities, 4);
	for (unsigned i = 0; i < image->capabilities; i++)
		put_str8(image, image->capability[i]);
}

static void put_uuid(struct image *image, struct line *line)
{
	const char *uuid = line_option(line, "uuid");
	uint8_t bytes[256];

	image->uuid = uuid != NULL;
	if (!uuid)
		return;
	put_subsection(image, "configuration/uuid");
	if (strlen(uuid) != 32 || content_hex(line, bytes, uuid) != 16)
		line_fail(line, "uuid is 32 digits without dashes");
	put(image, bytes, 16);
}

void say_configuration(struct image *image, struct line *line)
{
	const char *machine = line_option(line, "machine");

	free(image->machine);
	image->machine = duplicate(machine ? machine : "pc-i440fx-10.0");
	set_label(image, "configuration", image->at);
	put_byte(image, CONFIGURATION);
	put_be(image, line_number(line, "length", strlen(image->machine)), 4);
	put_text(image, image->machine);
	put_page_bits(image, line);
	put_capabilities(image, line);
	put_uuid(image, line);
}

static uint64_t command_number(const struct line *line, const char *name)
{
	static const char *const names[] = {
		NULL,
		"open-return-path",
		"ping",
		"postcopy-advise",
		"postcopy-listen",
		"postcopy-run",
		"postcopy-ram-discard",
		"packaged",
		"enable-colo",
		"postcopy-resume",
		"recv-bitmap",
		"switchover-start",
	};

	for (size_t i = 1; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], name))
			return i;
	return line_parse(line, name);
}

void say_command(struct image *image, struct line *line)
{
	uint64_t number = command_number(line, line_operand(line));
	const char *text = line_option(line, "bytes");
	uint8_t *bytes = allocate(text ? strlen(text) : 0);
	size_t size = text ? content_hex(line, bytes, text) : 0;

	put_byte(image, COMMAND);
	put_be(image, number, 2);
	put_be(image, line_number(line, "length", size), 2);
	put(image, bytes, size);
	free(bytes);
}

static uint8_t section_type(const struct line *line, const char *type)
{
	static const char *const types[] = { "start", "part", "end", "full" };

	for (uint8_t i = 0; i < 4; i++)
		if (!strcmp(types[i], type))
			return i + 1;
	return (uint8_t)line_parse(line, type);
}

/* footer=no leaves it out, footer=ID writes another one. */
static void choose_footer(struct image *image, struct line *line, uint32_t id)
{
	const char *footer = line_option(line, "footer");

	image->footer = image->footers;
	image->footer_id = id;
	if (!footer)
		return;
	image->footer = strcmp(footer, "no") != 0;
	if (image->footer)
		image->footer_id = (uint32_t)line_parse(line, footer);
}

void section_open(struct image *image, struct line *line, const char *type,
		  const struct device *what, uint32_t id)
{
	uint8_t byte = section_type(line, type);

	image->section = SECTION_OTHER;
	image->eos = false;
	choose_footer(image, line, id);
	put_byte(image, byte);
	put_be(image, id, 4);
	if (byte == 2 || byte == 3)
		return;
	put_str8(image, what->name);
	put_be(image, what->instance, 4);
	put_be(image, what->version, 4);
}

/* subsection=NAME:LENGTH, after the fields. */
static void put_device_subsection(struct image *image, struct line *line,
				  struct device *device)
{
	const char *text = line_option(line, "subsection");
	char *colon;

	if (!text)
		return;
	device->subsection = duplicate(text);
	colon = strrchr(device->subsection, ':');
	if (!colon)
		line_fail(line, "subsection is NAME:LENGTH");
	*colon = '\0';
	device->subsection_length = line_parse(line, colon + 1);
	put_subsection(image, device->subsection);
	put_fill(image, 0x55, device->subsection_length);
}

static void remember_device(struct image *image, struct device *device)
{
	struct device **end = &image->devices;

	while (*end)
		end = &(*end)->next;
	*end = device;
}

/* bytes= as given, or length= of them made from the section's id. */
static uint64_t put_payload(struct image *image, struct line *line, uint32_t id)
{
	const char *text = line_option(line, "bytes");
	size_t size = text ? strlen(text) : line_number(line, "length", 0);
	uint8_t *bytes = allocate(size);

	if (text)
		size = content_hex(line, bytes, text);
	else
		content_random(bytes, size, id, 0);
	put(image, bytes, size);
	free(bytes);
	return size;
}

void say_section(struct image *image, struct line *line)
{
	const char *type = line_operand(line);
	const char *name = line_option(line, "name");
	uint32_t id = (uint32_t)line_number(line, "id", 0);
	struct device *device = allocate(sizeof(*device));

	device->name = duplicate(name ? name : "");
	device->instance = (uint32_t)line_number(line, "instance", 0);
	device->version = (uint32_t)line_number(line, "version", 1);
	section_open(image, line, type, device, id);
	device->length = put_payload(image, line, id);
	device->length = line_number(line, "described", device->length);
	put_device_subsection(image, line, device);
	if (!strcmp(type, "full") && line_flag(line, "vmdesc", true)) {
		remember_device(image, device);
		return;
	}
	free(device->name);
	free(device->subsection);
	free(device);
}

void say_end(struct image *image, struct line *line)
{
	(void)image;
	(void)line; /* any statement that is no payload ends a section */
}

void say_eof(struct image *image, struct line *line)
{
	(void)line;
	set_label(image, "eof", image->at);
	put_byte(image, 0);
}

void say_footers(struct image *image, struct line *line)
{
	image->footers = !strcmp(line_operand(line), "on");
}
