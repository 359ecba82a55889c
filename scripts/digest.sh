# shellcheck shell=bash
# Sourced by scripts that compare sweeps.

# sweep_digest DIR: a line a file of everything that a sweep leaves behind, without times and speeds, and without the machine.
sweep_digest() {
    (
        cd "$1" || exit
        for run in d*/; do
            echo "$run" "$(cd "$run" && ls -m)"
            for file in checkpoint.bin config.json; do echo "  $file $(cksum <"$run/$file")"; done
            echo "  log.jsonl $(sed 's/,"tokens_per_s":[^}]*//' "$run/log.jsonl" | cksum)"
            echo "  result.json $(grep -vE 'wall_s|tokens_per_s' "$run/result.json" | cksum)"
        done
        echo "results.csv $(cut -d, -f1-21,24- results.csv | cksum)"
        echo "sweep.json $(cksum <sweep.json)"
    )
}
