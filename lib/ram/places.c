/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the parts of RAM blocks go in an output. */
#include "config.h"

#include "ram/places.h"

#include "base/error.h"

#include <stdlib.h>

int ram_places_add(struct ram_places *places, const struct ram_place *place,
		   struct savetool_error *err)
{
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

void ram_places_free(struct ram_places *places)
{
	free(places->list);
	*places = (struct ram_places){ 0 };
}
