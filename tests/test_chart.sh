#!/usr/bin/env bash
# Charts by the binary: what the words on them are, and memory that runs out while they are drawn.
. "$(dirname "$0")/shell.sh"

trained() {
    "$plateau" sweep "$root/configs/tiny.json" --set grid.tokens='["10k","20k","40k"]' --set train.warmup_tokens=1024 --set fit.bootstrap=40 --out w \
        >sweep.txt 2>sweep.err || fail "exit code $?: $(tail -n 3 sweep.err)"
    # the end of a sweep is one screen
    [ "$(wc -l <sweep.txt)" -le 24 ] || fail "$(wc -l <sweep.txt) lines at the end of a sweep"
    [ "$(wc -L <sweep.txt)" -le 100 ] || fail "a line of $(wc -L <sweep.txt) columns"
    for word in Answer Floor Returns Noise Break; do
        grep -q "^  $word " sweep.txt || fail "no row $word: $(cat sweep.txt)"
    done
    ! grep -q 'std. error' sweep.txt || fail "tables of parameters at the end of a sweep"
    rm -rf w/charts
    "$plateau" chart w >chart.txt 2>&1 || fail "chart: exit code $?: $(cat chart.txt)"
    # no chart of returns: these runs do not settle what the next doubling gains, and it is withheld
    for chart in curves loss_tokens loss_params excess; do
        [ -s "w/charts/$chart.png" ] && [ -s "w/charts/$chart.svg" ] || fail "no chart $chart"
        grep -q "w/charts/$chart.png" chart.txt || fail "the path of $chart is not printed"
        grep -q 'Runs: tiny' "w/charts/$chart.svg" || fail "$chart does not name its runs"
        grep -q 'nats per token' "w/charts/$chart.svg" || fail "$chart has no unit"
        ! grep -qE '[^a-z](nan|inf)[^a-z]' "w/charts/$chart.svg" || fail "$chart: nan or inf"
    done
    grep -q '1/16 of the held-out set' w/charts/curves.svg || fail "curves: evaluations along the way"
    [ "$(find w/charts -type f | wc -l)" = $((2 * $(grep -c '^  w/charts/' chart.txt))) ] || fail "other files: $(ls w/charts)"
}

# A token of text is a byte.
bytes() {
    for i in {1..4000}; do echo "line $i of a text, $((i * i)) and $((i % 7))"; done >text.txt
    "$plateau" sweep "$root/configs/tiny.json" --set data.source=text --set data.files='["text.txt"]' \
        --set grid.tokens='["10k","20k"]' --set fit.bootstrap=40 --out b >sweep.txt 2>&1 ||
        fail "exit code $?: $(tail -n 3 sweep.txt)"
    grep -q 'loss (nats per byte)' b/charts/loss_tokens.svg || fail "no bytes on the chart of text"
    ! grep -q 'per token' b/charts/*.svg || fail "tokens on a chart of text"
}

# From a limit that the fit gets by with, until the charts are drawn: exit code 3 with one line and no part of a
# file, or 0.
little_memory() {
    local limit rc drawn=0
    if ! { (ulimit -v 400000 && "$plateau" version); } >/dev/null 2>&1; then
        skip "this build does not run with 400 MB of address space"
        return
    fi
    for ((limit = 6000; limit < 60000; limit += 1000)); do
        { (ulimit -v $limit && "$plateau" fit w --json -); } >/dev/null 2>&1 && break
    done
    for (( ; limit < 200000 && drawn < 2; limit += 3000)); do
        rm -rf little
        (ulimit -v $limit && "$plateau" chart w --out little) >little.txt 2>little.err
        rc=$?
        [ $rc = 0 ] && drawn=$((drawn + 1))
        [ $rc = 0 ] || [ $rc = 3 ] || fail "$limit kB: exit code $rc: $(head -n 2 little.err)"
        [ $rc = 0 ] || [ "$(grep -c . little.err)" = 1 ] || fail "$limit kB: not one line: $(cat little.err)"
        [ -z "$(find little -name '*tmp*' 2>/dev/null)" ] || fail "$limit kB leaves $(ls little)"
    done
    [ $drawn = 2 ] || fail "never enough memory"
}

run_test trained
run_test bytes
run_test little_memory
finish
