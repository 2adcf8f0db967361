/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shows progress to people and to programs. */
#include "config.h"

#include "progress.h"

#include "cli.h"
#include "escape.h"
#include "signals.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int take_progress_fd(void *target, const char *word, struct savetool_error *err)
{
	int fd, flags;

	if (take_number(&fd, word, err) < 0)
		return -1;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return misfit(err, "not open for writing", word);
	*(int *)target = fd;
	return 0;
}

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) +
	       (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/* "42 %, 17 s left"; in the first moments the time is not estimated. */
static void describe(const struct progress *progress, double share, char *text,
		     size_t size)
{
	double elapsed = seconds_since(&progress->began);
	int used = snprintf(text, size, "%3d %%", (int)(share * 100));
	double left;

	if (share < 0.02 || elapsed < 0.5)
		return;
	left = elapsed / share - elapsed;
	if (left < 100)
		snprintf(text + used, size - (size_t)used, ", %.0f s left",
			 left);
	else
		snprintf(text + used, size - (size_t)used, ", %.0f min left",
			 left / 60);
}

static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 40)
		return 80;
	return size.ws_col < 120 ? size.ws_col : 120;
}

static void wipe(struct progress *progress)
{
	if (progress->drawn)
		fprintf(stderr, "\r%*s\r", (int)terminal_width() - 1, "");
	progress->drawn = false;
}

/* The last column stays free: some terminals begin a new line there. */
static void draw(struct progress *progress, double share)
{
	char bar[128], text[64];
	size_t width = terminal_width() - 1 - 24;
	size_t full = (size_t)(share * (double)width);

	memset(bar, ' ', width);
	memset(bar, '=', full);
	if (full < width)
		bar[full] = '>';
	bar[width] = '\0';
	describe(progress, share, text, sizeof(text));
	fprintf(stderr, "\r[%s] %-20s", bar, text);
	fflush(stderr);
	progress->drawn = true;
	clock_gettime(CLOCK_MONOTONIC, &progress->drew);
}

static void answer(struct progress *progress, double share)
{
	char text[64];

	describe(progress, share, text, sizeof(text));
	wipe(progress);
	fputs("savetool: ", stderr);
	escape_text(stderr, progress->subject, false);
	fprintf(stderr, ": %s\n", text + strspn(text, " "));
}

static void report_to_program(struct progress *progress, double share)
{
	double whole =
		((double)progress->part + share) / (double)progress->parts;
	int percent = (int)(whole * 100);
	char line[16];
	int length;

	if (progress->fd < 0 || percent <= progress->reported)
		return;
	progress->reported = percent;
	length = snprintf(line, sizeof(line), "%d/100\n", percent);
	/* If the reader is gone, nothing more is written; the task goes on. */
	if (write(progress->fd, line, (size_t)length) != length)
		progress->fd = -1;
}

static int is_stopped(void *data)
{
	(void)data;
	return signals_caught() != 0;
}

static int on_progress(void *data, uint64_t done, uint64_t total)
{
	struct progress *progress = data;
	double share = total ? (double)done / (double)total : 0;

	if (share > 1)
		share = 1;
	if (signals_caught())
		return 1;
	if (signals_requested())
		answer(progress, share);
	report_to_program(progress, share);
	if (progress->bar &&
	    (!progress->drawn || seconds_since(&progress->drew) > 0.1))
		draw(progress, share);
	return 0;
}

const struct savetool_monitor *progress_begin(struct progress *progress,
					      const char *subject, size_t part,
					      size_t parts)
{
	progress->subject = subject;
	progress->part = part;
	progress->parts = parts;
	progress->bar = progress->wanted && isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &progress->began);
	progress->monitor.progress = on_progress;
	progress->monitor.stopped = is_stopped;
	progress->monitor.data = progress;
	report_to_program(progress, 0);
	return &progress->monitor;
}

void progress_end(struct progress *progress, bool done)
{
	if (done)
		report_to_program(progress, 1);
	wipe(progress);
}
