/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The findings that report_all() takes from the other files. */
#ifndef INSPECT_FINDINGS_INTERNAL_H
#define INSPECT_FINDINGS_INTERNAL_H

#include "inspect/findings.h"

/* About the image as a whole. */
#define WHOLE .offset = SAVETOOL_UNKNOWN, .length = SAVETOOL_UNKNOWN

/* Storage in slots whose bit is clear.  broken: the walk ended early. */
int report_stale(struct description *description, const struct pass *pass,
		 bool broken, struct savetool_error *err);

/* What the stream lacks although it is complete in its own way. */
int report_lacking(struct description *description, struct savetool_error *err);

/* A guest that will not run when it is restored and resumed. */
int report_run_state(struct description *description,
		     struct savetool_error *err);

#endif
