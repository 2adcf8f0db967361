/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file has beside its bytes: who may read it, and since when it is. */
#ifndef IO_ATTRIBUTES_H
#define IO_ATTRIBUTES_H

#include "savetool.h"

/*
 * Gives the file, of mode 0600 and so far its maker's alone, the owner, mode,
 * ACL, extended attributes and times of another, as far as that is permitted
 * and the file system can.  It never becomes more readable than the other.
 * Of what is no regular file, nothing is taken.
 */
int likeness_copy(int fd, int like, struct savetool_error *err);

#endif
