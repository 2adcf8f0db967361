/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The libvirt header, domain XML, cookie and padding. */
#include "statements.h"

#include <stdlib.h>
#include <string.h>

static const char *const formats[] = { "raw",  "gzip", "bzip2", "xz",
				       "lzop", "zstd", "sparse" };

static uint64_t format_number(const struct line *line, const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(formats[i], name))
			return i;
	return line_parse(line, name);
}

static const char * or (const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

/* As small as a domain can be and still have what inspect tells of. */
static char *domain_xml(struct line *line)
{
	uint64_t memory = line_number(line, "memory", 1 << 20);
	char *xml;

	if (asprintf(&xml,
		     "<domain type='qemu'>\n"
		     "  <name>%s</name>\n"
		     "  <uuid>%s</uuid>\n"
		     "  <memory unit='KiB'>%llu</memory>\n"
		     "  <vcpu placement='static'>%llu</vcpu>\n"
		     "  <os>\n"
		     "    <type arch='%s' machine='%s'>hvm</type>\n"
		     "  </os>\n"
		     "</domain>\n",
		     or (line_option(line, "name"), "g1"),
		     or (line_option(line, "uuid"),
			 "c7a5fdbd-edaf-9455-926a-d65c16db1809"),
		     (unsigned long long)memory / 1024,
		     (unsigned long long)line_number(line, "vcpus", 1),
		     or (line_option(line, "arch"), "x86_64"),
		     or (line_option(line, "machine"), "pc-i440fx-10.0")) < 0)
		fail("out of memory");
	return xml;
}

#define MEMORY "<memory unit='KiB'>1024"

/*
 * Unless the recipe says otherwise, the guest has the memory of its blocks.
 * That is known later, and the length of the XML must stay.
 */
void domain_add_memory(struct image *image, const char *name, uint64_t length)
{
	static const char *const rom[] = { "/", "rom", "bios", "flash" };
	char text[sizeof(MEMORY) + 8];
	uint64_t size;
	char unit = 'M';

	for (size_t i = 0; i < sizeof(rom) / sizeof(*rom); i++)
		if (strstr(name, rom[i]))
			return;
	image->memory += length;
	if (image->memory_at == 0)
		return;
	size = (image->memory + (1 << 20) - 1) >> 20;
	if (size > 9999) {
		unit = 'G';
		size >>= 10;
	}
	if (size > 9999)
		return;
	snprintf(text, sizeof(text), "<memory unit='%ciB'>%4u", unit,
		 (unsigned)size);
	put_at(image, text, strlen(MEMORY), image->memory_at);
}

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	if (!file || getdelim(&text, &room, '\0', file) < 0)
		fail("cannot read '%s'", path);
	fclose(file);
	return text;
}

static char *choose_xml(struct line *line)
{
	const char *xml = line_option(line, "xml");
	const char *path = line_option(line, "xmlfile");

	if (path)
		return read_text(path);
	if (xml)
		return duplicate(strcmp(xml, "no") != 0 ? xml : "");
	return domain_xml(line);
}

static const char *choose_cookie(struct line *line)
{
	const char *cookie = or (line_option(line, "cookie"), "yes");

	if (!strcmp(cookie, "no"))
		return NULL;
	if (strcmp(cookie, "yes") != 0)
		return cookie;
	return "<cookie>\n"
	       "  <cpu mode='custom' match='exact' check='full'>\n"
	       "    <model fallback='forbid'>qemu64</model>\n"
	       "  </cpu>\n"
	       "</cookie>\n";
}

static void put_magic(struct image *image, struct line *line)
{
	const char *magic = or (line_option(line, "magic"), "save");
	char text[16] = { 0 };

	if (!strcmp(magic, "save"))
		magic = "LibvirtQemudSave";
	if (!strcmp(magic, "part"))
		magic = "LibvirtQemudPart";
	if (strlen(magic) > sizeof(text))
		line_fail(line, "magic has at most 16 characters");
	memcpy(text, magic, strlen(magic));
	put(image, text, sizeof(text));
}

static void put_word(struct image *image, uint64_t value)
{
	if (image->big_endian)
		put_be(image, value, 4);
	else
		put_le(image, value, 4);
}

/* The words from 36 on: word=INDEX:VALUE sets one, features= the first. */
static void put_unused(struct image *image, struct line *line)
{
	uint64_t words[14] = { line_number(line, "features", 0) };
	const char *word;

	while ((word = line_option(line, "word"))) {
		char *colon;
		unsigned long i = strtoul(word, &colon, 10);

		if (*colon != ':' || i > 13)
			line_fail(line, "not INDEX:VALUE '%s'", word);
		words[i] = line_parse(line, colon + 1);
	}
	for (int i = 0; i < 14; i++)
		put_word(image, words[i]);
}

static void choose_byte_order(struct image *image, struct line *line)
{
	const char *order = or (line_option(line, "byte-order"), "little");

	image->big_endian = !strcmp(order, "big");
	if (!image->big_endian && strcmp(order, "little") != 0)
		line_fail(line, "byte-order is little or big");
}

void say_libvirt(struct image *image, struct line *line)
{
	bool told = line_says(line, "memory") || line_says(line, "xml") ||
		    line_says(line, "xmlfile");
	char *xml = choose_xml(line);
	const char *cookie = choose_cookie(line);
	uint64_t padding = line_number(line, "padding", 65536);
	size_t xml_size = strlen(xml) + line_flag(line, "nul", true);
	size_t cookie_size =
		cookie ? strlen(cookie) + line_flag(line, "cookie-nul", true) :
			 0;
	uint64_t length = xml_size + cookie_size + padding;

	choose_byte_order(image, line);
	put_magic(image, line);
	put_word(image, line_number(line, "version", 2));
	put_word(image, line_number(line, "data-length", length));
	put_word(image, line_number(line, "running", 1));
	put_word(image,
		 format_number(line, or (line_option(line, "format"), "raw")));
	put_word(image,
		 line_number(line, "cookie-offset", cookie ? xml_size : 0));
	put_unused(image, line);
	if (!told)
		image->memory_at = image->at + (strstr(xml, MEMORY) - xml);
	put(image, xml, xml_size);
	if (cookie)
		put(image, cookie, cookie_size);
	put_fill(image, 0, padding);
	free(xml);
}
