/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <memory model='dimm'> and its <address type='dimm' slot='0' base='0x…'/>.
 * libvirt: src/qemu/qemu_alias.c, qemuAssignDeviceMemoryAlias.
 */
#include "config.h"

#include "format/domain_dimms.h"

#include "base/cleanup.h"
#include "format/xml_node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A number in C's notation, and nothing else; false: it is none. */
static bool to_number(uint64_t *number, const char *text)
{
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 0);
	return errno == 0 && !*end;
}

static int read_dimm(struct domain_dimms *dimms, const xmlNode *node,
		     const char *model, struct savetool_error *err)
{
	const xmlNode *address = xml_child(node, "address");
	struct domain_dimm *dimm = &dimms->list[dimms->count];
	cleanup_free char *slot = NULL, *base = NULL;
	uint64_t number;

	if (xml_attribute(&slot, address, "slot", err) < 0 ||
	    xml_attribute(&base, address, "base", err) < 0)
		return -1;
	if (!to_number(&number, slot) || !to_number(&dimm->address, base) ||
	    dimms->count + 1 == DIMMS_LIMIT)
		return 0;
	snprintf(dimm->block, sizeof(dimm->block), "mem%s%" PRIu64, model,
		 number);
	dimms->count++;
	return 0;
}

int domain_dimms_read(struct domain_dimms *dimms, const xmlNode *devices,
		      struct savetool_error *err)
{
	static const char *const models[] = { "dimm", "nvdimm" };

	for (const xmlNode *node = devices ? devices->children : NULL; node;
	     node = node->next)
		for (unsigned i = 0; i < 2; i++)
			if (xml_is(node, "memory") &&
			    xml_says(node, "model", models[i]) &&
			    read_dimm(dimms, node, models[i], err) < 0)
				return -1;
	return 0;
}
