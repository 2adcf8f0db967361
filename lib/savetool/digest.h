/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A digest of the guest, whatever the format.  Part of savetool.h. */
#ifndef SAVETOOL_DIGEST_H
#define SAVETOOL_DIGEST_H

/*
 * A digest of the guest's state, the same in every format.  XXH3-128: fast, not
 * cryptographic.
 */
struct savetool_digest {
	uint64_t memory[2];  /* every page of every block, by block name */
	uint64_t devices[2]; /* all the rest of what QEMU saved */
};

/* "0011…eeff": 64 lower-case hexadecimal digits and a final NUL. */
#define SAVETOOL_DIGEST_TEXT 65
void savetool_digest_text(const struct savetool_digest *digest,
			  char text[SAVETOOL_DIGEST_TEXT]);

/*
 * Reads an image and computes the digest of its guest.  SAVETOOL_UNSUPPORTED if
 * memory was saved with XBZRLE and the image is a pipe.  The monitor may be
 * NULL.
 */
int savetool_image_digest(struct savetool_image *image,
			  const struct savetool_monitor *monitor,
			  struct savetool_digest *digest,
			  struct savetool_error *err);

/* The digest of one memory block: of its pages, not of its name and length. */
struct savetool_block_digest {
	const char *name;
	uint64_t length;
	uint64_t digest[2];
};

/* "0011…eeff": 32 lower-case hexadecimal digits and a final NUL. */
#define SAVETOOL_BLOCK_DIGEST_TEXT 33
void savetool_block_digest_text(const struct savetool_block_digest *digest,
				char text[SAVETOOL_BLOCK_DIGEST_TEXT]);

/* Of all blocks, in the order of the image. */
struct savetool_block_digests {
	size_t count;
	const struct savetool_block_digest *list;
};

/*
 * As savetool_image_digest(), with the digest of each block.  Free *blocks with
 * savetool_block_digests_free().
 */
int savetool_image_digest_blocks(struct savetool_image *image,
				 const struct savetool_monitor *monitor,
				 struct savetool_digest *digest,
				 struct savetool_block_digests **blocks,
				 struct savetool_error *err);

/* NULL is fine. */
void savetool_block_digests_free(struct savetool_block_digests *blocks);

#endif
