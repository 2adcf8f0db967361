/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all sections of a stream have in common. */
#include "config.h"

#include "format/section.h"

#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

bool section_is_ram(const struct section *section)
{
	return strcmp(section->name, RAM_SECTION) == 0;
}

bool section_is_early(const char *name)
{
	static const char early[] = "virtio-mem-device-early";
	size_t length = strlen(name), wanted = sizeof(early) - 1;

	/* The device's path can precede the name. */
	return length >= wanted && strcmp(name + length - wanted, early) == 0;
}

int section_read_footer(struct reader *reader, const struct section *section,
			enum footers *footers, struct savetool_error *err)
{
	if (reader_need(reader, 1, err) < 0)
		return -1;
	if (*footers == FOOTERS_UNKNOWN)
		*footers = *reader->next == SECTION_FOOTER ? FOOTERS_PRESENT :
							     FOOTERS_NONE;
	if (*footers == FOOTERS_NONE)
		return 0;
	if (reader_need(reader, FOOTER_SIZE, err) < 0)
		return -1;
	if (reader->next[0] != SECTION_FOOTER ||
	    get_be32(reader->next + 1) != section->id)
		return fail_at(err, SAVETOOL_CORRUPT, reader->offset,
			       "section '%s' has no footer, or a wrong one",
			       section->name);
	return reader_consume(reader, FOOTER_SIZE, err);
}
