# SPDX-License-Identifier: LGPL-2.1-or-later
# The program.  It is linked with the library's objects, so that it runs from
# wherever it is copied to.  Everything but main() is also a library, for the
# unit tests.

bin_PROGRAMS += savetool
savetool_LDADD = libcmd.la libcore.la
savetool_SOURCES = %D%/main.c

noinst_LTLIBRARIES += libcmd.la
libcmd_la_LIBADD = $(POPT_LIBS) $(JSON_LIBS)
libcmd_la_SOURCES = \
	%D%/check.c \
	%D%/cli.c \
	%D%/cli.h \
	%D%/command.h \
	%D%/compact.c \
	%D%/compare.c \
	%D%/confine.c \
	%D%/confine.h \
	%D%/connections.c \
	%D%/connections.h \
	%D%/convert.c \
	%D%/digest.c \
	%D%/digest_list.c \
	%D%/digest_list.h \
	%D%/editor.c \
	%D%/editor.h \
	%D%/escape.c \
	%D%/escape.h \
	%D%/extract.c \
	%D%/extract.h \
	%D%/extract_memory.c \
	%D%/extract_parts.c \
	%D%/facts.c \
	%D%/facts.h \
	%D%/facts_guest.c \
	%D%/facts_snapshots.c \
	%D%/facts_internal.h \
	%D%/finding.c \
	%D%/finding.h \
	%D%/help.c \
	%D%/hint.c \
	%D%/hint.h \
	%D%/images.c \
	%D%/images.h \
	%D%/inspect.c \
	%D%/map.c \
	%D%/memory.h \
	%D%/option_help.c \
	%D%/option_help.h \
	%D%/place.c \
	%D%/place.h \
	%D%/progress.c \
	%D%/progress.h \
	%D%/report.c \
	%D%/report.h \
	%D%/signals.c \
	%D%/signals.h \
	%D%/sparsify.c \
	%D%/size.c \
	%D%/stdout.c \
	%D%/stdout.h \
	%D%/take.c \
	%D%/take.h \
	%D%/text.c \
	%D%/text.h \
	%D%/xml.c
