#!/usr/bin/env bash
# Tables as people keep them, through the command: what is fitted, what is said, what is refused.
. "$(dirname "$0")/shell.sh"

# table NAME HEADER [SED]: nine rows of params,tokens,loss, each line through a sed script.
table() {
    {
        echo "$2"
        printf '%s\n' 1e6,2e7,4.21 1e6,8e7,3.72 1e6,3.2e8,3.44 4e6,2e7,4.02 4e6,8e7,3.46 4e6,3.2e8,3.12 \
            16e6,2e7,3.93 16e6,8e7,3.33 16e6,3.2e8,2.95 | sed -E "${3:-}"
    } >"$1"
}

fits() { # fits ARGS...: the law of the nine rows, whatever form they have; the output is in out
    "$plateau" fit "$@" --law chinchilla --bootstrap 0 >out 2>&1 || fail "$*: exit code $?: $(tail -1 out)"
    grep -q '^  E  *2\.32806 ' out || fail "$*: E is $(grep '^  E ' out)"
}

says() { # the output, its line breaks aside
    tr -s ' \n' ' ' <out | grep -qF -- "$1" || fail "the output does not say '$1'"
}

refused() { # refused TEXT ARGS...: exit code 2, one line with TEXT, nothing on stdout
    local text=$1 code=0
    shift
    "$plateau" fit "$@" >stdout 2>out || code=$?
    [ "$code" = 2 ] || fail "fit $*: exit code $code, wanted 2"
    [ ! -s stdout ] || fail "fit $*: printed on stdout"
    says "$text"
}

forms() {
    table t.csv params,tokens,loss,status 's/$/,FINISHED/'
    fits t.csv
    table t.csv params,tokens,L,loss 's/,([^,]*)$/,12,\1/'
    fits t.csv
    says "L stands beside it"
    table t.csv params,tokens,loss,val_loss 's/,([^,]*)$/,3.1,\1/'
    fits t.csv
    says "taken from val_loss (column 4"
    table t.csv 'N (non-emb),D (tokens),Val Loss'
    fits t.csv
    table t.csv 'params;tokens;loss' 's/[.]/_/g; s/,/;/g; s/_/,/g'
    fits t.csv
    table t.csv "$(printf 'params\ttokens\tloss')" "s/,/$(printf '\t')/g"
    fits t.csv
    table t.csv '|params|tokens|loss|' 's/,/ | /g; s/^/| /; s/$/ |/'
    fits t.csv
    table t.csv params,tokens,loss 's/e6/M/; s/2e7/20M/; s/8e7/80M/; s/3.2e8/320M/'
    fits t.csv
    table head '' 's/^(.*),(.*),(.*)$/{"m":{"n_params":\1},"train":{"tokens":\2},"curve":[1,2],"val_loss":\3}/'
    sed 1d head >t.jsonl
    fits t.jsonl
    { echo '['; sed '1d; s/$/,/; $s/,$//' head; echo ']'; } >t.json
    fits t.json
    mkdir -p runs
    sed 1d head | { n=0; while read -r line; do n=$((n + 1)); echo "$line" >"runs/$n.json"; done; }
    fits runs
    fits runs/*.json
}

named() {
    table t.csv weights,seen,score
    refused "no column for the loss" t.csv
    fits t.csv --column loss=score --column params=weights --column tokens=seen
    fits t.csv --y score --column params=weights --column tokens=seen
    table t.csv 'params,tokens,Quality' 's/^([^,]*)e6/\1/'
    fits t.csv --y Quality --scale params=1e6
    refused "did you mean Quality?" t.csv --y Quolity
    refused "no role 'tokes'" t.csv --column tokes=tokens
    refused "--scale tokens=x" t.csv --scale tokens=x
    refused "expected log, raw or log1p" t.csv --scale cubic
    table t.csv params,tokens,loss
    "$plateau" fit t.csv --law chinchilla --bootstrap 0 --scale raw >out || fail "--scale raw: exit code $?"
}

nothing_to_fit() {
    table t.csv params,tokens,loss,status 's/$/,done/'
    refused "no row has params=5 (nearest: 1e6)" t.csv --where params=5
    refused "no row has tokens>1B (nearest: 3.2e8)" t.csv --where params=1M --where 'tokens>1B'
    refused "no row matches --where params=1M and loss<3" t.csv --where params=1M --where 'loss<3'
    table t.csv params,tokens,loss,status 's/$/,splendid/'
    refused "t.csv:2:14: column status: 'splendid' is no status" t.csv
    table t.csv params,tokens,loss,status 's/$/,crashed/'
    refused "needs at least 5" t.csv
    table t.csv params,tokens,loss 's/,[^,]*$/,/'
    refused "needs at least 5" t.csv
    printf 'params,tokens,loss\n' >t.csv
    refused "needs at least 5" t.csv
}

what_stands_there() {
    table t.csv params,tokens,loss,compute 's/^(.*)$/\1,X/'
    awk -F, 'NR == 1 { print; next } { printf "%s,%s,%s,%.6g\n", $1, $2, $3, 6 * $1 * $2 / 8.64e19 }' t.csv >pf.csv
    fits pf.csv
    says "PF-days"
    grep -q 'C = 0[.]000' out && fail "compute in PF-days is called FLOPs"
    table t.csv params,tokens,loss '4s/,[^,]*$/,/'
    "$plateau" fit t.csv --law chinchilla --bootstrap 0 >out || fail "a blank loss: exit code $?"
    says "1 row without a loss is left out (line 5)"
    { echo params,tokens,lr,loss; for n in 1e6 4e6 16e6; do for d in 2e7 8e7 3e8; do for lr in 1 2 3; do
        echo "$n $d $lr" | awk '{ printf "%s,%s,%s,%.5f\n", $1, $2, $3, 1.7 + 400 / $1 ^ .34 + 400 / $2 ^ .28 + .1 * ($3 - 2) ^ 2 }'
    done; done; done; } >t.csv
    "$plateau" fit t.csv --law chinchilla --bootstrap 0 >out || fail "settings: exit code $?"
    says "--best"
    "$plateau" fit t.csv --law chinchilla --bootstrap 0 --best >out || fail "--best: exit code $?"
    says "9 runs"
    grep -q '^  E  *1\.7 \|^  E  *1\.\(69\|70\)' out || fail "--best: $(grep '^  E ' out)"
}

# The unit that the column's name tells is the one that is spoken.
units() {
    table t.csv params,tokens,val_bpb
    fits t.csv
    says "at 2.328 bits per byte, but"
    grep -q nats out && fail "nats: $(grep nats out)"
    table t.csv params,tokens,score
    "$plateau" fit t.csv --column loss=score --law chinchilla --bootstrap 0 >out || fail "score: exit code $?"
    says "at 2.328, but"
    table t.csv params,tokens,loss
    fits t.csv
    says "at 2.328 nats, but"
}

# Tables stay within 60 columns, and text within the terminal.
narrow() {
    local args
    for args in "" --profile "--where params=2100000 --x tokens"; do
        # shellcheck disable=SC2086
        COLUMNS=60 "$plateau" fit "$root/docs/example-runs.csv" --bootstrap 20 $args >out 2>&1 || fail "$args: $(tail -1 out)"
        awk 'length($0) > 60 { print "wider than 60: " $0; exit 1 }' out >wide || fail "$args: $(cat wide)"
    done
    COLUMNS=60 "$plateau" plan "$root/docs/example-runs.csv" --flops 1e21 >out || fail "plan: exit code $?"
    awk 'length($0) > 60 { print "wider than 60: " $0; exit 1 }' out >wide || fail "plan: $(cat wide)"
}

zero_bytes() {
    printf 'params,tokens,loss\n1,"2\0junk",3\n' >t.csv
    refused "t.csv:2" t.csv
    printf '[{"params":1,"tokens":2,"loss":3}]\0{' >t.json
    refused "zero byte" t.json
    printf '[{"params":1,"tokens":2,"loss":true}]' >t.json
    refused "'true' is not a number" t.json
}

# Losses of a power law, off by 1 % to one side and the other: that is the typical error, and the held-out one.
fit_in_numbers() {
    awk 'BEGIN { print "x,loss"; for (i = 0; i < 24; i++) { x = 1000 * 1.5 ^ i; s = i % 4 == 0 || i % 4 == 3 ? 1 : -1
        printf "%.6g,%.9g\n", x, 5 * x ^ -0.1 * exp(0.01 * s) } }' >t.csv
    "$plateau" fit t.csv --x x --law power --objective lsq --bootstrap 0 >out || fail "exit code $?: $(tail -1 out)"
    tr -s ' \n' ' ' <out | awk '{ for (i = 1; i < NF; i++) { if ($i == "error" && $(i - 1) == "typical") a = $(i + 1); if ($i == "out:") b = $(i + 1) } }
        END { exit !(a > 0.9 && a < 1.1 && b > 0.8 && b < 1.6) }' || fail "not about 1 %: $(grep typical out)"
}

# Pairs of seeds 0.02 apart: one run moves by 0.01 sqrt 2. A new run's interval is that of the curve and 1.96 times that.
plan_in_numbers() {
    awk 'BEGIN { print "params,tokens,seed,loss"; for (i = 0; i < 6; i++) for (j = 0; j < 6; j++) for (s = 0; s < 2; s++) {
        n = 1e6 * 4 ^ i; d = 2e7 * 4 ^ j
        printf "%.9g,%.9g,%d,%.9g\n", n, d, s, 1.7 + 400 / n ^ .34 + 410 / d ^ .28 + (s ? .01 : -.01) } }' >t.csv
    "$plateau" plan t.csv --law chinchilla --bootstrap 60 --flops 1.258291e22 --json - >out || fail "exit code $?"
    # the largest run has 6 x 1.024e9 x 2.048e10 = 1.2582912e20 flops
    tr -s '][:,{}" ' ' ' <out | awk '$1 == "loss" { v = $3; lo = $5; hi = $6 } $1 == "loss_curve" { l = $5; c = $6 } $1 == "times_largest_budget" { t = $2 }
        function near(a, b, by) { return a > b - by && a < b + by }
        END { noise = 1.959964 * 0.01 * sqrt(2)
            exit !(near(hi - v, sqrt((c - v) ^ 2 + noise ^ 2), 1e-3) && near(v - lo, sqrt((v - l) ^ 2 + noise ^ 2), 1e-3) &&
                near(t, 100, 0.01)) }' || fail "not what the noise says: $(cat out)"
}

for t in forms named nothing_to_fit what_stands_there units narrow zero_bytes fit_in_numbers plan_in_numbers; do
    run_test "$t"
done
finish
