# SPDX-License-Identifier: LGPL-2.1-or-later
# The library, once for the program and the unit tests with every name in it
# (libcore), once for others with those of savetool.h (libsavetool).

noinst_LTLIBRARIES += libcore.la
libcore_la_LIBADD = $(LIBRARY_LIBS)
libcore_la_SOURCES = \
	%D%/changed.c \
	%D%/changed.h \
	%D%/check.c \
	%D%/checker.c \
	%D%/checker.h \
	%D%/checker_devices.c \
	%D%/checker_findings.c \
	%D%/compact.c \
	%D%/convert.c \
	%D%/describe.c \
	%D%/describe.h \
	%D%/describe_container.c \
	%D%/describe_parts.h \
	%D%/describe_releases.c \
	%D%/describe_sizes.c \
	%D%/describe_stream.c \
	%D%/description.c \
	%D%/description.h \
	%D%/dig.c \
	%D%/dig.h \
	%D%/dig_holes.c \
	%D%/dig_parts.h \
	%D%/digest.c \
	%D%/digest.h \
	%D%/findings.c \
	%D%/findings.h \
	%D%/image.c \
	%D%/image.h \
	%D%/options.c \
	%D%/options.h \
	%D%/repair.c \
	%D%/repair.h \
	%D%/phases.c \
	%D%/phases.h \
	%D%/rewrite.c \
	%D%/rewrite.h \
	%D%/map.c \
	%D%/map.h \
	%D%/map_mapped.c \
	%D%/map_sequential.c \
	%D%/savetool.h \
	%D%/scan.c \
	%D%/scan.h \
	%D%/estimate.c \
	%D%/estimate.h \
	%D%/estimate_pages.c \
	%D%/estimate_parts.h \
	%D%/estimate_writers.c \
	%D%/folder.c \
	%D%/sample.c \
	%D%/sample.h \
	%D%/size.c \
	%D%/space.c \
	%D%/space.h \
	%D%/sparsify.c \
	%D%/survey.c \
	%D%/survey.h \
	%D%/tee.c \
	%D%/tee.h \
	%D%/trust.c \
	%D%/trust.h \
	%D%/version.c \
	%D%/walk.c \
	%D%/walk.h \
	%D%/writer.c \
	%D%/writer.h \
	%D%/base/bitmap.c \
	%D%/base/bitmap.h \
	%D%/base/bytes.h \
	%D%/base/cleanup.h \
	%D%/base/error.c \
	%D%/base/error.h \
	%D%/base/pool.c \
	%D%/base/pool.h \
	%D%/base/zero.c \
	%D%/base/zero.h \
	%D%/io/chunk.c \
	%D%/io/chunk.h \
	%D%/io/direct.c \
	%D%/io/direct.h \
	%D%/io/direct_reader.c \
	%D%/io/direct_reader.h \
	%D%/io/direct_writer.c \
	%D%/io/direct_writer.h \
	%D%/io/extents.c \
	%D%/io/extents.h \
	%D%/io/inplace.c \
	%D%/io/inplace.h \
	%D%/io/input.c \
	%D%/io/input.h \
	%D%/io/input_file.c \
	%D%/io/likeness.c \
	%D%/io/likeness.h \
	%D%/io/nameless.c \
	%D%/io/nameless.h \
	%D%/io/output.c \
	%D%/io/output.h \
	%D%/io/output_count.c \
	%D%/io/output_count.h \
	%D%/io/output_file.c \
	%D%/io/output_file.h \
	%D%/io/output_open.c \
	%D%/io/place.c \
	%D%/io/place.h \
	%D%/io/reader.c \
	%D%/io/reader.h \
	%D%/io/reopen.c \
	%D%/io/reopen.h \
	%D%/io/spool.c \
	%D%/io/spool.h \
	%D%/io/write_all.c \
	%D%/io/write_all.h \
	%D%/codec/bzip2.c \
	%D%/codec/child.c \
	%D%/codec/child.h \
	%D%/codec/codec.c \
	%D%/codec/codec.h \
	%D%/codec/codecs.h \
	%D%/codec/format_names.c \
	%D%/codec/gzip.c \
	%D%/codec/lzop.c \
	%D%/codec/members.h \
	%D%/codec/members_pack.c \
	%D%/codec/members_unpack.c \
	%D%/codec/window.c \
	%D%/codec/window.h \
	%D%/codec/xz.c \
	%D%/codec/zstd.c \
	%D%/codec/zstd_frames.c \
	%D%/codec/zstd_frames.h \
	%D%/ram/block.c \
	%D%/ram/block.h \
	%D%/ram/count.c \
	%D%/ram/count.h \
	%D%/ram/digest.c \
	%D%/ram/digest.h \
	%D%/ram/page.c \
	%D%/ram/page.h \
	%D%/ram/page_words.c \
	%D%/ram/page_words.h \
	%D%/ram/pump.c \
	%D%/ram/pump.h \
	%D%/ram/settle.c \
	%D%/ram/settle.h \
	%D%/ram/xbzrle.c \
	%D%/ram/xbzrle.h \
	%D%/format/configuration.c \
	%D%/format/configuration.h \
	%D%/format/domain_xml.c \
	%D%/format/domain_xml.h \
	%D%/format/iterable.c \
	%D%/format/iterable.h \
	%D%/format/libvirt.c \
	%D%/format/libvirt.h \
	%D%/format/mapped.h \
	%D%/format/mapped_order.c \
	%D%/format/mapped_order.h \
	%D%/format/mapped_sink.c \
	%D%/format/mapped_source.c \
	%D%/format/page_size.c \
	%D%/format/page_size.h \
	%D%/format/ram_list.c \
	%D%/format/ram_list.h \
	%D%/format/section.c \
	%D%/format/section.h \
	%D%/format/sequential.h \
	%D%/format/sequential_sink.c \
	%D%/format/sequential_source.c \
	%D%/format/stream.c \
	%D%/format/stream.h \
	%D%/format/tail.c \
	%D%/format/tail.h \
	%D%/format/tail_find.c \
	%D%/format/tail_parts.h \
	%D%/format/tail_understand.c \
	%D%/format/tail_walk.c \
	%D%/format/vmdesc.c \
	%D%/format/vmdesc.h \
	%D%/format/vmdesc_edit.c

lib_LTLIBRARIES += libsavetool.la
include_HEADERS += %D%/savetool.h
savetoolincludedir = $(includedir)/savetool
savetoolinclude_HEADERS = \
	%D%/savetool/check.h \
	%D%/savetool/compact.h \
	%D%/savetool/convert.h \
	%D%/savetool/digest.h \
	%D%/savetool/error.h \
	%D%/savetool/image.h \
	%D%/savetool/info.h \
	%D%/savetool/map.h \
	%D%/savetool/monitor.h \
	%D%/savetool/size.h \
	%D%/savetool/sparsify.h
libsavetool_la_SOURCES =
libsavetool_la_LIBADD = libcore.la
libsavetool_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
	-Wl,--version-script=$(srcdir)/%D%/libsavetool.map
EXTRA_libsavetool_la_DEPENDENCIES = %D%/libsavetool.map
EXTRA_DIST += %D%/libsavetool.map

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/savetool.pc
