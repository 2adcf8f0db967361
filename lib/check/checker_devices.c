/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings about the devices and their vmdesc. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "check/checker.h"
#include "format/section.h"

#include <inttypes.h>
#include <string.h>

/* Sorts devices by name and instance, then by offset. */
static int compare_devices(const void *a, const void *b)
{
	const struct savetool_device *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order != 0)
		return order;
	if (left->instance != right->instance)
		return left->instance < right->instance ? -1 : 1;
	return (left->offset > right->offset) - (left->offset < right->offset);
}

static int report_duplicates(const struct pass *pass,
			     struct savetool_error *err)
{
	const struct tail *tail = pass->tail;
	size_t size = tail->device_count * sizeof(struct savetool_device);
	cleanup_free struct savetool_device *devices = malloc(size + 1);

	if (!devices)
		return fail_memory(err);
	if (size > 0)
		memcpy(devices, tail->devices, size);
	qsort(devices, tail->device_count, sizeof(*devices), compare_devices);
	for (unsigned i = 1; i < tail->device_count; i++) {
		const struct savetool_device *device = &devices[i];
		const struct savetool_finding finding = {
			.code = "duplicate-device",
			.hint = SAVETOOL_HINT_COPY_AGAIN,
			.severity = SAVETOOL_PROBLEM,
			.section = device->name,
			.instance = device->instance,
			.offset = device->offset,
			.length = device->length,
		};

		if (strcmp(device[-1].name, device->name) != 0 ||
		    device[-1].instance != device->instance)
			continue;
		/* One is enough to distrust all; there may be a million. */
		return description_report(
			pass->image->description, &finding, err,
			"duplicate section of device '%s', instance %" PRIu32,
			device->name, device->instance);
	}
	return 0;
}

/* The first described device from *next on that belongs in the tail. */
static const struct vmdesc_device *next_described(const struct vmdesc *vmdesc,
						  unsigned *next)
{
	while (*next < vmdesc->count &&
	       section_is_early(vmdesc->devices[*next].name))
		++*next;
	return *next < vmdesc->count ? &vmdesc->devices[(*next)++] : NULL;
}

static bool names_same(const struct vmdesc_device *described,
		       const struct savetool_device *device)
{
	return described && described->instance == device->instance &&
	       strcmp(described->name, device->name) == 0;
}

/*
 * If a section's length differs from the vmdesc, it is more likely that bytes
 * were lost or added than that the vmdesc is wrong.
 */
static int report_differences(const struct pass *pass,
			      struct savetool_error *err)
{
	const struct tail *tail = pass->tail;
	struct savetool_finding finding = {
		.code = "vmdesc-differs",
		.hint = SAVETOOL_HINT_COPY_AGAIN,
		.severity = SAVETOOL_WARNING,
		.offset = tail->offset + tail->state_size,
		.length = tail->size - tail->state_size,
	};
	unsigned next = 0;

	for (unsigned i = 0; i < tail->device_count; i++) {
		const struct savetool_device *device = &tail->devices[i];
		const struct vmdesc_device *described =
			next_described(tail->vmdesc, &next);
		bool same = names_same(described, device);

		if (same && described->length == device->length)
			continue;
		if (same)
			finding.severity = SAVETOOL_PROBLEM;
		finding.section = device->name;
		finding.instance = device->instance;
		finding.offset = device->offset;
		finding.length = device->length;
		return description_report(
			pass->image->description, &finding, err,
			"the vmdesc does not match section '%s'", device->name);
	}
	if (!next_described(tail->vmdesc, &next))
		return 0;
	return description_report(
		pass->image->description, &finding, err,
		"the vmdesc lists sections that do not exist");
}

int report_in_devices(const struct checker *checker, struct savetool_error *err)
{
	const struct pass *pass = checker->pass;
	const struct tail *tail = pass->tail;
	struct savetool_finding finding = {
		.code = "no-vmdesc",
		.severity = SAVETOOL_NOTE,
		.offset = tail->offset + tail->state_size,
		.length = SAVETOOL_UNKNOWN,
	};

	if (report_duplicates(pass, err) < 0)
		return -1;
	if (tail->vmdesc)
		return report_differences(pass, err);
	if (tail->vmdesc_cut)
		return 0;
	if (!tail_is_opaque(tail))
		return description_report(
			pass->image->description, &finding, err,
			"no vmdesc: only the footers show where devices end");
	finding.code = "opaque-devices";
	finding.severity = SAVETOOL_WARNING;
	finding.offset = tail->offset;
	finding.length = tail->state_size;
	return description_report(
		pass->image->description, &finding, err,
		"neither vmdesc nor footers: it is unknown where devices end, "
		"and whether the image is complete");
}
