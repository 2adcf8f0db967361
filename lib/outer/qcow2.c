/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of a qcow2 file, and its table of snapshots. */
#include "config.h"

#include "outer/qcow2.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>

#define HEADER_V2 72
#define HEADER_V3 104

#define CLUSTER_BITS_LEAST 9
#define CLUSTER_BITS_MOST 21
#define CLUSTER_BITS_EXTENDED 14 /* the least, for 32 subclusters */

#define DIRTY (1u << 0) /* only reference counts are wrong */
#define CORRUPT (1u << 1)
#define EXTERNAL_DATA (1u << 2)
#define COMPRESSION (1u << 3)
#define EXTENDED_L2 (1u << 4)

#define ENTRY 40        /* fixed bytes of a snapshot */
#define EXTRA_MOST 1024 /* QEMU: QCOW_MAX_SNAPSHOT_EXTRA_DATA */
#define EXTRA_KNOWN 16  /* bytes that concern us */
#define ENTRY_ALIGN 8

static bool is_cluster_size(uint32_t bits)
{
	return bits >= CLUSTER_BITS_LEAST && bits <= CLUSTER_BITS_MOST;
}

bool qcow2_is_head(const uint8_t *head, size_t size)
{
	return size >= HEADER_V2 && memcmp(head, "QFI\373", 4) == 0 &&
	       get_be32(head + 4) >= 2 && is_cluster_size(get_be32(head + 20));
}

bool qcow2_has_snapshots(const uint8_t *head)
{
	return get_be32(head + 60) > 0;
}

static int refuse(struct qcow2 *qcow2, const char *what)
{
	return fail(&qcow2->refused, SAVETOOL_UNSUPPORTED, "qcow2 file %s",
		    what);
}

/* What version 2 does not have is 0 there. */
static int read_features(struct qcow2 *qcow2, const uint8_t *header,
			 uint8_t compression, struct savetool_error *err)
{
	uint64_t features = get_be64(header + 72);
	const uint64_t known =
		DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION | EXTENDED_L2;

	qcow2->corrupt = features & CORRUPT;
	qcow2->extended_l2 = features & EXTENDED_L2;
	qcow2->zstd = (features & COMPRESSION) && compression == 1;
	if (qcow2->extended_l2 && qcow2->cluster_bits < CLUSTER_BITS_EXTENDED)
		return fail(err, SAVETOOL_CORRUPT,
			    "qcow2 file has subclusters in clusters of %u "
			    "bytes",
			    1u << qcow2->cluster_bits);
	if (features & ~known)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "qcow2 file has unknown features (0x%" PRIx64 ")",
			    features & ~known);
	if (features & EXTERNAL_DATA)
		refuse(qcow2, "keeps its data in another file");
	if ((features & COMPRESSION) && compression > 1)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "qcow2 file has an unknown kind of compression "
			    "(%u)",
			    compression);
	return 0;
}

static int read_header(struct qcow2 *qcow2, uint8_t header[HEADER_V3 + 1],
		       struct input *in, struct savetool_error *err)
{
	uint32_t length = HEADER_V2;

	if (input_read_exactly(in, header, HEADER_V2, 0, err) < 0)
		return -1;
	qcow2->version = get_be32(header + 4);
	if (qcow2->version > 3)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "qcow2 file of version %" PRIu32, qcow2->version);
	if (qcow2->version == 3) {
		if (input_read_exactly(in, header, HEADER_V3, 0, err) < 0)
			return -1;
		length = get_be32(header + 100);
		if (length < HEADER_V3)
			return fail_at(err, SAVETOOL_CORRUPT, 100,
				       "qcow2 header has %" PRIu32 " bytes",
				       length);
	}
	if (length > HEADER_V3 &&
	    input_read_exactly(in, header + HEADER_V3, 1, HEADER_V3, err) < 0)
		return -1;
	qcow2->cluster_bits = get_be32(header + 20);
	if (!is_cluster_size(qcow2->cluster_bits))
		return fail_at(err, SAVETOOL_CORRUPT, 20,
			       "qcow2 file has clusters of 2^%" PRIu32 " bytes",
			       qcow2->cluster_bits);
	qcow2->disk_size = get_be64(header + 24);
	if (get_be32(header + 32) != 0)
		refuse(qcow2, "is encrypted");
	return read_features(qcow2, header, header[HEADER_V3], err);
}

/* In the memory after fixed; both texts end at their first NUL. */
static int read_names(struct savetool_snapshot *snapshot, struct input *in,
		      uint64_t at, size_t id_size, size_t name_size,
		      struct savetool_error *err)
{
	char *text = calloc(1, id_size + name_size + 2);

	if (!text)
		return fail_memory(err);
	snapshot->id = text;
	snapshot->name = text + id_size + 1;
	if (input_read_exactly(in, text, id_size, at, err) < 0)
		return -1;
	return input_read_exactly(in, text + id_size + 1, name_size,
				  at + id_size, err);
}

static int check_table(const struct qcow2_l1 *l1, const struct qcow2 *qcow2,
		       uint64_t at, struct savetool_error *err)
{
	if (l1->entries > QCOW2_L1_MOST)
		return fail_at(err, SAVETOOL_UNSUPPORTED, at,
			       "snapshot with a table of %" PRIu32 " entries",
			       l1->entries);
	if (l1->offset > INT64_MAX / 2 ||
	    l1->offset % (1u << qcow2->cluster_bits) != 0)
		return fail_at(err, SAVETOOL_CORRUPT, at,
			       "snapshot whose table is at byte %" PRIu64,
			       l1->offset);
	return 0;
}

/* Reads the one at *at, and makes that the next one's. */
static int read_snapshot(struct qcow2 *qcow2, struct input *in, uint64_t *at,
			 struct savetool_error *err)
{
	struct savetool_snapshot *snapshot = &qcow2->snapshots[qcow2->count];
	struct qcow2_l1 *l1 = &qcow2->l1[qcow2->count];
	uint8_t fixed[ENTRY], extra[EXTRA_KNOWN];
	uint32_t extra_size;
	size_t known, id_size, name_size;

	if (input_read_exactly(in, fixed, ENTRY, *at, err) < 0)
		return -1;
	*l1 = (struct qcow2_l1){ get_be64(fixed), get_be32(fixed + 8) };
	id_size = get_be16(fixed + 12);
	name_size = get_be16(fixed + 14);
	*snapshot = (struct savetool_snapshot){
		.seconds = get_be32(fixed + 16),
		.nanoseconds = get_be32(fixed + 20),
		.guest_time = get_be64(fixed + 24),
		.vm_state_size = get_be32(fixed + 32),
		.disk_size = qcow2->disk_size,
	};
	extra_size = get_be32(fixed + 36);
	if (extra_size > EXTRA_MOST)
		return fail_at(err, SAVETOOL_CORRUPT, *at + 36,
			       "snapshot with %" PRIu32 " bytes of extra data",
			       extra_size);
	known = extra_size < EXTRA_KNOWN ? extra_size : EXTRA_KNOWN;
	if (input_read_exactly(in, extra, known, *at + ENTRY, err) < 0)
		return -1;
	if (known >= 8)
		snapshot->vm_state_size = get_be64(extra);
	if (known >= 16)
		snapshot->disk_size = get_be64(extra + 8);
	if (check_table(l1, qcow2, *at, err) < 0)
		return -1;
	qcow2->count++;
	if (read_names(snapshot, in, *at + ENTRY + extra_size, id_size,
		       name_size, err) < 0)
		return -1;
	*at += round_up(ENTRY + extra_size + id_size + name_size, ENTRY_ALIGN);
	return 0;
}

static int read_snapshots(struct qcow2 *qcow2, struct input *in, uint32_t count,
			  uint64_t start, struct savetool_error *err)
{
	uint64_t at = start;

	if (count > QCOW2_SNAPSHOTS_MOST)
		return fail_at(err, SAVETOOL_CORRUPT, 60,
			       "qcow2 file with %" PRIu32 " snapshots", count);
	if (count > 0 && start > INT64_MAX / 2)
		return fail_at(err, SAVETOOL_CORRUPT, 64,
			       "qcow2 file with its snapshots at byte %" PRIu64,
			       start);
	qcow2->snapshots = calloc(count + 1, sizeof(*qcow2->snapshots));
	qcow2->l1 = calloc(count + 1, sizeof(*qcow2->l1));
	if (!qcow2->snapshots || !qcow2->l1)
		return fail_memory(err);
	for (uint32_t i = 0; i < count; i++) {
		if (read_snapshot(qcow2, in, &at, err) < 0)
			return fail_while(err, "snapshots of the qcow2 file");
		if (at - start > QCOW2_TABLE_MOST)
			return fail_at(err, SAVETOOL_UNSUPPORTED, at,
				       "more than %d bytes describe the "
				       "snapshots of the qcow2 file",
				       QCOW2_TABLE_MOST);
	}
	return 0;
}

int qcow2_read(struct qcow2 **result, struct input *in,
	       struct savetool_error *err)
{
	cleanup_qcow2 struct qcow2 *qcow2 = calloc(1, sizeof(*qcow2));
	uint8_t header[HEADER_V3 + 1] = { 0 };

	if (!qcow2)
		return fail_memory(err);
	if (read_header(qcow2, header, in, err) < 0 ||
	    read_snapshots(qcow2, in, get_be32(header + 60),
			   get_be64(header + 64), err) < 0)
		return -1;
	*result = steal(qcow2);
	return 0;
}

void qcow2_free(struct qcow2 *qcow2)
{
	if (!qcow2)
		return;
	for (unsigned i = 0; i < qcow2->count; i++)
		free((char *)qcow2->snapshots[i].id);
	free(qcow2->snapshots);
	free(qcow2->l1);
	free(qcow2);
}
