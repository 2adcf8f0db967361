/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A code and a sentence. */
#include "config.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *st_code_name(enum st_code code)
{
	switch (code) {
	case ST_OK:
		return "ok";
	case ST_USAGE:
		return "usage";
	case ST_SYSTEM:
		return "system";
	case ST_NOT_IMAGE:
		return "not-an-image";
	case ST_INCOMPLETE:
		return "incomplete";
	case ST_CORRUPT:
		return "corrupt";
	case ST_UNSUPPORTED:
		return "unsupported";
	case ST_REFUSED:
		return "refused";
	case ST_CANCELLED:
		return "cancelled";
	}
	return "unknown";
}

int fail(struct st_error *err, enum st_code code, const char *format, ...)
{
	va_list arguments;

	err->code = code;
	err->sys_errno = 0;
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return -1;
}

bool error_is_full(const struct st_error *err)
{
	return err->sys_errno == ENOSPC || err->sys_errno == EDQUOT;
}

int fail_errno(struct st_error *err, const char *format, ...)
{
	int saved = errno;
	va_list arguments;
	size_t used;

	err->sys_errno = saved;
	err->code = error_is_full(err) ? ST_REFUSED : ST_SYSTEM;
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
		 strerrordesc_np(saved) ? strerrordesc_np(saved) :
					  "unknown error");
	errno = saved;
	return -1;
}

int fail_memory(struct st_error *err)
{
	errno = ENOMEM;
	return fail_errno(err, "cannot allocate memory");
}

int fail_while(struct st_error *err, const char *format, ...)
{
	char context[sizeof(err->text)];
	char whole[2 * sizeof(err->text) + 3];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(context, sizeof(context), format, arguments);
	va_end(arguments);
	snprintf(whole, sizeof(whole), "%s: %s", context, err->text);
	memcpy(err->text, whole, sizeof(err->text));
	err->text[sizeof(err->text) - 1] = '\0';
	return -1;
}

int fail_full(struct st_error *err, uint64_t written, uint64_t expected)
{
	if (!error_is_full(err))
		return -1;
	/* What was expected may have left out headers and the like. */
	if (expected == ST_UNKNOWN || expected <= written)
		return fail_while(err,
				  "not enough room after %" PRIu64
				  " bytes, and no way to tell how many are "
				  "missing",
				  written);
	return fail_while(err,
			  "not enough room after %" PRIu64
			  " bytes, about %" PRIu64 " missing at most",
			  written, expected - written);
}

uint64_t error_offset(const struct st_error *err)
{
	static const char word[] = " byte ";
	const char *at = err->text;

	while ((at = strstr(at, word))) {
		at += sizeof(word) - 1;
		if (*at >= '0' && *at <= '9')
			return strtoull(at, NULL, 10);
	}
	return ST_UNKNOWN;
}

bool error_block(const struct st_error *err, char block[ERROR_BLOCK_SIZE])
{
	static const char front[] = "block '";
	const char *name = err->text + sizeof(front) - 1, *end;

	if (strncmp(err->text, front, sizeof(front) - 1) != 0)
		return false;
	end = strstr(name, "': ");
	if (!end || end - name >= ERROR_BLOCK_SIZE)
		return false;
	memcpy(block, name, end - name);
	block[end - name] = '\0';
	return true;
}
