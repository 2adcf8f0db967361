/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings about sections that only some QEMU knows, or that lack memory. */
#include "config.h"

#include "inspect/findings_internal.h"

#include "inspect/run_state.h"

#include <stdio.h>
#include <string.h>

int report_proxmox(struct description *description,
		   const struct section *section, struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "proxmox-section",
		.hint = SAVETOOL_HINT_DROP_PROXMOX,
		.severity = SAVETOOL_NOTE,
		.section = section->name,
		.instance = section->instance,
		.offset = section->offset,
		.length = SAVETOOL_UNKNOWN,
	};

	return description_report(
		description, &finding, err,
		"saved by Proxmox VE: only its QEMU knows section '%s', and "
		"any other refuses to restore it",
		section->name);
}

static int report_devices_only(struct description *description,
			       struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "devices-only",
		.hint = SAVETOOL_HINT_XEN,
		.severity = SAVETOOL_NOTE,
		WHOLE,
	};

	return description_report(
		description, &finding, err,
		"only devices and no memory, as Xen's toolstack saves them");
}

/* Where it is, if the XML says so: "; the XML names '/a', '/b'". */
static void memory_files(char *text, size_t size,
			 const struct savetool_info *info)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < info->file_count && used < size; i++)
		if (strcmp(info->files[i].kind, "memory") == 0)
			used += (size_t)snprintf(
				text + used, size - used, "%s'%s'",
				used ? ", " : "; the XML names ",
				info->files[i].path);
}

static int report_elsewhere(struct description *description,
			    const struct savetool_block *block,
			    struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "memory-elsewhere",
		.hint = SAVETOOL_HINT_SAVE_WITHOUT_SHARED,
		.severity = SAVETOOL_PROBLEM,
		.block = block ? block->name : NULL,
		WHOLE,
	};
	char files[256];

	memory_files(files, sizeof(files), &description->info);
	return description_report(
		description, &finding, err,
		"saved with x-ignore-shared: %s in another file, without which "
		"this image cannot be restored%s",
		block ? "this memory is" : "shared memory is", files);
}

/* In mapped-ram, such a block has no slots; a sequential stream does not say.
 */
static int report_memory_elsewhere(struct description *description,
				   struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;
	bool named = false;

	for (size_t i = 0; i < info->block_count; i++) {
		if (info->blocks[i].pages_offset != 0)
			continue;
		named = true;
		if (report_elsewhere(description, &info->blocks[i], err) < 0)
			return -1;
	}
	return named ? 0 : report_elsewhere(description, NULL, err);
}

int report_lacking(struct description *description, struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;

	if (info->devices_only && report_devices_only(description, err) < 0)
		return -1;
	return info->memory_elsewhere ?
		       report_memory_elsewhere(description, err) :
		       0;
}

int report_run_state(struct description *description,
		     struct savetool_error *err)
{
	const struct savetool_info *info = &description->info;
	const struct savetool_finding finding = {
		.code = "suspended",
		.hint = SAVETOOL_HINT_WAKE,
		.severity = SAVETOOL_WARNING,
		.section = RUN_STATE_SECTION,
		WHOLE,
	};

	if (!info->run_state ||
	    strcmp(info->run_state, RUN_STATE_SUSPENDED) != 0)
		return 0;
	return description_report(
		description, &finding, err,
		"the guest was suspended to RAM when it was saved: it goes on "
		"sleeping after it is restored and resumed");
}
