/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Are the guests in two images the same? */
#include "config.h"

#include "compare/facts.h"
#include "compare/pages.h"
#include "compare/sections.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/phases.h"
#include "image/allocation.h"
#include "image/unchanged.h"

static int walk_table(struct side *side, const struct savetool_monitor *monitor,
		      struct savetool_error *err)
{
	side->make_sink = page_table_make;
	if (side_walk(side, monitor, err) < 0)
		return -1;
	if (page_table_is_final(side->sink))
		return 0;
	return side_walk_latest(side, monitor, err);
}

/* The images, and the one that is being read. */
struct task {
	struct comparison *comparison;
	struct side first, second;
	struct phases phases;
	const struct side *current;
};

static int compare_by_hash(struct task *task, struct savetool_error *err)
{
	struct side *first = &task->first, *second = &task->second;

	task->current = first;
	phases_next(&task->phases, 50);
	if (walk_table(first, &task->phases.monitor, err) < 0)
		return -1;
	task->current = second;
	phases_next(&task->phases, 100);
	if (walk_table(second, &task->phases.monitor, err) < 0)
		return -1;
	if (first->pass.stream.ram.layout.page_size !=
	    second->pass.stream.ram.layout.page_size)
		return 0;
	return page_tables_compare(task->comparison, first->sink, second->sink,
				   err);
}

/* The second one's pages are read where the first one's come. */
static int compare_exactly(struct task *task, struct savetool_error *err)
{
	struct exact exact = { task->comparison, &task->second, false };
	struct side *first = &task->first, *second = &task->second;
	struct allocation total;
	int result;

	task->comparison->result.exact = true;
	task->current = second;
	phases_next(&task->phases, 100);
	if (side_walk(second, &task->phases.monitor, err) < 0 ||
	    allocation_total(&total, &second->pass, err) < 0)
		return -1;
	second->pass.lost = total.lost_bytes;
	task->current = first;
	first->make_sink = exact_make;
	first->owner = &exact;
	result = side_walk(first, &task->phases.monitor, err);
	if (exact.failed)
		task->current = second;
	return result;
}

static int compare_memory(struct task *task, struct savetool_error *err)
{
	struct savetool_comparison *result = &task->comparison->result;
	const struct pass *first = &task->first.pass;
	const struct pass *second = &task->second.pass;
	bool mapped = stream_is_mapped(&first->stream) &&
		      stream_is_mapped(&second->stream);

	if ((mapped ? compare_exactly : compare_by_hash)(task, err) < 0)
		return -1;
	result->first_format = pass_format(first);
	result->second_format = pass_format(second);
	result->first_page_size = first->stream.ram.layout.page_size;
	result->second_page_size = second->stream.ram.layout.page_size;
	if (result->first_page_size != result->second_page_size)
		result->same = false;
	result->first_lost = first->lost;
	result->second_lost = second->lost;
	return 0;
}

static int compare(struct task *task, struct savetool_error *err)
{
	if (compare_memory(task, err) < 0 ||
	    sections_compare(task->comparison, &task->first, &task->second,
			     err) < 0 ||
	    facts_compare(task->comparison, &task->first, &task->second, err) <
		    0)
		return -1;
	task->current = &task->first;
	if (image_require_unchanged(task->first.image, err) < 0)
		return -1;
	task->current = &task->second;
	return image_require_unchanged(task->second.image, err);
}

static int begin(struct task *task, struct savetool_image *first,
		 struct savetool_image *second, struct savetool_error *err)
{
	task->current = &task->first;
	if (side_begin(&task->first, first, err) < 0)
		return -1;
	task->current = &task->second;
	return side_begin(&task->second, second, err);
}

int savetool_compare(struct savetool_comparison **result,
		     struct savetool_image *first,
		     struct savetool_image *second,
		     const struct savetool_monitor *monitor,
		     const struct savetool_image **failed,
		     struct savetool_error *err)
{
	cleanup_comparison struct comparison *comparison = NULL;
	struct task task = { .current = NULL };
	int status;

	if (comparison_new(&comparison, err) < 0)
		return -1;
	task.comparison = comparison;
	phases_begin(&task.phases, monitor);
	status = begin(&task, first, second, err);
	if (status == 0)
		status = compare(&task, err);
	if (status < 0 && failed)
		*failed = task.current == &task.second ? second : first;
	side_end(&task.first);
	side_end(&task.second);
	if (status < 0)
		return -1;
	*result = &steal(comparison)->result;
	return 0;
}
