/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills errors: a code, a sentence, a place, a hint. */
#include "config.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *savetool_code_name(enum savetool_code code)
{
	switch (code) {
	case SAVETOOL_OK:
		return "ok";
	case SAVETOOL_USAGE:
		return "usage";
	case SAVETOOL_SYSTEM:
		return "system";
	case SAVETOOL_NOT_IMAGE:
		return "not-an-image";
	case SAVETOOL_INCOMPLETE:
		return "incomplete";
	case SAVETOOL_CORRUPT:
		return "corrupt";
	case SAVETOOL_UNSUPPORTED:
		return "unsupported";
	case SAVETOOL_REFUSED:
		return "refused";
	case SAVETOOL_CANCELLED:
		return "cancelled";
	}
	return "unknown";
}

#define TEXT_SIZE sizeof(((struct savetool_error *)0)->text)

static void begin(struct savetool_error *err, enum savetool_code code,
		  uint64_t offset)
{
	err->code = code;
	err->sys_errno = 0;
	err->offset = offset;
	err->block[0] = '\0';
	err->page = SAVETOOL_UNKNOWN;
	err->hint = SAVETOOL_HINT_NONE;
}

int fail(struct savetool_error *err, enum savetool_code code,
	 const char *format, ...)
{
	va_list arguments;

	begin(err, code, SAVETOOL_UNKNOWN);
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return -1;
}

int fail_at(struct savetool_error *err, enum savetool_code code,
	    uint64_t offset, const char *format, ...)
{
	va_list arguments;

	begin(err, code, offset);
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return -1;
}

bool error_is_full(const struct savetool_error *err)
{
	return err->sys_errno == ENOSPC || err->sys_errno == EDQUOT;
}

/* Fills in a failed system call's errno and its text. */
static int add_errno(struct savetool_error *err, int number)
{
	const char *description = strerrordesc_np(number);
	size_t used = strlen(err->text);

	err->sys_errno = number;
	if (error_is_full(err))
		err->code = SAVETOOL_REFUSED;
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
		 description ? description : "unknown error");
	errno = number;
	return -1;
}

int fail_errno(struct savetool_error *err, const char *format, ...)
{
	int number = errno;
	va_list arguments;

	begin(err, SAVETOOL_SYSTEM, SAVETOOL_UNKNOWN);
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return add_errno(err, number);
}

int fail_errno_at(struct savetool_error *err, uint64_t offset,
		  const char *format, ...)
{
	int number = errno;
	va_list arguments;

	begin(err, SAVETOOL_SYSTEM, offset);
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return add_errno(err, number);
}

int fail_memory(struct savetool_error *err)
{
	errno = ENOMEM;
	return fail_errno(err, "cannot allocate memory");
}

static int put_in_front(struct savetool_error *err,
			const char context[TEXT_SIZE])
{
	char whole[2 * TEXT_SIZE + 3];

	snprintf(whole, sizeof(whole), "%s: %s", context, err->text);
	memcpy(err->text, whole, sizeof(err->text));
	err->text[sizeof(err->text) - 1] = '\0';
	return -1;
}

int fail_while(struct savetool_error *err, const char *format, ...)
{
	char context[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(context, sizeof(context), format, arguments);
	va_end(arguments);
	return put_in_front(err, context);
}

int fail_while_at(struct savetool_error *err, uint64_t offset,
		  const char *format, ...)
{
	char context[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(context, sizeof(context), format, arguments);
	va_end(arguments);
	if (err->offset == SAVETOOL_UNKNOWN)
		err->offset = offset;
	return put_in_front(err, context);
}

int fail_in_block(struct savetool_error *err, const char *block)
{
	if (err->block[0] == '\0')
		snprintf(err->block, sizeof(err->block), "%s", block);
	return -1;
}

int fail_about_page(struct savetool_error *err, const char *block,
		    uint64_t page)
{
	if (err->page == SAVETOOL_UNKNOWN)
		err->page = page;
	return fail_in_block(err, block);
}

int fail_hint(struct savetool_error *err, enum savetool_hint hint)
{
	if (err->hint == SAVETOOL_HINT_NONE)
		err->hint = hint;
	return -1;
}

int fail_as(struct savetool_error *err, enum savetool_code code,
	    const char *format, ...)
{
	char more[TEXT_SIZE];
	va_list arguments;
	size_t used = strlen(err->text), length;

	va_start(arguments, format);
	vsnprintf(more, sizeof(more), format, arguments);
	va_end(arguments);
	length = strlen(more);
	if (used > sizeof(err->text) - 1 - length)
		used = sizeof(err->text) - 1 - length;
	memcpy(err->text + used, more, length + 1);
	err->code = code;
	return -1;
}

int fail_full(struct savetool_error *err, uint64_t written, uint64_t expected)
{
	if (!error_is_full(err))
		return -1;
	/* The expected size may not include headers and the like. */
	if (expected == SAVETOOL_UNKNOWN || expected <= written)
		return fail_while(err,
				  "not enough space after %" PRIu64
				  " bytes, and it is unknown how many more are "
				  "needed",
				  written);
	return fail_while(err,
			  "not enough space after %" PRIu64
			  " bytes, at most about %" PRIu64 " more are needed",
			  written, expected - written);
}
