/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any file as a qcow2 file: the VM state of a snapshot is read, and what is a
 * hole of it is zero.
 */
#include "config.h"

#include "fuzz.h"

#include "base/zero.h"
#include "outer/qcow2.h"

#define SNAPSHOTS 4
#define EXTENTS 200
#define PIECE 8192

/* Reading it twice, in other pieces, gives the same. */
static void read_extent(struct input *state, const struct extent *extent)
{
	uint8_t data[PIECE], again[PIECE];
	size_t size = extent->length < PIECE ? extent->length : PIECE;
	size_t got, part;
	struct savetool_error err;

	if (input_read_all(state, data, size, extent->offset, &got, &err) < 0)
		return;
	fuzz_require(got == size);
	fuzz_require(!extent->hole || is_zero(data, got));
	if (input_read_at(state, again, size / 2, extent->offset + size / 3,
			  &part, &err) == 0)
		fuzz_require(memcmp(again, data + size / 3, part) == 0);
}

static void read_state(struct input *state)
{
	uint64_t at = 0;
	struct extent extent;
	struct savetool_error err;

	for (unsigned i = 0; i < EXTENTS && at < state->size; i++) {
		if (input_extent(state, at, &extent, &err) < 0)
			return;
		fuzz_require(extent.offset == at && extent.length > 0);
		fuzz_require(extent.length <= state->size - at);
		read_extent(state, &extent);
		at += extent.length;
	}
}

static void look_at(const struct qcow2 *qcow2, struct input *in)
{
	unsigned index;
	struct savetool_error err;
	struct input *state;

	if (qcow2_choose(&index, qcow2, NULL, &err) == 0)
		fuzz_require(qcow2->snapshots[index].vm_state_size > 0);
	for (unsigned i = 0; i < qcow2->count && i < SNAPSHOTS; i++) {
		qcow2_choose(&index, qcow2, qcow2->snapshots[i].name, &err);
		if (qcow2_open_state(&state, qcow2, i, in, &err) < 0)
			continue;
		read_state(state);
		input_close(state);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qcow2 *qcow2;
	struct savetool_error err;
	struct input *in;

	fuzz_require(input_open_memory(&in, data, size, &err) == 0);
	if (qcow2_is_head(data, size) && qcow2_read(&qcow2, in, &err) == 0) {
		look_at(qcow2, in);
		qcow2_free(qcow2);
	}
	input_close(in);
	return 0;
}
