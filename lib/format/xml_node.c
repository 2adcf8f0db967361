/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements and attributes, over libxml2. */
#include "config.h"

#include "format/xml_node.h"

#include "base/error.h"

#include <string.h>

static void cleanup_xml_free_(xmlChar **text)
{
	xmlFree(*text);
}
#define cleanup_xml_free __attribute__((cleanup(cleanup_xml_free_)))

bool xml_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns &&
	       xmlStrEqual(node->name, BAD_CAST name);
}

xmlNode *xml_child(const xmlNode *parent, const char *name)
{
	if (!parent)
		return NULL;
	for (xmlNode *node = parent->children; node; node = node->next)
		if (xml_is(node, name))
			return node;
	return NULL;
}

static int keep(char **copy, const xmlChar *text, struct savetool_error *err)
{
	*copy = NULL;
	if (!text || !*text)
		return 0;
	*copy = strdup((const char *)text);
	return *copy ? 0 : fail_memory(err);
}

int xml_text(char **copy, const xmlNode *node, struct savetool_error *err)
{
	cleanup_xml_free xmlChar *text = NULL;

	if (node)
		text = xmlNodeGetContent(node);
	return keep(copy, text, err);
}

int xml_attribute(char **copy, const xmlNode *node, const char *name,
		  struct savetool_error *err)
{
	cleanup_xml_free xmlChar *text = NULL;

	if (node)
		text = xmlGetNoNsProp(node, BAD_CAST name);
	return keep(copy, text, err);
}

bool xml_says(const xmlNode *node, const char *name, const char *value)
{
	cleanup_xml_free xmlChar *text = NULL;

	if (node)
		text = xmlGetNoNsProp(node, BAD_CAST name);
	return text && xmlStrEqual(text, BAD_CAST value);
}
