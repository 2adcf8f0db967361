#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Valid and invalid arguments, for every command.

load helpers

commands()
{
	"$SAVETOOL" --commands
}

# fake_man SCRIPT: a man(1) of our own, first in PATH.
fake_man()
{
	mkdir bin
	printf '#!/bin/sh\n%s\n' "$1" >bin/man
	chmod +x bin/man
	PATH=$PWD/bin:$PATH
}

@test "without a command it says what is missing" {
	savetool
	assert_error 2 "missing command; see 'savetool --help'"
	assert_output ''
}

@test "an unknown command is named" {
	savetool resume a
	assert_error 2 "no command 'resume'; see 'savetool --help'"
	assert_output ''
}

@test "a misspelled command names the nearest" {
	savetool insepct a
	assert_error 2 "no command 'insepct'; did you mean 'inspect'?"
	savetool Sparsfiy a
	assert_error 2 "no command 'Sparsfiy'; did you mean 'sparsify'?"
	savetool hlep
	assert_error 2 "no command 'hlep'; did you mean 'help'?"
	savetool help convrt
	assert_error 2 "no command 'convrt'; did you mean 'convert'?"
	assert_output ''
}

@test "commands cannot be abbreviated, and the whole one is named" {
	savetool insp a
	assert_error 2 "no command 'insp'; did you mean 'inspect'?"
	savetool conv a b
	assert_error 2 "no command 'conv'; did you mean 'convert'?"
}

@test "a misspelled option names the nearest of its command" {
	savetool inspect --scna a
	assert_error 2 "no option '--scna'; did you mean '--scan'?"
	savetool inspect -json a
	assert_error 2 "no option '-json'; did you mean '--json'?"
	savetool convert --formce=yes a b
	assert_error 2 "no option '--formce=yes'; did you mean '--force'?"
	savetool size --fo=/ a
	assert_error 2 "no option '--fo=/'; did you mean '--for'?"
	savetool --versoin
	assert_error 2 "no option '--versoin'; did you mean '--version'?"
}

@test "if two options are equally near, both are named" {
	savetool inspect --ver a
	assert_error 2 \
		"no option '--ver'; did you mean '--verbose' or '--version'?"
}

@test "an internal option is not suggested" {
	savetool inspect --long-option a
	assert_error 2 \
		"no option '--long-option'; see 'savetool inspect --help'"
	savetool --command
	assert_error 2 "no option '--command'; see 'savetool --help'"
}

@test "a misspelled format, byte order or form of output names the nearest" {
	savetool convert -O zst a b
	assert_error 2 "option '--to': no format 'zst'; did you mean 'zstd'?"
	savetool convert --to=Maped-Ram a b
	assert_error 2 "option '--to': no format 'Maped-Ram';\
 did you mean 'mapped-ram'?"
	savetool inspect --byte-order=litle a
	assert_error 2 "option '--byte-order': no byte order 'litle';\
 did you mean 'little'?"
	savetool inspect --output jsno a
	assert_error 2 "option '--output': no form of output 'jsno';\
 did you mean 'json'?"
}

@test "every format that is suggested is accepted" {
	local format words

	make_image v2-bare a
	words=$(sed -n '/ formats\[\] = {/,/};/p' "$top/cmd/take.c" |
		grep -o '"[^"]*"' | tr -d '"')
	[ "$(wc -l <<<"$words")" -ge 10 ]
	for format in $words; do
		savetool convert -O "$format" a b-"$format"
		assert_success
	done
}

@test "an unknown option of the program is named" {
	savetool --bogus
	assert_error 2 "no option '--bogus'; see 'savetool --help'"
	savetool --direct inspect a
	assert_error 2 "no option '--direct'; see 'savetool --help'"
}

@test "an unknown option of a command is named, with the way to help" {
	savetool inspect --bogus a
	assert_error 2 \
		"no option '--bogus'; see 'savetool inspect --help'"
	savetool convert -z a b
	assert_error 2 "no option '-z'; see 'savetool convert --help'"
	assert_output ''
}

@test "an option of one command is unknown to another" {
	savetool digest --scan a
	assert_error 2 \
		"no option '--scan'; see 'savetool digest --help'"
}

@test "no long option can be abbreviated" {
	local command option short

	for command in $(commands); do
		for option in $("$SAVETOOL" "$command" --long-options); do
			short=${option%?}
			"$SAVETOOL" "$command" --long-options |
				grep -qxe "$short" && continue
			run "$SAVETOOL" "$command" "$short" a b
			[[ $output == *"no option '$short'; did you mean '--"* ]] ||
				[[ $short == --? && $output == \
				*"no option '$short'; see"* ]] || {#short} -le 3 ] || {
				echo "$command $short: $output"
				return 1
			}
		done
	done
}

@test "an argument that is missing, and one that is too much" {
	savetool convert a b -O
	assert_error 2 "missing argument of option: '-O';\
 see 'savetool convert --help'"
	savetool inspect --json=yes a
	assert_error 2 "option takes no argument: '--json=yes';\
 see 'savetool inspect --help'"
}

@test "a missing operand is named" {
	savetool inspect
	assert_error 2 \
		"missing operand: 'IMAGE'; see 'savetool inspect --help'"
	savetool digest
	assert_error 2 \
		"missing operand: 'IMAGE'; see 'savetool digest --help'"
	savetool convert
	assert_error 2 \
		"missing operand: 'SOURCE'; see 'savetool convert --help'"
	savetool convert a
	assert_error 2 \
		"missing operand: 'DEST'; see 'savetool convert --help'"
}

@test "an operand too many is named" {
	savetool convert a b c d
	assert_error 2 \
		"one operand too many: 'c'; see 'savetool convert --help'"
	savetool help inspect convert
	assert_error 2 \
		"one operand too many: 'convert'; see 'savetool --help'"
}

@test "options may stand before and after operands" {
	make_image v3-small a
	sync a
	savetool inspect a --json
	assert_success
	local behind=$output
	savetool inspect --json a
	assert_equal "$output" "$behind"
}

@test "after -- everything is an operand" {
	make_image v3-small --json
	savetool inspect -q -- --json
	assert_success
	assert_output --partial "--json: libvirt save image"
}

@test "short options can be joined, and have their argument attached" {
	make_image v3-small a
	savetool inspect -vp a
	assert_success
	savetool convert -vOraw a b
	assert_success
	assert_output --partial "b: raw, "
}

@test "of --json and --output=text, the last one counts" {
	make_image v3-small a
	savetool inspect --json --output=text a
	assert_success
	assert_line --index 0 --partial "a: libvirt save image"
	savetool inspect --output text --output json a
	assert_success
	assert_json '.path == "a"'
	savetool inspect --json --output=human a
	assert_success
	assert_line --index 0 --partial "a: libvirt save image"
	savetool inspect --output=yaml a
	assert_error 2 "option '--output': no form of output 'yaml';\
 choose text or json"
}

@test "numbers and sizes are read to their last character" {
	local word

	for word in '' x -1 +1 ' 1' 1x 1KB 1KiB 0x 1.5M K 0xg; do
		savetool inspect "--offset=$word" a
		assert_error 2 "option '--offset': not a size: '$word';\
 see 'savetool inspect --help'"
	done
	for word in '' x - -x --1 3k 99999999999 18446744073709551616; do
		savetool convert "--level=$word" a b
		assert_error 2 "option '--level': not a number: '$word';\
 see 'savetool convert --help'"
	done
}

@test "a size that does not fit into 64 bits is refused" {
	savetool inspect --offset=16777216T a
	assert_error 2 "option '--offset': size is too large: '16777216T';\
 see 'savetool inspect --help'"
	savetool inspect --offset=18446744073709551615 a
	assert_failure 2
	savetool inspect --offset=18446744073709551616 a
	assert_failure 2
	[[ $stderr == *"not a size"* ]]
}

@test "sizes take K, M, G and T, small or large, also hexadecimal ones" {
	local word

	make_image v3-bare-offset
	for word in 69949 0x1113d 0X1113D; do
		savetool inspect --json --offset="$word" v3-bare-offset
		assert_success
		assert_json '.stream.offset == 69949'
	done
	truncate -s 3M image
	make_image v2-bare
	cat v2-bare >>image
	for word in 3M 3m 3072K 3072k 0xc00k 3145728; do
		savetool inspect --json --offset="$word" image
		assert_success
		assert_json '.stream.offset == 3145728'
	done
}

@test "--libvirt does not take the next word" {
	make_image v3-small a
	savetool convert -v -O raw --libvirt a b
	assert_success
	[ -e b ]
	savetool convert -O raw --libvirt= a c
	assert_success
	savetool convert -O raw --libvirt -- --libvirt d
	assert_error 3 \
		"--libvirt: cannot open: No such file or directory"
}

@test "contradictory options of convert are usage errors" {
	local see="; see 'savetool convert --help'"

	savetool convert --bare --libvirt a b
	assert_error 2 "'--bare' and '--libvirt' cannot be combined$see"
	savetool convert --bare --header-version=2 a b
	assert_error 2 "a bare stream has no header version$see"
	savetool convert --header-version=4 a b
	assert_error 2 "header version is neither 2 nor 3$see"
	savetool convert --header-version=3 -O raw a b
	assert_error 2 "header version 3 is for format 'sparse' only, not for 'raw'$see"
	savetool convert -L 3 -O raw a b
	assert_error 2 "format 'raw' has no levels$see"
	savetool convert --level=3 -O v3 a b
	assert_error 2 "format 'sparse' has no levels$see"
	savetool convert -O qcow2 a b
	assert_error 2 "option '--to': no format 'qcow2';\
 choose raw, gzip, bzip2, xz, lzop, zstd or sparse"
}

@test "level 0 is refused by every command" {
	local words

	for words in 'convert -L 0 -O zstd a b' 'compact -L0 a' \
			'compact --level=-0 a'; do
		# shellcheck disable=SC2086 # words
		savetool $words
		assert_failure 2
		[[ $stderr == *"option '--level': no compression level '"*0"'; see "* ]]
	done
}

# "-O, --to=FORMAT": its letter, name and argument, but not what it is for.
@test "an option has one letter and one argument in every command" {
	local command

	for command in $(commands); do
		"$SAVETOOL" "$command" --help |
			grep -oE '^ +(-[A-Za-z], )?--[^ ]+' | sed 's/^ *//'
	done | sort -u >options
	[ "$(grep -c . options)" -ge 20 ]
	run bash -c 'sed -E "s/^-., //; s/[=[].*//" options | sort | uniq -d'
	assert_output ''
	run bash -c 'sed -nE "s/^-(.), .*/\1/p" options | sort | uniq -d'
	assert_output ''
}

@test "a number of threads is accepted for every format" {
	local format threads

	make_image v3-small a
	for format in raw sparse zstd; do
		for threads in 0 1 3; do
			savetool convert -f -T $threads -O $format a b
			assert_success
		done
	done
}

@test "a descriptor for progress must be open for writing" {
	savetool digest --progress-fd=99 a 99>&-
	assert_error 2 "option '--progress-fd': not open for writing: '99';\
 see 'savetool digest --help'"
	savetool digest --progress-fd=7 a 7</dev/null
	assert_failure 2
	savetool digest --progress-fd=x a
	assert_error 2 "option '--progress-fd': not a number: 'x';\
 see 'savetool digest --help'"
}

@test "a wrong use is an object as well, wherever --json stands" {
	local word

	for word in --json --output=json; do
		savetool inspect --bogus a "$word"
		assert_error 2 "no option '--bogus';\
 see 'savetool inspect --help'"
		assert_json '.error == {"code": "usage",
			"message": "no option '\''--bogus'\''"}'
		assert_json '.savetool.schema == 1'
	done
	savetool convert --json a
	assert_failure 2
	assert_json '.error.code == "usage"'
}

@test "a wrong use is an object before there is a command, too" {
	savetool insepct --json a
	assert_error 2 "no command 'insepct'; did you mean 'inspect'?"
	assert_json '.error | .code == "usage" and
		.message == "no command '\''insepct'\''" and
		.hint == "did you mean '\''inspect'\''?"'
	savetool --bogus --output json
	assert_json '.error.message == "no option '\''--bogus'\''"'
	savetool --json inspect a
	assert_json '.error.message == "no option '\''--json'\''"'
	savetool help insepct --output=json
	assert_json '.error | .hint == "did you mean '\''inspect'\''?"'
	savetool insepct --json --output=text a
	assert_output ''
	savetool insepct -- --json
	assert_output ''
}

@test "the first of several mistakes is reported, in one line" {
	savetool inspect --first --second --offset=x --json
	assert_failure 2
	assert_equal "${#stderr_lines[@]}" 1
	assert_json '.error.message == "no option '\''--first'\''"'
}

@test "-V and --version print the same, with and without a command" {
	local command version

	version=$("$SAVETOOL" --version)
	[[ $version =~ ^savetool\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$("$SAVETOOL" -V)" = "$version" ]
	for command in $(commands); do
		[ "$("$SAVETOOL" "$command" -V)" = "$version" ]
		[ "$("$SAVETOOL" "$command" --version)" = "$version" ]
	done
}

@test "help is no wider than 80 columns" {
	local command

	for command in '' $(commands) help; do
		# shellcheck disable=SC2086
		"$SAVETOOL" $command --help >text
		run awk 'length > 80' text
		assert_output ''
	done
}

@test "help of a command starts with its use" {
	savetool convert --help
	assert_success
	assert_line --index 0 \
		"Usage: savetool convert [OPTION...] SOURCE DEST"
	assert_line --regexp '^ +--libvirt\[=XML\] '
	assert_line --regexp '^  -O, --to=FORMAT '
	assert_equal "$stderr" ''
}

@test "help asked for wins over missing operands, not over mistakes" {
	savetool convert -h
	assert_success
	savetool convert -h --bogus
	assert_failure 2
	assert_output ''
}

@test "--long-options does not list itself" {
	savetool inspect --long-options
	assert_success
	assert_line -- --scan
	refute_line -- --long-options
}

@test "help shows the manual page if man has it" {
	fake_man 'echo "$*"'
	savetool help inspect
	assert_success
	assert_output -- '-- savetool-inspect'
	savetool help
	assert_output -- '-- savetool'
	savetool help help
	assert_output -- '-- savetool'
}

@test "help without a manual page prints the same as --help" {
	fake_man 'echo "no entry" >&2; exit 16'
	local expected

	expected=$("$SAVETOOL" digest --help)
	savetool help digest
	assert_success
	assert_output "$expected"
	assert_equal "$stderr" ''
	expected=$("$SAVETOOL" --help)
	savetool help
	assert_output "$expected"
}

@test "help without man prints the same as --help" {
	local expected

	expected=$("$SAVETOOL" digest --help)
	run --separate-stderr env PATH=/nonexistent "$SAVETOOL" help digest
	assert_success
	assert_output "$expected"
}

@test "help for an unknown command is a mistake" {
	savetool help resume
	assert_error 2 "no command 'resume'; see 'savetool --help'"
}

@test "an empty name is shown in quotes" {
	savetool digest ''
	assert_error 3 "'': cannot open: No such file or directory"
	savetool digest --json ''
	assert_json '.path == ""'
}

@test "a name in a file that has nothing in it is a usage error" {
	make_image v2-bare image
	savetool digest image::a
	assert_error 2 "image::a: 'image' is a save image itself and has no \
'a' in it"
	cp image image::a
	savetool digest image::a
	assert_success
}

@test "a full disk at standard output is a failure" {
	local words

	make_image v3-small a
	real_image libvirt-raw.save
	mv libvirt-raw.save long
	for words in 'inspect a' 'inspect --json a' 'digest a' '--help' \
			'inspect --help' '--commands' \
			'inspect -v --xml long' 'inspect --json long' \
			'inspect --json long a'; do
		# shellcheck disable=SC2086
		run --separate-stderr bash -c '"$0" "$@" >/dev/full' \
			"$SAVETOOL" $words
		assert_error 3 "cannot write to standard output:\
 No space left on device"
	done
}

@test "a closed standard output is a failure, not a broken destination" {
	make_image v3-small a
	run --separate-stderr bash -c '"$0" inspect a >&-' "$SAVETOOL"
	assert_error 3 "cannot write to standard output: Bad file descriptor"
	run --separate-stderr bash -c '"$0" convert -v -O raw a b >&- 2>&-' \
		"$SAVETOOL"
	assert_failure 3
	savetool digest a b
	assert_success
	assert_equal "${lines[0]%% *}" "${lines[1]%% *}"
}

@test "if the reader of the output stops, the program ends silently" {
	local words

	make_image v3-small a
	real_image libvirt-raw.save
	mv libvirt-raw.save long
	run --separate-stderr bash -c \
		'{ "$0" inspect a; echo $? >status; } | :; exec cat status' \
		"$SAVETOOL"
	assert_equal "$stderr" ''
	[ "$output" = 141 ] || [ "$output" = 0 ]
	# Surely too late: the reader is gone before the program starts.
	mkfifo pipe
	exec 8<>pipe 9>pipe 8<&-
	for words in 'inspect a' 'inspect -v --xml long' \
			'inspect --json long a'; do
		status=0
		# shellcheck disable=SC2086 # words
		env --default-signal "$SAVETOOL" $words >&9 2>err ||
			status=$?
		assert_equal "$status" 141
		assert_equal "$(cat err)" ''
	done
	exec 9>&-
}

@test "every command gives up access to other files before it reads an image" {
	local command

	command -v strace >/dev/null || fail "strace is missing"
	make_image v3-small a
	for command in inspect size map convert check compact digest sparsify xml \
			compare 'extract memory --block pc.ram'; do
		local to=()

		case $command in
		convert) to=(b) ;;
		compare) to=(a) ;;
		extract*) to=(c) ;;
		esac
		# Whether the kernel can do it is its own matter.
		# shellcheck disable=SC2086 # a command may be several words
		run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f -o trace \
			-e trace=landlock_create_ruleset,openat \
			"$SAVETOOL" $command a "${to[@]}"
		# shellcheck disable=SC2016 # of awk
		awk -v file='"a"' '/landlock_create_ruleset/ { asked = 1 }
			index($0, file) && !/O_PATH/ && !asked { exit 1 }
			END { exit !asked }' trace || fail "$command: $(cat trace)"
	done
	assert_equal "$("$SAVETOOL" help | grep -cE '^  [a-z]+  ')" 12
}
