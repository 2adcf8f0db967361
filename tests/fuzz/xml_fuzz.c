/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a domain XML. */
#include "config.h"

#include "fuzz.h"

#include "format/domain_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const struct savetool_guest *guest;
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
		domain_xml_free(domain);
	}
	free(text);
	return 0;
}
