#!/usr/bin/env bash
# grid.vary: keys of a run crossed with sizes, budgets and seeds; and train.order_seed, the order of data apart from the
# initial weights.
. "$(dirname "$0")/shell.sh"
. "$root/tests/cells.sh"

cat >config.json <<'END'
{ "name": "v", "data": { "source": "zipf-facts", "base": 8, "digits": 2, "values": 2, "eval_tokens": 800 },
  "model": { "ctx": 8, "head_size": 4 }, "train": { "batch_tokens": 64, "lr": 0.005, "warmup_tokens": 256 }, "fit": { "bootstrap": 20 },
  "grid": { "models": [ { "d_model": 8, "n_layer": 1 } ], "tokens": ["3k", "6k"], "seeds": [1, 2] } }
END

# refused 'VARY' 'WORDS': exit code 2, the reason, and nothing written.
refused() {
    sweep none --set "grid.vary=$1"
    [ "$code" = 2 ] && grep -qF -- "$2" err && [ "$(wc -l <err)" = 1 ] || fail "$1: code $code, $(cat err)"
    [ ! -e none ] || fail "$1 left a folder"
}

errors_name_the_key() {
    refused '{"train.lrr":[1]}' "grid.vary: unknown key 'train.lrr' (did you mean train.lr?)"
    refused '{"lr":[1]}' "unknown key 'lr' (did you mean train.lr?)"
    refused '{"train.lr":[]}' 'grid.vary: train.lr: the list is empty'
    refused '{"train.lr":0.1}' 'train.lr: expected a list, found a number'
    refused '{"train.lr":[20]}' 'train.lr=20 is out of range: 0 to 10'
    refused '{"train.lr":["x"]}' "train.lr: 'x' is not a number"
    refused '{"train.lr":[0.1,0.1]}' 'train.lr names 0.1 twice'
    refused '{"train.schedule":["wsd","wsd"]}' 'train.schedule names wsd twice'
    refused '{"train.order_seed":[1.5]}' 'train.order_seed=1.5 is not a whole number'
    refused '{"train.batch_tokens":[64,65]}' 'grid.vary: train.batch_tokens=65 is not a multiple of model.ctx=8'
    refused '[1]' 'grid.vary: expected an object of keys and lists, found a list'
    local key
    for key in model.d_model model.n_layer model.n_head train.seed train.tokens model.ctx data.seed fit.seed train.log_every grid.seeds; do
        refused "{\"$key\":[1,2]}" "grid.vary: $key cannot vary:"
    done
    local many='' i
    for key in lr cooldown min_lr beta1 warmup_tokens beta2 eps weight_decay clip; do many+="\"train.$key\":[1e-3],"; done
    refused "{${many%,}}" 'grid.vary has more than 8 keys'
    for ((i = 0, many = 0; i < 65; i++)); do many+=",$((i + 1))"; done
    refused "{\"train.order_seed\":[$many]}" 'train.order_seed has more than 64 entries'
    local list=${many%,64*}
    refused "{\"train.order_seed\":[$list],\"train.lr\":[0.1,0.2,0.3],\"train.eps\":[${list//,/e-3,}e-3],\"train.clip\":[$list]}" \
        'grid.vary: with it the grid has'
    refused '{"train.order_seed":[0,1]}' 'grid: two runs are the same'
}

crosses_everything() {
    sweep whole --set 'grid.vary={"train.order_seed":[1,2],"train.weight_decay":[0,0.1],"train.schedule":["wsd","linear"]}' --dry-run
    [ "$code" = 0 ] && grep -q '^run .* varied ' out || fail "dry run: code $code, $(cat err)"
    grep -q '^d8-l1-t6.02k-s2 *order_seed=1 weight_decay=0.1 schedule=linear ' out || fail "the dry run does not tell what varies: $(cat out)"
    # of the 8 settings x 2 seeds those with wsd share a trunk for both budgets
    grep -q '^32 runs in 24 trajectories' out || fail "$(grep trajectories out)"
    sweep whole --set 'grid.vary={"train.order_seed":[1,2],"train.weight_decay":[0,0.1],"train.lr":[0.004,0.005]}'
    [ "$code" = 0 ] || fail "code $code: $(tail -n 2 err)"
    [ "$(tail -n +2 whole/results.csv | wc -l)" = 32 ] || fail "$(wc -l <whole/results.csv) lines"
    [ "$(cut -d, -f1 whole/results.csv | sort -u | wc -l)" = 33 ] || fail "names of runs are not unique"
    [ "$(cut -d, -f18 whole/results.csv | sort -u | wc -l)" = 17 ] || fail "trunks are not of one setting each"
    [ "$(head -n 1 whole/results.csv | tr , '\n' | tail -n 3 | paste -sd' ')" = 'data_fingerprint order_seed weight_decay' ] ||
        fail "columns: $(head -n 1 whole/results.csv)"
    [ "$(column whole d8-l1-t6.02k-s1 order_seed | sort | uniq -c | tr -s ' \n' ' ')" = ' 4 1 4 2 ' ] || fail 'no order seeds'
    [ "$(column whole d8-l1-t6.02k-s1 lr | sort -u | wc -l)" = 2 ] || fail 'no rates'
    [ "$("$plateau" status whole | grep -c 'order_seed=2 weight_decay=0.1 lr=0.004$')" = 4 ] || fail 'status does not tell what varies'
    # a second time there is nothing to do
    sweep whole --set 'grid.vary={"train.order_seed":[1,2],"train.weight_decay":[0,0.1],"train.lr":[0.004,0.005]}'
    [ "$code" = 0 ] && grep -q 'fit is in whole/fit.json' out || fail "the same sweep again: $(cat out err)"
}

# A grid that varies less, or other keys, goes on in the folder; rows keep their columns.
grid_that_varies_less() {
    cp whole/results.csv before.csv
    sweep whole
    [ "$code" = 0 ] || fail "code $code: $(tail -n 2 err)"
    [ "$(grep -cxFf before.csv whole/results.csv)" = 33 ] || fail "rows changed"
    [ "$("$plateau" status whole | grep -c 'lr=0.00[45] (earlier grid)$')" = 32 ] || fail 'status loses the earlier grid'
    # what was never varied is another config still
    sweep whole --set train.beta1=0.8
    [ "$code" = 2 ] && grep -q 'train.beta1 0.9 -> 0.8' err || fail "another beta1 went into the same table: $(cat err)"
}

# One value after the other: what is rounded to whole batches, here the warm-up of a fifth, makes no other config of it.
batches_one_by_one() {
    local batch
    for batch in 64 128; do
        sweep batches --set train.warmup_tokens=0 --set 'grid.tokens=["1024"]' --set "grid.vary={\"train.batch_tokens\":[$batch]}"
        [ "$code" = 0 ] || fail "batches of $batch: code $code: $(tail -n 2 err)"
    done
    [ "$(column batches d8 warmup_tokens | sort -n | tr '\n' ' ')" = '128 128 192 192 ' ] || fail "warm-ups: $(column batches d8 warmup_tokens)"
    sweep batches --set train.warmup_tokens=512 --set 'grid.tokens=["1024"]' --set 'grid.vary={"train.batch_tokens":[256]}'
    [ "$code" = 2 ] && grep -q 'train.warmup_tokens 1[29][28] -> 512' err || fail "another warm-up went into the same table: $(cat err)"
}

# loss DIR RUN: of each that matches.
loss() {
    column "$1" "$2" loss
}

order_apart_from_weights() {
    sweep plain --set 'grid.tokens=["3k"]'
    [ "$code" = 0 ] || fail "code $code: $(tail -n 2 err)"
    sweep order --set 'grid.tokens=["3k"]' --set 'grid.vary={"train.order_seed":[1,2,3]}'
    [ "$code" = 0 ] || fail "code $code: $(tail -n 2 err)"
    [ "$(loss order d8 | sort -u | wc -l)" = 6 ] || fail "six pairs of seeds, $(loss order d8 | sort -u | wc -l) losses"
    local s
    for s in 1 2; do # the order of one's own seed is the run that has none, under one name
        [ -d "$(echo plain/d8-l1-t3.01k-s$s-*)" ] && [ -d "order/$(basename plain/d8-l1-t3.01k-s$s-*)" ] || fail "another name for seed $s"
        loss order "$(basename plain/d8-l1-t3.01k-s$s-*)" | grep -qxF "$(loss plain d8-l1-t3.01k-s$s)" || fail "another loss"
    done
    # one batch of the same data at the same weights, or not: the loss of step 1
    first() { sed -n 's/.*"type":"step","step":1,.*"loss":\([0-9.]*\).*/\1/p' "$1"/log.jsonl | head -n 1; }
    local config='{ "name": "o", "data": { "source": "zipf-facts", "base": 8, "digits": 2, "values": 2, "eval_tokens": 800 }, "model": { "ctx": 8, "head_size": 4, "d_model": 8, "n_layer": 1 }, "train": { "batch_tokens": 64, "tokens": 640, "log_every": 1, "seed": SEED, "order_seed": ORDER } }'
    for s in '1 0' '1 1' '1 2' '2 1' '2 0'; do
        sed "s/SEED/${s% *}/; s/ORDER/${s#* }/" <<<"$config" >one.json
        "$plateau" train one.json --out "one$s" >out 2>err || fail "train: $(cat err)"
        first "$(echo "one$s"/d8-*)" >>losses
    done
    [ "$(sort -u losses | wc -l)" = 4 ] && [ "$(head -n 2 losses | sort -u | wc -l)" = 1 ] || fail "losses of the first step: $(tr '\n' ' ' <losses)"
    # a seed of the order that no grid varies is told all the same
    [ "$(column "one1 2" d8 order_seed)" = 2 ] && [ "$(column "one1 1" d8 order_seed)" = 'no column' ] || fail 'order_seed is not told'
    ! grep -q '"varied"' plain/*/result.json || fail 'a run that varies nothing says so'
}

# A table with a column of orders is read as one of a sweep is; an empty cell is the order of the run's own seed.
table_of_orders() {
    awk 'BEGIN { srand(3); print "params,tokens,seed,order_seed,loss"
        for (s = 0; s < 4; s++) for (b = 0; b < 4; b++) {
            for (i = 1; i <= 3; i++) { a[i] = rand() - .5; o[i] = rand() - .5 }
            for (i = 1; i <= 3; i++) for (j = 1; j <= 3; j++) {
                n = 1e5 * 3 ^ s; d = 1e6 * 4 ^ b
                printf "%d,%d,%d,%s,%.6f\n", n, d, i, i == j ? "" : j, 1.7 + 40 / n ^ .34 + 60 / d ^ .28 + .004 * (a[i] + o[j] + rand() - .5)
            } } }' >orders.csv
    "$plateau" fit orders.csv --law chinchilla --bootstrap 20 --json orders.json >out 2>err || fail "fit: $(cat err)"
    tr -s ' \n' '  ' <out | grep -q 'Initial weights move it by [0-9.]* nats (95 % interval [0-9.]* to [0-9.]*), the order of data by' ||
        fail "the noise is not told apart: $(grep -A4 Noise out)"
    local key
    for key in init order rest; do
        tr -d ' \n\t' <orders.json | grep -q "\"$key\":{\"value\":[0-9.e-]*,\"ci95\":\[[0-9.e-]*,[0-9.e-]*\]}" || fail "no $key in fit.json"
    done
    awk -F, -v OFS=, '{ $4 = NR == 1 ? "note" : ""; print }' orders.csv >alone.csv
    "$plateau" fit alone.csv --law chinchilla --bootstrap 20 >out 2>err || fail "fit: $(cat err)"
    ! grep -q 'Initial weights move' out || fail "without orders the noise is told apart"
}

for t in errors_name_the_key crosses_everything grid_that_varies_less batches_one_by_one order_apart_from_weights table_of_orders; do
    run_test "$t"
done
finish
