/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which snapshot of a qcow2 file is meant. */
#include "config.h"

#include "outer/qcow2.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* Enough to recognise which file it is; inspect shows all of them. */
#define NAMES_SIZE 200

static bool is_any(const struct savetool_snapshot *snapshot, const char *name)
{
	(void)snapshot;
	(void)name;
	return true;
}

static bool has_name(const struct savetool_snapshot *snapshot, const char *name)
{
	return strcmp(snapshot->name, name) == 0;
}

static bool has_id(const struct savetool_snapshot *snapshot, const char *name)
{
	return strcmp(snapshot->id, name) == 0;
}

struct found {
	unsigned all, with_state;
	unsigned first; /* with VM state */
};

static struct found look_for(const struct qcow2 *qcow2,
			     bool (*fits)(const struct savetool_snapshot *,
					  const char *),
			     const char *name)
{
	struct found found = { 0 };

	for (unsigned i = 0; i < qcow2->count; i++) {
		if (!fits(&qcow2->snapshots[i], name))
			continue;
		found.all++;
		if (qcow2->snapshots[i].vm_state_size > 0 &&
		    found.with_state++ == 0)
			found.first = i;
	}
	return found;
}

/* "'a', 'b' and 7 more"; one without a name is called by its id. */
static void list_names(char names[NAMES_SIZE], const struct qcow2 *qcow2,
		       unsigned count)
{
	size_t used = 0;
	unsigned listed = 0;

	*names = '\0';
	for (unsigned i = 0; i < qcow2->count; i++) {
		const struct savetool_snapshot *snapshot = &qcow2->snapshots[i];
		const char *name =
			*snapshot->name ? snapshot->name : snapshot->id;

		if (snapshot->vm_state_size == 0)
			continue;
		/* The rest is for "and so many more". */
		if (used + strlen(name) + 4 > NAMES_SIZE - 24) {
			snprintf(names + used, NAMES_SIZE - used, "%s%u more",
				 listed ? " and " : "", count - listed);
			return;
		}
		used += (size_t)snprintf(names + used, NAMES_SIZE - used,
					 "%s'%s'", listed ? ", " : "", name);
		listed++;
	}
}

static int fail_several(struct savetool_error *err, const struct qcow2 *qcow2,
			unsigned count)
{
	char names[NAMES_SIZE];

	list_names(names, qcow2, count);
	fail(err, SAVETOOL_USAGE, "qcow2 file with %u saved guests: %s", count,
	     names);
	return fail_hint(err, SAVETOOL_HINT_NAME_INNER);
}

static int fail_missing(struct savetool_error *err, const struct qcow2 *qcow2,
			const char *name)
{
	unsigned count = look_for(qcow2, is_any, NULL).with_state;
	char names[NAMES_SIZE];

	list_names(names, qcow2, count);
	return fail(err, SAVETOOL_USAGE, "qcow2 file has no snapshot '%s'%s%s",
		    name, count > 0 ? ", but " : "", names);
}

static int fail_no_state(struct savetool_error *err)
{
	return fail(err, SAVETOOL_NOT_IMAGE,
		    "not a save image, but a qcow2 disk image without VM "
		    "state; qemu-img reads it");
}

static int choose_named(unsigned *index, const struct qcow2 *qcow2,
			const char *name, struct savetool_error *err)
{
	struct found found = look_for(qcow2, has_name, name);

	if (found.all == 0)
		found = look_for(qcow2, has_id, name);
	if (found.all == 0)
		return fail_missing(err, qcow2, name);
	if (found.with_state == 0)
		return fail(err, SAVETOOL_NOT_IMAGE,
			    "snapshot '%s' of the qcow2 file has no VM state",
			    name);
	if (found.with_state > 1)
		return fail(err, SAVETOOL_USAGE,
			    "qcow2 file with %u snapshots '%s'; an id is "
			    "unique",
			    found.with_state, name);
	*index = found.first;
	return 0;
}

int qcow2_choose(unsigned *index, const struct qcow2 *qcow2, const char *name,
		 struct savetool_error *err)
{
	struct found found;

	if (name)
		return choose_named(index, qcow2, name, err);
	found = look_for(qcow2, is_any, NULL);
	if (found.with_state == 0)
		return fail_no_state(err);
	if (found.with_state > 1)
		return fail_several(err, qcow2, found.with_state);
	*index = found.first;
	return 0;
}
