/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another machine type in the text of a domain XML. */
#include "config.h"

#include "format/domain_edit.h"

#include "unit/scratch.h"

static void becomes(const char *xml, const char *wanted)
{
	struct savetool_error err;
	char *edited;

	assert_ok(domain_xml_set_machine(&edited, xml, "pc-q35-10.0", &err),
		  err);
	assert_string_equal(edited, wanted);
	free(edited);
}

static void refuses(const char *xml, enum savetool_code code, const char *text)
{
	struct savetool_error err;
	char *edited = NULL;

	assert_fails(domain_xml_set_machine(&edited, xml, "pc-q35-10.0", &err),
		     err, code, text);
	assert_null(edited);
}

TEST(only_the_value_changes)
{
	becomes("<domain type='qemu'>\n <os>\n  <type arch='x86_64'  "
		"machine='pc-q35-7.2'>hvm</type>\n </os>\n</domain>\n",
		"<domain type='qemu'>\n <os>\n  <type arch='x86_64'  "
		"machine='pc-q35-10.0'>hvm</type>\n </os>\n</domain>\n");
	becomes("<domain><os><type machine = \"a\" arch='i686'/></os></domain>",
		"<domain><os><type machine = \"pc-q35-10.0\" arch='i686'/></os>"
		"</domain>");
}

TEST(what_only_looks_like_it_stays)
{
	becomes("<?xml version='1.0'?><!-- <domain><os><type machine='a'> -->"
		"<domain x='>'><name><![CDATA[<os>]]></name>"
		"<metadata><os><type machine='b'/></os></metadata><osinfo/>"
		"<os><types machine='c'/><loader/><type xmachine='d' "
		"machine='e'>hvm</type></os><os><type machine='f'/></os>"
		"</domain>",
		"<?xml version='1.0'?><!-- <domain><os><type machine='a'> -->"
		"<domain x='>'><name><![CDATA[<os>]]></name>"
		"<metadata><os><type machine='b'/></os></metadata><osinfo/>"
		"<os><types machine='c'/><loader/><type xmachine='d' "
		"machine='pc-q35-10.0'>hvm</type></os><os><type machine='f'/>"
		"</os></domain>");
}

TEST(an_xml_that_states_none_stays)
{
	becomes("<domain/>", "<domain/>");
	becomes("<domain><os><type>hvm</type></os></domain>",
		"<domain><os><type>hvm</type></os></domain>");
}

TEST(what_cannot_be_read_is_refused)
{
	refuses("<domain>", SAVETOOL_CORRUPT,
		"XML is not well-formed at line 1");
	refuses("<domain", SAVETOOL_CORRUPT,
		"XML is not well-formed at line 1");
	refuses("<domain><os><type machine='a></os>", SAVETOOL_CORRUPT,
		"XML is not well-formed at line 1");
	refuses("</a></domain>", SAVETOOL_CORRUPT,
		"XML is not well-formed at line 1");
	refuses("<other><os><type machine='a'/></os></other>", SAVETOOL_CORRUPT,
		"not a domain XML");
}

/* The first <os> counts, and has no type. */
TEST(a_type_at_another_place_is_refused)
{
	refuses("<domain><os/><os><type machine='a'/></os></domain>",
		SAVETOOL_UNSUPPORTED,
		"cannot find the machine type in the domain XML");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_value_changes),
		cmocka_unit_test(what_only_looks_like_it_stays),
		cmocka_unit_test(an_xml_that_states_none_stays),
		cmocka_unit_test(what_cannot_be_read_is_refused),
		cmocka_unit_test(a_type_at_another_place_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
