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

/* What a device, or an element of <os>, is said to need: "kind name\n". */
static void needs(const char *xml, const char *expected)
{
	char all[2048], found[1024] = "";
	struct domain_xml *domain;
	const struct savetool_file *files;
	size_t count;

	snprintf(all, sizeof(all), "<domain><uuid>u1</uuid>%s</domain>", xml);
	domain = parses(all);
	files = domain_xml_files(domain, &count);
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(found);

		snprintf(found + used, sizeof(found) - used, "%s%s %s\n",
			 files[i].local ? "" : "~", files[i].kind,
			 files[i].path);
	}
	assert_string_equal(found, expected);
	domain_xml_free(domain);
}

#define OS(xml) "<os>" xml "</os>"
#define DEVICES(xml) "<devices>" xml "</devices>"

TEST(boot_files_have_kinds)
{
	needs(OS("<loader>/a</loader><nvram>/b</nvram><kernel>/c</kernel>"
		 "<initrd>/d</initrd><dtb>/e</dtb>"
		 "<varstore template='/t' path='/f'/>"
		 "<acpi><table type='slic'>/g</table></acpi>"),
	      "loader /a\nnvram /b\nkernel /c\ninitrd /d\ndtb /e\n"
	      "varstore /f\nacpi-table /g\n");
	needs(OS("<nvram type='network'><source protocol='iscsi' name='i/0'/>"
		 "</nvram>"),
	      "~nvram iscsi i/0\n");
}

TEST(disks_have_chains_and_data)
{
	needs(DEVICES("<disk><source file='/a'><dataStore type='block'>"
		      "<format type='raw'/><source dev='/dev/d'/></dataStore>"
		      "</source><backingStore type='file'><source file='/b'>"
		      "<dataStore type='file'><source file='/e'/></dataStore>"
		      "</source><backingStore type='network'><source "
		      "protocol='nbd' name='n'/><backingStore/></backingStore>"
		      "</backingStore><mirror><source file='/m'/></mirror>"
		      "</disk>"),
	      "disk /a\ndata-store /dev/d\nbacking-store /b\n"
	      "data-store /e\n~backing-store nbd n\n");
}

TEST(a_remote_source_is_not_a_path)
{
	needs(DEVICES("<disk><source protocol='rbd' name='pool/image'>"
		      "<host name='h'/></source></disk>"
		      "<disk><source protocol='https' name='/d.iso'/></disk>"
		      "<disk><source pool='p' volume='v'/></disk>"
		      "<disk><source protocol='nbd'/></disk>"),
	      "~disk rbd pool/image\n~disk https /d.iso\n"
	      "~disk volume p/v\n~disk nbd ?\n");
}

TEST(devices_of_other_kinds)
{
	needs(DEVICES("<filesystem type='mount'><source dir='/s'/></filesystem>"
		      "<filesystem><driver type='virtiofs'/>"
		      "<source socket='/v.sock'/></filesystem>"
		      "<shmem name='m'/><shmem name='n'><server path='/x'/>"
		      "</shmem>"
		      "<serial type='file'><source path='/log'/></serial>"
		      "<serial type='dev'><source path='/dev/ttyS0'/></serial>"
		      "<console type='pty'><source path='/dev/pts/1'/>"
		      "</console>"),
	      "filesystem /s\nfilesystem /v.sock\n~shared-memory m\n"
	      "shared-memory /x\nhost-device /dev/ttyS0\n");
}

TEST(the_state_of_a_tpm)
{
	needs(DEVICES("<tpm><backend type='emulator' version='2.0'/></tpm>"),
	      "tpm /var/lib/libvirt/swtpm/u1/tpm2\n");
	needs(DEVICES("<tpm><backend type='emulator' version='1.2'/></tpm>"),
	      "tpm /var/lib/libvirt/swtpm/u1/tpm1.2\n");
	needs(DEVICES("<tpm><backend type='emulator'><source type='dir' "
		      "path='/t'/></backend></tpm>"),
	      "tpm /t\n");
	needs(DEVICES("<tpm><backend type='passthrough'><device "
		      "path='/dev/tpm0'/></backend></tpm>"),
	      "tpm /dev/tpm0\n");
	needs(DEVICES("<tpm/>"), "");
}

TEST(devices_of_the_host)
{
	needs(DEVICES("<hostdev mode='subsystem' type='pci'><source><address "
		      "domain='0x0000' bus='0x0a' slot='0x00' function='0x1'/>"
		      "</source></hostdev>"),
	      "~host-device pci 0000:0a:00.1\n");
	needs(DEVICES("<hostdev type='usb'><source><vendor id='0x1234'/>"
		      "<product id='0xbeef'/></source></hostdev>"
		      "<hostdev type='usb'><source><address bus='1' "
		      "device='2'/></source></hostdev>"),
	      "~host-device usb 0x1234:0xbeef\n"
	      "~host-device usb bus 1 device 2\n");
	needs(DEVICES("<hostdev type='mdev'><source><address uuid='u'/>"
		      "</source></hostdev><hostdev type='scsi'><source>"
		      "<adapter name='scsi_host0'/></source></hostdev>"
		      "<hostdev/>"),
	      "~host-device mdev u\n~host-device scsi scsi_host0\n");
}

TEST(a_chain_may_have_any_length)
{
	enum { LINKS = 200 };
	static const char open[] = "<backingStore><source file='/b'/>";
	static const char close[] = "</backingStore>";
	char *xml = malloc(100 + LINKS * (sizeof(open) + sizeof(close)));
	struct domain_xml *domain;
	size_t count;

	assert_non_null(xml);
	strcpy(xml, "<domain><devices><disk><source file='/a'/>");
	for (int i = 0; i < LINKS; i++)
		strcat(xml, open);
	for (int i = 0; i < LINKS; i++)
		strcat(xml, close);
	strcat(xml, "</disk></devices></domain>");
	domain = parses(xml);
	domain_xml_files(domain, &count);
	assert_int_equal(count, LINKS + 1);
	domain_xml_free(domain);
	free(xml);
}

TEST(nvram_may_have_a_source)
{
	struct domain_xml *domain = parses(
		"<domain><os><nvram type='file'><source file='/v'/></nvram>"
		"</os></domain>");

	assert_string_equal(domain_xml_guest(domain)->files[0], "/v");
	assert_null(domain_xml_guest(domain)->files[1]);
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
		cmocka_unit_test(boot_files_have_kinds),
		cmocka_unit_test(disks_have_chains_and_data),
		cmocka_unit_test(a_remote_source_is_not_a_path),
		cmocka_unit_test(devices_of_other_kinds),
		cmocka_unit_test(the_state_of_a_tpm),
		cmocka_unit_test(devices_of_the_host),
		cmocka_unit_test(a_chain_may_have_any_length),
		cmocka_unit_test(nvram_may_have_a_source),
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
