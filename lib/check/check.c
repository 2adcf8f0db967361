/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks an image, repairs it, and checks it again. */
#include "config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/options.h"
#include "check/checker.h"
#include "check/repair.h"
#include "image/unchanged.h"
#include "inspect/describe.h"
#include "inspect/findings.h"

#include <string.h>

/* A repair may uncover something else that can be repaired. */
#define ROUNDS 3

struct check {
	struct savetool_check base;
	struct description *description; /* of the last round */
	unsigned repaired_count;
	struct savetool_repair *repaired;
};

struct hint {
	const char *code, *text;
};

/* What to do about a finding that we cannot repair. */
static const struct hint remedies[] = {
	{ "part", "save the guest again; if the image is packed, or a copy "
		  "without holes, 'check --deep' tells whether it is complete "
		  "all the same" },
	{ "lost-extent", "take the image from another copy: what was in the "
			 "hole is gone" },
	{ "lost-bitmap", "take the image from another copy: the hole held "
			 "which pages are memory" },
	{ "empty-bitmaps", "take the image from another copy, or save the "
			   "guest again, without background-snapshot" },
	{ "doubtful-bitmaps", "take the image from another copy" },
	{ "incomplete", "take the image from another copy" },
	{ "corrupt", "take the image from another copy" },
	{ "duplicate-device", "take the image from another copy" },
	{ "vmdesc-differs", "take the image from another copy" },
	{ "changed", "check it again" },
	{ "second-image", "copy what starts there to a file of its own" },
	{ "not-checked", "check it with --deep" },
};

/* What to do by rewriting the image; not offered if the header says Part. */
static const struct hint writing_remedies[] = {
	{ "mislabelled", "convert it to the format that it has" },
	{ "header-version-3", "convert it to the format that it has" },
	{ "packed-mapped-ram", "convert it to sparse" },
	{ "packed-trailing", "convert it, to the format that it has or to "
			     "another" },
	{ "vmdesc-cut", "convert it: that leaves the vmdescription out" },
	{ "stale", "sparsify it" },
	{ "zero-pages", "sparsify it" },
	{ "superseded", "compact it" },
	{ "trailing", "compact it" },
	{ "unaligned", "convert it to raw, and that to sparse" },
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static const char *look_up(const struct hint *table, size_t count,
			   const char *code)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].code, code) == 0)
			return table[i].text;
	return NULL;
}

static const char *hint_of(const char *code, bool writable)
{
	const char *text = look_up(remedies, COUNT(remedies), code);

	if (text || !writable)
		return text;
	return look_up(writing_remedies, COUNT(writing_remedies), code);
}

static bool has_finding(const struct savetool_info *info, const char *code)
{
	for (size_t i = 0; i < info->finding_count; i++)
		if (strcmp(info->findings[i].code, code) == 0)
			return true;
	return false;
}

/* Takes the results of the last round. */
static void conclude(struct check *check, struct description *description,
		     const struct repair_plan *plan)
{
	struct savetool_check *base = &check->base;
	struct savetool_info *info = &description->info;
	bool writable = !has_finding(info, "part");

	description_free(check->description);
	check->description = description;
	base->complete_known = info->complete_known;
	base->complete = info->complete;
	base->finding_count = info->finding_count;
	base->findings = info->findings;
	base->problem_count = 0;
	base->repairable_count = 0;
	for (size_t i = 0; i < info->finding_count; i++) {
		struct savetool_finding *finding = &description->findings[i];

		if (!finding->hint)
			finding->hint = hint_of(finding->code, writable);
		if (finding->severity != SAVETOOL_PROBLEM)
			continue;
		base->problem_count++;
		if (plan && repair_has(plan, finding))
			base->repairable_count++;
	}
}

/* For an image that broke before it could be opened. */
static void conclude_broken(struct check *check,
			    const struct savetool_error *broken)
{
	struct description *description;
	struct savetool_error ignored;

	if (broken->code != SAVETOOL_INCOMPLETE &&
	    broken->code != SAVETOOL_CORRUPT &&
	    broken->code != SAVETOOL_UNSUPPORTED)
		return;
	description = calloc(1, sizeof(*description));
	if (!description)
		return;
	description->info.complete_known = broken->code == SAVETOOL_INCOMPLETE;
	if (find_error(description, broken, &ignored) == 0)
		conclude(check, description, NULL);
	else
		description_free(description);
}

/* If another process writes to the file, it is not the one that was checked. */
static int find_change(const struct savetool_image *image,
		       struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "changed",
		.severity = SAVETOOL_PROBLEM,
		.offset = SAVETOOL_UNKNOWN,
		.length = SAVETOOL_UNKNOWN,
	};
	bool changed;

	if (image_has_changed(&changed, image, err) < 0)
		return -1;
	if (!changed)
		return 0;
	return description_find(image->description, &finding, err,
				"the file was written to while it was "
				"checked");
}

static int check_image(struct checker *checker, struct savetool_image *image,
		       const struct savetool_check_options *options,
		       const struct savetool_monitor *monitor,
		       struct savetool_error *err)
{
	const struct describe_options describe = {
		.scan = options->deep,
		.whole = options->deep || !image_codec(image),
		.companion = &checker->base,
	};
	struct savetool_error later;
	int result;

	/* A bit that a repair will clear must not hide other damage. */
	image->strays = true;
	result = describe_image(image, &describe, monitor, err);
	if (!image->description ||
	    (result < 0 && err->code == SAVETOOL_CANCELLED))
		return -1;
	/* The change comes first: it makes everything else unproven. */
	if (find_change(image, &later) < 0 ||
	    checker_find(checker, result < 0 ? err : NULL, &later) < 0) {
		*err = later;
		return -1;
	}
	return result < 0 ? -1 : checker_require_bitmaps(checker, err);
}

/* Opens, checks, plans and closes. */
static int check_once(struct check *check, struct repair_plan *plan,
		      const char *path,
		      const struct savetool_check_options *options,
		      const struct savetool_monitor *monitor,
		      struct savetool_error *err)
{
	const struct savetool_open_options open = {
		.size = sizeof(open),
		.offset = options->offset,
		.direct = options->direct,
		.byte_order = options->byte_order,
	};
	struct savetool_image *image;
	struct checker checker;
	struct savetool_error later;
	int result;

	if (image_open(&image, path, &open, monitor, err) < 0) {
		if (err->code != SAVETOOL_CANCELLED)
			conclude_broken(check, err);
		return -1;
	}
	checker_init(&checker, image);
	result = check_image(&checker, image, options, monitor, err);
	if (image->description &&
	    (result == 0 || err->code != SAVETOOL_CANCELLED)) {
		if (repair_plan(plan, &checker, &later) < 0) {
			*err = later;
			result = -1;
		}
		conclude(check, steal(image->description), plan);
	}
	checker_release(&checker);
	savetool_image_close(image);
	return result;
}

static int add_repaired(struct check *check, const struct repair_plan *plan,
			unsigned done, struct savetool_error *err)
{
	size_t count = check->base.repaired_count;
	struct savetool_repair *repaired = reallocarray(
		check->repaired, count + done + 1, sizeof(*repaired));

	if (!repaired)
		return fail_memory(err);
	for (unsigned i = 0; i < done; i++)
		repaired[count++] = plan->fixes[i].repair;
	check->repaired = repaired;
	check->base.repaired = repaired;
	check->base.repaired_count = count;
	return 0;
}

/* Checks and repairs until there is nothing more to repair. */
static int check_rounds(struct check *check, const char *path,
			const struct savetool_check_options *options,
			const struct savetool_monitor *monitor,
			struct savetool_error *err)
{
	struct repair_plan plan = { .count = 0 };
	struct savetool_error failed;
	unsigned done;
	int result;

	for (unsigned round = 0;; round++) {
		repair_plan_release(&plan);
		result = check_once(check, &plan, path, options, monitor, err);
		if (!options->repair || plan.count == 0 || round == ROUNDS ||
		    (result < 0 && err->code == SAVETOOL_CANCELLED))
			break;
		failed.code = SAVETOOL_OK;
		done = plan.count;
		if (!options->dry_run)
			done = repair_apply(&plan, path, &failed);
		if (add_repaired(check, &plan, done, &failed) < 0 ||
		    failed.code != SAVETOOL_OK) {
			*err = failed;
			result = -1;
			break;
		}
		if (options->dry_run)
			break;
	}
	repair_plan_release(&plan);
	return result;
}

int savetool_check(struct savetool_check **result, const char *path,
		   const struct savetool_check_options *given,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err)
{
	struct savetool_check_options options;
	struct check *check;
	int failed;

	*result = NULL;
	if (options_take(&options, sizeof(options), given, err) < 0)
		return -1;
	if (options.repair && !options.dry_run && strcmp(path, "-") == 0)
		return fail(err, SAVETOOL_USAGE,
			    "standard input cannot be repaired");
	check = calloc(1, sizeof(*check));
	if (!check)
		return fail_memory(err);
	failed = check_rounds(check, path, &options, monitor, err);
	if (check->description)
		*result = &check->base;
	else
		savetool_check_free(&check->base);
	return failed;
}

void savetool_check_free(struct savetool_check *base)
{
	struct check *check = (struct check *)base;

	if (!check)
		return;
	description_free(check->description);
	free(check->repaired);
	free(check);
}
