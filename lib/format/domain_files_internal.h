/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the readers of a domain XML add what they find. */
#ifndef FORMAT_DOMAIN_FILES_INTERNAL_H
#define FORMAT_DOMAIN_FILES_INTERNAL_H

#include "format/domain_files.h"
#include "format/xml_node.h"

/* Takes over the text; NULL adds nothing.  local: it is a path of this host. */
int files_add(struct domain_files *files, const char *kind, char *text,
	      bool local, struct savetool_error *err);

/* A path that is an element's text or attribute; NULL adds nothing. */
int files_add_text(struct domain_files *files, const char *kind,
		   const xmlNode *node, struct savetool_error *err);
int files_add_attribute(struct domain_files *files, const char *kind,
			const xmlNode *node, const char *name,
			struct savetool_error *err);

/* "volume pool/name" and the like; what the XML leaves out is "?". */
int files_add_named(struct domain_files *files, const char *kind,
		    const char *words[4], struct savetool_error *err);

/* The same, of two attributes of an element. */
int files_add_pair(struct domain_files *files, const char *kind,
		   const xmlNode *node, const char *const names[2],
		   const char *before, const char *between,
		   struct savetool_error *err);

/* The same, of one: "mdev UUID". */
int files_add_single(struct domain_files *files, const char *kind,
		     const xmlNode *node, const char *name, const char *before,
		     struct savetool_error *err);

/* Four attributes that are numbers: "pci 0000:01:00.0". */
int files_add_pci(struct domain_files *files, const char *kind,
		  const xmlNode *address, struct savetool_error *err);

/* What a device that is no disk needs of the host, if that is what it is. */
int files_add_host_device(struct domain_files *files, const xmlNode *node,
			  struct savetool_error *err);

#endif
