/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An output that logs its calls. */
#ifndef UNIT_RECORDER_H
#define UNIT_RECORDER_H

#include "base/error.h"
#include "io/output.h"

#include "check.h"

struct recorder {
	struct output base;
	char log[4096]; /* "write 3 at 0\n", one line per call */
	uint8_t bytes[1 << 17];
	bool fails; /* fail the next write */
};

static inline void recorder_log(struct recorder *recorder, const char *word,
				uint64_t length, uint64_t offset)
{
	size_t used = strlen(recorder->log);

	snprintf(recorder->log + used, sizeof(recorder->log) - used,
		 "%s %llu at %llu\n", word, (unsigned long long)length,
		 (unsigned long long)offset);
}

static inline int recorder_write_at(struct output *out, struct iovec *iov,
				    unsigned count, uint64_t offset,
				    struct savetool_error *err)
{
	struct recorder *recorder = (struct recorder *)out;
	uint64_t end = offset;

	if (recorder->fails) {
		return fail(err, SAVETOOL_SYSTEM, "recorder is told to fail");
	}
	for (unsigned i = 0; i < count; i++) {
		assert_true(end + iov[i].iov_len <= sizeof(recorder->bytes));
		if (iov[i].iov_len)
			memcpy(recorder->bytes + end, iov[i].iov_base,
			       iov[i].iov_len);
		end += iov[i].iov_len;
		/* It may change them, so no caller may rely on them. */
		iov[i] = (struct iovec){ NULL, 0 };
	}
	recorder_log(recorder, "write", end - offset, offset);
	return 0;
}

static inline int recorder_commit(struct output *out,
				  struct savetool_error *err)
{
	(void)err;
	recorder_log((struct recorder *)out, "commit", 0, out->position);
	return 0;
}

static inline void recorder_close(struct output *out)
{
	recorder_log((struct recorder *)out, "close", 0, out->position);
}

static inline void recorder_init(struct recorder *recorder, bool seekable)
{
	static const struct output_ops ops = {
		.write_at = recorder_write_at,
		.commit = recorder_commit,
		.close = recorder_close,
	};

	memset(recorder, 0, sizeof(*recorder));
	memset(recorder->bytes, '.', sizeof(recorder->bytes));
	recorder->base.ops = &ops;
	recorder->base.seekable = seekable;
}

#endif
