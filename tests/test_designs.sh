#!/usr/bin/env bash
# Grids of any form: single runs of a config, the runs that plan names next, and those that a time allows.
. "$(dirname "$0")/shell.sh"

tiny=$(tiny_config)
none=(--set 'grid.models=[]' --set 'grid.tokens=[]' --set train.warmup_tokens=3072)

# refused CODE WORDS COMMAND...: it ends with that code, and one line with these words.
refused() {
    local code=$1 words=$2 said
    shift 2
    said=$("$@" 2>&1 >/dev/null)
    [ $? = "$code" ] || fail "exit code is not $code: $said"
    [[ $said == *"$words"* ]] || fail "it does not say '$words': $said"
    [ "$(wc -l <<<"$said")" = 1 ] || fail "more than one line: $said"
}

# The runs of a list are those of the rectangle, by name, in whatever order they stand.
single_runs() {
    local list="" d t
    for d in 24 8; do
        for t in 160000 40000; do
            list+="{\"d_model\":$d,\"n_layer\":1,\"tokens\":$t,\"seed\":2},{\"n_layer\":1,\"n_head\":$((d / 8)),\"d_model\":$d,\"tokens\":\"$((t / 1000))k\"},"
        done
    done
    "$plateau" sweep "$tiny" "${none[@]}" --set "grid.runs=[${list%,}]" --dry-run >list.txt 2>&1 || fail "grid.runs: $(cat list.txt)"
    "$plateau" sweep "$tiny" --set train.warmup_tokens=3072 --set 'grid.models=[{"d_model":8,"n_layer":1},{"d_model":24,"n_layer":1}]' --set 'grid.tokens=["40k","160k"]' \
        --set 'grid.seeds=[1,2]' --dry-run >rectangle.txt 2>&1 || fail "rectangle: $(cat rectangle.txt)"
    diff <(grep -oE '^d[^ ]+' list.txt) <(grep -oE '^d[^ ]+' rectangle.txt) >/dev/null || fail "other runs than the rectangle's"
    grep -q '^8 runs in 4 trajectories' list.txt || fail "not four trunks: $(grep trajectories list.txt)"
}

# A list says what it is beside, and what it lacks.
single_runs_refused() {
    local run='{"d_model":8,"n_layer":1,"tokens":"40k"}'
    local dry=("$plateau" sweep "$tiny" --dry-run)
    refused 2 "grid.runs and grid.models: give one of them" "${dry[@]}" --set "grid.runs=[$run]"
    refused 2 "grid.runs and grid.tokens: each of the runs has its own tokens" "${dry[@]}" --set 'grid.models=[]' --set "grid.runs=[$run]"
    refused 2 "grid.runs and grid.seeds: each of the runs has its own seed" "${dry[@]}" "${none[@]}" --set 'grid.seeds=[1]' --set "grid.runs=[$run]"
    refused 2 "two runs are the same" "${dry[@]}" "${none[@]}" --set "grid.runs=[$run,$run]"
    refused 2 "a budget of 100 tokens is less than one step" "${dry[@]}" "${none[@]}" --set 'grid.runs=[{"d_model":8,"n_layer":1,"tokens":100}]'
    refused 2 "a run needs tokens" "${dry[@]}" --set 'grid.runs=[{"d_model":8,"n_layer":1}]'
    refused 2 "unknown key 'lr' (known: d_model, n_layer, n_head, tokens, seed)" "${dry[@]}" --set 'grid.runs=[{"lr":1}]'
    refused 2 "d_model=9 is not a multiple of model.head_size=8" "${dry[@]}" "${none[@]}" --set 'grid.runs=[{"d_model":9,"n_layer":1,"tokens":"40k"}]'
}

run_test single_runs
run_test single_runs_refused
finish
