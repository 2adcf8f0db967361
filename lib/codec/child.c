/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program that reads from a socket and writes to a pipe. */
#include "config.h"

#include "codec/child.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Default signals: the thread that starts the child may have blocked some. */
static void set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSIGDEF);
}

static int spawn(struct child *child, const char *const arguments[], int in,
		 int out)
{
	static char *environment[] = { (char *)"LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, child->complaints,
					 STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	set_signals(&attributes);
	failed = posix_spawnp(&child->pid, arguments[0], &actions, &attributes,
			      (char *const *)arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/*
 * The child reads from a socket, not a pipe: writing to a pipe without a reader
 * would raise SIGPIPE in a program that has not asked for it.
 */
static int open_ends(struct child *child, int *in, int *out,
		     struct savetool_error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_errno(err, "cannot create a socket");
	child->to = ends[0];
	*in = ends[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, "cannot create a pipe");
	child->from = ends[0];
	*out = ends[1];
	child->complaints = memfd_create("complaints", MFD_CLOEXEC);
	if (child->complaints < 0)
		return fail_errno(err, "cannot create a file in memory");
	return 0;
}

int child_start(struct child *child, const char *const arguments[],
		struct savetool_error *err)
{
	int in = -1, out = -1, failed = 0, result;

	*child = (struct child){ .to = -1, .from = -1, .complaints = -1 };
	result = open_ends(child, &in, &out, err);
	if (result == 0)
		failed = spawn(child, arguments, in, out);
	close_end(&in);
	close_end(&out);
	if (result == 0 && failed == 0)
		return 0;
	child->pid = 0;
	child_release(child);
	if (failed == ENOENT) {
		fail(err, SAVETOOL_UNSUPPORTED, "program '%s' not found",
		     arguments[0]);
		return fail_hint(err, SAVETOOL_HINT_INSTALL);
	}
	if (failed) {
		errno = failed;
		return fail_errno(err, "cannot run '%s'", arguments[0]);
	}
	return -1;
}

int child_ready(struct child *child, enum child_ready *ready,
		struct savetool_error *err)
{
	struct pollfd polls[2] = {
		{ .fd = child->from, .events = POLLIN },
		{ .fd = child->to, .events = POLLOUT },
	};

	while (poll(polls, 2, -1) < 0)
		if (errno != EINTR)
			return fail_errno(err, "cannot wait for a program");
	*ready = polls[0].revents ? CHILD_GIVES : CHILD_TAKES;
	return 0;
}

ssize_t child_write(struct child *child, const void *data, size_t size,
		    struct savetool_error *err)
{
	ssize_t n = send(child->to, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET) {
		close_end(&child->to);
		return 0;
	}
	return fail_errno(err, "cannot write to a program");
}

void child_no_more(struct child *child)
{
	close_end(&child->to);
}

ssize_t child_read(struct child *child, void *data, size_t size,
		   struct savetool_error *err)
{
	ssize_t n;

	do {
		n = read(child->from, data, size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_errno(err, "cannot read from a program");
	return n;
}

int child_wait(struct child *child, int *status, char *complaint, size_t size,
	       struct savetool_error *err)
{
	ssize_t n;
	int ended;

	while (waitpid(child->pid, &ended, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, "cannot wait for a program");
	child->pid = 0;
	*status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
	n = pread(child->complaints, complaint, size - 1, 0);
	complaint[n > 0 ? n : 0] = '\0';
	return 0;
}

void child_release(struct child *child)
{
	close_end(&child->to);
	close_end(&child->from);
	close_end(&child->complaints);
	if (child->pid == 0)
		return;
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}
