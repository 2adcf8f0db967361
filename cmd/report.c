/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts as JSON, or as the text that text.c aligns. */
#include "config.h"

#include "report.h"

#include "base/cleanup.h"
#include "escape.h"
#include "hint.h"
#include "memory.h"
#include "text.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Image, section or table, row. */
#define DEPTH 3

struct report {
	FILE *out;
	bool exact;
	bool several;

	/* JSON */
	struct json_object *all; /* the array, if there are several */
	struct json_object *open[DEPTH];
	size_t depth;

	/* Text, if layout is set. */
	struct text *text;
	bool written;
};

struct report *report_new(FILE *out, bool json, bool several)
{
	struct report *report = must(calloc(1, sizeof(*report)));

	report->out = out;
	report->several = several;
	if (!json)
		report->text = text_new();
	else if (several)
		report->all = json_object_new_array();
	return report;
}

void report_several(struct report *report)
{
	report->several = true;
	if (!report->text && !report->all)
		report->all = json_object_new_array();
}

static void write_json(FILE *out, struct json_object *object)
{
	const int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			  JSON_C_TO_STRING_NOSLASHESCAPE;

	escape_json(out, json_object_to_json_string_ext(object, style));
	fputc('\n', out);
}

void report_finish(struct report *report)
{
	if (report->all)
		write_json(report->out, report->all);
}

void report_free(struct report *report)
{
	if (!report)
		return;
	json_object_put(report->all);
	text_free(report->text);
	free(report);
}

static struct json_object *text_object(const char *text)
{
	cleanup_free char *valid = must(escape_utf8(text));

	return must(json_object_new_string(valid));
}

/* Adds to the innermost open object or array; takes the value. */
static void put(struct report *report, const char *key,
		struct json_object *value)
{
	struct json_object *parent = report->open[report->depth - 1];

	if (json_object_is_type(parent, json_type_array))
		json_object_array_add(parent, value);
	else
		json_object_object_add(parent, key, value);
}

static void enter(struct report *report, const char *key,
		  struct json_object *value)
{
	put(report, key, value);
	report->open[report->depth++] = value;
}

void report_open(struct report *report, const char *path)
{
	struct json_object *program;

	if (report->text)
		return;
	report->open[0] = json_object_new_object();
	report->depth = 1;
	program = json_object_new_object();
	json_object_object_add(program, "version",
			       text_object(savetool_version()));
	json_object_object_add(program, "schema", json_object_new_int(1));
	put(report, "savetool", program);
	report_text(report, "path", NULL, path);
}

void report_commit(struct report *report)
{
	if (report->text) {
		report->written |=
			text_write(report->text, report->out, report->written);
	} else if (report->all) {
		json_object_array_add(report->all, report->open[0]);
	} else {
		write_json(report->out, report->open[0]);
		json_object_put(report->open[0]);
	}
}

bool report_is_text(const struct report *report)
{
	return report->text != NULL;
}

void report_exact(struct report *report, bool exact)
{
	report->exact = exact;
}

void report_section(struct report *report, const char *key, const char *title)
{
	if (report->text)
		text_section(report->text, title);
	else
		enter(report, key, json_object_new_object());
}

void report_table(struct report *report, const char *key, const char *title,
		  const char *columns)
{
	if (report->text)
		text_table(report->text, title, columns);
	else
		enter(report, key, json_object_new_array());
}

void report_row(struct report *report)
{
	if (report->text) {
		text_row(report->text);
		return;
	}
	/* This also closes the row before. */
	report->depth = 2;
	enter(report, NULL, json_object_new_object());
}

void report_close(struct report *report)
{
	if (report->text)
		text_close(report->text);
	report->depth = 1;
}

void report_text(struct report *report, const char *key, const char *label,
		 const char *value)
{
	if (report->text) {
		if (label)
			text_cell(report->text, label, value, NULL);
	} else if (key && value) {
		put(report, key, text_object(value));
	}
}

void report_flag(struct report *report, const char *key, const char *label,
		 bool value)
{
	if (report->text)
		report_text(report, key, label, value ? "yes" : "no");
	else if (key)
		put(report, key, json_object_new_boolean(value));
}

/* A table would need one more column for the exact number: left out there. */
static void show_number(struct report *report, const char *label,
			const char *text, const char *exact)
{
	text_cell(report->text, label, text, report->exact ? exact : NULL);
}

void report_number(struct report *report, const char *key, const char *label,
		   uint64_t value)
{
	bool known = value != SAVETOOL_UNKNOWN;
	char text[32];

	if (!report->text) {
		if (key && known)
			put(report, key, json_object_new_uint64(value));
		return;
	}
	snprintf(text, sizeof(text), "%" PRIu64, value);
	if (label)
		show_number(report, label, known ? text : NULL, NULL);
}

void report_bytes(struct report *report, const char *key, const char *label,
		  uint64_t value)
{
	bool known = value != SAVETOOL_UNKNOWN;
	char text[REPORT_SIZE_TEXT], exact[32];

	if (!report->text) {
		report_number(report, key, label, value);
		return;
	}
	report_size_text(value, text);
	snprintf(exact, sizeof(exact), "%" PRIu64 " bytes", value);
	if (label)
		show_number(report, label, known ? text : NULL, exact);
}

void report_words(struct report *report, const char *key, const char *label,
		  const char *const *words)
{
	struct json_object *array;

	if (!words)
		return;
	if (report->text) {
		for (; label && *words; words++, label = "")
			text_cell(report->text, label, *words, NULL);
		return;
	}
	array = json_object_new_array();
	for (; *words; words++)
		json_object_array_add(array, text_object(*words));
	put(report, key, array);
}

void report_line(struct report *report, const char *format, ...)
{
	cleanup_free char *line = NULL;
	va_list arguments;

	if (!report->text)
		return;
	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		line = NULL;
	va_end(arguments);
	if (line)
		text_line(report->text, line);
}

void report_document(struct report *report, const char *key,
		     const char *document)
{
	if (!document)
		return;
	if (report->text)
		text_document(report->text, document);
	else
		put(report, key, text_object(document));
}

void report_error(struct report *report, const struct savetool_error *err,
		  const char *hint)
{
	if (report->text)
		return;
	report_section(report, "error", NULL);
	report_text(report, "code", NULL, savetool_code_name(err->code));
	report_text(report, "message", NULL, err->text);
	report_text(report, "block", NULL, err->block[0] ? err->block : NULL);
	report_number(report, "page", NULL, err->page);
	report_number(report, "offset", NULL, err->offset);
	report_text(report, "hint", NULL, hint);
	report_close(report);
}

void report_size_text(uint64_t size, char text[REPORT_SIZE_TEXT])
{
	static const char units[] = "KMGTPE";
	unsigned unit = 0;
	uint64_t tenths;

	if (size < 1024) {
		snprintf(text, REPORT_SIZE_TEXT, "%" PRIu64 " B", size);
		return;
	}
	while (units[unit + 1] && size >> (10 * unit) >= 1 << 20)
		unit++;
	/* Ten times the 1024ths of the unit fit in 64 bits. */
	tenths = ((size >> (10 * unit)) * 10 + 512) / 1024;
	if (tenths == 10240 && units[unit + 1]) {
		tenths = 10;
		unit++;
	}
	if (size % (UINT64_C(1) << (10 * (unit + 1))) == 0)
		snprintf(text, REPORT_SIZE_TEXT, "%" PRIu64 " %ciB",
			 tenths / 10, units[unit]);
	else
		snprintf(text, REPORT_SIZE_TEXT, "%" PRIu64 ".%" PRIu64 " %ciB",
			 tenths / 10, tenths % 10, units[unit]);
}
