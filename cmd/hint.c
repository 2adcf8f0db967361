/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's hints in the words of the command line. */
#include "config.h"

#include "hint.h"

#include <stddef.h>

#define HINT(name) [SAVETOOL_HINT_##name]

/* Each can follow a message after a semicolon. */
static const char *const words[] = {
	HINT(FORCE) = "use --force to replace it",
	HINT(BYTE_ORDER) = "use --byte-order",
	HINT(BYTE_ORDER_LITTLE) = "use --byte-order=little",
	HINT(BYTE_ORDER_BIG) = "use --byte-order=big",
	HINT(ZERO_ONLY) =
		"use --zero-only to free only ranges that are already zero",
	HINT(BYTE_ORDER_OR_ZERO_ONLY) =
		"use --byte-order, or --zero-only to free only ranges that "
		"are already zero",
	HINT(BARE) = "use --bare to keep the guest's state without a header",
	HINT(XML) = "use --libvirt=XML to give one",
	HINT(NO_VERIFY) = "read it from a file, or leave out --verify",
	HINT(RAW) = "convert it to 'raw' or a compressed format",
	HINT(SPARSE) = "convert it to 'sparse'",
	HINT(FILE) = "use a file",
	HINT(UNCOMPRESSED_FILE) = "use an uncompressed file",
	HINT(RETRY) = "try again when nothing writes to the file",
	HINT(INSTALL) = "install it",
	HINT(COPY_AGAIN) = "use another copy of the image",
	HINT(SAVE_AGAIN) = "save the guest again",
	HINT(COPY_OR_SAVE_AGAIN) =
		"use another copy of the image, or save the guest again",
	HINT(SAVE_AGAIN_OR_DEEP) =
		"save the guest again; if the image is compressed, or a copy "
		"without holes, 'savetool check --deep' shows whether it is "
		"complete nevertheless",
	HINT(SAVE_WITHOUT_SNAPSHOT) =
		"save the guest again without background-snapshot",
	HINT(SAVE_WITHOUT_POSTCOPY) = "save the guest again without postcopy",
	HINT(SAVE_WITHOUT_SHARED) =
		"save the guest again without x-ignore-shared",
	HINT(SAVE_WITHOUT_DISKS) =
		"save the guest again without copying its disks",
	HINT(DEEP) = "check it with 'savetool check --deep'",
	HINT(REPAIR) = "repair it with 'savetool check --repair'",
	HINT(CONVERT) = "convert it with 'savetool convert'",
	HINT(CONVERT_SPARSE) = "convert it with 'savetool convert -O sparse'",
	HINT(CONVERT_TWICE) = "convert it to 'raw', and that to 'sparse'",
	HINT(SPARSIFY) = "free the space with 'savetool sparsify'",
	HINT(COMPACT) = "free the space with 'savetool compact'",
	HINT(COMPACT_COPY) = "use --copy=DEST to compact it to another file",
	HINT(SPLIT) = "copy the data from that offset to a separate file",
	HINT(DROP_PROXMOX) =
		"convert it with 'savetool convert --drop pbs-state'",
	HINT(XEN) = "restore it with Xen's own tools",
	HINT(RIGHT_XML) =
		"use 'savetool xml --set' with the XML that the guest was "
		"saved with",
	HINT(ALLOW_MISMATCH) = "use --allow-mismatch to write it nevertheless",
	HINT(COPY_AWAY) =
		"copy the image to another directory before the guest is "
		"started",
	HINT(COMPARE_DIGEST) =
		"compare its 'savetool digest' with that of the original",
	HINT(MAP) = "use --map=BLOCK@ADDRESS to place it",
	HINT(NAME_INNER) = "name one of them, as FILE::NAME",
	HINT(MACHINE) = "try another one of its family with 'savetool convert "
			"--machine'",
	HINT(WAKE) = "restore it, and wake it with 'virsh resume' and then "
		     "'virsh dompmwakeup'",
};

const char *hint_words(enum savetool_hint hint)
{
	if ((size_t)hint >= sizeof(words) / sizeof(*words))
		return NULL;
	return words[hint];
}
