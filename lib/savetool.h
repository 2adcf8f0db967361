/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsavetool: reads, describes and converts the save images of libvirt and
 * QEMU, without either of them.
 *
 * Everywhere: functions return 0, or -1 with *err filled; err may not be NULL
 * and is the last parameter.  Out-parameters are written on success only.
 * Offsets and lengths are in bytes.  Text is UTF-8 as the image has it, not
 * escaped.  A handle belongs to one thread at a time.  Nothing here prints,
 * exits, or reads the environment.
 *
 * Options start with the size of their struct, set to its sizeof; all others
 * are 0, false or NULL by default, and so are all for options that are NULL.
 * These structs only ever grow, so that a program and a library of different
 * releases understand each other: what the program does not know is 0, and
 * what the library does not know has to be, or it is SAVETOOL_USAGE.  All other
 * structs are as long as the library's major version has them.
 *
 * Options with direct leave the kernel's page cache alone: files are read and
 * written past it where they can be, and of the rest it keeps nothing.
 */
#ifndef SAVETOOL_H
#define SAVETOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is not known has this value. */
#define SAVETOOL_UNKNOWN UINT64_MAX

/* "0.1.0" */
const char *savetool_version(void);

/* In this order, each with what the next ones need. */
/* clang-format off */
#include "savetool/hint.h"
#include "savetool/error.h"
#include "savetool/monitor.h"
#include "savetool/info.h"
#include "savetool/image.h"
#include "savetool/check.h"
#include "savetool/size.h"
#include "savetool/digest.h"
#include "savetool/map.h"
#include "savetool/convert.h"
#include "savetool/compact.h"
#include "savetool/sparsify.h"
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
