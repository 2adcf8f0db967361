/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts: doc/proto.md of NetworkBlockDevice/nbd. */
#include "config.h"

#include "nbd_server.h"

#include "fuzz.h"

#include "base/bytes.h"
#include "base/zero.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { OPT_INFO = 6, OPT_GO, OPT_STRUCTURED, OPT_LIST_META, OPT_SET_META };
enum { REP_ACK = 1, REP_INFO = 3, REP_META = 4 };
#define REP_UNSUPPORTED 0x80000001
enum { READ, WRITE, DISCONNECT, FLUSH, ZERO = 6, STATUS };
enum { CHUNK_NONE, CHUNK_DATA, CHUNK_HOLE, CHUNK_STATUS = 5 };
#define CHUNK_ERROR 32769
#define DONE 1
#define CONTEXT 7

#define REQUEST 28
#define DATA_MOST ((size_t)4 << 20)
#define HELD_MOST 8
#define UNIT 512

struct held {
	uint16_t type;
	uint64_t cookie, offset;
	uint32_t length;
	uint8_t *data; /* of a write */
};

/* What the script says next; 0 at its end: be good. */
static uint8_t next(struct nbd_server *server)
{
	return server->script_at < server->script_size ?
		       server->script[server->script_at++] :
		       0;
}

static bool send_all(struct nbd_server *server, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t n = send(server->client, at, size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool receive_all(struct nbd_server *server, void *data, size_t size)
{
	uint8_t *at = data;

	while (size > 0) {
		ssize_t n = recv(server->client, at, size, 0);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool reply_option(struct nbd_server *server, uint32_t option,
			 uint32_t type, const void *data, uint32_t size)
{
	uint8_t head[20];

	put_be64(head, 0x3e889045565a9);
	put_be32(head + 8, option);
	put_be32(head + 12, type);
	put_be32(head + 16, size);
	return send_all(server, head, sizeof(head)) &&
	       send_all(server, data, size);
}

static bool reply_info(struct nbd_server *server, uint32_t option)
{
	uint8_t info[12];

	put_be16(info, 0);
	put_be64(info + 2, server->size);
	put_be16(info + 10, server->flags);
	return reply_option(server, option, REP_INFO, info, sizeof(info)) &&
	       reply_option(server, option, REP_ACK, NULL, 0);
}

static bool reply_meta(struct nbd_server *server, uint32_t option)
{
	static const char name[] = "base:allocation";
	uint8_t context[4 + sizeof(name) - 1];

	put_be32(context, CONTEXT);
	memcpy(context + 4, name, sizeof(name) - 1);
	return reply_option(server, option, REP_META, context,
			    sizeof(context)) &&
	       reply_option(server, option, REP_ACK, NULL, 0);
}

/* 1: the next one; 0: the handshake is done; -1: the client is gone. */
static int take_option(struct nbd_server *server)
{
	uint8_t head[16], ignored[4096];
	uint32_t option, size;
	bool sent;

	if (!receive_all(server, head, sizeof(head)))
		return -1;
	option = get_be32(head + 8);
	size = get_be32(head + 12);
	if (size > sizeof(ignored) || !receive_all(server, ignored, size))
		return -1;
	if (option == OPT_GO)
		return reply_info(server, option) ? 0 : -1;
	server->agreed |= server->structured && option == OPT_STRUCTURED;
	if (server->structured && option == OPT_STRUCTURED)
		sent = reply_option(server, option, REP_ACK, NULL, 0);
	else if (server->structured && option == OPT_SET_META)
		sent = reply_meta(server, option);
	else
		sent = reply_option(server, option, REP_UNSUPPORTED, NULL, 0);
	return sent ? 1 : -1;
}

static bool shake_hands(struct nbd_server *server)
{
	uint8_t greeting[18], flags[4];
	int more = 1;

	memcpy(greeting, "NBDMAGICIHAVEOPT", 16);
	put_be16(greeting + 16, 3);
	if (!send_all(server, greeting, sizeof(greeting)) ||
	    !receive_all(server, flags, sizeof(flags)))
		return false;
	while (more > 0)
		more = take_option(server);
	return more == 0;
}

static bool send_chunk(struct nbd_server *server, const struct held *request,
		       uint16_t flags, uint16_t type, const void *data,
		       uint32_t size)
{
	uint8_t head[20];

	put_be32(head, 0x668e33ef);
	put_be16(head + 4, flags);
	put_be16(head + 6, type);
	put_be64(head + 8, request->cookie);
	put_be32(head + 16, size);
	return send_all(server, head, sizeof(head)) &&
	       send_all(server, data, size);
}

static bool send_simple(struct nbd_server *server, const struct held *request,
			uint32_t error)
{
	uint8_t head[16];

	put_be32(head, 0x67446698);
	put_be32(head + 4, error);
	put_be64(head + 8, request->cookie);
	return send_all(server, head, sizeof(head));
}

/* Without a text, or with one that is not nice. */
static bool send_error(struct nbd_server *server, const struct held *request)
{
	uint8_t error[6 + 4] = { 0, 0, 0, EIO, 0, 4, '\n', '\e', '%', 's' };

	if (!server->agreed)
		return send_simple(server, request, EIO);
	return send_chunk(server, request, DONE, CHUNK_ERROR, error,
			  sizeof(error));
}

/* The unit from there on. */
static bool is_hole(const struct nbd_server *server, uint64_t at)
{
	uint64_t end = at - at % UNIT + UNIT;

	if (end > server->size)
		end = server->size;
	return is_zero(server->disk + at, end - at);
}

/* A part of a read; holes are units as a whole. */
static bool send_part(struct nbd_server *server, const struct held *request,
		      uint64_t at, uint32_t length, bool last)
{
	uint8_t *data = malloc(12 + (size_t)length);
	uint16_t flags = last ? DONE : 0;
	bool sent;

	fuzz_require(data);
	put_be64(data, at);
	if (length <= UNIT && is_hole(server, at) &&
	    at % UNIT + length <= UNIT) {
		put_be32(data + 8, length);
		sent = send_chunk(server, request, flags, CHUNK_HOLE, data, 12);
	} else {
		memcpy(data + 8, server->disk + at, length);
		sent = send_chunk(server, request, flags, CHUNK_DATA, data,
				  8 + length);
	}
	free(data);
	return sent;
}

/* In parts that begin with the last one, if the script wants it so. */
static bool answer_read(struct nbd_server *server, const struct held *request)
{
	uint64_t at = request->offset, middle;

	if (!server->agreed)
		return send_simple(server, request, 0) &&
		       send_all(server, server->disk + at, request->length);
	middle = next(server) % (request->length + 1);
	if (middle == 0 || middle == request->length)
		return send_part(server, request, at, request->length, true);
	if (next(server) == 0xfc) {
		server->omitted = true;
		return send_part(server, request, at, (uint32_t)middle, true);
	}
	return send_part(server, request, at + middle,
			 request->length - (uint32_t)middle, false) &&
	       send_part(server, request, at, (uint32_t)middle, true);
}

/* As many ranges as the script wants; the last one may end after the disk. */
static bool answer_status(struct nbd_server *server, const struct held *request)
{
	uint8_t ranges[4 + 8 * 256];
	unsigned most = next(server), count = 0;
	uint64_t at = request->offset;
	uint64_t end = at + request->length;

	put_be32(ranges, CONTEXT);
	do {
		bool hole = is_hole(server, at);
		uint64_t start = at;

		do
			at = at - at % UNIT + UNIT;
		while (at < end && is_hole(server, at) == hole);
		put_be32(ranges + 4 + 8 * count, (uint32_t)(at - start));
		put_be32(ranges + 8 + 8 * count, hole ? 3 : 0);
		count++;
	} while (at < end && count < 255 && (most == 0 || count < most));
	return send_chunk(server, request, DONE, CHUNK_STATUS, ranges,
			  4 + 8 * count);
}

static void change(struct nbd_server *server, const struct held *request)
{
	if (request->type == ZERO)
		memset(server->disk + request->offset, 0, request->length);
	else if (request->type == WRITE)
		memcpy(server->disk + request->offset, request->data,
		       request->length);
}

static bool answer(struct nbd_server *server, const struct held *request)
{
	bool fits = request->offset <= server->size &&
		    request->length <= server->size - request->offset;

	fuzz_require(fits);
	if (next(server) == 0xff)
		return send_error(server, request);
	if (request->type == READ)
		return answer_read(server, request);
	if (request->type == STATUS)
		return answer_status(server, request);
	change(server, request);
	return send_simple(server, request, 0);
}

static bool answer_held(struct nbd_server *server, size_t index)
{
	struct held request = server->held[index];
	bool sent = answer(server, &request);

	server->held[index] = server->held[--server->held_count];
	free(request.data);
	return sent;
}

/* An answer that waits for longer would wait forever. */
static bool is_idle(struct nbd_server *server)
{
	struct pollfd fd = { .fd = server->client, .events = POLLIN };

	return poll(&fd, 1, 0) == 0;
}

static bool take_request(struct nbd_server *server)
{
	struct held *request = &server->held[server->held_count];
	uint8_t head[REQUEST];

	if (!receive_all(server, head, sizeof(head)))
		return false;
	*request = (struct held){
		.type = get_be16(head + 6),
		.cookie = get_be64(head + 8),
		.offset = get_be64(head + 16),
		.length = get_be32(head + 24),
	};
	fuzz_require(get_be32(head) == 0x25609513);
	if (request->type == DISCONNECT)
		return false;
	server->held_count++;
	if (request->type != WRITE)
		return true;
	fuzz_require(request->length <= DATA_MOST);
	request->data = malloc(request->length);
	fuzz_require(request->data);
	return receive_all(server, request->data, request->length);
}

/* What no server sends; whether it is noticed depends on the bytes. */
static bool send_nonsense(struct nbd_server *server)
{
	uint8_t bytes[32];

	server->lied = true;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = next(server);
	return send_all(server, bytes, sizeof(bytes));
}

static bool serve_one(struct nbd_server *server)
{
	uint8_t what = next(server);

	if (server->held_count == 0 ||
	    (server->held_count < HELD_MOST && !is_idle(server)))
		return take_request(server);
	if (what == 0xfe)
		return false;
	if (what == 0xfd)
		return send_nonsense(server);
	return answer_held(server, what % server->held_count);
}

static void *serve(void *data)
{
	struct nbd_server *server = data;
	struct held held[HELD_MOST + 1];

	server->held = held;
	server->client = accept(server->listener, NULL, NULL);
	fuzz_require(server->client >= 0);
	if (shake_hands(server))
		while (serve_one(server))
			;
	while (server->held_count > 0)
		free(server->held[--server->held_count].data);
	close(server->client);
	return NULL;
}

static char folder[] = "/tmp/savetool-nbd-XXXXXX";
static char address[sizeof(folder) + 2];

static void remove_socket(void)
{
	unlink(address);
	rmdir(folder);
}

static int listen_there(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fuzz_require(fd >= 0 && mkdtemp(folder));
	snprintf(address, sizeof(address), "%s/s", folder);
	memcpy(name.sun_path, address, sizeof(address));
	fuzz_require(bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
	fuzz_require(listen(fd, 1) == 0);
	atexit(remove_socket);
	return fd;
}

const char *nbd_server_start(struct nbd_server *server)
{
	static char uri[64];
	static int listener = -1;

	if (listener < 0)
		listener = listen_there();
	server->listener = listener;
	snprintf(uri, sizeof(uri), "nbd+unix:///?socket=%s", address);
	fuzz_require(pthread_create(&server->thread, NULL, serve, server) == 0);
	return uri;
}

void nbd_server_stop(struct nbd_server *server)
{
	pthread_join(server->thread, NULL);
}
