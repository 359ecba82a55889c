#!/usr/bin/env bash
# Fits of awkward tables by the binary: a free fit is the best, what is not settled is called so and gets no error bar,
# and no number that is none is printed.
. "$(dirname "$0")/shell.sh"

# Six runs of E 1.8, A 400, alpha .34, B 1500, beta .33 with 3 % of noise: many basins.
cat >six.csv <<'END'
params,tokens,loss
2.652e+08,8.32e+09,3.1
1.262e+08,4.16e+09,3.48
2.652e+08,4.16e+09,3.444
8.7e+07,5.2e+08,4.475
1.829e+08,2.6e+08,4.817
2.652e+08,4.16e+09,3.305
END
cat >other.csv <<'END'
params,tokens,loss
2.652e+08,2.6e+08,4.985
8.7e+07,2.6e+08,5.207
6e+07,4.16e+09,3.77
2.652e+08,2.08e+09,3.517
6e+07,2.6e+08,5.295
1.829e+08,2.08e+09,3.782
END

# Twelve runs whose smallest size is learnt badly: the exponent of size goes as far as it may.
cat >step.csv <<'END'
params,tokens,loss
8000,60000,3.02
8000,200000,2.69
8000,600000,2.38
8000,2000000,2.28
35000,60000,3.14
35000,200000,2.72
35000,600000,2.21
35000,2000000,2.15
70000,60000,3.14
70000,200000,2.61
70000,600000,2.11
70000,2000000,2.32
END

fit() {
    "$plateau" fit "$@" >out 2>err
    got=$?
    [ "$got" = 0 ] || fail "exit code $got: fit $*: $(cat err)"
}

objective() {
    fit "$@" --law chinchilla --bootstrap 0
    awk '$1 == "objective" { sub(",", "", $2); print $2 }' out
}

free_is_best() {
    local table held free
    for table in six.csv other.csv; do
        free=$(objective $table)
        for held in "--fix E=0" "--tie alpha=beta" "--fix alpha=10" "--fix beta=10" "--fix beta=0.3"; do
            # shellcheck disable=SC2086
            awk -v f="$free" -v h="$(objective $table $held)" 'BEGIN { exit !(f <= h * (1 + 1e-8)) }' ||
                fail "$table: $free free is worse than with $held"
        done
    done
}

# Rows called "not identified" or "at its bound" have a value and no error bar; no number of profiles is none.
no_bar_without_reason() {
    local args
    for args in "" --profile; do
        # shellcheck disable=SC2086
        fit step.csv --law chinchilla $args
        sed -n '/^chinchilla/,/objective/p' out | grep -E 'not identified|at its bound' >rows || fail "all is identified"
        awk '$3 != "-" || $4 ~ /[0-9]/ { exit 1 }' rows || fail "an error bar: $(cat rows)"
        sed '/^Verdict/,$d' out | grep -nwE 'nan|-nan|inf|-inf|[0-9.]+e-3[0-9][0-9]' && fail "no numbers"
    done
    grep -q 'alpha against' out && fail "a profile of what is not identified"
    grep -q 'E against' out || fail "no profile of E: $(cat out)"
    fit step.csv --law chinchilla --json -
    tr -d ' \t\n' <out | grep -o '"alpha":{[^}]*}' | grep -q '"se":null,"ci95":\[null,null\].*"identified":false' ||
        fail "JSON: $(tr -d ' \t\n' <out | grep -o '"alpha":{[^}]*}')"
}

kaplan() {
    fit six.csv --law joint --fix E=0 --tie g=beta --bootstrap 0
    awk '$1 == "beta" { b = $2 } $1 == "g" { g = $2 } END { exit !(b == g && b > 0) }' out || fail "$(cat out)"
    "$plateau" fit six.csv --law joint --tie E=beta >out 2>err && fail "E=beta is taken"
    grep -qF "law joint takes A=B alpha=beta g=alpha g=beta" err || fail "$(cat err)"
}

# A weight on overestimates moves the law down; one spelling for the option and the config.
overestimates() {
    local bad above
    for above in 1 10; do
        fit step.csv --law chinchilla --bootstrap 0 --objective "huber:1e-2,over=$above" --json -
        tr -d ' \t\n' <out | grep -o '"objective":{[^}]*}' >"objective.$above"
        tr -d ' \t\n' <out | grep -o '"objective":[0-9.e-]*' >"value.$above"
    done
    grep -q '"over":10' objective.10 || fail "$(cat objective.10)"
    grep -q over objective.1 && fail "$(cat objective.1)"
    cmp -s value.1 value.10 && fail "the weight changes nothing"
    for bad in huber:1e-3,over=0 huber:1e-3,over=nan huber:1e-3,over= huber:,over=2 lsq:2,over=2 lad,under=2 lad,over=2x \
        ,over=2 huber,over=1e9; do
        "$plateau" fit step.csv --objective "$bad" >out 2>err
        [ $? = 2 ] || fail "$bad: exit code"
        [ "$(wc -l <err)" = 1 ] && grep -qF -- "--objective $bad: expected huber:DELTA, lad or lsq" err || fail "$(cat err)"
    done
    "$plateau" config | grep -q 'over=W' || fail "plateau config is silent about it"
    "$plateau" fit --help | grep -q 'over=W' || fail "fit --help is silent about it"
}

run_test free_is_best
run_test no_bar_without_reason
run_test kaplan
run_test overestimates
finish
