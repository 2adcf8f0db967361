/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Landlock, as far as the running kernel has it.  glibc has no functions for
 * it, and headers may be older than the kernel, so its numbers are here.
 */
#include "config.h"

#include "confine.h"

#include "base/cleanup.h"
#include "savetool.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define RULESET_VERSION 1
#define RULE_PATH_BENEATH 1

/* Rights on files, and on what is in a folder. */
#define EXECUTE (UINT64_C(1) << 0)
#define WRITE_FILE (UINT64_C(1) << 1)
#define READ_FILE (UINT64_C(1) << 2)
#define READ_DIR (UINT64_C(1) << 3)
#define REMOVE_FILE (UINT64_C(1) << 5)
#define MAKE_REG (UINT64_C(1) << 8)
#define TRUNCATE (UINT64_C(1) << 14)
#define IOCTL_DEV (UINT64_C(1) << 15)
#define OF_FILES (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)

/* How many rights each version of the interface knows. */
static const unsigned char rights_of_version[] = { 0, 13, 14, 15, 15, 16 };
#define VERSIONS (int)sizeof(rights_of_version)

/* Version 4 adds TCP, 6 adds signals and abstract UNIX sockets. */
#define NETWORK_VERSION 4
#define NETWORK 3
#define SCOPE_VERSION 6
#define SCOPE 3

struct ruleset {
	uint64_t files, network, scope;
};

struct beneath {
	uint64_t rights;
	int32_t folder;
} __attribute__((packed));

/* A chain of more symbolic links never ends. */
#define LINKS_LIMIT 40

/* Where the library spools what comes through a pipe. */
#define SPOOL_FOLDER "/var/tmp"

/* A sanitizer examines its own process at exit. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

static void permit_fd(const struct confine *confine, int fd, uint64_t rights)
{
	struct beneath rule = { .rights = rights, .folder = fd };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return;
	if (!S_ISDIR(st.st_mode))
		rule.rights &= OF_FILES;
	rule.rights &= confine->rights;
	/* A pipe or a terminal needs no rule, and cannot have one. */
	if (rule.rights)
		syscall(SYS_landlock_add_rule, confine->rules,
			RULE_PATH_BENEATH, &rule, 0);
}

static void permit(const struct confine *confine, const char *path,
		   uint64_t rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return;
	permit_fd(confine, fd, rights);
	close(fd);
}

void confine_begin(struct confine *confine)
{
	static const char *const system[] = { "/usr", "/bin", "/lib", "/lib64",
					      "/etc/ld.so.cache" };
	struct ruleset ruleset = { 0 };
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);
	size_t size = sizeof(ruleset.files);

	confine->rules = -1;
	if (version < 1)
		return;
	confine->rights =
		(UINT64_C(1)
		 << rights_of_version[version < VERSIONS ? version :
							   VERSIONS - 1]) -
		1;
	ruleset.files = confine->rights;
	if (version >= NETWORK_VERSION) {
		ruleset.network = NETWORK;
		size += sizeof(ruleset.network);
	}
	if (version >= SCOPE_VERSION) {
		ruleset.scope = SCOPE;
		size += sizeof(ruleset.scope);
	}
	confine->rules =
		(int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
	if (confine->rules < 0)
		return;
	for (size_t i = 0; i < sizeof(system) / sizeof(*system); i++)
		permit(confine, system[i], EXECUTE | READ_FILE | READ_DIR);
	permit(confine, "/dev/null", READ_FILE | WRITE_FILE);
#ifdef SANITIZED
	permit(confine, "/proc", READ_FILE | READ_DIR);
	permit(confine, "/proc/self/exe", READ_FILE);
#endif
	confine_write(confine, SPOOL_FOLDER "/");
	permit_fd(confine, STDOUT_FILENO, READ_FILE | WRITE_FILE | TRUNCATE);
}

void confine_read(struct confine *confine, const char *path)
{
	cleanup_free char *file = NULL;

	if (confine->rules < 0 || !path || strcmp(path, "-") == 0)
		return;
	file = savetool_file_of(path);
	if (file)
		permit(confine, file, READ_FILE | READ_DIR | IOCTL_DEV);
}

void confine_read_all(struct confine *confine, const char *const *paths,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		confine_read(confine, paths[i]);
}

/* The length of the path's folder, with the slash; "" is the current one. */
static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

static void permit_folder(const struct confine *confine, const char *path)
{
	size_t length = folder_length(path);
	cleanup_free char *folder =
		length ? strndup(path, length) : strdup(".");

	if (folder)
		permit(confine, folder,
		       READ_DIR | READ_FILE | WRITE_FILE | REMOVE_FILE |
			       MAKE_REG | TRUNCATE | IOCTL_DEV);
}

/*
 * Replaces a symbolic link by its target, as seen from here; false: not a link.
 */
static bool follow(char path[PATH_MAX])
{
	char target[PATH_MAX];
	ssize_t size = readlink(path, target, sizeof(target) - 1);
	size_t folder = size > 0 && *target != '/' ? folder_length(path) : 0;

	if (size <= 0 || folder + (size_t)size >= PATH_MAX)
		return false;
	memcpy(path + folder, target, (size_t)size);
	path[folder + (size_t)size] = '\0';
	return true;
}

void confine_write(struct confine *confine, const char *path)
{
	char at[PATH_MAX];

	if (confine->rules < 0 || !path || strcmp(path, "-") == 0 ||
	    strlen(path) >= sizeof(at))
		return;
	strcpy(at, path);
	for (int i = 0; i < LINKS_LIMIT; i++) {
		permit_folder(confine, at);
		if (!follow(at))
			return;
	}
}

void confine_end(struct confine *confine)
{
	if (confine->rules < 0)
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		syscall(SYS_landlock_restrict_self, confine->rules, 0);
	close(confine->rules);
	confine->rules = -1;
}

void confine_to_reading(const char *const *paths, size_t count)
{
	struct confine confine;

	confine_begin(&confine);
	confine_read_all(&confine, paths, count);
	confine_end(&confine);
}

void confine_to_changing(const char *const *paths, size_t count)
{
	struct confine confine;

	confine_begin(&confine);
	confine_read_all(&confine, paths, count);
	for (size_t i = 0; i < count; i++)
		confine_write(&confine, paths[i]);
	confine_end(&confine);
}

void confine_to_copying(const char *source, const char *destination)
{
	struct confine confine;

	confine_begin(&confine);
	confine_read(&confine, source);
	confine_write(&confine, destination);
	confine_end(&confine);
}
