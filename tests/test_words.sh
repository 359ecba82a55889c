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

version() {
    "$plateau" version >version.txt || fail "exit code $?"
    head -n 1 version.txt | grep -qE '^plateau [0-9]+\.[0-9]+\.[0-9]+$' || fail "no version: $(head -n 1 version.txt)"
    grep -qE '^commit: ([0-9a-f]{10,}\+?|unknown)$' version.txt || fail "no commit: $(cat version.txt)"
    grep -qE '^compiler: (gcc|clang) [0-9]' version.txt || fail "no compiler: $(cat version.txt)"
    grep -qE '^kernels: ref.*; this CPU uses (ref|avx2|avx512)$' version.txt || fail "no kernels: $(cat version.txt)"
    diff version.txt <("$plateau" --version) >/dev/null || fail "--version says something else"
}

other_tools_words() {
    says "plateau sweep CONFIG" "$plateau" run
    says "plateau chart DIR" "$plateau" plot
    says "plateau sweep" "$plateau" "$root/configs/tiny.json"
}

for t in help_of_a_command narrow_help version other_tools_words; do
    run_test "$t"
done
finish
