/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any text as a vmdesc: it is parsed, and its configuration changed.  The
 * result must be a vmdesc, and the same change again must change nothing.
 */
#include "config.h"

#include "fuzz.h"

#include "format/vmdesc.h"

struct text {
	char *bytes;
	size_t size;
};

static bool set(struct text *to, const struct text *from, bool mapped)
{
	struct savetool_error err;

	return vmdesc_set_mapped(&to->bytes, &to->size, from->bytes, from->size,
				 mapped, &err) == 0;
}

static void require_like(const struct text *text, const struct vmdesc *like)
{
	struct vmdesc *vmdesc;
	struct savetool_error err;

	fuzz_require(vmdesc_parse(&vmdesc, text->bytes, text->size, &err) == 0);
	fuzz_require(vmdesc->count == like->count);
	fuzz_require(vmdesc->page_size == like->page_size);
	vmdesc_free(vmdesc);
}

static void change(const struct text *text, const struct vmdesc *vmdesc,
		   bool mapped)
{
	struct text once, twice;

	if (!set(&once, text, mapped))
		return;
	require_like(&once, vmdesc);
	fuzz_require(set(&twice, &once, mapped));
	fuzz_require(twice.size == once.size);
	fuzz_require(memcmp(twice.bytes, once.bytes, once.size) == 0);
	free(once.bytes);
	free(twice.bytes);
}

/* The length of the machine type's name, if it is there. */
static void rename_machine(const struct text *text, const struct vmdesc *vmdesc)
{
	struct text once, twice;
	struct savetool_error err;

	fuzz_require(vmdesc_set_machine(&once.bytes, &once.size, text->bytes,
					text->size, 123, &err) == 0);
	require_like(&once, vmdesc);
	fuzz_require(vmdesc_set_machine(&twice.bytes, &twice.size, once.bytes,
					once.size, 123, &err) == 0);
	fuzz_require(twice.size == once.size);
	fuzz_require(memcmp(twice.bytes, once.bytes, once.size) == 0);
	free(once.bytes);
	free(twice.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = { malloc(size + 1), size };
	struct vmdesc *vmdesc;
	struct savetool_error err;

	fuzz_require(text.bytes != NULL);
	memcpy(text.bytes, data, size);
	if (vmdesc_parse(&vmdesc, text.bytes, size, &err) == 0) {
		change(&text, vmdesc, false);
		change(&text, vmdesc, true);
		rename_machine(&text, vmdesc);
		vmdesc_free(vmdesc);
	}
	free(text.bytes);
	return 0;
}
