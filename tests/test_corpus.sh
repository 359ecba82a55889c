#!/usr/bin/env bash
# A corpus through the binary: one that repeats (data.unique_tokens), and which tenth of it is held out (data.heldout).
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

# text DIR CODE [WORDS...]: a sweep over words.txt.
text() {
    local dir=$1 want=$2 code=0
    shift 2
    [ -e words.txt ] || awk 'BEGIN { for (i = 0; i < 9000; i++) print "line", i, "of", i % 97, "words" }' >words.txt
    "$plateau" sweep "$root/configs/tiny.json" --out "$dir" "${small[@]}" --set data.source=text \
        --set 'data.files=["words.txt"]' "$@" >"$dir.txt" 2>&1 || code=$?
    [ "$code" = "$want" ] || fail "$dir: exit code $code: $(tail -n 2 "$dir.txt")"
}

# older DIR: as versions wrote it that had no such key.
older() {
    find "$1" \( -name sweep.json -o -name config.json \) | while read -r file; do
        edit '/"heldout":/d' "$file"
        unseal "$file"
    done
    ! grep -rq '"heldout"' "$1"/sweep.json "$1"/d*/config.json || fail "the key is still in $1"
}

# New sweeps spread it; names, data and losses are others than those of the tail.
heldout_is_spread() {
    text spread 0
    text said 0 --set data.heldout=spread
    text tail 0 --set data.heldout=tail
    grep -q '"heldout":.*"spread"' spread/sweep.json || fail "not the default"
    [ "$(column run spread/results.csv)" = "$(column run said/results.csv)" ] || fail "the default's word renames runs"
    local c
    for c in run trunk loss data_fingerprint; do
        [ -z "$(comm -12 <(column $c spread/results.csv | sort -u) <(column $c tail/results.csv | sort -u))" ] || fail "the same $c"
    done
    # as the version before the key named them
    [ "$(column run tail/results.csv | tr '\n' ' ')" = "d8-l1-t39.9k-s1-b5bd0577 d8-l1-t79.9k-s1-a1e344c7 " ] || fail "renamed: $(ls tail)"
    "$plateau" fit spread tail >both.txt 2>&1 && fail "one fit of both"
    grep -q 'data.heldout' both.txt || fail "$(cat both.txt)"
}

# A folder without the key goes on with the tail, whatever the default, with the bytes that it has; what says otherwise is
# refused by the key's name.
heldout_of_old_folders() {
    local before
    [ -d tail ] || text tail 0 --set data.heldout=tail
    cp -R tail old
    older old
    before=$(cksum old/d*/*)
    text old 0 --set 'grid.tokens=["40k","80k","120k"]'
    grep -q '2 were done before' old.txt || fail "runs are not found again: $(cat old.txt)"
    [ "$before" = "$(cksum $(echo "$before" | cut -d ' ' -f 3))" ] || fail "bytes of finished runs changed"
    [ "$(column data_fingerprint old/results.csv | sort -u | wc -l)" = 1 ] || fail "a mixture"
    "$plateau" status old >status.txt || fail "status: $?"
    grep -q '3 of 3 runs done' status.txt || fail "$(tail -n 1 status.txt)"
    cp -R tail other
    older other
    text other 2 --set data.heldout=spread --set 'grid.tokens=["120k"]'
    grep -q 'data.heldout was tail then, it is spread now' other.txt || fail "$(cat other.txt)"
    [ "$(ls -d other/d* | wc -l)" = 2 ] || fail "runs were added"
    # the config of a run, and of a sweep that is not there any more
    cp -R tail alone
    older alone
    rm -f alone/sweep.json
    local run=$(echo alone/d*-t79.9k-*)
    "$plateau" train "$run/config.json" --out once >once.txt 2>&1 || fail "train: $(tail -n 1 once.txt)"
    [ -d "once/${run#alone/}" ] || fail "another run: $(ls once)"
    [ "$(column loss once/results.csv)" = "$(column loss tail/results.csv | tail -n 1)" ] || fail "another loss"
    # a folder of a language takes no part in it
    "$plateau" sweep "$root/configs/tiny.json" --out language "${small[@]}" >language.txt 2>&1
    older language
    "$plateau" sweep "$root/configs/tiny.json" --out language "${small[@]}" --set data.heldout=tail >language.txt 2>&1 ||
        fail "$(tail -n 1 language.txt)"
    grep -q 'nothing to train' language.txt || fail "a language's runs hang on it: $(cat language.txt)"
}

# baseline FILE: the line of a sweep's end, and what follows it of the sentence.
baseline() {
    grep -A 1 '^ *Baseline' "$1"
}

# What status, plan and a sweep's end need to know of a text stands in sweep.json: it is not read again, and need not be there.
# Where an earlier version did not write it, it is.
text_is_told() {
    local code=0
    [ -d spread ] || text spread 0
    [ "$(sed -n 's/.*"data_vocab":[^0-9]*\([0-9]*\),*$/\1/p' spread/sweep.json)" = 256 ] || fail "vocabulary: $(grep data_ spread/sweep.json)"
    "$plateau" status spread >told.txt || fail "status: $?"
    cp -R spread untold
    edit '/"data_vocab":/d' untold/sweep.json
    edit '/"data_train_tokens":/d' untold/sweep.json
    edit '/"data_baseline":/d' untold/sweep.json
    unseal untold/sweep.json
    rm untold/fit.json spread/fit.json
    cmp -s told.txt <("$plateau" status untold) || fail "status of an earlier version's folder is another"
    text untold 0
    baseline untold.txt >untold.line || fail "no baseline: $(cat untold.txt)"
    grep -q '"data_baseline"' untold/sweep.json && fail "the record was written again"
    edit 's/"data_baseline":.*,/"data_baseline": 1.25,/' spread/sweep.json
    unseal spread/sweep.json
    text spread 0
    baseline spread.txt | grep -q 'reaches 1.2500 nats' || fail "the text was read again: $(baseline spread.txt)"
    mv words.txt gone.txt
    cmp -s told.txt <("$plateau" status spread) || fail "status without the text is another"
    "$plateau" status untold >untold.txt 2>&1 || code=$?
    mv gone.txt words.txt
    [ "$code" = 2 ] || fail "exit code $code: nothing tells of the text"
    grep -q words.txt untold.txt || fail "$(cat untold.txt)"
    # told or read, it is the same
    rm -rf spread/fit.json spread/sweep.json
    text spread 0
    baseline spread.txt | cmp -s - untold.line || fail "the baseline told: $(baseline spread.txt), read: $(cat untold.line)"
}

for t in epochs_are_counted more_than_there_is text_is_told heldout_is_spread heldout_of_old_folders; do
    run_test "$t"
done
finish
