#!/usr/bin/env bash
# Ways of learning as a user meets them: two sources mixed by a weight that may change, and data that come again.
. "$(dirname "$0")/shell.sh"
tiny=$root/configs/tiny.json
one=(--set 'grid.models=[{"d_model":16,"n_layer":1}]' --set train.warmup_tokens=4k)
mix=("${one[@]}" --set data.mix_source=markov-mix --set data.mix_base=16 --set data.mix_digits=2 --set data.mix_walk=6
    --set data.mix_weight=1 --set data.mix_tokens=60k --set data.mix_end_weight=0.25)

# sweep FOLDER SETTING...: from the small config, with whatever follows.
sweep() {
    "$plateau" sweep "$tiny" --out "$1" "${@:2}" >sweep.txt 2>&1
}

# field NAME: of the rows of results.csv on stdin, a line each.
field() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }'
}

digest() {
    (cd "$1" && for f in d*/checkpoint.bin; do echo "$f" && cksum <"$f"; done && field loss <results.csv)
}

# A run of a mixture is one like any other: stopped and gone on with, with more jobs, as a branch of a trunk and alone.
like_any_other() {
    local run
    sweep all "${mix[@]}" --set 'grid.tokens=["20k","120k"]' || { fail "$(tail -n 1 sweep.txt)"; return; }
    timeout -s INT 0.4 "$plateau" sweep "$tiny" --out cut "${mix[@]}" --set 'grid.tokens=["20k","120k"]' --set train.checkpoint_s=0.01 >cut.txt 2>&1
    sweep cut "${mix[@]}" --set 'grid.tokens=["20k","120k"]' --jobs 2 || fail "$(tail -n 1 sweep.txt)"
    [ "$(digest all)" = "$(digest cut)" ] || fail "a stop changed the bytes"
    [ "$(field trunk <all/results.csv | sort -u | wc -l)" = 1 ] || fail "two budgets have two trunks"
    sweep alone "${mix[@]}" --set 'grid.tokens=["20k"]' || fail "$(tail -n 1 sweep.txt)"
    run=$(cd alone && echo d16-*)
    cmp -s "alone/$run/checkpoint.bin" "all/$run/checkpoint.bin" || fail "the branch is not the run trained alone"
    sweep plain "${one[@]}" --set 'grid.tokens=["20k"]'
    [ ! -e "plain/$run" ] || fail "the mixture has the name of the run without"
    "$plateau" status all >status.txt 2>&1 || fail "$(cat status.txt)"
    cp -r all other
    sweep other "${mix[@]}" --set data.mix_weight=0.9 --set 'grid.tokens=["20k","120k"]'
    [ $? = 2 ] || fail "the folder took another mixture"
}

# What is recorded: both names, the first one's floor and held-out loss.
recorded() {
    [ -e all/results.csv ] || { skip "needs like_any_other"; return; }
    [ "$(field data <all/results.csv | sort -u)" = zipf-facts+markov-mix ] || fail "data: $(field data <all/results.csv)"
    [ -z "$(field epochs <all/results.csv | tr -d '\n')" ] || fail "epochs of what has no end"
    [ "$(sed -n 's/.*"floor":[[:space:]]*\([0-9.]*\),\{0,1\}$/\1/p' all/sweep.json)" = \
        "$(sed -n 's/.*"floor":[[:space:]]*\([0-9.]*\),\{0,1\}$/\1/p' plain/sweep.json)" ] || fail "another floor"
    grep -q '"floor"' all/sweep.json || fail "no floor"
    "$plateau" data info --language zipf-facts --set data.base=16 --set data.digits=2 --set data.values=2 "${mix[@]:4}" >info.txt 2>&1 ||
        fail "$(cat info.txt)"
    grep -q 'mixed in: from 100 % of the windows to 25 % over the first 60k tokens' info.txt || fail "$(cat info.txt)"
    grep -q 'data.mix_walk=6' info.txt || fail "no numbers of the second source"
    grep -q 'of data.source alone' info.txt || fail "nothing of the held-out set"
}

# A second text: bits per byte of the first, its passes, and the files of both.
texts() {
    local i
    mkdir more
    for i in $(seq 1 300); do echo "the $i th line of a text that counts from one"; done >first.txt
    for i in $(seq 1 300); do echo "0x$i, 0x$((i * i)), and so on in numbers"; done >more/second.txt
    local set=("${one[@]}" --set data.source=text --set 'data.files=["first.txt"]' --set data.mix_source=text --set 'grid.tokens=["20k"]')
    sweep text "${set[@]}" --set 'data.mix_files=["more"]' --set data.mix_weight=0.25 || { fail "$(tail -n 1 sweep.txt)"; return; }
    awk -v e="$(field epochs <text/results.csv)" -v n="$(wc -c <first.txt)" -v t="$(field tokens <text/results.csv)" \
        'BEGIN { want = 0.75 * t / (n - int(n / 10)); exit !(e > want * 0.999 && e < want * 1.001) }' || fail "epochs: $(field epochs <text/results.csv)"
    [ -n "$(field bpb <text/results.csv)" ] || fail "no bits per byte"
    grep -q 'more/second.txt' text/sweep.json || fail "sweep.json does not name the second text"
    echo "another line" >>more/second.txt
    sweep text "${set[@]}" --set 'data.mix_files=["more"]' --set data.mix_weight=0.25
    [ $? = 2 ] && grep -q 'more/second.txt has changed' sweep.txt || fail "a changed text was taken: $(tail -n 1 sweep.txt)"
    cp first.txt more/again.txt
    sweep leak "${set[@]}" --set 'data.mix_files=["more"]'
    [ $? = 2 ] && grep -q 'held-out part would be trained on' sweep.txt && [ ! -e leak ] || fail "a leak was taken: $(tail -n 1 sweep.txt)"
}

# refused TEXT SETTING...
refused() {
    local text=$1 got s sets=()
    shift
    for s in "$@"; do sets+=(--set "$s"); done
    sweep no "${sets[@]}"
    got=$?
    [ "$got" = 2 ] || fail "exit code $got for $*"
    grep -qF -- "$text" sweep.txt || fail "'$text' is not in: $(cat sweep.txt)"
    [ ! -e no ] || fail "something was written for $*"
}

refusals() {
    refused "data.mix_source unigram has 8 symbols, data.source zipf-facts 17: they must be as many" data.mix_source=unigram
    refused "data.mix_source text has 256 symbols" data.mix_source=text "data.mix_files=[\"$tiny\"]"
    refused "data.mix_weight is of data.mix_source, which is none" data.mix_weight=0.3
    refused "data.mix_walk is of data.mix_source, which is none" data.mix_walk=6
    refused "data.mix_files is of data.mix_source, which is none" 'data.mix_files=["a"]'
    refused "data.mix_files is empty" data.mix_source=text
    refused "data.mix_files is for data.mix_source text and tokens only" data.mix_source=zipf-facts 'data.mix_files=["a"]'
    refused "data.mix_end_weight=0.5 is reached after data.mix_tokens, which is 0" data.mix_source=zipf-facts data.mix_base=16 data.mix_end_weight=0.5
    refused "data.mix_weight=1.5 is out of range" data.mix_source=zipf-facts data.mix_weight=1.5
    refused "the second source, whose keys begin with data.mix_: model.ctx=32" data.mix_source=zipf-facts data.mix_base=16 data.mix_digits=2 data.mix_values=3
    refused "did you mean data.mix_source" data.mix_sorce=text
}

# Folders that differ in how many tokens are distinct make one fit of the law repeat; other data do not.
repeats() {
    local u set=(--set data.eval_tokens=1024 --set 'grid.models=[{"d_model":8,"n_layer":1},{"d_model":16,"n_layer":1},{"d_model":16,"n_layer":2}]'
        --set train.batch_tokens=512 --set 'grid.tokens=["10k","20k","40k"]' --set fit.bootstrap=0)
    for u in 0 3000 9000; do
        sweep "u$u" "${set[@]}" --set "data.unique_tokens=$u" || { fail "$(tail -n 1 sweep.txt)"; return; }
    done
    "$plateau" fit u0 u3000 u9000 --law repeat --bootstrap 0 >fit.txt 2>&1 || fail "$(cat fit.txt)"
    grep -q '^repeat: .*27 runs' fit.txt || fail "$(head -n 3 fit.txt)"
    grep -q 'see their data more than once: law repeat accounts for that' fit.txt || fail "$(cat fit.txt)"
    sweep noisier "${set[@]}" --set data.unique_tokens=3000 --set data.eps=0.1
    "$plateau" fit u0 noisier --law repeat --bootstrap 0 >no.txt 2>&1
    [ $? = 2 ] && grep -q 'differ in data.eps' no.txt || fail "other data in one fit: $(cat no.txt)"
    "$plateau" fit u3000 --law chinchilla --bootstrap 0 >fit.txt 2>&1
    grep -q 'Tokens come again after data.unique_tokens=3000' fit.txt || fail "no word of repeats: $(grep -A3 Theory fit.txt)"
    "$plateau" data info --language zipf-facts --set data.base=16 --set data.digits=2 --set data.unique_tokens=3000 >info.txt 2>&1
    grep -q 'repeats: training has ' info.txt && grep -q 'keeps an excess of about 0\.' info.txt || fail "$(cat info.txt)"
    # a law of known truth, from a table
    awk 'BEGIN {
        E = 1.5; A = 60; B = 200; al = 0.32; be = 0.35; RD = 12; print "params,tokens,unique_tokens,loss"
        for (i = 0; i < 6; i++) for (j = 0; j < 7; j++) for (k = 0; k < 3; k++) {
            N = 1e5 * 2 ^ i; D = 1e6 * 2.5 ^ j; U = D / (k == 0 ? 1 : k == 1 ? 6 : 40)
            r = D / U - 1; d = U * (1 + RD * (1 - exp(-r / RD)))
            G = (al * A / (be * B)) ^ (1 / (al + be)); un = G * (U * G) ^ (be / al)
            n = un < N ? un * (1 + 5 * (1 - exp(-(N / un - 1) / 5))) : N
            printf "%.0f,%.0f,%.0f,%.8f\n", N, D, U, E + A * n ^ -al + B * d ^ -be
        } }' >truth.csv
    "$plateau" fit truth.csv --law repeat --bootstrap 0 --objective lsq >truth.txt 2>&1 || fail "$(cat truth.txt)"
    awk '$1 == "E" { e = $2 } $1 == "RD" { r = $2 } $1 == "beta" { b = $2 } END { exit !(e > 1.49 && e < 1.51 && r > 11.5 && r < 12.5 && b > 0.345 && b < 0.355) }' \
        truth.txt || fail "$(sed -n 1,12p truth.txt)"
}

# Every budget with unique tokens of its own, seen four times: no trunk is shared, and a run is the one with that many unique
# tokens, whatever the jobs and after a stop.
own_epochs() {
    local run i
    local set=("${one[@]}" --set data.epochs=4 --set 'grid.tokens=["20k","60k"]')
    sweep e "${set[@]}" || { fail "$(tail -n 1 sweep.txt)"; return; }
    [ "$(field trunk <e/results.csv | sort -u | wc -l)" = 2 ] || fail "two budgets share a trunk"
    [ "$(field epochs <e/results.csv | sort -u)" = 4 ] || fail "epochs: $(field epochs <e/results.csv)"
    sweep f "${set[@]}" --set data.epochs=0
    [ "$(field loss <e/results.csv)" != "$(field loss <f/results.csv)" ] || fail "repeated data made no difference"
    for i in 1 2; do
        run=$(field run <e/results.csv | sed -n "${i}p")
        i=$(sed -n 's/.*"unique_tokens":[[:space:]]*\([0-9]*\).*/\1/p' "e/$run/config.json" | head -n 1)
        sweep "alone$i" "${one[@]}" --set "data.unique_tokens=$i" --set "grid.tokens=[$(sed -n 's/.*"tokens":[[:space:]]*\([0-9]*\),.*/\1/p' "e/$run/config.json" | head -n 1)]"
        cmp -s "e/$run/checkpoint.bin" "alone$i/$run/checkpoint.bin" || fail "$run is not the run with unique_tokens=$i"
    done
    timeout -s INT 0.3 "$plateau" sweep "$tiny" --out ecut "${set[@]}" --set train.checkpoint_s=0.01 >cut.txt 2>&1
    sweep ecut "${set[@]}" --jobs 2 || fail "$(tail -n 1 sweep.txt)"
    [ "$(digest e)" = "$(digest ecut)" ] || fail "a stop changed the bytes"
    "$plateau" status e >status.txt 2>&1 || fail "$(cat status.txt)"
    refused "data.epochs=4 and data.unique_tokens=3000: the one follows each run's budget" data.epochs=4 data.unique_tokens=3000
    refused "data.epochs=0.5: expected 1 or more, or 0" data.epochs=0.5
    for i in $(seq 1 300); do echo "the $i th line of a text that counts from one"; done >count.txt
    refused "data.epochs=2: a run of " data.epochs=2 data.source=text 'data.files=["count.txt"]' 'grid.tokens=["200k"]'
}

run_test like_any_other
run_test own_epochs
run_test recorded
run_test texts
run_test refusals
run_test repeats
finish
