#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images in archives that real programs made: read where they are, with holes.

load helpers

# The same two images, and another file, in every kind of archive.
setup_file()
{
	local kind

	cd "$BATS_FILE_TMPDIR" || return
	make_image v3-interleaved g1.save
	make_image v2-small g2.save
	echo notes >notes
	tar --format=gnu -Scf gnu.tar g1.save notes g2.save
	for kind in 0.0 0.1 1.0; do
		tar --format=posix --sparse-version=$kind \
			-Scf pax-$kind.tar g1.save notes g2.save
	done
	tar --format=v7 -cf v7.tar g1.save notes g2.save
	tar --format=ustar -cf dense.tar g1.save notes g2.save
	bsdtar -cf bsd.tar g1.save notes g2.save
	for kind in newc crc odc bin; do
		printf '%s\n' g1.save notes g2.save |
			cpio --quiet -o -H $kind >$kind.cpio 2>/dev/null
	done
	zip -q deflated.zip g1.save notes g2.save
	zip -q -0 stored.zip g1.save notes g2.save
	7z a -bd packed.7z g1.save notes g2.save >7z.log
	tar -cf one.tar notes g1.save
	"$SAVETOOL" digest g1.save g2.save >digests
	"$SAVETOOL" convert g1.save copy
}

setup()
{
	cd "$BATS_FILE_TMPDIR" || return
	mkdir -p "$BATS_TEST_TMPDIR"
}

# has_both NAME [ARCHIVE]: its images have the digests of the originals.
has_both()
{
	savetool digest "$1"
	assert_success
	assert_output "$(sed "s|  |  $1::|" digests)"
}

@test "every kind of tar archive is read" {
	local kind

	for kind in gnu pax-0.0 pax-0.1 pax-1.0 v7 dense bsd; do
		has_both $kind.tar
	done
}

@test "cpio, zip and 7z archives are read" {
	local kind

	for kind in newc.cpio crc.cpio odc.cpio bin.cpio deflated.zip \
		stored.zip packed.7z; do
		has_both $kind
	done
}

@test "compressed archives are read, whatever their names" {
	zstd -q gnu.tar -o "$BATS_TEST_TMPDIR/a"
	xz -c pax-1.0.tar >"$BATS_TEST_TMPDIR/b"
	gzip -c newc.cpio >"$BATS_TEST_TMPDIR/c"
	zstd -q packed.7z -o "$BATS_TEST_TMPDIR/d"
	for kind in a b c d; do
		has_both "$BATS_TEST_TMPDIR/$kind"
	done
}

@test "archives are read from a pipe" {
	local kind

	zstd -q pax-0.1.tar -o "$BATS_TEST_TMPDIR/a"
	for kind in pax-1.0.tar "$BATS_TEST_TMPDIR/a" odc.cpio deflated.zip \
		packed.7z; do
		run --separate-stderr bash -c \
			"cat '$kind' | '$SAVETOOL' digest -"
		assert_success
		assert_output "$(sed "s|  |  -::|" digests)"
	done
}

@test "a member of an archive in a pipe needs no '--'" {
	local form

	for form in '-::g2.save' '-- -::g2.save' '--json -::g2.save -q'; do
		run --separate-stderr bash -c \
			"cat gnu.tar | '$SAVETOOL' digest $form"
		assert_success
		assert_output --partial "$(tail -n 1 digests | cut -c1-64)"
		assert_output --partial g2.save
	done
	savetool digest -::g3 <gnu.tar
	assert_failure 2
	assert_equal "$stderr" \
		"savetool: -::g3: no file 'g3' in the tar archive"
	savetool digest -:g3
	assert_failure 2
	assert_equal "$stderr" "savetool: no option '-:g3'; see 'savetool digest\
 --help'"
}

# converts NAME: the copy has the digest of the original, and its holes.
converts()
{
	local copy=$BATS_TEST_TMPDIR/copy

	savetool convert -f "$1" "$copy"
	assert_success
	savetool digest "$copy"
	assert_output "$(head -n 1 digests | cut -d' ' -f1)  $copy"
	assert_equal "$(stat -c %b "$copy")" "$(stat -c %b copy)"
}

@test "a member is converted with its holes" {
	local kind

	xz -c bsd.tar >"$BATS_TEST_TMPDIR/a"
	for kind in gnu.tar pax-0.0.tar pax-0.1.tar pax-1.0.tar dense.tar \
		newc.cpio stored.zip packed.7z "$BATS_TEST_TMPDIR/a"; do
		converts "$kind::g1.save"
	done
}

@test "what comes out of an archive is for its owner only" {
	chmod 644 gnu.tar
	savetool convert gnu.tar::g1.save "$BATS_TEST_TMPDIR/copy"
	assert_success
	assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/copy")" 600
}

@test "the only image in an archive needs no name" {
	zstd -q one.tar -o "$BATS_TEST_TMPDIR/one.zst"
	converts one.tar
	converts "$BATS_TEST_TMPDIR/one.zst"
	run --separate-stderr bash -c "cat one.tar |
		'$SAVETOOL' convert -f - '$BATS_TEST_TMPDIR/copy'"
	assert_success
}

@test "if there is a choice, nothing is converted" {
	zstd -q gnu.tar -o "$BATS_TEST_TMPDIR/gnu.zst"
	for kind in gnu.tar "$BATS_TEST_TMPDIR/gnu.zst"; do
		savetool convert "$kind" "$BATS_TEST_TMPDIR/none"
		assert_failure 2
		# shellcheck disable=SC2154 # stderr is of run
		assert_equal "$stderr" "savetool: $kind: the tar archive has 2 \
save images: 'g1.save', 'g2.save'; name one of them, as FILE::NAME"
		assert [ ! -e "$BATS_TEST_TMPDIR/none" ]
	done
}

@test "each image of an archive has a report" {
	savetool inspect -q gnu.tar
	assert_success
	assert_line --index 0 --partial 'gnu.tar::g1.save: bare QEMU stream'
	assert_line --index 1 --partial 'gnu.tar::g2.save: libvirt save image'
	savetool check gnu.tar
	assert_success
	assert_output 'gnu.tar::g1.save: clean
gnu.tar::g2.save: clean'
}

@test "JSON has the archive's name and the member's" {
	savetool inspect --json gnu.tar
	assert_success
	assert_equal "$(jq -c '[.[] | [.path, .member]]' <<<"$output")" \
		'[["gnu.tar","g1.save"],["gnu.tar","g2.save"]]'
	savetool digest --json gnu.tar::g1.save
	assert_equal "$(jq -c '[.path, .member]' <<<"$output")" \
		'["gnu.tar","g1.save"]'
	savetool check --json one.tar
	assert_equal "$(jq -c 'map(.clean)' <<<"$output")" '[true]'
}

@test "the size of a member is its own, and what it takes in the archive" {
	savetool size --json gnu.tar::g1.save
	assert_success
	assert_equal "$(jq .sizes.logical <<<"$output")" "$(stat -c %s g1.save)"
	# The archive ends with a short block.
	assert [ "$(jq .sizes.allocated <<<"$output")" -le \
		"$(($(stat -c %b g1.save) * 512))" ]
	savetool size --json packed.7z::g1.save
	assert_equal "$(jq '.sizes | has("allocated")' <<<"$output")" false
	savetool size gnu.tar
	assert_success
	assert_line --partial 'total'
}

@test "a member that is not compressed is mapped where it lies" {
	savetool map gnu.tar::g1.save
	assert_success
	assert_output "$("$SAVETOOL" map g1.save)"
	savetool map packed.7z::g1.save
	assert_failure 2
	assert_equal "$stderr" "savetool: packed.7z::g1.save: map needs an \
archive that is not compressed"
}

@test "only the member that is asked for is read" {
	local reads

	truncate -s 64M "$BATS_TEST_TMPDIR/big"
	tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/a.tar" big \
		-C "$PWD" g1.save
	reads=$(strace -f -e trace=read,pread64 "$SAVETOOL" inspect -q \
		"$BATS_TEST_TMPDIR/a.tar::g1.save" 2>&1 >/dev/null |
		awk '/pread64\(/ { n += $NF } END { print n + 0 }')
	assert [ "$reads" -gt 0 ]
	assert [ "$reads" -lt 4000000 ]
}

@test "nothing in an archive is changed in place" {
	local name expected

	cp gnu.tar "$BATS_TEST_TMPDIR/a.tar"
	cp one.tar "$BATS_TEST_TMPDIR/b.tar"
	for name in "$BATS_TEST_TMPDIR"/{a.tar::g1.save,b.tar}; do
		expected="savetool: $name: an image in another file can only \
be read; convert it with 'savetool convert'"
		for command in sparsify compact 'check --repair' \
			'sparsify --copy=x' 'compact --copy=x'; do
			# shellcheck disable=SC2086 # split it
			savetool $command "$name"
			assert_failure 7
			assert_equal "$stderr" "$expected"
		done
	done
	assert [ ! -e x ]
	cmp gnu.tar "$BATS_TEST_TMPDIR/a.tar"
	cmp one.tar "$BATS_TEST_TMPDIR/b.tar"
}

@test "an archive without an image says what is in it" {
	tar -cf "$BATS_TEST_TMPDIR/a.tar" notes digests
	savetool inspect "$BATS_TEST_TMPDIR/a.tar"
	assert_failure 4
	assert_equal "$stderr" "savetool: $BATS_TEST_TMPDIR/a.tar: tar archive \
without a save image: it has 'notes', 'digests'"
	mkdir "$BATS_TEST_TMPDIR/empty"
	tar -cf "$BATS_TEST_TMPDIR/b.tar" -C "$BATS_TEST_TMPDIR" empty
	savetool inspect "$BATS_TEST_TMPDIR/b.tar"
	assert_failure 4
	assert_equal "$stderr" "savetool: $BATS_TEST_TMPDIR/b.tar: tar archive \
without a save image: no file is in it"
}

@test "a name that is not there, or not an image, is refused" {
	savetool digest gnu.tar::g3.save
	assert_failure 2
	assert_equal "$stderr" "savetool: gnu.tar::g3.save: no file 'g3.save' \
in the tar archive"
	savetool digest gnu.tar::notes
	assert_failure 4
	assert_equal "$stderr" "savetool: gnu.tar::notes: not a save image"
	savetool digest g1.save::x
	assert_failure 2
}

@test "a name that is a link in the archive leads to a file there" {
	mkdir "$BATS_TEST_TMPDIR/links"
	ln g1.save "$BATS_TEST_TMPDIR/links/a"
	ln g1.save "$BATS_TEST_TMPDIR/links/b"
	ln -s a "$BATS_TEST_TMPDIR/links/c"
	mkdir "$BATS_TEST_TMPDIR/links/d"
	tar -C "$BATS_TEST_TMPDIR/links" -cf "$BATS_TEST_TMPDIR/a.tar" d a b c
	savetool digest "$BATS_TEST_TMPDIR/a.tar"
	assert_success
	assert_output --partial '::a'
	assert_equal "$(wc -l <<<"$output")" 1
	for name in b c; do
		savetool digest "$BATS_TEST_TMPDIR/a.tar::$name"
		assert_failure 2
		assert_equal "$stderr" "savetool: $BATS_TEST_TMPDIR/a.tar::\
$name: '$name' in the tar archive is a link to 'a'"
	done
	savetool digest "$BATS_TEST_TMPDIR/a.tar::d"
	assert_failure 2
	assert_output ''
}

@test "what cannot be read in an archive is said, if there is no image" {
	local name=$BATS_TEST_TMPDIR/a kind

	zip -q -P x "$name.zip" g1.save notes
	7z a -bd -px "$name.7z" g1.save notes >"$name.log"
	for kind in zip 7z; do
		savetool digest "$name.$kind"
		assert_failure 7
		assert_equal "$stderr" "savetool: $name.$kind: 'g1.save': the \
file is encrypted in the $kind archive"
		savetool digest "$name.$kind::notes"
		assert_failure 7
		assert_equal "$stderr" "savetool: $name.$kind::notes: the file \
is encrypted in the $kind archive"
	done
	7z a -bd -px -mhe "$name-all.7z" g1.save >"$name.log"
	savetool inspect "$name-all.7z"
	assert_failure 7
	assert_equal "${stderr% (at byte *}" \
		"savetool: $name-all.7z: 7z archive is encrypted"
	# What is beside it is read.
	zip -q "$name.zip" g2.save
	savetool digest "$name.zip"
	assert_success
	assert_output "$(sed -n "2s|  |  $name.zip::|p" digests)"
	"$SAVETOOL" convert --bare -O raw g2.save "$name.stream"
	"$BATS_TEST_DIRNAME/qcow2.py" "$name.qcow2" "one=$name.stream"
	tar -C "$BATS_TEST_TMPDIR" -cf "$name.tar" a.qcow2
	savetool inspect "$name.tar"
	assert_failure 7
	assert_equal "$stderr" "savetool: $name.tar: 'a.qcow2': qcow2 file in \
an archive: extract it first"
	savetool digest "$name.tar::a.qcow2"
	assert_failure 7
}

@test "two members of one name are refused" {
	cp one.tar "$BATS_TEST_TMPDIR/a.tar"
	tar -rf "$BATS_TEST_TMPDIR/a.tar" g1.save
	savetool digest "$BATS_TEST_TMPDIR/a.tar::g1.save"
	assert_failure 2
	assert_equal "$stderr" "savetool: $BATS_TEST_TMPDIR/a.tar::g1.save: the \
tar archive has 2 files of the name 'g1.save'"
}

@test "an archive in an archive is not looked into" {
	tar -cf "$BATS_TEST_TMPDIR/a.tar" one.tar g1.save
	savetool digest "$BATS_TEST_TMPDIR/a.tar::one.tar"
	assert_failure 7
	assert_equal "$stderr" "savetool: $BATS_TEST_TMPDIR/a.tar::one.tar: \
archive in an archive: extract it first"
	savetool digest "$BATS_TEST_TMPDIR/a.tar"
	assert_success
	assert_output --partial '::g1.save'
	refute_output --partial one.tar
}

@test "an archive that is cut off is incomplete, after what is whole" {
	local name=$BATS_TEST_TMPDIR/a.tar

	head -c $(($(stat -c %s gnu.tar) - 60000)) gnu.tar >"$name"
	savetool digest "$name"
	assert_failure 5
	assert_output "$(sed "s|  |  $name::|; q" digests)"
	savetool digest "$name::g1.save"
	assert_success
	head -c 4M /dev/urandom >"$BATS_TEST_TMPDIR/noise"
	tar -czf "$name.gz" g1.save -C "$BATS_TEST_TMPDIR" noise
	truncate -s -40000 "$name.gz"
	savetool digest "$name.gz"
	assert_failure 5
	assert_output "$(sed "s|  |  $name.gz::|; q" digests)"
	head -c 300000 packed.7z >"$name.7z"
	savetool digest "$name.7z"
	assert_failure 5
	assert_equal "$stderr" "savetool: $name.7z: 7z archive is cut off (at \
byte 300000)"
}

@test "a damaged archive is corrupt, after what is whole" {
	local name=$BATS_TEST_TMPDIR/a.tar

	# The header of the second member.
	cp gnu.tar "$name"
	printf x | dd of="$name" conv=notrunc status=none bs=1 \
		seek="$(grep -abo notes gnu.tar | sed 's/:.*//; q')"
	savetool digest "$name"
	assert_failure 6
	assert_output "$(sed "s|  |  $name::|; q" digests)"
	assert_equal "$stderr" "savetool: $name: tar archive is damaged (at \
byte $(($(grep -abo notes gnu.tar | sed 's/:.*//; q'))))"
	cp stored.zip "$name.zip"
	printf 'xxxx' | dd of="$name.zip" conv=notrunc status=none bs=1 \
		seek=300000
	savetool digest "$name.zip::g1.save"
	assert_failure 6
}

@test "names are only ever shown, and escaped" {
	local name

	name=$'../e\e[31mvil'
	bsdtar -cf "$BATS_TEST_TMPDIR/a.tar" -s "|g1.save|$name|" g1.save
	savetool digest "$BATS_TEST_TMPDIR/a.tar"
	assert_success
	assert_output --partial '::../e\x1b[31mvil'
	savetool digest "$BATS_TEST_TMPDIR/a.tar::$name"
	assert_success
}

# restores PROGRAM...: what is unpacked is the image, and has its holes.
restores()
{
	rm -rf "$BATS_TEST_TMPDIR/out"
	mkdir "$BATS_TEST_TMPDIR/out"
	"$@"
	cmp copy "$BATS_TEST_TMPDIR/out/g.save"
	give_back "$BATS_TEST_TMPDIR/out/g.save"
	assert [ "$(stat -c %b "$BATS_TEST_TMPDIR/out/g.save")" -le \
		"$(($(stat -c %b copy) + 8))" ]
}

@test "--tar keeps the holes through a pipe, for every program" {
	local out=$BATS_TEST_TMPDIR/out tar=$BATS_TEST_TMPDIR/a.tar

	for kind in g1.save one.tar::g1.save; do
		"$SAVETOOL" convert -O sparse --tar=g.save $kind - | cat >"$tar"
		restores tar -C "$out" -xf "$tar"
		assert_equal "$(stat -c %a "$out/g.save")" 600
		restores bsdtar -C "$out" -xSf "$tar"
		restores python3 -c 'import sys, tarfile
tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$tar" "$out"
	done
	run --separate-stderr bash -c "cat g1.save |
		'$SAVETOOL' convert --tar=g.save - - | '$SAVETOOL' digest -"
	assert_success
	assert_output "$(head -c 64 digests)  -::g.save"
}

@test "--tar sends what is allocated, and little more" {
	local sent allocated

	sent=$("$SAVETOOL" convert --tar g1.save - | wc -c)
	allocated=$(($(stat -c %b copy) * 512))
	assert [ "$sent" -le $((allocated + allocated / 50)) ]
	# shellcheck disable=SC2154 # mkimage and top are of helpers.bash
	"$mkimage" "$BATS_TEST_TMPDIR/big" <<-END
		stream
		configuration capability=mapped-ram
		ram start
			block pc.ram 64G
			page pc.ram 1M count=20
		include $top/tests/recipes/parts/end.part
	END
	sent=$("$SAVETOOL" convert --tar=g "$BATS_TEST_TMPDIR/big" - | wc -c)
	assert [ "$sent" -lt 1000000 ]
}

# temporary_files ARGUMENT...: what savetool opens with O_TMPFILE, or creates.
temporary_files()
{
	strace -f -qq -e trace=openat "$SAVETOOL" "$@" 2>&1 >/dev/null |
		grep -E 'O_TMPFILE|O_CREAT' || true
}

@test "--tar of a file needs no temporary file, if nothing is written twice" {
	local name

	for name in g1.save g2.save gnu.tar::g1.save; do
		assert_equal "$(temporary_files convert -O sparse --tar=g \
			$name -)" ''
	done
	zstd -q g1.save -o "$BATS_TEST_TMPDIR/g.zst"
	run temporary_files convert -O sparse --tar=g \
		"$BATS_TEST_TMPDIR/g.zst" -
	assert_output --partial '"/var/tmp'
	run temporary_files convert -O sparse --verify --tar=g g1.save -
	assert_output --partial '"/var/tmp'
	# A page that comes again is in its old place.
	make_image v2-live-superseded "$BATS_TEST_TMPDIR/twice"
	run temporary_files convert -O sparse --tar=g \
		"$BATS_TEST_TMPDIR/twice" "$BATS_TEST_TMPDIR/twice.tar"
	assert_equal "$(digest "$BATS_TEST_TMPDIR/twice.tar")" \
		"$(digest "$BATS_TEST_TMPDIR/twice")"
}

@test "--tar sends nothing of an image that cannot be written" {
	cp g1.save "$BATS_TEST_TMPDIR/a"
	truncate -s -1000 "$BATS_TEST_TMPDIR/a"
	run --separate-stderr bash -c "'$SAVETOOL' convert -O sparse --tar=g \
		'$BATS_TEST_TMPDIR/a' - | wc -c"
	assert_output 0
	[ -n "$stderr" ]
}

@test "--tar says which file is too large for the disk: the temporary one" {
	cd "$BATS_TEST_TMPDIR"
	run --separate-stderr strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq \
		-o /dev/null -e trace=/^pwritev -e inject=/^pwritev:error=ENOSPC \
		"$SAVETOOL" convert -O raw --tar=g "$BATS_FILE_TMPDIR/g1.save" \
		"$PWD/a.tar"
	assert_equal "$status" 8
	assert_regex "$stderr" "cannot write a temporary file in '$PWD': No space"
	assert_equal "$(find . -name '*a.tar*')" ''
}

@test "--tar of an image that changes meanwhile is not a whole archive" {
	cd "$BATS_TEST_TMPDIR"
	cp "$BATS_FILE_TMPDIR/g1.save" a
	mkfifo pipe
	cat pipe >sent 3>&- &
	held writev 3 convert -O sparse --tar=g a pipe
	touch -d yesterday a
	let_go
	wait
	assert_equal "$status" 3
	[[ "$(cat err)" == "savetool: a: the image changed while it was\
 read"* ]] || fail "$(cat err)"
	[ "$(stat -c %s sent)" -gt 100000 ]
	run ! tar -xOf sent
}

@test "--tar names the member" {
	local tar=$BATS_TEST_TMPDIR/a.tar

	savetool convert --verify --tar "$PWD/g1.save" "$tar"
	assert_success
	assert_equal "$(tar tf "$tar")" g1.save
	savetool convert --tar "$PWD/g1.save" "$tar"
	assert_failure 8
	savetool convert -f --tar gnu.tar::g2.save "$tar"
	assert_success
	assert_equal "$(tar tf "$tar")" g2.save
	savetool convert -f -O zstd --tar=x/g.zst g2.save "$tar"
	assert_success
	"$SAVETOOL" convert -O zstd g2.save "$BATS_TEST_TMPDIR/g.zst"
	tar xOf "$tar" x/g.zst | cmp - "$BATS_TEST_TMPDIR/g.zst"
	run --separate-stderr bash -c "cat g1.save |
		'$SAVETOOL' convert --tar - -"
	assert_failure 2
	assert_equal "$stderr" \
		"savetool: -: the member of the tar archive needs a name"
}
