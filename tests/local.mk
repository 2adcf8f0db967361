# SPDX-License-Identifier: LGPL-2.1-or-later
# 'make check': programs of cmocka, scripts of bats and one of Python, all
# reporting in TAP.  A new test is one line in unit_tests or bats_tests; a new
# recipe needs none.

TEST_EXTENSIONS = .bats .py
tap = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(tap)
# The caller may ignore signals that tests send, or that end a pipe's writer.  A
# shell cannot undo that.
at_prompt = env --default-signal
LOG_COMPILER = $(at_prompt) $(top_srcdir)/%D%/unit/run
BATS_LOG_DRIVER = $(tap)
BATS_LOG_COMPILER = $(at_prompt) $(BATS)
AM_BATS_LOG_FLAGS = --formatter tap
# bats exits with 1 only for failed tests, which it has already reported.
AM_BATS_LOG_DRIVER_FLAGS = --ignore-exit
PY_LOG_DRIVER = $(tap)
PY_LOG_COMPILER = $(at_prompt) python3
AM_PY_LOG_DRIVER_FLAGS = --ignore-exit
# Where distributions install bats-assert and bats-support.
bats_libraries = /usr/lib/bats:/usr/lib/bats-core:/usr/share/bats:/usr/lib
AM_TESTS_ENVIRONMENT = umask 022; \
	SAVETOOL='$(abs_top_builddir)/savetool'; export SAVETOOL; \
	MKIMAGE='$(abs_top_builddir)/tests/mkimage/mkimage'; export MKIMAGE; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	BATS_LIB_PATH=$${BATS_LIB_PATH:-$(bats_libraries)}; \
	export BATS_LIB_PATH; \
	CC='$(CC)'; export CC; \
	CFLAGS='$(CFLAGS)'; export CFLAGS; \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	LC_ALL=C.UTF-8; export LC_ALL;

unit_tests = \
	%D%/unit/base/bitmap_test \
	%D%/unit/base/nearest_test \
	%D%/unit/base/bytes_test \
	%D%/unit/base/error_test \
	%D%/unit/base/monitor_test \
	%D%/unit/base/options_test \
	%D%/unit/base/phases_test \
	%D%/unit/base/pool_test \
	%D%/unit/base/zero_test \
	%D%/unit/inspect/agreement_test \
	%D%/unit/inspect/machine_test \
	%D%/unit/io/attributes_test \
	%D%/unit/io/chunk_test \
	%D%/unit/io/clone_test \
	%D%/unit/io/destination_test \
	%D%/unit/io/direct_reader_test \
	%D%/unit/io/direct_test \
	%D%/unit/io/direct_writer_test \
	%D%/unit/io/extents_test \
	%D%/unit/io/held_file_test \
	%D%/unit/io/input_ranges_test \
	%D%/unit/io/input_withheld_test \
	%D%/unit/io/input_test \
	%D%/unit/io/output_count_test \
	%D%/unit/io/output_file_test \
	%D%/unit/io/output_open_test \
	%D%/unit/io/output_straight_test \
	%D%/unit/io/output_test \
	%D%/unit/io/unwritten_test \
	%D%/unit/io/reader_test \
	%D%/unit/io/spool_test \
	%D%/unit/io/tar_map_test \
	%D%/unit/codec/codec_test \
	%D%/differential/codec_test \
	%D%/unit/codec/bzip2_blocks_test \
	%D%/unit/codec/inflater_test \
	%D%/unit/codec/piece_test \
	%D%/unit/codec/zstd_test \
	%D%/unit/outer/archive_kind_test \
	%D%/unit/outer/archive_reader_test \
	%D%/unit/outer/inner_name_test \
	%D%/unit/outer/layer_test \
	%D%/unit/outer/qcow2_test \
	%D%/unit/ram/block_test \
	%D%/unit/ram/count_test \
	%D%/unit/ram/digest_test \
	%D%/unit/ram/latest_test \
	%D%/unit/ram/page_test \
	%D%/unit/ram/places_test \
	%D%/unit/ram/page_words_test \
	%D%/unit/ram/pump_test \
	%D%/unit/ram/xbzrle_test \
	%D%/unit/ram/zero_scan_test \
	%D%/unit/format/configuration_test \
	%D%/unit/format/domain_edit_test \
	%D%/unit/format/domain_files_test \
	%D%/unit/format/domain_xml_test \
	%D%/unit/format/elf_core_test \
	%D%/unit/format/drop_test \
	%D%/unit/format/fields_test \
	%D%/unit/format/iterable_test \
	%D%/unit/format/libvirt_edit_test \
	%D%/unit/format/libvirt_test \
	%D%/unit/format/mapped_base_test \
	%D%/unit/format/mapped_test \
	%D%/unit/format/page_size_test \
	%D%/unit/format/ram_list_test \
	%D%/unit/format/sequential_test \
	%D%/unit/format/stream_test \
	%D%/unit/format/tail_test \
	%D%/unit/format/vmdesc_test \
	%D%/unit/image/allocation_test \
	%D%/unit/image/image_test \
	%D%/unit/image/open_test \
	%D%/unit/image/pass_test \
	%D%/unit/image/stranger_test \
	%D%/unit/image/trust_test \
	%D%/unit/check/repair_test \
	%D%/unit/walk/tee_test \
	%D%/unit/walk/walk_test \
	%D%/unit/map/map_test \
	%D%/unit/rewrite/convert_test \
	%D%/unit/sparsify/reclaim_test \
	%D%/unit/cmd/confine_test \
	%D%/unit/cmd/place_test \
	%D%/unit/cmd/report_test

unit_headers = \
	%D%/unit/cached.h \
	%D%/unit/check.h \
	%D%/unit/gzip.h \
	%D%/unit/mounts.h \
	%D%/unit/outputs.h \
	%D%/unit/packing.h \
	%D%/unit/pages.h \
	%D%/unit/recorder.h \
	%D%/unit/sample.h \
	%D%/unit/scratch.h \
	%D%/unit/tar.h \
	%D%/unit/visits.h \
	%D%/unit/wire.h

bats_helpers = \
	%D%/cli/cached.py \
	%D%/cli/helpers.bash \
	%D%/cli/memory.py \
	%D%/cli/peak.py \
	%D%/cli/qcow2.py \
	%D%/cli/schema.py \
	%D%/cli/web.py

# Runs every command on every recipe.
recipe_tests = %D%/cli/recipes.py

# The longest first, so that the last one does not keep one processor waiting.
bats_tests = \
	%D%/cli/archive.bats \
	%D%/cli/bounds.bats \
	%D%/cli/direct.bats \
	%D%/cli/formats.bats \
	%D%/cli/convert.bats \
	%D%/cli/compact.bats \
	%D%/cli/compare.bats \
	%D%/cli/digest.bats \
	%D%/cli/sparsify.bats \
	%D%/cli/check.bats \
	%D%/cli/rest.bats \
	%D%/cli/nbd.bats \
	%D%/cli/pipe.bats \
	%D%/cli/qcow2.bats \
	%D%/cli/examples.bats \
	%D%/cli/size.bats \
	%D%/cli/inspect.bats \
	%D%/cli/map.bats \
	%D%/cli/extract.bats \
	%D%/cli/usage.bats \
	%D%/cli/order.bats \
	%D%/cli/xml.bats \
	%D%/cli/mkimage.bats \
	%D%/cli/completion.bats \
	%D%/style/tree.bats \
	%D%/style/exports.bats \
	%D%/style/hints.bats \
	%D%/style/json.bats \
	%D%/style/layers.bats \
	%D%/style/manual.bats

EXTRA_DIST += $(unit_headers) $(bats_helpers) $(bats_tests) $(recipe_tests)
EXTRA_DIST += %D%/bench %D%/data %D%/demo %D%/interop %D%/mkimage/README.md %D%/recipes
EXTRA_DIST += %D%/systems %D%/unit/run

# Hours, if the guests are large: not a part of 'make check'.
EXTRA_PROGRAMS += %D%/bench/bare
tests_bench_bare_SOURCES = %D%/bench/bare.c
CLEANFILES += %D%/bench/bare

bench: savetool %D%/bench/bare %D%/mkimage/mkimage
	SAVETOOL=$(abs_builddir)/savetool BARE=$(abs_builddir)/%D%/bench/bare \
		MKIMAGE=$(abs_builddir)/%D%/mkimage/mkimage \
		$(srcdir)/%D%/bench/run --guest real --profile \
		--results $(srcdir)/%D%/bench/RESULTS.md \
		--json $(srcdir)/%D%/bench/results.json $(BENCH)
.PHONY: bench

if HAVE_TEST_TOOLS
TESTS += $(recipe_tests) $(unit_tests) $(bats_tests)
check_PROGRAMS += %D%/mkimage/mkimage $(unit_tests)
else
check_DATA += test-tools
endif

test-tools:
	@echo "'make check' needs what configure did not find:" >&2; \
	test '$(have_cmocka)' = yes || echo '	cmocka' >&2; \
	test '$(have_bats)' = yes || echo '	bats' >&2; \
	false
.PHONY: test-tools

# Builds an image from a recipe.  Shares no code with the program under test.
%C%_mkimage_mkimage_CPPFLAGS = -D_GNU_SOURCE
%C%_mkimage_mkimage_LDADD =
%C%_mkimage_mkimage_SOURCES = \
	%D%/mkimage/container.c \
	%D%/mkimage/content.c \
	%D%/mkimage/content.h \
	%D%/mkimage/follow.c \
	%D%/mkimage/follow.h \
	%D%/mkimage/image.c \
	%D%/mkimage/image.h \
	%D%/mkimage/main.c \
	%D%/mkimage/mapped.c \
	%D%/mkimage/memory.c \
	%D%/mkimage/memory.h \
	%D%/mkimage/ram.c \
	%D%/mkimage/ram.h \
	%D%/mkimage/raw.c \
	%D%/mkimage/recipe.c \
	%D%/mkimage/recipe.h \
	%D%/mkimage/statements.h \
	%D%/mkimage/stream.c \
	%D%/mkimage/vmdesc.c

# What every unit test is linked with.
LDADD = libcmd.la libcore.la $(CMOCKA_LIBS)

# Tests of cmd/, whose headers no other test may include.
%C%_unit_cmd_confine_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/cmd
%C%_unit_cmd_place_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/cmd
%C%_unit_cmd_report_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/cmd

include %D%/fuzz/local.mk

EXTRA_DIST += %D%/style/installed
installcheck-local:
	$(AM_V_at)DESTDIR='$(DESTDIR)' bindir='$(bindir)' \
		datadir='$(datadir)' libdir='$(libdir)' mandir='$(mandir)' \
		includedir='$(includedir)' CC='$(CC)' CFLAGS='$(CFLAGS)' \
		$(srcdir)/%D%/style/installed

# Python's caches are not part of a release.
dist-hook:
	find '$(distdir)/%D%' -name __pycache__ -exec rm -rf {} +
