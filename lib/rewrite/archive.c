/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes an image into a tar archive. */
#include "config.h"

#include "rewrite/archive.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "io/output_plan.h"
#include "io/output_straight.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

/*
 * Decompressing twice, or compressing, takes longer than a temporary file does,
 * and that is what is read back to verify it.
 */
static bool can_run_twice(const struct rewrite *rewrite)
{
	const struct savetool_image *source = rewrite->pass->image;

	return rewrite->format == SAVETOOL_FORMAT_SPARSE && !rewrite->verify &&
	       !rewrite->base && !rewrite->pass->forwards && !source->spool &&
	       image_file_input(source)->seekable && !image_codec(source);
}

/* The same once more, from the start. */
static int start_again(struct pass *pass, struct savetool_error *err)
{
	struct savetool_image *image = pass->image;

	pass_end(pass);
	return pass_begin(pass, image, err);
}

/* 1: *plan is complete; 0: not in the order of the file. */
static int make_plan(struct tar_plan *plan, struct rewrite *rewrite,
		     struct savetool_error *err)
{
	cleanup_output struct output *out = NULL;
	struct savetool_digest ignored;
	bool straight;
	int failed;

	if (output_open_plan(&out, plan, &straight, err) < 0)
		return -1;
	rewrite->out = out;
	rewrite->again = true;
	failed = rewrite_image(rewrite, &ignored, err) < 0 ||
		 output_commit(out, err) < 0;
	rewrite->out = NULL;
	rewrite->again = false;
	if (failed && straight)
		return -1;
	if (start_again(rewrite->pass, err) < 0)
		return -1;
	return straight;
}

static int plan_archive(struct archive_plan *archive, struct rewrite *rewrite,
			struct savetool_error *err)
{
	int planned;

	if (tar_plan_init(&archive->plan, err) < 0)
		return -1;
	archive->made = true;
	planned = make_plan(&archive->plan, rewrite, err);
	if (planned == 0) {
		tar_plan_free(&archive->plan);
		archive->made = false;
	}
	return planned < 0 ? -1 : 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int archive_wrap(struct output **out, struct archive_plan *archive,
		 struct rewrite *rewrite, const char *name,
		 struct savetool_error *err)
{
	const struct savetool_image *source = rewrite->pass->image;
	const char *member = image_member(source);
	struct output_tar_options options = {
		.name = *name ? name :
				last_part(member ? member : source->path),
		.modified = S_ISREG(source->opened.st_mode) ?
				    source->opened.st_mtime :
				    time(NULL),
		.folder = source->spool_folder,
		.monitor = &rewrite->phases.monitor,
	};

	if (!*options.name || strcmp(options.name, "-") == 0)
		return fail(err, SAVETOOL_USAGE,
			    "the member of the tar archive needs a name");
	if (can_run_twice(rewrite) && plan_archive(archive, rewrite, err) < 0)
		return -1;
	if (archive->made)
		return output_open_straight(out, steal(*out), &options,
					    &archive->plan, err);
	return output_open_tar(out, steal(*out), &options, err);
}
