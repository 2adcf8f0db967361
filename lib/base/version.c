/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The version of the library. */
#include "config.h"

#include "savetool.h"

const char *savetool_version(void)
{
	return PACKAGE_VERSION;
}
