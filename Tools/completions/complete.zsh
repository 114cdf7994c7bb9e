# Prints the completions that zsh offers for a line, one a line: an interactive zsh in a pseudo-terminal gets the line and a tab.
#
#   zsh -f complete.zsh FOLDER LINE       FOLDER has the completion scripts, such as _millrace
zmodload zsh/zpty || exit 2
zpty shell zsh -f -i
{
    zpty -w shell "fpath=(${(qq)1} \$fpath); PATH=${(qq)PATH}"
    zpty -w shell "$(<<'END'
PS1= PS2= RPS1=
stty -echo
autoload -Uz compinit && compinit -u -D
bindkey '^I' complete-word
zstyle ':completion:*' completer _complete
# Every word that is offered goes through compadd. With -O and the like nothing is offered yet.
compadd () {
    if [[ ${argv[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    local -a offered
    builtin compadd -O offered "$@"
    print -rl -- "offered: "${^offered}
    builtin compadd "$@"
}
mark () { print -r -- "the $1" }
started () { mark start }
ended () { mark end; exit }
compprefuncs=(started)
comppostfuncs=(ended)
mark prompt
END
)"
    read-until () {
        local line
        while zpty -r shell line; do
            line=${line%%[$'\r\n']*}
            [[ $line == *offered:\ * ]] && print -r -- ${line#*offered: }
            [[ $line == *$1 ]] && return
        done
        return 1
    }
    read-until 'the prompt' >/dev/null || exit 2
    zpty -w -n shell "$2"$'\t'
    read-until 'the end'
} always {
    zpty -d shell
}
