/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The libvirt header, in either byte order. */
#include "config.h"

#include "format/libvirt.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "format/domain_xml.h"

#include <inttypes.h>
#include <string.h>

/* The offsets of the header's words. */
enum {
	AT_VERSION = 16,
	AT_DATA_LENGTH = 20,
	AT_WAS_RUNNING = 24,
	AT_FORMAT = 28,
	AT_COOKIE_OFFSET = 32,
	AT_UNUSED = 36,
};

#define VERSION_LIMIT 3

/* What libvirt itself writes. */
#define VERSION_USUAL 2

/* The version whose first unused word holds the features. */
#define VERSION_FEATURES 3

static const char magic_complete[] = "LibvirtQemudSave";
static const char magic_partial[] = "LibvirtQemudPart";

static bool has_magic(const void *head, size_t size, const char *magic)
{
	return size >= LIBVIRT_MAGIC_SIZE &&
	       memcmp(head, magic, LIBVIRT_MAGIC_SIZE) == 0;
}

bool libvirt_is_magic(const void *head, size_t size)
{
	return has_magic(head, size, magic_complete) ||
	       has_magic(head, size, magic_partial);
}

static uint32_t get_word(const uint8_t *head, size_t at, bool big_endian)
{
	return big_endian ? get_be32(head + at) : get_le32(head + at);
}

static void put_word(uint8_t *head, size_t at, bool big_endian, uint32_t word)
{
	if (big_endian)
		put_be32(head + at, word);
	else
		put_le32(head + at, word);
}

static bool is_length(uint32_t length, uint64_t size)
{
	return length > 0 && length <= LIBVIRT_DATA_LIMIT &&
	       (size == SAVETOOL_UNKNOWN ||
		length <= size - LIBVIRT_HEADER_SIZE);
}

/*
 * Nothing says which byte order the saving host had.  In the right one the
 * version is a small number.  0 is small in both: then the length decides.
 */
static bool is_big_endian(const uint8_t *head, uint64_t size)
{
	uint32_t little = get_le32(head + AT_VERSION);

	if (little == 0)
		return !is_length(get_le32(head + AT_DATA_LENGTH), size) &&
		       is_length(get_be32(head + AT_DATA_LENGTH), size);
	return little > VERSION_LIMIT &&
	       get_be32(head + AT_VERSION) <= VERSION_LIMIT;
}

static void decode(struct libvirt *libvirt, const uint8_t *head, uint64_t size)
{
	struct savetool_header *header = &libvirt->header;
	bool big = is_big_endian(head, size);

	header->big_endian = big;
	header->complete = has_magic(head, LIBVIRT_HEADER_SIZE, magic_complete);
	header->version = get_word(head, AT_VERSION, big);
	header->data_length = get_word(head, AT_DATA_LENGTH, big);
	libvirt->was_running = get_word(head, AT_WAS_RUNNING, big);
	header->was_running = libvirt->was_running != 0;
	header->format = get_word(head, AT_FORMAT, big);
	header->cookie_offset = get_word(head, AT_COOKIE_OFFSET, big);
	for (unsigned i = 0; i < LIBVIRT_UNUSED; i++)
		libvirt->unused[i] = get_word(head, AT_UNUSED + 4 * i, big);
	if (header->version >= VERSION_FEATURES) {
		/* Otherwise a header of another version would get them too. */
		header->features = libvirt->unused[0];
		libvirt->unused[0] = 0;
	}
}

/* Checks what can be checked before the data is read. */
static int check_words(const struct savetool_header *header,
		       struct savetool_error *err)
{
	if (header->version > VERSION_LIMIT)
		return fail_at(err, SAVETOOL_UNSUPPORTED, AT_VERSION,
			       "libvirt header has unknown version %" PRIu32,
			       header->version);
	if (header->format >= SAVETOOL_FORMAT_COUNT)
		return fail_at(err, SAVETOOL_UNSUPPORTED, AT_FORMAT,
			       "libvirt header has unknown format %" PRIu32,
			       header->format);
	if (header->features & ~FEATURE_MAPPED_RAM)
		return fail_at(err, SAVETOOL_UNSUPPORTED, AT_UNUSED,
			       "libvirt header has features 0x%" PRIx32
			       ", not all of which are known",
			       header->features);
	if (header->data_length == 0)
		return fail_at(err, SAVETOOL_CORRUPT, AT_DATA_LENGTH,
			       "libvirt header has no XML: its length is 0");
	if (header->data_length > LIBVIRT_DATA_LIMIT)
		return fail_at(err, SAVETOOL_CORRUPT, AT_DATA_LENGTH,
			       "libvirt header says that its XML has %" PRIu32
			       " bytes, which is out of range",
			       header->data_length);
	if (header->cookie_offset >= header->data_length)
		return fail_at(
			err, SAVETOOL_CORRUPT, AT_COOKIE_OFFSET,
			"libvirt header says that its cookie starts %" PRIu32
			" bytes into %" PRIu32 " bytes of XML and cookie",
			header->cookie_offset, header->data_length);
	return 0;
}

/* What is there of it: of a file that ends early, less than the header says. */
static int read_data(struct libvirt *libvirt, struct input *in,
		     struct savetool_error *err)
{
	uint32_t length = libvirt->header.data_length;
	size_t got;

	libvirt->data = calloc(1, (size_t)length + 1);
	if (!libvirt->data)
		return fail_memory(err);
	if (input_read_all(in, libvirt->data, length, LIBVIRT_HEADER_SIZE, &got,
			   err) < 0)
		return -1;
	libvirt->present = got;
	libvirt->data[got] = '\0';
	return 0;
}

static int fail_cut(struct libvirt *libvirt, struct savetool_error *err)
{
	uint32_t length = libvirt->header.data_length;
	uint32_t cookie = libvirt->header.cookie_offset;

	libvirt->xml = libvirt->data;
	if (cookie &&
	    memchr(libvirt->data + cookie, '\0',
		   libvirt->present > cookie ? libvirt->present - cookie : 0))
		libvirt->cookie = libvirt->data + cookie;
	return fail_at(err, SAVETOOL_INCOMPLETE,
		       LIBVIRT_HEADER_SIZE + libvirt->present,
		       "image ends within its XML of %" PRIu32
		       " bytes: %" PRIu32 " are missing",
		       length, length - libvirt->present);
}

/* Finds XML and cookie, and how much is free after them. */
static int split_data(struct libvirt *libvirt, struct savetool_error *err)
{
	struct savetool_header *header = &libvirt->header;
	uint32_t length = header->data_length, cookie = header->cookie_offset;
	const char *end;

	end = memchr(libvirt->data, '\0', cookie ? cookie : length);
	if (!end)
		return fail_at(err, SAVETOOL_CORRUPT, LIBVIRT_HEADER_SIZE,
			       "XML does not end with a NUL byte");
	libvirt->xml = libvirt->data;
	if (cookie) {
		libvirt->cookie = libvirt->data + cookie;
		end = memchr(libvirt->cookie, '\0', length - cookie);
		if (!end)
			return fail_at(err, SAVETOOL_CORRUPT,
				       LIBVIRT_HEADER_SIZE + cookie,
				       "cookie does not end with a NUL byte");
	}
	header->padding = length - (end + 1 - libvirt->data);
	return 0;
}

int libvirt_read(struct libvirt **result, struct input *in,
		 struct savetool_error *err)
{
	cleanup_libvirt struct libvirt *libvirt = NULL;
	uint8_t head[LIBVIRT_HEADER_SIZE];
	size_t got;

	if (input_read_all(in, head, sizeof(head), 0, &got, err) < 0)
		return -1;
	if (!libvirt_is_magic(head, got))
		return fail(err, SAVETOOL_NOT_IMAGE, "not a libvirt header");
	if (got < sizeof(head)) {
		fail_at(err, SAVETOOL_INCOMPLETE, got,
			"image ends within the libvirt header; libvirt deletes "
			"such a managed save when the guest is started");
		return fail_hint(err, SAVETOOL_HINT_COPY_AWAY);
	}
	libvirt = calloc(1, sizeof(*libvirt));
	if (!libvirt)
		return fail_memory(err);
	decode(libvirt, head, in->size);
	if (check_words(&libvirt->header, err) < 0 ||
	    read_data(libvirt, in, err) < 0)
		return -1;
	if (libvirt->present < libvirt->header.data_length) {
		*result = steal(libvirt);
		return fail_cut(*result, err);
	}
	if (split_data(libvirt, err) < 0)
		return -1;
	*result = steal(libvirt);
	return 0;
}

/* Stores the XML and, if there is one, the cookie as libvirt does. */
static int pack_data(struct libvirt *libvirt, const char *xml,
		     const char *cookie, struct savetool_error *err)
{
	size_t size = strlen(xml) + 1;
	size_t cookie_size = cookie ? strlen(cookie) + 1 : 0;
	struct savetool_header *header = &libvirt->header;

	if (size + cookie_size > LIBVIRT_DATA_LIMIT - LIBVIRT_PADDING)
		return fail(err, SAVETOOL_USAGE, "XML of %zu bytes is too long",
			    size - 1);
	libvirt->data = calloc(1, size + cookie_size + LIBVIRT_PADDING + 1);
	if (!libvirt->data)
		return fail_memory(err);
	memcpy(libvirt->data, xml, size);
	libvirt->xml = libvirt->data;
	if (cookie) {
		memcpy(libvirt->data + size, cookie, cookie_size);
		libvirt->cookie = libvirt->data + size;
	}
	header->cookie_offset = cookie ? size : 0;
	header->data_length = size + cookie_size + LIBVIRT_PADDING;
	header->padding = LIBVIRT_PADDING;
	libvirt->present = header->data_length;
	return 0;
}

int libvirt_new(struct libvirt **result, const char *xml,
		const struct libvirt *like, bool big_endian,
		struct savetool_error *err)
{
	cleanup_libvirt struct libvirt *libvirt = calloc(1, sizeof(*libvirt));

	if (!libvirt)
		return fail_memory(err);
	libvirt->header = (struct savetool_header){
		.version = VERSION_USUAL,
		.format = SAVETOOL_FORMAT_RAW,
		.big_endian = big_endian,
		.complete = true,
		.was_running = !like || like->header.was_running,
	};
	if (pack_data(libvirt, xml, like ? like->cookie : NULL, err) < 0)
		return -1;
	*result = steal(libvirt);
	return 0;
}

void libvirt_free(struct libvirt *libvirt)
{
	if (!libvirt)
		return;
	free(libvirt->data);
	free(libvirt);
}

/* Apart from s390's, practically all hosts are little-endian. */
bool libvirt_order_is_doubtful(const struct libvirt *libvirt)
{
	struct domain_xml *domain;
	struct savetool_error ignored;
	const char *arch;
	bool big = false;

	if (domain_xml_parse(&domain, libvirt->xml, &ignored) == 0) {
		arch = domain_xml_guest(domain)->arch;
		big = arch && strncmp(arch, "s390", 4) == 0;
		domain_xml_free(domain);
	}
	return big != libvirt->header.big_endian;
}

uint64_t libvirt_size(const struct libvirt *libvirt)
{
	return LIBVIRT_HEADER_SIZE + (uint64_t)libvirt->header.data_length;
}

static void encode(const struct libvirt *libvirt, const char *magic,
		   uint8_t *head)
{
	const struct savetool_header *header = &libvirt->header;
	bool big = header->big_endian;

	memcpy(head, magic, LIBVIRT_MAGIC_SIZE);
	put_word(head, AT_VERSION, big, header->version);
	put_word(head, AT_DATA_LENGTH, big, header->data_length);
	put_word(head, AT_WAS_RUNNING, big,
		 header->was_running == (libvirt->was_running != 0) ?
			 libvirt->was_running :
			 header->was_running);
	put_word(head, AT_FORMAT, big, header->format);
	put_word(head, AT_COOKIE_OFFSET, big, header->cookie_offset);
	for (unsigned i = 0; i < LIBVIRT_UNUSED; i++)
		put_word(head, AT_UNUSED + 4 * i, big, libvirt->unused[i]);
	if (header->version >= VERSION_FEATURES)
		put_word(head, AT_UNUSED, big, header->features);
}

void libvirt_encode(const struct libvirt *libvirt,
		    uint8_t head[LIBVIRT_HEADER_SIZE])
{
	encode(libvirt, magic_complete, head);
}

int libvirt_write(const struct libvirt *libvirt, struct output *out,
		  struct savetool_error *err)
{
	uint8_t head[LIBVIRT_HEADER_SIZE];

	/* A pipe cannot be rewritten, so it gets the final magic at once. */
	encode(libvirt, out->seekable ? magic_partial : magic_complete, head);
	if (output_append(out, head, sizeof(head), err) < 0)
		return -1;
	return output_append(out, libvirt->data, libvirt->header.data_length,
			     err);
}

int libvirt_write_partial(struct output *out, struct savetool_error *err)
{
	return output_write_at(out, magic_partial, LIBVIRT_MAGIC_SIZE, 0, err);
}

int libvirt_write_complete(struct output *out, struct savetool_error *err)
{
	if (!out->seekable)
		return 0;
	return output_write_last(out, magic_complete, LIBVIRT_MAGIC_SIZE, 0,
				 err);
}
