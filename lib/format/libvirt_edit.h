/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libvirt header with another domain XML: the cookie follows it at once, as
 * libvirt writes them, and the rest of the data is zero padding.
 */
#ifndef FORMAT_LIBVIRT_EDIT_H
#define FORMAT_LIBVIRT_EDIT_H

#include "format/libvirt.h"

/*
 * Makes a copy of a header with this XML.  If XML and cookie fit into the data,
 * its length stays.  Otherwise it grows by a multiple of unit, a power of two,
 * so that the usual padding is left.  SAVETOOL_USAGE if that is too much.
 */
int libvirt_edit(struct libvirt **edited, const struct libvirt *libvirt,
		 const char *xml, uint32_t unit, struct savetool_error *err);

/* The same header once more, to the last byte. */
int libvirt_copy(struct libvirt **copy, const struct libvirt *libvirt,
		 struct savetool_error *err);

#endif
