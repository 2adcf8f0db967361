/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mends images in place. */
#include "config.h"

#include "check/repair.h"

#include "base/bytes.h"
#include "base/error.h"
#include "image/trailing.h"
#include "image/trust.h"
#include "inspect/findings.h"
#include "io/inplace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic_complete[] = "LibvirtQemudSave";
static const char magic_partial[] = "LibvirtQemudPart";

#define AT_FORMAT 28
#define VERSION_FORMATS 2 /* the only one in which the word is believed */

static int add(struct repair_plan *plan, const struct mend *mend,
	       struct savetool_error *err)
{
	struct mend *mends =
		reallocarray(plan->mends, plan->count + 1, sizeof(*mends));

	if (!mends)
		return fail_memory(err);
	mends[plan->count++] = *mend;
	plan->mends = mends;
	return 0;
}

/* What is behind the memory may be a device's; the end tells. */
static bool is_its_own(const struct checker *checker,
		       const struct padding_bits *padding)
{
	return checker->finished || padding->offset + sizeof(padding->found) <=
					    checker->image->stream.ram.end;
}

/* Of bitmaps in the other byte order, those bits would be pages. */
static int plan_padding(struct repair_plan *plan, const struct checker *checker,
			struct savetool_error *err)
{
	const struct savetool_image *image = checker->image;
	enum doubt doubt = image->description->doubt;

	if (checker->padding_count == 0 || doubt == DOUBT_ORDER ||
	    (trust_needs_host(image) && !checker->finished))
		return 0;
	if (trust_host(&doubt, image, err) < 0)
		return -1;
	if (doubt == DOUBT_HOST)
		return 0;
	for (unsigned i = 0; i < checker->padding_count; i++) {
		const struct padding_bits *padding = &checker->paddings[i];
		struct mend mend = {
			.repair = { "padding-bits",
				    "cleared the bits behind the last page",
				    padding->offset, sizeof(padding->found) },
		};

		memcpy(mend.found, padding->found, sizeof(padding->found));
		memcpy(mend.right, padding->right, sizeof(padding->right));
		if (is_its_own(checker, padding) && add(plan, &mend, err) < 0)
			return -1;
	}
	return 0;
}

static const struct savetool_finding *find(const struct checker *checker,
					   const char *code)
{
	const struct savetool_info *info = &checker->image->description->info;

	for (size_t i = 0; i < info->finding_count; i++)
		if (strcmp(info->findings[i].code, code) == 0)
			return &info->findings[i];
	return NULL;
}

/*
 * The word that libvirt goes by.  The stream behind it was walked; or it is
 * packed, and unpacking it has led to a stream.
 */
static int plan_format(struct repair_plan *plan, const struct checker *checker,
		       struct savetool_error *err)
{
	const struct savetool_image *image = checker->image;
	const struct savetool_info *info = &image->description->info;
	const struct savetool_header *header = info->header;
	struct mend mend = {
		.repair = { "mislabelled",
			    "set the header's format to that of the content",
			    AT_FORMAT, 4 },
	};

	if (!find(checker, "mislabelled") ||
	    find(checker, "packed-mapped-ram") ||
	    header->version != VERSION_FORMATS ||
	    (!checker->finished && !image->codec))
		return 0;
	if (header->big_endian) {
		put_be32(mend.found, header->format);
		put_be32(mend.right, info->format);
	} else {
		put_le32(mend.found, header->format);
		put_le32(mend.right, info->format);
	}
	return add(plan, &mend, err);
}

/*
 * Behind an end that a vmdescription has proven.  Another image is no
 * trailing: its guest would be lost.  One that cannot be read is
 * not taken for rubbish.
 */
static int plan_trailing(struct repair_plan *plan,
			 const struct checker *checker,
			 struct savetool_error *err)
{
	const struct savetool_finding *trailing = find(checker, "trailing");
	const struct tail *tail = checker->image->tail;
	struct savetool_error unreadable;
	uint64_t second;
	struct mend mend = {
		.repair = { "trailing",
			    "cut off the bytes behind the end of the image", 0,
			    0 },
		.truncate = true,
	};

	if (!trailing || image_codec(checker->image) || !checker->finished ||
	    !tail->vmdesc ||
	    trailing->offset + trailing->length != (uint64_t)plan->seen.st_size)
		return 0;
	/* Farther away than whoever only looks goes for it. */
	if (trailing_find_image(&second, checker->image, UINT64_MAX,
				&unreadable) < 0 ||
	    second != SAVETOOL_UNKNOWN)
		return 0;
	mend.repair.offset = trailing->offset;
	mend.repair.length = trailing->length;
	return add(plan, &mend, err);
}

static int plan_magic(struct repair_plan *plan, const struct checker *checker,
		      struct savetool_error *err)
{
	struct mend mend = {
		.repair = { "part-complete",
			    "finished the header: the image is complete", 0,
			    LIBVIRT_MAGIC_SIZE },
	};

	if (!find(checker, "part-complete"))
		return 0;
	memcpy(mend.found, magic_partial, LIBVIRT_MAGIC_SIZE);
	memcpy(mend.right, magic_complete, LIBVIRT_MAGIC_SIZE);
	return add(plan, &mend, err);
}

int repair_plan(struct repair_plan *result, const struct checker *checker,
		struct savetool_error *err)
{
	struct repair_plan plan = { .count = 0 };

	if (fstat(image_fd(checker->image), &plan.seen) < 0)
		return fail_errno(err, "cannot examine");
	if (S_ISREG(plan.seen.st_mode) && !checker->image->outer &&
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
	free(plan->mends);
	*plan = (struct repair_plan){ .count = 0 };
}

bool repair_has(const struct repair_plan *plan,
		const struct savetool_finding *finding)
{
	for (unsigned i = 0; i < plan->count; i++)
		if (strcmp(plan->mends[i].repair.code, finding->code) == 0 &&
		    plan->mends[i].repair.offset == finding->offset)
			return true;
	return false;
}

static int require_unchanged(const struct inplace *place,
			     const struct stat *seen,
			     struct savetool_error *err)
{
	struct stat now;

	if (fstat(place->fd, &now) < 0)
		return fail_errno(err, "cannot examine");
	if (now.st_dev == seen->st_dev && now.st_ino == seen->st_ino &&
	    now.st_size == seen->st_size &&
	    now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec)
		return 0;
	return fail(err, SAVETOOL_REFUSED, "has changed since it was checked");
}

static int require_found(const struct inplace *place, const struct mend *mend,
			 struct savetool_error *err)
{
	uint8_t bytes[MEND_BYTES];
	size_t size = mend->repair.length;
	ssize_t got = pread(place->fd, bytes, size, mend->repair.offset);

	if (got < 0)
		return fail_errno_at(err, mend->repair.offset, "cannot read");
	if ((size_t)got == size && memcmp(bytes, mend->found, size) == 0)
		return 0;
	return fail(err, SAVETOOL_REFUSED, "has changed since it was checked");
}

static int apply_one(const struct inplace *place, const struct mend *mend,
		     struct savetool_error *err)
{
	if (inplace_check(place, err) < 0)
		return -1;
	if (mend->truncate) {
		if (ftruncate(place->fd, mend->repair.offset) < 0)
			return fail_errno(err, "cannot cut off the end");
	} else if (require_found(place, mend, err) < 0 ||
		   inplace_write(place, mend->right, mend->repair.length,
				 mend->repair.offset, err) < 0) {
		return -1;
	}
	/* Each before the next, for the last one says that all is well. */
	if (fsync(place->fd) < 0)
		return fail_errno(err, "cannot write to disk");
	return 0;
}

unsigned repair_apply(const struct repair_plan *plan, const char *path,
		      struct savetool_error *err)
{
	struct inplace place;
	unsigned done = 0;

	if (inplace_open(&place, path, err) < 0)
		return 0;
	if (require_unchanged(&place, &plan->seen, err) == 0)
		while (done < plan->count &&
		       apply_one(&place, &plan->mends[done], err) == 0)
			done++;
	inplace_close(&place);
	return done;
}
