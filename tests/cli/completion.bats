#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the completions offer, each run in its own shell.

top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}

# What bash offers for the last of the words, sorted.  The words are those
# that bash makes of a line: it takes --output=json for three.
bash_offers()
{
	PATH=${SAVETOOL%/*}:$PATH bash --norc -c '
		. "$1/completions/savetool.bash"
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_savetool savetool "${@: -1}" "${@: -2:1}"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$top" "$@" |
		sed '/^$/d' | sort
}

# The same for one line of text, as fish has it.
fish_offers()
{
	PATH=${SAVETOOL%/*}:$PATH HOME=$BATS_TEST_TMPDIR fish --no-config -c '
		source $argv[1]/completions/savetool.fish
		complete -C $argv[2]' "$top" "$1" | sed 's/\t.*//' | sort
}

# zsh can only complete in an interactive shell, so it gets one of its own, and
# five minutes for each answer, as long as that shell lives.  Why there is none
# goes to bats itself: a test sees no offers then, and fails.
zsh_offers()
{
	local line=$1

	PATH=${SAVETOOL%/*}:$PATH zsh -f -c '
		zmodload zsh/zpty
		tell() { zpty -w shell "$@" }
		await() {
			for i in {1..6000}; do
				[[ -s $1 ]] && return
				zpty -t shell || break
				sleep 0.05
			done
			print -u2 "zsh: no answer from its own shell"
			exit 1
		}
		zpty shell zsh -f -i || {
			print -u2 "zsh: no pseudo-terminal: is there /dev/pts?"
			exit 1
		}
		tell "PS1= RPS1= PROMPT_SP= ; unsetopt zle_bracketed_paste"
		tell "fpath=($1/completions \$fpath); autoload -U compinit"
		tell "compinit -u -d $3/zcompdump"
		tell "LISTMAX=1000; setopt no_list_ambiguous no_beep"
		tell "zstyle \":completion:*\" list-prompt \"\""
		tell "compadd() { builtin compadd -O offers \"\$@\";
			(( \$#offers )) && print -lr -- \$offers >$3/offers.new &&
				mv $3/offers.new $3/offers;
			builtin compadd \"\$@\" }"
		tell "cd $3; print ready >$3/ready"
		await $3/ready
		zpty -w -n shell "$2"$'\''\t'\''
		await $3/offers
		zpty -d shell' zsh "$top" "$line" "$BATS_TEST_TMPDIR" \
		2>"$BATS_TEST_TMPDIR/said" || {
		sed -n 's/^zsh: /# &/p' "$BATS_TEST_TMPDIR/said" >&3
		return 1
	}
	sort -u "$BATS_TEST_TMPDIR/offers"
}

@test "bash offers the commands and help" {
	run bash_offers savetool ''
	[ "$output" = "$({ "$SAVETOOL" --commands; echo help; } | sort)" ]
}

@test "bash offers the commands that a word starts" {
	run bash_offers savetool conv
	[ "$output" = convert ]
}

@test "bash offers the commands after help" {
	run bash_offers savetool help insp
	[ "$output" = inspect ]
}

@test "bash offers options of the command, not of another" {
	run bash_offers savetool inspect --s
	[ "$output" = --scan ]
	run bash_offers savetool convert --sc
	[ -z "$output" ]
}

@test "bash offers all options of each command" {
	local command

	for command in $("$SAVETOOL" --commands); do
		run bash_offers savetool "$command" --
		[ "$output" = "$("$SAVETOOL" "$command" --long-options |
			sort)" ]
	done
}

@test "bash offers formats after -O and --to" {
	for option in -O --to; do
		run bash_offers savetool convert "$option" s
		[ "$output" = sparse ]
	done
}

@test "bash offers formats after --to=" {
	run bash_offers savetool convert --to = r
	[ "$output" = raw ]
	run bash_offers savetool convert --to =
	grep -qx sparse <<<"$output"
}

@test "every format that bash offers is accepted" {
	local format

	for format in $(bash_offers savetool convert -O ''); do
		run "$SAVETOOL" convert -O "$format" /nonexistent \
			"$BATS_TEST_TMPDIR/out"
		[ "$status" -eq 3 ]
	done
}

@test "bash offers forms of output" {
	run bash_offers savetool inspect --output = ''
	[ "$output" = $'json\ntext' ]
}

@test "bash leaves files to its own completion" {
	run bash_offers savetool inspect /et
	[ -z "$output" ]
	run bash --norc -c '. "$1"; complete -p savetool' bash \
		"$top/completions/savetool.bash"
	[[ $output == *"-o default"* ]]
}

@test "fish offers the commands and help" {
	run fish_offers 'savetool '
	[ "$output" = "$({ "$SAVETOOL" --commands; echo help; } | sort)" ]
}

@test "fish offers all options of each command" {
	local command missing

	for command in $("$SAVETOOL" --commands); do
		missing=$(comm -23 <("$SAVETOOL" "$command" --long-options |
			sort) <(fish_offers "savetool $command --" |
			sed 's/=$//' | sort -u))
		[ -z "$missing" ] || { echo "$command: $missing"; return 1; }
	done
}

@test "fish offers formats after -O" {
	run fish_offers 'savetool convert -O sp'
	[ "$output" = sparse ]
}

@test "zsh offers the commands and help" {
	run zsh_offers 'savetool '
	[ "$output" = "$({ "$SAVETOOL" --commands; echo help; } | sort)" ]
}

@test "zsh offers the options of a command" {
	run zsh_offers 'savetool inspect --'
	[ "$output" = "$("$SAVETOOL" inspect --long-options | sort)" ]
}

@test "zsh offers formats after -O" {
	run zsh_offers 'savetool convert -O sp'
	[ "$output" = sparse ]
}

@test "zsh offers formats after --to=" {
	run zsh_offers 'savetool convert --to=sp'
	[ "$output" = sparse ]
}

@test "fish offers forms of output" {
	run fish_offers 'savetool inspect --output j'
	[ "$output" = json ]
}

@test "all three offer the byte orders, also after the equals sign" {
	run bash_offers savetool inspect --byte-order ''
	[ "$output" = $'big\nlittle' ]
	run bash_offers savetool inspect --byte-order = l
	[ "$output" = little ]
	run fish_offers 'savetool convert --byte-order '
	[ "$output" = $'big\nlittle' ]
	run zsh_offers 'savetool convert --byte-order='
	[ "$output" = $'big\nlittle' ]
}
