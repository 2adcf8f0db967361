/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the bench compares with where no program does just that: a copy by two
 * threads that read and write, a reader of the page cache, the punching of
 * known holes, and that with two threads that read the rest meanwhile.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (1 << 20)
#define PIECES 8

/* Pieces on their way from the thread that reads to the one that writes. */
static struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned filled, emptied;
	ssize_t sizes[PIECES]; /* 0: the end */
	char *data[PIECES];
	int from, to;
} ring = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		die(path);
	return fd;
}

static void *read_all(void *unused)
{
	unsigned number;

	do {
		pthread_mutex_lock(&ring.lock);
		while (ring.filled - ring.emptied == PIECES)
			pthread_cond_wait(&ring.changed, &ring.lock);
		number = ring.filled % PIECES;
		pthread_mutex_unlock(&ring.lock);
		ring.sizes[number] = read(ring.from, ring.data[number], PIECE);
		if (ring.sizes[number] < 0)
			die("read");
		pthread_mutex_lock(&ring.lock);
		ring.filled++;
		pthread_cond_signal(&ring.changed);
		pthread_mutex_unlock(&ring.lock);
	} while (ring.sizes[number] > 0);
	return unused;
}

static void write_all(const char *data, ssize_t size)
{
	while (size > 0) {
		ssize_t n = write(ring.to, data, size);

		if (n < 0)
			die("write");
		data += n;
		size -= n;
	}
}

static void copy(const char *from, const char *to)
{
	pthread_t reader;
	ssize_t size;

	ring.from = open_or_die(from, O_RDONLY);
	ring.to = open_or_die(to, O_WRONLY | O_CREAT | O_TRUNC);
	for (unsigned i = 0; i < PIECES; i++)
		if (!(ring.data[i] = malloc(PIECE)))
			die("malloc");
	if (pthread_create(&reader, NULL, read_all, NULL) != 0)
		die("pthread_create");
	do {
		unsigned number = ring.emptied % PIECES;

		pthread_mutex_lock(&ring.lock);
		while (ring.filled == ring.emptied)
			pthread_cond_wait(&ring.changed, &ring.lock);
		pthread_mutex_unlock(&ring.lock);
		size = ring.sizes[number];
		write_all(ring.data[number], size);
		pthread_mutex_lock(&ring.lock);
		ring.emptied++;
		pthread_cond_signal(&ring.changed);
		pthread_mutex_unlock(&ring.lock);
	} while (size > 0);
	pthread_join(reader, NULL);
}

/*
 * The pieces of a file that are data in a map of it, for several threads: a
 * hole is no work for anybody.
 */
static struct pieces {
	pthread_mutex_t lock;
	int map, data;
	off_t at, end; /* what is left of the extent */
} pieces = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The size of the next one; 0 at the end. */
static off_t next_piece(off_t *at)
{
	off_t size = 0;

	pthread_mutex_lock(&pieces.lock);
	if (pieces.at == pieces.end) {
		pieces.at = lseek(pieces.map, pieces.at, SEEK_DATA);
		if (pieces.at >= 0)
			pieces.end = lseek(pieces.map, pieces.at, SEEK_HOLE);
		else
			pieces.at = pieces.end;
	}
	size = pieces.end - pieces.at;
	if (size > PIECE)
		size = PIECE;
	*at = pieces.at;
	pieces.at += size;
	pthread_mutex_unlock(&pieces.lock);
	return size;
}

static void *read_pieces(void *unused)
{
	char *data = malloc(PIECE);
	off_t at, size;

	if (!data)
		die("malloc");
	while ((size = next_piece(&at)) > 0)
		while (size > 0) {
			ssize_t n = pread(pieces.data, data, size, at);

			if (n <= 0)
				die("pread");
			at += n;
			size -= n;
		}
	free(data);
	return unused;
}

static void read_data(const char *path)
{
	pieces.map = pieces.data = open_or_die(path, O_RDONLY);
	read_pieces(NULL);
}

/* Makes the holes of one file in another. */
static void punch(const char *sparse, const char *dense)
{
	int from = open_or_die(sparse, O_RDONLY);
	int to = open_or_die(dense, O_RDWR);
	off_t size = lseek(from, 0, SEEK_END), at = 0;

	while (at < size && (at = lseek(from, at, SEEK_HOLE)) < size) {
		off_t end = lseek(from, at, SEEK_DATA);

		if (end < 0)
			end = size;
		if (fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      at, end - at) < 0)
			die("fallocate");
		at = end;
	}
	close(from);
	close(to);
}

/* The same, while two threads read what is not punched. */
static void reclaim(const char *sparse, const char *dense)
{
	pthread_t readers[2];

	pieces.map = open_or_die(sparse, O_RDONLY);
	pieces.data = open_or_die(dense, O_RDONLY);
	for (unsigned i = 0; i < 2; i++)
		if (pthread_create(&readers[i], NULL, read_pieces, NULL) != 0)
			die("pthread_create");
	punch(sparse, dense);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(readers[i], NULL);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "copy") == 0)
		copy(argv[2], argv[3]);
	else if (argc == 4 && strcmp(argv[1], "punch") == 0)
		punch(argv[2], argv[3]);
	else if (argc == 4 && strcmp(argv[1], "reclaim") == 0)
		reclaim(argv[2], argv[3]);
	else if (argc == 3 && strcmp(argv[1], "read") == 0)
		read_data(argv[2]);
	else {
		fputs("usage: bare copy SOURCE DEST\n"
		      "       bare punch SPARSE DENSE\n"
		      "       bare reclaim SPARSE DENSE\n"
		      "       bare read FILE\n",
		      stderr);
		return 2;
	}
	return 0;
}
