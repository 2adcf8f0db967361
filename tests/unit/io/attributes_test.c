/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owner, mode, ACL, attributes and times are copied, but never too many rights.
 */
#include "config.h"

#include "io/attributes.h"

#include "base/bytes.h"
#include "unit/scratch.h"

#include <errno.h>
#include <grp.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
#define NOBODY 65534

/* The entries of an ACL: whom it is about, and which one of them. */
enum { OWNER = 1, USER = 2, GROUP = 4, MASK = 16, OTHER = 32 };

#define ACL_SIZE (4 + 5 * 8)

static void put_le16(uint8_t *to, uint16_t value)
{
	to[0] = value;
	to[1] = value >> 8;
}

/* As the kernel wants it: user 4711 and the group may do so much. */
static void make_acl(uint8_t acl[ACL_SIZE], unsigned user, unsigned group)
{
	const unsigned entries[5][3] = {
		{ OWNER, 6, UINT32_MAX },     { USER, user, 4711 },
		{ GROUP, group, UINT32_MAX }, { MASK, 6, UINT32_MAX },
		{ OTHER, 0, UINT32_MAX },
	};

	put_le32(acl, 2);
	for (unsigned i = 0; i < 5; i++) {
		put_le16(acl + 4 + i * 8, entries[i][0]);
		put_le16(acl + 6 + i * 8, entries[i][1]);
		put_le32(acl + 8 + i * 8, entries[i][2]);
	}
}

static void set_attribute(const char *path, const char *name, const void *value,
			  size_t size)
{
	if (setxattr(path, name, value, size, 0) == 0)
		return;
	if (errno == EOPNOTSUPP)
		skip_test("this file system has no '%s'", name);
	fail_test("cannot set '%s': %s", name, strerror(errno));
}

static int source(mode_t mode)
{
	int fd = open("source", O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	return fd;
}

static int destination(void)
{
	int fd = open("destination", O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	return fd;
}

static struct stat copied(int like)
{
	int fd = destination();
	struct savetool_error err;
	struct stat st;

	assert_ok(attributes_copy(fd, like, true, &err), err);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	close(like);
	return st;
}

TEST(the_mode_is_kept)
{
	static const mode_t modes[] = { 0600, 0640, 0644, 0400, 0000, 0660 };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct stat st = copied(source(modes[i]));

		assert_int_equal(st.st_mode & 07777, modes[i]);
		unlink("source");
		unlink("destination");
	}
}

TEST(rights_to_run_as_another_are_not_kept)
{
	struct stat st = copied(source(06700));

	assert_int_equal(st.st_mode & 07777, 0700);
}

TEST(times_are_kept_only_if_that_is_wanted)
{
	const struct timespec old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	struct savetool_error err;
	int like = source(0640), fd = destination();
	struct stat st;

	assert_int_equal(futimens(like, old), 0);
	assert_ok(attributes_copy(fd, like, false, &err), err);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(st.st_mtim.tv_sec > old[1].tv_sec);
	close(fd);
	close(like);
}

TEST(times_are_kept)
{
	const struct timespec times[] = { { 1000000000, 123456789 },
					  { 1234567890, 987654321 } };
	int like = source(0600);
	struct stat st;

	assert_int_equal(futimens(like, times), 0);
	st = copied(like);
	assert_int_equal(st.st_atim.tv_sec, times[0].tv_sec);
	assert_int_equal(st.st_mtim.tv_sec, times[1].tv_sec);
	assert_int_equal(st.st_mtim.tv_nsec, times[1].tv_nsec);
}

TEST(owner_and_group_are_kept_by_root)
{
	int like = source(0640);
	struct stat st;

	if (geteuid() != 0)
		skip_test("only root gives files away");
	assert_int_equal(fchown(like, 4711, 4712), 0);
	assert_int_equal(fchmod(like, 0640), 0);
	st = copied(like);
	assert_int_equal(st.st_uid, 4711);
	assert_int_equal(st.st_gid, 4712);
	assert_int_equal(st.st_mode & 07777, 0640);
}

TEST(attributes_are_kept)
{
	char value[10] = "";
	int like = source(0600);

	set_attribute("source", "user.one", "first", 5);
	set_attribute("source", "user.two", "", 0);
	copied(like);
	assert_int_equal(getxattr("destination", "user.one", value, 10), 5);
	assert_string_equal(value, "first");
	assert_int_equal(getxattr("destination", "user.two", value, 10), 0);
}

/* It says that these bytes are the right ones; of others, it would lie. */
TEST(attributes_that_attest_the_content_are_not_kept)
{
	static const char hash[] = "\1aaaaaaaaaaaaaaaaaaaa";
	int like = source(0600);

	if (geteuid() != 0)
		skip_test("only root sets such attributes");
	set_attribute("source", "security.ima", hash, 21);
	copied(like);
	assert_int_equal(getxattr("destination", "security.ima", NULL, 0), -1);
}

TEST(an_acl_is_kept)
{
	uint8_t acl[ACL_SIZE], found[100];
	int like = source(0600);
	struct stat st;

	make_acl(acl, 4, 0);
	set_attribute("source", ACCESS, acl, sizeof(acl));
	st = copied(like);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(getxattr("destination", ACCESS, found, sizeof(found)),
			 sizeof(acl));
	assert_memory_equal(found, acl, sizeof(acl));
}

TEST(an_acl_that_the_folder_gives_is_taken_away)
{
	uint8_t acl[ACL_SIZE];
	int like = source(0640);

	make_acl(acl, 6, 6);
	set_attribute(".", DEFAULT, acl, sizeof(acl));
	copied(like);
	assert_int_equal(getxattr("destination", ACCESS, NULL, 0), -1);
	assert_int_equal(errno, ENODATA);
}

/*
 * As a user whom the source's group does not have.  0: the file got this
 * mode, and no ACL.
 */
static int copy_as_nobody(int like, mode_t expected)
{
	int fd, status;
	pid_t child;

	assert_int_equal(chmod(".", 0777), 0);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct savetool_error err;
		struct stat st;

		if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 ||
		    setuid(NOBODY) < 0)
			_exit(1);
		fd = open("destination", O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || attributes_copy(fd, like, true, &err) < 0)
			_exit(2);
		if (fstat(fd, &st) < 0 || st.st_gid != NOBODY)
			_exit(3);
		if (fgetxattr(fd, ACCESS, NULL, 0) >= 0)
			_exit(4);
		_exit((st.st_mode & 07777) == expected ? 0 : 5);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	unlink("destination");
	return WEXITSTATUS(status);
}

TEST(a_group_that_cannot_be_kept_is_not_replaced_by_another)
{
	static const mode_t modes[][2] = {
		{ 0640, 0600 }, { 0660, 0600 }, { 0644, 0604 },
		{ 0604, 0600 }, { 0600, 0600 }, { 0400, 0400 },
	};

	if (geteuid() != 0)
		skip_test("only root becomes another");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		int like = source(modes[i][0]);

		assert_int_equal(copy_as_nobody(like, modes[i][1]), 0);
		close(like);
		unlink("source");
	}
}

TEST(an_acl_that_cannot_be_kept_leaves_it_to_the_owner)
{
	uint8_t acl[ACL_SIZE];
	int like = source(0600);

	if (geteuid() != 0)
		skip_test("only root becomes another");
	make_acl(acl, 0, 4);
	acl[4 + 4 * 8 + 2] = 4; /* others may read, user 4711 may not */
	set_attribute("source", ACCESS, acl, sizeof(acl));
	assert_int_equal(copy_as_nobody(like, 0600), 0);
	close(like);
}

TEST(attributes_of_anything_but_a_file_are_not_taken)
{
	struct stat st;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	st = copied(ends[0]);
	close(ends[1]);
	assert_int_equal(st.st_mode & 07777, 0600);
	unlink("destination");
	st = copied(open("/dev/null", O_RDONLY));
	assert_int_equal(st.st_mode & 07777, 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(the_mode_is_kept),
		scratch_test(rights_to_run_as_another_are_not_kept),
		scratch_test(times_are_kept),
		scratch_test(owner_and_group_are_kept_by_root),
		scratch_test(times_are_kept_only_if_that_is_wanted),
		scratch_test(attributes_are_kept),
		scratch_test(attributes_that_attest_the_content_are_not_kept),
		scratch_test(an_acl_is_kept),
		scratch_test(an_acl_that_the_folder_gives_is_taken_away),
		scratch_test(
			a_group_that_cannot_be_kept_is_not_replaced_by_another),
		scratch_test(an_acl_that_cannot_be_kept_leaves_it_to_the_owner),
		scratch_test(attributes_of_anything_but_a_file_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
