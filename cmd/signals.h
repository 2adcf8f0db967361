/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals that end the program only set a flag, so that the library can clean
 * up.  Afterwards the program still ends by the signal.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

/*
 * Catches these signals for a command that has something to clean up; a second
 * one, seconds later, ends it at once.  A command that only reads ends by the
 * first one, wherever it waits.
 */
void signals_catch(bool writes);

/* The signal that should end the program; 0: none came. */
int signals_caught(void);

/* Was a line of progress requested since the last call? */
bool signals_requested(void);

/* Ends the program by a signal, as if it had not been caught. */
void signals_die(int number) __attribute__((noreturn));

/* Restores the signals for a child. */
void signals_restore(void);

#endif
