/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain XML names files and devices.  Source, as facts: libvirt's
 * docs/formatdomain.
 */
#include "config.h"

#include "format/domain_files.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "format/xml_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A chain of images is not as long as this; a hostile one may be. */
#define CHAIN_LIMIT 512

/* Where the system's libvirt keeps the state of an emulated TPM. */
#define TPM_FOLDER "/var/lib/libvirt/swtpm"

/* Takes over the text; NULL adds nothing. */
static int add(struct domain_files *files, const char *kind, char *text,
	       bool local, struct savetool_error *err)
{
	struct savetool_file *list;

	if (!text)
		return 0;
	list = reallocarray(files->list, files->count + 1, sizeof(*list));
	if (!list) {
		free(text);
		return fail_memory(err);
	}
	files->list = list;
	list[files->count++] = (struct savetool_file){
		.path = text,
		.kind = kind,
		.local = local && *text == '/',
	};
	return 0;
}

static int add_text(struct domain_files *files, const char *kind,
		    const xmlNode *node, struct savetool_error *err)
{
	char *text;

	if (xml_text(&text, node, err) < 0)
		return -1;
	return add(files, kind, text, true, err);
}

static int add_attribute(struct domain_files *files, const char *kind,
			 const xmlNode *node, const char *name,
			 struct savetool_error *err)
{
	char *text;

	if (xml_attribute(&text, node, name, err) < 0)
		return -1;
	return add(files, kind, text, true, err);
}

/* "volume pool/name" and the like; what the XML leaves out is "?". */
static int add_named(struct domain_files *files, const char *kind,
		     const char *words[4], struct savetool_error *err)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s%s%s", words[0], words[1] ? words[1] : "?",
		     words[2], words[3] ? words[3] : "?") < 0)
		return fail_memory(err);
	return add(files, kind, text, false, err);
}

/* The same, of two attributes of an element. */
static int add_pair(struct domain_files *files, const char *kind,
		    const xmlNode *node, const char *const names[2],
		    const char *before, const char *between,
		    struct savetool_error *err)
{
	cleanup_free char *first = NULL, *second = NULL;

	if (xml_attribute(&first, node, names[0], err) < 0 ||
	    xml_attribute(&second, node, names[1], err) < 0)
		return -1;
	if (!first && !second)
		return 0;
	return add_named(files, kind,
			 (const char *[4]){ before, first, between, second },
			 err);
}

/* The same, of one: "mdev UUID". */
static int add_single(struct domain_files *files, const char *kind,
		      const xmlNode *node, const char *name, const char *before,
		      struct savetool_error *err)
{
	cleanup_free char *value = NULL;

	if (xml_attribute(&value, node, name, err) < 0)
		return -1;
	if (!value)
		return 0;
	return add_named(files, kind,
			 (const char *[4]){ before, value, "", "" }, err);
}

/* A <source> of a disk or of one of its images: a file, or something else. */
static int add_source(struct domain_files *files, const char *kind,
		      const xmlNode *source, struct savetool_error *err)
{
	static const char *const local[] = { "file", "dev", "dir", "socket" };
	static const char *const network[] = { "protocol", "name" };
	static const char *const pool[] = { "pool", "volume" };
	size_t before = files->count;

	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++) {
		if (add_attribute(files, kind, source, local[i], err) < 0)
			return -1;
		if (files->count > before)
			return 0;
	}
	if (xmlHasProp((xmlNode *)source, BAD_CAST "protocol"))
		return add_pair(files, kind, source, network, "", " ", err);
	if (xmlHasProp((xmlNode *)source, BAD_CAST "pool"))
		return add_pair(files, kind, source, pool, "volume ", "/", err);
	return 0;
}

/* The images below an image, and the data beside it. */
static int add_chain(struct domain_files *files, const char *kind,
		     const xmlNode *owner, struct savetool_error *err)
{
	for (unsigned i = 0; owner && i < CHAIN_LIMIT; i++) {
		const xmlNode *source = xml_child(owner, "source");
		const xmlNode *store = xml_child(source, "dataStore");

		if (source && add_source(files, kind, source, err) < 0)
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
				result = add_text(files, texts[i], node, err);
		if (xml_is(node, "nvram"))
			result = xml_child(node, "source") ?
					 add_chain(files, "nvram", node, err) :
					 add_text(files, "nvram", node, err);
		else if (xml_is(node, "varstore"))
			result = add_attribute(files, "varstore", node, "path",
					       err);
		else if (xml_is(node, "acpi"))
			result = add_text(files, "acpi-table",
					  xml_child(node, "table"), err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* An emulated TPM's state lies in a folder of its own, unless it is named. */
static int add_tpm(struct domain_files *files, const xmlNode *tpm,
		   const char *uuid, struct savetool_error *err)
{
	const xmlNode *backend = xml_child(tpm, "backend");
	const xmlNode *source = xml_child(backend, "source");
	char *text = NULL;

	if (!backend)
		return 0;
	if (xml_says(backend, "type", "passthrough"))
		return add_attribute(files, "tpm", xml_child(backend, "device"),
				     "path", err);
	if (source)
		return add_attribute(files, "tpm", source, "path", err);
	if (!uuid || !xml_says(backend, "type", "emulator"))
		return 0;
	if (asprintf(&text, TPM_FOLDER "/%s/%s", uuid,
		     xml_says(backend, "version", "1.2") ? "tpm1.2" : "tpm2") <
	    0)
		return fail_memory(err);
	return add(files, "tpm", text, true, err);
}

/* Four attributes that are numbers: "pci 0000:01:00.0". */
static int add_pci(struct domain_files *files, const xmlNode *address,
		   struct savetool_error *err)
{
	static const char *const names[] = { "domain", "bus", "slot",
					     "function" };
	unsigned long values[4] = { 0 };
	char *text = NULL;

	for (size_t i = 0; i < 4; i++) {
		cleanup_free char *word = NULL;

		if (xml_attribute(&word, address, names[i], err) < 0)
			return -1;
		if (word)
			values[i] = strtoul(word, NULL, 0);
	}
	if (asprintf(&text, "pci %04lx:%02lx:%02lx.%lx", values[0], values[1],
		     values[2], values[3]) < 0)
		return fail_memory(err);
	return add(files, "host-device", text, false, err);
}

static int add_usb(struct domain_files *files, const xmlNode *source,
		   struct savetool_error *err)
{
	static const char *const names[] = { "bus", "device" };
	const xmlNode *vendor = xml_child(source, "vendor");
	cleanup_free char *first = NULL, *second = NULL;

	if (!vendor)
		return add_pair(files, "host-device",
				xml_child(source, "address"), names, "usb bus ",
				" device ", err);
	if (xml_attribute(&first, vendor, "id", err) < 0 ||
	    xml_attribute(&second, xml_child(source, "product"), "id", err) < 0)
		return -1;
	return add_named(files, "host-device",
			 (const char *[4]){ "usb ", first, ":", second }, err);
}

static int add_hostdev(struct domain_files *files, const xmlNode *hostdev,
		       struct savetool_error *err)
{
	const xmlNode *source = xml_child(hostdev, "source");
	const xmlNode *address = xml_child(source, "address");

	if (xml_says(hostdev, "type", "usb"))
		return add_usb(files, source, err);
	if (xml_says(hostdev, "type", "mdev"))
		return add_single(files, "host-device", address, "uuid",
				  "mdev ", err);
	if (xml_says(hostdev, "type", "scsi"))
		return add_single(files, "host-device",
				  xml_child(source, "adapter"), "name", "scsi ",
				  err);
	return address ? add_pci(files, address, err) : 0;
}

static int add_shmem(struct domain_files *files, const xmlNode *shmem,
		     struct savetool_error *err)
{
	char *name;

	if (xml_child(shmem, "server"))
		return add_attribute(files, "shared-memory",
				     xml_child(shmem, "server"), "path", err);
	if (xml_attribute(&name, shmem, "name", err) < 0)
		return -1;
	return add(files, "shared-memory", name, false, err);
}

/* A serial port of the host; what a guest writes to a file is not needed. */
static int add_port(struct domain_files *files, const xmlNode *port,
		    struct savetool_error *err)
{
	if (!xml_says(port, "type", "dev"))
		return 0;
	return add_attribute(files, "host-device", xml_child(port, "source"),
			     "path", err);
}

static int add_device(struct domain_files *files, const xmlNode *node,
		      const char *uuid, struct savetool_error *err)
{
	const xmlNode *source = xml_child(node, "source");

	if (xml_is(node, "disk"))
		return add_chain(files, "disk", node, err);
	if (xml_is(node, "filesystem"))
		return source ? add_source(files, "filesystem", source, err) :
				0;
	if (xml_is(node, "memory"))
		return add_text(files, "memory", xml_child(source, "path"),
				err);
	if (xml_is(node, "tpm"))
		return add_tpm(files, node, uuid, err);
	if (xml_is(node, "shmem"))
		return add_shmem(files, node, err);
	if (xml_is(node, "hostdev") ||
	    (xml_is(node, "interface") && xml_says(node, "type", "hostdev")))
		return add_hostdev(files, node, err);
	if (xml_is(node, "serial") || xml_is(node, "parallel") ||
	    xml_is(node, "console") || xml_is(node, "channel"))
		return add_port(files, node, err);
	return 0;
}

static int add_devices(struct domain_files *files, const xmlNode *devices,
		       const char *uuid, struct savetool_error *err)
{
	for (const xmlNode *node = devices->children; node; node = node->next)
		if (add_device(files, node, uuid, err) < 0)
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
	return name ? add(files, "memory", name, true, err) : fail_memory(err);
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
		      const char *uuid, struct savetool_error *err)
{
	for (const xmlNode *node = domain->children; node; node = node->next) {
		if (xml_is(node, "os") && add_boot(files, node, err) < 0)
			return -1;
		if (xml_is(node, "devices") &&
		    add_devices(files, node, uuid, err) < 0)
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
