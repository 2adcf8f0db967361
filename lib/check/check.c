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
#include "outer/inner_name.h"

#include <string.h>

/* A repair may uncover something else that can be repaired. */
#define ROUNDS 3

struct check {
	struct savetool_check base;
	struct description *description; /* of the last round */
	unsigned repaired_count;
	struct savetool_repaired *repaired;
};

/* What the last round says, or the only one. */
static void conclude(struct check *check, struct description *description,
		     const struct repair_plan *plan)
{
	struct savetool_check *base = &check->base;
	struct savetool_info *info = &description->info;

	description_free(check->description);
	check->description = description;
	base->complete_known = info->complete_known;
	base->complete = info->complete;
	base->finding_count = info->finding_count;
	base->findings = info->findings;
	base->problem_count = 0;
	base->repairable_count = 0;
	for (size_t i = 0; i < info->finding_count; i++) {
		const struct savetool_finding *finding = &info->findings[i];

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
	if (report_failure(description, broken, &ignored) == 0)
		conclude(check, description, NULL);
	else
		description_free(description);
}

/* If another process writes to the file, it is not the one that was checked. */
static int report_change(const struct savetool_image *image,
			 struct savetool_error *err)
{
	const struct savetool_finding finding = {
		.code = "changed",
		.hint = SAVETOOL_HINT_RETRY,
		.severity = SAVETOOL_PROBLEM,
		.offset = SAVETOOL_UNKNOWN,
		.length = SAVETOOL_UNKNOWN,
	};
	bool changed;

	if (image_has_changed(&changed, image, err) < 0)
		return -1;
	if (!changed)
		return 0;
	return description_report(image->description, &finding, err,
				  "the file was modified while it was checked");
}

/* What can be described, but no other command takes. */
static int refuse_devices_only(const struct pass *pass,
			       struct description *description,
			       struct savetool_error *err)
{
	struct savetool_error failure;

	if (!description->info.devices_only)
		return 0;
	stream_fail_devices_only(&pass->stream, &failure);
	if (report_failure(description, &failure, err) == 0)
		*err = failure;
	return -1;
}

static int check_image(struct checker *checker, struct pass *pass,
		       struct savetool_image *image,
		       const struct savetool_check_options *options,
		       const struct savetool_monitor *monitor,
		       struct savetool_error *err)
{
	const struct describe_options describe = {
		.scan = options->deep,
		.whole = options->deep || !image_codec(image),
		/* A bit that a repair will clear must not hide other damage. */
		.strays = true,
		.companion = &checker->base,
	};
	struct savetool_error later;
	int result;

	result = describe_image(pass, image, &describe, monitor, err);
	if (!image->description ||
	    (result < 0 && err->code == SAVETOOL_CANCELLED))
		return -1;
	if (result == 0)
		result = refuse_devices_only(pass, image->description, err);
	/* The change comes first: it makes everything else unproven. */
	if (report_change(image, &later) < 0 ||
	    checker_report(checker, result < 0 ? err : NULL, &later) < 0) {
		*err = later;
		return -1;
	}
	if (result == 0)
		result = checker_require_bitmaps(checker, err);
	if (result < 0)
		describe_doubt(image->description);
	return result;
}

/* Checks, and plans what could be mended. */
static int check_opened(struct check *check, struct repair_plan *plan,
			struct savetool_image *image,
			const struct savetool_check_options *options,
			const struct savetool_monitor *monitor,
			struct savetool_error *err)
{
	cleanup_pass struct pass pass = { .image = image };
	struct checker checker;
	struct savetool_error later;
	int result;

	checker_init(&checker, &pass);
	checker.machines = options->machines;
	result = check_image(&checker, &pass, image, options, monitor, err);
	if (image->description &&
	    (result == 0 || err->code != SAVETOOL_CANCELLED)) {
		if (repair_plan(plan, &checker, &later) < 0) {
			*err = later;
			result = -1;
		}
		conclude(check, steal(image->description), plan);
	}
	checker_release(&checker);
	return result;
}

/* The same for a file that is opened for it: nobody else has it then. */
static int check_file(struct check *check, struct repair_plan *plan,
		      const char *path,
		      const struct savetool_open_options *open,
		      const struct savetool_check_options *options,
		      const struct savetool_monitor *monitor,
		      struct savetool_error *err)
{
	cleanup_image struct savetool_image *image = NULL;

	if (savetool_image_open(&image, path, open, monitor, err) < 0) {
		if (err->code != SAVETOOL_CANCELLED)
			conclude_broken(check, err);
		return -1;
	}
	if (image_require_whole_file(image, err) < 0)
		return -1;
	return check_opened(check, plan, image, options, monitor, err);
}

static int add_repaired(struct check *check, const struct repair_plan *plan,
			unsigned done, struct savetool_error *err)
{
	size_t count = check->base.repaired_count;
	struct savetool_repaired *repaired = reallocarray(
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

/* Rounds of checking and mending, until there is nothing more to mend. */
static int repair_rounds(struct check *check, const char *path,
			 const struct savetool_open_options *open,
			 const struct savetool_repair_options *options,
			 const struct savetool_monitor *monitor,
			 struct savetool_error *err)
{
	const struct savetool_check_options look = {
		.deep = options->deep,
		.machines = options->machines,
	};
	struct repair_plan plan = { .count = 0 };
	struct savetool_error failed;
	unsigned done;
	int result;

	for (unsigned round = 0;; round++) {
		repair_plan_release(&plan);
		result = check_file(check, &plan, path, open, &look, monitor,
				    err);
		if (plan.count == 0 || round == ROUNDS ||
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

/* What was found, or NULL. */
static struct savetool_check *result_of(struct check *check)
{
	if (check->description)
		return &check->base;
	savetool_check_free(&check->base);
	return NULL;
}

int savetool_check(struct savetool_check **result, struct savetool_image *image,
		   const struct savetool_check_options *given,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err)
{
	struct savetool_check_options options;
	struct repair_plan plan = { .count = 0 };
	struct check *check;
	int failed;

	*result = NULL;
	if (options_take(&options, sizeof(options), given, err) < 0)
		return -1;
	check = calloc(1, sizeof(*check));
	if (!check)
		return fail_memory(err);
	failed = check_opened(check, &plan, image, &options, monitor, err);
	repair_plan_release(&plan);
	*result = result_of(check);
	return failed;
}

struct savetool_check *savetool_check_unopened(
	const struct savetool_error *opening)
{
	struct check *check = calloc(1, sizeof(*check));

	if (!check)
		return NULL;
	conclude_broken(check, opening);
	return result_of(check);
}

int savetool_repair(struct savetool_check **result, const char *path,
		    const struct savetool_open_options *open_given,
		    const struct savetool_repair_options *given,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err)
{
	struct savetool_open_options open;
	struct savetool_repair_options options;
	struct check *check;
	int failed;

	*result = NULL;
	if (options_take(&options, sizeof(options), given, err) < 0 ||
	    options_take(&open, sizeof(open), open_given, err) < 0)
		return -1;
	if (!options.dry_run && strcmp(path, "-") == 0)
		return fail(err, SAVETOOL_USAGE,
			    "standard input cannot be repaired");
	if (inner_name_require_none(path, err) < 0)
		return -1;
	check = calloc(1, sizeof(*check));
	if (!check)
		return fail_memory(err);
	failed = repair_rounds(check, path, &open, &options, monitor, err);
	*result = result_of(check);
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
