#!/usr/bin/env bash
# Manual pages, completions, and what is installed beside the binary.
. "$(dirname "$0")/shell.sh"

commands() {
    "$plateau" help | sed -nE 's/^  ([a-z]+) .*/\1/p'
}

# pages: the manual of the program and of each command, in ./man.
pages() {
    local command
    mkdir -p man
    "$plateau" --help=man >man/plateau.1 || fail "--help=man: exit code $?"
    for command in $(commands); do
        "$plateau" "$command" --help=man >"man/plateau-$command.1" || fail "$command --help=man: exit code $?"
    done
}

# Every option that --help lists, and every command, is in the manual.
manual_is_whole() {
    local command option n=0
    pages
    for command in $(commands); do
        grep -qF "plateau\\-$command (1)" man/plateau.1 || fail "plateau.1 does not name $command"
        grep -q "^plateau.-$command .- [a-z]" "man/plateau-$command.1" || fail "$command has no NAME"
        for option in $("$plateau" "$command" --help | sed -nE 's/^  (--[a-z0-9-]+).*/\1/p'); do
            grep -qxF ".B ${option//-/\\-}" <(sed 's/ \\fI.*//' "man/plateau-$command.1") || fail "$option of $command is not in its page"
            n=$((n + 1))
        done
    done
    [ "$n" -gt 100 ] || fail "only $n options"
    # what roff would take for a command of its own
    grep -nE "^[.']" man/* | grep -vE ':\.(\\"|(TH|SH|TP|IP|PP|RS|RE|B|I|BR|RI|br|nf|fi)( |$))' && fail "a line that roff takes for a request"
}

manual_without_warnings() {
    local some=
    pages
    if command -v mandoc >/dev/null; then
        some=yes
        mandoc -T lint man/* >said 2>&1 || fail "mandoc: $(head -n 5 said)"
        [ ! -s said ] || fail "mandoc: $(head -n 5 said)"
    fi
    if command -v groff >/dev/null; then
        some=yes
        LC_ALL=C.UTF-8 groff -ww -man -Tutf8 man/* >shown 2>said || fail "groff: $(head -n 5 said)"
        [ ! -s said ] || fail "groff: $(head -n 5 said)"
        grep -q 'PLATEAU-FIT(1)' shown || fail "empty pages"
    fi
    if command -v man >/dev/null && man -l man/plateau-fit.1 >/dev/null 2>&1; then
        MANWIDTH=80 man -P cat -l man/plateau-fit.1 2>/dev/null | grep -q -- '--law L' || fail "man shows no --law"
    fi
    [ -n "$some" ] || skip "neither mandoc nor groff is installed"
}

# ask WORD...: what bash offers, with = as an end of words, as it is by default, or without.
ask() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _plateau
    printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"} | LC_ALL=C sort | tr -s '\n ' ' '
}

# offers 'OFFER...' WORD...: exactly these, in the order of the alphabet.
offers() {
    local expected=$1 got
    shift
    got=$(ask "$@")
    [ "${got% }" = "$expected" ] || fail "after '$*' not '$expected' but '$got'"
}

completions_in_bash() {
    local command
    "$plateau" --help=bash >plateau.bash || fail "exit code $?"
    . ./plateau.bash || fail "cannot be sourced"
    mkdir -p files/'some dir'
    cd files || return
    touch a.json 'b c.json' d.txt
    offers 'fit' plateau fi
    offers 'sample serve status sweep' plateau s
    offers 'compare config' plateau help co
    offers '--law' plateau fit --la
    offers 'chinchilla' plateau fit --law c
    offers 'chinchilla' plateau fit --law = c
    offers 'peak' plateau bench pe
    offers 'matmul nonembd total' plateau fit table.csv --count ''
    offers 'model.mlp= model.mlp_ratio=' plateau sweep a.json --set model.mlp
    offers 'rmsnorm' plateau sweep a.json --set model.norm = rm
    offers 'layernorm none rmsnorm' plateau sweep --set model.norm =
    offers 'false' plateau train a.json --set model.bias = f
    offers 'a.json b c.json some dir' plateau sweep ''
    offers 'some dir' plateau status so
    offers 'd.txt' plateau fit --json d
    offers '' plateau bench --threads ''
    COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}
    offers 'model.norm=rmsnorm' plateau sweep a.json --set model.norm=rm
    offers '--law=chinchilla' plateau fit --law=c
    for command in $(commands); do
        # shellcheck disable=SC2046 # words
        offers "$(echo $({ "$plateau" "$command" --help | sed -nE 's/^  (--[a-z0-9-]+).*/\1/p'; echo --help; } | LC_ALL=C sort))" \
            plateau "$command" -
    done
    # each key of the config
    [ "$(ask plateau sweep --set '' | wc -w)" = "$("$plateau" config | grep -c '^[a-z]')" ] || fail "not every key is offered"
    cd "$tmp" || return
}

# What is offered is taken: each word of an option that is one of a few.
offered_words_are_taken() {
    local law count
    "$plateau" --help=bash >plateau.bash
    . ./plateau.bash
    for law in $(ask plateau fit --law ''); do
        "$plateau" fit no-table.csv --law "$law" 2>said
        grep -q 'no-table.csv' said || fail "--law $law: $(cat said)"
    done
    for count in $(ask plateau fit --count ''); do
        "$plateau" fit no-table.csv --count "$count" 2>said
        grep -q 'no-table.csv' said || fail "--count $count: $(cat said)"
    done
    for count in $(ask plateau bench --isa ''); do
        "$plateau" bench no-such --isa "$count" 2>said
        grep -q 'bench no-such' said || fail "--isa $count: $(cat said)"
    done
}

completions_in_zsh() {
    "$plateau" --help=zsh >_plateau || fail "exit code $?"
    command -v zsh >/dev/null || { skip "zsh is not installed"; return; }
    zsh -n _plateau 2>said && [ ! -s said ] || fail "zsh does not read it: $(cat said)"
    # a shell in a pseudo-terminal, which is asked for its completions by the tab key
    cat >ask.zsh <<'ZSH'
zmodload zsh/zpty
zpty z zsh -f -i
ask() { # LINE, and what becomes of it
    local part all=
    zpty -w -n z "$1"$'\x18'
    for i in {1..1200}; do
        while zpty -r -t z part; do all+=$part; done
        [[ $all == *"<$2>"* ]] && print -r -- "$2" && return
        sleep 0.1
    done
    print -r -- "not '$2' but: $all"
}
zpty -w z 'PS1=; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; setopt no_list_beep
show() { zle complete-word; zle -R; print -r -- "<$BUFFER>"; BUFFER= }; zle -N show; bindkey "^X" show'
ask 'plateau pre' 'plateau predict '
ask 'plateau fit --la' 'plateau fit --law='
ask 'plateau fit --law c' 'plateau fit --law chinchilla '
ask 'plateau sweep --set model.nor' 'plateau sweep --set model.norm'
ask 'plateau sweep --set model.norm=rm' 'plateau sweep --set model.norm=rmsnorm '
ask 'plateau sweep a.j' 'plateau sweep a.json '
zpty -d z
ZSH
    touch a.json
    zsh -f ask.zsh >said 2>&1
    [ "$(grep -c '^plateau ' said)" = 6 ] || fail "offered in zsh: $(cat said)"
}

# fish_offers LINE OFFER: among what fish offers.
fish_offers() {
    HOME=$tmp fish --no-config -c 'source plateau.fish; complete -C $argv[1]' "$1" 2>said | cut -f 1 | grep -qxF -- "$2" ||
        fail "fish does not offer '$2' after '$1': $(cat said)"
}

completions_in_fish() {
    "$plateau" --help=fish >plateau.fish || fail "exit code $?"
    command -v fish >/dev/null || { skip "fish is not installed"; return; }
    HOME=$tmp fish --no-config -c 'source plateau.fish' >said 2>&1 && [ ! -s said ] || fail "fish does not read it: $(cat said)"
    touch a.json
    fish_offers 'plateau pre' predict
    fish_offers 'plateau fit --la' --law
    fish_offers 'plateau fit --law c' chinchilla
    fish_offers 'plateau sweep --set model.norm' model.norm_gain=
    fish_offers 'plateau sweep --set model.norm=rm' model.norm=rmsnorm
    fish_offers 'plateau sweep a' a.json
    fish_offers 'plateau bench pe' peak
}

# What meson install lays beside the binary, where that is the binary of a build folder that is whole.
installed() {
    local build command file
    build=$(dirname "$binary")
    command -v meson >/dev/null || { skip "meson is not installed"; return; }
    [ -f "$build/packaging/plateau.1" ] || { skip "$build holds no manual pages"; return; }
    DESTDIR=$tmp/root meson install -C "$build" --no-rebuild >said 2>&1 || { skip "$build is not whole: $(tail -n 1 said)"; return; }
    cd "$(dirname "$(dirname "$(find "$tmp/root" -type f -perm -100 -name plateau | grep /bin/)")")" || return
    # shellcheck disable=SC2086 # words
    ${TEST_EMULATOR:-} ./bin/plateau version >/dev/null || fail "the binary does not run"
    for file in plateau $(commands | sed 's/^/plateau-/'); do
        [ -s "share/man/man1/$file.1" ] || fail "no page of $file"
    done
    diff <("$plateau" fit --help=man) share/man/man1/plateau-fit.1 >/dev/null || fail "another page than --help=man"
    for file in share/bash-completion/completions/plateau share/fish/vendor_completions.d/plateau.fish \
        share/doc/plateau/{README.md,docs/README.md,docs/glossary.md,configs/demo.json,configs/compare/base.json}; do
        [ -s "$file" ] || fail "no $file"
    done
    find . -name _plateau | grep -q . || fail "no completion for zsh"
    # shellcheck disable=SC2086 # words
    ${TEST_EMULATOR:-} ./bin/plateau sweep share/doc/plateau/configs/tiny.json --dry-run >/dev/null || fail "the example config is not taken"
    find . -type l | grep . && fail "links that lead out of the tree"
    cd "$tmp" || return
}

# The configs of docs/gallery.md are taken, and scripts/gallery knows each of them.
gallery() {
    local config name n=0
    for config in "$root"/configs/gallery/*.json; do
        name=$(basename "$config" .json)
        (cd "$root" && "$plateau" data info "configs/gallery/$name.json") >said 2>&1 || fail "$name: $(tail -n 1 said)"
        [ -s "$root/docs/gallery/$name.png" ] || fail "no picture of $name"
        grep -qx "    scripts/gallery $name" "$root/docs/gallery.md" || fail "docs/gallery.md has no command for $name"
        "$root/scripts/gallery" --help | grep -qw -- "$name" || fail "scripts/gallery does not know $name"
        n=$((n + 1))
    done
    [ "$n" = 6 ] || fail "$n configs"
    "$root/scripts/gallery" nothing >said 2>&1
    [ $? = 2 ] && grep -q 'no sweep nothing' said || fail "another word is taken: $(cat said)"
}

for t in manual_is_whole manual_without_warnings completions_in_bash offered_words_are_taken completions_in_zsh completions_in_fish \
    installed gallery; do
    run_test "$t"
done
finish
