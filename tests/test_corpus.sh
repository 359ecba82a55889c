#!/usr/bin/env bash
# A corpus that repeats, through the binary: data.unique_tokens.
. "$(dirname "$0")/shell.sh"

small=(--set 'grid.models=[{"d_model":8,"n_layer":1}]' --set 'grid.tokens=["40k","80k"]' --set 'grid.seeds=[1]'
    --set data.eval_tokens=2k --set fit.bootstrap=0)

# column NAME TABLE: of its rows.
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }' "$2"
}

# Its runs see the corpus as often as their tokens say; without a corpus there is nothing to count. At its default the key
# renames no run.
epochs_are_counted() {
    "$plateau" sweep "$root/configs/tiny.json" --out fresh "${small[@]}" >fresh.txt 2>&1 || fail "fresh: $(tail -n 1 fresh.txt)"
    "$plateau" sweep "$root/configs/tiny.json" --out again "${small[@]}" --set data.unique_tokens=20k >again.txt 2>&1 ||
        fail "again: $(tail -n 1 again.txt)"
    "$plateau" sweep "$root/configs/tiny.json" --out fresh "${small[@]}" --set data.unique_tokens=0 >same.txt 2>&1 ||
        fail "the default: $(tail -n 1 same.txt)"
    [ "$(wc -l <fresh/results.csv)" = 3 ] || fail "the default renames runs"
    [ -z "$(column epochs fresh/results.csv | tr -d '\n')" ] || fail "epochs of a language without end"
    column epochs again/results.csv | awk '$1 < 1.8 || $1 > 4.2 { exit 1 } END { exit NR != 2 }' || fail "epochs: $(column epochs again/results.csv)"
    [ "$(column data_fingerprint fresh/results.csv | head -n 1)" != "$(column data_fingerprint again/results.csv | head -n 1)" ] ||
        fail "the corpus has the language's fingerprint"
    [ "$(column loss fresh/results.csv | tail -n 1)" != "$(column loss again/results.csv | tail -n 1)" ] || fail "the same losses"
}

more_than_there_is() {
    printf 'hello world %s\n' {1..200} >corpus.txt
    local code=0
    "$plateau" sweep "$root/configs/tiny.json" --out never --set data.source=text --set 'data.files=["corpus.txt"]' \
        --set data.unique_tokens=1M >refused.txt 2>&1 || code=$?
    [ "$code" = 2 ] || fail "exit code $code"
    grep -q 'data.unique_tokens=1000000: the training text has only' refused.txt || fail "$(cat refused.txt)"
    [ ! -e never ] || fail "a folder was made"
}

for t in epochs_are_counted more_than_there_is; do
    run_test "$t"
done
finish
