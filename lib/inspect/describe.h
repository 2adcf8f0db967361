/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Describes an image, for callers that need more than
 * savetool_image_describe().
 */
#ifndef INSPECT_DESCRIBE_H
#define INSPECT_DESCRIBE_H

#include "image/description.h"

struct pass;
struct visitor;

struct describe_options {
	bool scan;    /* read and count all pages */
	bool whole;   /* read a sequential stream from end to end too */
	bool strays;  /* ignore bits after the last page of a bitmap */
	bool any_xml; /* XML and cookie need not be well-formed */
	struct visitor *companion; /* a visitor for the same walk, or NULL */
};

/*
 * As savetool_image_describe(), but into image->description.  The caller gets
 * the pass and has to end it, even after a failure.
 */
int describe_image(struct pass *pass, struct savetool_image *image,
		   const struct describe_options *options,
		   const struct savetool_monitor *monitor,
		   struct savetool_error *err);

/*
 * A description without a scan.  It is gathered on the first call, and kept as
 * long as the image is open.  -1 if the image is not complete.  What its XML
 * holds does not matter.
 */
int describe_once(struct savetool_image *image,
		  const struct savetool_monitor *monitor,
		  const struct description **description,
		  struct savetool_error *err);

/* An image that another command may refuse is not called complete. */
void describe_doubt(struct description *description);

/* The length of an uncompressed image whose tail is known. */
uint64_t image_length(const struct pass *pass);

/* For an image that was scanned: bytes of pages that later ones replace. */
uint64_t superseded_bytes(const struct savetool_info *info);

/*
 * For an image that was scanned: bytes of stored pages that are all zero and
 * need not be stored.
 */
uint64_t zero_page_bytes(const struct savetool_info *info,
			 const struct pass *pass);

/* For the same: what is saved by storing those pages as records of zeros. */
uint64_t zero_record_savings(const struct savetool_info *info);

#endif
