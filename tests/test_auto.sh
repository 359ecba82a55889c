#!/usr/bin/env bash
# train.lr "auto": the rates are searched before the sweep, kept, and the same after any kill; an edge is no optimum.
. "$(dirname "$0")/shell.sh"

cat >config.json <<'END'
{ "name": "auto", "data": { "source": "zipf-facts", "base": 8, "digits": 2, "values": 2, "eval_tokens": 4000 },
  "model": { "ctx": 8, "head_size": 4 }, "train": { "batch_tokens": 64, "lr": "auto" }, "fit": { "bootstrap": 0, "law": "power" },
  "grid": { "models": [ { "d_model": 8, "n_layer": 1 }, { "d_model": 16, "n_layer": 1 }, { "d_model": 24, "n_layer": 1 } ],
            "tokens": ["6k", "24k", "60k"] } }
END

# sweep DIR [WORDS...]: exit code in $code.
sweep() {
    local dir=$1
    shift
    code=0
    "$plateau" sweep config.json --out "$dir" --jobs 2 "$@" >out 2>err || code=$?
}

# digest DIR: all that a search and its sweep keep, but times.
digest() {
    local f
    find "$1" -name checkpoint.bin -o -name log.jsonl -o -name results.csv -o -name search.json -o -name sweep.json | LC_ALL=C sort | while IFS= read -r f; do
        case $f in
            *.jsonl) sed -E 's/"(tokens_per_s|wall_s)":[^,}]*//g' "$f" ;;
            *results.csv) cut -d, -f1-21,24- "$f" ;;
            *) cat "$f" ;;
        esac | cksum | sed "s#\$# ${f#"$1"}#"
    done
}

# value KEY: a number of the record of the search of $1.
value() {
    tr -d ' \n\t' <"$1/search/search.json" | sed -n "s/.*\"$2\":\([-0-9.e]*\).*/\1/p"
}

finds_a_law() {
    sweep none --dry-run
    [ "$code" = 0 ] && grep -q 'train.lr auto: before them about [0-9]* trials at [2-4] cells, .* % of the' out && [ ! -e none ] ||
        fail "dry run: code $code, $(cat out err)"
    sweep whole
    [ "$code" = 0 ] || { fail "code $code: $(tail -n 2 err)"; return; }
    grep -q '^train.lr = 0.00[0-9]* x (params / [^ ]*)^[-0-9.]* .*(searched in [0-9]* trials, .* % of the sweep' err || fail "what is found is not told: $(cat err)"
    grep -q 'parameters and 6.02k tokens the best rate is 0.00[0-9]* (95 %: ' err || fail "no bottoms are told: $(cat err)"
    # by the bowl of the smallest cell's own table
    awk -F, 'NR > 1 && $1 ~ /^d8-l1-t6.02k/ { if (least == "" || $19 < least) { least = $19; best = $16 } } END { print best }' whole/search/results.csv >best
    local at
    at=$(tr -d ' \n\t' <whole/search/search.json | sed 's/.*"bottoms":\[{[^}]*"lr":\([0-9.e-]*\).*/\1/')
    awk -v a="$at" -v b="$(cat best)" 'BEGIN { exit !(a > b / 2 && a < b * 2) }' || fail "bottom $at, the best rate that was tried is $(cat best)"
    # every run has the law's rate
    awk -F, -v a="$(tr -d ' \n\t' <whole/search/search.json | sed 's/.*"lr":{\([^}]*\)}.*/\1/; s/"[a-z_]*"://g')" '
        BEGIN { split(a, l, ",") } NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { want = l[1] * ($at["params"] / l[2]) ^ l[3] * ($at["tokens"] / l[4]) ^ l[5]; is = $at["lr"]
          if (!(is > want * .9994 && is < want * 1.0006)) print "is", is, "want", want; n++ } END { print n }' whole/results.csv >found
    [ "$(cat found)" = 9 ] || fail "rates: $(cat found)"
    awk -v a="$(value whole flops)" -v b="$(value whole sweep_flops)" 'BEGIN { exit !(a > 0 && a <= .333 * b) }' || fail 'it costs more than a third'
    [ "$(tr -d ' \n\t' <whole/sweep.json | grep -c '"lr":"auto".*"search":{"of":')" = 1 ] || fail 'sweep.json does not tell the law'
    # again: nothing to do, and status knows the runs
    sweep whole
    [ "$code" = 0 ] && grep -q '(searched before in ' err && grep -q 'all 9 runs are done' err || fail "again: $(cat err)"
    "$plateau" status whole >out || fail "status: $(cat out)"
    grep -q '^9 of 9 runs done' out && grep -q 'trials done in whole/search; the law is found' out || fail "status: $(cat out)"
}

# A grid that grows keeps the law, and so its runs; another config is refused, and --fresh searches again.
law_is_kept() {
    [ -d whole ] || sweep whole
    local before
    before=$(cd whole && ls -d d*)
    sweep whole --set 'grid.tokens=["6k","24k","60k","120k"]'
    [ "$code" = 0 ] && grep -q 'trained 3 runs' err || fail "a grid that grows: code $code, $(tail -n 3 err)"
    [ "$(cd whole && ls -d d* | grep -cxF "$before")" = 9 ] || fail 'its runs have other rates'
    sweep whole --set train.weight_decay=0.1
    [ "$code" = 2 ] && grep -q 'whole/search holds rates that were searched for another config' err || fail "another config: code $code, $(cat err)"
    cp -r whole fresh
    sweep fresh --fresh
    [ "$code" = 0 ] && grep -q '(searched in ' err || fail "fresh: $(cat err)"
    [ "$(digest fresh/search)" = "$(digest whole/search)" ] || fail 'a fresh search finds something else'
    # a law that leaves the bowls behind is told with the cell where it does most, and not where it stays near them
    grep -q 'beyond what was tried' err && fail "a law near its bowls: $(cat err)"
    mkdir far
    cp -r fresh/search far/
    edit 's/"tokens_exponent":[^,}]*/"tokens_exponent": 1.5/' far/search/search.json
    sweep far --set 'grid.tokens=["6k","24k"]'
    [ "$code" = 0 ] && grep -q '^careful: the law goes beyond what was tried: at .* parameters and 24k tokens it has ' err ||
        fail "a law far beyond its bowls: code $code, $(cat err)"
    echo '{' >fresh/search/search.json
    sweep fresh
    [ "$code" = 2 ] && grep -q 'search.json' err && [ "$(wc -l <err)" = 1 ] || fail "a damaged record: code $code, $(cat err)"
}

# Killed again and again, in the search and after it, the same command ends with the same bytes; no trial is trained twice.
kills_change_nothing() {
    local i n
    sweep steady --set train.checkpoint_s=0.01
    for i in $(seq "$(fewer 9 5)"); do
        "$plateau" sweep config.json --out killed --jobs 2 --set train.checkpoint_s=0.01 >/dev/null 2>&1 &
        sleep "0.$((i * 37 % 60 + 10))"
        [ $((i % 3)) = 0 ] && kill -INT $! || kill -KILL $!
        wait $!
    done 2>/dev/null
    sweep killed --set train.checkpoint_s=0.01
    [ "$code" = 0 ] || fail "code $code: $(tail -n 2 err)"
    [ "$(digest killed)" = "$(digest steady)" ] || fail "$(diff <(digest killed) <(digest steady))"
    # results that are there are not made again
    find steady -name result.json -exec cksum {} + | sort >results
    rm steady/search/search.json
    sweep steady --set train.checkpoint_s=0.01
    [ "$code" = 0 ] || fail "code $code: $(tail -n 2 err)"
    find steady -name result.json -exec cksum {} + | sort | cmp -s - results || fail 'a trial was trained twice'
    [ "$(digest killed)" = "$(digest steady)" ] || fail "the record comes out otherwise"
}

# The bottom lies far above what is tried: the bracket grows as far as the share goes, and that is told.
edge_is_refused() {
    local edge=(--set search.start=1e-4 --set 'grid.models=[{"d_model":8,"n_layer":1},{"d_model":16,"n_layer":1}]')
    sweep edge "${edge[@]}" --set search.share=0.12
    [ "$code" = 1 ] && [ "$(wc -l <err)" -le 8 ] || fail "code $code: $(cat err)"
    grep -q 'at d8-l1-t6.02k-s1 the best rate, 0.000[0-9]*, lies at the edge of what was tried (2.5e-05 to 0.000[0-9]*): that is no optimum; to try .* more than search.share=0.12: .*kept in edge/search' err ||
        fail "$(tail -n 1 err)"
    [ -z "$(find edge -maxdepth 1 -name 'd*')" ] && [ ! -e edge/search/search.json ] || fail 'the sweep went on'
    # more may be spent: it goes on from there
    local before
    before=$(cut -d, -f1,19 edge/search/results.csv | tail -n +2)
    sweep edge "${edge[@]}" --set search.share=9
    [ "$code" = 0 ] || fail "code $code: $(tail -n 1 err)"
    [ "$(cut -d, -f1,19 edge/search/results.csv | grep -cxF "$before")" = "$(wc -l <<<"$before")" ] || fail 'trials were lost'
    # no share for even one cell
    sweep poor --set search.share=0.01
    [ "$code" = 2 ] && grep -q '5 trials of the smallest run take 0.[0-9]* of the sweep.s FLOPs, more than search.share=0.01' err && [ ! -e poor ] ||
        fail "code $code: $(cat err)"
}

# A key whose one value is bad stays as it is; one that is much better is taken, by every run.
searches_keys() {
    local keys='search.keys={"train.cooldown":[0.0],"train.beta2_tokens":["1k"],"train.weight_decay":[2]}'
    sweep keys --set "$keys" --set search.share=2 --set train.beta2=0
    [ "$code" = 2 ] && grep -q 'search.keys: train.beta2 and train.beta2_tokens: give one of them' err && [ ! -e keys ] || fail "code $code: $(cat err)"
    keys='search.keys={"train.min_lr":[1],"train.cooldown":[0.4]}' # no cooldown at all, and a longer one
    sweep keys --set "$keys" --set search.share=3 --set train.min_lr=0.9
    [ "$code" = 0 ] || { fail "code $code: $(tail -n 2 err)"; return; }
    grep -q '^train.min_lr: no value is better' err || fail "a bad value was taken: $(cat err)"
    sweep good --set 'search.keys={"train.min_lr":[0]}' --set search.share=3 --set train.min_lr=0.9
    [ "$code" = 0 ] && grep -q '^train.min_lr: 0 is better than' err || fail "a good value was not taken: $(cat err)"
    tr -d ' \n\t' <good/sweep.json | grep -q '"min_lr":0.9,' || fail "sweep.json has another config"
    [ "$(grep -h '"min_lr"' good/d*/config.json | tr -d ' \t,' | sort -u)" = '"min_lr":0' ] || fail 'runs do not have it'
    [ "$(head -n 1 good/search/results.csv | tr , '\n' | tail -n 1)" = min_lr ] || fail 'the trials do not tell it'
    sweep good --set 'search.keys={"train.min_lr":[0]}' --set search.share=3 --set train.min_lr=0.9
    [ "$code" = 0 ] && grep -q 'all 9 runs are done' err || fail "again: $(cat err)"
}

# In size alone budgets share their trunks; with tokens each has its own rate.
terms_are_asked_for() {
    sweep params --set search.terms=params
    [ "$code" = 0 ] || fail "code $code: $(tail -n 1 err)"
    [ "$(value params tokens_exponent)" = 0 ] && [ "$(cut -d, -f16 params/results.csv | sort -u | wc -l)" -le 4 ] || fail 'budgets have rates of their own'
    sweep tokens --set search.terms=params_tokens
    [ "$code" = 0 ] || fail "code $code: $(tail -n 1 err)"
    [ "$(cut -d, -f16 tokens/results.csv | sort -u | wc -l)" = 10 ] || fail 'budgets share rates'
}

for t in finds_a_law law_is_kept kills_change_nothing edge_is_refused searches_keys terms_are_asked_for; do
    run_test "$t"
done
finish
