/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs an editor on a temporary file. */
#include "config.h"

#include "editor.h"

#include "base/cleanup.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_LIMIT ((size_t)16 << 20)

__attribute__((format(printf, 3, 4))) static int fail(
	struct savetool_error *err, enum savetool_code code, const char *format,
	...)
{
	va_list arguments;

	*err = (struct savetool_error){
		.code = code,
		.offset = SAVETOOL_UNKNOWN,
		.page = SAVETOOL_UNKNOWN,
	};
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return -1;
}

/* A call that failed, and the file that it is about. */
static int fail_file(struct savetool_error *err, const char *what,
		     const char *path)
{
	int number = errno;

	fail(err, SAVETOOL_SYSTEM, "cannot %s '%s': %s", what, path,
	     strerrordesc_np(number));
	err->sys_errno = number;
	return -1;
}

int editor_begin(struct editor *editor, struct savetool_error *err)
{
	static const char name[] = "savetool-XXXXXX.xml";
	const char *folder = getenv("TMPDIR");
	int size;

	if (!folder || !*folder)
		folder = "/tmp";
	editor->fd = -1;
	size = snprintf(editor->path, sizeof(editor->path), "%s/%s", folder,
			name);
	if (size < 0 || (size_t)size >= sizeof(editor->path))
		return fail(err, SAVETOOL_USAGE, "TMPDIR is too long");
	editor->fd = mkostemps(editor->path, strlen(".xml"), O_CLOEXEC);
	if (editor->fd < 0)
		return fail_file(err, "create", editor->path);
	return 0;
}

void editor_end(struct editor *editor)
{
	if (editor->fd < 0)
		return;
	close(editor->fd);
	unlink(editor->path);
	editor->fd = -1;
}

/* As a shell understands it: it may have options of its own. */
static char *command_of(void)
{
	static const char usual[] = "$(command -v sensible-editor || echo vi)";
	const char *words = getenv("VISUAL");
	char *command;

	if (!words || !*words)
		words = getenv("EDITOR");
	if (!words || !*words)
		words = usual;
	return asprintf(&command, "exec %s \"$1\"", words) < 0 ? NULL : command;
}

static void run(const char *command, const char *path)
{
	signals_restore();
	execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
	_exit(127);
}

static void wake(int number)
{
	(void)number;
}

/* A signal that ends this program ends the editor, too. */
static int await(pid_t child)
{
	sigset_t waited, before;
	bool ended = false;
	int status = 0;
	pid_t done;

	sigemptyset(&waited);
	sigaddset(&waited, SIGCHLD);
	sigaddset(&waited, SIGHUP);
	sigaddset(&waited, SIGTERM);
	sigprocmask(SIG_BLOCK, &waited, &before);
	while ((done = waitpid(child, &status, WNOHANG)) == 0) {
		if (signals_caught() && !ended)
			ended = kill(child, SIGTERM) == 0;
		sigsuspend(&before);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return done < 0 ? -1 : status;
}

/*
 * At a terminal, an interrupt also goes to the editor, which decides what it
 * means.
 */
static int run_and_await(const char *command, const char *path)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction notice = { .sa_handler = wake };
	struct sigaction interrupt, quit, ended;
	pid_t child;
	int status;

	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	sigaction(SIGCHLD, &notice, &ended);
	child = fork();
	if (child == 0) {
		sigaction(SIGINT, &interrupt, NULL);
		sigaction(SIGQUIT, &quit, NULL);
		sigaction(SIGCHLD, &ended, NULL);
		run(command, path);
	}
	status = child < 0 ? -1 : await(child);
	sigaction(SIGCHLD, &ended, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	sigaction(SIGINT, &interrupt, NULL);
	return status;
}

int editor_run(const struct editor *editor, struct savetool_error *err)
{
	cleanup_free char *command = command_of();
	int status;

	if (!command)
		return fail_file(err, "run", "/bin/sh");
	status = run_and_await(command, editor->path);
	if (signals_caught())
		return fail(err, SAVETOOL_CANCELLED, "stopped");
	if (status == -1)
		return fail_file(err, "run", "/bin/sh");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail(err, SAVETOOL_SYSTEM,
			    "the editor failed; nothing was changed");
	return 0;
}

/* A signal ends the wait for a pipe or a terminal. */
static ssize_t read_some(int fd, char *text, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	if (signals_caught() || (poll(&ready, 1, -1) < 0 && signals_caught())) {
		errno = ECANCELED;
		return -1;
	}
	return read(fd, text, size);
}

static int read_all(char *text, int fd, const char *path,
		    struct savetool_error *err)
{
	size_t size = 0;
	ssize_t got;

	do {
		got = read_some(fd, text + size, TEXT_LIMIT - size);
		if (got < 0 && errno == ECANCELED)
			return fail(err, SAVETOOL_CANCELLED, "stopped");
		if (got < 0 && errno != EINTR)
			return fail_file(err, "read", path);
		size += got > 0 ? (size_t)got : 0;
	} while (got != 0 && size < TEXT_LIMIT);
	if (size == TEXT_LIMIT || memchr(text, '\0', size))
		return fail(err, SAVETOOL_USAGE, "'%s' is not a domain XML",
			    path);
	text[size] = '\0';
	return 0;
}

int text_read(char **text, const char *path, struct savetool_error *err)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int failed;

	if (fd < 0)
		return fail_file(err, "open", path);
	*text = malloc(TEXT_LIMIT + 1);
	failed = *text ? read_all(*text, fd, path, err) :
			 fail_file(err, "read", path);
	if (!standard)
		close(fd);
	if (!failed)
		return 0;
	free(*text);
	*text = NULL;
	return -1;
}
