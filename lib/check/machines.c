/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a QEMU binary which machine types it has. */
#include "config.h"

#include "savetool.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "codec/child.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Two hundred types of eighty bytes each are more than any QEMU has. */
#define ANSWER_LIMIT (1 << 20)

/* How long until the monitor is asked again, in milliseconds. */
#define PATIENCE 100

#define COMPLAINT 200

struct machines {
	struct savetool_machines base;
	char *program;
	char *answer; /* which the names lie in */
	const char **names;
};

/* Waits for a byte, or the end, or for who does not want to wait any more. */
static int wait_for(const struct child *child,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err)
{
	struct pollfd ready = { .fd = child->from, .events = POLLIN };
	int got;

	do {
		if (monitor && monitor->stopped &&
		    monitor->stopped(monitor->data))
			return fail(err, SAVETOOL_CANCELLED, "interrupted");
		got = poll(&ready, 1, PATIENCE);
	} while (got == 0 || (got < 0 && errno == EINTR));
	return got < 0 ? fail_errno(err, "cannot wait for a program") : 0;
}

static int read_answer(char *answer, struct child *child,
		       const struct savetool_monitor *monitor,
		       struct savetool_error *err)
{
	size_t done = 0;
	ssize_t n;

	do {
		if (wait_for(child, monitor, err) < 0)
			return -1;
		n = child_read(child, answer + done, ANSWER_LIMIT - done, err);
		if (n < 0)
			return -1;
		done += (size_t)n;
	} while (n > 0 && done < ANSWER_LIMIT);
	if (done == ANSWER_LIMIT)
		return fail(err, SAVETOOL_SYSTEM,
			    "its answer to '-machine help' is too long");
	answer[done] = '\0';
	return 0;
}

/* The first line only, and none of what may be in its place. */
static int fail_status(int status, char complaint[COMPLAINT],
		       struct savetool_error *err)
{
	complaint[strcspn(complaint, "\r\n")] = '\0';
	return fail(err, SAVETOOL_SYSTEM,
		    "'-machine help' fails with status %d%s%s", status,
		    *complaint ? ": " : "", complaint);
}

static int run(char *answer, const char *program,
	       const struct savetool_monitor *monitor,
	       struct savetool_error *err)
{
	const char *const arguments[] = { program, "-machine", "help", NULL };
	char complaint[COMPLAINT];
	struct child child;
	int status, result;

	if (child_start(&child, arguments, err) < 0) {
		if (err->code != SAVETOOL_UNSUPPORTED)
			return -1;
		errno = ENOENT;
		return fail_errno(err, "cannot run '%s'", program);
	}
	child_no_more(&child);
	result = read_answer(answer, &child, monitor, err);
	if (result == 0)
		result = child_wait(&child, &status, complaint,
				    sizeof(complaint), err);
	child_release(&child);
	if (result == 0 && status != 0)
		return fail_status(status, complaint, err);
	return result;
}

/* The first word of each line after the first, which says what they are. */
static int parse(struct machines *machines, struct savetool_error *err)
{
	char *line = strchr(machines->answer, '\n');

	while (line && *++line) {
		char *end = strchr(line, '\n');
		size_t length = strcspn(line, " \t\n");

		if (length > 0) {
			const char **names = reallocarray(
				machines->names, machines->base.count + 1,
				sizeof(*names));

			if (!names)
				return fail_memory(err);
			machines->names = names;
			names[machines->base.count++] = line;
			line[length] = '\0';
		}
		line = end;
	}
	if (strncmp(machines->answer, "Supported machines", 18) != 0 ||
	    machines->base.count == 0)
		return fail(err, SAVETOOL_SYSTEM,
			    "its answer to '-machine help' is not a list of "
			    "machine types");
	return 0;
}

int savetool_machines_list(struct savetool_machines **result,
			   const char *program,
			   const struct savetool_monitor *monitor,
			   struct savetool_error *err)
{
	struct machines *machines = calloc(1, sizeof(*machines));

	if (!machines)
		return fail_memory(err);
	machines->program = strdup(program);
	machines->answer = malloc(ANSWER_LIMIT + 1);
	if (!machines->program || !machines->answer)
		fail_memory(err);
	else if (run(machines->answer, program, monitor, err) == 0 &&
		 parse(machines, err) == 0) {
		machines->base.program = machines->program;
		machines->base.names = machines->names;
		*result = &machines->base;
		return 0;
	}
	savetool_machines_free(&machines->base);
	return -1;
}

void savetool_machines_free(struct savetool_machines *base)
{
	struct machines *machines = (struct machines *)base;

	if (!machines)
		return;
	free(machines->program);
	free(machines->answer);
	free(machines->names);
	free(machines);
}
