#!/usr/bin/env bash
# plateau fit over a battery of small, odd and extreme tables: no word of its text is no number, every JSON is whole,
# and it ends with an answer or with a reason.
. "$(dirname "$0")/shell.sh"

# grid FILE SIZES BUDGETS LOSS-EXPRESSION [N-FROM D-FROM]: rows of params, tokens, loss; the expression is awk's and
# sees n, d, i (row, from 0) and law(n, d), a law of falling powers with a floor.
grid() {
    awk -v sizes="$2" -v budgets="$3" -v n0="${5:-1e6}" -v d0="${6:-2e7}" '
        function law(n, d) { return 1.7 + 4 * (n / n0) ^ -.34 + 3 * (d / d0) ^ -.28 }
        BEGIN { print "params,tokens,loss"
            for (a = 0; a < sizes; a++) for (b = 0; b < budgets; b++) {
                n = n0 * 4 ^ a; d = d0 * 3 ^ b; printf "%.15g,%.15g,%.15g\n", n, d, '"$4"'; i++ } }' >"$1"
}

# clean FILE [ARGUMENTS...]: the fit of that table, as text and as JSON.
clean() {
    local file=$1 got
    shift
    "$plateau" fit "$file" "$@" --json out.json >out.txt 2>err.txt
    got=$?
    case $got in
    0) ;;
    1 | 2) [ "$(wc -l <err.txt)" = 1 ] || fail "$file $*: not one line: $(cat err.txt)" && return ;;
    *) fail "$file $*: exit code $got: $(cat err.txt)" && return ;;
    esac
    if grep -niwE -- '[+-]?(nan|inf)[0-9]*|[0-9.]+e-3[0-9][0-9]' out.txt >found.txt; then
        fail "$file $*: $(head -n 2 found.txt)"
    fi
    if grep -nE -- '(nan|inf)[^a-z]*$|: *-?(nan|inf)' out.json >found.txt; then
        fail "$file $*: fit.json: $(head -n 2 found.txt)"
    fi
    # whole: every brace closed, outside of strings
    awk '{ gsub(/\\./, ""); gsub(/"[^"]*"/, ""); o += gsub(/[{[]/, ""); c += gsub(/[}\]]/, "") }
         END { exit !(o > 3 && o == c) }' out.json || fail "$file $*: fit.json is not whole"
    grep -q '^Verdict' out.txt || fail "$file $*: no verdict"
}

every_law() {
    local file=$1 law
    clean "$file" --bootstrap 0
    for law in chinchilla joint power floor bnsl; do
        clean "$file" --law $law --bootstrap 20
    done
}

few_rows() {
    local n
    for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
        grid all.csv 3 4 'law(n, d)'
        head -n $((n + 1)) all.csv >few.csv
        clean few.csv --bootstrap 20
        # across the grid, so that sizes and budgets both vary
        { head -n 1 all.csv && tail -n +2 all.csv | awk '{ print (NR * 5) % 12 "\t" $0 }' | sort -n | cut -f2 |
            head -n "$n"; } >spread.csv
        clean spread.csv --bootstrap 0
        clean spread.csv --bootstrap 20
        { echo x,y && tail -n +2 all.csv | head -n "$n" | awk -F, '{ print NR "," 1 + 2 / NR }'; } >line.csv
        clean line.csv --x x --y y --bootstrap 20
    done
}

flat_and_rising() {
    grid same.csv 5 5 2.5
    every_law same.csv
    clean same.csv --bootstrap 20 --profile
    grid rising.csv 4 4 '2 + .1 * log(n * d) / 10'
    every_law rising.csv
    clean rising.csv --fix E=0
}

ends_of_the_numbers() {
    grid huge.csv 4 4 'law(n, d)' 1e296 2e297
    every_law huge.csv
    grid tiny.csv 4 4 'law(n, d)' 1e-300 1e-290
    every_law tiny.csv
    grid losses.csv 4 4 '1e300 * law(n, d)'
    every_law losses.csv
    grid small.csv 4 4 '1e-300 * law(n, d)'
    every_law small.csv
    grid exact.csv 5 5 'law(n, d)'
    clean exact.csv --bootstrap 20 --profile
}

thin_designs() {
    grid point.csv 1 1 2.5
    for _ in 1 2 3 4 5 6 7 8 9; do tail -n 1 point.csv | sed 's/2.5/2.6/'; done >>point.csv
    every_law point.csv
    grid size.csv 1 9 'law(n, d) * (1 + .003 * (i % 3))'
    every_law size.csv
    grid budget.csv 9 1 'law(n, d) * (1 + .003 * (i % 3))'
    every_law budget.csv
    grid two.csv 6 2 'law(n, d) * (1 + .003 * (i % 3))'
    every_law two.csv
    grid line.csv 8 1 'law(n, 20 * n) * (1 + .003 * (i % 3))'
    awk -F, 'NR > 1 { printf "%s,%.15g,%s\n", $1, 20 * $1, $3; next } { print }' line.csv >ratio.csv
    every_law ratio.csv
}

held_and_profiled() {
    local law
    grid g.csv 5 5 'law(n, d) * (1 + .003 * sin(37 * i))'
    clean g.csv --law chinchilla --fix E=0
    clean g.csv --law chinchilla --fix E=1.7 --bootstrap 0
    clean g.csv --law chinchilla --tie alpha=beta
    clean g.csv --objective lsq --bootstrap 20
    clean g.csv --objective lad --raw --bootstrap 20
    for law in chinchilla joint repeat; do
        clean g.csv --law $law --profile --bootstrap 20
        clean g.csv --law $law --profile --bootstrap 0
    done
    "$plateau" fit g.csv --law chinchilla --fix E=0 >out.txt
    grep -q 'Floor: held at 0 nats, as asked' out.txt || fail "a held floor: $(grep Floor out.txt)"
    grep -q '^  E .* held$' out.txt || fail "E is not called held"
}

no_interval_without_resamples() {
    grid g.csv 5 5 'law(n, d) * (1 + .003 * sin(37 * i))'
    "$plateau" fit g.csv --bootstrap 0 >out.txt
    grep -q ' to ' <(sed -n '/^Frontier/,/^$/p' out.txt) && fail "an interval without resamples"
    tr -s '\n ' ' ' <out.txt | grep -q 'no resamples for an interval' || fail "$(grep Floor out.txt)"
}

too_few_for_aicc() {
    printf 'x,y\n1,3\n2,2.4\n4,2.0\n8,1.75\n16,1.6\n' >five.csv
    "$plateau" fit five.csv --x x --y y --bootstrap 0 >out.txt
    grep -q 'too few runs for the AICc' out.txt || fail "$(sed -n '/^Choice/,/^$/p' out.txt)"
    grep -q '^  power .*selected' out.txt || fail "a law without AICc is selected: $(grep selected out.txt)"
}

odd_rows() {
    grid g.csv 6 6 'law(n, d) * (1 + .003 * sin(37 * i))'
    sed '9s/[^,]*$/99/; 20s/[^,]*$/.01/' g.csv >odd.csv
    every_law odd.csv
    "$plateau" fit odd.csv --bootstrap 20 >out.txt
    tr '\n' ' ' <out.txt | tr -s ' ' | grep -q 'Off the law: 2 runs of 36' || fail "$(grep -A3 'Off the' out.txt)"
    grep -q 'odd.csv:9: loss 99' out.txt || fail "row 9 is not named"
    grep -q 'past it' out.txt && fail "the largest runs are past it, by an odd row"
    awk -F, 'NR > 1 { $3 = $3 * (NR == 30 ? 1e6 : 1) } { print }' OFS=, g.csv >far.csv
    every_law far.csv
}

# A fit that takes longer than a second says how far it is, where somebody looks; a short one does not.
# As many resamples as take four seconds on this machine.
long_fits_say_how_far() {
    script -qec true /dev/null >/dev/null 2>&1 </dev/null || { skip "no pseudo-terminals: mount devpts on /dev/pts"; return; }
    grid g.csv 6 6 'law(n, d) * (1 + .003 * sin(37 * i))'
    local resamples=30000 took_s=0 began
    until [ "$took_s" -ge 4 ]; do
        began=$SECONDS
        TERM=xterm script -qec "'$plateau' fit g.csv --law chinchilla --bootstrap $((resamples *= 2)) >/dev/null" /dev/null >raw </dev/null 2>&1
        took_s=$((SECONDS - began))
        [ "$resamples" -lt 20000000 ] || { fail "no fit takes long"; return; }
    done
    grep -q 'fitting: about [0-9]* %, ' raw || fail "nothing was said in $took_s s: $(cat -v raw)"
    TERM=xterm script -qec "'$plateau' fit g.csv --law chinchilla --bootstrap 20 >/dev/null" /dev/null >raw </dev/null 2>&1
    ! grep -q 'fitting: about 0 %' raw || fail "a word too many: $(cat -v raw)"
}

run_test few_rows
run_test long_fits_say_how_far
run_test flat_and_rising
run_test ends_of_the_numbers
run_test thin_designs
run_test held_and_profiled
run_test no_interval_without_resamples
run_test too_few_for_aicc
run_test odd_rows
finish
