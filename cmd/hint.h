/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's hints in the words of the command line. */
#ifndef HINT_H
#define HINT_H

#include "savetool.h"

/* "use --force to replace it"; NULL if there is nothing to say. */
const char *hint_words(enum savetool_hint hint);

#endif
