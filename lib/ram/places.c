/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the parts of RAM blocks go in an output. */
#include "config.h"

#include "ram/places.h"

#include "base/error.h"

#include <stdlib.h>

int ram_places_add(struct ram_places *places, const struct ram_place *place,
		   struct savetool_error *err)
{
	if (place->length == 0)
		return 0;
	if (places->count == places->space) {
		size_t space = places->space ? places->space * 2 : 16;
		struct ram_place *list =
			reallocarray(places->list, space, sizeof(*list));

		if (!list)
			return fail_memory(err);
		places->list = list;
		places->space = space;
	}
	places->list[places->count++] = *place;
	return 0;
}

/* The part of a place from one address to another, which may be empty. */
static struct ram_place part(const struct ram_place *place, uint64_t from,
			     uint64_t until)
{
	uint64_t end = place->to + place->length;
	struct ram_place rest = *place;

	if (from < place->to)
		from = place->to;
	if (until > end)
		until = end;
	rest.offset += from - place->to;
	rest.to = from;
	rest.length = from < until ? until - from : 0;
	return rest;
}

int ram_places_cut(struct ram_places *places, uint64_t to, uint64_t length,
		   struct savetool_error *err)
{
	size_t count = places->count, kept = 0;
	struct ram_place before, after;

	for (size_t i = 0; i < count; i++) {
		before = part(&places->list[i], 0, to);
		after = part(&places->list[i], to + length, UINT64_MAX);
		if (before.length > 0 && after.length > 0 &&
		    ram_places_add(places, &after, err) < 0)
			return -1;
		if (before.length > 0)
			places->list[kept++] = before;
		else if (after.length > 0)
			places->list[kept++] = after;
	}
	/* Those that were added while looking. */
	for (size_t i = count; i < places->count; i++)
		places->list[kept++] = places->list[i];
	places->count = kept;
	return 0;
}

int ram_places_cover(struct ram_places *places, const struct ram_place *place,
		     struct savetool_error *err)
{
	if (ram_places_cut(places, place->to, place->length, err) < 0)
		return -1;
	return ram_places_add(places, place, err);
}

int ram_places_fill(struct ram_places *places, const struct ram_place *place,
		    struct savetool_error *err)
{
	struct ram_places rest = { 0 };
	int failed = ram_places_add(&rest, place, err);

	for (size_t i = 0; !failed && i < places->count; i++)
		failed = ram_places_cut(&rest, places->list[i].to,
					places->list[i].length, err);
	for (size_t i = 0; !failed && i < rest.count; i++)
		failed = ram_places_add(places, &rest.list[i], err);
	ram_places_free(&rest);
	return failed;
}

static int compare(const void *one, const void *other)
{
	const struct ram_place *a = one, *b = other;

	return a->to < b->to ? -1 : a->to > b->to;
}

void ram_places_sort(struct ram_places *places)
{
	size_t kept = 0;

	if (places->count == 0)
		return;
	qsort(places->list, places->count, sizeof(*places->list), compare);
	for (size_t i = 1; i < places->count; i++) {
		struct ram_place *last = &places->list[kept];
		const struct ram_place *next = &places->list[i];

		if (last->block == next->block &&
		    last->to + last->length == next->to &&
		    last->offset + last->length == next->offset)
			last->length += next->length;
		else
			places->list[++kept] = *next;
	}
	places->count = kept + 1;
}

uint64_t ram_places_end(const struct ram_places *places)
{
	uint64_t end = 0;

	for (size_t i = 0; i < places->count; i++)
		if (places->list[i].to + places->list[i].length > end)
			end = places->list[i].to + places->list[i].length;
	return end;
}

void ram_places_free(struct ram_places *places)
{
	free(places->list);
	*places = (struct ram_places){ 0 };
}
