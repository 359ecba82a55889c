#!/usr/bin/env bash
# Where people look first: help, version, words of other tools.
. "$(dirname "$0")/shell.sh"

# says TEXT COMMAND...: exit code 2 and one line on stderr that holds TEXT.
says() {
    local text=$1 code
    shift
    "$@" >stdout 2>stderr
    code=$?
    [ "$code" = 2 ] || fail "exit code $code: $*"
    grep -qF -- "$text" stderr || fail "'$text' is not in: $(cat stderr)"
    [ "$(wc -l <stderr)" = 1 ] || fail "not one line: $(cat stderr)"
}

help_of_a_command() {
    local command
    for command in $("$plateau" help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
        diff <("$plateau" help "$command") <("$plateau" "$command" --help) >/dev/null || fail "help $command is not $command --help"
    done
    says "did you mean sweep?" "$plateau" help sweeep
}

# A slide, half a screen, a phone: 60 columns hold every line of help, where no single word is longer.
narrow_help() {
    local command width
    for command in '' $("$plateau" help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
        "$plateau" help $command >help.txt
        width=$(wc -L <help.txt)
        [ "$width" -le 60 ] || fail "help $command has a line of $width"
        COLUMNS=40 "$plateau" help $command >help.txt
        width=$(wc -L <help.txt)
        [ "$width" -le 48 ] || fail "help $command has a line of $width at 40 columns"
    done
}

# fits CODE COMMAND...: that exit code, and no line wider than 60 columns on either stream, but for one that holds a
# command to copy or a path without a blank.
fits() {
    local code=$1 got
    shift
    COLUMNS=60 "$@" >out.txt 2>&1
    got=$?
    [ "$got" = "$code" ] || fail "exit code $got, expected $code: $*: $(tail -n 3 out.txt)"
    awk 'length > 60 && !/  train it  | Go on with: / && !/^ *[^ ]*\/[^ ]*$/ { print length ": " $0; exit 1 }' out.txt >wide.txt ||
        fail "$*: a line of $(cat wide.txt)"
}

# What the commands print where a terminal, or COLUMNS, has 60 columns.
sixty_columns() {
    local config=$root/configs/tiny.json shape=(--d-model 20 --n-layer 1 --n-head 4 --ctx 7 --batch 3 --vocab 3)
    fits 0 "$plateau" sweep "$config" --dry-run
    fits 0 "$plateau" sweep "$config" --dry-run --set 'grid.tokens=["10k"]' --set data.eval_tokens=1M
    fits 0 "$plateau" sweep "$config" --dry-run --set data.source=text --set "data.files=[\"$root/README.md\"]" --set grid.tokens=[3000000]
    fits 0 "$plateau" sweep "$config" --out s --set fit.bootstrap=20
    fits 0 "$plateau" sweep "$config" --out s --set fit.bootstrap=20
    fits 0 "$plateau" train "$config" --out t --set model.d_model=16 --set model.n_layer=1 --set train.tokens=20k
    fits 0 "$plateau" status s
    fits 0 "$plateau" plan s --time 10m
    fits 0 "$plateau" plan s --flops 1e12
    fits 0 "$plateau" plan s --flops 10x
    fits 0 "$plateau" predict s --params 10k --tokens 200k
    fits 0 "$plateau" fit s --law power --bootstrap 20
    fits 0 "$plateau" fit s --json f.json --draws d.csv --bootstrap 20
    fits 0 "$plateau" chart s
    fits 0 "$plateau" chart s --out c --law power
    fits 0 "$plateau" bench --repeat 1 --threads 2 "${shape[@]}"
    fits 0 "$plateau" config
    fits 0 "$plateau" version
    fits 0 "$plateau" --help
    fits 2 "$plateau"
    fits 2 "$plateau" frobnicate
    fits 2 "$plateau" "$config"
    fits 2 "$plateau" plan s --flops 10y
    fits 2 "$plateau" sweep "$config" --set train.batch_tokens=77
    fits 2 "$plateau" sweep "$config" --set grid.tokens=[1]
    fits 2 "$plateau" fit s --fix E=-1
    fits 1 "$plateau" sweep "$config" --dry-run --set 'grid.models=[{"d_model":16384,"n_layer":40,"n_head":16}]'
    # a program gets a message in one line
    "$plateau" sweep "$config" --set train.batch_tokens=77 2>stderr
    [ "$(wc -l <stderr)" = 1 ] && [ "$(wc -c <stderr)" -gt 62 ] || fail "not one line: $(cat stderr)"
}

version() {
    "$plateau" version >version.txt || fail "exit code $?"
    head -n 1 version.txt | grep -qE '^plateau [0-9]+\.[0-9]+\.[0-9]+$' || fail "no version: $(head -n 1 version.txt)"
    grep -qE '^commit: ([0-9a-f]{10,}\+?|unknown)$' version.txt || fail "no commit: $(cat version.txt)"
    grep -qE '^compiler: (gcc|clang) [0-9]' version.txt || fail "no compiler: $(cat version.txt)"
    grep -qE '^kernels: ref.*; this CPU uses (ref|avx2|avx512)$' version.txt || fail "no kernels: $(cat version.txt)"
    grep -qE '^bf16: (emulated|avx512, by VDPBF16PS|amx, by TDPBF16PS)$' version.txt || fail "nothing of bf16: $(cat version.txt)"
    grep -qE '^libraries: cJSON [0-9][0-9.]*, zlib [0-9][^ ,]*, stb [a-z]* *[0-9.]+$' version.txt || fail "no libraries: $(cat version.txt)"
    diff version.txt <("$plateau" --version) >/dev/null || fail "--version says something else"
    "$plateau" version --json - >version.json || fail "--json -: exit code $?"
    diff <(sed -nE 's/^\t"version":\t"(.*)",$/plateau \1/p' version.json) <(head -n 1 version.txt) || fail "another version in JSON"
    diff <(sed -nE 's/^\t\t"used":\t"(.*)"$/\1/p' version.json) <(sed -n 's/.*this CPU uses //p' version.txt) || fail "other kernels in JSON"
    "$plateau" version --json file.json && diff file.json version.json >/dev/null || fail "another file than --json -"
    says "--help=rst: expected text, man, bash, zsh or fish" "$plateau" --help=rst
    says "--help=rst: expected text, man, bash, zsh or fish" "$plateau" fit --help=rst
}

other_tools_words() {
    says "plateau sweep CONFIG" "$plateau" run
    says "plateau chart DIR" "$plateau" plot
    says "plateau sweep" "$plateau" "$root/configs/tiny.json"
}

for t in help_of_a_command narrow_help sixty_columns version other_tools_words; do
    run_test "$t"
done
finish
