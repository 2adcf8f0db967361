#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The domain XML of an image: showing it, and changing it in place.

load helpers

# longer IMAGE [BYTES]: prints its XML with so many more (default: 1 MiB).
longer()
{
	"$SAVETOOL" xml "$1" | sed '$d'
	echo "  <description>$(head -c "${2:-1048576}" /dev/zero |
		tr '\0' x)</description>"
	echo '</domain>'
}

# moved IMAGE: prints its XML with changes in more than one sector.
moved()
{
	longer "$1" 2000
}

# assert_same IMAGE OLD: the same guest, in an image that is whole.
assert_same()
{
	assert_equal "$(digest "$1")" "$(digest "$2")"
	run -0 "$SAVETOOL" check --deep "$1"
	# XFS may have allocated space ahead of what was written, and notes it.
	assert_line "$1: clean"
}

@test "the XML is printed byte for byte" {
	make_image v2-small a
	savetool xml a
	assert_success
	"$SAVETOOL" xml a >got
	head -c $((92 + $(stat -c %s got))) a | tail -c +93 | cmp - got
	savetool xml --json a
	assert_json '.path == "a" and (.xml | startswith("<domain"))'
	assert_equal "$(jq -r .xml <<<"$output")" "$(cat got)"
	"$SAVETOOL" xml - <a | cmp - got
}

@test "the XML of a compressed file is printed, but not changed" {
	make_image v2-small a
	zstd -q a
	"$SAVETOOL" xml a.zst | cmp - <("$SAVETOOL" xml a)
	savetool xml --paused a.zst
	assert_error 7 "a.zst: compressed as a whole, including its header;\
 convert it with 'savetool convert'"
}

@test "the XML of an image in an archive is printed, but not changed" {
	local name

	make_image v2-small a
	"$SAVETOOL" xml a >wanted
	tar cf a.tar a
	cp a.tar old.tar
	for name in a.tar a.tar::a; do
		"$SAVETOOL" xml $name | cmp - wanted
		savetool xml --paused $name
		assert_error 7 "$name: an image in another file can only be\
 read; convert it with 'savetool convert'"
		savetool xml --paused -n $name
		assert_equal "$status" 7
		savetool xml --set <(moved a) $name
		assert_equal "$status" 7
	done
	cmp a.tar old.tar
}

@test "a bare stream has no XML" {
	make_image v2-bare a
	for words in '' '--paused' '--set b'; do
		echo '<domain/>' >b
		# shellcheck disable=SC2086 # two words
		savetool xml $words a
		assert_error 7 "a: a bare stream has no libvirt header, and so\
 no domain XML"
	done
}

@test "an image that ends within its XML shows none" {
	make_image v2-small a
	truncate -s 200 a
	savetool xml a
	assert_equal "$status" 5
	assert_equal "$output" ''
	make_image v2-part b
	savetool xml b
	assert_success
	savetool xml --paused b
	assert_equal "$status" 5
}

@test "the state in which the guest is restored is one word" {
	local recipe

	for recipe in v2-small v3-small packed-zstd v2-big-endian-header; do
		make_image $recipe a
		cp a old
		savetool xml --paused a
		assert_success
		assert_output --partial 'a: changed in place, '
		assert_output --partial ', restores paused'
		assert_equal "$(cmp -l old a | wc -l)" 1
		run -0 "$SAVETOOL" inspect --json a
		assert_json '.header["was-running"] == false'
		savetool xml --running a
		assert_output --partial ', restores running'
		cmp a old
		savetool xml --running a
		assert_output --partial 'a: unchanged, '
	done
}

@test "a change within one sector is made in place" {
	make_image v2-small a
	cp a old
	stat -c %i a >inode
	"$SAVETOOL" xml a | sed "s/='static'/='sta tic'/" |
		"$SAVETOOL" xml --json --set - a >got
	output=$(cat got)
	assert_json '.change == "in-place" and .["data-length"] ==
		.["data-length-before"] and (.["dry-run"] | not)'
	assert_equal "$(stat -c %i a)" "$(cat inode)"
	"$SAVETOOL" xml a | grep "'sta tic'"
	assert_same a old
}

@test "a change of more than one sector replaces the file" {
	local recipe

	for recipe in v2-small v3-two-blocks packed-zstd; do
		make_image $recipe a
		cp a old
		chmod 640 a
		touch -d '2020-01-02 03:04:05.678' a
		stat -c '%a %u %g' a >before
		moved a >new.xml
		savetool xml --json --set new.xml a
		assert_success
		assert_json '.change == "cloned" or .change == "rewritten"'
		assert_json '.["data-length"] == .["data-length-before"]'
		"$SAVETOOL" xml a | cmp - new.xml
		assert_equal "$(stat -c '%a %u %g' a)" "$(cat before)"
		# rsync and others compare only size and time.
		[ "$(stat -c %Y a)" -gt "$(date -d 2021-01-01 +%s)" ]
		assert_same a old
		assert_equal "$(stat -c %s a)" "$(stat -c %s old)"
		assert_equal "$(find . -name '.*.savetool-*')" ''
	done
}

@test "cookie and padding follow the new XML" {
	real_image libvirt-raw.save
	cp libvirt-raw.save a
	chmod u+w a
	moved a >new.xml
	"$SAVETOOL" xml -q --set new.xml a
	python3 - a libvirt-raw.save new.xml <<-'PYTHON'
		import struct, sys
		def read(path):
		    data = open(path, 'rb').read(1 << 20)
		    length, _, _, cookie = struct.unpack('<4I', data[20:36])
		    return data[92:92 + length], cookie, data[92 + length:]
		new, at, rest = read(sys.argv[1])
		old, was, before = read(sys.argv[2])
		xml = open(sys.argv[3], 'rb').read() + b'\0'
		cookie = old[was:old.index(b'\0', was) + 1]
		assert was and at == len(xml), at
		assert new == (xml + cookie).ljust(len(old), b'\0')
		assert rest == before
	PYTHON
	assert_same a libvirt-raw.save
}

@test "an XML that does not fit makes the file longer" {
	local recipe at moved

	for recipe in v2-small v2-no-cookie-no-padding v2-trailing-libvirt \
			packed-gzip v2-version0-big-endian; do
		make_image $recipe a
		cp a old
		longer a >new.xml
		savetool xml --json --set new.xml a
		assert_success
		assert_json '(.["data-length"] - .["data-length-before"]) as $n
			| $n > 1000000 and $n % 65536 == 0 and
			.["xml-length"] > 1048576'
		"$SAVETOOL" xml a | cmp - new.xml
		assert_equal "$(digest a)" "$(digest old)"
		run -0 "$SAVETOOL" inspect --json a
		assert_json '.header.padding >= 65536'
		# All bytes after the header, whatever they are.
		at=$(jq '.header["data-length"] + 93' <<<"$output")
		moved=$(($(stat -c %s a) - $(stat -c %s old)))
		cmp <(tail -c +"$at" a) <(tail -c +$((at - moved)) old) ||
			fail "$recipe: other bytes"
	done
}

@test "pages of a mapped-ram image stay aligned, and holes stay holes" {
	local recipe

	for recipe in v3-small v3-two-blocks v3-big-endian \
			v3-header-version-3 v3-mislabelled-raw; do
		make_image $recipe a
		cp --sparse=always a old
		cp --sparse=always a work
		longer work >new.xml
		"$SAVETOOL" inspect --json old >before.json
		savetool xml --json --set new.xml work
		assert_success
		assert_json '(.["data-length"] - .["data-length-before"]) as $n
			| $n > 0 and $n % 1048576 == 0'
		"$SAVETOOL" xml work | cmp - new.xml
		assert_equal "$(digest work)" "$(digest old)"
		"$SAVETOOL" inspect --json work >after.json
		jq -e --slurpfile old before.json '
			(.header["data-length"] - $old[0].header["data-length"])
				as $n |
			[.blocks[] | .["pages-offset"] - $n,
				.["bitmap-offset"] - $n] ==
			[$old[0].blocks[] | .["pages-offset"],
				.["bitmap-offset"]]' after.json
		[ "$(allocated work)" -le \
			$(($(allocated old) + 3 * 1048576)) ] ||
			fail "$recipe: $(allocated work) of $(allocated old)"
	done
}

@test "real images grow, too" {
	local name

	for name in libvirt-raw.save libvirt-zstd.save libvirt-sparse.save; do
		real_image $name
		cp --sparse=always $name old
		chmod u+w old
		cp --sparse=always old a
		longer a >new.xml
		"$SAVETOOL" xml -q --set new.xml a
		"$SAVETOOL" xml a | cmp - new.xml
		assert_equal "$(digest a)" "$(digest old)"
		[ "$(allocated a)" -le $(($(allocated old) + 4194304)) ]
	done
}

@test "an XML is put back" {
	make_image v3-small a
	cp a old
	"$SAVETOOL" xml a >old.xml
	longer a | "$SAVETOOL" xml -q --set - a
	"$SAVETOOL" xml -q --set old.xml a
	"$SAVETOOL" xml a | cmp - old.xml
	assert_same a old
}

@test "an XML of another guest is refused" {
	make_image v2-small a
	cp a old
	"$SAVETOOL" xml a >xml
	sed s/g1/g2/ xml >new
	savetool xml --set new a
	assert_error 8 "a: the XML is of guest 'g2', but the image is of 'g1';\
 use --allow-mismatch to write it nevertheless"
	sed '/uuid/d' xml >new
	savetool xml --set new a
	assert_equal "$status" 8
	assert_regex "$stderr" 'is of a guest with UUID \(none\), but'
	sed '/<uuid>/s/c7a5/c7a6/' xml >new
	savetool xml --set new a
	assert_equal "$status" 8
	sed 's/-10.0/-9.2/' xml >new
	savetool xml --set new a
	assert_equal "$status" 8
	assert_regex "$stderr" "says machine type 'pc-i440fx-9.2'"
	sed "s/'KiB'/'GiB'/" xml >new
	savetool xml --set new a
	assert_equal "$status" 8
	cmp a old
	savetool xml --allow-mismatch --json --set new a
	assert_success
	assert_json '.mismatch | contains("bytes of memory")'
	assert_regex "$stderr" 'a: warning: .*bytes of memory'
	"$SAVETOOL" xml a | cmp - new
}

@test "a UUID in other letters is the same" {
	make_image v2-small a
	"$SAVETOOL" xml a | sed '/<uuid>/{s/-//g; s/a/A/g}' >new
	savetool xml --set new a
	assert_success
}

@test "what is not a domain XML is refused" {
	local text

	make_image v2-small a
	cp a old
	for text in '' '<domain' '<domainsnapshot/>' 'no XML' \
			'<!DOCTYPE d [<!ENTITY e "x">]><domain>&e;</domain>'; do
		printf '%s' "$text" >new
		savetool xml --set new a
		assert_equal "$status" 2
		assert_equal "$(wc -l <<<"$stderr")" 1
	done
	printf '<domain/>\0' >new
	savetool xml --set new a
	assert_error 2 "'new' is not a domain XML"
	savetool xml --set none a
	assert_error 3 "cannot open 'none': No such file or directory"
	longer a $((17 << 20)) >new
	savetool xml --set new a
	assert_equal "$status" 2
	longer a 16760000 >new
	savetool xml --set new a
	assert_equal "$status" 2
	assert_regex "$stderr" 'a: XML of 1676.* bytes is too long'
	cmp a old
}

@test "an XML that libvirt cannot read is replaced" {
	make_image v2-small good
	make_image bad-xml-syntax a
	savetool xml --set <("$SAVETOOL" xml good) a
	assert_success
	run -0 "$SAVETOOL" check a
}

@test "an image that is broken keeps its XML" {
	make_image v2-small a
	moved a >new
	truncate -s 70000 a
	cp a old
	savetool xml --set new a
	assert_equal "$status" 5
	make_image bad-overlap-libvirt b
	moved b >new
	savetool xml --set new b
	assert_equal "$status" 6
	cmp a old
}

@test "options that contradict each other are refused" {
	local words

	make_image v2-small a
	for words in '--set b --edit' '--running --paused' '--allow-mismatch' \
			'-n' '--paused --allow-mismatch'; do
		# shellcheck disable=SC2086 # some words
		savetool xml $words a
		assert_equal "$status" 2
	done
	savetool xml --paused - <a
	assert_equal "$status" 2
	assert_regex "$stderr" 'IMAGE cannot be a pipe; use a file'
}

@test "a dry run says what would be done" {
	make_image v3-small a
	cp a old
	moved a >new
	savetool xml -n --paused a
	assert_equal "$status" 1
	assert_output --partial 'a: would be changed in place'
	savetool xml -n --running a
	assert_success
	assert_output --partial 'a: unchanged'
	savetool xml -n --json --set new a
	assert_equal "$status" 1
	assert_json '.["dry-run"]'
	jq -r .change <<<"$output" >would
	cmp a old
	assert_equal "$(ls -A)" "$(printf 'a\nnew\nold\nwould')"
	savetool xml --json --set new a
	assert_equal "$(jq -r .change <<<"$output")" "$(cat would)"
}

@test "an image in use is refused" {
	make_image v2-small a
	cp a old
	moved a >new
	exec 7<a
	savetool xml --set new a 7<&-
	assert_error 8 "a: in use by another process"
	savetool xml --paused a 7<&-
	assert_error 8 "a: in use by another process"
	exec 7<&-
	cmp a old
}

@test "another hard link keeps the old file, and that is reported" {
	make_image v2-small a
	ln a b
	cp a old
	moved a | "$SAVETOOL" xml --json --set - a >got
	output=$(cat got)
	assert_json .linked
	cmp b old
	ln -s a link
	"$SAVETOOL" xml -q --set <(longer link) link
	[ -L link ]
	[ "$(stat -c %s a)" -gt 1048576 ]
}

# editor SCRIPT: the editor is this script, with the file as $1.
editor()
{
	printf '#!/bin/bash\n%s\n' "$1" >"$BATS_TEST_TMPDIR/editor"
	chmod +x "$BATS_TEST_TMPDIR/editor"
	mkdir -p "$BATS_TEST_TMPDIR/tmp"
	export TMPDIR=$BATS_TEST_TMPDIR/tmp EDITOR=$BATS_TEST_TMPDIR/editor
	unset VISUAL
}

@test "an editor changes the XML" {
	make_image v2-small a
	cp a old
	editor "stat -c %a \"\$1\" >mode; cp \"\$1\" seen; echo \"\$1\" >name
		sed -i s/static/moved/ \"\$1\""
	savetool xml --edit a
	assert_success
	assert_equal "$(cat mode)" 600
	assert_regex "$(cat name)" '/savetool-......\.xml$'
	cmp seen <("$SAVETOOL" xml old)
	"$SAVETOOL" xml a | grep moved
	assert_same a old
	assert_equal "$(ls -A "$TMPDIR")" ''
	savetool xml --edit --paused a
	assert_success
	assert_output --partial 'restores paused'
	VISUAL='sed -i s/moved/again/' savetool xml --edit a
	assert_success
	"$SAVETOOL" xml a | grep again
	assert_equal "$(ls -A "$TMPDIR")" ''
}

@test "an editor that fails or changes nothing changes nothing" {
	make_image v2-small a
	cp a old
	editor 'sed -i s/static/moved/ "$1"; exit 1'
	savetool xml --edit a
	assert_error 3 'a: the editor failed; nothing was changed'
	editor true
	savetool xml --edit a
	assert_success
	assert_output --partial 'a: unchanged'
	editor 'echo "<domain" >"$1"'
	savetool xml --edit a
	assert_equal "$status" 2
	editor 'rm "$1"'
	savetool xml --edit a
	assert_equal "$status" 3
	editor "\"$SAVETOOL\" xml -q --set other a; sed -i s/static/moved/ \"\$1\""
	"$SAVETOOL" xml a | sed s/static/other/ >other
	savetool xml --edit a
	assert_equal "$status" 8
	assert_regex "$stderr" 'was changed by another process meanwhile'
	"$SAVETOOL" xml a | cmp - other
	assert_equal "$(ls -A "$TMPDIR")" ''
	make_image v2-bare b
	savetool xml --edit b
	assert_equal "$status" 7
	assert_equal "$(wc -l <<<"$stderr")" 1
	savetool xml --edit --json b
	assert_json '.error.code == "unsupported"'
	assert_equal "$(ls -A "$TMPDIR")" ''
}

@test "a signal ends the editor, too, and leaves no file" {
	make_image v2-small a
	cp a old
	editor "echo \$\$ >pid.new; mv pid.new pid; exec sleep 300"
	env --default-signal "$SAVETOOL" xml --edit a 3>&- &
	awaits [ -e pid ]
	kill -TERM $!
	status=0
	wait $! || status=$?
	assert_equal "$status" 143
	! kill -0 "$(cat pid)" 2>/dev/null || fail "the editor goes on"
	cmp a old
	assert_equal "$(ls -A "$TMPDIR")" ''
}

@test "a file that fills up during the copy leaves the old image" {
	command -v strace >/dev/null || fail "strace is missing"
	make_image v2-small a
	cp a old
	longer a >new
	run --separate-stderr strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f \
		-o /dev/null -e trace=/^pwritev -e inject=/^pwritev:error=ENOSPC \
		"$SAVETOOL" xml --set new a
	assert_equal "$status" 8
	assert_regex "$stderr" 'a: not enough space'
	cmp a old
	assert_equal "$(ls -A)" "$(printf 'a\nnew\nold')"
}

# killed_everywhere CALLS ARGUMENT...: xml is, by the kernel, at each of these
# calls in turn; each leaves the old image or the new one.
killed_everywhere()
{
	local calls=$1 n=0 ended=137
	shift

	while [ $ended = 137 ]; do
		n=$((n + 1))
		[ $n -lt 100 ] || fail "$calls: no end of it"
		cp image work
		run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f -o /dev/null \
			-e trace="$calls" -e inject="$calls:signal=KILL:when=$n" \
			"$SAVETOOL" xml -q "$@" work
		ended=$status
		cmp -s work image && [ "$ended" != 0 ] || cmp work new ||
			fail "$calls $n: neither the old nor the new image"
		find . -name '.*.savetool-*' -delete
		rm work
	done
	assert_equal "$calls $ended" "$calls 0"
	[ $n -gt 1 ] || fail "$calls: there is none"
}

@test "killed at any call that writes, it leaves the old image or the new" {
	local call

	command -v strace >/dev/null || fail "strace is missing"
	make_image v3-two-blocks image
	longer image >new.xml
	cp image new
	"$SAVETOOL" xml -q --set new.xml new
	for call in /^pwritev fchmod fchown fsync /^rename; do
		killed_everywhere $call --set new.xml
	done
	cp image new
	"$SAVETOOL" xml -q --paused new
	for call in /^pwritev fsync; do
		killed_everywhere $call --paused
	done
}

@test "a process that opens the image meanwhile reads the old image" {
	make_image v2-small image
	cp image kept
	longer image >new.xml
	gives_way 'xml --set new.xml' image kept fsync 1
}
