/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A visitor that logs its calls, one line each. */
#ifndef UNIT_VISITS_H
#define UNIT_VISITS_H

#include "base/error.h"
#include "walk/walk.h"

#include "pages.h"
#include "recorder.h"

struct visits {
	struct visitor base;
	char text[4096];
	const char *fails_at;    /* the line at which it fails; NULL: never */
	struct page_log pages;   /* the pages that it was shown */
	struct recorder payload; /* of the sections that are not memory */
	bool wants_pages, wants_payload;
};

static inline int visits_add(struct visitor *visitor,
			     struct savetool_error *err, const char *step,
			     const char *what)
{
	struct visits *visits = (struct visits *)visitor;
	size_t used = strlen(visits->text);
	char line[300];

	snprintf(line, sizeof(line), "%s%s", step, what);
	snprintf(visits->text + used, sizeof(visits->text) - used, "%s\n",
		 line);
	if (visits->fails_at && strcmp(visits->fails_at, line) == 0)
		return fail(err, SAVETOOL_SYSTEM, "failure at %s", line);
	return 0;
}

static inline const char *visits_type(const struct section *section)
{
	switch (section->type) {
	case SECTION_START:
		return " start";
	case SECTION_PART:
		return " part";
	case SECTION_END:
		return " end";
	default:
		return " other";
	}
}

static inline int visits_start(struct visitor *visitor,
			       const struct stream *stream,
			       struct savetool_error *err)
{
	(void)stream;
	return visits_add(visitor, err, "start", "");
}

static inline int visits_command(struct visitor *visitor,
				 const struct stream_item *command,
				 struct savetool_error *err)
{
	(void)command;
	return visits_add(visitor, err, "command", "");
}

static inline int visits_section(struct visitor *visitor,
				 const struct section *section,
				 struct output **copy_to,
				 struct savetool_error *err)
{
	struct visits *visits = (struct visits *)visitor;

	if (visits->wants_payload)
		*copy_to = &visits->payload.base;
	return visits_add(visitor, err, "section", visits_type(section));
}

static inline int visits_section_end(struct visitor *visitor,
				     const struct section *section,
				     struct savetool_error *err)
{
	return visits_add(visitor, err, "section_end", visits_type(section));
}

static inline int visits_ram_list(struct visitor *visitor,
				  const struct section *section,
				  const struct ram_list *list,
				  struct page_sink **sink,
				  struct savetool_error *err)
{
	struct visits *visits = (struct visits *)visitor;

	(void)list;
	if (visits->wants_pages)
		*sink = &visits->pages.base;
	return visits_add(visitor, err, "ram_list", visits_type(section));
}

static inline int visits_ram_begin(struct visitor *visitor,
				   const struct section *section,
				   struct savetool_error *err)
{
	return visits_add(visitor, err, "ram_begin", visits_type(section));
}

static inline int visits_ram_end(struct visitor *visitor,
				 const struct section *section,
				 struct savetool_error *err)
{
	return visits_add(visitor, err, "ram_end", visits_type(section));
}

static inline int visits_tail(struct visitor *visitor, const struct tail *tail,
			      struct savetool_error *err)
{
	(void)tail;
	return visits_add(visitor, err, "tail", "");
}

/* It wants pages and payloads. */
static inline void visits_init(struct visits *visits)
{
	static const struct visitor_ops ops = {
		.start = visits_start,
		.command = visits_command,
		.section = visits_section,
		.section_end = visits_section_end,
		.ram_list = visits_ram_list,
		.ram_begin = visits_ram_begin,
		.ram_end = visits_ram_end,
		.tail = visits_tail,
	};

	memset(visits, 0, sizeof(*visits));
	visits->base.ops = &ops;
	visits->wants_pages = visits->wants_payload = true;
	page_log_init(&visits->pages);
	recorder_init(&visits->payload, false);
}

#endif
