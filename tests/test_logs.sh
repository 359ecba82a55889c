#!/usr/bin/env bash
# Other programs read what a sweep leaves: jq, pandas and DuckDB, W&B and MLflow without a network; each where it is installed.
. "$(dirname "$0")/shell.sh"

# python that has a package: PYTHON, or python3.
python=${PYTHON:-python3}
has() { # has PACKAGE
    command -v "$python" >/dev/null && "$python" -c "import $1" 2>/dev/null || { skip "no $1 for $python: pip install $1"; return 1; }
}

finished() { # one small sweep for all
    s=finished
    [ -d "$s" ] || "$plateau" sweep "$root/configs/tiny.json" --set 'grid.tokens=["20k","40k","80k"]' --out "$s" >sweep.txt 2>&1 ||
        fail "sweep: exit code $?: $(tail -1 sweep.txt)"
    n=$(($(wc -l <"$s/results.csv") - 1))
}

read_by_jq() {
    command -v jq >/dev/null || { skip "no jq"; return; }
    finished
    [ "$(cat $s/*/log.jsonl | jq -r 'select(.type == "eval") | .loss' | wc -l)" -ge "$n" ] || fail "jq finds other evaluations"
    cat $s/*/result.json $s/fit.json $s/sweep.json $s/*/config.json | jq -e . >/dev/null || fail "jq takes a file for no JSON"
    [ "$(jq -r .loss $s/*/result.json | sort | head -1)" = "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "loss") c = i; next } { print $c }' $s/results.csv | sort | head -1)" ] ||
        fail "another loss in result.json than in results.csv"
}

read_by_pandas() {
    has pandas || return
    finished
    "$python" - "$s" "$n" <<'PY' || fail "pandas reads other numbers"
import glob, sys, pandas
s, n = sys.argv[1], int(sys.argv[2])
t = pandas.read_csv(f"{s}/results.csv")
assert len(t) == n and t.loss.dtype == float and (t.loss > 0).all() and t.run.is_unique, t
for path in glob.glob(f"{s}/*/log.jsonl"):
    log = pandas.read_json(path, lines=True)
    run = path.split("/")[-2]
    last = log[log.type == "eval"].loss.iloc[-1]
    assert abs(last - t[t.run == run].loss.iloc[0]) < 1e-5, (run, last)
t.to_csv("again.csv")
t.to_json("again.json")
PY
    for f in again.csv again.json; do
        "$plateau" fit $f --json - --bootstrap 0 >/dev/null 2>out || fail "$f, as pandas writes it: exit code $?: $(tail -1 out)"
    done
}

read_by_duckdb() {
    has duckdb || return
    finished
    "$python" - "$s" "$n" <<'PY' || fail "DuckDB reads other numbers"
import sys, duckdb
s, n = sys.argv[1], int(sys.argv[2])
assert duckdb.sql(f"select count(*), min(loss) > 0 from '{s}/results.csv'").fetchall() == [(n, True)]
rows = duckdb.sql(f"select count(distinct filename) from read_json('{s}/*/log.jsonl', filename=true) where type = 'eval'").fetchall()
assert rows == [(n,)], rows
PY
}

to_others() {
    finished
    has wandb && { "$python" "$root/scripts/to_wandb" $s >out 2>&1 && grep -q "^$n runs in ./wandb" out && [ "$(ls -d wandb/offline-run-* | wc -l)" = "$n" ] ||
        fail "to_wandb: $(tail -2 out)"; }
    has mlflow && has sqlalchemy || return # which mlflow-skinny lacks
    "$python" "$root/scripts/to_mlflow" $s >out 2>&1 && grep -q "^$n runs in sqlite:///mlflow.db, 0 were" out || fail "to_mlflow: $(tail -2 out)"
    "$python" "$root/scripts/to_mlflow" $s >out 2>&1 && grep -q "^0 runs in sqlite:///mlflow.db, $n were" out || fail "to_mlflow, twice: $(tail -2 out)"
}

# Without the package, and without runs: a word, not a trace.
a_word_where_missing() {
    command -v python3 >/dev/null || { skip "no python3"; return; }
    finished
    local script
    for script in to_wandb to_mlflow; do
        mkdir -p none
        echo 'raise ImportError' >none/${script#to_}.py
        PYTHONPATH=none python3 "$root/scripts/$script" $s >out 2>&1 && fail "$script: no failure without its package"
        [ "$(wc -l <out)" = 1 ] && grep -q 'pip install' out || fail "$script: not one line: $(cat out)"
        python3 "$root/scripts/$script" none >out 2>&1 && fail "$script: takes a folder without runs"
        [ "$(wc -l <out)" = 1 ] && grep -q 'no runs in none' out || fail "$script: not one line: $(cat out)"
    done
}

for t in read_by_jq read_by_pandas read_by_duckdb to_others a_word_where_missing; do
    run_test "$t"
done
finish
