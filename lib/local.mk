# SPDX-License-Identifier: LGPL-2.1-or-later
# The library, twice: libcore, with all names visible, for the program and the
# unit tests; libsavetool, which exports only the names of savetool.h.

noinst_LTLIBRARIES += libcore.la
libcore_la_LIBADD = $(LIBRARY_LIBS)
libcore_la_SOURCES = \
	%D%/savetool.h \
	%D%/base/bitmap.c \
	%D%/base/bitmap.h \
	%D%/base/bytes.h \
	%D%/base/cleanup.h \
	%D%/base/error.c \
	%D%/base/error.h \
	%D%/base/monitor.c \
	%D%/base/monitor.h \
	%D%/base/nearest.c \
	%D%/base/nearest.h \
	%D%/base/options.c \
	%D%/base/options.h \
	%D%/base/phases.c \
	%D%/base/phases.h \
	%D%/base/pool.c \
	%D%/base/pool.h \
	%D%/base/version.c \
	%D%/base/zero.c \
	%D%/base/zero.h \
	%D%/io/attributes.c \
	%D%/io/attributes.h \
	%D%/io/chunk.c \
	%D%/io/chunk.h \
	%D%/io/destination.c \
	%D%/io/destination.h \
	%D%/io/direct.c \
	%D%/io/direct.h \
	%D%/io/direct_reader.c \
	%D%/io/direct_reader.h \
	%D%/io/direct_writer.c \
	%D%/io/direct_writer.h \
	%D%/io/extents.c \
	%D%/io/extents.h \
	%D%/io/held_file.c \
	%D%/io/held_file.h \
	%D%/io/input.c \
	%D%/io/input.h \
	%D%/io/input_file.c \
	%D%/io/output.c \
	%D%/io/output.h \
	%D%/io/output_count.c \
	%D%/io/output_count.h \
	%D%/io/output_file.c \
	%D%/io/output_file.h \
	%D%/io/output_open.c \
	%D%/io/reader.c \
	%D%/io/reader.h \
	%D%/io/reopen.c \
	%D%/io/reopen.h \
	%D%/io/unwritten.c \
	%D%/io/unwritten.h \
	%D%/io/space.c \
	%D%/io/space.h \
	%D%/io/spool.c \
	%D%/io/spool.h \
	%D%/io/tmpfile.c \
	%D%/io/tmpfile.h \
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
	%D%/codec/inflater.h \
	%D%/codec/lzop.c \
	%D%/codec/lzop_frames.c \
	%D%/codec/lzop_frames.h \
	%D%/codec/member.c \
	%D%/codec/members.h \
	%D%/codec/members_pack.c \
	%D%/codec/members_unpack.c \
	%D%/codec/piece.c \
	%D%/codec/piece.h \
	%D%/codec/window.c \
	%D%/codec/window.h \
	%D%/codec/xz.c \
	%D%/codec/zstd.c \
	%D%/outer/layer.c \
	%D%/outer/layer.h \
	%D%/outer/layer_codec.c \
	%D%/outer/layer_file.c \
	%D%/ram/block.c \
	%D%/ram/block.h \
	%D%/ram/count.c \
	%D%/ram/count.h \
	%D%/ram/digest.c \
	%D%/ram/digest.h \
	%D%/ram/latest.c \
	%D%/ram/latest.h \
	%D%/ram/page.c \
	%D%/ram/page.h \
	%D%/ram/page_words.c \
	%D%/ram/page_words.h \
	%D%/ram/pump.c \
	%D%/ram/pump.h \
	%D%/ram/xbzrle.c \
	%D%/ram/xbzrle.h \
	%D%/ram/zero_scan.c \
	%D%/ram/zero_scan.h \
	%D%/format/configuration.c \
	%D%/format/configuration.h \
	%D%/format/domain_files.c \
	%D%/format/domain_files.h \
	%D%/format/domain_xml.c \
	%D%/format/domain_xml.h \
	%D%/format/drop.c \
	%D%/format/drop.h \
	%D%/format/early.c \
	%D%/format/early.h \
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
	%D%/format/tail_devices.c \
	%D%/format/tail_find.c \
	%D%/format/tail_internal.h \
	%D%/format/tail_parse.c \
	%D%/format/tail_read.c \
	%D%/format/vmdesc.c \
	%D%/format/vmdesc.h \
	%D%/format/vmdesc_edit.c \
	%D%/format/xml_node.c \
	%D%/format/xml_node.h \
	%D%/image/allocation.c \
	%D%/image/allocation.h \
	%D%/image/description.c \
	%D%/image/description.h \
	%D%/image/doubt.h \
	%D%/image/image.c \
	%D%/image/image.h \
	%D%/image/open.c \
	%D%/image/pass.c \
	%D%/image/pass.h \
	%D%/image/stranger.c \
	%D%/image/stranger.h \
	%D%/image/trailing.c \
	%D%/image/trailing.h \
	%D%/image/trust.c \
	%D%/image/trust.h \
	%D%/image/unchanged.c \
	%D%/image/unchanged.h \
	%D%/walk/digest.c \
	%D%/walk/digest.h \
	%D%/walk/tee.c \
	%D%/walk/tee.h \
	%D%/walk/walk.c \
	%D%/walk/walk.h \
	%D%/walk/writer.c \
	%D%/walk/writer.h \
	%D%/image/zero_tail.c \
	%D%/image/zero_tail.h \
	%D%/inspect/agreement.c \
	%D%/inspect/agreement.h \
	%D%/inspect/describe.c \
	%D%/inspect/describe.h \
	%D%/inspect/describe_container.c \
	%D%/inspect/describe_internal.h \
	%D%/inspect/describe_releases.c \
	%D%/inspect/describe_sizes.c \
	%D%/inspect/describe_stream.c \
	%D%/inspect/findings.c \
	%D%/inspect/findings.h \
	%D%/inspect/findings_internal.h \
	%D%/inspect/findings_sections.c \
	%D%/inspect/findings_storage.c \
	%D%/inspect/machine.c \
	%D%/inspect/machine.h \
	%D%/check/check.c \
	%D%/check/checker.c \
	%D%/check/checker.h \
	%D%/check/checker_devices.c \
	%D%/check/checker_findings.c \
	%D%/check/machines.c \
	%D%/check/repair.c \
	%D%/check/repair.h \
	%D%/size/estimate.c \
	%D%/size/estimate.h \
	%D%/size/estimate_internal.h \
	%D%/size/estimate_pages.c \
	%D%/size/estimate_writers.c \
	%D%/size/folder.c \
	%D%/size/sample.c \
	%D%/size/sample.h \
	%D%/size/size.c \
	%D%/map/map.c \
	%D%/map/map.h \
	%D%/map/map_image.c \
	%D%/map/map_mapped.c \
	%D%/map/map_sequential.c \
	%D%/rewrite/agree.c \
	%D%/rewrite/agree.h \
	%D%/rewrite/compact.c \
	%D%/rewrite/convert.c \
	%D%/rewrite/fit.c \
	%D%/rewrite/fit.h \
	%D%/rewrite/rewrite.c \
	%D%/rewrite/rewrite.h \
	%D%/sparsify/reclaim.c \
	%D%/sparsify/reclaim.h \
	%D%/sparsify/reclaim_internal.h \
	%D%/sparsify/reclaim_punch.c \
	%D%/sparsify/sparsify.c

lib_LTLIBRARIES += libsavetool.la
include_HEADERS += %D%/savetool.h
savetoolincludedir = $(includedir)/savetool
savetoolinclude_HEADERS = \
	%D%/savetool/check.h \
	%D%/savetool/compact.h \
	%D%/savetool/convert.h \
	%D%/savetool/digest.h \
	%D%/savetool/error.h \
	%D%/savetool/hint.h \
	%D%/savetool/image.h \
	%D%/savetool/info.h \
	%D%/savetool/map.h \
	%D%/savetool/monitor.h \
	%D%/savetool/size.h \
	%D%/savetool/sparsify.h
if HAVE_ISAL
libcore_la_SOURCES += %D%/codec/inflater_isal.c
else
libcore_la_SOURCES += %D%/codec/inflater_zlib.c
endif
libsavetool_la_SOURCES =
libsavetool_la_LIBADD = libcore.la
libsavetool_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
	-Wl,--version-script=$(srcdir)/%D%/libsavetool.map
EXTRA_libsavetool_la_DEPENDENCIES = %D%/libsavetool.map
EXTRA_DIST += %D%/libsavetool.map

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/savetool.pc
