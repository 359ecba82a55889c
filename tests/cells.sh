# Sourced by tests that sweep config.json and look at cells of its table.
# shellcheck disable=SC2034 # code is the caller's
# sweep DIR [WORDS...]: exit code in $code.
sweep() {
    local dir=$1
    shift
    code=0
    "$plateau" sweep config.json --out "$dir" --jobs 1 "$@" >out 2>err || code=$?
}

# column DIR RUN NAME: a cell of results.csv by the run's name up to its hash and a column's name; all that match.
column() {
    awk -F, -v run="$2" -v name="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
        NR > 1 && index($1, run) == 1 { print c ? $c : "no column" }' "$1/results.csv"
}
