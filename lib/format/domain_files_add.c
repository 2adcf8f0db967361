/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of what a guest needs, and how it grows. */
#include "config.h"

#include "format/domain_files_internal.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>

int files_add(struct domain_files *files, const char *kind, char *text,
	      bool local, struct savetool_error *err)
{
	struct savetool_file *list;

	if (!text)
		return 0;
	list = reallocarray(files->list, files->count + 1, sizeof(*list));
	if (!list) {
		free(text);
		return fail_memory(err);
	}
	files->list = list;
	list[files->count++] = (struct savetool_file){
		.path = text,
		.kind = kind,
		.local = local && *text == '/',
	};
	return 0;
}

int files_add_text(struct domain_files *files, const char *kind,
		   const xmlNode *node, struct savetool_error *err)
{
	char *text;

	if (xml_text(&text, node, err) < 0)
		return -1;
	return files_add(files, kind, text, true, err);
}

int files_add_attribute(struct domain_files *files, const char *kind,
			const xmlNode *node, const char *name,
			struct savetool_error *err)
{
	char *text;

	if (xml_attribute(&text, node, name, err) < 0)
		return -1;
	return files_add(files, kind, text, true, err);
}

int files_add_named(struct domain_files *files, const char *kind,
		    const char *words[4], struct savetool_error *err)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s%s%s", words[0], words[1] ? words[1] : "?",
		     words[2], words[3] ? words[3] : "?") < 0)
		return fail_memory(err);
	return files_add(files, kind, text, false, err);
}

int files_add_pair(struct domain_files *files, const char *kind,
		   const xmlNode *node, const char *const names[2],
		   const char *before, const char *between,
		   struct savetool_error *err)
{
	cleanup_free char *first = NULL, *second = NULL;

	if (xml_attribute(&first, node, names[0], err) < 0 ||
	    xml_attribute(&second, node, names[1], err) < 0)
		return -1;
	if (!first && !second)
		return 0;
	return files_add_named(
		files, kind,
		(const char *[4]){ before, first, between, second }, err);
}

int files_add_single(struct domain_files *files, const char *kind,
		     const xmlNode *node, const char *name, const char *before,
		     struct savetool_error *err)
{
	cleanup_free char *value = NULL;

	if (xml_attribute(&value, node, name, err) < 0)
		return -1;
	if (!value)
		return 0;
	return files_add_named(files, kind,
			       (const char *[4]){ before, value, "", "" }, err);
}
