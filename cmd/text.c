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

struct text {
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

struct text *text_new(void)
{
	struct text *text = must(calloc(1, sizeof(*text)));

	buffer_open(&text->whole);
	buffer_open(&text->head);
	buffer_open(&text->body);
	return text;
}

void text_free(struct text *text)
{
	if (!text)
		return;
	buffer_text(&text->whole);
	buffer_text(&text->head);
	buffer_text(&text->body);
	free(text->whole.text);
	free(text->head.text);
	free(text->body.text);
	free(text->title);
	free(text);
}

static void begin(struct text *text, const char *title, const char *columns,
		  bool table)
{
	free(text->title);
	text->title = must(strdup(title));
	text->columns = columns;
	text->table = table;
	text->rows = 0;
}

void text_section(struct text *text, const char *title)
{
	begin(text, title, "lll", false);
}

void text_table(struct text *text, const char *title, const char *columns)
{
	begin(text, title, columns, true);
}

void text_row(struct text *text)
{
	text->row_due = true;
}

static void begin_row(struct text *text)
{
	if (text->rows++ > 0)
		fputc('\n', text->body.stream);
	text->row_due = false;
}

static void put_cell(FILE *out, const char *text)
{
	escape_text(out, text, false);
	fputc('\t', out);
}

void text_cell(struct text *text, const char *label, const char *value,
	       const char *extra)
{
	if (text->table) {
		if (text->row_due)
			begin_row(text);
		if (text->rows == 1)
			put_cell(text->head.stream, label);
		put_cell(text->body.stream, value ? value : "-");
	} else if (value && text->title) {
		begin_row(text);
		put_cell(text->body.stream, label);
		put_cell(text->body.stream, value);
		if (extra)
			put_cell(text->body.stream, extra);
	}
}

void text_line(struct text *text, const char *line)
{
	if (!text->title) {
		escape_text(text->whole.stream, line, false);
		fputc('\n', text->whole.stream);
		return;
	}
	begin_row(text);
	fputc(LINE, text->body.stream);
	escape_text(text->body.stream, line, false);
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

static void write_section(struct text *text, const char *head, const char *body)
{
	FILE *out = text->whole.stream;
	size_t widths[COLUMNS_MAX] = { 0 };
	const char *title = text->title;

	text->parted = true;
	widths[0] = *head ? 0 : LABEL;
	measure_row(head, widths);
	for (const char *row = body; row; row = next_row(row))
		measure_row(row, widths);
	if (*head) {
		fprintf(out, "%-*s", MARGIN, title);
		write_cells(out, head, text->columns, widths);
		title = "";
	}
	for (const char *row = body; row; row = next_row(row)) {
		fprintf(out, "%-*s", MARGIN, title);
		if (*row == LINE)
			write_line(out, row + 1);
		else
			write_cells(out, row, text->columns, widths);
		title = "";
	}
}

void text_close(struct text *text)
{
	const char *head = buffer_text(&text->head);
	const char *body = buffer_text(&text->body);

	if (*body)
		write_section(text, head, body);
	buffer_reset(&text->head);
	buffer_reset(&text->body);
	free(text->title);
	text->title = NULL;
	text->table = false;
}

void text_document(struct text *text, const char *document)
{
	size_t length = strlen(document);

	text->parted = true;
	fputc('\n', text->whole.stream);
	escape_text(text->whole.stream, document, true);
	if (length == 0 || document[length - 1] != '\n')
		fputc('\n', text->whole.stream);
}

bool text_write(struct text *text, FILE *out, bool blank_line)
{
	const char *whole = buffer_text(&text->whole);
	bool something = *whole != '\0';

	if (something && blank_line && text->parted)
		fputc('\n', out);
	fputs(whole, out);
	buffer_reset(&text->whole);
	text->parted = false;
	return something;
}
