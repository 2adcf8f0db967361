# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for fish.  Commands and options are the program's own words.

function __savetool_program
    set -l words (commandline -opc)
    string replace -r '^~/' "$HOME/" -- $words[1]
end

function __savetool_first
    test (count (commandline -opc)) -eq 1
end

function __savetool_helped
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test $words[2] = help
end

function __savetool_commands
    eval (string escape -- (__savetool_program)) --commands 2>/dev/null
end

# The options of the command that is being typed.
function __savetool_options
    set -l words (commandline -opc)
    test (count $words) -ge 2; or return
    eval (string escape -- (__savetool_program)) \
        (string escape -- $words[2]) --long-options 2>/dev/null
end

complete -c savetool -n __savetool_first -f -a '(__savetool_commands) help'
complete -c savetool -n __savetool_helped -f -a '(__savetool_commands)'
complete -c savetool -n 'not __savetool_first' -a '(__savetool_options)'
complete -c savetool -n 'not __savetool_first' -s O -l to -x \
    -a 'raw gzip bzip2 xz lzop zstd sparse v2 v3 mapped-ram'
complete -c savetool -n 'not __savetool_first' -l format -x -a 'raw elf lime'
complete -c savetool -n 'not __savetool_first' -l block -x
complete -c savetool -n 'not __savetool_first' -l map -x
complete -c savetool -n 'not __savetool_first' -l output -x -a 'text json'
complete -c savetool -n 'not __savetool_first' -l byte-order -x -a 'little big'
complete -c savetool -n 'not __savetool_first' -l header-version -x -a '2 3'
complete -c savetool -n 'not __savetool_first' -l libvirt -r
complete -c savetool -n 'not __savetool_first' -l for -x \
    -a '(__fish_complete_directories)'
