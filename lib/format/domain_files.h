/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files and devices that a guest needs beside its image. */
#ifndef FORMAT_DOMAIN_FILES_H
#define FORMAT_DOMAIN_FILES_H

#include "savetool.h"

#include <libxml/tree.h>

/* Zeroed when new.  The texts are its own; whether they exist is not asked. */
struct domain_files {
	struct savetool_file *list;
	size_t count;
};

/* Adds what the <domain> names, in its order. */
int domain_files_read(struct domain_files *files, const xmlNode *domain,
		      struct savetool_error *err);
void domain_files_release(struct domain_files *files);

#endif
