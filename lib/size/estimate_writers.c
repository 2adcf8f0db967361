/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the writers of some formats on one walk, to count what they would write.
 */
#include "config.h"

#include "size/estimate_internal.h"

#include "base/error.h"
#include "io/output_count.h"
#include "walk/writer.h"

#include <stdlib.h>

struct probe_writers {
	struct visitor base;
	struct output spread; /* copies to all of outs */
	struct output *outs[PROBES];
	struct writer *writers[PROBES];
	bool possible[PROBES];
};

/*
 * One step of every writer that can do it.  A writer that cannot is dropped.
 * Any other failure says nothing about the format.
 */
#define visit_writers(probe, step, ...)                                        \
	for (unsigned i_ = 0; i_ < PROBES; i_++) {                             \
		if (!(probe)->possible[i_] ||                                  \
		    visit(writer_visitor((probe)->writers[i_]), step,          \
			  __VA_ARGS__) == 0)                                   \
			continue;                                              \
		if (err->code != SAVETOOL_UNSUPPORTED)                         \
			return -1;                                             \
		(probe)->possible[i_] = false;                                 \
	}

static int start(struct visitor *visitor, const struct stream *stream,
		 struct savetool_error *err)
{
	visit_writers((struct probe_writers *)visitor, start, stream, err);
	return 0;
}

static int command(struct visitor *visitor, const struct stream_item *command,
		   struct savetool_error *err)
{
	visit_writers((struct probe_writers *)visitor, command, command, err);
	return 0;
}

static int write_to_all(struct output *out, struct iovec *iov, unsigned count,
			uint64_t offset, struct savetool_error *err)
{
	struct probe_writers *probe =
		(void *)((char *)out - offsetof(struct probe_writers, spread));

	(void)offset;
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < PROBES; j++)
			if (output_append(probe->outs[j], iov[i].iov_base,
					  iov[i].iov_len, err) < 0)
				return -1;
	return 0;
}

static const struct output_ops spread_ops = { .write_at = write_to_all };

static int section(struct visitor *visitor, const struct section *section,
		   struct output **copy_to, struct savetool_error *err)
{
	struct probe_writers *probe = (struct probe_writers *)visitor;
	struct output *ignored;

	visit_writers(probe, section, section, &ignored, err);
	*copy_to = &probe->spread;
	return 0;
}

static int section_end(struct visitor *visitor, const struct section *section,
		       struct savetool_error *err)
{
	visit_writers((struct probe_writers *)visitor, section_end, section,
		      err);
	return 0;
}

static int ram_list(struct visitor *visitor, const struct section *section,
		    const struct ram_list *list, struct page_sink **sink,
		    struct savetool_error *err)
{
	struct page_sink *ignored;

	(void)sink;
	visit_writers((struct probe_writers *)visitor, ram_list, section, list,
		      &ignored, err);
	return 0;
}

static int ram_begin(struct visitor *visitor, const struct section *section,
		     struct savetool_error *err)
{
	visit_writers((struct probe_writers *)visitor, ram_begin, section, err);
	return 0;
}

static int ram_end(struct visitor *visitor, const struct section *section,
		   struct savetool_error *err)
{
	visit_writers((struct probe_writers *)visitor, ram_end, section, err);
	return 0;
}

static int tail(struct visitor *visitor, const struct tail *tail,
		struct savetool_error *err)
{
	visit_writers((struct probe_writers *)visitor, tail, tail, err);
	return 0;
}

static const struct visitor_ops ops = {
	.start = start,
	.command = command,
	.section = section,
	.section_end = section_end,
	.ram_list = ram_list,
	.ram_begin = ram_begin,
	.ram_end = ram_end,
	.tail = tail,
};

static int open_writers(struct probe_writers *probe,
			const struct libvirt *libvirt,
			struct savetool_error *err)
{
	for (unsigned i = 0; i < PROBES; i++) {
		const struct writer_options options = {
			.mapped = i == PROBE_SPARSE,
			.compact = i == PROBE_COMPACT,
		};

		if (output_open_count(&probe->outs[i], err) < 0 ||
		    (libvirt &&
		     libvirt_write(libvirt, probe->outs[i], err) < 0) ||
		    writer_new(&probe->writers[i], probe->outs[i], &options,
			       err) < 0)
			return -1;
		probe->possible[i] = true;
	}
	return 0;
}

int probe_writers_new(struct probe_writers **result,
		      const struct libvirt *libvirt, struct savetool_error *err)
{
	struct probe_writers *probe = calloc(1, sizeof(*probe));

	if (!probe)
		return fail_memory(err);
	probe->base.ops = &ops;
	probe->spread.ops = &spread_ops;
	if (open_writers(probe, libvirt, err) < 0) {
		probe_writers_free(probe);
		return -1;
	}
	*result = probe;
	return 0;
}

void probe_writers_free(struct probe_writers *probe)
{
	if (!probe)
		return;
	for (unsigned i = 0; i < PROBES; i++) {
		writer_free(probe->writers[i]);
		output_close(probe->outs[i]);
	}
	free(probe);
}

struct visitor *probe_writers_visitor(struct probe_writers *probe)
{
	return &probe->base;
}

const struct output *probe_output(const struct probe_writers *probe,
				  enum probe kind)
{
	return probe->possible[kind] ? probe->outs[kind] : NULL;
}
