# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of bare streams have in common; $machine is the guest.
# shellcheck shell=bash disable=SC2154

setup_file()
{
	need_program
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# saves IMAGE OPTION...: of $machine; what it holds goes to 'truth'.
saves()
{
	local image=$1
	shift

	rm -rf truth
	lab save-bare "$image" truth "$@" "${machine[@]}"
}

# loads IMAGE OPTION...: into $machine, and the memory is what it was.
loads()
{
	local image=$1
	shift

	lab load-bare "$image" truth "$@" "${machine[@]}"
}

# survives LAYOUT [SAVE-OPTION]...: saved in this layout, it is the same guest
# in the other one, and in the first again.
survives()
{
	local layout=$1
	shift

	rm -f image*
	if [ "$layout" = sequential ]; then
		saves image "$@"
		loads image
		convert sparse image image.sparse
		loads image.sparse --cap mapped-ram
		convert raw image.sparse image.raw
		loads image.raw
	else
		saves image --cap mapped-ram "$@"
		loads image --cap mapped-ram
		convert raw image image.raw
		loads image.raw
		convert sparse image.raw image.sparse
		loads image.sparse --cap mapped-ram
	fi
	lab check-inspect image truth
	lab check-inspect image.raw truth
	lab check-inspect image.sparse truth
}
