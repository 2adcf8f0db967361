/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which releases of QEMU and libvirt can restore an image. */
#include "config.h"

#include "inspect/describe_internal.h"

#include <stdio.h>
#include <string.h>

/* "9.0" for "pc-i440fx-9.0"; NULL if the machine type has no version. */
static const char *machine_version(const char *machine)
{
	const char *dash = machine ? strrchr(machine, '-') : NULL;
	unsigned major, minor;
	int end;

	if (!dash || sscanf(dash + 1, "%u.%u%n", &major, &minor, &end) != 2 ||
	    dash[1 + end] != '\0')
		return NULL;
	return dash + 1;
}

static bool is_later(const char *version, unsigned major, unsigned minor)
{
	unsigned its_major, its_minor;

	sscanf(version, "%u.%u", &its_major, &its_minor);
	return its_major > major || (its_major == major && its_minor > minor);
}

void describe_releases(struct savetool_info *info)
{
	info->needs_qemu = machine_version(info->machine);
	if (info->layout == SAVETOOL_LAYOUT_MAPPED_RAM &&
	    !(info->needs_qemu && is_later(info->needs_qemu, 9, 0)))
		info->needs_qemu = "9.0";
	if (!info->libvirt || info->header->version == 3)
		return;
	if (info->format == SAVETOOL_FORMAT_SPARSE)
		info->needs_libvirt = "11.2.0";
	else if (info->format == SAVETOOL_FORMAT_ZSTD)
		info->needs_libvirt = "10.4.0";
}
