/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A few facts from a libvirt domain XML.  The XML itself is never changed, and
 * nothing outside of it is ever fetched or expanded.
 */
#ifndef FORMAT_DOMAIN_XML_H
#define FORMAT_DOMAIN_XML_H

#include "format/domain_dimms.h"

struct domain_xml;

/*
 * SAVETOOL_CORRUPT: not well-formed, or not a domain.  SAVETOOL_UNSUPPORTED: it
 * defines entities, which are not expanded here.
 */
int domain_xml_parse(struct domain_xml **domain, const char *xml,
		     struct savetool_error *err);

/*
 * Checks any other XML, such as the cookie.  SAVETOOL_CORRUPT: not well-formed.
 */
int xml_check(const char *xml, struct savetool_error *err);

/* NULL is fine. */
void domain_xml_free(struct domain_xml *domain);

/*
 * Belongs to the domain.  memory is <memory> in bytes, by its unit (default
 * KiB); cpu is <cpu><model>, otherwise its mode; files are the paths
 * among domain_xml_files().
 */
const struct savetool_guest *domain_xml_guest(const struct domain_xml *domain);

/*
 * The part of guest->memory that QEMU does not save with the guest: the content
 * of virtio-pmem is in its file, and that of SGX's enclaves goes nowhere.
 */
uint64_t domain_xml_unsaved_memory(const struct domain_xml *domain);

/* Its DIMMs; they belong to the domain. */
const struct domain_dimms *domain_xml_dimms(const struct domain_xml *domain);

/* How many vCPUs it has, of those that guest->vcpus allows. */
uint64_t domain_xml_vcpus(const struct domain_xml *domain);

/*
 * What the guest needs beside its image, in the XML's order; it belongs to the
 * domain.  Nobody has looked whether any of it exists.
 */
const struct savetool_file *domain_xml_files(const struct domain_xml *domain,
					     size_t *count);

#endif
