/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image shows about its guest before its pages are read. */
#include "config.h"

#include "extract/guest.h"

#include "base/bytes.h"
#include "base/error.h"
#include "format/page_size.h"
#include "walk/walk.h"

#include <string.h>

/* The list is enough; whatever the pages are, they are passed over. */
struct looker {
	struct visitor base;
	struct page_sink sink;
	struct guest *guest;
};

static int put(struct page_sink *sink, const struct page_batch *batch,
	       struct savetool_error *err)
{
	(void)sink;
	(void)batch;
	(void)err;
	return 0;
}

static const struct page_sink_ops sink_ops = { .put = put };

static int start(struct visitor *visitor, const struct stream *stream,
		 struct savetool_error *err)
{
	(void)visitor;
	return stream_require_own_memory(stream, err);
}

/* At the payload of a section that is saved ahead of memory. */
static int see_early(struct guest *guest, const struct section *section,
		     struct savetool_error *err)
{
	struct reader *reader = &guest->pass.stream.reader;
	struct plugged *plugged = &guest->plugged[guest->plugged_count];
	const char *slash = strchr(section->name, '/');
	size_t got;

	if (!section_is_early(section->name) || !slash ||
	    guest->plugged_count == PLUGGED_LIMIT)
		return 0;
	if (reader_look(reader, 16, &got, err) < 0)
		return -1;
	if (got < 16)
		return 0;
	memcpy(plugged->path, section->name, slash + 1 - section->name);
	plugged->address = get_be64(reader->next);
	plugged->length = get_be64(reader->next + 8);
	guest->plugged_count++;
	return 0;
}

static int section(struct visitor *visitor, const struct section *section,
		   struct output **copy_to, struct savetool_error *err)
{
	(void)copy_to;
	return see_early(((struct looker *)visitor)->guest, section, err);
}

static int ram_list(struct visitor *visitor, const struct section *section,
		    const struct ram_list *list, struct page_sink **sink,
		    struct savetool_error *err)
{
	struct looker *looker = (struct looker *)visitor;

	(void)section;
	(void)err;
	looker->guest->layout = &list->layout;
	if (!list->mapped)
		*sink = &looker->sink;
	return 0;
}

static int tail(struct visitor *visitor, const struct tail *tail,
		struct savetool_error *err)
{
	struct looker *looker = (struct looker *)visitor;

	(void)err;
	looker->guest->tail = tail;
	return 0;
}

static const struct visitor_ops ops = {
	.start = start,
	.section = section,
	.ram_list = ram_list,
	.tail = tail,
};

/*
 * The stream up to the list of blocks; what comes after it can be passed over,
 * for the tail is known.
 */
static int read_to_list(struct guest *guest, struct savetool_error *err)
{
	struct stream *stream = &guest->pass.stream;
	struct stream_item item;
	int more;

	if (stream_require_own_memory(stream, err) < 0)
		return -1;
	while ((more = stream_next(stream, &item, err)) > 0) {
		if (item.kind == STREAM_COMMAND)
			continue;
		if (section_is_ram(&item.section)) {
			if (page_size_read_list(stream, err) < 0)
				return -1;
			guest->layout = &stream->ram.layout;
			guest->tail = guest->pass.tail;
			return 0;
		}
		if (see_early(guest, &item.section, err) < 0 ||
		    stream_skip_payload(stream, &item.section, err) < 0 ||
		    stream_end_section(stream, &item.section, err) < 0)
			return -1;
	}
	return more < 0 ? -1 : stream_require_memory(stream, err);
}

/*
 * Between the pages of the blocks lies the list of them, so a mapped-ram image
 * that ends in its pages has only the first blocks of it.
 */
static bool has_cut_list(const struct stream *stream,
			 const struct savetool_error *err)
{
	return err->code == SAVETOOL_INCOMPLETE && stream->ram.mapped &&
	       stream->ram.layout.count > 0 &&
	       stream->ram.layout.page_size != 0 && stream->ram.end == 0;
}

int guest_read_cut_list(struct pass *pass, struct savetool_error *err)
{
	struct stream_item item;
	int more;

	while ((more = stream_next(&pass->stream, &item, err)) > 0) {
		if (item.kind == STREAM_COMMAND)
			continue;
		if (section_is_ram(&item.section)) {
			if (page_size_read_list(&pass->stream, err) == 0)
				break;
			return has_cut_list(&pass->stream, err) ? 0 : -1;
		}
		if (stream_skip_payload(&pass->stream, &item.section, err) <
			    0 ||
		    stream_end_section(&pass->stream, &item.section, err) < 0)
			return -1;
	}
	return more < 0 ? -1 :
			  fail(err, SAVETOOL_CORRUPT,
			       "the list of RAM blocks has changed meanwhile");
}

static bool knows_tail(const struct pass *pass)
{
	return pass->tail && !stream_is_mapped(&pass->stream);
}

int guest_read(struct guest *guest, struct savetool_image *image, bool partial,
	       const struct savetool_monitor *monitor,
	       struct savetool_error *err)
{
	struct looker looker = {
		.base = { .ops = &ops },
		.sink = { .ops = &sink_ops },
		.guest = guest,
	};
	struct pass *pass = &guest->pass;

	if (image->libvirt)
		guest->xml = image->libvirt->xml;
	if (pass_begin(pass, image, err) < 0)
		return -1;
	guest->machine = pass->stream.configuration.machine;
	if ((knows_tail(pass) ? read_to_list(guest, err) :
				walk(pass, &looker.base, monitor, err)) < 0) {
		guest->cut = !guest->layout && has_cut_list(&pass->stream, err);
		if (guest->cut)
			guest->layout = &pass->stream.ram.layout;
		if (!partial || !guest->layout ||
		    (err->code != SAVETOOL_INCOMPLETE &&
		     err->code != SAVETOOL_CORRUPT))
			return -1;
	}
	if (guest->tail && fields_read(&guest->fields, guest->tail, err) < 0)
		return -1;
	return 0;
}

void guest_release(struct guest *guest)
{
	fields_free(guest->fields);
	pass_end(&guest->pass);
	*guest = (struct guest)GUEST_INIT;
}

bool guest_is_called(const char *text, const char *name)
{
	size_t length = strlen(text), end = strlen(name);

	if (length < end || strcmp(text + length - end, name) != 0)
		return false;
	return length == end || text[length - end - 1] == '/';
}

const struct savetool_device *guest_device(const struct guest *guest,
					   const char *name)
{
	const struct tail *tail = guest->tail;

	for (unsigned i = 0; tail && i < tail->device_count; i++)
		if (guest_is_called(tail->devices[i].name, name))
			return &tail->devices[i];
	return NULL;
}

int guest_read_state(const struct guest *guest,
		     const struct savetool_device *device, uint64_t offset,
		     void *bytes, size_t size, struct savetool_error *err)
{
	uint64_t at, length;
	size_t got;

	if (!fields_section(guest->tail, device->name, device->instance, &at,
			    &length) ||
	    length < size || offset > length - size)
		return 0;
	if (input_read_all(guest->tail->in, bytes, size, at + offset, &got,
			   err) < 0)
		return -1;
	return got == size;
}

/*
 * As the vmdesc says; a virtio device, whose state the vmdesc does not
 * describe, starts with the version of the configuration, 2, and its bytes.
 */
int guest_pci_config(const struct guest *guest,
		     const struct savetool_device *device,
		     uint8_t config[GUEST_PCI_CONFIG],
		     struct savetool_error *err)
{
	uint8_t version[4];
	size_t size;
	int more;

	if (fields_find_bytes(config, GUEST_PCI_CONFIG, &size, guest->fields,
			      guest->tail, device->name, device->instance,
			      "config", err) < 0)
		return -1;
	if (size >= GUEST_PCI_CONFIG)
		return 1;
	more = guest_read_state(guest, device, 0, version, sizeof(version),
				err);
	if (more <= 0 || get_be32(version) != 2)
		return more < 0 ? -1 : 0;
	return guest_read_state(guest, device, 4, config, GUEST_PCI_CONFIG,
				err);
}
