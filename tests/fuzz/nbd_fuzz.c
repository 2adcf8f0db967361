/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An NBD server that does what the second half of the bytes says, and a client
 * that does what the first half says.  Whatever succeeds is right.
 */
#include "config.h"

#include "fuzz.h"

#include "io/input_nbd.h"
#include "io/output_nbd.h"

#include "nbd_server.h"

#define UNIT 512
#define DISK_MOST ((size_t)4 << 20)
#define OUT_MOST ((size_t)1 << 20)
#define PIECE_MOST ((size_t)600 << 10)

struct script {
	const uint8_t *bytes;
	size_t size;
};

static uint8_t disk[DISK_MOST], expected[DISK_MOST], piece[PIECE_MOST];

static unsigned next(struct script *script)
{
	if (script->size == 0)
		return 0;
	script->size--;
	return *script->bytes++;
}

/* Up to a number; small ones are likelier. */
static size_t number(struct script *script, size_t most)
{
	size_t n = next(script) << 16 | next(script) << 8 | next(script);

	return (n >> next(script) % 24) % (most + 1);
}

/* Units of data and of zeros, as the bits of a byte say. */
static void fill(uint8_t *bytes, size_t size, unsigned pattern)
{
	for (size_t at = 0; at < size; at += UNIT) {
		size_t part = size - at < UNIT ? size - at : UNIT;
		bool data = pattern >> (at / UNIT / 3) % 8 & 1;

		memset(bytes + at, data ? 1 + (int)(at / UNIT) % 255 : 0, part);
	}
}

/* The piece is that part of what is expected.  What was left out is zero. */
static void check_bytes(uint64_t offset, size_t size,
			const struct nbd_server *server)
{
	const uint8_t *right = expected + offset;

	if (server->lied || memcmp(piece, right, size) == 0)
		return;
	fuzz_require(server->omitted);
	for (size_t i = 0; i < size; i++)
		fuzz_require(piece[i] == right[i] || piece[i] == 0);
}

static void check_extent(struct input *in, uint64_t offset,
			 const struct nbd_server *server)
{
	struct extent extent;
	struct savetool_error err;

	if (input_extent(in, offset, &extent, &err) < 0 || server->lied)
		return;
	fuzz_require(extent.offset == offset && extent.length > 0);
	fuzz_require(extent.length <= in->size - offset);
	for (uint64_t at = 0; extent.hole && at < extent.length; at += UNIT)
		fuzz_require(expected[offset + at] == 0);
}

static void check_read(struct input *in, uint64_t offset, size_t size,
		       const struct nbd_server *server)
{
	struct savetool_error err;
	size_t got;

	if (input_read_at(in, piece, size, offset, &got, &err) < 0)
		return;
	fuzz_require(got <= size && (got > 0 || size == 0));
	check_bytes(offset, got, server);
}

/* Forwards, or at any place. */
static void read_from(struct savetool_connection *connection,
		      struct script *script, const struct nbd_server *server)
{
	struct savetool_error err;
	struct input *in;
	uint64_t at = 0;

	fuzz_require(input_open_nbd(&in, connection, &err) == 0);
	while (script->size > 0) {
		unsigned what = next(script);
		size_t size = 1 + number(script, PIECE_MOST - 1);

		if (what % 4 == 0)
			at = number(script, in->size - 1);
		if (at >= in->size)
			at = 0;
		if (size > in->size - at)
			size = in->size - at;
		if (what % 4 == 1)
			check_extent(in, at, server);
		else
			check_read(in, at, size, server);
		at += what & 0x10 ? size : 0;
	}
	input_close(in);
}

/* What was written can be read back, except for the first bytes. */
static bool read_again(struct output *out, size_t at, size_t length,
		       const struct nbd_server *server)
{
	struct savetool_error err;

	if (output_read_at(out, piece, length, at, &err) < 0)
		return false;
	if (at >= OUTPUT_LAST)
		check_bytes(at, length, server);
	return true;
}

/* False: it has failed. */
static bool write_piece(struct output *out, struct script *script, size_t size,
			uint64_t *end, const struct nbd_server *server)
{
	unsigned what = next(script);
	size_t at = number(script, size - 1);
	size_t length = 1 + number(script, size - at - 1);
	struct savetool_error err;

	if (length > PIECE_MOST)
		length = PIECE_MOST;
	if (what % 4 == 0) {
		if (at + length > *end || at < OUTPUT_LAST)
			return true;
		memset(expected + at, 0, length);
		return output_punch(out, at, length, &err) == 0;
	}
	if (what % 4 == 1 && at + length <= *end)
		return read_again(out, at, length, server);
	fill(piece, length, what);
	memcpy(expected + at, piece, length);
	if (at + length > *end)
		*end = at + length;
	return output_write_at(out, piece, length, at, &err) == 0;
}

/* After a commit that succeeded, the disk has what was written, and zeros. */
static void write_to(struct savetool_connection *connection,
		     struct script *script, size_t size,
		     const struct nbd_server *server)
{
	const struct output_nbd_options options = {
		.force = true,
		.withhold = next(script) & 1,
	};
	bool good = true;
	struct savetool_error err;
	struct output *out;
	uint64_t end = 0;

	memset(expected, 0, size);
	if (output_open_nbd(&out, connection, &options, &err) < 0)
		return;
	while (good && script->size > 0)
		good = write_piece(out, script, size, &end, server);
	if (good && end >= OUTPUT_LAST && next(script) == 0) {
		memset(expected, 'l', OUTPUT_LAST);
		good = output_write_last(out, expected, OUTPUT_LAST, 0, &err) ==
		       0;
	}
	out->position = end;
	good = good && output_commit(out, &err) == 0;
	output_close(out);
	if (good && !server->lied)
		fuzz_require(memcmp(disk, expected, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script script = { data, size / 2 };
	struct nbd_server server = {
		.disk = disk,
		.script = data + size / 2,
		.script_size = size - size / 2,
	};
	struct savetool_connection *connection;
	unsigned what = next(&script);
	bool writes = what & 1;
	struct savetool_error err;

	server.size = 1 + number(&script, (writes ? OUT_MOST : DISK_MOST) - 1);
	server.flags = 1 | (what & (NBD_CAN_FLUSH | NBD_CAN_ZERO));
	server.structured = what & 2;
	fill(disk, server.size, next(&script));
	memcpy(expected, disk, server.size);
	if (savetool_connect(&connection, nbd_server_start(&server), NULL,
			     &err) == 0) {
		if (writes)
			write_to(connection, &script, server.size, &server);
		else
			read_from(connection, &script, &server);
		savetool_disconnect(connection);
	}
	nbd_server_stop(&server);
	return 0;
}
