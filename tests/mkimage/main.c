/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds any save image from a recipe; README.md has the language. */
#include "follow.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What to write beside the image; block is NULL for all of them. */
struct wish {
	const char *block;
	const char *path;
};

struct arguments {
	const char *recipe;
	const char *image;
	struct wish wish[8];
	unsigned wishes;
	bool labels;
};

static void write_wishes(const struct image *image,
			 const struct arguments *arguments)
{
	struct line line = { .file = "--memory" };

	for (unsigned i = 0; i < arguments->wishes; i++) {
		const struct wish *w = &arguments->wish[i];

		if (w->block)
			memory_write(block_find(image, &line, w->block),
				     w->path);
		else
			memory_write_all(image, w->path);
	}
}

static void print_labels(const struct label *label)
{
	if (!label)
		return;
	print_labels(label->next); /* the last one is in front */
	printf("%s %llu\n", label->name, (unsigned long long)label->at);
}

_Noreturn static void usage(void)
{
	fail("usage: mkimage [--labels] [--memory BLOCK FILE]... "
	     "[--memory-all FOLDER] [RECIPE] IMAGE");
}

static void add_wish(struct arguments *to, const char *block, const char *path)
{
	if (to->wishes == sizeof(to->wish) / sizeof(*to->wish))
		fail("too many files to write");
	to->wish[to->wishes++] = (struct wish){ block, path };
}

/* Returns how many words were an option. */
static int read_option(struct arguments *to, char **argv, int left)
{
	if (!strcmp(argv[0], "--labels")) {
		to->labels = true;
		return 1;
	}
	if (!strcmp(argv[0], "--memory") && left > 2) {
		add_wish(to, argv[1], argv[2]);
		return 3;
	}
	if (!strcmp(argv[0], "--memory-all") && left > 1) {
		add_wish(to, NULL, argv[1]);
		return 2;
	}
	usage();
}

static struct arguments read_arguments(int argc, char **argv)
{
	struct arguments to = { .recipe = "-" };
	int i = 1;

	while (i < argc && !strncmp(argv[i], "--", 2))
		i += read_option(&to, argv + i, argc - i);
	if (argc - i == 2)
		to.recipe = argv[i++];
	if (argc - i != 1)
		usage();
	to.image = argv[i];
	return to;
}

int main(int argc, char **argv)
{
	struct arguments arguments = read_arguments(argc, argv);
	struct image image = {
		.footers = true,
		.cut_at = NOWHERE,
		.pack_at = NOWHERE,
	};

	image.fd = open(arguments.image, O_CREAT | O_TRUNC | O_RDWR, 0666);
	if (image.fd < 0)
		fail("cannot open '%s': %s", arguments.image, strerror(errno));
	follow(&image, arguments.recipe);
	write_wishes(&image, &arguments);
	if (arguments.labels)
		print_labels(image.labels);
	image_free(&image);
	return 0;
}
