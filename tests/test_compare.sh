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
    "$plateau" compare base.csv half.csv --json - >half.json || fail "json"
    awk "BEGIN { g = $(sed -n '/"largest"/,/ci95/p' half.json | grep -m 1 '"value"' | tr -dc '0-9.'); exit !(g > .45 && g < .56) }" ||
        fail "gain of .5: $(grep -A3 largest half.json)"
    for key in base variants changed level exponent floor p_any gain smallest largest at_10x trend loss_difference smallest_gain_seen; do
        grep -q "\"$key\"" half.json || fail "no $key"
    done
    "$plateau" compare base.csv half.csv --json - | cmp - half.json || fail "other bytes the second time"
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
    table 1 1 0 0 base.csv
    table 2 .5 0 0 'half_of,it.csv'
    "$plateau" compare base.csv 'half_of,it.csv' --format csv >t.csv || fail "csv"
    [ "$(wc -l <t.csv)" = 2 ] && grep -q '^"half_of,it",' t.csv || fail "$(cat t.csv)"
    [ "$(awk -F, 'NR == 1 { print NF }' t.csv)" = "$(sed 's/"[^"]*"/x/' t.csv | awk -F, 'NR == 2 { print NF }')" ] || fail "cells"
    "$plateau" compare base.csv 'half_of,it.csv' --format md >t.md || fail "md"
    [ "$(wc -l <t.md)" = 3 ] || fail "$(cat t.md)"
    "$plateau" compare base.csv 'half_of,it.csv' --format latex | grep -q '^half\\_of,it & ' || fail "latex"
    "$plateau" compare base.csv 'half_of,it.csv' --format xls >out 2>err && fail "xls"
    grep -q 'csv, md or latex' err || fail "$(cat err)"
}

configs_are_trained_once() {
    echo '{"model": {"norm": "rmsnorm"}}' >rms.json
    "$plateau" compare "$(tiny_config)" rms.json --out c --set 'grid.tokens=["20k","40k","60k"]' >out 2>err || fail "exit code $?: $(cat err)"
    grep -q '^rms against tiny' out || fail "$(cat out)"
    [ -f c/compare.json ] && [ -f c/tiny/results.csv ] && [ -f c/rms/results.csv ] || fail "files: $(ls c c/*)"
    cp c/compare.json first.json
    cksum c/*/*/log.jsonl >before
    "$plateau" compare "$(tiny_config)" rms.json --out c --set 'grid.tokens=["20k","40k","60k"]' >out 2>err || fail "again: $(cat err)"
    grep -q 'rms: trained 0 runs' err || fail "trained twice: $(cat err)"
    cksum c/*/*/log.jsonl | cmp - before || fail "logs"
    cmp c/compare.json first.json || fail "compare.json"
    "$plateau" compare c/tiny c/rms --json - | cmp - first.json || fail "folders say another thing than configs"
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
    [ $? = 2 ] || fail "one side"
    "$plateau" compare base.csv absent.csv >out 2>err
    [ $? = 2 ] && grep -q absent.csv err || fail "$(cat err)"
    head -n 3 base.csv >short.csv
    "$plateau" compare base.csv short.csv >out 2>err || fail "short: $(cat err)"
    grep -q 'cannot be compared' out || fail "$(cat out)"
    sed 's/loss/bpb/' base.csv >bits.csv
    "$plateau" compare base.csv bits.csv >out 2>err
    grep -q 'cannot be compared' out err || fail "units: $(cat out err)"
}

for t in tables_are_compared pictures tables_for_a_paper configs_are_trained_once bad_words_are_told; do
    run_test "$t"
done
finish
