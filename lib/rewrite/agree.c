/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new header's XML against the stream that follows it. */
#include "config.h"

#include "rewrite/agree.h"

#include "base/error.h"

#include <string.h>

/* What is known by now. */
static int compare(struct agree *agree, struct savetool_error *err)
{
	char text[CONTRADICTION_TEXT];

	if (!agree->domain)
		return 0;
	for (int kind = 0; kind < CONTRADICTION_COUNT; kind++) {
		if (!contradicts(text, kind, &agree->facts, agree->domain))
			continue;
		if (agree->strict) {
			fail(err, SAVETOOL_REFUSED, "%s", text);
			return fail_hint(err, SAVETOOL_HINT_ALLOW_MISMATCH);
		}
		if (!agree->text[0])
			strcpy(agree->text, text);
	}
	return 0;
}

static int on_start(struct visitor *visitor, const struct stream *stream,
		    struct savetool_error *err)
{
	struct agree *agree = (struct agree *)visitor;
	const struct configuration *configuration = &stream->configuration;
	struct stream_facts *facts = &agree->facts;

	/* It may be the second time. */
	*facts = (struct stream_facts){ .mapped = facts->mapped };
	if (configuration->present)
		facts->machine = agree->machine ? agree->machine :
						  configuration->machine;
	if (configuration->has_uuid)
		facts->uuid = configuration->uuid;
	facts->has_page_bits = configuration->has_page_bits;
	return compare(agree, err);
}

static void add_devices(struct agree *agree, const struct tail *tail)
{
	agree->facts.cpus = agree->facts.common_cpus = 0;
	for (unsigned i = 0; i < tail->device_count; i++)
		stream_facts_add_device(&agree->facts, tail->devices[i].name);
}

static int on_ram_list(struct visitor *visitor, const struct section *section,
		       const struct ram_list *list, struct page_sink **sink,
		       struct savetool_error *err)
{
	struct agree *agree = (struct agree *)visitor;

	(void)section;
	(void)sink;
	for (unsigned i = 0; i < list->layout.count; i++)
		stream_facts_add_block(&agree->facts,
				       list->layout.blocks[i].name,
				       list->layout.blocks[i].length);
	if (!ram_list_is_whole(list))
		return 0;
	/* Of a file, its end has been seen already. */
	if (agree->pass->tail)
		add_devices(agree, agree->pass->tail);
	return compare(agree, err);
}

static int on_ram_block(struct visitor *visitor, const struct ram_list *list,
			struct savetool_error *err)
{
	struct agree *agree = (struct agree *)visitor;
	const struct ram_block *block =
		&list->layout.blocks[list->layout.count - 1];

	stream_facts_add_block(&agree->facts, block->name, block->length);
	return ram_list_is_whole(list) ? compare(agree, err) : 0;
}

static int on_tail(struct visitor *visitor, const struct tail *tail,
		   struct savetool_error *err)
{
	struct agree *agree = (struct agree *)visitor;

	add_devices(agree, tail);
	return compare(agree, err);
}

static const struct visitor_ops ops = {
	.start = on_start,
	.ram_list = on_ram_list,
	.ram_block = on_ram_block,
	.tail = on_tail,
};

void agree_init(struct agree *agree, const struct pass *pass, const char *xml,
		bool mapped, bool strict)
{
	struct savetool_error ignored;

	*agree = (struct agree){
		.base = { .ops = &ops },
		.pass = pass,
		.facts = { .mapped = mapped },
		.strict = strict,
	};
	if (xml && domain_xml_parse(&agree->domain, xml, &ignored) < 0)
		agree->domain = NULL;
}

void agree_release(struct agree *agree)
{
	domain_xml_free(agree->domain);
	agree->domain = NULL;
}
