/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts from a domain XML, by libxml2. */
#include "config.h"

#include "format/domain_xml.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "format/domain_files.h"
#include "format/libvirt.h"
#include "format/xml_node.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>
#include <strings.h>

struct domain_xml {
	struct savetool_guest guest;
	uint64_t current_vcpus;
	uint64_t unsaved_memory;
	char *name, *uuid, *arch, *machine, *cpu;
	struct domain_files files;
	struct domain_dimms dimms;
	const char **names; /* of those that are local, ended by NULL */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Reads digits, with nothing but blanks around them. */
static uint64_t to_number(const char *text)
{
	uint64_t number = 0;
	const char *start;

	while (is_space(*text))
		text++;
	for (start = text; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *text - '0', &number))
			return SAVETOOL_UNKNOWN;
	if (text == start)
		return SAVETOOL_UNKNOWN;
	while (is_space(*text))
		text++;
	return *text ? SAVETOOL_UNKNOWN : number;
}

/*
 * The bytes of a unit as libvirt knows them: "k" and "KiB" are powers of 1024,
 * "KB" of 1000.  0: unknown unit.
 */
static uint64_t unit_size(const char *unit)
{
	static const char prefixes[] = "kmgtpe";
	const char *prefix;
	uint64_t base, size = 1;

	if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "byte") == 0 ||
	    strcasecmp(unit, "bytes") == 0)
		return 1;
	prefix = *unit ? strchr(prefixes, tolower((unsigned char)*unit)) : NULL;
	if (!prefix)
		return 0;
	if (!unit[1] || strcasecmp(unit + 1, "iB") == 0)
		base = 1024;
	else if (strcasecmp(unit + 1, "B") == 0)
		base = 1000;
	else
		return 0;
	for (long i = 0; i <= prefix - prefixes; i++)
		size *= base;
	return size;
}

static int read_number(uint64_t *number, const xmlNode *node,
		       struct savetool_error *err)
{
	cleanup_free char *text = NULL;

	*number = SAVETOOL_UNKNOWN;
	if (xml_text(&text, node, err) < 0)
		return -1;
	if (text)
		*number = to_number(text);
	return 0;
}

static int read_memory(uint64_t *memory, const xmlNode *node,
		       struct savetool_error *err)
{
	cleanup_free char *unit = NULL;
	uint64_t size;

	if (read_number(memory, node, err) < 0 ||
	    xml_attribute(&unit, node, "unit", err) < 0)
		return -1;
	size = unit_size(unit ? unit : "KiB");
	if (*memory != SAVETOOL_UNKNOWN &&
	    (size == 0 || __builtin_mul_overflow(*memory, size, memory)))
		*memory = SAVETOOL_UNKNOWN;
	return 0;
}

/* The sizes of those <memory> devices that QEMU saves no memory of. */
static int read_unsaved(struct domain_xml *domain, const xmlNode *root,
			struct savetool_error *err)
{
	const xmlNode *devices = xml_child(root, "devices");

	for (const xmlNode *node = devices ? devices->children : NULL; node;
	     node = node->next) {
		uint64_t size;

		if (!xml_is(node, "memory") ||
		    !(xml_says(node, "model", "virtio-pmem") ||
		      xml_says(node, "model", "sgx-epc")))
			continue;
		if (read_memory(&size,
				xml_child(xml_child(node, "target"), "size"),
				err) < 0)
			return -1;
		if (size == SAVETOOL_UNKNOWN ||
		    __builtin_add_overflow(domain->unsaved_memory, size,
					   &domain->unsaved_memory))
			domain->unsaved_memory = UINT64_MAX;
	}
	return 0;
}

/* <vcpu>: all that there may be, unless it says how many there are. */
static int read_vcpus(struct domain_xml *domain, const xmlNode *node,
		      struct savetool_error *err)
{
	cleanup_free char *current = NULL;

	if (read_number(&domain->guest.vcpus, node, err) < 0 ||
	    xml_attribute(&current, node, "current", err) < 0)
		return -1;
	domain->current_vcpus =
		current ? to_number(current) : domain->guest.vcpus;
	return 0;
}

/* Those that a path leads to, once more as a list of names. */
static int list_names(struct domain_xml *domain, struct savetool_error *err)
{
	size_t count = 0;

	/* Even if it stays empty. */
	domain->names = calloc(domain->files.count + 1, sizeof(*domain->names));
	if (!domain->names)
		return fail_memory(err);
	for (size_t i = 0; i < domain->files.count; i++)
		if (domain->files.list[i].local)
			domain->names[count++] = domain->files.list[i].path;
	domain->guest.files = domain->names;
	return 0;
}

static int read_facts(struct domain_xml *domain, const xmlNode *root,
		      struct savetool_error *err)
{
	const xmlNode *type = xml_child(xml_child(root, "os"), "type");
	const xmlNode *cpu = xml_child(root, "cpu");
	struct savetool_guest *guest = &domain->guest;

	if (xml_text(&domain->name, xml_child(root, "name"), err) < 0 ||
	    xml_text(&domain->uuid, xml_child(root, "uuid"), err) < 0 ||
	    xml_attribute(&domain->arch, type, "arch", err) < 0 ||
	    xml_attribute(&domain->machine, type, "machine", err) < 0 ||
	    xml_text(&domain->cpu, xml_child(cpu, "model"), err) < 0 ||
	    read_memory(&guest->memory, xml_child(root, "memory"), err) < 0 ||
	    read_unsaved(domain, root, err) < 0 ||
	    domain_dimms_read(&domain->dimms, xml_child(root, "devices"), err) <
		    0 ||
	    read_vcpus(domain, xml_child(root, "vcpu"), err) < 0)
		return -1;
	if (!domain->cpu && xml_attribute(&domain->cpu, cpu, "mode", err) < 0)
		return -1;
	guest->name = domain->name;
	guest->uuid = domain->uuid;
	guest->arch = domain->arch;
	guest->machine = domain->machine;
	guest->cpu = domain->cpu;
	return 0;
}

/* What the parser found out. */
struct outcome {
	xmlParserCtxt *context;
	bool entities;
};

/* Stops at the first entity, before anything could refer to it. */
static void refuse_entity(void *data, const xmlChar *name, int type,
			  const xmlChar *public_id, const xmlChar *system_id,
			  xmlChar *content)
{
	xmlParserCtxt *context = data;
	struct outcome *outcome = context->_private;

	(void)name;
	(void)type;
	(void)public_id;
	(void)system_id;
	(void)content;
	outcome->entities = true;
	xmlStopParser(context);
}

/* No network, no file, no entity, and no message on standard error. */
static xmlDoc *parse(struct outcome *outcome, const char *xml, size_t size)
{
	const int options =
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;

	outcome->context->_private = outcome;
	outcome->context->sax->entityDecl = refuse_entity;
	return xmlCtxtReadMemory(outcome->context, xml, size, NULL, NULL,
				 options);
}

static int fail_parse(const struct outcome *outcome, struct savetool_error *err)
{
	const xmlError *error = xmlCtxtGetLastError(outcome->context);

	if (outcome->entities)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "XML defines an entity, which is not supported");
	if (error && error->code == XML_ERR_NO_MEMORY)
		return fail_memory(err);
	return fail(err, SAVETOOL_CORRUPT, "XML is not well-formed at line %d",
		    error ? error->line : 1);
}

static int read_document(struct domain_xml *domain, const xmlDoc *document,
			 struct savetool_error *err)
{
	const xmlNode *root = xmlDocGetRootElement(document);

	if (!root || !xml_is(root, "domain"))
		return fail(err, SAVETOOL_CORRUPT, "not a domain XML");
	if (read_facts(domain, root, err) < 0 ||
	    domain_files_read(&domain->files, root, err) < 0 ||
	    list_names(domain, err) < 0)
		return -1;
	return 0;
}

static int parse_into(struct domain_xml *domain, const char *xml,
		      struct savetool_error *err)
{
	struct outcome outcome = { .context = xmlNewParserCtxt() };
	xmlDoc *document;
	int result;

	if (!outcome.context)
		return fail_memory(err);
	document = parse(&outcome, xml, strlen(xml));
	if (document && !outcome.entities)
		result = read_document(domain, document, err);
	else
		result = fail_parse(&outcome, err);
	xmlFreeDoc(document);
	xmlFreeParserCtxt(outcome.context);
	return result;
}

int xml_check(const char *xml, struct savetool_error *err)
{
	struct outcome outcome = { .context = xmlNewParserCtxt() };
	xmlDoc *document;
	int result = 0;

	if (!outcome.context)
		return fail_memory(err);
	document = parse(&outcome, xml, strlen(xml));
	if (!document || outcome.entities)
		result = fail_parse(&outcome, err);
	xmlFreeDoc(document);
	xmlFreeParserCtxt(outcome.context);
	return result;
}

int domain_xml_parse(struct domain_xml **result, const char *xml,
		     struct savetool_error *err)
{
	struct domain_xml *domain;

	if (strlen(xml) > LIBVIRT_DATA_LIMIT)
		return fail(err, SAVETOOL_CORRUPT, "domain XML is too long");
	xmlInitParser();
	domain = calloc(1, sizeof(*domain));
	if (!domain)
		return fail_memory(err);
	if (parse_into(domain, xml, err) < 0) {
		domain_xml_free(domain);
		return -1;
	}
	*result = domain;
	return 0;
}

void domain_xml_free(struct domain_xml *domain)
{
	if (!domain)
		return;
	domain_files_release(&domain->files);
	free(domain->names);
	free(domain->name);
	free(domain->uuid);
	free(domain->arch);
	free(domain->machine);
	free(domain->cpu);
	free(domain);
}

const struct savetool_guest *domain_xml_guest(const struct domain_xml *domain)
{
	return &domain->guest;
}

const struct domain_dimms *domain_xml_dimms(const struct domain_xml *domain)
{
	return &domain->dimms;
}

const struct savetool_file *domain_xml_files(const struct domain_xml *domain,
					     size_t *count)
{
	*count = domain->files.count;
	return domain->files.list;
}

uint64_t domain_xml_unsaved_memory(const struct domain_xml *domain)
{
	return domain->unsaved_memory;
}

uint64_t domain_xml_vcpus(const struct domain_xml *domain)
{
	return domain->current_vcpus;
}
