/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Describes an image, for whoever wants more than savetool_image_describe(). */
#ifndef INSPECT_DESCRIBE_H
#define INSPECT_DESCRIBE_H

#include "image/description.h"

struct visitor;

struct describe_options {
	bool scan;  /* read all pages, and count them */
	bool whole; /* walk a sequential stream as well, from end to end */
	struct visitor *companion; /* comes along on a walk; NULL: nobody */
};

/* As savetool_image_describe(), into image->description. */
int describe_image(struct savetool_image *image,
		   const struct describe_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err);

/* Of an image whose tail is known, and that is not packed. */
uint64_t image_length(const struct savetool_image *image);

/* Of an image that was scanned: bytes of pages that later ones replace. */
uint64_t superseded_bytes(const struct savetool_info *info);

/* In pages that are stored, all zeros, and need not be; if it was scanned. */
uint64_t zero_page_bytes(const struct savetool_info *info,
			 const struct savetool_image *image);

/* The same: what records of zeros save of the pages that are stored as such. */
uint64_t zero_record_savings(const struct savetool_info *info);

#endif
