#!/usr/bin/env bash
# The model's switches as a user meets them: presets, what is refused, and that a run with switches is one like any other:
# any number of jobs, stopped and resumed, shared trunks, the same bytes.
. "$(dirname "$0")/shell.sh"
tiny=$root/configs/tiny.json

# value FILE SECTION.KEY: of a JSON file written by the tool, a key a line.
value() {
    sed -n "/\"${2%%.*}\":/,/}/s/^.*\"${2#*.}\":[[:space:]]*\(.*[^,]\),\{0,1\}\$/\1/p" "$1" | head -n 1
}

# is FILE KEY VALUE
is() {
    [ "$(value "$1" "$2")" = "$3" ] || fail "$2 is $(value "$1" "$2") in $1, expected $3"
}

train() {
    "$plateau" train "$tiny" --set model.d_model=16 --set model.n_layer=2 --set train.tokens=10k "$@" >train.txt 2>&1
}

presets() {
    local p
    for p in gpt2 llama olmo3 nanochat; do
        train --set "model.preset=$p" --out "$p" || { fail "$p: $(tail -n 1 train.txt)"; return; }
    done
    is "$(echo llama/*/config.json)" model.norm '"rmsnorm"'
    is "$(echo llama/*/config.json)" model.position '"rope"'
    is "$(echo llama/*/config.json)" model.mlp '"swiglu"'
    is "$(echo llama/*/config.json)" model.bias false
    is "$(echo olmo3/*/config.json)" model.norm_place '"after"'
    is "$(echo nanochat/*/config.json)" model.softcap 15
    # the first preset is what there is without one, by name and by bytes
    train --out plain || fail "$(tail -n 1 train.txt)"
    [ "$(cd gpt2 && echo */)" = "$(cd plain && echo */)" ] || fail "gpt2 has another hash than no preset"
    cmp -s gpt2/*/checkpoint.bin plain/*/checkpoint.bin || fail "gpt2 is not the default"
    cmp -s llama/*/checkpoint.bin plain/*/checkpoint.bin && fail "llama is gpt2"
    # what a config sets beside a preset holds, before or after it
    printf '%s' '{"data": {"base": 16, "digits": 2, "values": 2, "eval_tokens": 1024}, "train": {"batch_tokens": 1024, "tokens": 10240},
        "model": {"bias": true, "mlp": "relu2", "preset": "llama", "ctx": 32, "d_model": 16, "n_layer": 1, "tied": true}}' >own.json
    "$plateau" train own.json --out own >own.txt 2>&1 || fail "$(tail -n 1 own.txt)"
    is "$(echo own/*/config.json)" model.bias true
    is "$(echo own/*/config.json)" model.mlp '"relu2"'
    is "$(echo own/*/config.json)" model.norm '"rmsnorm"'
    is "$(echo own/*/config.json)" model.tied true
}

# refused TEXT SETTING...
refused() {
    local text=$1 got s sets=()
    shift
    for s in "$@"; do sets+=(--set "$s"); done
    "$plateau" sweep "$tiny" --out no "${sets[@]}" >refused.txt 2>&1
    got=$?
    [ "$got" = 2 ] || fail "exit code $got for $*"
    grep -qF -- "$text" refused.txt || fail "'$text' is not in: $(cat refused.txt)"
    [ ! -e no ] || fail "something was written for $*"
}

refusals() {
    refused "model.norm: 'rms' is none of layernorm|rmsnorm|none" model.norm=rms
    refused "model.bias: expected true or false" model.bias=0
    refused "model.n_head=1 is not a multiple of model.n_kv_head=2" model.n_kv_head=2
    refused "model.parallel" model.parallel=true model.norm_place=after
    refused "model.qk_norm_all" model.qk_norm_all=true
    refused "model.window_full=2" model.window_full=2
    refused "model.top_k=4 is more than model.n_expert=2" model.n_expert=2 model.top_k=4
    refused "model.mtp=16: a window of model.ctx=16 has no token 17 places ahead" model.mtp=16 model.ctx=16
    refused "model.mtp_weight=0 trains no head" model.mtp=1 model.mtp_weight=0
    refused "model.mtp_weight is for the heads of model.mtp, which is 0" model.mtp_weight=0.5
    refused "model.preset" model.preset=gpt3
    refused "model.mlp_ratio=-1 is out of range" model.mlp_ratio=-1
    refused "did you mean model.rope_base" model.rope_bas=3
}

digest() {
    (cd "$1" && for f in */checkpoint.bin; do echo "$f" && cksum <"$f"; done; cut -d, -f1-21,24- results.csv)
}

# Much at once: trunks, jobs, and a stop in the middle of a step's work.
like_any_other() {
    local all=(--set model.preset=olmo3 --set model.n_kv_head=1 --set model.gated_attention=true --set model.window=9
        --set model.softcap=9 --set model.n_expert=3 --set model.mtp=1 --set train.optimizer=muon --set train.muon_block=6 --set train.muon_period=4 --set train.ema=0.9 --set train.z_loss=1e-4
        --set train.tail_average=0.5 --set train.batch_ramp_from=128 --set train.batch_ramp_tokens=30k --set 'grid.tokens=["20k","160k"]' --set train.warmup_tokens=4k)
    "$plateau" sweep "$tiny" "${all[@]}" --out one --jobs 1 >one.txt 2>&1 || { fail "$(tail -n 2 one.txt)"; return; }
    timeout -s INT 1 "$plateau" sweep "$tiny" "${all[@]}" --set train.checkpoint_s=0.01 --out two --jobs 2 >two.txt 2>&1
    "$plateau" sweep "$tiny" "${all[@]}" --set train.checkpoint_s=0.01 --out two --jobs 2 >two.txt 2>&1 || fail "$(tail -n 2 two.txt)"
    [ "$(digest one)" = "$(digest two)" ] || fail "other bytes with two jobs and a stop"
    grep -q diverged one/results.csv && fail "a run diverged"
    [ "$(head -n 1 one/results.csv | grep -o ',loss_ema,loss_tail,params_active$')" ] || fail "no columns of averages and experts"
    sed 1d one/results.csv | awk -F, '!($(NF - 1) > 0 && $(NF - 1) != $19 && $(NF - 2) > 0 && $(NF - 2) != $19 && $(NF - 1) != $(NF - 2)) { exit 1 }' ||
        fail "no losses of the averages: $(cat one/results.csv)"
    sed 1d one/results.csv | awk -F, '!($NF > 0 && $NF < $9) { exit 1 }' || fail "all parameters are active: $(cat one/results.csv)"
    "$plateau" status one >status.txt 2>&1 || fail "$(cat status.txt)"
}

# grown DIR SETTING...: two budgets and each of them alone. Trunks are shared, and the runs are the same to the last byte.
grown() {
    local dir=$1 budget s run sets=()
    shift
    for s in 'grid.models=[{"d_model":16,"n_layer":1}]' train.warmup_tokens=4k "$@"; do sets+=(--set "$s"); done
    "$plateau" sweep "$tiny" "${sets[@]}" --set fit.bootstrap=0 --set 'grid.tokens=["40k","60k"]' --out "$dir" >"$dir.txt" 2>&1 || { fail "$(tail -n 1 "$dir.txt")"; return; }
    [ "$(sed 1d "$dir/results.csv" | cut -d, -f18 | sort -u | wc -l)" = 1 ] || fail "$dir: the budgets share no trunk"
    for budget in 40k 60k; do
        "$plateau" sweep "$tiny" "${sets[@]}" --set fit.bootstrap=0 --set "grid.tokens=[\"$budget\"]" --out "$dir-alone" >>"$dir.txt" 2>&1
    done
    for run in "$dir"/d16-*; do
        cmp -s "$run/checkpoint.bin" "$dir-alone/${run##*/}/checkpoint.bin" || fail "$run is another run alone"
    done
    grep -q diverged "$dir/results.csv" && fail "$dir: a run diverged"
}

# The last column of the first run in a table.
last_of() {
    sed -n 2p "$1/results.csv" | sed 's/.*,//'
}

# The tail may be longer than the cooldown, take its place, or be all of a run.
tail_averages() {
    grown short train.tail_average=0.1
    grown long train.tail_average=0.5
    grown constant train.tail_average=0.3 train.cooldown=0
    grown all train.tail_average=1
    local d
    for d in short long constant all; do
        [ "$(head -n 1 $d/results.csv | grep -o ',loss_tail$')" ] || fail "$d: no loss_tail"
    done
    [ "$(last_of short)" != "$(last_of long)" ] || fail "tails of any length are the same"
    # without a cooldown the average is what has settled
    awk -v a="$(last_of constant)" -v w="$(sed -n 2p constant/results.csv | cut -d, -f19)" 'BEGIN { exit !(a < w) }' ||
        fail "at a constant rate the average is no better: $(cat constant/results.csv)"
    refused "train.tail_average=1.5 is out of range" train.tail_average=1.5
}

# Steps grow from 128 to 1024 tokens; the log, the results and the dry run count them.
batch_ramp() {
    grown ramp train.batch_ramp_from=128 train.batch_ramp_tokens=20k train.log_every=1
    local run
    for run in ramp/d16-*; do
        grep '"type":"step"' "$run/log.jsonl" | sed 's/.*"tokens":\([0-9]*\),.*/\1/' |
            awk -v total="$(sed -n 's/.*"tokens":[[:space:]]*\([0-9]*\),.*/\1/p' "$run/result.json" | head -n 1)" '
                { size = $1 - before; before = $1; if (size < last || size % 32) exit 1; last = size }
                NR == 1 && size != 128 { exit 1 }
                END { if (size != 1024 || before != total) exit 1 }' || fail "$run: steps are none of a growing batch"
    done
    "$plateau" train "$tiny" --set model.d_model=8 --set model.n_layer=1 --set train.tokens=300 --set train.batch_ramp_from=64 \
        --set train.batch_ramp_tokens=1M --out brief >brief.txt 2>&1 || fail "$(tail -n 1 brief.txt)"
    refused "train.batch_ramp_from=100 is not a multiple of model.ctx=32" train.batch_ramp_from=100 train.batch_ramp_tokens=20k
    refused "train.batch_ramp_from=1024 is not below train.batch_tokens=1024" train.batch_ramp_from=1024 train.batch_ramp_tokens=20k
    refused "train.batch_ramp_tokens" train.batch_ramp_from=64
    refused "train.batch_ramp_from" train.batch_ramp_tokens=20k
    refused "less than one step of 64" train.batch_ramp_from=64 train.batch_ramp_tokens=20k 'grid.tokens=[63]'
}

# What a token meets of a mixture of experts: in the table, the log, the dry run, and to fit by.
active_parameters() {
    local moe=(--set model.n_expert=4 --set model.top_k=1 --set model.bias=false --set 'grid.vary={"model.mlp":["relu","swiglu"]}')
    "$plateau" sweep "$tiny" "${moe[@]}" --set 'grid.tokens=["20k"]' --out experts >experts.txt 2>&1 || { fail "$(tail -n 1 experts.txt)"; return; }
    # 2 C H numbers an expert, with a gate 3 C H: a token does not meet three of four
    sed 1d experts/results.csv | awk -F, '
        { C = $4; H = 4 * C; one = 2 * C * H; if ($0 ~ /swiglu/) { H = int(8 * C / 3 / 8 + 0.5) * 8; one = 3 * C * H } }
        $9 - $NF != 3 * one * $5 { print "off: " $0; exit 1 }' || fail "$(head -n 3 experts/results.csv)"
    grep -q '"params_active":[0-9]*}' experts/d8-l1-*/log.jsonl || fail "no params_active in the log"
    "$plateau" sweep "$tiny" "${moe[@]}" --dry-run >dry.txt 2>&1
    grep -q ' params  *active ' dry.txt || fail "$(head -n 1 dry.txt)"
    "$plateau" fit experts --where mlp=relu --column params=params_active >fit.txt 2>&1
    grep -q 'unknown\|no column' fit.txt && fail "$(cat fit.txt)"
    train --out none
    grep -q params_active none/results.csv none/*/log.jsonl none/*/result.json && fail "active parameters without experts"
}

# FLOPs and parameters of results are those of the parts.
counts() {
    train --set model.tied=false --out untied || fail "$(tail -n 1 train.txt)"
    train --out tied || fail "$(tail -n 1 train.txt)"
    local field=(cut -d, -f9-11) a b
    a=$(sed -n 2p tied/results.csv | "${field[@]}") b=$(sed -n 2p untied/results.csv | "${field[@]}")
    awk -F, -v a="$a" -v b="$b" 'BEGIN { split(a, x); split(b, y); exit !(y[1] - x[1] == 17 * 16 && y[2] == x[2] && y[3] == x[3]) }' ||
        fail "an untied head: $a before, $b after"
}

# Switches and presets as a grid's axes: a column each, and each run as if its switches stood in the config.
varied() {
    local one=(--set 'grid.tokens=["20k"]' --set 'grid.models=[{"d_model":16,"n_layer":1}]')
    "$plateau" sweep "$tiny" "${one[@]}" --set 'grid.vary={"model.mlp":["gelu","swiglu"],"model.bias":[true,false]}' --out axes >axes.txt 2>&1 ||
        { fail "$(tail -n 1 axes.txt)"; return; }
    [ "$(head -n 1 axes/results.csv | grep -o 'mlp,bias$')" = mlp,bias ] || fail "no columns: $(head -n 1 axes/results.csv)"
    [ "$(sed 1d axes/results.csv | grep -oE '(gelu|swiglu),(true|false)$' | sort -u | wc -l)" = 4 ] || fail "$(cat axes/results.csv)"
    "$plateau" sweep "$tiny" "${one[@]}" --set model.mlp=swiglu --set model.bias=false --out alone >alone.txt 2>&1
    local run
    run=$(cd alone && echo d16-*)
    cmp -s "alone/$run/checkpoint.bin" "axes/$run/checkpoint.bin" || fail "$run is another run in a grid that varies"
    "$plateau" sweep "$tiny" "${one[@]}" --set 'grid.vary={"model.bias":[true],"model.preset":["gpt2","llama"]}' --out both >both.txt 2>&1
    grep -q 'true,llama$' both/results.csv || fail "bias does not stand beside the preset: $(cat both/results.csv)"
    refused 'grid.vary: model.bias: expected true or false' 'grid.vary={"model.bias":[1]}'
    refused 'names swiglu twice' 'grid.vary={"model.mlp":["swiglu","swiglu"]}'
}

run_test presets
run_test varied
run_test refusals
run_test like_any_other
run_test counts
run_test tail_averages
run_test batch_ramp
run_test active_parameters
finish
