/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a domain XML, also with another machine type. */
#include "config.h"

#include "fuzz.h"

#include "format/domain_edit.h"
#include "format/domain_xml.h"

/* It fails, or changes nothing but that. */
static void rename_machine(const char *text, const struct savetool_guest *guest)
{
	static const char name[] = "pc-i440fx-10.0";
	const struct savetool_guest *renamed;
	struct domain_xml *domain;
	struct savetool_error err;
	char *edited;

	if (domain_xml_set_machine(&edited, text, name, &err) < 0)
		return;
	fuzz_require(domain_xml_parse(&domain, edited, &err) == 0);
	renamed = domain_xml_guest(domain);
	if (guest->machine)
		fuzz_require(strcmp(renamed->machine, name) == 0);
	fuzz_require(!guest->name == !renamed->name);
	if (guest->name)
		fuzz_require(strcmp(renamed->name, guest->name) == 0);
	fuzz_require(renamed->memory == guest->memory);
	domain_xml_free(domain);
	free(edited);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const struct savetool_guest *guest;
	const struct savetool_file *files;
	size_t count;
	struct domain_xml *domain;
	struct savetool_error err;

	fuzz_require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (domain_xml_parse(&domain, text, &err) == 0) {
		/* It is a domain, so it is well-formed. */
		fuzz_require(xml_check(text, &err) == 0);
		guest = domain_xml_guest(domain);
		for (size_t i = 0; guest->files && guest->files[i]; i++)
			fuzz_require(strlen(guest->files[i]) > 0);
		rename_machine(text, guest);
		files = domain_xml_files(domain, &count);
		for (size_t i = 0; i < count; i++)
			fuzz_require(strlen(files[i].path) > 0);
		fuzz_require(domain_xml_unsaved_memory(domain) == 0 ||
			     strstr(text, "virtio-pmem") ||
			     strstr(text, "sgx-epc") || strchr(text, '&'));
		domain_xml_free(domain);
	}
	free(text);
	return 0;
}
