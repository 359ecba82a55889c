# shellcheck source=tests/shell.sh
. "$(dirname "$0")/shell.sh"

# The number that follows a key of compare.json, the first one.
number() {
    grep -o "\"$2\":[^,}]*" "$1" | head -n 1 | sed 's/.*:[[:space:]]*//'
}

# A table of a sweep by a law, with a little noise that seed $1 names: $2 is a factor on the data that counts, $3 is added to
# the floor, $4 to the exponent of data.
table() {
    awk -v seed="$1" -v f="$2" -v e="$3" -v b="$4" 'BEGIN {
        srand(seed)
        print "run,params,tokens,flops,seed,trunk,loss"
        for (s = 0; s < 4; s++) for (k = 1; k <= 2; k++) {
            n = 3000 * 2.2 ^ s
            for (d = 0; d < 4; d++) {
                t = 200000 * 2 ^ d
                z = sqrt(-2 * log(1 - rand())) * cos(6.2831853 * rand())
                printf "r%d-%d-%d,%.0f,%.0f,%.0f,%d,t%d-%d,%.6f\n", s, d, k, n, t, 6 * n * t, k, s, k,
                    (.684 + e + 11 / n ^ .42 + 260 / (t * f) ^ (.5 + b)) * (1 + .001 * z)
            }
        }
    }' >"$5"
}

tables_are_compared() {
    table 1 1 0 0 base.csv
    table 2 .5 0 0 half.csv
    table 3 1 .06 0 floor.csv
    cp base.csv same.csv
    "$plateau" compare base.csv half.csv floor.csv same.csv >out 2>err || fail "exit code $?: $(cat err)"
    [ "$(grep -c ' against base' out)" = 3 ] || fail "three answers: $(cat out)"
    grep -A1 '^floor against' out | grep -q 'moves the floor' || fail "floor: $(cat out)"
    grep -A1 '^same against' out | grep -q 'No difference' || fail "same: $(cat out)"
    ! grep -q 'nan\|inf' out || fail "$(grep 'nan\|inf' out)"
    # compute and factors as the other commands have them: no suffixes, no 1.2e+02
    table 5 1 0 0 again.csv # by most awks a gain so small that it would take hundreds of times the seeds
    "$plateau" compare base.csv again.csv --bootstrap 20 >>out 2>err || fail "again: $(cat err)"
    grep -qE 'at the largest budget, [0-9.]+e1[0-9] FLOPs' out && ! grep -qE '[0-9][kMBTP] FLOPs|e\+0' out || fail "numbers: $(cat out)"
    "$plateau" compare base.csv half.csv --json - >half.json || fail "json"
    awk "BEGIN { g = $(sed -n '/"largest"/,/ci95/p' half.json | grep -m 1 '"value"' | tr -dc '0-9.'); exit !(g > .45 && g < .56) }" ||
        fail "gain of .5: $(grep -A3 largest half.json)"
    for key in base variants changed level exponent floor floor_with_level p_any gain smallest largest at_10x trend loss_difference smallest_gain_seen; do
        grep -q "\"$key\"" half.json || fail "no $key"
    done
    "$plateau" compare base.csv half.csv --json - | cmp - half.json || fail "other bytes the second time"
}

# said FILE: on one line.
said() { tr -s ' \n' ' ' <"$1"; }

# Of unlike grids what meets is paired, and which of sizes and budgets differ is said.
unlike_grids() {
    table 1 1 0 0 base.csv
    awk -F, -v OFS=, 'NR > 1 { if ($3 == 200000) $3 = 3200000; $4 = 6 * $2 * $3; $7 -= $3 > 2e6 ? .3 : 0 } { print }' base.csv >later.csv
    "$plateau" compare base.csv later.csv --bootstrap 20 >out 2>err || fail "exit code $?: $(cat err)"
    said out | grep -q '24 pairs in 12 cells' && ! said out | grep -q 'differ:' || fail "later: $(said out)"
    said out | grep -q '8 runs of the base and 8 of the variant have no partner' || fail "later: $(said out)"
    awk -F, -v OFS=, 'NR > 1 { $3 = int($3 * 1.37); $4 = 6 * $2 * $3 } { print }' base.csv >others.csv
    "$plateau" compare base.csv others.csv --bootstrap 20 >out 2>err || fail "exit code $?: $(cat err)"
    said out | grep -q 'fewer than 3 cells of the two grids meet, as budgets differ: the two fits' || fail "others: $(said out)"
    said out | grep -qE 'careful .* the runs of others begin at [0-9.]+e9 FLOPs: what is said of less is extrapolated' || fail "others: $(said out)"
    # a p that is smaller than what can be told of it, on the screen and on the page
    awk -F, -v OFS=, 'NR > 1 { $7 += 1 } { print }' others.csv >worse.csv
    "$plateau" compare base.csv worse.csv --bootstrap 20 --out worse >out 2>err || fail "exit code $?: $(cat err)"
    said out | grep -q 'evidence p < 0.001 of so much difference' || fail "worse: $(said out)"
    grep -q '<td class="n">&lt; 0.001</td>' worse/report.html && ! grep -q '<td class="n">0.000</td>' worse/report.html || fail "worse: a p on the page"
    # nothing in common: no claim
    awk -F, -v OFS=, 'NR > 1 { $2 *= 1000; $3 *= 1000; $4 = 6 * $2 * $3 } { print }' base.csv >far.csv
    "$plateau" compare base.csv far.csv --bootstrap 20 --out far >out 2>err || fail "exit code $?: $(cat err)"
    said out | grep -qE 'They cannot be compared: the ranges of compute do not overlap: base has [0-9.e]+ to [0-9.e]+ FLOPs, far [0-9.e]+ to [0-9.e]+ FLOPs' || fail "far: $(said out)"
    ! grep -qE '^  (gain|evidence|floor)|moves' out && grep -q '"why_not":.*do not overlap' far/compare.json || fail "far: $(said out)"
    awk -F, -v OFS=, 'NR > 1 { $2 = int($2 * 1.2); $4 = 6 * $2 * $3 } { print }' base.csv >larger.csv
    "$plateau" compare base.csv larger.csv --bootstrap 20 >out 2>err || fail "exit code $?: $(cat err)"
    said out | grep -q '32 pairs in 16 cells' && said out | grep -q 'sizes differ: the k-th size' || fail "larger: $(said out)"
    awk -F, -v OFS=, 'NR > 1 { $2 = int($2 * 1.2); $3 = int($4 / $2 / 6) } { print }' base.csv >flops.csv
    "$plateau" compare base.csv flops.csv --bootstrap 20 >out 2>err || fail "exit code $?: $(cat err)"
    said out | grep -q '32 pairs in 16 cells' && said out | grep -q 'budgets differ in tokens: those of one compute' || fail "flops: $(said out)"
    awk -F, -v OFS=, 'NR > 1 { $2 = int($2 * 1.2); $3 = int($3 * 1.2); $4 = 6 * $2 * $3 } { print }' base.csv >both.csv
    "$plateau" compare base.csv both.csv --bootstrap 20 >out 2>err || fail "exit code $?: $(cat err)"
    said out | grep -q '32 pairs in 16 cells' && said out | grep -q 'sizes and budgets differ: the k-th' || fail "both: $(said out)"
}

# One picture a question, in the comparison's folder; those of an earlier one that are none now go.
pictures() {
    table 1 1 0 0 base.csv
    table 2 2 0 0 twice.csv
    cp base.csv same.csv
    "$plateau" compare base.csv twice.csv same.csv --out drawn >out 2>err || fail "exit code $?: $(cat err)"
    for chart in gains differences variants frontiers; do
        [ -s "drawn/charts/$chart.png" ] && [ -s "drawn/charts/$chart.svg" ] || fail "no chart $chart"
        ! grep -qE '[^a-z](nan|inf)[^a-z]' "drawn/charts/$chart.svg" || fail "$chart: nan or inf"
    done
    grep -q '^<!DOCTYPE html>' drawn/report.html && grep -q 'twice' drawn/report.html || fail "no page of the comparison"
    grep -qE 'For the loss of twice at .*, base needs (1\.9|2\.0).* times the compute' drawn/charts/gains.svg || fail "gains: $(grep -o 'For the loss[^<]*' drawn/charts/gains.svg)"
    grep -q 'twice has a lower loss than base in 16 of 16 cells; the difference is clear in 16' drawn/charts/differences.svg || fail "differences"
    grep -q '1 of 2 variants moves the curve of base' drawn/charts/variants.svg || fail "variants"
    grep -q 'the loss of twice lies below that of base by 0.0' drawn/charts/frontiers.svg || fail "frontiers"
    # grids that do not meet have no cells
    awk -F, -v OFS=, 'NR > 1 { if ($2 < 4000) next; $3 = int($3 * 1.37); $4 = int($4 * 1.37) } { print }' twice.csv >apart.csv
    "$plateau" compare base.csv apart.csv --out drawn >out 2>err || fail "apart: exit code $?: $(cat err)"
    [ -e drawn/charts/gains.png ] && [ ! -e drawn/charts/differences.png ] || fail "apart: $(ls drawn/charts)"
    mkdir linked && ln -s "$PWD" linked/charts
    ! "$plateau" compare base.csv same.csv --out linked >out 2>err || fail "charts through a link"
}

tables_for_a_paper() {
    # of one seed, as a comparison's time goes with its rows
    table 1 1 0 0 both.csv && awk -F, 'NR == 1 || $5 == 1' both.csv >base.csv
    table 2 .5 0 0 both.csv && awk -F, 'NR == 1 || $5 == 1' both.csv >'half_of,it.csv'
    "$plateau" compare base.csv 'half_of,it.csv' --format csv >t.csv || fail "csv"
    [ "$(wc -l <t.csv)" = 2 ] && grep -q '^"half_of,it",' t.csv || fail "$(cat t.csv)"
    [ "$(awk -F, 'NR == 1 { print NF }' t.csv)" = "$(sed 's/"[^"]*"/x/' t.csv | awk -F, 'NR == 2 { print NF }')" ] || fail "cells"
    "$plateau" compare base.csv 'half_of,it.csv' --format md >t.md || fail "md"
    [ "$(wc -l <t.md)" = 3 ] || fail "$(cat t.md)"
    "$plateau" compare base.csv 'half_of,it.csv' --format latex | grep -q '^half\\_of,it & ' || fail "latex"
    cp 'half_of,it.csv' 'half~of.csv' && "$plateau" compare base.csv 'half~of.csv' --format latex | grep -qF "half\\textasciitilde{}of & " || fail "latex: a tilde"
    "$plateau" compare base.csv 'half_of,it.csv' --format xls >out 2>err && fail "xls"
    grep -q 'csv, md or latex' err || fail "$(cat err)"
}

# Of the smallest grid that a law can be fitted to, so that a comparison takes a moment.
small=(--set 'grid.tokens=["20k","40k","60k"]' --set data.eval_tokens=4096 --bootstrap 20)

configs_are_trained_once() {
    echo '{"model": {"norm": "rmsnorm"}}' >rms.json
    "$plateau" compare "$(tiny_config)" rms.json --out c "${small[@]}" >out 2>err || fail "exit code $?: $(cat err)"
    grep -q '^rms against tiny' out || fail "$(cat out)"
    [ -f c/compare.json ] && [ -f c/tiny/results.csv ] && [ -f c/rms/results.csv ] || fail "files: $(ls c c/*)"
    cp c/compare.json first.json
    cksum c/*/*/log.jsonl >before
    "$plateau" compare "$(tiny_config)" rms.json --out c "${small[@]}" >out 2>err || fail "again: $(cat err)"
    grep -q 'rms: trained 0 runs' err || fail "trained twice: $(cat err)"
    cksum c/*/*/log.jsonl | cmp - before || fail "logs"
    cmp c/compare.json first.json || fail "compare.json"
    "$plateau" compare c/tiny c/rms --bootstrap 20 --json - | cmp - first.json || fail "folders say another thing than configs"
    said out | grep -q 'differs in model.norm layernorm -> rmsnorm. gain' && ! said out | grep -q 'the sides differ' || fail "differs: $(cat out)"
    sides_and_what_they_differ_in
}

# Of the folders that are there: two keys, none, and tables, which have no config.
sides_and_what_they_differ_in() {
    cp -R c/rms c/two
    edit 's/"lr":\t[0-9.]*/"lr":\t0.0123/' c/two/sweep.json
    unseal c/two/sweep.json
    "$plateau" compare c/tiny c/two --bootstrap 20 --out pair >out 2>err || { fail "two keys: $(cat err)"; return; }
    said out | grep -q 'differs in model.norm layernorm -> rmsnorm; train.lr 0.[0-9]* -> 0.0123.' || fail "two keys: $(cat out)"
    said out | grep -q 'the sides differ in 2 keys: what is seen is of all of them together' || fail "no care of two keys: $(cat out)"
    grep -q 'two: model.norm layernorm -&gt; rmsnorm; train.lr 0.[0-9]* -&gt; 0.0123' pair/report.html || fail "two keys on the page"
    tr -d ' \t\n' <pair/compare.json | grep -q '"differs":\[{"key":"model.norm","base":"layernorm","variant":"rmsnorm"},{"key":"train.lr","base":0.[0-9]*,"variant":0.0123}\]' ||
        fail "two keys: $(grep -A9 differs pair/compare.json)"
    "$plateau" compare c/tiny c/tiny --bootstrap 20 >out 2>err || fail "itself: $(cat err)"
    said out | grep -q 'differs in no key of their configs.' && said out | grep -q 'careful the two sides are the same runs.' || fail "itself: $(cat out)"
    ! grep -qE 'would show|To tell the gain|in time' out || fail "itself: $(cat out)"
    "$plateau" compare c/tiny/results.csv c/two --bootstrap 20 >out 2>err || fail "a table: $(cat err)"
    ! grep -q 'differs in' out || fail "a table has a config: $(cat out)"
}

# Averages of the weights in place of a cooldown, soft targets from the base's largest run, four epochs of a quarter of the data.
ways_of_learning() {
    local c=$root/configs/compare run
    "$plateau" compare "$(tiny_config)" "$c/averaged.json" "$c/distilled.json" "$c/repeated.json" --out w "${small[@]}" >out 2>err ||
        { fail "exit code $?: $(tail -n 2 err)"; return; }
    grep -q 'the losses of averaged are those of averaged weights, loss_tail' out || fail "averaged: $(cat out)"
    # its cells hold the average's loss, not that of the last weights
    run=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { print substr($at["loss"], 1, 10), substr($at["loss_tail"], 1, 10); exit }' w/averaged/results.csv)
    grep -q "\"variant\":[[:space:]]*${run#* }" w/compare.json || fail "cells of averaged have not ${run#* }"
    ! grep -q "\"variant\":[[:space:]]*${run% *}" w/compare.json || fail "cells of averaged have ${run% *}"
    "$plateau" fit w/averaged --json - --bootstrap 0 >tail.json && "$plateau" fit w/averaged --bootstrap 0 --column loss=loss --json - >last.json
    ! cmp -s tail.json last.json || fail "fit does not take the column that the config names"
    # the teacher: the base's run of the most parameters and tokens, of the first seed
    run=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["params"] > p || ($at["params"] == p && $at["tokens"] > t) { p = $at["params"]; t = $at["tokens"]; r = $at["run"] } END { print r }' w/tiny/results.csv)
    grep -q "w/tiny/$run\"" w/distilled/sweep.json || fail "teacher: $(grep teacher w/distilled/sweep.json)"
    grep -A3 'its teacher' out | tr '\n' ' ' | grep -q 'not in the gains above. Its passes take' || fail "cost of the teacher: $(cat out)"
    grep -q '"gain_with_all"' w/compare.json || fail "no gain with the teacher's cost"
    [ "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "epochs") at = i; next } { print $at }' w/repeated/results.csv | sort -u)" = 4 ] ||
        fail "repeated: $(cat w/repeated/results.csv)"
    "$plateau" compare w/tiny w/averaged w/distilled w/repeated --bootstrap 20 --json - | cmp - w/compare.json || fail "folders say another thing than configs"
    "$plateau" sweep "$(tiny_config)" --set train.teacher=@base --out no >out 2>err
    [ $? = 2 ] && grep -q '@base is a run of the base of plateau compare' err && [ ! -e no ] || fail "$(cat err)"
    "$plateau" sweep "$(tiny_config)" --set fit.loss=loss_ema --out no >out 2>err
    [ $? = 2 ] && grep -q 'fit.loss=loss_ema is that of an average of the weights, but train.ema is 0' err && [ ! -e no ] || fail "$(cat err)"
}

# What was spent beside the runs: trials of rates on both sides, bytes.
costs() {
    [ -z "${TEST_SLOW:-}" ] || { skip "searches take minutes where steps are slow"; return; }
    sed 's/"lr": *[0-9.]*/"lr": "auto"/' "$(tiny_config)" >auto.json
    grep -q '"auto"' auto.json || { fail "no rate in $(cat auto.json)"; return; }
    echo '{"model": {"norm": "rmsnorm"}}' >rms.json
    "$plateau" compare auto.json rms.json --out a "${small[@]}" --set search.share=9 --format csv >t.csv 2>err || { fail "exit code $?: $(tail -n 2 err)"; return; }
    "$plateau" compare a/auto a/rms --bootstrap 20 >out 2>err
    tr -s ' \n' ' ' <out | grep -qE "with search .*the base's took [0-9.]+(e[0-9]+)? FLOPs in [0-9]+ trials, [0-9]+ % of its runs', the variant's" || fail "$(cat out)"
    tr -s ' \n' ' ' <out | grep -q 'in memory .* the bytes that a run of the base needs' || fail "no memory: $(cat out)"
    # a run's share of the trials: the gain times (1 + base's) over (1 + variant's)
    awk -v a="$(sed -n '/"search"/,/"gain"/p' a/compare.json | tr -dc '0-9.:,\n' | awk -F: '/:/ { printf "%s ", $2 + 0 }')" \
        -v g="$(sed -n '/"gain":/,/"at_10x"/p' a/compare.json | sed -n '/"largest"/,/ci95/s/.*"value":[[:space:]]*\([0-9.]*\),.*/\1/p' | head -n 1)" \
        -v s="$(sed -n '/"search"/,/ci95/s/.*"value":[[:space:]]*\([0-9.]*\),.*/\1/p' a/compare.json | head -n 1)" \
        'BEGIN { n = split(a, v, " "); k = 0; for (i = 1; i <= n; i++) if (v[i] > 0) x[++k] = v[i]
            want = g * (1 + x[1] / x[2]) / (1 + x[4] / x[5]); exit !(k >= 6 && s > 0 && s / want > 0.9999 && s / want < 1.0001) }' ||
        fail "gain with the search: $(sed -n '/"search"/,/ci95/p' a/compare.json)"
    [ "$(awk -F, 'NR == 1 { print NF }' t.csv)" = "$(awk -F, 'NR == 2 { print NF }' t.csv)" ] && grep -q 'gain_memory.*gain_with_search.*seeds_factor,budgets_more$' t.csv || fail "$(cat t.csv)"
    table 1 1 0 0 base.csv
    "$plateau" compare base.csv base.csv --json - | grep -A3 '"search"' | grep -q '"flops":[[:space:]]*null' || fail "a table's search is not unknown"
}

# One that finds no optimum is said; the others are compared all the same.
one_fails() {
    sed 's/"lr": *[0-9.]*/"lr": "auto"/' "$(tiny_config)" >auto.json
    echo '{"train": {"lr": "auto"}, "search": {"start": 1e-9, "share": 0.5}}' >lost.json
    echo '{"model": {"norm": "rmsnorm"}}' >rms.json
    "$plateau" compare "$(tiny_config)" lost.json rms.json --out f "${small[@]}" >out 2>err
    [ $? = 1 ] || fail "exit code: $(cat err)"
    tr -s ' \n' ' ' <out | grep -q 'lost against tiny answer They cannot be compared: train.lr auto' || fail "$(cat out)"
    grep -q '^rms against tiny' out && ! grep -A1 '^rms against tiny' out | grep -q 'cannot be compared' || fail "$(cat out)"
    tail -n 1 err | grep -q 'lost was not trained, and is not compared: train.lr auto' || fail "$(tail -n 3 err)"
    grep -q '"why_not":.*train.lr auto' f/compare.json || fail "compare.json"
}

# Files of finished runs, by inode: a file that is written again has another one.
finished() {
    find k -name result.json -exec ls -i {} + 2>/dev/null | awk '{ print $1, $NF }' | sort
}

logged() { cat "$1"/*/d*/log.jsonl 2>/dev/null | wc -c; }

# Killed again and again and started again, as soon as its logs have grown by one part in so many: no run that is done is trained
# again, no step stands twice in a log, and all ends with the bytes of a comparison that nobody disturbed.
nothing_is_trained_twice() {
    local pid i code=1 before kills all
    local words=("$(tiny_config)" rms.json "$root/configs/compare/distilled.json" "${small[@]}" --set train.checkpoint_s=0.05 --set train.log_every=1)
    echo '{"model": {"norm": "rmsnorm"}}' >rms.json
    "$plateau" compare "${words[@]}" --out whole >out 2>err || { fail "exit code $?: $(tail -n 2 err)"; return; }
    mkdir k
    kills=$(fewer 12 4) all=$(logged whole)
    for i in $(seq "$kills"); do
        before=$(finished)
        "$plateau" compare "${words[@]}" --out k >out 2>err &
        pid=$!
        while kill -0 "$pid" 2>/dev/null; do
            [ "$(logged k)" -lt $((all * i / (kills + 2))) ] || kill -KILL "$pid"
            sleep 0.02
        done 2>/dev/null
        wait "$pid" 2>/dev/null
        code=$?
        [ -z "$(comm -23 <(echo "$before") <(finished))" ] || fail "a finished run was written again: $(comm -23 <(echo "$before") <(finished))"
        [ "$code" != 0 ] || break
        [ "$code" = 137 ] || { fail "exit code $code: $(tail -n 1 err)"; break; }
    done
    [ "$i" -gt 2 ] || fail "it was not killed"
    [ "$code" = 0 ] || "$plateau" compare "${words[@]}" --out k >out 2>err || fail "$(tail -n 1 err)"
    echo "  killed $((i - 1)) times"
    for i in k/*/d*/log.jsonl; do
        grep -o '"type":"step","step":[0-9]*' "$i" | sort | uniq -d | grep -q . && fail "$i: a step stands twice"
        cmp -s <(sed 's/"tokens_per_s":[^,}]*//' "$i") <(sed 's/"tokens_per_s":[^,}]*//' "whole${i#k}") || fail "$i: another log than undisturbed"
        cmp -s "${i%log.jsonl}checkpoint.bin" "$(dirname "whole${i#k}")/checkpoint.bin" || fail "$i: another checkpoint"
    done
    [ "$(ls -d k/*/d* | wc -l)" = "$(ls -d whole/*/d* | wc -l)" ] || fail "other runs: $(ls -d k/*/d*)"
}

bad_words_are_told() {
    table 1 1 0 0 base.csv
    echo '{"model": {"norm": "rms"}}' >bad.json
    "$plateau" compare "$(tiny_config)" bad.json --out d >out 2>err
    [ $? = 2 ] && grep -q 'bad.json.*model.norm' err && [ ! -e d ] || fail "$(cat err; ls d)"
    "$plateau" compare base.csv bad.json >out 2>err
    [ $? = 2 ] && grep -q 'base.csv is no config' err || fail "$(cat err)"
    "$plateau" compare base.csv base.csv --set train.lr=1 >out 2>err
    [ $? = 2 ] && grep -q 'nothing is trained' err || fail "$(cat err)"
    "$plateau" compare base.csv >out 2>err
    [ $? = 2 ] && grep -q 'base.csv alone: a base is compared with one variant or more' err || fail "one side: $(cat err)"
    "$plateau" compare base.csv absent.csv >out 2>err
    [ $? = 2 ] && grep -q absent.csv err || fail "$(cat err)"
    head -n 3 base.csv >short.csv
    "$plateau" compare base.csv short.csv >out 2>err || fail "short: $(cat err)"
    grep -q 'cannot be compared' out || fail "$(cat out)"
    sed 's/loss/bpb/' base.csv >bits.csv
    "$plateau" compare base.csv bits.csv >out 2>err
    grep -q 'cannot be compared' out err || fail "units: $(cat out err)"
}

for t in tables_are_compared unlike_grids pictures tables_for_a_paper configs_are_trained_once ways_of_learning costs one_fails nothing_is_trained_twice bad_words_are_told; do
    run_test "$t"
done
finish
