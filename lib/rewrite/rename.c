/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Renames the machine type of what is written. */
#include "config.h"

#include "rewrite/rename.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "format/domain_edit.h"
#include "format/libvirt_edit.h"
#include "inspect/machine.h"

#include <string.h>

/* For an XML whose padding is too short for the longer name. */
#define GROWTH UINT32_C(65536)

#define NAME_LIMIT 255

/* As QEMU names them: nothing that means something in XML or JSON. */
static int check_name(const char *name, struct savetool_error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_+";
	size_t length = strlen(name);

	if (length > 0 && length <= NAME_LIMIT &&
	    strspn(name, letters) == length)
		return 0;
	return fail(err, SAVETOOL_USAGE, "'%.*s' is not a machine type",
		    NAME_LIMIT, name);
}

static int check_family(const char *old, const char *new,
			struct savetool_error *err)
{
	if (strcmp(old, new) == 0 || machine_is_related(old, new))
		return 0;
	fail(err, SAVETOOL_REFUSED,
	     "machine type '%s' is not of the family of '%.*s': QEMU will "
	     "refuse the devices",
	     new, NAME_LIMIT, old);
	return fail_hint(err, SAVETOOL_HINT_ALLOW_MISMATCH);
}

static int rename_in_header(struct rewrite *rewrite, struct libvirt **made,
			    const char *machine, struct savetool_error *err)
{
	cleanup_free char *xml = NULL;
	struct libvirt *edited;

	if (domain_xml_set_machine(&xml, rewrite->header->xml, machine, err) <
		    0 ||
	    libvirt_edit(&edited, rewrite->header, xml, GROWTH, err) < 0)
		return -1;
	libvirt_free(*made);
	*made = edited;
	rewrite->header = edited;
	return 0;
}

int rename_machine(struct rewrite *rewrite, struct libvirt **made,
		   const char *machine, bool allow_mismatch,
		   struct savetool_error *err)
{
	const struct configuration *configuration =
		&rewrite->pass->stream.configuration;

	if (check_name(machine, err) < 0)
		return -1;
	if (!configuration->present)
		return fail(err, SAVETOOL_UNSUPPORTED,
			    "stream without a configuration section: it states "
			    "no machine type");
	if (!allow_mismatch &&
	    check_family(configuration->machine, machine, err) < 0)
		return -1;
	rewrite->machine = machine;
	return rewrite->header ? rename_in_header(rewrite, made, machine, err) :
				 0;
}
