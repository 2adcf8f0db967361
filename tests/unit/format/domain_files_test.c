/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain XML says that the guest needs beside its image. */
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

TEST(the_state_of_an_emulated_tpm_is_in_the_stream)
{
	needs(DEVICES("<tpm><backend type='emulator' version='2.0'/></tpm>"
		      "<tpm><backend type='emulator'><source type='dir' "
		      "path='/t'/></backend></tpm><tpm/>"),
	      "");
	needs(DEVICES("<tpm><backend type='passthrough'><device "
		      "path='/dev/tpm0'/></backend></tpm>"),
	      "tpm /dev/tpm0\n");
	needs(DEVICES("<tpm><backend type='external'><source type='unix' "
		      "mode='connect' path='/t.sock'/></backend></tpm>"),
	      "tpm /t.sock\n");
}

TEST(networks_of_the_host)
{
	needs(DEVICES("<interface type='user'/>"
		      "<interface type='network'><source network='n'/>"
		      "</interface>"
		      "<interface type='bridge'><source bridge='b'/>"
		      "<target dev='vnet0'/></interface>"
		      "<interface type='direct'><source dev='e'/></interface>"
		      "<interface type='ethernet'><target dev='new'/>"
		      "</interface>"
		      "<interface type='ethernet'><target dev='old' "
		      "managed='no'/></interface>"),
	      "~network network n\n~network bridge b\n"
	      "~network interface e\n~network interface old\n");
}

TEST(sockets_that_somebody_listens_on)
{
	needs(DEVICES("<interface type='vhostuser'><source type='unix' "
		      "path='/a' mode='client'/></interface>"
		      "<interface type='vhostuser'><source type='unix' "
		      "path='/no' mode='server'/></interface>"
		      "<serial type='unix'><source mode='connect' path='/b'/>"
		      "</serial><console type='unix'><source mode='connect' "
		      "path='/b'/><target type='serial'/></console>"
		      "<channel type='unix'><source mode='bind' path='/no'/>"
		      "</channel>"),
	      "socket /a\nsocket /b\n");
	needs(DEVICES("<disk type='vhostuser'><source type='unix' path='/c'/>"
		      "</disk>"),
	      "disk /c\n");
}

TEST(secrets_of_disks)
{
	needs(DEVICES("<disk><auth><secret type='ceph' uuid='u'/></auth>"
		      "<source protocol='rbd' name='p/i'/></disk>"
		      "<disk><source file='/a'><encryption><secret usage='x'/>"
		      "</encryption></source></disk>"
		      "<disk><source protocol='rbd' name='p/j'><auth>"
		      "<secret usage='y'/></auth></source></disk>"),
	      "~secret secret u\n~disk rbd p/i\ndisk /a\n"
	      "~secret secret x\n~disk rbd p/j\n~secret secret y\n");
}

TEST(what_qemu_loads_for_the_firmware)
{
	needs("<sysinfo type='fwcfg'><entry name='opt/a' file='/f'/>"
	      "<entry name='opt/b'>text</entry></sysinfo>",
	      "fw-cfg /f\n");
	needs(DEVICES("<interface type='user'><rom file='/r'/></interface>"
		      "<hostdev type='pci'><source><address bus='0x1'/>"
		      "</source><rom file='/h'/></hostdev>"
		      "<interface type='user'><rom enabled='no'/></interface>"),
	      "option-rom /r\n~host-device pci 0000:01:00.0\n"
	      "option-rom /h\n");
}

TEST(devices_that_qemu_opens)
{
	needs(DEVICES("<input type='evdev'><source dev='/dev/e0'/></input>"
		      "<input type='passthrough'><source evdev='/dev/e1'/>"
		      "</input><input type='mouse'/>"
		      "<rng><backend model='random'>/dev/hwrng</backend></rng>"
		      "<rng><backend model='random'>/dev/urandom</backend>"
		      "</rng><rng><backend model='builtin'/></rng>"
		      "<interface type='vdpa'><source dev='/dev/v'/>"
		      "</interface>"),
	      "host-device /dev/e0\nhost-device /dev/e1\n"
	      "host-device /dev/hwrng\nhost-device /dev/v\n");
	needs(DEVICES("<disk type='nvme'><source type='pci' namespace='1'>"
		      "<address bus='0x1'/></source></disk>"),
	      "~disk pci 0000:01:00.0\n");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_files_have_kinds),
		cmocka_unit_test(disks_have_chains_and_data),
		cmocka_unit_test(a_remote_source_is_not_a_path),
		cmocka_unit_test(devices_of_other_kinds),
		cmocka_unit_test(the_state_of_an_emulated_tpm_is_in_the_stream),
		cmocka_unit_test(networks_of_the_host),
		cmocka_unit_test(sockets_that_somebody_listens_on),
		cmocka_unit_test(secrets_of_disks),
		cmocka_unit_test(what_qemu_loads_for_the_firmware),
		cmocka_unit_test(devices_that_qemu_opens),
		cmocka_unit_test(devices_of_the_host),
		cmocka_unit_test(a_chain_may_have_any_length),
		cmocka_unit_test(nvram_may_have_a_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
