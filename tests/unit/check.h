/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmocka, with what its header needs before it, and what every test here
 * needs beside it.
 */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include "savetool.h"

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

/* A test; its name says what holds. */
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

/* The call has gone well. */
#define assert_ok(call, err)                                                   \
	do {                                                                   \
		if ((call) != 0)                                               \
			fail_test("%s: %s", #call, (err).text);                \
	} while (0)

/* The call has failed in this way, with this sentence. */
#define assert_fails(call, err, expected_code, expected_text)                  \
	do {                                                                   \
		assert_int_equal(call, -1);                                    \
		assert_string_equal((err).text, expected_text);                \
		assert_int_equal((err).code, expected_code);                   \
	} while (0)

#endif
