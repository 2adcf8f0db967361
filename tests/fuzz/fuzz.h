/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzz targets share.  Each target is one function that is given
 * bytes; libFuzzer calls it, or replay.c.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "io/output.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has to hold, whatever the bytes are. */
#define fuzz_require(truth)                                                    \
	do {                                                                   \
		if (!(truth)) {                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
				__LINE__, #truth);                             \
			abort();                                               \
		}                                                              \
	} while (0)

/* No file gets larger than this: the next write fails. */
#define FUZZ_FILE_LIMIT (UINT64_C(64) << 20)
#define FUZZ_BLOCK 4096

/* An empty file in memory. */
static inline int fuzz_file(void)
{
	const struct rlimit limit = { FUZZ_FILE_LIMIT, FUZZ_FILE_LIMIT };
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	fuzz_require(fd >= 0);
	signal(SIGXFSZ, SIG_IGN);
	fuzz_require(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	return fd;
}

/* A file of these bytes, with holes for blocks that are zero. */
static inline int fuzz_file_of(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[FUZZ_BLOCK];
	int fd = fuzz_file();

	fuzz_require(ftruncate(fd, size) == 0);
	for (size_t at = 0; at < size; at += FUZZ_BLOCK) {
		size_t part = size - at < FUZZ_BLOCK ? size - at : FUZZ_BLOCK;

		if (memcmp(data + at, zeros, part) != 0)
			fuzz_require(pwrite(fd, data + at, part, at) ==
				     (ssize_t)part);
	}
	return fd;
}

#endif
