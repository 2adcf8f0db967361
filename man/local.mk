# SPDX-License-Identifier: LGPL-2.1-or-later
# Manual pages: the program, one per command, the formats.
# Manual pages: the program, one a command, the formats, the JSON; and the
# schema of that.

dist_man_MANS += \
	%D%/savetool-check.1 \
	%D%/savetool-compact.1 \
	%D%/savetool-compare.1 \
	%D%/savetool-convert.1 \
	%D%/savetool-digest.1 \
	%D%/savetool-extract.1 \
	%D%/savetool-formats.5 \
	%D%/savetool-inspect.1 \
	%D%/savetool-json.5 \
	%D%/savetool-map.1 \
	%D%/savetool-places.7 \
	%D%/savetool-sparsify.1 \
	%D%/savetool-size.1 \
	%D%/savetool-xml.1 \
	%D%/savetool.1

schemadir = $(datadir)/savetool
dist_schema_DATA = %D%/savetool.schema.json
