#!/usr/bin/env bash
# Bad usage, config and data: one clear line, the exit code of DESIGN section 3, nothing written.
. "$(dirname "$0")/shell.sh"

# refused CODE TEXT COMMAND...: stderr is one line that holds TEXT; stdout is empty; no file appears.
refused() {
    local code=$1 text=$2 got
    shift 2
    find . | sort >"$tmp/before"
    "$@" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null
    got=$?
    [ "$got" = "$code" ] || fail "exit code $got, expected $code: $*: $(cat "$tmp/stderr")"
    grep -qF -- "$text" "$tmp/stderr" || fail "'$text' is not in: $(cat "$tmp/stderr")"
    [ "$(wc -l <"$tmp/stderr")" = 1 ] || fail "not one line: $(cat "$tmp/stderr")"
    [ ! -s "$tmp/stdout" ] || fail "stdout: $(head -c 200 "$tmp/stdout")"
    find . | sort | diff - "$tmp/before" >/dev/null || fail "files appeared: $(find . | sort | diff - "$tmp/before")"
}

config() {
    printf '%s' "$1" >c.json
}

tiny='"grid": {"models": [{"d_model": 8, "n_layer": 1}], "tokens": ["20k"]}'
touch before stdout stderr c.json

usage() {
    refused 2 "sweeep" "$plateau" sweeep
    refused 2 "did you mean" "$plateau" sweeep
    refused 2 "--job" "$plateau" sweep c.json --job 2
    refused 2 "--jobs" "$plateau" sweep c.json --jobs 0
    refused 2 "--jobs" "$plateau" sweep c.json --jobs two
    refused 2 "CONFIG" "$plateau" sweep
    refused 2 "--isa" "$plateau" sweep "$root/configs/tiny.json" --isa sse
}

config_syntax() {
    config '{'
    refused 2 "c.json: line 1" "$plateau" sweep c.json
    config ''
    refused 2 "c.json" "$plateau" sweep c.json
    config '[1]'
    refused 2 "expected an object" "$plateau" sweep c.json
    refused 2 "missing.json" "$plateau" sweep missing.json
    refused 2 "directory" "$plateau" sweep .
}

config_keys() {
    config '{"train": {"batch_tokns": 1024}}'
    refused 2 "did you mean train.batch_tokens?" "$plateau" sweep c.json
    config '{"model": {"ctx": 63, "ctx": 63}}'
    refused 2 "model.ctx" "$plateau" sweep c.json
    config '{"model": {"ctx": "wide"}}'
    refused 2 "model.ctx" "$plateau" sweep c.json
    config '{"model": 3}'
    refused 2 "model: expected an object" "$plateau" sweep c.json
    config '{"train": {"lr": -1}}'
    refused 2 "train.lr" "$plateau" sweep c.json
    config '{"train": {"schedule": "step"}}'
    refused 2 "train.schedule" "$plateau" sweep c.json
    config "{$tiny}"
    refused 2 "model.ctxx" "$plateau" sweep c.json --set model.ctxx=3
    refused 2 "model.ctx" "$plateau" sweep c.json --set model.ctx=1.5
}

impossible_shapes() {
    config '{"grid": {"models": [{"d_model": 30, "n_layer": 2, "n_head": 4}], "tokens": ["20k"]}}'
    refused 2 "n_head" "$plateau" sweep c.json
    config '{"grid": {"models": [{"d_model": 0, "n_layer": 2}], "tokens": ["20k"]}}'
    refused 2 "d_model" "$plateau" sweep c.json
    config "{\"model\": {\"ctx\": 64}, \"train\": {\"batch_tokens\": 2048}, $tiny}"
    refused 2 "model.ctx=64" "$plateau" sweep c.json
    config "{\"train\": {\"batch_tokens\": 1000}, $tiny}"
    refused 2 "train.batch_tokens" "$plateau" sweep c.json
}

budgets() {
    config '{"grid": {"models": [{"d_model": 8, "n_layer": 1}], "tokens": [0]}}'
    refused 2 "grid.tokens" "$plateau" sweep c.json
    config '{"grid": {"models": [{"d_model": 8, "n_layer": 1}], "tokens": []}}'
    refused 2 "grid" "$plateau" sweep c.json
    config '{"grid": {"models": [{"d_model": 8, "n_layer": 1}], "tokens": ["-4M"]}}'
    refused 2 "grid.tokens" "$plateau" sweep c.json
    config '{"grid": {"models": [{"d_model": 8, "n_layer": 1}], "tokens": ["4Q"]}}'
    refused 2 "grid.tokens" "$plateau" sweep c.json
    config '{"grid": {"models": [{"d_model": 8, "n_layer": 1}], "tokens": ["1M"], "flops": ["1e9"]}}'
    refused 2 "grid" "$plateau" sweep c.json
    config '{}'
    refused 2 "grid" "$plateau" sweep c.json
}

texts() {
    config "{\"data\": {\"source\": \"text\", \"files\": [\"no such.txt\"]}, \"model\": {\"ctx\": 64}, \"train\": {\"batch_tokens\": 256}, $tiny}"
    refused 2 "no such.txt" "$plateau" sweep c.json
    : >empty.txt
    refused 2 "empty.txt" "$plateau" sweep c.json --set 'data.files=["empty.txt"]'
    printf 'short' >short.txt
    refused 2 "short.txt" "$plateau" sweep c.json --set 'data.files=["short.txt"]'
    mkdir -p hollow
    refused 2 "hollow" "$plateau" sweep c.json --set 'data.files=["hollow"]'
    refused 2 "data.files" "$plateau" sweep c.json --set 'data.files=[]'
}

tables() {
    printf 'params,tokens,loss\n' >t.csv
    refused 2 "t.csv" "$plateau" fit t.csv
    printf 'params,tokens,loss\n1,2,x\n' >t.csv
    refused 2 "t.csv:2" "$plateau" fit t.csv
    printf 'a,b\n1,2\n' >t.csv
    refused 2 "loss" "$plateau" fit t.csv
    refused 2 "nowhere.csv" "$plateau" fit nowhere.csv
    printf 'params,tokens,loss\n1,2,3\n4,5,6\n' >t.csv
    refused 2 "--law" "$plateau" fit t.csv --law cubic
    refused 2 "--law cubic" "$plateau" fit nowhere.csv --law cubic
    refused 2 "no parameter 'Q'" "$plateau" fit nowhere.csv --fix Q=3
    refused 2 "--tie alpha" "$plateau" fit nowhere.csv --tie alpha
    mkdir -p bare
    refused 2 "bare" "$plateau" fit bare
    refused 2 "bare" "$plateau" chart bare
}

no_permission() {
    mkdir -p locked
    chmod 555 locked
    if [ "$(id -u)" = 0 ]; then
        command -v setpriv >/dev/null || { skip "root, and no setpriv to become another user: install util-linux"; return; }
        # copies: root's home may be closed to others
        cp "$plateau" here && cp "$root/configs/tiny.json" tiny.json
        chmod 755 "$tmp" here
        chmod 644 tiny.json
        local as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        "${as[@]}" test -x "$tmp/here" || { skip "$tmp cannot be reached by another user: set TMPDIR"; return; }
        refused 3 "locked" "${as[@]}" "$tmp/here" sweep tiny.json --out locked/x
    else
        refused 3 "locked" "$plateau" sweep "$root/configs/tiny.json" --out locked/x
    fi
}

help_everywhere() {
    local command
    for command in $("$plateau" --help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
        "$plateau" "$command" --help >stdout 2>stderr || fail "$command --help: exit code $?"
        grep -q "usage: plateau $command" stdout || fail "$command --help shows no usage"
        [ ! -s stderr ] || fail "$command --help writes to stderr"
    done
}

# The grid as a table, with what is doubtful about it; nothing is written.
dry_run() {
    local six='["50k","100k","200k","400k","800k","1.6M"]' models='{"d_model":8,"n_layer":1}' d
    "$plateau" sweep "$root/configs/demo.json" --dry-run --out dry >dry.txt || fail "exit code $?"
    [ ! -e dry ] || fail "a dry run wrote something"
    [ "$(grep -c '^d[0-9]*-l2-t' dry.txt)" = 72 ] || fail "not a line for each of 72 runs"
    grep -q '^72 runs in 10 trajectories' dry.txt || fail "no total: $(tail -n 3 dry.txt)"
    grep -q '^47.4M tokens to train, 56 % less than the 107M without shared trunks' dry.txt || fail "no total: $(tail -n 3 dry.txt)"
    ! grep -q careful dry.txt || fail "doubts about the demo: $(grep careful dry.txt)"
    for d in 12 16 20 24 28; do models+=",{\"d_model\":$d,\"n_layer\":1}"; done
    "$plateau" sweep "$root/configs/tiny.json" --dry-run --set "grid.models=[$models]" --set "grid.tokens=$six" \
        --set 'model.head_size=4' --set 'grid.seeds=[1]' >dry.txt || fail "exit code $?"
    tr '\n' ' ' <dry.txt | grep -q '36 runs in 7 trajectories.* 39 % less than' || fail "a 6 x 6 grid: $(tail -n 3 dry.txt)"
    "$plateau" sweep "$root/configs/tiny.json" --dry-run --set data.eval_tokens=1M --set 'grid.tokens=["10k","100k"]' >dry.txt
    for d in 'data.eval_tokens=' 'fewer than 100 steps' '2 token budgets'; do
        grep -q "$d" dry.txt || fail "no word of $d"
    done
}

# The largest grid that a config may ask for, 64 sizes x 64 budgets x 64 seeds: seconds, and a table to read. Where steps are slow of
# fewer seeds, which are the same work again.
giant_grid() {
    local models='' tokens='' i pid seeds
    seeds=$(fewer 64 4)
    for i in $(seq 1 64); do models+="{\"d_model\":$((8 * i)),\"n_layer\":1}," tokens+="$((20000 + 1024 * i)),"; done
    config "{\"data\": {\"base\": 16, \"digits\": 2, \"values\": 2, \"eval_tokens\": 1024}, \"model\": {\"ctx\": 32},
        \"train\": {\"batch_tokens\": 1024}, \"grid\": {\"models\": [${models%,}], \"tokens\": [${tokens%,}], \"seeds\": [$(seq -s , "$seeds")]}}"
    timeout 1200 "$plateau" sweep c.json --dry-run >dry.txt || fail "a dry run: exit code $?"
    grep -q "^$((4096 * seeds)) runs in " dry.txt || fail "not all runs are counted"
    grep -q "^$((4096 * seeds - 128)) more runs are not shown" dry.txt || fail "it does not say how many runs are not shown"
    for i in $(seq 8 8 512); do
        [ "$(grep -c "^d$i-l1-t" dry.txt)" = 2 ] || fail "size $i: $(grep -c "^d$i-l1-t" dry.txt) lines"
    done
    "$plateau" sweep c.json --out giant >stdout 2>stderr &
    pid=$!
    patiently compgen -G 'giant/d*' >/dev/null
    kill -INT $pid
    wait $pid
    compgen -G 'giant/d*' >compgen.txt || fail "no run was begun: $(cat stderr)"
    rm -r giant
}

# Sizes that no machine holds, and those that a limit does not leave room for: in the table, and marked.
dry_run_too_large() {
    local small='{"d_model":8,"n_layer":1}' giant='{"d_model":16384,"n_layer":40,"n_head":16}'
    "$plateau" sweep "$root/configs/tiny.json" --dry-run --set "grid.models=[$small,$giant]" >dry.txt || fail "exit code $?"
    [ "$(grep -c '^d16384-l40-t.* 2.0[0-9] TB too big$' dry.txt)" = 3 ] || fail "not marked: $(cat dry.txt)"
    [ "$(grep -c '^d8-l1-t.* [0-9.]* MB  *[0-9.]* s$' dry.txt)" = 3 ] || fail "the others: $(cat dry.txt)"
    grep -q '^too big: 3 runs of 1 size, which the sweep leaves out' dry.txt || fail "it does not say what is left out"
    grep -q '^3 runs in 1 trajectories' dry.txt || fail "totals of what is left out: $(cat dry.txt)"
    awk '/^(run|d[0-9])/ && length > 60 { exit 1 }' dry.txt || fail "wider than 60 columns"
    "$plateau" sweep "$root/configs/tiny.json" --dry-run --set "grid.models=[$giant]" >dry.txt 2>stderr
    [ $? = 1 ] || fail "exit code where nothing fits"
    [ "$(grep -c 'too big$' dry.txt)" = 3 ] || fail "no table where nothing fits"
    grep -q 'no size of the grid fits' stderr || fail "$(cat stderr)"
    if ! { (ulimit -v 400000 && "$plateau" version); } >stdout 2>&1; then
        return # sanitizers map terabytes
    fi
    (ulimit -v 400000 && "$plateau" sweep "$root/configs/tiny.json" --dry-run \
        --set "grid.models=[$small,{\"d_model\":1024,\"n_layer\":4}]") >dry.txt || fail "exit code $? with a limit"
    [ "$(grep -c '^d1024-l4-t.* MB too big$' dry.txt)" = 3 ] || fail "the limit is not seen: $(cat dry.txt)"
}

# What bench prints for programs: one JSON object and nothing else, numbers that can be.
bench() {
    local python
    "$plateau" bench --repeat 1 --threads 1 --d-model 20 --n-layer 1 --n-head 4 --ctx 7 --batch 3 --vocab 3 --json - >bench.json ||
        fail "exit code $?"
    for key in peak_gflops threads fork_join_s isa busy gemm train step_s tokens_per_s gflops mfu breakdown; do
        grep -q "\"$key\":" bench.json || fail "no key $key"
    done
    [ "$(head -c 1 bench.json)" = "{" ] || fail "something stands before the JSON"
    python=$(command -v python3) || return 0
    "$python" -c 'import json, sys
b = json.load(open("bench.json"))
assert b["peak_gflops"] > 0 and b["threads"] == 1
share = lambda s: s is None or 0 < s <= 1 # none beside other programs
assert all(share(g["share"]) and g["gflops"] > 0 for g in b["gemm"]) and len(b["gemm"]) == 15
t = b["train"][0]
assert t["d_model"] == 20 and t["vocab"] == 3 and share(t["mfu"])
assert all(v >= 0 for v in t["breakdown"].values()) and sum(t["breakdown"].values()) > 0' || fail "the numbers do not fit together"
    refused 2 "expected peak, gemm, train or fit" "$plateau" bench gem
    refused 2 "n_head=3" "$plateau" bench train --d-model 16 --n-head 3
    refused 2 "--optimizer adam: expected one of adamw, muon" "$plateau" bench train --optimizer adam
    "$plateau" bench train --repeat 1 --threads 1 --d-model 20 --n-layer 1 --n-head 4 --ctx 7 --batch 3 --vocab 3 \
        --optimizer muon --set train.muon_block=8 --set train.muon_period=2 --json - | grep -q '"step_s"' ||
        fail "bench train --optimizer muon"
    refused 2 "train.muon_steps is for train.optimizer muon" "$plateau" bench train --set train.muon_steps=3
    "$plateau" bench train --repeat 1 --threads 1 --d-model 8 --n-layer 1 --n-head 1 --ctx 7 --batch 3 --vocab 3 --set train.z_loss=0.01 \
        --set train.cautious_decay=true --set train.ema=0.9 --set train.tail_average=0.5 --json - | grep -q '"step_s"' ||
        fail "bench train with a z-loss, cautious decay and averages"
    refused 2 "bench takes the switches of the model" "$plateau" bench train --set train.lr=3
    refused 2 "train.batch_ramp_from=7: the batch grows over many steps" "$plateau" bench train --set train.batch_ramp_from=7
    refused 2 "a teacher is a finished run" "$plateau" bench train --set train.teacher=x
    refused 2 "train.z_loss" "$plateau" bench train --set train.z_loss=7
    "$plateau" bench fit --repeat 1 --json - >fit.json || fail "bench fit: exit code $?"
    "$python" -c 'import json
b = json.load(open("fit.json"))["fit"]
assert b["fit_s"] > 0 and b["bootstrap_s"] > 0 and b["resamples"] == 4000
assert b["same_optimum"] == b["checked"] > 0' || fail "bench fit: not the same optimum"
}

for t in bench dry_run dry_run_too_large giant_grid usage config_syntax config_keys impossible_shapes budgets texts tables no_permission help_everywhere; do
    run_test "$t"
done
finish
