/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which releases of QEMU and libvirt can restore an image. */
#include "config.h"

#include "inspect/describe_internal.h"

#include "base/error.h"
#include "inspect/machine.h"

/* The first with mapped-ram. */
#define QEMU_MAPPED_RAM "9.0"

/*
 * From this one on QEMU refuses a plain file as "fd:", which is how libvirt
 * gave it a raw image; the first libvirt that does not.
 */
#define QEMU_NO_FILE "11.0"
#define LIBVIRT_NO_FILE "12.1.0"

static int keep(struct description *description, const char **release,
		const char *text, struct savetool_error *err)
{
	if (!*text)
		return 0;
	*release = description_keep(description, text);
	return *release ? 0 : fail_memory(err);
}

static void describe_libvirt(struct savetool_info *info)
{
	if (!info->libvirt || info->header->version == 3)
		return;
	if (info->format == SAVETOOL_FORMAT_SPARSE) {
		info->needs_libvirt = "11.2.0";
	} else if (info->format == SAVETOOL_FORMAT_ZSTD) {
		info->needs_libvirt = "10.4.0";
	} else if (info->format == SAVETOOL_FORMAT_RAW && info->stream_known) {
		if (info->needs_qemu &&
		    machine_compare(info->needs_qemu, QEMU_NO_FILE) >= 0) {
			info->needs_libvirt = LIBVIRT_NO_FILE;
		} else if (!info->last_qemu ||
			   machine_compare(info->last_qemu, QEMU_NO_FILE) >=
				   0) {
			info->newer_qemu = QEMU_NO_FILE;
			info->newer_libvirt = LIBVIRT_NO_FILE;
		}
	}
}

int describe_releases(struct description *description,
		      struct savetool_error *err)
{
	struct savetool_info *info = &description->info;
	struct machine_releases releases;
	const char *machine = info->machine;

	/* Old types write none; what is no stream needs no QEMU. */
	if (!machine && info->stream_known && info->guest)
		machine = info->guest->machine;
	machine_releases(&releases, machine);
	info->vendor = releases.vendor;
	if (keep(description, &info->needs_qemu, releases.first, err) < 0 ||
	    keep(description, &info->last_qemu, releases.last, err) < 0)
		return -1;
	if (info->layout == SAVETOOL_LAYOUT_MAPPED_RAM &&
	    !(info->needs_qemu &&
	      machine_compare(info->needs_qemu, QEMU_MAPPED_RAM) > 0))
		info->needs_qemu = QEMU_MAPPED_RAM;
	describe_libvirt(info);
	return 0;
}
