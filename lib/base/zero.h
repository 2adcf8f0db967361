/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Are these bytes all zero? */
#ifndef BASE_ZERO_H
#define BASE_ZERO_H

#include <stdbool.h>
#include <stddef.h>

bool is_zero(const void *data, size_t size);

#endif
