/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain XML names files and devices.  Source, as facts: libvirt's
 * docs/formatdomain.
 */
#include "config.h"

#include "format/domain_files_internal.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* A chain of images is not as long as this; a hostile one may be. */
#define CHAIN_LIMIT 512

/* A <source> of a disk or of one of its images: a file, or something else. */
static int add_source(struct domain_files *files, const char *kind,
		      const xmlNode *source, struct savetool_error *err)
{
	static const char *const local[] = { "file", "dev", "dir", "socket",
					     "path" };
	static const char *const network[] = { "protocol", "name" };
	static const char *const pool[] = { "pool", "volume" };
	size_t before = files->count;

	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++) {
		if (files_add_attribute(files, kind, source, local[i], err) < 0)
			return -1;
		if (files->count > before)
			return 0;
	}
	if (xml_says(source, "type", "pci") && xml_child(source, "address"))
		return files_add_pci(files, kind, xml_child(source, "address"),
				     err);
	if (xmlHasProp((xmlNode *)source, BAD_CAST "protocol"))
		return files_add_pair(files, kind, source, network, "", " ",
				      err);
	if (xmlHasProp((xmlNode *)source, BAD_CAST "pool"))
		return files_add_pair(files, kind, source, pool, "volume ", "/",
				      err);
	return 0;
}

/* libvirt's secret for a disk's password or key. */
static int add_secrets(struct domain_files *files, const xmlNode *owner,
		       struct savetool_error *err)
{
	static const char *const users[] = { "auth", "encryption" };

	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		const xmlNode *secret =
			xml_child(xml_child(owner, users[i]), "secret");
		bool by_uuid = secret &&
			       xmlHasProp((xmlNode *)secret, BAD_CAST "uuid");

		if (files_add_single(files, "secret", secret,
				     by_uuid ? "uuid" : "usage", "secret ",
				     err) < 0)
			return -1;
	}
	return 0;
}

/* The images below an image, and the data beside it. */
static int add_chain(struct domain_files *files, const char *kind,
		     const xmlNode *owner, struct savetool_error *err)
{
	for (unsigned i = 0; owner && i < CHAIN_LIMIT; i++) {
		const xmlNode *source = xml_child(owner, "source");
		const xmlNode *store = xml_child(source, "dataStore");

		if (add_secrets(files, owner, err) < 0 ||
		    (source && (add_source(files, kind, source, err) < 0 ||
				add_secrets(files, source, err) < 0)))
			return -1;
		source = xml_child(store, "source");
		if (source && add_source(files, "data-store", source, err) < 0)
			return -1;
		owner = xml_child(owner, "backingStore");
		kind = "backing-store";
	}
	return 0;
}

static int add_boot(struct domain_files *files, const xmlNode *os,
		    struct savetool_error *err)
{
	static const char *const texts[] = { "loader", "kernel", "initrd",
					     "dtb" };

	for (const xmlNode *node = os->children; node; node = node->next) {
		int result = 0;

		for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
			if (xml_is(node, texts[i]))
				result = files_add_text(files, texts[i], node,
							err);
		if (xml_is(node, "nvram"))
			result = xml_child(node, "source") ?
					 add_chain(files, "nvram", node, err) :
					 files_add_text(files, "nvram", node,
							err);
		else if (xml_is(node, "varstore"))
			result = files_add_attribute(files, "varstore", node,
						     "path", err);
		else if (xml_is(node, "acpi"))
			result = files_add_text(files, "acpi-table",
						xml_child(node, "table"), err);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int add_device(struct domain_files *files, const xmlNode *node,
		      struct savetool_error *err)
{
	const xmlNode *source = xml_child(node, "source");

	if (files_add_host_device(files, node, err) < 0)
		return -1;
	if (xml_is(node, "disk"))
		return add_chain(files, "disk", node, err);
	if (xml_is(node, "filesystem"))
		return source ? add_source(files, "filesystem", source, err) :
				0;
	if (xml_is(node, "memory"))
		return files_add_text(files, "memory",
				      xml_child(source, "path"), err);
	return files_add_attribute(files, "option-rom", xml_child(node, "rom"),
				   "file", err);
}

static int add_devices(struct domain_files *files, const xmlNode *devices,
		       struct savetool_error *err)
{
	for (const xmlNode *node = devices->children; node; node = node->next)
		if (add_device(files, node, err) < 0)
			return -1;
	return 0;
}

/* What the guest's firmware is given. */
static int add_firmware_configuration(struct domain_files *files,
				      const xmlNode *sysinfo,
				      struct savetool_error *err)
{
	for (const xmlNode *node = sysinfo->children; node; node = node->next)
		if (xml_is(node, "entry") &&
		    files_add_attribute(files, "fw-cfg", node, "file", err) < 0)
			return -1;
	return 0;
}

/* The value of mem-path in "memory-backend-file,id=m,mem-path=/x,share=on". */
static int add_memory_path(struct domain_files *files, const char *argument,
			   struct savetool_error *err)
{
	static const char key[] = ",mem-path=";
	const char *path = strstr(argument, key);
	char *name;

	if (!path)
		return 0;
	path += sizeof(key) - 1;
	name = strndup(path, strcspn(path, ","));
	return name ? files_add(files, "memory", name, true, err) :
		      fail_memory(err);
}

/* <qemu:commandline>, whose elements are not libvirt's own. */
static int add_command_line(struct domain_files *files, const xmlNode *line,
			    struct savetool_error *err)
{
	for (const xmlNode *node = line->children; node; node = node->next) {
		cleanup_free char *argument = NULL;

		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (xml_attribute(&argument, node, "value", err) < 0 ||
		    (argument && add_memory_path(files, argument, err) < 0))
			return -1;
	}
	return 0;
}

int domain_files_read(struct domain_files *files, const xmlNode *domain,
		      struct savetool_error *err)
{
	for (const xmlNode *node = domain->children; node; node = node->next) {
		if (xml_is(node, "os") && add_boot(files, node, err) < 0)
			return -1;
		if (xml_is(node, "devices") &&
		    add_devices(files, node, err) < 0)
			return -1;
		if (xml_is(node, "sysinfo") &&
		    add_firmware_configuration(files, node, err) < 0)
			return -1;
		if (node->type == XML_ELEMENT_NODE && node->ns &&
		    xmlStrEqual(node->name, BAD_CAST "commandline") &&
		    add_command_line(files, node, err) < 0)
			return -1;
	}
	return 0;
}

void domain_files_release(struct domain_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free((char *)files->list[i].path);
	free(files->list);
}
