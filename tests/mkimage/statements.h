/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a recipe can say; README.md has the language. */
#ifndef MKIMAGE_STATEMENTS_H
#define MKIMAGE_STATEMENTS_H

#include "image.h"

/* container.c */
void domain_add_memory(struct image *image, const char *name, uint64_t length);
void say_libvirt(struct image *image, struct line *line);

/* stream.c */
void say_stream(struct image *image, struct line *line);
void say_configuration(struct image *image, struct line *line);
void say_command(struct image *image, struct line *line);
void say_section(struct image *image, struct line *line);
void say_end(struct image *image, struct line *line);
void say_eof(struct image *image, struct line *line);
void say_footers(struct image *image, struct line *line);

/* Writes a section up to its payload. */
void section_open(struct image *image, struct line *line, const char *type,
		  const struct device *what, uint32_t id);

/* vmdesc.c */
void say_vmdesc(struct image *image, struct line *line);

/* ram.c */
void say_ram(struct image *image, struct line *line);
void say_block(struct image *image, struct line *line);
void say_page(struct image *image, struct line *line);
void say_zero(struct image *image, struct line *line);
void say_compressed(struct image *image, struct line *line);
void say_xbzrle(struct image *image, struct line *line);
void say_record(struct image *image, struct line *line);

/* mapped.c */
void say_stale(struct image *image, struct line *line);
void say_lost(struct image *image, struct line *line);

/* raw.c */
void say_bytes(struct image *image, struct line *line);
void say_fill(struct image *image, struct line *line);
void say_seek(struct image *image, struct line *line);
void say_patch(struct image *image, struct line *line);
void say_file(struct image *image, struct line *line);
void say_label(struct image *image, struct line *line);
void say_cut(struct image *image, struct line *line);
void say_pack(struct image *image, struct line *line);
void say_packed(struct image *image, struct line *line);

/* Cuts and compresses what is still to be cut and compressed. */
void image_finish(struct image *image);

#endif
