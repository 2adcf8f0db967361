/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layer that is a snapshot in a qcow2 file. */
#ifndef OUTER_LAYER_QCOW2_H
#define OUTER_LAYER_QCOW2_H

#include "outer/layer.h"
#include "outer/qcow2.h"

/*
 * Makes a layer of the VM state of a snapshot in the layer below, which is
 * seekable.  Takes over below if it succeeds.  qcow2 must outlive the layer.
 */
int layer_qcow2_new(struct layer **layer, struct layer *below,
		    const struct qcow2 *qcow2, unsigned index,
		    struct savetool_error *err);

#endif
