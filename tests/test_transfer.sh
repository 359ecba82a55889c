#!/usr/bin/env bash
# plateau check transfer on tiny widths: what it says, keeps, goes on with and refuses.
. "$(dirname "$0")/shell.sh"

cat >c.json <<'JSON'
{ "name": "c",
  "data": { "source": "zipf-facts", "base": 16, "digits": 2, "values": 2, "eval_tokens": 4096 },
  "model": { "ctx": 16, "base_d_model": 16, "base_n_layer": 1 },
  "train": { "batch_tokens": 128 } }
JSON
rates=".004,.016,.064"
small=(--widths 8,16 --depths none --rates "$rates" --tokens 3k --seeds 1)

# check ARGS: into stdout and stderr; the exit code into $code.
check() {
    "$plateau" check transfer "$@" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null
    code=$?
}

# value KEY FILE: the first number or word under it, in JSON as cJSON prints it.
value() {
    sed -n "s/^[[:space:]]*\"$1\":[[:space:]]*\([^,]*\),*\$/\1/p" "$2" | head -n 1
}

activations() {
    check c.json --only scales --widths 16,32,64 --depths none --steps 3 --tolerance .3 --out scales --json scales.json
    [ "$code" = 0 ] || fail "exit code $code: $(cat "$tmp/stderr")"
    grep -q '^width 16 to 64 at 1 layer, completep$' "$tmp/stdout" || fail "no table for completep"
    grep -q '^width 16 to 64 at 1 layer, standard$' "$tmp/stdout" || fail "no table for standard"
    grep -q '^  logits .* vanishes .* ok \*$' "$tmp/stdout" || fail "no line of the logits: $(cat "$tmp/stdout")"
    [ "$(awk '{ n = length($0); if (n > m) m = n } END { print m }' "$tmp/stdout")" -le 100 ] || fail "a line of more than 100 columns"
    [ "$(value holds scales.json)" = true ] || fail "holds: $(value holds scales.json)"
    for f in coordinates_width_completep coordinates_width_standard; do
        [ -s "scales/charts/$f.png" ] && [ -s "scales/charts/$f.svg" ] || fail "no chart $f"
    done
    ! ls scales/charts | grep -q bowls || fail "a chart of bowls that nobody asked for"
    # under GPT-2's rules they follow the width
    check c.json --only scales --widths 16,32,64 --depths none --steps 3 --tolerance .3 --out scales --set model.parametrisation=standard --set model.base_d_model=64 --set model.base_n_layer=2
    [ "$code" = 1 ] || fail "exit code $code under standard"
    grep -q 'under standard .* of the activations follow width or depth' "$tmp/stderr" || fail "$(cat "$tmp/stderr")"
}

bowls() {
    check c.json --only rates "${small[@]}" --out bowls --json -
    [ "$code" = 0 ] || [ "$code" = 1 ] || fail "exit code $code: $(cat "$tmp/stderr")"
    [ "$(head -n 1 "$tmp/stdout")" = "{" ] && [ "$(tail -n 1 "$tmp/stdout")" = "}" ] || fail "more than JSON on stdout"
    ! grep -qiE '[^a-z](nan|inf)[^a-z]' "$tmp/stdout" || fail "nan or inf in the JSON"
    local n
    n=$(value trials "$tmp/stdout")
    [ "$n" -ge 12 ] || fail "$n trials of 12 or more"
    [ "$(ls -d bowls/d*-l1-t* | wc -l)" = "$n" ] || fail "$n trials, $(ls -d bowls/d*-l1-t* | wc -l) folders"
    [ "$(($(wc -l <bowls/results.csv) - 1))" = "$n" ] || fail "results.csv has another number of rows than $n"
    cp "$tmp/stdout" once.json
    # a second time nothing is trained, and all is as it was
    check c.json --only rates "${small[@]}" --out bowls --json -
    cmp -s "$tmp/stdout" once.json || fail "another answer from the same trials"
    # a trial that is gone is made again
    rm -r "$(ls -d bowls/d8-* | head -n 1)"
    check c.json --only rates "${small[@]}" --out bowls --json -
    cmp -s "$tmp/stdout" once.json || fail "another answer after a trial was made again"
    check c.json --only rates "${small[@]}" --out bowls
    grep -qE 'largest over smallest: [0-9]|not every bowl' "$tmp/stdout" || fail "no factor: $(cat "$tmp/stdout")"
    [ -s bowls/charts/bowls_width_completep.png ] || fail "no chart of bowls"
}

# A ladder far below the bottom grows until it holds it, or says that it does not.
edges() {
    check c.json --only rates --widths 8,16 --depths none --rates .0001,.0002,.0004 --tokens 3k --seeds 1 --out edges --json edges.json
    [ "$code" = 0 ] || [ "$code" = 1 ] || fail "exit code $code: $(cat "$tmp/stderr")"
    grep -q 'their ladders grow' "$tmp/stderr" || fail "the ladder did not grow: $(cat "$tmp/stderr")"
    [ "$(value trials edges.json)" -gt 12 ] || fail "$(value trials edges.json) trials"
    grep -q '"state":.*"found"\|"state":.*"high_edge"' edges.json || fail "no state of a bowl"
}

# What was there when it was stopped is used.
stopped() {
    "$plateau" check transfer c.json --only rates --widths 8,16 --depths 1,2 --tokens 20k --seeds 2 --out stop >out.txt 2>err.txt </dev/null &
    local pid=$!
    patiently compgen -G 'stop/d*/result.json' >/dev/null
    kill -INT "$pid" 2>/dev/null
    wait "$pid"
    local got=$?
    [ "$got" = 130 ] || [ "$got" = 0 ] || [ "$got" = 1 ] || fail "exit code $got: $(cat err.txt)"
    [ "$got" != 130 ] || grep -q 'Go on with: .* check transfer c.json' err.txt || fail "$(cat err.txt)"
    [ "$(ls stop/d*/result.json | wc -l)" -ge 1 ] || fail "nothing was kept"
}

refused() {
    local want=$1
    shift
    find . | sort >"$tmp/before"
    check "$@"
    [ "$code" = 2 ] || fail "exit code $code, expected 2: $*"
    grep -qF -- "$want" "$tmp/stderr" || fail "'$want' is not in: $(cat "$tmp/stderr")"
    [ "$(wc -l <"$tmp/stderr")" = 1 ] || fail "not one line: $(cat "$tmp/stderr")"
    [ ! -s "$tmp/stdout" ] || fail "stdout: $(cat "$tmp/stdout")"
    find . | sort | cmp -s - "$tmp/before" || fail "files appeared: $*"
}

refusals() {
    touch stdout stderr before
    refused "--widths 32,abc: 'abc'" c.json --widths 32,abc
    refused "must rise" c.json --widths 32,16
    refused "one size" c.json --widths 32
    refused "neither" c.json --widths none --depths none
    refused "head_size" c.json --widths 12,16
    refused "three rates" c.json --rates .01,.02
    refused "--only" c.json --only both
    refused "--tokens" c.json --tokens 100
    refused "--seeds" c.json --seeds 0
    refused "--tolerance" c.json --tolerance 0
    refused "missing.json" missing.json
    refused "train.lrr" c.json --set train.lrr=1
    refused "train.lr is 0" c.json --set train.lr=0
    refused "c.json: train.warmup_tokens" c.json --tokens 3k --set train.warmup_tokens=5k
    check c.json --only scales --widths 8,16 --depths none --steps 1 --json no/where.json
    [ "$code" = 2 ] || [ "$code" = 3 ] || fail "exit code $code for a JSON file that has no place"
    grep -q 'no/where.json' "$tmp/stderr" || fail "$(cat "$tmp/stderr")"
    "$plateau" check frobnicate c.json >"$tmp/stdout" 2>"$tmp/stderr"
    [ $? = 2 ] && grep -q 'transfer' "$tmp/stderr" || fail "an unknown check: $(cat "$tmp/stderr")"
    "$plateau" check --help | grep -q -- --tolerance || fail "no help"
}

run_test activations
run_test bowls
run_test edges
run_test stopped
run_test refusals
finish
