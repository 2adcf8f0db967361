/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmocka, with what its header needs before it, and what every test here needs
 * besides.
 */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include "savetool.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The library has a function of this name. */
#undef fail

/* A test; its name says what must be true. */
#define TEST(name) static void name(void **state __attribute__((unused)))

/* Ends the test as failed, with a reason. */
#define fail_test(...)                                                         \
	do {                                                                   \
		print_error(__VA_ARGS__);                                      \
		print_error("\n");                                             \
		_fail(__FILE__, __LINE__);                                     \
	} while (0)

/* Ends the test as skipped, with a reason. */
#define skip_test(...)                                                         \
	do {                                                                   \
		print_message(__VA_ARGS__);                                    \
		print_message("\n");                                           \
		skip();                                                        \
	} while (0)

/* The call must succeed. */
#define assert_ok(call, err)                                                   \
	do {                                                                   \
		if ((call) != 0)                                               \
			fail_test("%s: %s", #call, (err).text);                \
	} while (0)

/* Appends a part of a place, in brackets. */
#define add_part(text, more, ...)                                              \
	do {                                                                   \
		size_t used_ = strlen(text);                                   \
                                                                               \
		used_ += snprintf(text + used_, sizeof(text) - used_, "%s",    \
				  (more) ? ", " : " (");                       \
		snprintf(text + used_, sizeof(text) - used_, __VA_ARGS__);     \
		(more) = true;                                                 \
	} while (0)

/*
 * The sentence with its place, which is in fields of its own: "image ends
 * (block 'm0', page 3, at byte 7)".  Valid until the next call.
 */
static inline const char *placed_text(const struct savetool_error *err)
{
	static char text[2 * sizeof(err->text)];
	bool placed = false;

	snprintf(text, sizeof(text), "%s", err->text);
	if (err->block[0])
		add_part(text, placed, "block '%s'", err->block);
	if (err->page != SAVETOOL_UNKNOWN)
		add_part(text, placed, "page %" PRIu64, err->page);
	if (err->offset != SAVETOOL_UNKNOWN)
		add_part(text, placed, "at byte %" PRIu64, err->offset);
	if (placed)
		strcat(text, ")");
	return text;
}

/* The call has failed in this way, with this sentence and place. */
#define assert_fails(call, err, expected_code, expected_text)                  \
	do {                                                                   \
		assert_int_equal(call, -1);                                    \
		assert_string_equal(placed_text(&(err)), expected_text);       \
		assert_int_equal((err).code, expected_code);                   \
	} while (0)

#endif
