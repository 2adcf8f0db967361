/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsavetool: reads, describes and converts the save images of libvirt and
 * QEMU, without needing either of them.
 *
 * Rules that hold for every function: it returns 0, or -1 with *err filled.
 * err is the last parameter and must not be NULL.  Out-parameters are written
 * on success only, unless a function says otherwise.  Offsets and lengths are
 * in bytes.  Text is UTF-8 as found in the image, not escaped.  A handle may be
 * used by one thread at a time.  Nothing here prints, exits, or reads the
 * environment.
 *
 * A function whose name ends in _close or _free releases what the function
 * before it returned, with all strings and arrays in it; NULL is fine.  Strings
 * and structs that a caller passes stay the caller's, and need not outlive the
 * call unless a function says so.
 *
 * err->code says what kind of failure it is.  Whatever reads an image can fail
 * with SAVETOOL_SYSTEM, _NOT_IMAGE, _INCOMPLETE, _CORRUPT and _UNSUPPORTED, and
 * with SAVETOOL_CANCELLED if a monitor is given.  What writes can also fail
 * with SAVETOOL_REFUSED: there is not enough space, the destination exists and
 * force is not set, or state would be lost.  Functions name only what is
 * special.
 *
 * An option struct starts with its own size; set it to the struct's sizeof.
 * Every other field defaults to 0, false or NULL, and a NULL pointer to options
 * means all defaults.  Option structs only ever grow, so that a program and a
 * library of different releases work together: fields that the program does not
 * know are 0.  Fields that the library does not know must be 0, otherwise the
 * call fails with SAVETOOL_USAGE.  All other structs keep their size within a
 * major version of the library.
 *
 * The option direct bypasses the kernel's page cache where possible; whatever
 * had to go through it is dropped from it afterwards.
 */
#ifndef SAVETOOL_H
#define SAVETOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The value of a number that is not known. */
#define SAVETOOL_UNKNOWN UINT64_MAX

/* "0.1.0" */
const char *savetool_version(void);

/* The order matters: each needs those before it. */
/* clang-format off */
#include "savetool/hint.h"
#include "savetool/error.h"
#include "savetool/monitor.h"
#include "savetool/connection.h"
#include "savetool/snapshot.h"
#include "savetool/info.h"
#include "savetool/image.h"
#include "savetool/check.h"
#include "savetool/size.h"
#include "savetool/digest.h"
#include "savetool/map.h"
#include "savetool/convert.h"
#include "savetool/extract.h"
#include "savetool/compact.h"
#include "savetool/sparsify.h"
#include "savetool/xml.h"
#include "savetool/compare.h"
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
