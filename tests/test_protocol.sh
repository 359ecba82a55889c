#!/usr/bin/env bash
# What a sweep says of its protocol before it trains and in the verdict, and seeds at its corners alone.
. "$(dirname "$0")/shell.sh"

three=(--set 'grid.models=[{"d_model":16,"n_layer":1},{"d_model":8,"n_layer":1},{"d_model":12,"n_layer":1,"n_head":2}]'
    --set 'grid.tokens=["80k","20k","40k"]' --set data.eval_tokens=2k --set fit.bootstrap=0)

sweep() {
    "$plateau" sweep "$root/configs/tiny.json" "$@"
}

# flat FILE: its lines in a row.
flat() {
    tr -s ' \n\t' ' ' <"$1"
}

# has FILE TEXT
has() {
    flat "$1" | grep -qF -- "$2" || fail "'$2' is not in: $(head -c 2000 "$1")"
}

# Warm-ups run by run, each by the run alone; what is doubtful in words.
before_it_trains() {
    sweep --dry-run "${three[@]}" >dry.txt || fail "exit code $?"
    # 1280 parameters: a step of 1024 tokens; 20k tokens: 3 steps at most
    awk 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "warm-up") at = i } /^d8-l1-t/ && $at != "1.02k" { exit 1 }
        /^d16-l1-t19/ && $at != "3.07k" { exit 1 } /^d16-l1-t79/ && $at != "4.1k" { exit 1 } END { exit !at }' dry.txt ||
        fail "warm-ups: $(cat dry.txt)"
    has dry.txt 'careful: 9 runs have fewer than 100 steps (the shortest 20, 4 of them warm-up and 4 cooldown)'
    has dry.txt 'protocol: one rate'
    has dry.txt 'protocol: a batch of 1024 tokens makes 20 steps of the smallest budget'
    has dry.txt 'protocol: the warm-up takes'
    # other budgets beside it leave a run's warm-up, and its name, as they are
    sweep --dry-run "${three[@]}" --set 'grid.tokens=["20k","160k"]' >less.txt || fail "exit code $?"
    [ "$(grep -o '^d16-l1-t20.*k-s1 .*' dry.txt | awk '{ print $1, $4 }')" = "$(grep -o '^d16-l1-t20.*k-s1 .*' less.txt | awk '{ print $1, $4 }')" ] ||
        fail "another warm-up"
    sweep --dry-run "${three[@]}" --set 'grid.models=[{"d_model":48,"n_layer":1},{"d_model":52,"n_layer":1,"n_head":4}]' \
        --set 'grid.tokens=["400k"]' >ratio.txt || fail "exit code $?"
    has ratio.txt 'careful: all runs have one ratio of tokens to parameters'
    sweep --dry-run "${three[@]}" --set train.warmup_tokens=12k >warm.txt || fail "exit code $?"
    has warm.txt 'fewer than 100 steps (the shortest 20, 12 of them warm-up'
}

in_the_verdict() {
    sweep --out s "${three[@]}" >out.txt 2>err.txt || fail "exit code $?: $(tail -n 2 err.txt)"
    has err.txt 'protocol: one rate'
    has err.txt 'careful: 9 runs have fewer than 100 steps'
    has out.txt 'Protocol 9 runs have fewer than 100 steps'
    has out.txt 'Not measured: rate, batch'
    [ "$(sed -n '/^Verdict/,$p' out.txt | wc -l)" -le 24 ] || fail "more than a screen: $(cat out.txt)"
    "$plateau" fit s >fit.txt || fail "fit: $?"
    has fit.txt 'Protocol: 9 runs have fewer than 100 steps (the shortest 20'
    has fit.txt 'Protocol, not measured: a batch of 1024 tokens'
    has s/fit.json '"protocol": [{ "name": "budget", "measured": true, "text": "9 runs have fewer'
    has s/fit.json '"name": "warmup"'
    sweep --out s "${three[@]}" >again.txt 2>&1
    ! grep -q protocol again.txt || fail "it warns of what is done: $(cat again.txt)"
    sweep --out rates "${three[@]}" --set 'grid.vary={"train.lr":[0.0001,0.008]}' >out.txt 2>err.txt || fail "rates: $?"
    has out.txt '; the best rate is 0.008 at'
}

# Two seeds for all, two more at four of nine cells; trunks are shared, and each run is the one trained alone.
corners() {
    sweep --out c "${three[@]}" --set 'grid.corner_seeds=[7,9]' >out.txt 2>&1 || fail "exit code $?: $(tail -n 2 out.txt)"
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) h[$i] = i; next }
        { n[$h["seed"]]++; t[$h["seed"] $h["d_model"]] = t[$h["seed"] $h["d_model"]] $h["trunk"] " " }
        $h["seed"] != 1 && ($h["d_model"] == 12 || ($h["tokens"] > 3e4 && $h["tokens"] < 6e4)) { exit 1 }
        END { split(t[716], a, " "); exit !(n[1] == 9 && n[7] == 4 && n[9] == 4 && a[1] == a[2]) }' c/results.csv ||
        fail "other runs: $(cut -d, -f1,12,18 c/results.csv)"
    flat c/fit.json | grep -q '"noise": { "value": [0-9]' || fail "no noise: $(grep -A3 '"noise"' c/fit.json)"
    "$plateau" train c/d16-l1-t20*-s7-*/config.json --out alone >alone.txt 2>&1 || fail "alone: $(cat alone.txt)"
    [ "$(grep -h -- -s7- alone/results.csv | cut -d, -f1,19)" = "$(grep -h '^d16-l1-t20.*-s7-' c/results.csv | cut -d, -f1,19)" ] ||
        fail "a branch is not the run alone"
    has alone.txt 'careful: 1 run has fewer than 100 steps'
    ! grep -q protocol alone.txt || fail "of one run: $(cat alone.txt)"
    sweep --dry-run "${three[@]}" --set 'grid.corner_seeds=[7,9]' --set 'grid.models=[{"d_model":8,"n_layer":1}]' \
        --set 'grid.tokens=["40k"]' >one.txt || fail "one cell: $?"
    has one.txt '3 runs in 3 trajectories'
    local bad
    for bad in '[1]' '[2.5]' '[7,7]'; do
        sweep --out no "${three[@]}" --set "grid.corner_seeds=$bad" >no.txt 2>&1
        [ $? = 2 ] || fail "$bad: exit code"
        has no.txt 'grid.corner_seeds'
    done
    [ ! -e no ] || fail "a folder was made"
}

# What a config does not say: today's defaults, the batch a multiple of the context; in a folder that an older version
# made with its own, those.
defaults() {
    local plain=(--set 'grid.models=[{"d_model":8,"n_layer":1}]' --set 'grid.tokens=["20k"]' --set data.eval_tokens=2k)
    echo '{"name":"plain","data":{"base":16,"digits":2,"values":2},"model":{"ctx":32}}' >plain.json
    "$plateau" sweep plain.json --out now "${plain[@]}" >now.txt 2>&1 || fail "exit code $?: $(tail -n 1 now.txt)"
    grep -q '"batch_tokens":.256,' now/sweep.json && grep -q '"lr":.0.002,' now/sweep.json || fail "$(grep -E 'batch|"lr"' now/sweep.json)"
    "$plateau" sweep plain.json --out then "${plain[@]}" --set train.lr=0.008 --set train.batch_tokens=2016 >then.txt 2>&1 ||
        fail "exit code $?: $(tail -n 1 then.txt)"
    "$plateau" sweep plain.json --out then "${plain[@]}" >again.txt 2>&1 || fail "exit code $?: $(tail -n 1 again.txt)"
    grep -q 'nothing to train' again.txt || fail "it does not go on as it was: $(cat again.txt)"
    "$plateau" sweep plain.json --out then "${plain[@]}" --set train.lr=0.002 >no.txt 2>&1
    [ $? = 2 ] && grep -q 'train.lr 0.008 -> 0.002' no.txt || fail "$(cat no.txt)"
    edit 's/"ctx":32/"ctx":600/' plain.json
    "$plateau" sweep plain.json --dry-run "${plain[@]}" --set data.source=unigram >wide.txt || fail "exit code $?"
    grep -q '^d8-l1-t19.8k' wide.txt || fail "no whole windows: $(cat wide.txt)"
}

for t in before_it_trains in_the_verdict corners defaults; do
    run_test "$t"
done
finish
