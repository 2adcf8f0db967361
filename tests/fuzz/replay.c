/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gives a fuzz target the files of the named folders, one after the other, with
 * any compiler.  Ends by a signal if the target crashes on one.  Ignores
 * libFuzzer's options, which start with a dash.
 */
#include "config.h"

#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

static uint8_t *read_file(int fd, size_t *size)
{
	struct stat st;
	uint8_t *data;

	if (fstat(fd, &st) < 0)
		return NULL;
	data = malloc(st.st_size + 1);
	*size = st.st_size;
	if (data && read(fd, data, *size) == (ssize_t)*size)
		return data;
	free(data);
	return NULL;
}

static bool replay_file(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	uint8_t *data;
	size_t size;

	if (fd < 0)
		return false;
	data = read_file(fd, &size);
	close(fd);
	if (!data)
		return false;
	fprintf(stderr, "%s\n", name);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return true;
}

/* How many files there were; -1: not all could be read. */
static int replay_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int count = 0;

	while (count >= 0 && folder && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		count = replay_file(dirfd(folder), entry->d_name) ? count + 1 :
								    -1;
	}
	if (!folder || closedir(folder) < 0)
		return -1;
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int count;

		if (argv[i][0] == '-')
			continue;
		count = replay_folder(argv[i]);
		if (count < 0) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
		total += count;
	}
	printf("%d files\n", total);
	return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
