/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a file has besides its content: owner, permissions, attributes, times.
 */
#ifndef IO_ATTRIBUTES_H
#define IO_ATTRIBUTES_H

#include "savetool.h"

/*
 * Gives the file the owner, mode, ACL, extended attributes and times of
 * another, as far as that is permitted and the file system can; the times only
 * if asked to.  The file must have mode 0600.  It never becomes more readable
 * than the other.  Nothing is copied from anything but a regular file.
 */
int attributes_copy(int fd, int like, bool times, struct savetool_error *err);

#endif
