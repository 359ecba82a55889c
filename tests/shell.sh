# Sourced by the tests of the binary: the harness of tests/test.h for bash. $1 is the plateau binary.
set -u
unset COLUMNS # messages are one line where nothing says how wide the output is
plateau=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/plateau test.XXXXXX") # a blank in the path on purpose
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
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

# cpu_ms: what this shell and all that it has waited for have used of the processor.
cpu_ms() {
    local stat=
    { read -r stat <"/proc/$$/stat"; } 2>/dev/null
    # shellcheck disable=SC2086 # words; behind the name, which may hold blanks and brackets
    set -- ${stat##*) }
    echo $(((${12:-0} + ${13:-0} + ${14:-0} + ${15:-0}) * 10))
}

fail() {
    echo "  FAIL $name: $*"
    broken=1
}

# run_test NAME: calls the function of that name, unless the command line names others behind the binary.
only=("${@:2}")
run_test() {
    [ ${#only[@]} = 0 ] || [[ " ${only[*]} " == *" $1 "* ]] || return 0
    local began=${EPOCHREALTIME/[.,]/} used
    used=$(cpu_ms)
    name=$1 broken=0
    "$1"
    if [ "$broken" = 77 ]; then
        skipped=$((skipped + 1))
    elif [ "$broken" = 0 ]; then
        printf '  ok %s (%d ms, %d of the processor)\n' "$name" $(((${EPOCHREALTIME/[.,]/} - began) / 1000)) $(($(cpu_ms) - used))
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

# children_of PID: their ids, from /proc alone (ps and pgrep are not everywhere).
children_of() {
    local stat
    for stat in /proc/[0-9]*/stat; do
        # pid (name) state parent ...: a name may hold blanks and brackets
        { read -r stat <"$stat"; } 2>/dev/null || continue
        set -- "$1" "${stat%% *}" ${stat##*) }
        [ "$4" != "$1" ] || echo "$2"
    done
}

finish() {
    echo "tests: $passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ] || exit 1
    [ "$passed" -gt 0 ] || exit 77
}
