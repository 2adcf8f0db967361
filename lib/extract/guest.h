/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an image shows about its guest before its pages are read: the machine
 * type, the memory blocks, the devices.
 */
#ifndef EXTRACT_GUEST_H
#define EXTRACT_GUEST_H

#include "format/fields.h"
#include "image/pass.h"

/* The memory of a virtio-mem device, whose state precedes all memory. */
struct plugged {
	char path[RAM_NAME_SIZE]; /* of the device, with a slash */
	uint64_t address;
	uint64_t length;
};

#define PLUGGED_LIMIT 64

struct guest {
	unsigned plugged_count;
	struct plugged plugged[PLUGGED_LIMIT];
	struct pass pass; /* to the memory's list, or to the end */
	const struct ram_layout *layout;
	bool cut; /* mapped-ram that ends in its pages: the list is not whole */
	const char *machine;     /* NULL: it does not say */
	const struct tail *tail; /* NULL: not known */
	struct fields *fields;   /* NULL: the tail is not known */
	const char *xml;         /* the domain's; NULL: there is none */
};

#define GUEST_INIT                                                             \
	{                                                                      \
		.pass = PASS_INIT                                              \
	}

/*
 * Reads the list of blocks and the devices.  A stream that cannot be seen to
 * its end is read as a whole.  With partial, one that breaks off after the list
 * has no tail.  It has to be released, even after a failure.
 */
int guest_read(struct guest *guest, struct savetool_image *image, bool partial,
	       const struct savetool_monitor *monitor,
	       struct savetool_error *err);
void guest_release(struct guest *guest);

/* Reads that list again, in a pass that has just begun. */
int guest_read_cut_list(struct pass *pass, struct savetool_error *err);

static inline void cleanup_guest_(struct guest *guest)
{
	guest_release(guest);
}
#define cleanup_guest __attribute__((cleanup(cleanup_guest_)))

/* The first device whose name is that, or has it after its path. */
const struct savetool_device *guest_device(const struct guest *guest,
					   const char *name);

/* Is text the name, or a path that ends in it? */
bool guest_is_called(const char *text, const char *name);

/*
 * Reads size bytes of a device's state.  1, or 0 if it does not have so many.
 */
int guest_read_state(const struct guest *guest,
		     const struct savetool_device *device, uint64_t offset,
		     void *bytes, size_t size, struct savetool_error *err);

/*
 * The first 256 bytes of the configuration space of a PCI device.  1, or 0 if
 * it has none.
 */
#define GUEST_PCI_CONFIG 256
int guest_pci_config(const struct guest *guest,
		     const struct savetool_device *device,
		     uint8_t config[GUEST_PCI_CONFIG],
		     struct savetool_error *err);

#endif
