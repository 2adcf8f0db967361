# SPDX-License-Identifier: LGPL-2.1-or-later
# Scratch folders, and mounts that nobody else sees.
# shellcheck shell=bash

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

need()
{
	local tool

	[ "$(id -u)" = 0 ] || die "only root can mount"
	for tool; do
		command -v "$tool" >/dev/null || die "$tool is missing"
	done
}

scratches=()

# make_scratch FOLDER: an empty folder in it, $scratch, that is removed at the
# end.
make_scratch()
{
	scratch=$(mktemp -d "$1/savetool-XXXXXX")
	scratches+=("$scratch")
	chmod 755 "$scratch"
	trap leave EXIT
	trap 'exit 130' INT
	trap 'exit 143' HUP TERM
}

# Nothing is removed while it is in use: it ends with the first process of its
# namespace, which waits for all others.
leave()
{
	local first

	if [ -n "${apart-}" ]; then
		first=$(ps -o pid= --ppid "$apart") || :
		# shellcheck disable=SC2086 # a number, or nothing
		[ -z "$first" ] || kill -KILL $first
		wait "$apart" || :
	fi
	rm -rf --one-file-system "${scratches[@]}"
}

# run_apart FUNCTION ARGUMENT...: in a namespace of its own, whose mounts and
# processes are gone when this script is, even if it is killed.
run_apart()
{
	local status=0

	setpriv --pdeathsig KILL unshare --mount --propagation private --pid \
		--fork --kill-child --mount-proc \
		bash -euo pipefail -c "$(declare -f); \"\$@\"" "$0" "$@" &
	apart=$!
	wait "$apart" || status=$?
	apart=
	return $status
}
