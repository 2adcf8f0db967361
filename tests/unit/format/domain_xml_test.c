/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domain XML: facts that are read, and things that are refused. */
#include "config.h"

#include "format/domain_xml.h"

#include "unit/scratch.h"

static struct domain_xml *parses(const char *xml)
{
	struct domain_xml *domain;
	struct savetool_error err;

	assert_ok(domain_xml_parse(&domain, xml, &err), err);
	return domain;
}

static void refuses_as(const char *xml, enum savetool_code code,
		       const char *text)
{
	struct domain_xml *domain = NULL;
	struct savetool_error err;

	assert_fails(domain_xml_parse(&domain, xml, &err), err, code, text);
	assert_null(domain);
}

static void refuses(const char *xml, const char *text)
{
	refuses_as(xml, SAVETOOL_CORRUPT, text);
}

static const char full[] =
	"<?xml version='1.0'?>\n"
	"<domain type='kvm' id='1' xmlns:q='urn:q'>\n"
	"  <q:name>not this</q:name>\n"
	"  <name>g1</name>\n"
	"  <uuid>11111111-2222-3333-4444-555555555555</uuid>\n"
	"  <metadata><x:a xmlns:x='urn:x'><name>nor this</name></x:a>"
	"</metadata>\n"
	"  <memory unit='KiB'>262144</memory>\n"
	"  <currentMemory unit='KiB'>131072</currentMemory>\n"
	"  <vcpu placement='static' current='1'>\n  4\n</vcpu>\n"
	"  <os>\n"
	"    <type arch='x86_64' machine='pc-q35-10.0'>hvm</type>\n"
	"    <loader readonly='yes' type='pflash'>/fw/code.fd</loader>\n"
	"    <nvram template='/fw/vars.fd'>/var/g1.fd</nvram>\n"
	"    <kernel>/boot/vmlinuz</kernel>\n"
	"    <initrd>/boot/initrd</initrd>\n"
	"  </os>\n"
	"  <cpu mode='custom' match='exact'><model fallback='forbid'>qemu64"
	"</model></cpu>\n"
	"  <devices>\n"
	"    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
	"    <disk type='file' device='disk'><source file='/img/a&amp;b' "
	"index='1'><slices/></source><backingStore type='file'><source "
	"file='/img/base'/></backingStore></disk>\n"
	"    <disk type='block' device='disk'><source dev='/dev/vg/g1'/>"
	"</disk>\n"
	"    <disk type='file' device='cdrom'><target dev='hdc'/></disk>\n"
	"    <disk type='network'><source protocol='nbd' name='x'/></disk>\n"
	"    <disk type='dir'><source dir='/share'/></disk>\n"
	"    <memory model='nvdimm'><source><path>/img/nv</path></source>"
	"</memory>\n"
	"    <memory model='dimm'><source><pagesize>4</pagesize></source>"
	"</memory>\n"
	"  </devices>\n"
	"</domain>\n";

TEST(a_full_domain_is_read)
{
	struct domain_xml *domain = parses(full);
	const struct savetool_guest *guest = domain_xml_guest(domain);

	assert_string_equal(guest->name, "g1");
	assert_string_equal(guest->uuid,
			    "11111111-2222-3333-4444-555555555555");
	assert_string_equal(guest->arch, "x86_64");
	assert_string_equal(guest->machine, "pc-q35-10.0");
	assert_string_equal(guest->cpu, "qemu64");
	assert_int_equal(guest->memory, 268435456);
	assert_int_equal(guest->vcpus, 4);
	assert_int_equal(domain_xml_vcpus(domain), 1);
	domain_xml_free(domain);
}

TEST(files_are_listed_in_the_order_of_the_xml)
{
	static const char *const expected[] = {
		"/fw/code.fd",  "/var/g1.fd", "/boot/vmlinuz",
		"/boot/initrd", "/img/a&b",   "/img/base",
		"/dev/vg/g1",   "/share",     "/img/nv",
	};
	const size_t count = sizeof(expected) / sizeof(expected[0]);
	struct domain_xml *domain = parses(full);
	const struct savetool_guest *guest = domain_xml_guest(domain);

	for (size_t i = 0; i < count; i++) {
		assert_non_null(guest->files[i]);
		assert_string_equal(guest->files[i], expected[i]);
	}
	assert_null(guest->files[count]);
	domain_xml_free(domain);
}

TEST(an_empty_domain_leaves_all_unknown)
{
	static const char *const empty[] = {
		"<domain/>",
		"<domain><name/><uuid></uuid><memory/><vcpu/><os><type/></os>"
		"<cpu/><devices><disk/><memory/></devices></domain>",
	};

	for (size_t i = 0; i < 2; i++) {
		struct domain_xml *domain = parses(empty[i]);
		const struct savetool_guest *guest = domain_xml_guest(domain);

		assert_null(guest->name);
		assert_null(guest->uuid);
		assert_null(guest->arch);
		assert_null(guest->machine);
		assert_null(guest->cpu);
		assert_true(guest->memory == SAVETOOL_UNKNOWN);
		assert_true(guest->vcpus == SAVETOOL_UNKNOWN);
		assert_null(guest->files[0]);
		domain_xml_free(domain);
	}
}

TEST(a_cpu_without_a_model_is_its_mode)
{
	struct domain_xml *domain =
		parses("<domain><cpu mode='host-passthrough'/></domain>");

	assert_string_equal(domain_xml_guest(domain)->cpu, "host-passthrough");
	domain_xml_free(domain);
}

static void has_memory(const char *element, uint64_t memory)
{
	char xml[200];
	struct domain_xml *domain;

	snprintf(xml, sizeof(xml), "<domain>%s</domain>", element);
	domain = parses(xml);
	if (domain_xml_guest(domain)->memory != memory)
		fail_test("%s: %llu instead of %llu", element,
			  (unsigned long long)domain_xml_guest(domain)->memory,
			  (unsigned long long)memory);
	domain_xml_free(domain);
}

TEST(memory_has_all_units_of_libvirt)
{
	has_memory("<memory>3</memory>", 3072);
	has_memory("<memory unit='b'>3</memory>", 3);
	has_memory("<memory unit='byte'>3</memory>", 3);
	has_memory("<memory unit='bytes'>3</memory>", 3);
	has_memory("<memory unit='KB'>3</memory>", 3000);
	has_memory("<memory unit='k'>3</memory>", 3072);
	has_memory("<memory unit='KiB'>3</memory>", 3072);
	has_memory("<memory unit='MB'>3</memory>", 3000000);
	has_memory("<memory unit='M'>3</memory>", 3 << 20);
	has_memory("<memory unit='mib'>3</memory>", 3 << 20);
	has_memory("<memory unit='GB'>3</memory>", 3000000000);
	has_memory("<memory unit='G'>3</memory>", UINT64_C(3) << 30);
	has_memory("<memory unit='TiB'>3</memory>", UINT64_C(3) << 40);
	has_memory("<memory unit='PiB'>3</memory>", UINT64_C(3) << 50);
	has_memory("<memory unit='EB'>3</memory>",
		   UINT64_C(3000000000000000000));
	has_memory("<memory unit='EiB'>3</memory>", UINT64_C(3) << 60);
}

TEST(memory_that_makes_no_sense_is_unknown)
{
	has_memory("<memory unit='KiB'>18014398509481984</memory>",
		   SAVETOOL_UNKNOWN);
	has_memory("<memory>18446744073709551616</memory>", SAVETOOL_UNKNOWN);
	has_memory("<memory unit='pages'>1</memory>", SAVETOOL_UNKNOWN);
	has_memory("<memory unit='KiBs'>1</memory>", SAVETOOL_UNKNOWN);
	has_memory("<memory>-1</memory>", SAVETOOL_UNKNOWN);
	has_memory("<memory>1 2</memory>", SAVETOOL_UNKNOWN);
	has_memory("<memory>0x10</memory>", SAVETOOL_UNKNOWN);
	has_memory("<memory> \n</memory>", SAVETOOL_UNKNOWN);
}

TEST(xml_that_is_not_well_formed_is_corrupt)
{
	refuses("", "XML is not well-formed at line 1");
	refuses("<domain>\n<name>\n</domain>",
		"XML is not well-formed at line 3");
	refuses("<domain>\xff</domain>", "XML is not well-formed at line 1");
	refuses("<domain>&nothing;</domain>",
		"XML is not well-formed at line 1");
}

TEST(xml_without_a_domain_is_corrupt)
{
	refuses("<domains/>", "not a domain XML");
	refuses("<network><domain/></network>", "not a domain XML");
	refuses("<q:domain xmlns:q='urn:q'/>", "not a domain XML");
}

static void has_entity(const char *xml)
{
	refuses_as(xml, SAVETOOL_UNSUPPORTED,
		   "XML defines an entity, which is not supported");
}

TEST(entities_are_refused)
{
	has_entity("<!DOCTYPE domain [<!ENTITY a 'x'>]>"
		   "<domain><name>&a;</name></domain>");
	has_entity("<!DOCTYPE domain [<!ENTITY a 'x'>]><domain/>");
	has_entity("<!DOCTYPE domain [<!ENTITY % p 'x'>]><domain/>");
	has_entity("<!DOCTYPE domain [<!ENTITY a 'lol'><!ENTITY b '&a;&a;'>]>"
		   "<domain type='&b;'/>");
	has_entity("<!DOCTYPE domain [<!ENTITY a SYSTEM 'secret'>]>"
		   "<domain><name>&a;</name></domain>");
}

TEST(nothing_outside_of_the_xml_is_read)
{
	struct domain_xml *domain;

	scratch_write("outside.dtd", "<!ENTITY a 'read'>", 18);
	domain = parses("<!DOCTYPE domain SYSTEM 'outside.dtd'>"
			"<domain><name>g&a;</name></domain>");
	assert_string_equal(domain_xml_guest(domain)->name, "g");
	domain_xml_free(domain);
	domain = parses("<domain xmlns:i='http://www.w3.org/2001/XInclude'>"
			"<name>g</name><i:include href='outside.dtd' "
			"parse='text'/></domain>");
	assert_string_equal(domain_xml_guest(domain)->name, "g");
	domain_xml_free(domain);
}

TEST(other_xml_is_checked_for_its_form_only)
{
	struct savetool_error err;

	assert_ok(xml_check("<cookie><a b='c'/></cookie>\n", &err), err);
	assert_fails(xml_check("<cookie>", &err), err, SAVETOOL_CORRUPT,
		     "XML is not well-formed at line 1");
	assert_fails(xml_check("", &err), err, SAVETOOL_CORRUPT,
		     "XML is not well-formed at line 1");
	assert_fails(xml_check("<!DOCTYPE c [<!ENTITY a 'x'>]><c/>", &err), err,
		     SAVETOOL_UNSUPPORTED,
		     "XML defines an entity, which is not supported");
}

/* Deeper than the C stack would like, if it were walked by recursion. */
TEST(xml_nested_too_deep_is_corrupt)
{
	const size_t depth = 100000;
	char *xml = malloc(depth * 3 + 20), *end = xml;
	struct domain_xml *domain = NULL;
	struct savetool_error err;

	end = stpcpy(end, "<domain>");
	for (size_t i = 0; i < depth; i++)
		end = stpcpy(end, "<a>");
	assert_int_equal(domain_xml_parse(&domain, xml, &err), -1);
	assert_int_equal(err.code, SAVETOOL_CORRUPT);
	free(xml);
}

TEST(xml_that_is_too_long_is_corrupt)
{
	const size_t size = (16 << 20) + 1;
	char *xml = malloc(size + 1);

	memset(xml, ' ', size);
	memcpy(xml, "<domain/>", 9);
	xml[size] = '\0';
	refuses(xml, "domain XML is too long");
	xml[1 << 20] = '\0';
	domain_xml_free(parses(xml));
	free(xml);
}

/* A message there would stand before the one of the program. */
TEST(nothing_is_printed)
{
	int saved = dup(STDERR_FILENO);
	struct domain_xml *domain;
	struct savetool_error err;
	int result;

	assert_non_null(freopen("stderr", "w", stderr));
	result = domain_xml_parse(&domain, "<domain", &err);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(result, -1);
	scratch_holds("stderr", "", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_domain_is_read),
		cmocka_unit_test(files_are_listed_in_the_order_of_the_xml),
		cmocka_unit_test(an_empty_domain_leaves_all_unknown),
		cmocka_unit_test(a_cpu_without_a_model_is_its_mode),
		cmocka_unit_test(memory_has_all_units_of_libvirt),
		cmocka_unit_test(memory_that_makes_no_sense_is_unknown),
		cmocka_unit_test(xml_that_is_not_well_formed_is_corrupt),
		cmocka_unit_test(xml_without_a_domain_is_corrupt),
		cmocka_unit_test(entities_are_refused),
		scratch_test(nothing_outside_of_the_xml_is_read),
		cmocka_unit_test(other_xml_is_checked_for_its_form_only),
		cmocka_unit_test(xml_nested_too_deep_is_corrupt),
		cmocka_unit_test(xml_that_is_too_long_is_corrupt),
		scratch_test(nothing_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
