/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text in sections.  Until a section is closed its rows are kept in one string:
 * cells end in a tab, rows in a newline.  Escaped text has neither.
 */
#include "config.h"

#include "text.h"

#include "escape.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define MARGIN 15 /* where the rows begin; titles are shorter */
#define WIDTH 80
#define COLUMNS_MAX 12
#define GAP 2    /* between columns */
#define LABEL 12 /* minimum width of labels, so that values line up */

/* At the start of a row: it is a line, not cells. */
#define LINE '\1'

struct buffer {
	FILE *stream;
	char *text;
	size_t size;
};

struct layout {
	struct buffer whole; /* finished sections */
	struct buffer head;  /* labels of the open table */
	struct buffer body;  /* rows of the open section */
	char *title;         /* of the open section */
	const char *columns;
	bool table;
	bool row_due; /* the next cell begins a row */
	size_t rows;
	bool parted; /* whole has more than lines */
};

static void buffer_open(struct buffer *buffer)
{
	buffer->stream = must(open_memstream(&buffer->text, &buffer->size));
}

/* Closes the stream, otherwise the text is not complete yet. */
static const char *buffer_text(struct buffer *buffer)
{
	return must(fclose(buffer->stream) == 0 ? buffer->text : NULL);
}

static void buffer_reset(struct buffer *buffer)
{
	free(buffer->text);
	buffer->text = NULL;
	buffer_open(buffer);
}

struct layout *layout_new(void)
{
	struct layout *layout = must(calloc(1, sizeof(*layout)));

	buffer_open(&layout->whole);
	buffer_open(&layout->head);
	buffer_open(&layout->body);
	return layout;
}

void layout_free(struct layout *layout)
{
	if (!layout)
		return;
	buffer_text(&layout->whole);
	buffer_text(&layout->head);
	buffer_text(&layout->body);
	free(layout->whole.text);
	free(layout->head.text);
	free(layout->body.text);
	free(layout->title);
	free(layout);
}

static void begin(struct layout *layout, const char *title, const char *columns,
		  bool table)
{
	free(layout->title);
	layout->title = must(strdup(title));
	layout->columns = columns;
	layout->table = table;
	layout->rows = 0;
}

void layout_section(struct layout *layout, const char *title)
{
	begin(layout, title, "lll", false);
}

void layout_table(struct layout *layout, const char *title, const char *columns)
{
	begin(layout, title, columns, true);
}

void layout_row(struct layout *layout)
{
	layout->row_due = true;
}

static void begin_row(struct layout *layout)
{
	if (layout->rows++ > 0)
		fputc('\n', layout->body.stream);
	layout->row_due = false;
}

static void put_cell(FILE *out, const char *text)
{
	escape_text(out, text, false);
	fputc('\t', out);
}

void layout_cell(struct layout *layout, const char *label, const char *value,
		 const char *extra)
{
	if (layout->table) {
		if (layout->row_due)
			begin_row(layout);
		if (layout->rows == 1)
			put_cell(layout->head.stream, label);
		put_cell(layout->body.stream, value ? value : "-");
	} else if (value && layout->title) {
		begin_row(layout);
		put_cell(layout->body.stream, label);
		put_cell(layout->body.stream, value);
		if (extra)
			put_cell(layout->body.stream, extra);
	}
}

void layout_line(struct layout *layout, const char *line)
{
	if (!layout->title) {
		escape_text(layout->whole.stream, line, false);
		fputc('\n', layout->whole.stream);
		return;
	}
	begin_row(layout);
	fputc(LINE, layout->body.stream);
	escape_text(layout->body.stream, line, false);
}

/* Characters, not bytes; those of double width count as one. */
static size_t text_width(const char *text, size_t bytes)
{
	size_t width = 0;

	for (size_t i = 0; i < bytes; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

static void measure_row(const char *row, size_t widths[COLUMNS_MAX])
{
	size_t column = 0, bytes, width;

	if (*row == LINE)
		return;
	for (; *row && *row != '\n' && column < COLUMNS_MAX; column++) {
		bytes = strcspn(row, "\t\n");
		width = text_width(row, bytes);
		if (width > widths[column])
			widths[column] = width;
		row += bytes + (row[bytes] == '\t');
	}
}

static void write_cells(FILE *out, const char *row, const char *columns,
			const size_t widths[COLUMNS_MAX])
{
	size_t owed = 0; /* blanks, written only if something follows */
	size_t column = 0, bytes, pad;
	bool right;

	for (; *row && *row != '\n' && column < COLUMNS_MAX; column++) {
		bytes = strcspn(row, "\t\n");
		right = column < strlen(columns) && columns[column] == 'r';
		pad = widths[column] - text_width(row, bytes);
		if (right)
			owed += pad;
		if (bytes > 0) {
			fprintf(out, "%*s%.*s", (int)owed, "", (int)bytes, row);
			owed = 0;
		}
		owed += GAP + (right ? 0 : pad);
		row += bytes + (row[bytes] == '\t');
	}
	fputc('\n', out);
}

/* How many bytes of the line fit, up to a blank if there is one. */
static size_t fitting(const char *line, size_t bytes)
{
	size_t end = 0, i;

	for (i = 0; i < bytes; i++) {
		if (text_width(line, i + 1) > WIDTH - MARGIN && end > 0)
			return end;
		if (line[i] == ' ')
			end = i;
	}
	return bytes;
}

static void write_line(FILE *out, const char *line)
{
	size_t bytes = strcspn(line, "\n");
	int margin = 0;

	while (bytes > 0) {
		size_t part = fitting(line, bytes);

		fprintf(out, "%*s%.*s\n", margin, "", (int)part, line);
		part += part < bytes && line[part] == ' ';
		line += part;
		bytes -= part;
		margin = MARGIN + 2;
	}
}

static const char *next_row(const char *row)
{
	row += strcspn(row, "\n");
	return *row ? row + 1 : NULL;
}

static void write_section(struct layout *layout, const char *head,
			  const char *body)
{
	FILE *out = layout->whole.stream;
	size_t widths[COLUMNS_MAX] = { 0 };
	const char *title = layout->title;

	layout->parted = true;
	widths[0] = *head ? 0 : LABEL;
	measure_row(head, widths);
	for (const char *row = body; row; row = next_row(row))
		measure_row(row, widths);
	if (*head) {
		fprintf(out, "%-*s", MARGIN, title);
		write_cells(out, head, layout->columns, widths);
		title = "";
	}
	for (const char *row = body; row; row = next_row(row)) {
		fprintf(out, "%-*s", MARGIN, title);
		if (*row == LINE)
			write_line(out, row + 1);
		else
			write_cells(out, row, layout->columns, widths);
		title = "";
	}
}

void layout_close(struct layout *layout)
{
	const char *head = buffer_text(&layout->head);
	const char *body = buffer_text(&layout->body);

	if (*body)
		write_section(layout, head, body);
	buffer_reset(&layout->head);
	buffer_reset(&layout->body);
	free(layout->title);
	layout->title = NULL;
	layout->table = false;
}

void layout_document(struct layout *layout, const char *document)
{
	size_t length = strlen(document);

	layout->parted = true;
	fputc('\n', layout->whole.stream);
	escape_text(layout->whole.stream, document, true);
	if (length == 0 || document[length - 1] != '\n')
		fputc('\n', layout->whole.stream);
}

bool layout_write(struct layout *layout, FILE *out, bool blank_line)
{
	const char *whole = buffer_text(&layout->whole);
	bool something = *whole != '\0';

	if (something && blank_line && layout->parted)
		fputc('\n', out);
	fputs(whole, out);
	buffer_reset(&layout->whole);
	layout->parted = false;
	return something;
}
