/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of digests, as the command digest prints it. */
#ifndef DIGEST_LIST_H
#define DIGEST_LIST_H

#include "savetool.h"

struct digest_list {
	size_t count;
	char (*digests)[SAVETOOL_DIGEST_TEXT]; /* in lower case */
	const char **names;
	uint64_t malformed; /* lines that are not like that */
};

/*
 * Reads lines of 64 hexadecimal digits, two blanks (or a blank and an asterisk)
 * and a name.  Empty lines and those that start with a number sign are ignored.
 * "-" is standard input.  Release it even if this fails.
 */
int digest_list_read(struct digest_list *list, const char *path,
		     struct savetool_error *err);
void digest_list_release(struct digest_list *list);

#endif
