/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Repairs images in place. */
#include "config.h"

#include "check/repair.h"

#include "base/bytes.h"
#include "base/error.h"
#include "image/trailing.h"
#include "image/trust.h"
#include "inspect/findings.h"
#include "io/held_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic_complete[] = "LibvirtQemudSave";
static const char magic_partial[] = "LibvirtQemudPart";

#define AT_FORMAT 28
#define VERSION_FORMATS 2 /* the only one whose format word is used */

static int add(struct repair_plan *plan, const struct fix *fix,
	       struct savetool_error *err)
{
	struct fix *fixes =
		reallocarray(plan->fixes, plan->count + 1, sizeof(*fixes));

	if (!fixes)
		return fail_memory(err);
	fixes[plan->count++] = *fix;
	plan->fixes = fixes;
	return 0;
}

/*
 * Bytes after the memory may belong to a device; only the end of the stream
 * shows it.
 */
static bool is_its_own(const struct checker *checker,
		       const struct padding_bits *padding)
{
	return checker->finished || padding->offset + sizeof(padding->found) <=
					    checker->pass->stream.ram.end;
}

/* If the bitmaps are in the other byte order, those bits would be pages. */
static int plan_padding(struct repair_plan *plan, const struct checker *checker,
			struct savetool_error *err)
{
	const struct pass *pass = checker->pass;
	enum doubt doubt = pass->image->description->doubt;

	if (checker->padding_count == 0 || doubt == DOUBT_ORDER ||
	    (trust_needs_host(pass) && !checker->finished))
		return 0;
	if (trust_host(&doubt, pass, err) < 0)
		return -1;
	if (doubt == DOUBT_HOST)
		return 0;
	for (unsigned i = 0; i < checker->padding_count; i++) {
		const struct padding_bits *padding = &checker->paddings[i];
		struct fix fix = {
			.repair = { "padding-bits",
				    "cleared the bits past the last page",
				    padding->offset, sizeof(padding->found) },
		};

		memcpy(fix.found, padding->found, sizeof(padding->found));
		memcpy(fix.right, padding->right, sizeof(padding->right));
		if (is_its_own(checker, padding) && add(plan, &fix, err) < 0)
			return -1;
	}
	return 0;
}

static const struct savetool_finding *find(const struct checker *checker,
					   const char *code)
{
	const struct savetool_info *info =
		&checker->pass->image->description->info;

	for (size_t i = 0; i < info->finding_count; i++)
		if (strcmp(info->findings[i].code, code) == 0)
			return &info->findings[i];
	return NULL;
}

/*
 * The word that libvirt goes by.  The stream after the header has been walked;
 * or it is compressed, and decompressing it has led to a stream.
 */
static int plan_format(struct repair_plan *plan, const struct checker *checker,
		       struct savetool_error *err)
{
	const struct pass *pass = checker->pass;
	const struct savetool_info *info = &pass->image->description->info;
	const struct savetool_header *header = info->header;
	struct fix fix = {
		.repair = { "mislabelled",
			    "set the header's format to that of the content",
			    AT_FORMAT, 4 },
	};

	if (!find(checker, "mislabelled") ||
	    find(checker, "compressed-mapped-ram") ||
	    header->version != VERSION_FORMATS ||
	    (!checker->finished && !image_stream_codec(pass->image)))
		return 0;
	if (header->big_endian) {
		put_be32(fix.found, header->format);
		put_be32(fix.right, info->format);
	} else {
		put_le32(fix.found, header->format);
		put_le32(fix.right, info->format);
	}
	return add(plan, &fix, err);
}

/*
 * Cuts off what follows an end that a vmdesc has proven.  If that is another
 * pass, it stays: its guest would be lost.  So does an image that cannot be
 * read.
 */
static int plan_trailing(struct repair_plan *plan,
			 const struct checker *checker,
			 struct savetool_error *err)
{
	const struct savetool_finding *trailing = find(checker, "trailing");
	const struct tail *tail = checker->pass->tail;
	struct savetool_error unreadable;
	uint64_t second;
	struct fix fix = {
		.repair = { "trailing",
			    "removed the data after the end of the image", 0,
			    0 },
		.truncate = true,
	};

	if (!trailing || image_codec(checker->pass->image) ||
	    !checker->finished || !tail->vmdesc ||
	    trailing->offset + trailing->length != (uint64_t)plan->seen.st_size)
		return 0;
	/* Search all of it, not only what is near. */
	if (trailing_find_image(&second, checker->pass, UINT64_MAX,
				&unreadable) < 0 ||
	    second != SAVETOOL_UNKNOWN)
		return 0;
	fix.repair.offset = trailing->offset;
	fix.repair.length = trailing->length;
	return add(plan, &fix, err);
}

static int plan_magic(struct repair_plan *plan, const struct checker *checker,
		      struct savetool_error *err)
{
	struct fix fix = {
		.repair = { "part-complete",
			    "marked the image as complete in the header", 0,
			    LIBVIRT_MAGIC_SIZE },
	};

	if (!find(checker, "part-complete"))
		return 0;
	memcpy(fix.found, magic_partial, LIBVIRT_MAGIC_SIZE);
	memcpy(fix.right, magic_complete, LIBVIRT_MAGIC_SIZE);
	return add(plan, &fix, err);
}

int repair_plan(struct repair_plan *result, const struct checker *checker,
		struct savetool_error *err)
{
	struct repair_plan plan = { .count = 0 };

	int fd = image_fd(checker->pass->image);

	/* What has none is no file, and is not repaired. */
	if (fd >= 0 && fstat(fd, &plan.seen) < 0)
		return fail_errno(err, "cannot examine");
	if (S_ISREG(plan.seen.st_mode) &&
	    image_is_whole_file(checker->pass->image) &&
	    !image_is_wrapped(checker->pass->image) &&
	    !find(checker, "changed") &&
	    (plan_padding(&plan, checker, err) < 0 ||
	     plan_trailing(&plan, checker, err) < 0 ||
	     plan_format(&plan, checker, err) < 0 ||
	     plan_magic(&plan, checker, err) < 0)) {
		repair_plan_release(&plan);
		return -1;
	}
	*result = plan;
	return 0;
}

void repair_plan_release(struct repair_plan *plan)
{
	free(plan->fixes);
	*plan = (struct repair_plan){ .count = 0 };
}

bool repair_has(const struct repair_plan *plan,
		const struct savetool_finding *finding)
{
	for (unsigned i = 0; i < plan->count; i++)
		if (strcmp(plan->fixes[i].repair.code, finding->code) == 0 &&
		    plan->fixes[i].repair.offset == finding->offset)
			return true;
	return false;
}

static int require_unchanged(const struct held_file *held,
			     const struct stat *seen,
			     struct savetool_error *err)
{
	struct stat now;

	if (fstat(held->fd, &now) < 0)
		return fail_errno(err, "cannot examine");
	if (now.st_dev == seen->st_dev && now.st_ino == seen->st_ino &&
	    now.st_size == seen->st_size &&
	    now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec)
		return 0;
	return fail(err, SAVETOOL_REFUSED,
		    "file has changed since it was checked");
}

static int require_found(const struct held_file *held, const struct fix *fix,
			 struct savetool_error *err)
{
	uint8_t bytes[MEND_BYTES];
	size_t size = fix->repair.length;
	ssize_t got = pread(held->fd, bytes, size, fix->repair.offset);

	if (got < 0)
		return fail_errno_at(err, fix->repair.offset, "cannot read");
	if ((size_t)got == size && memcmp(bytes, fix->found, size) == 0)
		return 0;
	return fail(err, SAVETOOL_REFUSED,
		    "file has changed since it was checked");
}

static int apply_one(const struct held_file *held, const struct fix *fix,
		     struct savetool_error *err)
{
	if (held_file_check(held, err) < 0)
		return -1;
	if (fix->truncate) {
		if (ftruncate(held->fd, fix->repair.offset) < 0)
			return fail_errno(err, "cannot truncate the file");
	} else if (require_found(held, fix, err) < 0 ||
		   held_file_write(held, fix->right, fix->repair.length,
				   fix->repair.offset, err) < 0) {
		return -1;
	}
	/* One after the other on disk: the last one says that all is well. */
	if (fsync(held->fd) < 0)
		return fail_errno(err, "cannot write to disk");
	return 0;
}

unsigned repair_apply(const struct repair_plan *plan, const char *path,
		      struct savetool_error *err)
{
	struct held_file held;
	unsigned done = 0;

	if (held_file_open(&held, path, err) < 0)
		return 0;
	if (require_unchanged(&held, &plan->seen, err) == 0)
		while (done < plan->count &&
		       apply_one(&held, &plan->fixes[done], err) == 0)
			done++;
	held_file_close(&held);
	return done;
}
