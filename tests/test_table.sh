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
    table t.csv 'params,tokens,val_ppl' "$(awk 'BEGIN { for (l = 2; l < 6; l += .01) printf "s/,%.2f$/,%.9g/;", l, exp(l) }')"
    fits t.csv --y perplexity
    says "as its logarithm in nats"
    refused "no column 'bpb'" t.csv --y bpb
    table t.csv 'L,N,val_bpc' 's/^([^,]*),[^,]*/12,\1/'
    "$plateau" fit t.csv --x params --law power --bootstrap 0 >out 2>&1 || fail "--x params of a column N: $(tail -1 out)"
    says "column 2 'N': x"
    refused "no column 'loss'" t.csv --x params --y loss # L counts layers here
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
    refused "t.csv:2: column loss is blank" t.csv
    refused "needs at least 5" t.csv --drop-missing
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
    refused "t.csv:5: column loss is blank" t.csv
    "$plateau" fit t.csv --law chinchilla --bootstrap 0 --drop-missing >out 2>/dev/null || fail "a blank loss: exit code $?"
    says "1 row without a loss is left out (line 5)"
    for word in inf Infinity; do # a run that diverged
        table t.csv params,tokens,loss "4s/,[^,]*$/,$word/"
        refused "t.csv:5: column loss: '$word' is not a number: --drop-missing" t.csv
        "$plateau" fit t.csv --law chinchilla --bootstrap 0 --drop-missing >out 2>/dev/null || fail "a loss of $word: exit code $?"
        says "1 row without a loss is left out (line 5)"
    done
    table t.csv params,tokens,loss ''
    edit '1s/loss/cross entropy (base 2)/' t.csv
    "$plateau" fit t.csv --law chinchilla --bootstrap 0 2>&1 >/dev/null | grep -q "(base 2)': loss, in bits" || fail "entropy to base 2 is not in bits"
    table t.csv params,tokens,loss 's/^[^,]*,/x,/'
    edit '1s/.*/what,tokens,loss/' t.csv
    refused "--column params=NAME, or the variable of a one-variable law with --x COLUMN (the columns are: what, tokens, loss)" t.csv
    { echo params,tokens,lr,loss; for n in 1e6 4e6 16e6; do for d in 2e7 8e7 3e8; do for lr in 1 2 3; do
        echo "$n $d $lr" | awk '{ printf "%s,%s,%s,%.5f\n", $1, $2, $3, 1.7 + 400 / $1 ^ .34 + 400 / $2 ^ .28 + .1 * ($3 - 2) ^ 2 }'
    done; done; done; } >t.csv
    "$plateau" fit t.csv --law chinchilla --bootstrap 0 >out || fail "rates: exit code $?"
    says "of 27 rows 18 are set aside: at 9 of 9 sizes and budgets several values of lr were tried"
    says "9 runs"
    grep -q '^  E  *1\.7 \|^  E  *1\.\(69\|70\)' out || fail "rates: $(grep '^  E ' out)"
    "$plateau" fit t.csv --law chinchilla --bootstrap 0 --where lr=3 >out || fail "one rate: exit code $?"
    says "9 runs"
    grep -q 'set aside' out && fail "of one rate some are set aside"
    edit 1s/lr/variant/ t.csv
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

# Pairs of seeds 0.02 apart: one run moves by 0.01 sqrt 2. In the midst of the runs a new run's interval is that of the
# curve and 2.0281 times that, Student's t of 36 pairs; far beyond them no narrower.
new_runs_in_numbers() {
    awk 'BEGIN { print "params,tokens,seed,loss"; for (i = 0; i < 6; i++) for (j = 0; j < 6; j++) for (s = 0; s < 2; s++) {
        n = 1e6 * 4 ^ i; d = 2e7 * 4 ^ j
        printf "%.9g,%.9g,%d,%.9g\n", n, d, s, 1.7 + 400 / n ^ .34 + 410 / d ^ .28 + (s ? .01 : -.01) } }' >t.csv
    local check='$1 == "loss" { v = $3; lo = $5; hi = $6 } $1 == "loss_curve" { l = $5; c = $6 } $1 == "times_largest_budget" { t = $2 }
        $1 == "flops" { f = $2 } function near(a, b, by) { return a > b - by && a < b + by } '
    "$plateau" predict t.csv --law chinchilla --bootstrap 60 --params 32M --tokens 640M --json - >out || fail "predict: exit code $?"
    tr -s '][:,{}" ' ' ' <out | awk "$check"'END { noise = 2.0281 * 0.01 * sqrt(2)
        noise *= 1.023 # what is clipped off the variances of the cells is made up for
        exit !(near(v, 1.7 + 400 / 32e6 ^ .34 + 410 / 640e6 ^ .28, 0.01) && near(hi - v, sqrt((c - v) ^ 2 + noise ^ 2), 1e-5) &&
            near(v - lo, sqrt((v - l) ^ 2 + noise ^ 2), 1e-5)) }' || fail "predict: not what the noise says: $(cat out)"
    # the largest run has 6 x 1.024e9 x 2.048e10 = 1.2582912e20 flops
    "$plateau" plan t.csv --law chinchilla --bootstrap 60 --flops 100x --json - >out || fail "plan: exit code $?"
    tr -s '][:,{}" ' ' ' <out | awk "$check"'END { noise = 2.0281 * 0.01 * sqrt(2)
        exit !(hi - v > sqrt((c - v) ^ 2 + noise ^ 2) - 1e-5 && v - lo > sqrt((v - l) ^ 2 + noise ^ 2) - 1e-5 && hi - v < 4 * noise &&
            near(t, 100, 1e-9) && near(f, 1.2582912e22, 1e16)) }' || fail "plan: not what the noise says: $(cat out)"
    "$plateau" plan t.csv --law chinchilla --bootstrap 60 --flops 1.2582912e22 --json - | sed 's/[0-9]\{4\}\([],]\)/\1/' >same
    sed 's/[0-9]\{4\}\([],]\)/\1/' out | diff - same >differ || fail "100x is not 1.2582912e22: $(cat differ)"
    "$plateau" plan t.csv --law chinchilla --bootstrap 20 --flops 0.5x --json - | grep -q '"times_largest_budget": 0.5,' || fail "0.5x"
}

# 24 runs named r1 to r24, off their law by up to half a percent.
grid24() {
    awk 'BEGIN { print "run,params,tokens,loss"; for (j = 0; j < 6; j++) for (i = 0; i < 4; i++) { k++; n = 1e6 * 4 ^ i; d = 2e7 * 3 ^ j
        printf "r%d,%.9g,%.9g,%.4f\n", k, n, d, (1.7 + 400 / n ^ .34 + 410 / d ^ .28) * (1 + .005 * sin(37 * k)) } }'
}

# Options of predict and plan that make no sense, and laws that need others.
new_runs_refused() {
    local words
    table t.csv params,tokens,loss
    while read -r words; do
        # shellcheck disable=SC2086
        "$plateau" $words >stdout 2>out
        [ $? = 2 ] && [ ! -s stdout ] && [ "$(wc -l <out)" = 1 ] || fail "$words: not refused with one line: $(cat stdout out)"
    done <<END
predict t.csv
predict t.csv --params 1e6
predict t.csv --tokens 1e6
predict t.csv --params 0 --tokens 1e6
predict t.csv --params 1e6 --tokens -3
predict t.csv --params x --tokens 1e6
predict t.csv --params 1e6 --tokens 1e6 --at 3
predict t.csv --params 1e6 --tokens 1e6 --unique 2e6
predict t.csv --params 1e6 --tokens 1e6 --jobs 0
predict t.csv --at 3 --bootstrap 0
predict t.csv --x tokens --params 1e6 --tokens 1e6 --where params=1e6 --bootstrap 0
predict t.csv --params 1e6 --tokens 1e6 --json t.csv
predict nowhere.csv --params 1e6 --tokens 1e6
plan t.csv --flops 10y
plan t.csv --flops x
plan t.csv --flops 0x
plan t.csv --flops -1x
plan t.csv --flops 10xx
plan t.csv --flops 1e15 --loss 3
END
    "$plateau" predict t.csv --at 3 --bootstrap 0 2>out
    says "give --params and --tokens"
    awk 'BEGIN { print "x,loss"; for (x = 1; x < 300; x *= 1.6) print x "," 2 + 3 / x ^ .4 }' >line.csv
    "$plateau" predict line.csv --x x --params 3 --tokens 3 --bootstrap 0 2>out
    says "give --at"
    "$plateau" predict line.csv --x x --law floor --at 1000 --bootstrap 0 >out || fail "--at: exit code $?"
    says "At x = 1000"
    says "$(awk 'BEGIN { printf "%.4f", 2 + 3 / 1000 ^ .4 }')"
    says "times the largest x of the runs"
}

# What is null has its reason; what the runs do not determine is called so; losses keep the unit.
new_runs_in_words() {
    table t.csv params,tokens,val_bpb
    "$plateau" predict t.csv --law chinchilla --bootstrap 0 --params 1e7 --tokens 1e9 --json - >out || fail "exit code $?"
    for words in '"ci95": [null, null]' '"loss.ci95": "no resamples' '"loss_curve.ci95": "no resamples' '"shape": "a table' '"params.ci95": "it is what'; do
        says "$words"
    done
    grid24 | sed '1s/loss/val_bpb/' >t.csv
    "$plateau" predict t.csv --law chinchilla --bootstrap 40 --params 1e7 --tokens 1e9 >out || fail "exit code $?"
    says "bits per byte, 95 % interval"
    says "for one new run"
    says "no run was repeated with another seed"
    # losses without a trend: any size may be the best one
    awk 'BEGIN { print "params,tokens,loss"; for (i = 0; i < 5; i++) for (j = 0; j < 5; j++)
        printf "%.9g,%.9g,%.9g\n", 1e6 * 3 ^ i, 2e7 * 3 ^ j, 2.5 + .4 / (2 + j) + .02 * sin(37 * (5 * i + j)) }' >flat.csv
    "$plateau" plan flat.csv --bootstrap 60 --flops 10x --json - >out || fail "exit code $?"
    says '"params": { "value": null, "ci95": [null, null] }'
    says '"params": "the runs do not determine it'
    says '"tokens": "the runs do not determine it'
    "$plateau" plan flat.csv --bootstrap 60 --flops 10x >out || fail "exit code $?"
    says "best N and D not determined"
    grep -qE '[0-9]e-[0-9][0-9]' out && fail "a number that is none: $(cat out)"
    return 0
}

# Runs that were held out, one by one: in the text where --holdout is given, in the JSON always.
held_out() {
    local n
    grid24 >named.csv
    COLUMNS=60 "$plateau" fit named.csv --law chinchilla --bootstrap 0 --holdout .3 >out 2>&1 || fail "exit code $?"
    cp out text
    awk 'length($0) > 60 { print "wider than 60: " $0; exit 1 }' out >wide || fail "$(cat wide)"
    says "Held out from law chinchilla"
    says "at the best sizes)"
    n=$(grep -cE '^  r[0-9]+ .*%' text)
    [ "$n" -ge 7 ] && [ "$n" -le 9 ] || fail "not a third of the runs: $(grep -A9 'Held out' text)"
    grep -qE "^  r24 +$(sed -n 's/^r24,.*,//p' named.csv) +[0-9]\.[0-9]{4} +[-+][0-9.]+ % \*$" text || fail "run r24: $(grep '^  r' text)"
    "$plateau" fit named.csv --law chinchilla --bootstrap 0 >out
    grep -q 'Held out from' out && fail "listed unasked"
    "$plateau" fit named.csv --law chinchilla --bootstrap 0 --holdout .3 --json - >out
    [ "$(grep -c '"predicted"' out)" = "$n" ] || fail "other runs in the JSON"
    tr -s '\t\n"' ' ' <out >flat
    grep -qE "run : r24 , loss : $(sed -n 's/^r24,.*,//p' named.csv | sed 's/0*$//')[0-9]*, predicted : [0-9.]+, best : true" flat || fail "r24 is not in the JSON"
    # both errors follow from the list
    tr ',' '\n' <flat | sed 's/[]["{} ]//g' | awk -F: -v want="$n" '$1 == "loss" { l = $2 } $1 ~ /predicted$/ { p = $2 }
        $1 == "best" && p { e = log(p / l); p = 0; s += e * e; n++; if ($2 == "true") { b += e * e; m++ } }
        $1 == "holdout_error" { all = $2 } $1 == "holdout_error_best" { best = $2 } 
        END { a = sqrt(s / n) / all; c = sqrt(b / m) / best; exit !(n == want && a > .9999 && a < 1.0001 && c > .9999 && c < 1.0001) }' ||
        fail "the errors are not those of the list: $(grep -A30 holdout out)"
    "$plateau" fit named.csv --law chinchilla --bootstrap 0 --holdout 0 >out
    says "Held out: nothing"
}

# The best size against compute: a power that rises.
rising() {
    awk 'BEGIN { print "C,n_opt"; for (i = 0; i < 8; i++) { c = 1e17 * 4 ^ i; printf "%g,%.10g\n", c, .1 * c ^ .5 } }' >t.csv
    "$plateau" fit t.csv --x C --y n_opt --bootstrap 0 >out 2>&1 || fail "exit code $?: $(tail -1 out)"
    says "k x^g, x = C"
    grep -qE '^  k +0\.1 ' out || grep -qE '^  k +0?\.(10*|09999[0-9]*) ' out || fail "k: $(grep '^  k' out)"
    grep -qE '^  g +0?\.50* ' out || fail "g: $(grep '^  g' out)"
    grep -q '^  E' out && fail "a floor of what rises"
    "$plateau" predict t.csv --x C --y n_opt --bootstrap 0 --at 1e23 >out 2>/dev/null || fail "predict: exit code $?"
    grep -qE "3162[0-9]{7}[.]" out || fail "predict: $(cat out)"
    refused "--law floor falls, but these values rise with C" t.csv --x C --y n_opt --law floor
    # a loss that rises is no law's
    edit 1s/n_opt/loss/ t.csv
    "$plateau" fit t.csv --x C --bootstrap 0 >out 2>&1
    says "the loss does not fall with C here"
}

# What was understood goes to stderr, a line a column; what is printed stays clean.
understood() {
    table t.csv 'N (M),D,Val Loss,train_loss' 's/e6//; s/$/,3/'
    "$plateau" fit t.csv --law chinchilla --bootstrap 0 --json - >json 2>err || fail "exit code $?"
    [ "$(wc -l <err)" = 5 ] && [ "$(head -c 1 json)" = '{' ] || fail "not a line a column: $(cat err)"
    cp err out
    says "column 1 'N (M)': params, times 1e+06"
    says "column 3 'Val Loss': loss, in nats, rather than 'train_loss'"
    "$plateau" plan t.csv --bootstrap 0 --flops 1e18 2>out >/dev/null || fail "plan: exit code $?"
    says "column 2 'D': tokens"
    "$plateau" predict t.csv --bootstrap 0 --params 1e6 --tokens 1e8 2>out >/dev/null || fail "predict: exit code $?"
    says "column 2 'D': tokens"
    "$plateau" chart t.csv --bootstrap 0 --out drawn 2>out >/dev/null || fail "chart: exit code $?"
    says "column 2 'D': tokens"
    cp t.csv u.csv
    "$plateau" compare t.csv u.csv --bootstrap 0 2>out >/dev/null
    says "u.csv: 9 rows, 4 columns, commas between them"
}

for t in rising understood forms named nothing_to_fit what_stands_there units narrow zero_bytes fit_in_numbers new_runs_in_numbers new_runs_refused new_runs_in_words held_out; do
    run_test "$t"
done
finish
