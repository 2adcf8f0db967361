/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes a domain XML in its text, so that every other byte stays as libvirt
 * wrote it.
 */
#ifndef FORMAT_DOMAIN_EDIT_H
#define FORMAT_DOMAIN_EDIT_H

#include "savetool.h"

/*
 * Copies the XML with another machine type; *edited is the caller's to free.
 * If it states none, it is copied as it is.  As domain_xml_parse() if it cannot
 * be read; SAVETOOL_UNSUPPORTED if the type is not where libvirt writes it.
 */
int domain_xml_set_machine(char **edited, const char *xml, const char *machine,
			   struct savetool_error *err);

#endif
