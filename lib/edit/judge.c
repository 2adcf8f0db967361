/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares a new XML with the image that it is for. */
#include "config.h"

#include "edit/judge.h"

#include "base/error.h"
#include "image/description.h"
#include "inspect/describe.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The next digit of a UUID, whose dashes and letter case do not matter. */
static int next_digit(const char **uuid)
{
	while (**uuid == '-' || isspace((unsigned char)**uuid))
		(*uuid)++;
	return **uuid ? tolower((unsigned char)*(*uuid)++) : 0;
}

static bool is_same_uuid(const char *a, const char *b)
{
	int digit;

	do {
		digit = next_digit(&a);
		if (digit != next_digit(&b))
			return false;
	} while (digit);
	return true;
}

/* libvirt makes up a UUID for an XML without one. */
static bool is_another(char text[CONTRADICTION_TEXT],
		       const struct savetool_guest *old,
		       const struct savetool_guest *new)
{
	if (old->name && (!new->name || strcmp(old->name, new->name) != 0)) {
		snprintf(text, CONTRADICTION_TEXT,
			 "the XML is of guest '%s', but the image is of '%s'",
			 new->name ? new->name : "", old->name);
		return true;
	}
	if (old->uuid && (!new->uuid || !is_same_uuid(old->uuid, new->uuid))) {
		snprintf(text, CONTRADICTION_TEXT,
			 "the XML is of a guest with UUID %s, but the image is "
			 "of %s",
			 new->uuid ? new->uuid : "(none)", old->uuid);
		return true;
	}
	return false;
}

/* An XML that libvirt cannot read is what a new one mends. */
static bool is_only_xml(const struct savetool_image *image,
			const struct savetool_error *err)
{
	struct savetool_error broken;

	return image->description && err->code == SAVETOOL_CORRUPT &&
	       libvirt_check_xml(image->libvirt, &broken) < 0 &&
	       strcmp(broken.text, err->text) == 0 &&
	       broken.offset == LIBVIRT_HEADER_SIZE;
}

static int describe(struct pass *pass, struct savetool_image *image,
		    const struct savetool_monitor *monitor,
		    struct savetool_error *err)
{
	const struct describe_options options = { .scan = false };

	if (describe_image(pass, image, &options, monitor, err) == 0)
		return 0;
	return is_only_xml(image, err) ? 0 : -1;
}

int judge_xml(char text[CONTRADICTION_TEXT], struct pass *pass,
	      struct savetool_image *image, const char *xml,
	      const struct savetool_monitor *monitor,
	      struct savetool_error *err)
{
	const struct savetool_guest *old;
	struct domain_xml *domain;

	text[0] = '\0';
	if (domain_xml_parse(&domain, xml, err) < 0) {
		if (err->code != SAVETOOL_SYSTEM)
			err->code = SAVETOOL_USAGE;
		return -1;
	}
	if (describe(pass, image, monitor, err) < 0) {
		domain_xml_free(domain);
		return -1;
	}
	old = image->description->info.guest;
	if (!old || !is_another(text, old, domain_xml_guest(domain)))
		description_contradicts(text, image->description, domain);
	domain_xml_free(domain);
	return 0;
}
