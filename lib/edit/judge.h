/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does a new XML belong to the guest of an image? */
#ifndef EDIT_JUDGE_H
#define EDIT_JUDGE_H

#include "image/pass.h"
#include "inspect/agreement.h"

/*
 * Describes the image, and compares the new XML with the old one and with the
 * stream.  text becomes the first difference that matters; "": there is none.
 * The caller must end the pass, even after a failure.  SAVETOOL_USAGE if xml is
 * not a domain XML.
 */
int judge_xml(char text[CONTRADICTION_TEXT], struct pass *pass,
	      struct savetool_image *image, const char *xml,
	      const struct savetool_monitor *monitor,
	      struct savetool_error *err);

#endif
