# SPDX-License-Identifier: LGPL-2.1-or-later
# The fuzz targets: with libFuzzer if configured with --enable-fuzzing,
# otherwise with a main() of our own that only replays their seeds.

fuzz_targets = \
	%D%/archive_fuzz \
	%D%/codec_fuzz \
	%D%/convert_fuzz \
	%D%/early_fuzz \
	%D%/extract_fuzz \
	%D%/fields_fuzz \
	%D%/forwards_fuzz \
	%D%/image_fuzz \
	%D%/libvirt_fuzz \
	%D%/lzop_fuzz \
	%D%/nbd_fuzz \
	%D%/qcow2_fuzz \
	%D%/stranger_fuzz \
	%D%/vmdesc_fuzz \
	%D%/xml_fuzz

# Everything that fuzzing needs.
fuzz_programs = $(fuzz_targets) tests/mkimage/mkimage

if ENABLE_FUZZING
fuzz_main = $(LIBFUZZER)
else
fuzz_main = libreplay.la
check_LTLIBRARIES += libreplay.la
endif
libreplay_la_SOURCES = %D%/replay.c %D%/fuzz.h

fuzz_add = $(fuzz_main) libcore.la
%C%_archive_fuzz_LDADD = $(fuzz_add)
%C%_codec_fuzz_LDADD = $(fuzz_add)
%C%_convert_fuzz_LDADD = $(fuzz_add)
%C%_early_fuzz_LDADD = $(fuzz_add)
%C%_extract_fuzz_LDADD = $(fuzz_add)
%C%_fields_fuzz_LDADD = $(fuzz_add)
%C%_forwards_fuzz_LDADD = $(fuzz_add)
%C%_image_fuzz_LDADD = $(fuzz_add)
%C%_libvirt_fuzz_LDADD = $(fuzz_add)
%C%_lzop_fuzz_LDADD = $(fuzz_add)
%C%_nbd_fuzz_LDADD = $(fuzz_add)
%C%_nbd_fuzz_SOURCES = %D%/nbd_fuzz.c %D%/nbd_server.c %D%/nbd_server.h
%C%_qcow2_fuzz_LDADD = $(fuzz_add)
%C%_stranger_fuzz_LDADD = $(fuzz_add)
%C%_vmdesc_fuzz_LDADD = $(fuzz_add)
%C%_xml_fuzz_LDADD = $(fuzz_add)

EXTRA_DIST += %D%/README.md %D%/mutate %D%/replay.bats %D%/run %D%/seed

if HAVE_TEST_TOOLS
TESTS += %D%/replay.bats
check_PROGRAMS += $(fuzz_targets)
endif
