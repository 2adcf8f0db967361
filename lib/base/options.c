/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes option structs of any version. */
#include "config.h"

#include "base/options.h"

#include "base/error.h"
#include "base/zero.h"

#include <string.h>

/* No option struct is larger. */
#define SIZE_LIMIT 4096

int options_take(void *options, size_t size, const void *given,
		 struct savetool_error *err)
{
	size_t given_size = size;

	memset(options, 0, size);
	if (given)
		memcpy(&given_size, given, sizeof(given_size));
	if (given_size < sizeof(given_size) || given_size > SIZE_LIMIT)
		return fail(err, SAVETOOL_USAGE,
			    "size of the options is not set: %zu", given_size);
	if (given_size > size &&
	    !is_zero((const char *)given + size, given_size - size))
		return fail(err, SAVETOOL_USAGE,
			    "options that this version of libsavetool does not "
			    "know");
	if (given)
		memcpy(options, given, given_size < size ? given_size : size);
	memcpy(options, &size, sizeof(size));
	return 0;
}
