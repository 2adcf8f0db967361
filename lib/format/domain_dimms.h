/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DIMMs and NVDIMMs of a domain XML, which says where the guest sees them.
 */
#ifndef FORMAT_DOMAIN_DIMMS_H
#define FORMAT_DOMAIN_DIMMS_H

#include "savetool.h"

#include <libxml/tree.h>

/* libvirt has no more slots. */
#define DIMMS_LIMIT 256

struct domain_dimm {
	char block[32];   /* its RAM block, as libvirt has QEMU name it */
	uint64_t address; /* guest-physical */
};

struct domain_dimms {
	unsigned count;
	struct domain_dimm list[DIMMS_LIMIT];
};

/* Reads those of <devices> whose slot and address are there. */
int domain_dimms_read(struct domain_dimms *dimms, const xmlNode *devices,
		      struct savetool_error *err);

#endif
