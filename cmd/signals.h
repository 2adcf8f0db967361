/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals that end the program only set a flag, so that the library can take
 * back what it began.  Then the program ends by the signal all the same.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

/*
 * Catches them for a command that has something to take back; a second one,
 * seconds later, ends it at once.  A command that only reads ends by the first,
 * wherever it waits.
 */
void signals_catch(bool writes);

/* The signal that wants the program to end; 0: none came. */
int signals_caught(void);

/* Did someone ask for a line of progress since the last call? */
bool signals_requested(void);

/* Ends the program by a signal, as if nothing had caught it. */
void signals_die(int number) __attribute__((noreturn));

/* Gives a child the signals as they were. */
void signals_restore(void);

#endif
