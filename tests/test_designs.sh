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

# grown FOLDER: 24 small runs of three sizes with two seeds, and their fit.
grown() {
    [ -e "$1/fit.json" ] || "$plateau" sweep "$tiny" --set 'grid.seeds=[1,2]' --set 'grid.tokens=["10k","20k","40k","80k"]' --set train.batch_tokens=256 \
        --set train.warmup_tokens=1024 --set data.eval_tokens=2048 --set fit.bootstrap=100 --out "$1" >"$1.txt" 2>&1 || fail "sweep $1: $(tail -n 2 "$1.txt")"
}

# Three runs, none of them there already, each with what is expected of it; and the config trains just those into the folder.
next_runs() {
    grown sweep
    "$plateau" plan sweep --next 3 >next.txt 2>log.txt || fail "exit code $?: $(tail -n 1 log.txt)"
    [ "$(grep -cE '^d[0-9]+-l[0-9]+ ' next.txt)" = 3 ] || fail "not three runs: $(cat next.txt)"
    grep -q "train them into the same folder: .*sweep sweep/next.json --out sweep" next.txt || fail "no command"
    # widths are shares that fall from run to run
    awk '/^d[0-9]+-l/ { w = $(NF - 1) ; if (NR > 1 && last != "" && w + 0 > last + 0) exit 1; if (w + 0 > 100 || w + 0 <= 0) exit 1; last = w }' next.txt || fail "widths: $(cat next.txt)"
    "$plateau" sweep sweep/next.json --out sweep --dry-run >dry.txt 2>&1 || fail "its config is refused: $(cat dry.txt)"
    grep -q '^3 runs in' dry.txt || fail "not three runs to train: $(cat dry.txt)"
    local run
    for run in $(grep -oE '^d[^ ]+-s[0-9]+' dry.txt); do
        compgen -G "sweep/$run-*" >/dev/null && fail "$run is there already"
    done
    "$plateau" plan sweep --next 3 --json - >next.json 2>/dev/null || fail "--json -: exit code $?"
    cmp -s next.json sweep/next.json || fail "--json - and next.json differ"
    grep -q '"floor": 0\.' next.json || fail "no widths in the JSON"
    # another reach, other runs; the largest compute stays within it
    "$plateau" plan sweep --next 3 --reach 1 --json near.json >/dev/null 2>&1 || fail "--reach 1: exit code $?"
    awk '/"tokens": [0-9]+, "seed"/ { if (match($0, /"tokens": [0-9]+/) && substr($0, RSTART + 10, RLENGTH - 10) + 0 > 82000) exit 1 }' near.json ||
        fail "--reach 1 goes beyond the largest budget"
}

# A fit takes old and new together, once they have been trained.
next_runs_trained() {
    grown sweep
    cp -r sweep more
    "$plateau" plan more --next 2 --reach 1 >/dev/null 2>&1 || fail "plan: exit code $?"
    "$plateau" sweep more/next.json --out more >more.txt 2>&1 || fail "sweep: $(tail -n 2 more.txt)"
    [ "$(wc -l <more/results.csv)" = 27 ] || fail "not 24 and 2 runs: $(wc -l <more/results.csv)"
    grep -q '26 runs' more.txt || fail "the fit is not of 26 runs"
}

# Tables have no shapes: the runs alone, in the same order every time.
next_runs_of_table() {
    local keep=(--where keep=1 --bootstrap 100)
    "$plateau" plan "$root/docs/example-runs.csv" "${keep[@]}" --next 2 >table.txt 2>/dev/null || fail "exit code $?"
    [ "$(grep -cE '^[0-9.]+[kMB] ' table.txt)" = 2 ] || fail "not two runs: $(cat table.txt)"
    grep -q 'A table says nothing of shapes' table.txt || fail "it does not say why there is no config"
    "$plateau" plan "$root/docs/example-runs.csv" "${keep[@]}" --next 2 2>/dev/null | cmp -s - table.txt || fail "another answer the second time"
}

next_runs_refused() {
    local table=$root/docs/example-runs.csv
    refused 2 "--next 0: expected 1 to 64 runs" "$plateau" plan "$table" --next 0
    refused 2 "--next 65: expected 1 to 64 runs" "$plateau" plan "$table" --next 65
    refused 2 "give one of --flops, --time, --loss and --next" "$plateau" plan "$table" --next 2 --flops 10x
    refused 2 "--reach is for --next" "$plateau" plan "$table" --flops 10x --reach 2
    refused 2 "--reach 0.5: expected a factor from 1 to 100" "$plateau" plan "$table" --next 2 --reach 0.5
    head -n 4 "$table" >few.csv
    "$plateau" plan few.csv --next 2 >few.txt 2>&1
    [ $? = 2 ] || fail "few runs: not exit code 2"
    grep -q 'few.csv: nothing to fit: 3 finished runs; a law needs at least' few.txt || fail "few runs: $(cat few.txt)"
    # one size: no law of size and data
    awk -F, 'NR == 1 || $1 == first { print } NR == 2 { first = $1; print }' "$table" | sort -u -r >one.csv
    "$plateau" plan one.csv --next 2 >one.txt 2>&1
    [ $? = 2 ] || fail "one size: not exit code 2: $(cat one.txt)"
    "$plateau" plan "$table" --where keep=1 --next 2 --bootstrap 0 >none.txt 2>&1
    [ $? = 2 ] || fail "no resamples: not exit code 2"
    grep -q 'there are no resamples' none.txt || fail "no resamples: $(cat none.txt)"
}

# Budgets that no run can have are refused, and what lies beyond the runs is said on either side.
absurd_budgets() {
    local table=$root/docs/example-runs.csv
    beyond() {
        local words=$1 said
        shift
        "$plateau" "$@" --where keep=1 --bootstrap 0 >beyond.txt 2>&1 || fail "$*: exit code $?: $(tail -n 1 beyond.txt)"
        said=$(tr -s ' \n' ' ' <beyond.txt)
        [[ $said = *"$words"* ]] || fail "$*: '$words' is not in $said"
    }
    for c in 1e41 1e300; do
        refused 2 "that is more than 1e+40 FLOPs" "$plateau" plan "$table" --where keep=1 --bootstrap 0 --flops $c
    done
    refused 2 "that is more than 1e+40 FLOPs" "$plateau" predict "$table" --where keep=1 --bootstrap 0 --params 1e300 --tokens 1e300
    refused 2 "less than a parameter, or than a token" "$plateau" plan "$table" --where keep=1 --bootstrap 0 --flops 1
    refused 2 "--loss 1000: by the fit 1000 FLOPs have no more than" "$plateau" plan "$table" --where keep=1 --bootstrap 0 --loss 1000
    beyond "budget of the runs, so this is an extrapolation" plan "$table" --flops 1e25
    beyond "times that of the smallest run, so this is an extrapolation" predict "$table" --params 1 --tokens 1B
    beyond "times that of the shortest run, so this is an extrapolation" predict "$table" --params 10M --tokens 1
    beyond "times that of the longest run, so this is an extrapolation" predict "$table" --params 10M --tokens 1e15
}

# Without a grid: a time picks one, which a dry run shows, and does not write.
picked_dry() {
    local data=(--set data.source=graph-walk --set data.eval_tokens=2016)
    "$plateau" sweep --time 10m --jobs 1 "${data[@]}" --dry-run --out never >picked.txt 2>picked.log || fail "exit code $?: $(tail -n 1 picked.log)"
    [ ! -e never ] || fail "a dry run left a folder"
    local sizes budgets
    sizes=$(grep -oE '^d[0-9]+-l[0-9]+' picked.txt | sort -u | wc -l)
    budgets=$(grep -oE '^d[^ ]+-s1' picked.txt | sed -E 's/.*-(t[^-]+)-.*/\1/' | sort -u | wc -l)
    [ "$sizes" -ge 3 ] && [ "$budgets" -ge 5 ] || fail "$sizes sizes, $budgets budgets"
    grep -qE '^d[^ ]+-s2' picked.txt || fail "no second seed"
    grep -q 'one ratio' picked.txt && fail "one ratio of tokens to parameters"
    # windows that the language can be cut into
    "$plateau" sweep --time 10m --jobs 1 --set data.source=hierarchy --set data.eval_tokens=2048 --dry-run >hier.txt 2>hier.log || fail "hierarchy: $(tail -n 1 hier.log)"
    # a config without a grid is as good as none
    printf '{"name":"bare","data":{"source":"graph-walk","eval_tokens":2016}}' >bare.json
    "$plateau" sweep bare.json --time 10m --jobs 1 --dry-run >bare.txt 2>&1 || fail "a config without a grid: $(tail -n 1 bare.txt)"
}

# What is trained is a plain grid afterwards: nothing is left to do without --time, and with it more is added.
picked() {
    local data=(--set data.source=graph-walk --set data.eval_tokens=1008 --set train.batch_tokens=252 --set fit.bootstrap=40)
    "$plateau" sweep --time "$(fewer 12s 40s)" --jobs 2 "${data[@]}" --out picked >picked.txt 2>&1
    local code=$?
    if grep -qE 'too short|over before a run was done' picked.txt; then
        skip "the machine is too slow for it just now"
        return
    fi
    [ "$code" = 0 ] || fail "exit code $code: $(tail -n 2 picked.txt)"
    local runs before
    runs=$(grep -c '"tokens":.*[1-9]' <(sed -n '/"runs"/,/\]/p' picked/sweep.json))
    [ "$runs" = $(($(wc -l <picked/results.csv) - 1)) ] || fail "sweep.json has $runs runs, results.csv $(($(wc -l <picked/results.csv) - 1))"
    [ "$runs" -ge 1 ] || fail "nothing was trained"
    before=$(cksum picked/*/result.json)
    "$plateau" sweep --out picked >again.txt 2>&1 || fail "without --time: exit code $?: $(tail -n 1 again.txt)"
    grep -q 'nothing to train' again.txt || fail "something is left to train: $(head -n 3 again.txt)"
    printf '{"name":"bare","data":{"source":"graph-walk","eval_tokens":1008},"train":{"batch_tokens":252},"fit":{"bootstrap":40}}' >bare.json
    "$plateau" sweep bare.json --out picked >again.txt 2>&1 || fail "its config without --time: exit code $?: $(tail -n 1 again.txt)"
    grep -q 'nothing to train' again.txt || fail "something is left to train by its config"
    [ "$before" = "$(cksum picked/*/result.json)" ] || fail "results were changed"
    # a run of it, alone, has the same bytes
    local one
    one=$(basename "$(dirname "$(find picked -path '*/d*/result.json' | sort | head -n 1)")")
    "$plateau" train "picked/$one/config.json" --out alone >alone.txt 2>&1 || fail "train: $(tail -n 1 alone.txt)"
    cmp -s "alone/$one/checkpoint.bin" "picked/$one/checkpoint.bin" || fail "a run of it differs from the run alone"
}

picked_refused() {
    refused 2 "--time: the config has a grid, grid.models: --time picks one where there is none" "$plateau" sweep "$tiny" --time 1m
    refused 2 "--time: the config has a grid, grid.seeds" "$plateau" sweep --time 1m --set data.source=unigram --set 'grid.seeds=[1,2]'
    refused 2 "--time 0: expected a time such as 90s" "$plateau" sweep "$tiny" --time 0
    refused 2 "--time 3x: expected a time" "$plateau" sweep --time 3x
    refused 2 "expected CONFIG, or --time" "$plateau" sweep
    refused 2 "expected CONFIG, or --time" "$plateau" sweep --out nowhere
    refused 2 "data.files is empty" "$plateau" sweep --time 1m --set data.source=text
    refused 2 "--time: too short" "$plateau" sweep --time 0.2s --set data.source=graph-walk
    [ ! -e nowhere ] && [ ! -e runs ] || fail "something was written"
}

run_test single_runs
run_test single_runs_refused
run_test next_runs
run_test next_runs_trained
run_test next_runs_of_table
run_test next_runs_refused
run_test absurd_budgets
run_test picked_dry
run_test picked
run_test picked_refused
finish
