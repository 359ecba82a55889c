#!/usr/bin/env bash
# train.lr as a law and as "auto", beta2 as a half-life, and grid.vary at some cells alone.
. "$(dirname "$0")/shell.sh"
. "$root/tests/cells.sh"

cat >config.json <<'END'
{ "name": "r", "data": { "source": "zipf-facts", "base": 8, "digits": 2, "values": 2, "eval_tokens": 800 },
  "model": { "ctx": 8, "head_size": 4 }, "train": { "batch_tokens": 64, "lr": 0.005, "warmup_tokens": 512 }, "fit": { "bootstrap": 0, "law": "power" },
  "grid": { "models": [ { "d_model": 8, "n_layer": 1 }, { "d_model": 12, "n_layer": 1 }, { "d_model": 16, "n_layer": 1 } ],
            "tokens": ["6k", "12k"] } }
END

# refused KEY=VALUE 'WORDS': exit code 2, the reason on one line, and nothing written.
refused() {
    sweep none --set "$1" "${@:3}"
    [ "$code" = 2 ] && grep -qF -- "$2" err && [ "$(wc -l <err)" = 1 ] || fail "$1: code $code, $(cat err)"
    [ ! -e none ] || fail "$1 left a folder"
}

errors_name_the_key() {
    refused 'train.lr={"a":1}' "train.lr: unknown key 'a' (known: lr, params,"
    refused 'train.lr={"params_exponent":-0.2}' 'train.lr: a law needs lr'
    refused 'train.lr={"lr":0.1,"tokens_exponent":11}' 'train.lr: tokens_exponent=11 is out of range: -10 to 10'
    refused 'train.lr={"lr":"x"}' "train.lr: lr: 'x' is not a number"
    refused 'train.lr=[1]' 'train.lr: expected a number, "auto", or {lr, params,'
    refused 'train.lr=automatic' "train.lr: 'automatic' is not a number"
    refused 'train.lr=11' 'train.lr=11 is out of range: 0 to 10'
    refused 'train.lr={"lr":11}' 'train.lr: the law says 11 at '
    refused 'train.beta2_tokens=3k' 'train.beta2 and train.beta2_tokens: give one of them' --set train.beta2=0.9
    refused 'train.beta2_tokens=3k' 'train.beta2_tokens: train.optimizer sgd has no beta2' --set train.optimizer=sgd
    refused 'grid.vary_at=middle' "grid.vary_at: 'middle' is none of all|corners|smallest|largest"
    refused 'search.keys={"train.cooldown":[0.2,0.4]}' 'search.keys is for train.lr auto'
    refused 'search.keys={"train.lr":[0.1,0.2]}' 'search.keys: train.lr is searched in any case' --set train.lr=auto
    refused 'grid.vary={"model.mlp":["gelu","swiglu"]}' 'train.lr auto: one search finds one law, and grid.vary has model.mlp' --set train.lr=auto
    refused 'search.share=-1' 'search.share=-1 is out of range'
}

# Each run has the rate that the law says; the table tells it, and the config as it was asked for is kept.
law_sets_each_rate() {
    sweep law --set 'train.lr={"lr":0.01,"params":1000,"params_exponent":-0.5,"tokens":"6k","tokens_exponent":0.25}'
    [ "$code" = 0 ] || fail "code $code: $(tail -n 2 err)"
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { want = .01 * ($at["params"] / 1000) ^ -.5 * ($at["tokens"] / 6000) ^ .25; is = $at["lr"]
          if (!(is > want * .9994 && is < want * 1.0006)) print "is", is, "want", want; n++ } END { print n }' law/results.csv >found
    [ "$(cat found)" = 6 ] || fail "rates: $(cat found)"
    tr -d ' \n\t' <law/sweep.json | grep -q '"lr":{"lr":0.01,"params":1000,"params_exponent":-0.5,"tokens":6000,"tokens_exponent":0.25}' ||
        fail 'sweep.json has another law'
    # rates of four digits: a name does not hang on the last bit
    ! cut -d, -f16 law/results.csv | grep -q '\.[0-9]\{9,12\}$' || fail "rates: $(cut -d, -f16 law/results.csv | tr '\n' ' ')"
    # a fit does not take the rates of a law for runs that differ
    "$plateau" fit law >out 2>&1 # six runs are too few for one, and what is odd about them is told at that
    grep -q 'too few for a law of both' out && ! grep -q 'differ in their' out || fail "fit: $(cat out)"
    # one run of that rate is the same run
    local run rate
    run=$(basename law/d12-l1-t12k-s1-*) rate=$(column law d12-l1-t12k lr)
    sweep number --set 'grid.models=[{"d_model":12,"n_layer":1}]' --set 'grid.tokens=["12k"]' --set "train.lr=$(printf '%.4g' "$rate")"
    [ -d "number/$run" ] || fail "of a number it is $(ls -d number/d*), not $run"
    cmp -s "law/$run/checkpoint.bin" "number/$run/checkpoint.bin" || fail 'the law trains another run'
    # in size alone budgets share their trunk
    sweep trunks --dry-run --set 'train.lr={"lr":0.01,"params":1000,"params_exponent":-0.5}'
    grep -q '^6 runs in 3 trajectories' out || fail "$(grep trajectories out)"
    # a law that says one number for all changes no name
    sweep flat --set 'train.lr={"lr":0.005}' --set 'grid.tokens=["6k"]'
    sweep plain --set 'grid.tokens=["6k"]'
    [ "$(cd flat && echo d*)" = "$(cd plain && echo d*)" ] || fail 'the names are others'
    "$plateau" status law >out || fail 'status'
    grep -q '^6 of 6 runs done' out || fail "status: $(tail -n 1 out)"
}

one_run_takes_a_law() {
    sed 's/"grid": .*/"grid": {}}/; s/"tokens": \[.*//' config.json >one.json
    "$plateau" train one.json --out one --set model.d_model=8 --set model.n_layer=1 --set train.tokens=3k --set 'train.lr={"lr":0.01,"tokens":3000,"tokens_exponent":1}' \
        >out 2>err || fail "code $?: $(cat err)"
    [ "$(column one d8 lr)" = 0.010030000000000001 ] || fail "lr $(column one d8 lr)"
    code=0
    "$plateau" train one.json --out none --set model.d_model=8 --set model.n_layer=1 --set train.tokens=3k --set train.lr=auto >out 2>err || code=$?
    [ "$code" = 2 ] && grep -q 'train.lr auto is for a sweep' err && [ ! -e none ] || fail "auto: code $code, $(cat err)"
}

# 2^(-64/64) = 1/2, 2^(-64/32) = 1/4
beta2_is_a_half_life() {
    local log
    for log in 'half train.beta2_tokens=64' 'half_number train.beta2=0.5' 'quarter train.beta2_tokens=32' 'fourth train.beta2=0.25'; do
        sweep "${log% *}" --set 'grid.tokens=["6k"]' --set "${log#* }"
        [ "$code" = 0 ] || fail "$log: $(tail -n 2 err)"
    done
    losses() { column "$1" d loss | tr '\n' ' '; }
    [ "$(losses half)" = "$(losses half_number)" ] && [ "$(losses quarter)" = "$(losses fourth)" ] || fail 'a half-life is another beta2'
    [ "$(losses half)" != "$(losses quarter)" ] || fail 'half-lives are all one'
    # the same at another batch
    sweep tokens2 --set 'grid.tokens=["6k"]' --set train.beta2_tokens=64 --set train.batch_tokens=128
    sweep number2 --set 'grid.tokens=["6k"]' --set train.beta2=0.25 --set train.batch_tokens=128
    [ "$(losses tokens2)" = "$(losses number2)" ] || fail 'a half-life does not follow the batch'
}

varies_at_places() {
    # cells AT WANT...: runs of the dry run, each by name and rate
    cells() {
        sweep none --dry-run --set 'grid.vary={"train.lr":[0.004,0.008]}' --set "grid.vary_at=$1"
        [ "$code" = 0 ] || fail "$1: $(cat err)"
        [ "$(sed -n 's/^\(d[^ ]*\) *lr=\([^ ]*\) .*/\1=\2/p' out | sort | tr '\n' ' ')" = "$(printf '%s\n' "${@:2}" | sort | tr '\n' ' ')" ] || fail "$1: $(cat out)"
    }
    local own=(d12-l1-t6.02k-s1=0.005 d12-l1-t12k-s1=0.005) small=(d8-l1-t6.02k-s1) large=(d16-l1-t12k-s1)
    cells corners "${own[@]}" {d8,d16}-l1-{t6.02k,t12k}-s1={0.004,0.008}
    cells smallest "${own[@]}" "${small[@]/%/=0.004}" "${small[@]/%/=0.008}" d8-l1-t12k-s1=0.005 d16-l1-{t6.02k,t12k}-s1=0.005
    cells largest "${own[@]}" "${large[@]/%/=0.004}" "${large[@]/%/=0.008}" d16-l1-t6.02k-s1=0.005 d8-l1-{t6.02k,t12k}-s1=0.005
    cells all {d8,d12,d16}-l1-{t6.02k,t12k}-s1={0.004,0.008}
}

for t in errors_name_the_key law_sets_each_rate one_run_takes_a_law beta2_is_a_half_life varies_at_places; do
    run_test "$t"
done
finish
