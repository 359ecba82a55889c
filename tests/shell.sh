# shellcheck shell=bash
# Sourced by the tests of the binary: the harness of tests/test.h for bash (3.2 and later). $1 is the plateau binary.
set -u
unset COLUMNS # messages are one line where nothing says how wide the output is
plateau=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
binary=$plateau
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/plateau test.XXXXXX") # a blank in the path on purpose
emulator=
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp" ${emulator:+"$emulator"}' EXIT
# Built for another kind of machine, the binary is called by an emulator of it: TEST_EMULATOR, words.
if [ -n "${TEST_EMULATOR:-}" ]; then
    emulator=$(mktemp -d "${TMPDIR:-/tmp}/plateau.XXXXXX")
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$TEST_EMULATOR" "$plateau" >"$emulator/plateau"
    chmod +x "$emulator/plateau"
    plateau=$emulator/plateau
fi
cd "$tmp" || exit 1
passed=0 failed=0 skipped=0 broken=0

# fewer N M: N, or M in a build whose steps are slow (tests/meson.build says which): the same case on less.
fewer() {
    [ -z "${TEST_SLOW:-}" ] && echo "$1" || echo "$2"
}

# A sweep of nine runs of three sizes, the largest smaller where steps are slow.
tiny_config() {
    echo "$tmp/tiny.json"
    sed "s/\"d_model\": 24/\"d_model\": $(fewer 24 16)/" "$root/configs/tiny.json" >"$tmp/tiny.json"
}

# Where a system has BSD's tools alone, as macOS has: what the tests need of GNU's.

# edit SCRIPT FILE...: sed in place; \t is a tab.
edit() {
    local script=${1//\\t/$'\t'} file
    shift
    for file in "$@"; do
        sed "$script" "$file" >"$file.edited" && cat "$file.edited" >"$file"
        rm "$file.edited"
    done
}

# unseal FILE...: their checksums taken out, as of what is changed on purpose, or was written before there were any.
unseal() {
    local file
    for file in "$@"; do
        awk '/^\t"checksum":/ { sub(/,$/, "", held); next } NR > 1 { print held } { held = $0 } END { print held }' "$file" >"$file.edited" &&
            cat "$file.edited" >"$file"
        rm "$file.edited"
    done
}

# size_of FILE, in bytes. cut_to BYTES FILE: its first bytes alone.
size_of() { echo $(($(wc -c <"$1"))); }
cut_to() { head -c "$1" "$2" >"$2.cut" && cat "$2.cut" >"$2"; rm "$2.cut"; }

# damage FILE AT: its byte AT is another one, whatever it was.
damage() {
    local byte
    byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1)
    [ -n "$byte" ] || { fail "$1 has no byte $2"; return; }
    printf '%b' "\\0$(printf '%o' $((byte ^ 85)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

if ! command -v timeout >/dev/null; then
    timeout() {
        local signal=TERM pid watch code=0
        while :; do
            case $1 in -s) signal=$2; shift 2 ;; -k) shift 2 ;; --foreground) shift ;; *) break ;; esac
        done
        "${@:2}" <&0 &
        pid=$!
        { sleep "$1"; kill -s "$signal" "$pid"; } >/dev/null 2>&1 &
        watch=$!
        wait "$pid" || code=$?
        kill "$watch" 2>/dev/null
        return "$code"
    }
fi

# now_ms: a clock; seconds where nothing is finer.
now_ms() {
    local now=${EPOCHREALTIME:-} # ports: bash 5
    if [ -n "$now" ]; then echo $((${now/[.,]/} / 1000)); else echo "$(date +%s)000"; fi
}

# cpu_ms: what this shell and all that it has waited for have used of the processor.
cpu_ms() {
    local stat=
    { read -r stat <"/proc/$$/stat"; } 2>/dev/null # ports: no figure where there is none
    # shellcheck disable=SC2086 # words; after the name, which may hold blanks and brackets
    set -- ${stat##*) }
    echo $(((${12:-0} + ${13:-0} + ${14:-0} + ${15:-0}) * 10))
}

fail() {
    echo "  FAIL $name: $*"
    broken=1
}

# exits CODE COMMAND...: stdout and stderr go to files of these names.
exits() {
    local code=$1 got
    shift
    "$@" >stdout 2>stderr
    got=$?
    [ "$got" = "$code" ] || fail "exit code $got, expected $code: $*: $(tail -n 3 stderr)"
}

# run_test NAME: calls the function of that name, unless the command line names others after the binary.
only=("${@:2}")
run_test() {
    [ ${#only[@]} = 0 ] || [[ " ${only[*]} " == *" $1 "* ]] || return 0
    local began used
    began=$(now_ms) used=$(cpu_ms)
    name=$1 broken=0
    "$1"
    if [ "$broken" = 77 ]; then
        skipped=$((skipped + 1))
    elif [ "$broken" = 0 ]; then
        printf '  ok %s (%d ms, %d of the processor)\n' "$name" $(($(now_ms) - began)) $(($(cpu_ms) - used))
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
}

# skip REASON: mark the running test as skipped; return from it afterwards.
skip() {
    echo "  SKIP $name: $1"
    broken=77
}

# children_of PID: their ids, from /proc where there is one (ps and pgrep are not everywhere).
children_of() {
    local stat
    [ -d /proc/self ] || { ps -A -o pid= -o ppid= | awk -v parent="$1" '$2 == parent { print $1 }'; return; } # ports: either
    for stat in /proc/[0-9]*/stat; do # ports: either
        # pid (name) state parent ...: a name may hold blanks and brackets
        { read -r stat <"$stat"; } 2>/dev/null || continue
        set -- "$1" "${stat%% *}" ${stat##*) }
        [ "$4" != "$1" ] || echo "$2"
    done | sort -n
}

# hold PID: it and its children stand still, whatever they were at, until let_go PID. The parent first, which then makes no more.
hold() {
    kill -STOP "$1" 2>/dev/null || return
    # shellcheck disable=SC2046 # words
    kill -STOP $(children_of "$1") 2>/dev/null
    sleep 0.05 # a call of the system that was under way
    kill -0 "$1" 2>/dev/null
}
let_go() {
    # shellcheck disable=SC2046 # words
    kill -CONT $(children_of "$1") "$1" 2>/dev/null
}

# catch CONDITION FOLDER BEGIN...: BEGIN starts a process, $pid, that works in FOLDER; it is held as soon as CONDITION FOLDER is
# true, and is true while it is held. One that came to its end before this shell had a look is begun again, in a new folder.
catch() {
    local condition=$1 folder=$2 tries
    shift 2
    for tries in 1 2 3 4 5 6 7 8 9 10; do
        rm -rf "$folder"
        "$@"
        while kill -0 "$pid" 2>/dev/null; do
            if "$condition" "$folder"; then
                hold "$pid" && "$condition" "$folder" && return
                let_go "$pid"
            fi
            sleep 0.02
        done
        wait "$pid" 2>/dev/null
    done
    fail "'$*' could not be caught in $tries tries"
    return 1
}

# Conditions: a run has its first line; a run is in the middle, and none is done.
has_log() { compgen -G "$1/*/log.jsonl" >/dev/null; }
midway() { compgen -G "$1/*/checkpoint.bin" >/dev/null && ! compgen -G "$1/*/result.json" >/dev/null; }

# patiently COMMAND...: until it succeeds; what does not within minutes never will, on a machine however slow.
patiently() {
    local tries=0
    until "$@"; do
        sleep 0.05
        [ $((tries += 1)) -lt 4000 ] || return 1
    done
}

finish() {
    echo "tests: $passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ] || exit 1
    [ "$passed" -gt 0 ] || exit 77
}
