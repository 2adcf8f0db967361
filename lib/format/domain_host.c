/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain XML names devices, networks and sockets of its host.  Source,
 * as facts: libvirt's docs/formatdomain.
 */
#include "config.h"

#include "format/domain_files_internal.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * An emulated TPM's state travels in the stream: libvirt removes its folder
 * when it saves a transient guest, and makes it again when it restores one.
 */
static int add_tpm(struct domain_files *files, const xmlNode *tpm,
		   struct savetool_error *err)
{
	const xmlNode *backend = xml_child(tpm, "backend");

	if (xml_says(backend, "type", "passthrough"))
		return files_add_attribute(files, "tpm",
					   xml_child(backend, "device"), "path",
					   err);
	if (xml_says(backend, "type", "external"))
		return files_add_attribute(files, "tpm",
					   xml_child(backend, "source"), "path",
					   err);
	return 0;
}

int files_add_pci(struct domain_files *files, const char *kind,
		  const xmlNode *address, struct savetool_error *err)
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
	return files_add(files, kind, text, false, err);
}

static int add_usb(struct domain_files *files, const xmlNode *source,
		   struct savetool_error *err)
{
	static const char *const names[] = { "bus", "device" };
	const xmlNode *vendor = xml_child(source, "vendor");
	cleanup_free char *first = NULL, *second = NULL;

	if (!vendor)
		return files_add_pair(files, "host-device",
				      xml_child(source, "address"), names,
				      "usb bus ", " device ", err);
	if (xml_attribute(&first, vendor, "id", err) < 0 ||
	    xml_attribute(&second, xml_child(source, "product"), "id", err) < 0)
		return -1;
	return files_add_named(files, "host-device",
			       (const char *[4]){ "usb ", first, ":", second },
			       err);
}

static int add_hostdev(struct domain_files *files, const xmlNode *hostdev,
		       struct savetool_error *err)
{
	const xmlNode *source = xml_child(hostdev, "source");
	const xmlNode *address = xml_child(source, "address");

	if (xml_says(hostdev, "type", "usb"))
		return add_usb(files, source, err);
	if (xml_says(hostdev, "type", "mdev"))
		return files_add_single(files, "host-device", address, "uuid",
					"mdev ", err);
	if (xml_says(hostdev, "type", "scsi"))
		return files_add_single(files, "host-device",
					xml_child(source, "adapter"), "name",
					"scsi ", err);
	return address ? files_add_pci(files, "host-device", address, err) : 0;
}

static int add_shmem(struct domain_files *files, const xmlNode *shmem,
		     struct savetool_error *err)
{
	char *name;

	if (xml_child(shmem, "server"))
		return files_add_attribute(files, "shared-memory",
					   xml_child(shmem, "server"), "path",
					   err);
	if (xml_attribute(&name, shmem, "name", err) < 0)
		return -1;
	return files_add(files, "shared-memory", name, false, err);
}

/*
 * A serial port of the host, or a socket that somebody listens on.  What a
 * guest writes to a file, or offers to others, is not needed.
 */
static int add_port(struct domain_files *files, const xmlNode *port,
		    struct savetool_error *err)
{
	const xmlNode *source = xml_child(port, "source");

	/* libvirt shows the first serial port once more. */
	if (xml_is(port, "console") &&
	    xml_says(xml_child(port, "target"), "type", "serial"))
		return 0;
	if (xml_says(port, "type", "dev"))
		return files_add_attribute(files, "host-device", source, "path",
					   err);
	if (xml_says(port, "type", "unix") &&
	    xml_says(source, "mode", "connect"))
		return files_add_attribute(files, "socket", source, "path",
					   err);
	return 0;
}

/* The host's end of a network card. */
static int add_network(struct domain_files *files, const xmlNode *card,
		       struct savetool_error *err)
{
	const xmlNode *source = xml_child(card, "source");

	if (xml_says(card, "type", "hostdev"))
		return add_hostdev(files, card, err);
	if (xml_says(card, "type", "network"))
		return files_add_single(files, "network", source, "network",
					"network ", err);
	if (xml_says(card, "type", "bridge"))
		return files_add_single(files, "network", source, "bridge",
					"bridge ", err);
	if (xml_says(card, "type", "direct"))
		return files_add_single(files, "network", source, "dev",
					"interface ", err);
	if (xml_says(card, "type", "vdpa"))
		return files_add_attribute(files, "host-device", source, "dev",
					   err);
	if (xml_says(card, "type", "vhostuser") &&
	    xml_says(source, "mode", "client"))
		return files_add_attribute(files, "socket", source, "path",
					   err);
	if (xml_says(card, "type", "ethernet") &&
	    xml_says(xml_child(card, "target"), "managed", "no"))
		return files_add_single(files, "network",
					xml_child(card, "target"), "dev",
					"interface ", err);
	return 0;
}

/* Keyboards, mice and the like that are the host's own. */
static int add_input(struct domain_files *files, const xmlNode *input,
		     struct savetool_error *err)
{
	const xmlNode *source = xml_child(input, "source");

	return files_add_attribute(
		files, "host-device", source,
		xml_says(input, "type", "evdev") ? "dev" : "evdev", err);
}

/* Every host has its random numbers, unless they are those of a device. */
static int add_rng(struct domain_files *files, const xmlNode *rng,
		   struct savetool_error *err)
{
	const xmlNode *backend = xml_child(rng, "backend");
	cleanup_free char *text = NULL;

	if (!xml_says(backend, "model", "random"))
		return 0;
	if (xml_text(&text, backend, err) < 0)
		return -1;
	if (!text || strcmp(text, "/dev/urandom") == 0 ||
	    strcmp(text, "/dev/random") == 0)
		return 0;
	return files_add_text(files, "host-device", backend, err);
}

int files_add_host_device(struct domain_files *files, const xmlNode *node,
			  struct savetool_error *err)
{
	static const struct {
		const char *name;
		int (*add)(struct domain_files *files, const xmlNode *node,
			   struct savetool_error *err);
	} devices[] = {
		{ "tpm", add_tpm },         { "shmem", add_shmem },
		{ "hostdev", add_hostdev }, { "interface", add_network },
		{ "serial", add_port },     { "parallel", add_port },
		{ "console", add_port },    { "channel", add_port },
		{ "smartcard", add_port },  { "input", add_input },
		{ "rng", add_rng },
	};

	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		if (xml_is(node, devices[i].name))
			return devices[i].add(files, node, err);
	return 0;
}
