/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns signals into flags; only this file has global state. */
#include "config.h"

#include "signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

/* Threads read them too. */
static atomic_int caught, asked;
static volatile time_t caught_at; /* in seconds */

static const int deadly[] = { SIGHUP, SIGINT, SIGTERM };

/*
 * A second signal, later, ends the program at once, in case it waits for ever.
 * Not if it comes with the first one: timeout(1) sends each twice.
 */
static void note_end(int number)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (caught && now.tv_sec > caught_at + 1) {
		signal(number, SIG_DFL);
		raise(number);
	}
	if (!caught)
		caught_at = now.tv_sec;
	caught = number;
}

static void note_question(int number)
{
	(void)number;
	asked = 1;
}

void signals_catch(bool writes)
{
	struct sigaction action = { .sa_handler = note_end,
				    .sa_flags = SA_RESTART };
	struct sigaction before;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; writes && i < sizeof(deadly) / sizeof(*deadly);
	     i++) {
		/* Under nohup, the signal must stay ignored. */
		if (sigaction(deadly[i], NULL, &before) == 0 &&
		    before.sa_handler == SIG_IGN)
			continue;
		sigaction(deadly[i], &action, NULL);
	}
	action.sa_handler = note_question;
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	/*
	 * A reader of --progress-fd that goes away must not end a conversion.
	 */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	/*
	 * A file that reaches its size limit is a failed write like any other.
	 */
	sigaction(SIGXFSZ, &action, NULL);
}

int signals_caught(void)
{
	return caught;
}

bool signals_requested(void)
{
	bool answer = asked;

	asked = 0;
	return answer;
}

void signals_restore(void)
{
	/* exec resets handlers by itself, but not ignored signals. */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
}

void signals_die(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	signal(number, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	_Exit(128 + number);
}
