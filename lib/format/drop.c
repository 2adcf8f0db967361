/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the sections that a copy is to leave out. */
#include "config.h"

#include "format/drop.h"

#include "base/error.h"
#include "base/nearest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names may have slashes themselves: "0000:00:04.0/virtio-blk". */
static bool is_meant(const char *word, const char *name, uint32_t instance)
{
	size_t length = strlen(name);
	char number[16];

	if (strncmp(word, name, length) != 0)
		return false;
	if (word[length] == '\0')
		return true;
	snprintf(number, sizeof(number), "/%" PRIu32, instance);
	return strcmp(word + length, number) == 0;
}

int drop_init(struct drop *drop, const char *const *words, size_t count,
	      struct savetool_error *err)
{
	*drop = (struct drop){ .words = words, .count = count };
	for (size_t i = 0; i < count; i++) {
		if (words[i][0] == '\0')
			return fail(
				err, SAVETOOL_USAGE,
				"the name of a section to leave out is empty");
		if (is_meant(words[i], RAM_SECTION, 0))
			return fail(
				err, SAVETOOL_USAGE,
				"section '%s' is memory and cannot be left out",
				RAM_SECTION);
	}
	drop->found = calloc(count + 1, sizeof(*drop->found));
	return drop->found ? 0 : fail_memory(err);
}

void drop_release(struct drop *drop)
{
	free(drop->found);
	drop->found = NULL;
}

bool drop_takes(const struct drop *drop, const char *name, uint32_t instance)
{
	for (size_t i = 0; drop && i < drop->count; i++)
		if (is_meant(drop->words[i], name, instance))
			return true;
	return false;
}

void drop_restart(struct drop *drop)
{
	for (size_t i = 0; i < drop->count; i++)
		drop->found[i] = 0;
}

void drop_see(struct drop *drop, const char *name, uint32_t instance)
{
	for (size_t i = 0; i < drop->count; i++)
		drop->found[i] += is_meant(drop->words[i], name, instance);
}

static int fail_unknown(const char *word, const struct stream *stream,
			const struct tail *tail, struct savetool_error *err)
{
	struct nearest nearest;
	char text[NEAREST_TEXT];

	if (tail_is_opaque(tail))
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "no section '%s' before the devices, and nothing "
			    "states which devices there are",
			    word);
	nearest_begin(&nearest, word);
	for (unsigned i = 0; i < stream->started_count; i++)
		if (!section_is_ram(&stream->started[i]))
			nearest_try(&nearest, stream->started[i].name);
	for (unsigned i = 0; i < tail->device_count; i++)
		nearest_try(&nearest, tail->devices[i].name);
	return fail(err, SAVETOOL_USAGE, "no section '%s'%s%s", word,
		    nearest_text(&nearest, "", text) ? "; " : "", text);
}

/* The devices' ends were only guessed if no vmdesc states them. */
static int check_ends(const struct drop *drop, const struct tail *tail,
		      struct savetool_error *err)
{
	for (unsigned i = 0; !tail->described && i < tail->device_count; i++)
		if (drop_takes(drop, tail->devices[i].name,
			       tail->devices[i].instance))
			return fail_at(err, SAVETOOL_UNSUPPORTED,
				       tail->devices[i].offset,
				       "section '%s' cannot be left out: no "
				       "vmdesc states where it ends",
				       tail->devices[i].name);
	return 0;
}

int drop_check(struct drop *drop, const struct stream *stream,
	       const struct tail *tail, struct savetool_error *err)
{
	for (unsigned i = 0; i < tail->device_count; i++)
		drop_see(drop, tail->devices[i].name,
			 tail->devices[i].instance);
	for (size_t i = 0; i < drop->count; i++) {
		if (drop->found[i] == 0)
			return fail_unknown(drop->words[i], stream, tail, err);
		if (drop->found[i] > 1)
			return fail(err, SAVETOOL_USAGE,
				    "%u sections '%s': add the instance of one "
				    "of them, as in '%s/0'",
				    drop->found[i], drop->words[i],
				    drop->words[i]);
	}
	return check_ends(drop, tail, err);
}
