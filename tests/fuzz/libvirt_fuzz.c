/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any file as a libvirt header: what can be read is written back unchanged. */
#include "config.h"

#include "fuzz.h"

#include "format/domain_xml.h"
#include "format/libvirt.h"

static void look_at_xml(const struct libvirt *libvirt)
{
	struct domain_xml *domain;
	const struct savetool_guest *guest;
	struct savetool_error err;

	if (libvirt->cookie)
		xml_check(libvirt->cookie, &err);
	if (domain_xml_parse(&domain, libvirt->xml, &err) < 0)
		return;
	guest = domain_xml_guest(domain);
	for (size_t i = 0; guest->files && guest->files[i]; i++)
		fuzz_require(strlen(guest->files[i]) > 0);
	domain_xml_free(domain);
}

static void write_again(const struct libvirt *libvirt)
{
	int fd = fuzz_file();
	struct libvirt *again;
	struct output *out;
	struct savetool_error err;
	struct input *in;

	fuzz_require(output_open_fd(&out, fd, &err) == 0);
	fuzz_require(libvirt_write(libvirt, out, &err) == 0);
	fuzz_require(out->position == libvirt_size(libvirt));
	fuzz_require(libvirt_write_complete(out, &err) == 0);
	fuzz_require(output_commit(out, &err) == 0);
	output_close(out);
	fuzz_require(input_open_fd(&in, fd, &err) == 0);
	fuzz_require(libvirt_read(&again, in, &err) == 0);
	fuzz_require(again->header.complete);
	fuzz_require(strcmp(again->xml, libvirt->xml) == 0);
	fuzz_require(memcmp(again->data, libvirt->data,
			    libvirt->header.data_length) == 0);
	libvirt_free(again);
	input_close(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct libvirt *libvirt = NULL;
	struct savetool_error err;
	struct input *in;

	fuzz_require(input_open_memory(&in, data, size, &err) == 0);
	if (libvirt_is_magic(data, size) &&
	    libvirt_read(&libvirt, in, &err) == 0) {
		look_at_xml(libvirt);
		write_again(libvirt);
	} else if (libvirt) {
		/* What is there of a header that was cut. */
		look_at_xml(libvirt);
	}
	libvirt_free(libvirt);
	input_close(in);
	return 0;
}
