/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process can still do by name once it is confined. */
#include "config.h"

#include "confine.h"

#include "unit/scratch.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

/* Skips the test if this kernel cannot confine, or is set not to. */
static void need_landlock(void)
{
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1)
		skip_test("the kernel has no Landlock");
}

/* In a process of its own, since it does not end: what body returns. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* 0, or the error. */
static int try(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void confine_to(const char *source, const char *destination)
{
	struct confine confine;

	confine_begin(&confine);
	confine_read(&confine, source);
	confine_write(&confine, destination);
	confine_end(&confine);
}

static int read_another(void)
{
	confine_to("source", NULL);
	return try("/etc/passwd", O_RDONLY);
}

static int read_beside(void)
{
	confine_to("source", NULL);
	return try("other", O_RDONLY);
}

static int read_source(void)
{
	confine_to("source", NULL);
	return try("source", O_RDONLY);
}

static int write_source(void)
{
	confine_to("source", NULL);
	return try("source", O_WRONLY);
}

static int make_beside_source(void)
{
	confine_to("source", NULL);
	return try("new", O_WRONLY | O_CREAT);
}

static int make_destination(void)
{
	confine_to("source", "folder/new");
	if (try("folder/.new", O_RDWR | O_CREAT | O_EXCL) != 0)
		return errno;
	return rename("folder/.new", "folder/new") < 0 ? errno : 0;
}

static int make_elsewhere(void)
{
	confine_to("source", "folder/new");
	return try("new", O_WRONLY | O_CREAT);
}

static int make_behind_link(void)
{
	confine_to("source", "link");
	return try("folder/target", O_WRONLY | O_CREAT);
}

static int use_what_is_open(void)
{
	int fd = open("other", O_RDONLY | O_CLOEXEC);
	char byte;

	confine_to("source", NULL);
	return read(fd, &byte, 1) == 1 ? 0 : errno;
}

static int run_program(void)
{
	confine_to("source", NULL);
	return system("exec true") == 0 ? 0 : 1;
}

static int write_by_program(void)
{
	confine_to("source", NULL);
	return system("echo stolen 2>/dev/null >stolen") == 0 ? 0 : EACCES;
}

static void make_files(void)
{
	need_landlock();
	scratch_write("source", "s", 1);
	scratch_write("other", "o", 1);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(symlink("folder/target", "link"), 0);
}

TEST(other_files_cannot_be_read)
{
	make_files();
	assert_int_equal(in_child(read_another), EACCES);
	assert_int_equal(in_child(read_beside), EACCES);
}

TEST(the_source_can_only_be_read)
{
	make_files();
	assert_int_equal(in_child(read_source), 0);
	assert_int_equal(in_child(write_source), EACCES);
	assert_int_equal(in_child(make_beside_source), EACCES);
}

TEST(the_destination_is_made_and_renamed_in_its_folder)
{
	make_files();
	assert_int_equal(in_child(make_destination), 0);
	assert_int_equal(in_child(make_elsewhere), EACCES);
}

TEST(a_destination_may_be_a_link)
{
	make_files();
	assert_int_equal(in_child(make_behind_link), 0);
}

TEST(what_is_open_stays_usable)
{
	make_files();
	assert_int_equal(in_child(use_what_is_open), 0);
}

TEST(programs_run_and_are_confined_too)
{
	make_files();
	assert_int_equal(in_child(run_program), 0);
	assert_int_equal(in_child(write_by_program), EACCES);
	assert_int_equal(access("stolen", F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(other_files_cannot_be_read),
		scratch_test(the_source_can_only_be_read),
		scratch_test(the_destination_is_made_and_renamed_in_its_folder),
		scratch_test(a_destination_may_be_a_link),
		scratch_test(what_is_open_stays_usable),
		scratch_test(programs_run_and_are_confined_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
