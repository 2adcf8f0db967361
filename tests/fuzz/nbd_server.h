/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An NBD server for one client that does what a script says: it answers late
 * and in another order, in pieces, with errors, or not at all.  Unless it
 * breaks the protocol, what it answers is true.
 */
#ifndef FUZZ_NBD_SERVER_H
#define FUZZ_NBD_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nbd_server {
	uint8_t *disk; /* what it exports; nobody else uses it meanwhile */
	size_t size;
	uint16_t flags;  /* what it can do, as sent to the client */
	bool structured; /* it knows structured replies, and so block status */
	const uint8_t *script;
	size_t script_size;
	bool lied;    /* it has sent what is not of the protocol */
	bool omitted; /* it has left out a part of a read */

	int listener, client;
	pthread_t thread;
	struct held *held; /* requests that wait for an answer */
	size_t held_count, script_at;
	bool agreed; /* on structured replies */
};

#define NBD_CAN_NOTHING 0x01
#define NBD_CAN_FLUSH 0x04
#define NBD_CAN_ZERO 0x40

/* Starts it; all zero but for the first members is a good start. */
const char *nbd_server_start(struct nbd_server *server);

/* Ends it: its client is gone. */
void nbd_server_stop(struct nbd_server *server);

#endif
