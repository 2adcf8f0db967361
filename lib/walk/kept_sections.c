/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps sections that come before the devices. */
#include "config.h"

#include "walk/kept_sections.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static int keep_bytes(struct kept_sections *sections,
		      struct kept_section *section, const struct iovec *iov,
		      struct savetool_error *err)
{
	bool gap = section->kept < section->length;
	uint8_t *grown;

	XXH3_128bits_update(section->sum, iov->iov_base, iov->iov_len);
	section->length += iov->iov_len;
	if (gap || sections->kept + iov->iov_len > KEPT_BYTES ||
	    iov->iov_len == 0)
		return 0;
	grown = realloc(section->bytes, section->kept + iov->iov_len);
	if (!grown)
		return fail_memory(err);
	memcpy(grown + section->kept, iov->iov_base, iov->iov_len);
	section->bytes = grown;
	section->kept += iov->iov_len;
	sections->kept += iov->iov_len;
	return 0;
}

static int add_bytes(struct output *out, struct iovec *iov, unsigned count,
		     uint64_t offset, struct savetool_error *err)
{
	struct kept_sections *sections =
		(void *)((char *)out - offsetof(struct kept_sections, payload));

	(void)offset;
	for (unsigned i = 0; i < count; i++)
		if (keep_bytes(sections, &sections->list[sections->current],
			       &iov[i], err) < 0)
			return -1;
	return 0;
}

static const struct output_ops payload_ops = { .write_at = add_bytes };

static int add(struct kept_sections *sections, const struct section *section,
	       struct savetool_error *err)
{
	struct kept_section *grown = reallocarray(
		sections->list, sections->count + 1, sizeof(*grown));
	struct kept_section *kept;

	if (!grown)
		return fail_memory(err);
	sections->list = grown;
	kept = &grown[sections->count++];
	*kept = (struct kept_section){
		.name = strdup(section->name),
		.instance = section->instance,
		.version = section->version,
		.type = section->type,
		.offset = section->offset,
		.sum = XXH3_createState(),
	};
	if (!kept->name || !kept->sum)
		return fail_memory(err);
	XXH3_128bits_reset(kept->sum);
	return 0;
}

const struct kept_section *kept_sections_find(
	const struct kept_sections *sections, const char *name,
	uint32_t instance)
{
	for (unsigned i = 0; i < sections->count; i++)
		if (sections->list[i].instance == instance &&
		    strcmp(sections->list[i].name, name) == 0)
			return &sections->list[i];
	return NULL;
}

int kept_sections_add(struct kept_sections *sections,
		      const struct section *section, struct output **copy_to,
		      struct savetool_error *err)
{
	const struct kept_section *kept =
		kept_sections_find(sections, section->name, section->instance);
	uint8_t type = section->type;

	if (kept) {
		sections->current = kept - sections->list;
	} else {
		if (add(sections, section, err) < 0)
			return -1;
		sections->current = sections->count - 1;
	}
	XXH3_128bits_update(sections->list[sections->current].sum, &type, 1);
	sections->payload.ops = &payload_ops;
	*copy_to = &sections->payload;
	return 0;
}

void kept_sections_free(struct kept_sections *sections)
{
	for (unsigned i = 0; i < sections->count; i++) {
		free(sections->list[i].name);
		free(sections->list[i].bytes);
		XXH3_freeState(sections->list[i].sum);
	}
	free(sections->list);
	*sections = (struct kept_sections){ .count = 0 };
}
