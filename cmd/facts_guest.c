/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts about the guest: what it is, and what it needs to be restored. */
#include "config.h"

#include "facts_internal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void show_hardware(struct report *report,
			  const struct savetool_guest *guest)
{
	char memory[REPORT_SIZE_TEXT] = "", vcpus[32] = "", text[128];

	if (guest->memory != SAVETOOL_UNKNOWN)
		report_size_text(guest->memory, memory);
	if (guest->vcpus != SAVETOOL_UNKNOWN)
		snprintf(vcpus, sizeof(vcpus), "%" PRIu64 " vCPU%s",
			 guest->vcpus, guest->vcpus == 1 ? "" : "s");
	snprintf(text, sizeof(text), "%s%s%s%s%.40s", memory,
		 *memory && *vcpus ? ", " : "", vcpus,
		 (*memory || *vcpus) && guest->arch ? ", " : "",
		 guest->arch ? guest->arch : "");
	report_text(report, NULL, "hardware", *text ? text : NULL);
}

static void file_text(const struct savetool_file *file, char *text, size_t size)
{
	bool missing = file->exists_known && !file->exists;
	bool plain = strcmp(file->kind, "disk") == 0;

	snprintf(text, size, "%s%s%s%s%s%s", file->path,
		 plain && !missing ? "" : " (", plain ? "" : file->kind,
		 !plain && missing ? ", " : "", missing ? "not here" : "",
		 plain && !missing ? "" : ")");
}

/* JSON lists the paths, and then those that are missing. */
static void show_files(struct report *report, const struct savetool_info *info)
{
	const char **missing = calloc(info->file_count + 1, sizeof(*missing));
	size_t count = 0;

	report_words(report, "files", NULL, info->guest->files);
	for (size_t i = 0; i < info->file_count; i++) {
		const struct savetool_file *file = &info->files[i];
		char text[PATH_MAX + 64];

		file_text(file, text, sizeof(text));
		report_text(report, NULL, i ? "" : "files", text);
		if (missing && file->exists_known && !file->exists)
			missing[count++] = file->path;
	}
	report_words(report, "missing-files", NULL, missing);
	free(missing);
}

/* A row for each, since what is on other hosts has no path. */
void facts_needed(struct report *report, const struct savetool_info *info)
{
	if (report_is_text(report) || !info->guest)
		return;
	report_table(report, "needed", NULL, "");
	for (size_t i = 0; i < info->file_count; i++) {
		const struct savetool_file *file = &info->files[i];

		report_row(report);
		report_text(report, "kind", NULL, file->kind);
		report_text(report, file->local ? "path" : "name", NULL,
			    file->path);
		if (file->exists_known)
			report_flag(report, "exists", NULL, file->exists);
	}
	report_close(report);
}

void facts_guest(struct report *report, const struct savetool_info *info,
		 bool verbose)
{
	const struct savetool_guest *guest = info->guest;

	if (!guest)
		return;
	report_section(report, "guest", "guest");
	report_text(report, "name", "name", guest->name);
	report_text(report, "uuid", "uuid", guest->uuid);
	show_hardware(report, guest);
	report_text(report, "arch", NULL, guest->arch);
	report_text(report, "machine", label_if(verbose, "machine"),
		    guest->machine);
	report_text(report, "cpu", "cpu", guest->cpu);
	report_bytes(report, "memory", NULL, guest->memory);
	report_number(report, "vcpus", NULL, guest->vcpus);
	show_files(report, info);
	if (info->header)
		report_text(report, NULL, "on restore",
			    info->header->was_running ? "runs" :
							"stays paused");
	report_close(report);
}

/* "QEMU 5.1 to 11.0"; "" of what is not known. */
static void qemu_text(const struct savetool_info *info, char *text, size_t size)
{
	const char *first = info->needs_qemu, *last = info->last_qemu;

	*text = '\0';
	if (info->vendor)
		snprintf(text, size, "QEMU of %s%s%s%s", info->vendor,
			 first ? ", " : "", first ? first : "",
			 first ? " or newer" : "");
	else if (first && last)
		snprintf(text, size, "QEMU %s to %s", first, last);
	else if (first)
		snprintf(text, size, "QEMU %s or newer", first);
}

/* What holds for newer releases of QEMU only. */
static void show_newer_needs(struct report *report,
			     const struct savetool_info *info)
{
	if (!info->newer_qemu)
		return;
	report_line(report, "libvirt %s or newer with QEMU %s or newer",
		    info->newer_libvirt, info->newer_qemu);
	if (report_is_text(report))
		return;
	report_section(report, "newer", NULL);
	report_text(report, "qemu", NULL, info->newer_qemu);
	report_text(report, "libvirt", NULL, info->newer_libvirt);
	report_close(report);
}

void facts_needs(struct report *report, const struct savetool_info *info)
{
	const char *libvirt = info->needs_libvirt;
	char qemu[128];

	qemu_text(info, qemu, sizeof(qemu));
	if (!libvirt && !*qemu && !info->newer_qemu)
		return;
	report_section(report, "restores-with", "restores with");
	report_text(report, "libvirt", NULL, libvirt);
	report_text(report, "qemu", NULL, info->needs_qemu);
	report_text(report, "qemu-last", NULL, info->last_qemu);
	report_text(report, "vendor", NULL, info->vendor);
	if (libvirt || *qemu)
		report_line(report, "%s%s%s%s", libvirt ? "libvirt " : "",
			    libvirt ? libvirt : "",
			    !libvirt ? "" :
			    *qemu    ? " or newer, " :
				       " or newer",
			    qemu);
	show_newer_needs(report, info);
	report_close(report);
}
