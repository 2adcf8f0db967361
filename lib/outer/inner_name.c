/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FILE::NAME, split. */
#include "config.h"

#include "outer/inner_name.h"

#include "base/error.h"

#include <string.h>
#include <sys/stat.h>

#define BETWEEN "::"

static bool exists(const char *path)
{
	struct stat found;

	return strcmp(path, "-") == 0 || lstat(path, &found) == 0;
}

/* "nbd://[::1]/a::b"; a URI can have "%3A" for a colon that is its own. */
static void split_uri(struct inner_name *name, char *host)
{
	char *after = *host == '[' ? strchr(host, ']') : host;
	char *between = after ? strstr(after, BETWEEN) : NULL;

	if (!between)
		return;
	*between = '\0';
	name->inner = between + strlen(BETWEEN);
}

int inner_name_split(struct inner_name *name, const char *path,
		     struct savetool_error *err)
{
	char *file = strdup(path);
	char *between = file, *scheme;

	if (!file)
		return fail_memory(err);
	name->file = file;
	name->inner = NULL;
	if (exists(file))
		return 0;
	scheme = strstr(file, "://");
	if (scheme) {
		split_uri(name, scheme + strlen("://"));
		return 0;
	}
	while ((between = strstr(between, BETWEEN))) {
		*between = '\0';
		if (exists(file)) {
			name->inner = between + strlen(BETWEEN);
			return 0;
		}
		*between = BETWEEN[0];
		between++;
	}
	return 0;
}

int inner_name_require_none(const char *path, struct savetool_error *err)
{
	cleanup_inner_name struct inner_name name = { 0 };

	if (inner_name_split(&name, path, err) < 0)
		return -1;
	if (!name.inner)
		return 0;
	fail(err, SAVETOOL_UNSUPPORTED,
	     "an image in another file can only be read");
	return fail_hint(err, SAVETOOL_HINT_CONVERT);
}

char *savetool_file_of(const char *path)
{
	struct inner_name name;
	struct savetool_error err;

	return inner_name_split(&name, path, &err) < 0 ? NULL : name.file;
}
