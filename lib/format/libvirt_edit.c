/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts another XML into a libvirt header. */
#include "config.h"

#include "format/libvirt_edit.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static int fail_long(size_t size, struct savetool_error *err)
{
	return fail(err, SAVETOOL_USAGE, "XML of %zu bytes is too long", size);
}

/* The length of the data that has space for the XML. */
static int find_length(uint32_t *length, const struct libvirt *libvirt,
		       size_t xml_size, uint32_t unit,
		       struct savetool_error *err)
{
	uint64_t old = libvirt->header.data_length, needed = xml_size + 1,
		 grown;

	if (libvirt->cookie)
		needed += strlen(libvirt->cookie) + 1;
	*length = old;
	if (needed <= old)
		return 0;
	grown = needed + LIBVIRT_PADDING - old;
	grown = old + (grown + unit - 1) / unit * unit;
	if (grown > LIBVIRT_DATA_LIMIT)
		return fail_long(xml_size, err);
	*length = grown;
	return 0;
}

static void put_data(struct libvirt *libvirt, const char *xml,
		     const char *cookie)
{
	struct savetool_header *header = &libvirt->header;
	size_t used = strlen(xml) + 1;

	memcpy(libvirt->data, xml, used);
	libvirt->xml = libvirt->data;
	libvirt->cookie = NULL;
	header->cookie_offset = 0;
	if (cookie) {
		size_t size = strlen(cookie) + 1;

		memcpy(libvirt->data + used, cookie, size);
		libvirt->cookie = libvirt->data + used;
		header->cookie_offset = used;
		used += size;
	}
	header->padding = header->data_length - used;
	libvirt->present = header->data_length;
}

/* A copy with data of this length, all zeros. */
static int new_copy(struct libvirt **result, const struct libvirt *libvirt,
		    uint32_t length, struct savetool_error *err)
{
	struct libvirt *copy = malloc(sizeof(*copy));

	if (!copy)
		return fail_memory(err);
	*copy = *libvirt;
	copy->header.data_length = length;
	copy->data = calloc(1, (size_t)length + 1);
	if (!copy->data) {
		free(copy);
		return fail_memory(err);
	}
	*result = copy;
	return 0;
}

int libvirt_edit(struct libvirt **edited, const struct libvirt *libvirt,
		 const char *xml, uint32_t unit, struct savetool_error *err)
{
	size_t size = strlen(xml);
	uint32_t length;

	if (size >= LIBVIRT_DATA_LIMIT)
		return fail_long(size, err);
	if (find_length(&length, libvirt, size, unit, err) < 0 ||
	    new_copy(edited, libvirt, length, err) < 0)
		return -1;
	put_data(*edited, xml, libvirt->cookie);
	return 0;
}

int libvirt_copy(struct libvirt **result, const struct libvirt *libvirt,
		 struct savetool_error *err)
{
	uint32_t length = libvirt->header.data_length;
	struct libvirt *copy;

	if (new_copy(&copy, libvirt, length, err) < 0)
		return -1;
	memcpy(copy->data, libvirt->data, length);
	copy->xml = copy->data;
	if (libvirt->cookie)
		copy->cookie = copy->data + libvirt->header.cookie_offset;
	*result = copy;
	return 0;
}
