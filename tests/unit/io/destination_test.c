/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file appears complete or not at all, and never replaces another by
 * accident.
 */
#include "config.h"

#include "io/output.h"

#include "unit/scratch.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>

static const struct output_file_options plain = { .like_fd = -1 };
static const struct output_file_options force = {
	.force = true,
	.like_fd = -1,
};

static struct output *create(const char *path,
			     const struct output_file_options *options)
{
	struct output *out;
	struct savetool_error err;

	assert_ok(output_create_file(&out, path, options, &err), err);
	assert_ok(output_append(out, "new", 3, &err), err);
	return out;
}

static void finish(struct output *out)
{
	struct savetool_error err;

	assert_ok(output_commit(out, &err), err);
	output_close(out);
}

static void refuses(const char *path, const struct output_file_options *options,
		    enum savetool_code code, const char *text)
{
	struct output *out = NULL;
	struct savetool_error err;

	assert_fails(output_create_file(&out, path, options, &err), err, code,
		     text);
	assert_null(out);
}

TEST(nothing_has_the_name_before_the_commit)
{
	struct output *out = create("x", &plain);
	struct stat st;

	assert_int_equal(access("x", F_OK), -1);
	assert_int_equal(scratch_count(".", ""), 1);
	assert_int_equal(scratch_count(".", ".x.savetool-"), 1);
	assert_int_equal(fstat(output_fd(out), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	finish(out);
	assert_int_equal(scratch_count(".", ""), 1);
	scratch_holds("x", "new", 3);
}

TEST(closing_without_commit_leaves_nothing)
{
	output_close(create("x", &plain));
	assert_int_equal(scratch_count(".", ""), 0);
}

TEST(a_writer_that_is_killed_leaves_only_the_temporary)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		create("x", &plain);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(scratch_count(".", ""), 1);
	assert_int_equal(scratch_count(".", ".x.savetool-"), 1);
	/* And is in nobody's way. */
	finish(create("x", &plain));
	scratch_holds("x", "new", 3);
}

TEST(two_writers_of_one_name_do_not_meet)
{
	struct output *first = create("x", &plain);
	struct output *second = create("x", &plain);
	struct savetool_error err;

	assert_int_equal(scratch_count(".", ".x.savetool-"), 2);
	finish(first);
	assert_fails(output_commit(second, &err), err, SAVETOOL_REFUSED,
		     "'x' exists");
	output_close(second);
	assert_int_equal(scratch_count(".", ""), 1);
}

TEST(an_existing_file_is_not_replaced)
{
	scratch_write("x", "old", 3);
	refuses("x", &plain, SAVETOOL_REFUSED, "'x' exists");
	assert_int_equal(scratch_count(".", ""), 1);
	scratch_holds("x", "old", 3);
}

TEST(a_file_that_appears_meanwhile_is_not_replaced)
{
	struct output *out = create("x", &plain);
	struct savetool_error err;

	scratch_write("x", "old", 3);
	assert_fails(output_commit(out, &err), err, SAVETOOL_REFUSED,
		     "'x' exists");
	assert_int_equal(err.sys_errno, EEXIST);
	output_close(out);
	scratch_holds("x", "old", 3);
	assert_int_equal(scratch_count(".", ""), 1);
}

TEST(force_replaces_at_the_commit)
{
	struct output *out;

	scratch_write("x", "old", 3);
	out = create("x", &force);
	scratch_holds("x", "old", 3);
	finish(out);
	scratch_holds("x", "new", 3);
	assert_int_equal(scratch_count(".", ""), 1);
}

TEST(force_that_is_given_up_keeps_the_old)
{
	scratch_write("x", "old", 3);
	output_close(create("x", &force));
	scratch_holds("x", "old", 3);
	assert_int_equal(scratch_count(".", ""), 1);
}

TEST(the_source_is_never_replaced)
{
	static const char text[] = "source and destination are the same file";
	struct output_file_options options = { .force = true };

	scratch_write("x", "old", 3);
	assert_int_equal(link("x", "hard"), 0);
	assert_int_equal(symlink("x", "soft"), 0);
	options.like_fd = open("x", O_RDONLY);
	refuses("x", &options, SAVETOOL_REFUSED, text);
	refuses("./x", &options, SAVETOOL_REFUSED, text);
	refuses("hard", &options, SAVETOOL_REFUSED, text);
	refuses("soft", &options, SAVETOOL_REFUSED, text);
	close(options.like_fd);
	scratch_holds("x", "old", 3);
	assert_int_equal(scratch_count(".", ""), 3);
}

TEST(a_folder_is_refused)
{
	assert_int_equal(mkdir("d", 0700), 0);
	refuses("d", &force, SAVETOOL_REFUSED, "'d' is a directory");
	refuses("d/", &plain, SAVETOOL_REFUSED, "'d/' is a directory");
	refuses("/", &force, SAVETOOL_REFUSED, "'/' is a directory");
	refuses("new/", &plain, SAVETOOL_SYSTEM,
		"cannot create 'new/': Is a directory");
	assert_int_equal(scratch_count(".", ""), 1);
}

TEST(a_folder_that_appears_meanwhile_is_not_replaced)
{
	struct output *out = create("x", &force);
	struct savetool_error err;

	assert_int_equal(mkdir("x", 0700), 0);
	assert_fails(output_commit(out, &err), err, SAVETOOL_SYSTEM,
		     "cannot create 'x': Is a directory");
	output_close(out);
	assert_int_equal(scratch_count(".", ""), 1);
}

TEST(the_error_says_why_a_file_cannot_be_created)
{
	refuses("", &plain, SAVETOOL_SYSTEM,
		"cannot create '': No such file or directory");
	refuses("missing/x", &plain, SAVETOOL_SYSTEM,
		"cannot create 'missing/x': No such file or directory");
	scratch_write("file", "", 0);
	refuses("file/x", &plain, SAVETOOL_SYSTEM,
		"cannot create 'file/x': Not a directory");
}

TEST(a_link_stays_and_what_it_leads_to_is_replaced)
{
	char target[20] = "";
	struct output *out;

	assert_int_equal(mkdir("disk", 0700), 0);
	scratch_write("disk/image", "old", 3);
	assert_int_equal(symlink("disk/link", "x"), 0);
	assert_int_equal(symlink("image", "disk/link"), 0);
	refuses("x", &plain, SAVETOOL_REFUSED, "'x' exists");
	out = create("x", &force);
	assert_int_equal(scratch_count("disk", ".image.savetool-"), 1);
	finish(out);
	scratch_holds("disk/image", "new", 3);
	assert_int_equal(readlink("x", target, sizeof(target)), 9);
	assert_string_equal(target, "disk/link");
	assert_int_equal(scratch_count(".", ""), 2);
	assert_int_equal(scratch_count("disk", ""), 2);
}

TEST(a_link_to_nothing_needs_force)
{
	assert_int_equal(symlink("later", "x"), 0);
	refuses("x", &plain, SAVETOOL_REFUSED, "'x' exists");
	finish(create("x", &force));
	scratch_holds("later", "new", 3);
	assert_int_equal(scratch_count(".", ""), 2);
}

TEST(links_in_a_circle_are_refused)
{
	assert_int_equal(symlink("b", "a"), 0);
	assert_int_equal(symlink("a", "b"), 0);
	refuses("a", &force, SAVETOOL_SYSTEM,
		"cannot create 'a': Too many levels of symbolic links");
}

TEST(the_longest_name_fits)
{
	char name[NAME_MAX + 1];

	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	finish(create(name, &plain));
	scratch_holds(name, "new", 3);
	assert_int_equal(scratch_count(".", ""), 1);
}

/* Some file systems take no name that is not text. */
TEST(a_long_name_is_not_cut_inside_a_letter)
{
	char name[NAME_MAX + 1] = "", temporary[300];
	struct output *out;

	for (unsigned i = 0; i < 85; i++)
		strcat(name, "€");
	out = create(name, &plain);
	/* There is room for 79 letters, and a third of one. */
	snprintf(temporary, sizeof(temporary), ".%.237s.savetool-", name);
	assert_int_equal(scratch_count(".", temporary), 1);
	output_close(out);
}

TEST(the_folder_is_the_one_of_the_start)
{
	struct output *out;

	assert_int_equal(mkdir("d", 0700), 0);
	out = create("x", &plain);
	assert_int_equal(chdir("d"), 0);
	finish(out);
	assert_int_equal(chdir(".."), 0);
	assert_int_equal(scratch_count("d", ""), 0);
	scratch_holds("x", "new", 3);
}

TEST(the_umask_takes_nothing_away)
{
	mode_t saved = umask(0777);
	struct stat st;

	finish(create("x", &plain));
	umask(saved);
	assert_int_equal(stat("x", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(nothing_has_the_name_before_the_commit),
		scratch_test(closing_without_commit_leaves_nothing),
		scratch_test(a_writer_that_is_killed_leaves_only_the_temporary),
		scratch_test(two_writers_of_one_name_do_not_meet),
		scratch_test(an_existing_file_is_not_replaced),
		scratch_test(a_file_that_appears_meanwhile_is_not_replaced),
		scratch_test(force_replaces_at_the_commit),
		scratch_test(force_that_is_given_up_keeps_the_old),
		scratch_test(the_source_is_never_replaced),
		scratch_test(a_folder_is_refused),
		scratch_test(a_folder_that_appears_meanwhile_is_not_replaced),
		scratch_test(the_error_says_why_a_file_cannot_be_created),
		scratch_test(a_link_stays_and_what_it_leads_to_is_replaced),
		scratch_test(a_link_to_nothing_needs_force),
		scratch_test(links_in_a_circle_are_refused),
		scratch_test(the_longest_name_fits),
		scratch_test(a_long_name_is_not_cut_inside_a_letter),
		scratch_test(the_folder_is_the_one_of_the_start),
		scratch_test(the_umask_takes_nothing_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
