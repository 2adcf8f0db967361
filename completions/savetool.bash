# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for bash.  Commands and options are the program's own words.

# The value of an option that is to be completed, by the option's name.
_savetool_value()
{
	local formats='raw gzip bzip2 xz lzop zstd sparse v2 v3 mapped-ram'

	case $1 in
	-O|--to)
		mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$2") ;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W 'raw elf lime' -- "$2") ;;
	--block|--map)
		;;
	--output)
		mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$2") ;;
	--byte-order)
		mapfile -t COMPREPLY < <(compgen -W 'little big' -- "$2") ;;
	--header-version)
		mapfile -t COMPREPLY < <(compgen -W '2 3' -- "$2") ;;
	--for)
		mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	--libvirt)
		;;
	*)
		# A number: nothing to choose from, and no file either.
		compopt +o default 2>/dev/null ;;
	esac
}

_savetool()
{
	local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}

	COMPREPLY=()

	# The program's name may be a path that starts with a tilde.
	program=${program/#\~\//$HOME/}

	if ((COMP_CWORD == 1)); then
		local words

		words="$("$program" --commands 2>/dev/null) help"
		[[ $word != -* ]] || words='--help --version'
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		return
	fi
	if [[ $command == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$("$program" --commands 2>/dev/null)" -- "$word")
		return
	fi

	# bash makes three words of --output=json, and two of --output=.
	if [[ $word == '=' ]]; then
		_savetool_value "$before" ''
		return
	elif [[ $before == '=' ]]; then
		_savetool_value "${COMP_WORDS[COMP_CWORD - 2]}" "$word"
		return
	fi

	case $before in
	-O|--to|--for|--format|--block|--map|--output|--byte-order|--header-version|--offset|\
	--progress-fd|-L|--level|-T|--threads)
		_savetool_value "$before" "$word"
		return ;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$program" "$command" \
			--long-options 2>/dev/null)" -- "$word")
	fi
}

# Where nothing is found above, the word is the name of a file.
complete -o default -F _savetool savetool
