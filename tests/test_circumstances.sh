#!/usr/bin/env bash
# What happens around a sweep: signals, limits, a folder that goes away, another sweep, odd terminals and locales. Each ends with
# the exit code for it and one message, and the same command then ends with the bytes of an undisturbed sweep.
. "$(dirname "$0")/shell.sh"
. "$root/scripts/digest.sh"
size=$(fewer 200k 50k)
command=("$plateau" sweep "$root/configs/tiny.json" --jobs 2 --set fit.bootstrap=0 --set train.warmup_tokens=1024 --set train.checkpoint_s=0.02
    --set 'grid.models=[{"d_model":16,"n_layer":1},{"d_model":16,"n_layer":2}]' --set "grid.tokens=[\"8k\",\"$size\"]" --set data.eval_tokens=512)

# start OUT: in the background, held as soon as a log is there; its process is $pid.
in_background() {
    "${command[@]}" --out "$1" >"$1.txt" 2>&1 </dev/null &
    pid=$!
}
start() { catch has_log "$1" in_background "$1"; }

# ends OUT CODE...: one of these, and with a failure one message.
ends() {
    local out=$1 want said
    shift
    said=$(grep -c '^plateau: ' "$out.txt")
    for want in "$@"; do
        [ "$code" != "$want" ] || { [ "$code" = 0 ] || [ "$said" = 1 ] || fail "$out: $said messages with exit code $code: $(cat "$out.txt")"; return; }
    done
    fail "$out: exit code $code, expected $*: $(tail -n 2 "$out.txt")"
}

# The same command goes on to the same bytes.
goes_on() {
    [ -n "${whole:-}" ] || { "${command[@]}" --out whole >whole.txt 2>&1 || fail "exit code $?: $(tail -n 2 whole.txt)"; whole=$(sweep_digest whole); }
    "${command[@]}" --out "$1" >again.txt 2>&1 </dev/null || fail "$1: exit code $? when run again: $(tail -n 2 again.txt)"
    [ "$(sweep_digest "$1")" = "$whole" ] || fail "$1 ends with other bytes: $(diff <(echo "$whole") <(sweep_digest "$1") | head -n 4)"
}

hangup() {
    start hup || return
    kill -HUP "$pid"
    let_go "$pid"
    wait "$pid"
    code=$?
    # as Ctrl-C, where it is told; else as any process that nobody asked to stay
    [ "$code" = 129 ] || ends hup 130 0
    goes_on hup
}

# Stopped in the middle, the sweep and its processes, and let go on.
stopped() {
    start halt || return
    sleep 0.3
    let_go "$pid"
    wait "$pid"
    code=$?
    ends halt 0
    goes_on halt
}

# Nobody reads what it says.
pipe_closed() {
    "${command[@]}" --out pipe 2>&1 </dev/null | :
    code=${PIPESTATUS[0]}
    case $code in 0 | 3 | 141) ;; *) fail "exit code $code where nobody reads" ;; esac
    goes_on pipe
    "$plateau" fit pipe --law power --bootstrap 0 2>fit.txt | head -n 1 >/dev/null
    code=${PIPESTATUS[0]}
    case $code in 0 | 2 | 3 | 141) ;; *) fail "fit: exit code $code where nobody reads: $(cat fit.txt)" ;; esac
}

two_at_once() {
    start both || return
    "${command[@]}" --out both >second.txt 2>&1 </dev/null
    code=$?
    ends second 3
    let_go "$pid"
    wait "$pid"
    code=$?
    ends both 0
    goes_on both
}

folder_moved() {
    start here || return
    mv here there
    let_go "$pid"
    wait "$pid"
    code=$?
    ends here 0 1 3
    rm -rf here
    goes_on there
}

folder_gone() {
    start gone || return
    rm -rf gone
    let_go "$pid"
    wait "$pid"
    code=$?
    ends gone 0 1 3
    rm -rf gone
    goes_on gone
}

# limit OPTION VALUES...
limit() {
    local option=$1 value
    shift
    for value in "$@"; do
        (ulimit -c 0; ulimit "$option" "$value" && exec "${command[@]}" --out limit) >limit.txt 2>&1 </dev/null
        code=$?
        # 127, or words of the loader: not even the program could be begun
        [ "$code" = 127 ] || grep -qE 'error while loading|AddressSanitizer|cannot modify limit|cannot allocate' limit.txt || ends limit 0 1 3
    done
    goes_on limit
    rm -rf limit
}

memory() { limit -v 40000 80000 200000; }
descriptors() { limit -n 4 7 10 16; }
file_size() { limit -f 1 8 40; }

# Times of files are no part of anything, nor is the clock: as where it was set back.
clock_back() {
    goes_on back
    find back -exec touch -t 203801010000 {} +
    "${command[@]}" --out back >again.txt 2>&1 || fail "exit code $?: $(cat again.txt)"
    grep -q 'nothing to train' again.txt || fail "files from the future are not taken: $(cat again.txt)"
    rm back/d16-l2*/result.json
    goes_on back
}

decimal_commas() {
    local locale
    locale=$(locale -a 2>/dev/null | grep -iE '^(de_DE|fr_FR|de_AT|nl_NL)' | head -n 1)
    LANG=de_DE.UTF-8 LC_ALL=${locale:-de_DE.UTF-8} "${command[@]}" --out comma >comma.txt 2>&1 || fail "exit code $?: $(cat comma.txt)"
    goes_on comma
    LC_ALL=C "$plateau" fit "$root/docs/example-runs.csv" --bootstrap 0 >c.txt 2>&1
    LC_ALL=${locale:-de_DE.UTF-8} "$plateau" fit "$root/docs/example-runs.csv" --bootstrap 0 >de.txt 2>&1
    cmp -s c.txt de.txt || fail "a fit differs: $(diff c.txt de.txt | head -n 4)"
    [ -n "$locale" ] || echo "  (no such locale is installed: its name alone was set)"
}

narrow() {
    local columns
    goes_on narrow
    for columns in 1 2 3 5 8 13 20; do
        COLUMNS=$columns timeout 60 "$plateau" status narrow >out.txt 2>&1 || fail "status: exit code $? at $columns columns: $(tail -n 1 out.txt)"
        COLUMNS=$columns timeout 60 "$plateau" fit "$root/docs/example-runs.csv" --law power --bootstrap 0 >out.txt 2>&1 ||
            fail "fit: exit code $? at $columns columns: $(tail -n 1 out.txt)"
    done
}

for t in hangup stopped pipe_closed two_at_once folder_moved folder_gone memory descriptors file_size clock_back decimal_commas narrow; do
    run_test "$t"
done
finish
