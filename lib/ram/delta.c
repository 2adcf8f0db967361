/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applies XBZRLE to a page in an output. */
#include "config.h"

#include "ram/delta.h"

#include "base/error.h"
#include "ram/xbzrle.h"

#include <string.h>

int delta_resolve(uint8_t *page, uint64_t page_size, const struct page_run *run,
		  struct output *out, bool was_written, uint64_t offset,
		  struct savetool_error *err)
{
	memset(page, 0, page_size);
	if (was_written &&
	    output_read_at(out, page, page_size, offset, err) < 0)
		return -1;
	if (xbzrle_apply(page, page_size, run->data, run->delta_size) == 0)
		return 0;
	fail(err, SAVETOOL_CORRUPT, "damaged XBZRLE data");
	return fail_about_page(err, run->block->name, run->offset / page_size);
}
