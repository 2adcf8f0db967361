/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What check looks at beyond a description: a visitor that takes notes on the
 * walk, and findings made from them.
 */
#ifndef CHECK_CHECKER_H
#define CHECK_CHECKER_H

#include "image/description.h"
#include "image/pass.h"
#include "walk/walk.h"

/* A word of a bitmap that has bits set after the last page. */
struct padding_bits {
	unsigned block;
	uint64_t offset; /* of the 8 bytes, in the file */
	uint8_t found[8], right[8];
};

struct checker {
	struct visitor base;
	const struct pass *pass;
	const struct savetool_error
		*broken; /* why the walk ended early, or NULL */
	bool finished;   /* the walk came to the last byte */
	const struct savetool_machines *machines; /* to be among; or NULL */
	uint64_t advised; /* offset of a command, or SAVETOOL_UNKNOWN */
	uint64_t return_path;
	unsigned padding_count;
	struct padding_bits *paddings;
};

void checker_init(struct checker *checker, const struct pass *pass);
void checker_release(struct checker *checker);

/*
 * Adds to the findings of the description that the walk has made.  broken is
 * why the walk ended early, or NULL if it did not.
 */
int checker_report(struct checker *checker, const struct savetool_error *broken,
		   struct savetool_error *err);

/*
 * Fails if a bitmap has bits after its last page, which only check reads past.
 */
int checker_require_bitmaps(const struct checker *checker,
			    struct savetool_error *err);

/* The findings about the devices of a tail that has been read. */
int report_in_devices(const struct checker *checker,
		      struct savetool_error *err);

/*
 * Is an image whose header says Part complete to its last byte?  Only if its
 * vmdesc leads there and nothing else is wrong with it.
 */
bool checker_proves(const struct checker *checker);

#endif
