/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of the elements of a domain XML. */
#ifndef FORMAT_XML_NODE_H
#define FORMAT_XML_NODE_H

#include "savetool.h"

#include <libxml/tree.h>

/* Is this an element of libvirt's own, not of some extension? */
bool xml_is(const xmlNode *node, const char *name);

/* The first child element of that name, or NULL.  parent may be NULL. */
xmlNode *xml_child(const xmlNode *parent, const char *name);

/*
 * Copies the text of an element, or of an attribute.  No element, nothing and
 * the empty string give NULL.
 */
int xml_text(char **copy, const xmlNode *node, struct savetool_error *err);
int xml_attribute(char **copy, const xmlNode *node, const char *name,
		  struct savetool_error *err);

/* Has it an attribute with exactly that value? */
bool xml_says(const xmlNode *node, const char *name, const char *value);

#endif
