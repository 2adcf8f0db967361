# SPDX-License-Identifier: LGPL-2.1-or-later
# The program.  It is linked with the library's objects, and so is complete
# in itself wherever it is copied to.

bin_PROGRAMS += savetool
savetool_CFLAGS = $(AM_CFLAGS) $(POPT_CFLAGS)
savetool_LDADD = libcore.la $(POPT_LIBS) $(JSON_LIBS)
savetool_SOURCES = \
	%D%/cli.c \
	%D%/cli.h \
	%D%/command.h \
	%D%/convert.c \
	%D%/digest.c \
	%D%/escape.c \
	%D%/escape.h \
	%D%/facts.c \
	%D%/facts.h \
	%D%/help.c \
	%D%/inspect.c \
	%D%/layout.c \
	%D%/layout.h \
	%D%/main.c \
	%D%/memory.h \
	%D%/progress.c \
	%D%/progress.h \
	%D%/report.c \
	%D%/report.h \
	%D%/signals.c \
	%D%/signals.h
