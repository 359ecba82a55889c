#!/usr/bin/env bash
# plateau results: tables for a paper.
. "$(dirname "$0")/shell.sh"

# Three seeds at each of 25 cells, .01 below, at and .02 above their law; bits per byte half as many.
sweep() { # sweep DIR
    mkdir -p "$1"
    awk 'BEGIN { print "run,status,params,params_nonembd,tokens,flops,seed,loss,bpb"; for (i = 0; i < 5; i++) for (j = 0; j < 5; j++) for (s = 0; s < 3; s++) {
        n = 1e6 * 2 ^ i; d = 2e7 * 3 ^ j; l = 1.7 + 400 / n ^ .34 + 410 / d ^ .28 + (s == 0 ? -.01 : s == 1 ? 0 : .02)
        printf "r%d-%d-%d,done,%d,%d,%.9g,%.9g,%d,%.6f,%.6f\n", i, j, s, n, n / 2, d, 6 * n * d, s, l, l / 2 }
        print "r9,diverged,1000000,500000,20000000,1.2e14,4,," }' >"$1/results.csv"
}

odd='a_b & 50% | "x", y'

numbers() {
    sweep "$odd"
    "$plateau" results "$odd" --format csv >out 2>/dev/null || fail "exit code $?"
    [ "$(wc -l <out)" = 26 ] || fail "$(wc -l <out) lines, wanted 26"
    [ "$(head -1 out)" = of,params,params_nonembd,tokens,flops,runs,loss,loss_lo,loss_hi,bpb,bpb_lo,bpb_hi ] || fail "header: $(head -1 out)"
    grep -q '^"a_b & 50% | ""x"", y",1000000,500000,20000000,1.2e+14,3,' out || fail "no row of the first cell: $(sed -n 2p out)"
    # mean .00333 above the law, sd .0152753, half-width 4.30265 sd / sqrt 3
    sed -n 2p out | sed 's/.*y",//' | awk -F, '{ l = 1.7 + 400 / 1e6 ^ .34 + 410 / 2e7 ^ .28 + .01 / 3; h = 4.30265 * .0152753 / sqrt(3)
        function_ok = ($6 - l) ^ 2 < 1e-10 && ($8 - $6 - h) ^ 2 < 1e-7 && ($6 - $7 - h) ^ 2 < 1e-7 && ($9 - l / 2) ^ 2 < 1e-10 && ($11 - $9 - h / 2) ^ 2 < 1e-7
        exit !function_ok }' || fail "not the mean and its interval: $(sed -n 2p out)"
    "$plateau" results "$odd" --format csv --table parameters >out 2>/dev/null || fail "parameters: exit code $?"
    awk -F, '/,alpha,/ { a = $(NF - 3) > .3 && $(NF - 3) < .38 && $(NF - 2) < .34 && $(NF - 1) > .34 && $NF == "" } END { exit !a }' out || fail "alpha: $(cat out)"
}

escapes() {
    sweep "$odd"
    "$plateau" results "$odd" --format md >out 2>/dev/null || fail "md: exit code $?"
    grep -qF '| a\_b & 50% \| "x", y | 1M | 500k | 20M |' out || fail "Markdown: $(sed -n 3p out)"
    awk -F'[^\\\\][|]' '/^\| a/ { if (n && NF != n && !f) f = NF; n = n ? n : NF } /^$/ { n = 0 } END { exit f != 0 }' out || fail "rows of other lengths: $(cat out)"
    "$plateau" results "$odd" --format latex >out 2>/dev/null || fail "latex: exit code $?"
    grep -qF 'a\_b \& 50\% | "x", y & 1M & 500k & 20M & $1.2\times10^{14}$ & 3 & ' out || fail "LaTeX: $(sed -n 5p out)"
    [ "$(grep -c 'begin{tabular}' out)" = 3 ] && [ "$(grep -c 'end{tabular}' out)" = 3 ] || fail "not three tables"
    grep -qE '\^|[^\\]_' <(grep -v '\$\|^%' out | sed 's/\\textasciicircum{}//g') && fail "a bare special: $(grep -nE '\^|[^\\]_' out | head -3)"
    "$plateau" results "$odd" --format json >out 2>/dev/null || fail "json: exit code $?"
    grep -qF '{"of": "a_b & 50% | \"x\", y", "params": 1000000,' out || fail "JSON: $(sed -n 2p out)"
    ! grep -qE '(nan|inf)[,}\]]' out || fail "a number that is none"
    command -v jq >/dev/null || { skip "jq"; return; }
    [ "$(jq '.cells | length' out)" = 25 ] && [ "$(jq '.laws[0].runs' out)" = 75 ] || fail "jq reads other numbers"
}

# Digits end where the interval does: half-width .038, so .01 is the last.
digits() {
    sweep s
    "$plateau" results s >out 2>/dev/null || fail "exit code $?"
    grep -qE '\| 3 \| [0-9]\.[0-9]{2,3} \[[0-9]\.[0-9]{2,3}, [0-9]\.[0-9]{2,3}\] \|' out || fail "$(sed -n 3p out)"
}

# Where people read, a loss has its four digits, 4.810 beside 8.198, and a table without rows is none.
few_runs() {
    printf 'params,tokens,loss\n1000000,1e8,8.198\n3000000,3e8,6.25\n10000000,1e9,4.81\n' >few.csv
    local format
    for format in md latex; do
        "$plateau" results few.csv --format $format >out 2>/dev/null || fail "$format: exit code $?"
        grep -qF ' 6.250 ' out && grep -qF ' 4.810 ' out || fail "$format: zeros are lost: $(cat out)"
        ! grep -qE '^\|$|^ *\\\\|tabular\}\{\}' out && [ "$(grep -c '^$' out)" = 1 ] || fail "$format: an empty table: $(cat out)"
    done
    "$plateau" results few.csv --table parameters >out 2>/dev/null || fail "exit code $?"
    [ "$(head -n 1 out)" = '| Runs of | Law | Parameter | Value | No interval |' ] || fail "no head: $(cat out)"
    "$plateau" results few.csv --format json >out 2>/dev/null || fail "exit code $?"
    tr -d ' \n' <out | grep -qF '"parameters":[]' || fail "a key is gone: $(cat out)"
}

several() {
    sweep one
    sweep two
    awk 'BEGIN { print "params,tokens,loss"; for (i = 0; i < 3; i++) printf "%d,20000000,%f\n", 1e6 * 2 ^ i, 4 - i / 9 }' >few.csv
    "$plateau" results one/ two few.csv --table laws >out 2>err || fail "exit code $?: $(cat err)"
    [ "$(grep -c '^| one \|^| two \|^| few.csv ' out)" = 3 ] || fail "not three rows: $(cat out)"
    grep 'few.csv' out | grep -q 'a law needs at least 5' || fail "no reason: $(cat out)"
    grep -q 'Diverged' out || fail "runs that diverged are not told"
    grep -q "few.csv: 3 rows" err || fail "what was understood is not said"
}

# What fit gives no interval has none here, and the same reason.
unsettled() {
    awk 'BEGIN { print "params,tokens,loss"; for (i = 0; i < 3; i++) for (j = 0; j < 5; j++)
        printf "%d,%d,%.5f\n", 1e6 * 2 ^ i, 2e7 * 3 ^ j, 1.7 + 410 / (2e7 * 3 ^ j) ^ .28 + (i * 7 + j * 3) % 5 * .004 - (i == 0) * .002 }' >flat.csv
    "$plateau" fit flat.csv --law chinchilla >fit.txt 2>/dev/null && "$plateau" results flat.csv --table parameters >out 2>/dev/null || fail "exit code $?"
    local name why n=0
    while read -r name why; do
        n=$((n + 1))
        grep -qE "\| $name \| -?[0-9.e+-]+ \| $why \|" out || fail "$name is $why: $(grep -F "| $name |" out)"
    done < <(sed -nE 's/^  (E|A|B|alpha|beta) .* (held|not identified|at its bound)$/\1 \2/p' fit.txt)
    [ $n -ge 2 ] || fail "all is settled: $(cat fit.txt)"
    grep -qE '\| beta \| [0-9.]+ \[[0-9., ]+\] \|' out || fail "beta has an interval: $(cat out)"
}

# Where nothing is extrapolated no exponent of a frontier is given.
withheld() {
    awk 'BEGIN { print "params,tokens,loss"; for (i = 0; i < 4; i++) for (j = 0; j < 4; j++) printf "%d,%d,2.5\n", 1e6 * 2 ^ i, 2e7 * 3 ^ j }' >same.csv
    "$plateau" results same.csv --table laws --format csv >out 2>/dev/null || fail "exit code $?"
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
        { exit !(c["n_exponent"] && $c["n_exponent"] == "" && $c["loss_exponent"] == "" && $NF ~ /does not fall/) }' out || fail "$(cat out)"
}

refused() {
    sweep s
    local words
    while read -r words; do
        # shellcheck disable=SC2086
        "$plateau" results $words >stdout 2>out
        [ $? = 2 ] && [ ! -s stdout ] && [ "$(wc -l <out)" = 1 ] || fail "$words: not refused with one line: $(cat stdout out)"
    done <<END
nowhere
s --format html
s --table rows
s --formt md
END
    "$plateau" results --help >out || fail "--help: exit code $?"
    grep -q 'csv, json, md' out || fail "--help: $(cat out)"
}

for t in numbers escapes digits few_runs several unsettled withheld refused; do
    run_test "$t"
done
finish
