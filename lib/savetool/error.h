/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How failures are reported.  Part of savetool.h. */
#ifndef SAVETOOL_ERROR_H
#define SAVETOOL_ERROR_H

/* What went wrong.  The values are the exit statuses of savetool(1). */
enum savetool_code {
	SAVETOOL_OK = 0,
	SAVETOOL_USAGE = 2,     /* the request makes no sense */
	SAVETOOL_SYSTEM = 3,    /* a system call failed: sys_errno says how */
	SAVETOOL_NOT_IMAGE = 4, /* the file is something else */
	SAVETOOL_INCOMPLETE =
		5,            /* the image ends too early, or says so itself */
	SAVETOOL_CORRUPT = 6, /* the image contradicts its own format */
	SAVETOOL_UNSUPPORTED = 7, /* well-formed, but not handled here */
	SAVETOOL_REFUSED = 8,     /* would overwrite, not fit, or lose state */
	SAVETOOL_CANCELLED = 130, /* the monitor asked to stop */
};

/*
 * The sentence holds neither the place nor the hint; whoever prints it adds
 * them.  The offset is in the file that the sentence is about or, if that is
 * compressed, in what it decompresses to.
 */
struct savetool_error {
	enum savetool_code code;
	int sys_errno;   /* of the system call that failed, or 0 */
	char text[512];  /* one sentence, lower case, no full stop or newline */
	uint64_t offset; /* SAVETOOL_UNKNOWN: not about one place */
	char block[256]; /* its name, in full; "": not about one block */
	uint64_t page; /* its number there; SAVETOOL_UNKNOWN: not about one page
			*/
	enum savetool_hint hint; /* what helps */
};

/* A stable word for a code, as in the JSON of savetool(1): "corrupt". */
const char *savetool_code_name(enum savetool_code code);

#endif
