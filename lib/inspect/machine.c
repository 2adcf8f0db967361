/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Versioned machine types: when they came, and when they were removed. */
#include "config.h"

#include "inspect/machine.h"

#include <stdio.h>
#include <string.h>

struct release {
	unsigned major, minor, micro;
};

/* "10.0" or "4.0.1", and nothing after it. */
static bool parse(struct release *release, const char *text)
{
	int end = 0;

	*release = (struct release){ 0, 0, 0 };
	if (*text < '0' || *text > '9')
		return false;
	if (sscanf(text, "%3u.%3u%n", &release->major, &release->minor, &end) !=
	    2)
		return false;
	if (text[end] == '.') {
		text += end + 1;
		end = 0;
		if (sscanf(text, "%3u%n", &release->micro, &end) != 1)
			return false;
	}
	return text[end] == '\0';
}

static int compare(const struct release *a, const struct release *b)
{
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	return (a->micro > b->micro) - (a->micro < b->micro);
}

int machine_compare(const char *release, const char *other)
{
	struct release a, b;

	parse(&a, release);
	parse(&b, other);
	return compare(&a, &b);
}

/* QEMU's families with versions; the newest types are removed by a rule. */
static const char *const families[] = { "pc-i440fx", "pc-q35", "virt",
					"pseries", "s390-ccw-virtio" };

/*
 * Those that the rule met too late.  Sources: docs/about/removed-features of
 * QEMU 6.0 to 9.1; the rest is in 10.0.2 and not in 10.1.  What is in no line
 * went earlier, nobody here knows when.
 */
static const struct removal {
	const char *family;
	struct release from, to;
	const char *last;
} removals[] = {
	{ "pc", { 1, 0, 0 }, { 1, 3, 0 }, "5.2" },
	{ "pc-i440fx", { 1, 4, 0 }, { 1, 7, 0 }, "8.1" },
	{ "pc-i440fx", { 2, 0, 0 }, { 2, 3, 0 }, "9.0" },
	{ "pc-i440fx", { 2, 4, 0 }, { 4, 1, 0 }, "10.0" },
	{ "pc-q35", { 2, 4, 0 }, { 4, 1, 0 }, "10.0" },
	{ "virt", { 2, 6, 0 }, { 4, 1, 0 }, "10.0" },
	{ "pseries", { 3, 0, 0 }, { 4, 1, 0 }, "10.0" },
	{ "s390-ccw-virtio", { 2, 9, 0 }, { 4, 1, 0 }, "10.0" },
};

static const struct release first_ruled = { 4, 2, 0 };

static bool is_family(const char *name, size_t length, const char *family)
{
	return strlen(family) == length && memcmp(name, family, length) == 0;
}

static bool is_known(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (is_family(name, length, families[i]))
			return true;
	return is_family(name, length, "pc");
}

/*
 * A type a.b is removed from a+6.b on (QEMU: include/hw/core/boards.h), and a
 * year has three releases: .0, .1 and .2.
 */
static void rule(char last[MACHINE_RELEASE], const struct release *release)
{
	if (release->minor > 0)
		snprintf(last, MACHINE_RELEASE, "%u.%u", release->major + 6,
			 release->minor - 1);
	else
		snprintf(last, MACHINE_RELEASE, "%u.2", release->major + 5);
}

static void find_last(char last[MACHINE_RELEASE], const char *family,
		      size_t length, const struct release *release)
{
	if (compare(release, &first_ruled) >= 0) {
		rule(last, release);
		return;
	}
	for (size_t i = 0; i < sizeof(removals) / sizeof(*removals); i++)
		if (is_family(family, length, removals[i].family) &&
		    compare(release, &removals[i].from) >= 0 &&
		    compare(release, &removals[i].to) <= 0)
			strcpy(last, removals[i].last);
}

static bool starts(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* By what follows the family: "rhel9.4.0", "jammy", "noble-v2", "6.2+pve0". */
static const char *vendor(const char *version)
{
	static const char *const ubuntu[] = {
		"trusty", "utopic", "vivid",   "wily",     "xenial", "yakkety",
		"zesty",  "artful", "bionic",  "cosmic",   "disco",  "eoan",
		"focal",  "groovy", "hirsute", "impish",   "jammy",  "kinetic",
		"lunar",  "mantic", "noble",   "oracular", "plucky",
	};
	const char *plus = strchr(version, '+');

	if (starts(version, "rhel"))
		return "Red Hat";
	if (plus && starts(plus, "+pve"))
		return "Proxmox";
	for (size_t i = 0; i < sizeof(ubuntu) / sizeof(*ubuntu); i++) {
		size_t length = strlen(ubuntu[i]);

		if (starts(version, ubuntu[i]) &&
		    (version[length] == '\0' || version[length] == '-'))
			return "Ubuntu";
	}
	return NULL;
}

void machine_releases(struct machine_releases *releases, const char *machine)
{
	const char *dash;
	struct release release;

	*releases = (struct machine_releases){ .vendor = NULL };
	if (!machine)
		return;
	/* RHEL 6 had no family in its names. */
	if (starts(machine, "rhel"))
		releases->vendor = "Red Hat";
	for (dash = strchr(machine, '-'); dash; dash = strchr(dash + 1, '-')) {
		size_t length = (size_t)(dash - machine);

		if (!is_known(machine, length))
			continue;
		if (!parse(&release, dash + 1)) {
			releases->vendor = vendor(dash + 1);
			if (releases->vendor)
				return;
			continue;
		}
		if (strlen(dash + 1) < MACHINE_RELEASE)
			strcpy(releases->first, dash + 1);
		find_last(releases->last, machine, length, &release);
		return;
	}
}

/* How long the family is that the name starts with; 0: none that is known. */
static size_t family_length(const char *machine)
{
	const char *dash = strchr(machine, '-');
	size_t length = 0;

	for (; dash; dash = strchr(dash + 1, '-'))
		if (is_known(machine, (size_t)(dash - machine)) && dash[1])
			length = (size_t)(dash - machine);
	return length;
}

bool machine_is_related(const char *machine, const char *other)
{
	size_t length = family_length(machine);

	return length > 0 && length == family_length(other) &&
	       memcmp(machine, other, length) == 0;
}
