/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which release this is. */
#include "config.h"

#include "savetool.h"

const char *savetool_version(void)
{
	return PACKAGE_VERSION;
}
