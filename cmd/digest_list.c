/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a list of digests. */
#include "config.h"

#include "digest_list.h"

#include "memory.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS (SAVETOOL_DIGEST_TEXT - 1)

static void add(struct digest_list *list, const char *line)
{
	size_t count = list->count;

	if ((count & (count + 1)) == 0) {
		size_t room = 2 * (count + 1);

		list->digests = must(reallocarray(list->digests, room,
						  sizeof(*list->digests)));
		list->names = must(
			reallocarray(list->names, room, sizeof(*list->names)));
	}
	for (size_t i = 0; i < DIGITS; i++)
		list->digests[count][i] = (char)tolower((unsigned char)line[i]);
	list->digests[count][DIGITS] = '\0';
	list->names[count] = must(strdup(line + DIGITS + 2));
	list->count++;
}

static bool is_good(const char *line)
{
	if (strspn(line, "0123456789abcdefABCDEF") != DIGITS)
		return false;
	return line[DIGITS] == ' ' &&
	       (line[DIGITS + 1] == ' ' || line[DIGITS + 1] == '*') &&
	       line[DIGITS + 2];
}

static void read_lines(struct digest_list *list, FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	while ((length = getline(&line, &room, file)) > 0) {
		if (line[length - 1] == '\n')
			line[--length] = '\0';
		if (length > 0 && line[length - 1] == '\r')
			line[--length] = '\0';
		if (length == 0 || *line == '#')
			continue;
		if (strlen(line) == (size_t)length && is_good(line))
			add(list, line);
		else
			list->malformed++;
	}
	free(line);
}

static int fail_file(const char *path, const char *what,
		     struct savetool_error *err)
{
	*err = (struct savetool_error){
		.code = SAVETOOL_SYSTEM,
		.sys_errno = errno,
		.offset = SAVETOOL_UNKNOWN,
		.page = SAVETOOL_UNKNOWN,
	};
	snprintf(err->text, sizeof(err->text), "cannot %s '%.256s': %s", what,
		 path, strerror(err->sys_errno));
	return -1;
}

int digest_list_read(struct digest_list *list, const char *path,
		     struct savetool_error *err)
{
	bool from_stdin = strcmp(path, "-") == 0;
	FILE *file = from_stdin ? stdin : fopen(path, "re");
	int result = 0;

	*list = (struct digest_list){ .count = 0 };
	if (!file)
		return fail_file(path, "open", err);
	errno = 0;
	read_lines(list, file);
	if (ferror(file))
		result = fail_file(path, "read", err);
	if (!from_stdin)
		fclose(file);
	return result;
}

void digest_list_release(struct digest_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((char *)list->names[i]);
	free(list->names);
	free(list->digests);
}
