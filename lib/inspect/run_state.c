/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The section of QEMU that holds the guest's run state.  Source, as facts:
 * migration/global_state.c.
 */
#include "config.h"

#include "inspect/run_state.h"

#include <string.h>

/* A be32 with the length of the name, which nothing uses, and the name. */
enum {
	NAME = 4,
	HAS_SUSPENDED = NAME + RUN_STATE_SIZE, /* since QEMU 9.0 */
	WAS_SUSPENDED,
	KNOWN_SIZE,
};

/* Lower-case letters and dashes, then a NUL. */
static bool is_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz-");

	return length > 0 && name[length] == '\0';
}

static const struct savetool_device *find(const struct tail *tail)
{
	for (unsigned i = 0; i < tail->device_count; i++) {
		const struct savetool_device *device = &tail->devices[i];

		if (strcmp(device->name, RUN_STATE_SECTION) == 0 &&
		    device->length != SAVETOOL_UNKNOWN &&
		    device->length >= KNOWN_SIZE)
			return device;
	}
	return NULL;
}

int run_state_read(char state[RUN_STATE_SIZE], const struct tail *tail,
		   struct savetool_error *err)
{
	const struct savetool_device *device = find(tail);
	char data[KNOWN_SIZE], name[RUN_STATE_SIZE + 1] = "";

	*state = '\0';
	if (!device)
		return 0;
	if (input_read_exactly(tail->in, data, sizeof(data),
			       device_state(device), err) < 0)
		return -1;
	memcpy(name, data + NAME, RUN_STATE_SIZE);
	if (!is_name(name) || strlen(name) >= RUN_STATE_SIZE)
		return 0;
	if (data[HAS_SUSPENDED] == 1 && data[WAS_SUSPENDED] == 1)
		strcpy(name, RUN_STATE_SUSPENDED);
	strcpy(state, name);
	return 0;
}
