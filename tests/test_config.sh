#!/usr/bin/env bash
# Configs to the letter: what is no JSON, what is none of ours, what other tools call it. Each refusal is one line
# that names file (or --set), place and reason, exit code 2, and nothing is written.
. "$(dirname "$0")/shell.sh"

shopt -s dotglob
# Every file below this folder, two levels deep.
everything() { all=(* */*); }
touch stdout c.json

# refused TEXT COMMAND...; leaves the message in $msg. Hundreds of cases: without a process beside the command's.
refused() {
    local text=$1 got before after
    shift
    everything
    before=("${all[@]}")
    { msg=$("$@" 2>&1 >&3 3>&- </dev/null); } 3>stdout
    got=$?
    everything
    after=("${all[@]}")
    [ "$got" = 2 ] || fail "exit code $got, expected 2: $*: $msg"
    [[ $msg == *"$text"* ]] || fail "'$text' is not in: $msg"
    [[ $msg != *$'\n'* ]] || fail "not one line: $msg"
    [ ! -s stdout ] || fail "stdout: $(head -c 200 stdout)"
    [ "${before[*]}" = "${after[*]}" ] || fail "files appeared: ${after[*]}"
}

# A small config, grid and all; $1: more of its members, with a comma after.
config() {
    printf '%b' "{$1
\"data\": {\"base\": 16, \"digits\": 2, \"values\": 2, \"eval_tokens\": 1024}, \"model\": {\"ctx\": 32},
\"train\": {\"batch_tokens\": 1024}, \"grid\": {\"models\": [{\"d_model\": 8, \"n_layer\": 1}], \"tokens\": [\"20k\"]}}" >c.json
}

# file TEXT CONFIG: the file c.json, CONFIG as printf %b has it, is refused.
file() {
    printf '%b' "$2" >c.json
    refused "$1" "$plateau" sweep c.json
    [[ $msg == 'plateau: c.json: '* ]] || fail "the file is not named: $msg"
}

# set_refused TEXT ASSIGNMENT
set_refused() {
    config ''
    refused "$1" "$plateau" sweep c.json --set "$2"
    [[ $msg == 'plateau: --set '* ]] || fail "--set is not named: $msg"
}

keys_twice() {
    file "line 1 column 13: key 'name' is given twice" '{"name":"a","name":"b"}'
    file "line 2 column 16: key 'train' is given twice" '{"train": {},\n  "model": {}, "train": {}}'
    file "key 'train.lr' is given twice" '{"train": {"lr": 0.1, "clip": 1, "lr": 0.1}}'
    file "key 'grid.models.n_layer' is given twice" '{"grid": {"models": [{"n_layer": 1, "d_model": 8, "n_layer": 2}]}}'
    file "is given twice" '{"train": {"lr": 0.1, "\\u006cr": 0.1}}'
    set_refused "key 'd_model' is given twice" 'grid.models=[{"d_model":8,"d_model":16,"n_layer":1}]'
}

numbers() {
    local bad
    for bad in 032 -01 5. .5 +1 1e 1e+ 0x10 1.2.3 1_000 NaN Infinity -Infinity nan 20k 1e999; do
        file "c.json: line 2 column" "{\"grid\": {\n\"tokens\": [\"20k\", $bad]}}"
        file "c.json: line 1 column" "{\"model\": {\"ctx\": $bad}}"
        file "c.json: line 1 column" "{\"grid\": {\"models\": [{\"d_model\": $bad}]}}"
        [ "$bad" = 20k ] || set_refused "train.tokens" "train.tokens=$bad"
        set_refused "column" "grid.tokens=[$bad]"
    done
    for bad in 032 -01 5. .5 +1 1e 0x10 NaN 032k 5.k .5M 00; do
        file "'$bad' is not a number" "{\"train\": {\"tokens\": \"$bad\"}}"
        file "'$bad' is not a number" "{\"train\": {\"checkpoint_s\": \"$bad\"}}"
    done
    config ''
    "$plateau" sweep c.json --dry-run --set train.checkpoint_s=15min --set train.lr=5e-3 --set 'grid.tokens=["20.5k",30000]' >stdout 2>stderr ||
        fail "good numbers are refused: $(cat stderr)"
}

syntax() {
    file "line 3 column 1: JSON has no comments" '{\n"name": "a",\n// why\n"data": {}}'
    file "line 1 column 15: JSON has no comments" '{"name": "a", /* why */ "data": {}}'
    file "no comments" '{"name": "a", # why\n"data": {}}'
    file "line 2 column 12: not valid JSON: a comma before the closing }" '{\n"name": "a",\n}'
    file "a comma before the closing ]" '{"grid": {"tokens": ["20k",]}}'
    file "line 2 column 1: not valid JSON: '{' where the end of the text" '{"name": "a"}\n{"name": "b"}'
    file "where the end of the text" '{"name": "a"} x'
    file "double quotes" "{'name': 'a'}"
    file "double quotes" '{name: "a"}'
    refused "double quotes" "$plateau" sweep c.json --dry-run
    refused "double quotes" "$plateau" train c.json
    file "JSON writes true" '{"name": True}'
    file "does not end on its line" '{"name": "a\n"}'
    file "more than 100 brackets" "{\"name\": $(printf '%0200000d' 0 | tr 0 '[')"
    set_refused "a comma before the closing ]" 'grid.tokens=["20k",]'
    set_refused "'x' where the end of the text" 'grid.tokens=["20k"] x'
    set_refused "does not end" 'name="a'
}

zero_bytes() {
    file "zero byte" '{"name": "a"}\0'
    file "line 1 column 12: not a text: it holds a zero byte" '{"name": "a\0b"}'
    file "zero byte" '{"name": "a\\u0000b"}'
    file "zero byte" '{"train\\u0000x": {"lr": 0.1}}'
    file "zero byte" '{"train": {"lr\\u0000": 0.1}}'
    set_refused "zero byte" 'name="a\u0000"'
}

not_utf8() {
    local bad
    for bad in '\xff' '\x80' '\xc0\x80' '\xc3' '\xed\xa0\x80' '\xf4\x90\x80\x80' '\xf0\x8f\xbf\xbf'; do
        file "column 12: not UTF-8" "{\"name\": \"a$bad\"}"
        file "not UTF-8" "{\"na$bad\": 1}"
        file "not UTF-8" "{}$bad"
        set_refused "UTF-8" "name=a$(printf '%b' "$bad")"
        set_refused "UTF-8" "data.files=[\"a$(printf '%b' "$bad")\"]"
    done
    file "half of a surrogate pair" '{"name": "\\ud800"}'
}

names() {
    local bad long
    long=$(printf '%064d' 0)
    for bad in '' '.' '..' '.a' '../a' 'a/b' '/a' 'a\\n' 'a\\nb' 'a\\t' 'a\\u001b[1m' 'a\\u007f' 'a\\u0085' ' ' "$long"; do
        config "\"name\": \"$bad\","
        refused "name " "$plateau" sweep c.json
        refused "name " "$plateau" sweep c.json --out there
        refused "name " "$plateau" sweep c.json --dry-run
    done
    set_refused_name $'name=a\nb'
    set_refused_name 'name=a/b'
    config '"name": "d\xc3\xa9mo 1.5 (b)",'
    "$plateau" sweep c.json --dry-run >stdout 2>stderr || fail "a good name is refused: $(cat stderr)"
    config '"name": "'"${long#0}"'",'
    "$plateau" sweep c.json --dry-run >stdout 2>stderr || fail "63 characters are refused: $(cat stderr)"
}

set_refused_name() {
    config ''
    refused "" "$plateau" sweep c.json --set "$1"
}

# What is quoted may hold anything; the message stays one line of plain text.
messages() {
    file "unknown key 'a?b'" '{"a\\nb": 1}'
    file "'a?[31m' is not a number" '{"train": {"lr": "a\\u001b[31m"}}'
    config ''
    refused "unknown key" "$plateau" sweep c.json --set $'a\nb=1'
}

# What other tools call our keys, alone or in whatever section, in files and --set.
other_names() {
    local word key section known
    while read -r key words; do
        for word in $words; do
            set_refused "unknown key '$word' (did you mean $key?" "$word=3"
            for section in model train data grid; do
                [ "$section.$word" != data.depth ] && [ "$section.$word" != "$key" ] || continue
                set_refused "unknown key '$section.$word' (did you mean $key?" "$section.$word=3"
            done
            file "unknown key '$word' (did you mean $key?" "{\"$word\": 3}"
            file "unknown key 'train.$word' (did you mean $key?" "{\"train\": {\"$word\": 3}}"
        done
    done <<END
model.d_model n_embd hidden_size dim width embed_dim
model.n_layer n_layers num_layers depth num_hidden_layers
model.n_head num_heads n_heads numHeads num_attention_heads
model.ctx block_size seq_len context_length max_seq_len n_ctx
train.lr learning_rate max_lr learning-rate learningRate
train.tokens max_iters max_steps steps num_epochs
train.batch_tokens batch_size
train.warmup_tokens warmup_iters warmup_steps
train.clip grad_clip max_grad_norm
data.source dataset
grid.seeds seeds
END
    set_refused "(there is none: the data decides the vocabulary)" vocab_size=256
    set_refused "(there is none: models train without dropout)" model.dropout=0.1
    file "(did you mean train.optimizer?" '{"optimizer": {"lr": 3}}'
    file "(did you mean train? a section)" '{"training": {"lr": 3}}'
    set_refused "train.nesterov: expected true or false" train.nesterov=0
    file "train.muon_steps is for train.optimizer muon, normuon; this one is adamw" '{"train": {"muon_steps": 3}}'
    file "train.beta1 is for train.optimizer adamw, muon, normuon, lion, soap; this one is sgd" \
        '{"train": {"optimizer": "sgd", "beta1": 0.8}}'
    file "train.muon_precision is for train.optimizer muon, normuon; this one is adamw" '{"train": {"muon_precision": "bf16"}}'
    file "train.muon_block=64 and train.muon_period=1: one says how wide blocks are" \
        '{"train": {"optimizer": "muon", "muon_block": 64}}'
    file "train.muon_block=0 and train.muon_period=5: one says how wide blocks are" \
        '{"train": {"optimizer": "muon", "muon_period": 5}}'
    set_refused "did you mean train.lr?" lr=3
    set_refused "did you mean data.seed or train.seed or fit.seed?" seed=3
    set_refused "'train' is a section" train=3
    set_refused "did you mean train.batch_tokens?" train.batch_tokns=3
    file "grid.models: unknown key 'n_embd' (did you mean d_model?)" '{"grid": {"models": [{"n_embd": 8, "n_layer": 1}]}}'
    file "grid.models: unknown key 'num_layers' (did you mean n_layer?)" '{"grid": {"models": [{"num_layers": 8}]}}'
    file "grid.models: unknown key 'ctx' (known: d_model" '{"grid": {"models": [{"ctx": 8}]}}'
    # every name suggested is one that there is
    known=" name train model data grid $("$plateau" config | sed -n 's/^\([a-z][^ ]*\) .*/\1/p' | tr '\n' ' ')"
    for key in $(sed -n 's/^    {"[a-z0-9]*", "\([^"]*\)".*/\1/p' "$root/src/harness/aliases.c"); do
        [[ $known == *" $key "* ]] || fail "an alias names $key, which is no key"
    done
    words=$(sed -n 's/^    {"\([a-z0-9]*\)", .*/\1/p' "$root/src/harness/aliases.c")
    [ "$(wc -l <<<"$words")" -gt 100 ] || fail "the aliases were not found"
    [ -z "$(sort <<<"$words" | uniq -d)" ] || fail "aliases given twice: $(sort <<<"$words" | uniq -d)"
}

# What people give for a config that is none.
other_files() {
    local command
    mkdir -p swept/run hollow
    echo '{"config": {}}' >swept/sweep.json
    echo '{}' >swept/run/config.json
    printf 'It was a dark night.\n' >book.txt
    printf '\n\n"It was dark," he said.\n' >quoted
    printf '[Scene: a wood]\n' >play.txt
    printf '\x01\x00\x02\x00' >tokens.bin
    printf 'params,tokens,loss\n' >t.csv
    printf '# why\nname: a\n' >c.yaml
    for command in train sweep 'sweep --dry-run'; do
        for text in book.txt quoted tokens.bin; do
            refused "$text is not a config" "$plateau" $command $text
            [[ $msg == *"scripts/demo FILE"*"--set data.source=text --set 'data.files=[\"$text\"]'"* ]] || fail "no hint: $msg"
        done
        refused "plateau fit t.csv" "$plateau" $command t.csv
        refused "c.yaml is not JSON" "$plateau" $command c.yaml
        refused "play.txt: line 1 column 2: not valid JSON" "$plateau" $command play.txt
        refused "swept is a sweep's folder: status, fit and chart take it" "$plateau" $command swept
        refused "that of this run is swept/run/config.json" "$plateau" $command swept/run
        refused "hollow is a directory" "$plateau" $command hollow
        refused "missing.json" "$plateau" $command missing.json
    done
    config ''
    cat c.json | "$plateau" sweep /dev/stdin --dry-run >stdout 2>stderr || fail "a config from a pipe: $(cat stderr)"
}

# A fit that cannot be made is refused before anything trains, with the rules of plateau fit.
fit_keys() {
    local bad key value json
    for bad in law=cubic law=Chinchilla 'law= ' objective=huber:nan objective=huber: objective=huber:0 objective=huber:1e-3x \
        objective=huber:-1 objective=huber:inf objective=l2 objective= count=all count=Total count= bootstrap=1 bootstrap=5 \
        bootstrap=19 bootstrap=1000001 holdout=1 holdout=-0.1 holdout=0.95; do
        key=${bad%%=*} value=${bad#*=}
        json="\"$value\""
        config "\"fit\": {\"$key\": $json},"
        refused "c.json: fit.$key" "$plateau" sweep c.json
        refused "c.json: fit.$key" "$plateau" sweep c.json --dry-run
        refused "c.json: fit.$key" "$plateau" train c.json --set model.d_model=8 --set model.n_layer=1 --set train.tokens=20k
        config ''
        refused "fit.$key" "$plateau" sweep c.json --set "fit.$bad"
        refused "fit.$key" "$plateau" sweep c.json --dry-run --out there --set "fit.$bad"
    done
    config '"fit": {"law": "cubic"},'
    for bad in fit.law=joint fit.law= ; do
        "$plateau" sweep c.json --dry-run --set $bad --set fit.objective=lad --set fit.count=nonembd --set fit.bootstrap=0 >stdout 2>stderr ||
            fail "a good fit is refused: $(cat stderr)"
    done
    for bad in 1 19; do
        refused "--bootstrap $bad" "$plateau" fit none.csv --bootstrap $bad
    done
}

# One source of defaults and ranges: what `plateau config` says of a language's key is what data info and a sweep take.
language_keys() {
    local language key values v where min max past
    # key, the language it belongs to, and what else must hold for it to reach both ends of its range
    while read -r language key where; do
        read -r min max < <("$plateau" config | sed -n "/^data.$key /{n;s/.*, \([^ ]*\) to \([^ ]*\)$/\1 \2/p}")
        [ -n "${max:-}" ] || fail "no range of data.$key"
        set --
        for v in $where; do set -- "$@" --set "data.$v"; done
        for v in "$min" "$max"; do
            "$plateau" data info --language "$language" "$@" --set "data.$key=$v" >stdout 2>stderr ||
                fail "data.$key=$v, the end of its range, is refused: $(cat stderr)"
        done
        for past in $(awk -v a="$min" -v b="$max" 'BEGIN { printf "%.17g %.17g", (a > 0 ? a - 1 : -1), b + 1 }'); do
            refused "data.$key" "$plateau" data info --language "$language" "$@" --set "data.$key=$past"
            set_refused "data.$key" "data.$key=$past"
        done
    done <<END
zipf-facts base digits=1
zipf-facts digits base=2
zipf-facts values base=16 digits=2
zipf-facts eps base=16 digits=2
zipf-facts exponent base=16 digits=2
unigram exponent symbols=16
graph-walk nodes degree=2
graph-walk degree nodes=4096
hierarchy branching depth=1 symbols=2 rules=1
hierarchy depth branching=2 symbols=4
hierarchy rules branching=3 symbols=100
unigram symbols exponent=1
hierarchy seed symbols=8
markov-mix base digits=1
markov-mix digits base=2
markov-mix exponent base=16
markov-mix walk base=16
markov-mix branches base=64 digits=2
END
    [ -z "$("$plateau" config | sed -n '/^data.symbols/{n;/default 8,/!p}')" ] || fail "the default of data.symbols is not 8"
    # by the default of each key and by that value given
    for language in hierarchy graph-walk unigram zipf-facts markov-mix; do
        "$plateau" data info --language $language >stdout || fail "exit code $?"
        values=$("$plateau" config | sed -n '/^data\.[a-z]* /{h;n;H;x;s/^\(data\.[a-z]*\) .*default \([0-9.]*\), .*/\1=\2/p}' | tr '\n' ' ')
        set --
        for v in $values; do set -- "$@" --set "$v"; done
        [ $# -gt 20 ] || fail "the defaults were not found: $values"
        "$plateau" data info --language $language "$@" | diff stdout - || fail "$language: data info and plateau config differ in a default"
    done
    refused "data.symbols=1 is out of range" "$plateau" data info --language unigram --set data.symbols=1
    refused "--set train.lr=1" "$plateau" data info --language unigram --set train.lr=1
    refused "did you mean data.symbols" "$plateau" data info --language unigram --set data.symbol=3
    refused "--set goes with --language or a config" "$plateau" data info c.json c.json --set data.symbols=4
    refused "--seed goes with --language" "$plateau" data info c.json --seed 2
    refused "data.files" "$plateau" data info --language unigram --set 'data.files=["x"]'
    "$plateau" data info --language unigram --set data.symbols=16 --set data.exponent=0 --seed 3 >stdout
    grep -q 'unigram, seed 3: 16 symbols, floor 2.772589 nats per token (4.000000 bits)' stdout || fail "not ln 16: $(cat stdout)"
}

# 50 times "ab", the last ten bytes held out: b follows a 45 times of 45 and a follows b 44 of 44, each with one added to
# 256. Of the nine pairs held out five are ab.
data_by_hand() {
    local i nats bits
    for i in {1..50}; do printf ab; done >ab.txt
    read -r nats bits < <(awk 'BEGIN { x = (5 * log(301 / 46) + 4 * log(300 / 45)) / 9; printf "%.6f %.6f\n", x, x / log(2) }')
    "$plateau" data info ab.txt >stdout || fail "exit code $?"
    grep -q "1 files, 90 training bytes, 10 held-out bytes" stdout || fail "$(cat stdout)"
    grep -q "bigram $nats nats per byte, $bits bits per byte" stdout || fail "not $nats nats: $(cat stdout)"
    "$plateau" data info --language unigram --set data.symbols=16 --set data.exponent=0 >stdout || fail "exit code $?"
    grep -q '16 symbols, floor 2.772589 nats per token (4.000000 bits)' stdout || fail "not four bits: $(cat stdout)"
}

# has FILE TEXT: a line of FILE holds TEXT.
has() {
    grep -qF -- "$2" "$1" || fail "'$2' is not in: $(cat "$1")"
}

# What a config's data are: numbers, floor, theory and a sample, the same as of the language by its name.
data_of_config() {
    local at
    config ''
    "$plateau" data info c.json >of_config || fail "exit code $?"
    has of_config 'zipf-facts, seed 1: 17 symbols, floor '
    has of_config 'data.eval_tokens=1024'
    has of_config 'data.values=2 '
    ! grep -qE 'data\.(nodes|walk|symbols)=' of_config || fail "numbers of other languages: $(cat of_config)"
    has of_config 'theory: excess ~ tokens^-0.3333 (1 - 1/a) and ~ params^-0.5 (a - 1)'
    has of_config '2102.04074'
    at=$(grep -n '^a window begins:' of_config | cut -d: -f1)
    tail -n +$((at + 1)) of_config >sample
    [ "$(wc -l <sample)" = 5 ] && [ "$(sed -n 1p sample | wc -w)" = 4 ] || fail "no sample: $(cat sample)"
    "$plateau" data info --language zipf-facts --set data.base=16 --set data.digits=2 --set data.values=2 --set data.eval_tokens=1024 |
        cmp -s - of_config || fail "the language by its name is described differently"
    "$plateau" data info c.json --set data.source=markov-mix --set data.walk=6 >stdout || fail "exit code $?"
    has stdout 'keeps the'
    has stdout 'data.branches=2 '
    "$plateau" data info c.json --set data.source=graph-walk --set data.nodes=4096 >stdout || fail "exit code $?"
    has stdout 'theory: none known'
    awk -v at="$(grep -n '^a window' stdout | cut -d: -f1)" 'NR > at && length > 60 { exit 1 }' stdout || fail "wide: $(cat stdout)"
    "$plateau" data info --language hierarchy >stdout || fail "exit code $?"
    has stdout '2048 texts'
    "$plateau" data info --language unigram >stdout || fail "exit code $?"
    has stdout 'nothing to scale'
    refused "c.json: train.batch_tokens=1024" "$plateau" data info c.json --set model.ctx=63
    refused "c.json: model.ctx=32: expected a multiple of 5" "$plateau" data info c.json --set data.values=3
    refused "gone.json" "$plateau" data info gone.json
    printf '{"data": {"bas": 3}}' >c.json
    refused "c.json: " "$plateau" data info c.json
    for at in {1..200}; do printf 'plain words \303\244\n'; done >'a text'
    config '"name": "t",'
    "$plateau" data info c.json --set data.source=text --set 'data.files=["a text"]' >stdout || fail "exit code $?"
    has stdout 'held-out loss, bigram'
    has stdout 'not known'
    has stdout 'words ä plain'
    head -c 5000 /dev/zero | tr '\0' '\200' >'no text'
    "$plateau" data info c.json --set data.source=text --set 'data.files=["no text"]' >stdout || fail "exit code $?"
    tail -n 1 stdout | grep -qE '^  [?]{1,58}$' || fail "bytes that are no text: $(cat stdout)"
}

# What is no text is told, what cannot be learnt refused, before anything is trained.
odd_texts() {
    head -c 200000 /dev/zero | tr '\0' 'a' >const.txt
    for i in {1..3000}; do printf 'some words %d\n' "$i"; done | iconv -t UTF-16LE >wide.txt
    config '"name": "t",'
    local text=(--set data.source=text --set model.ctx=32 --set data.eval_tokens=1024)
    refused "const.txt: all training bytes are the same, 0x61: there is nothing to learn" \
        "$plateau" sweep c.json "${text[@]}" --set 'data.files=["const.txt"]' --out never
    [ ! -e never ] || fail "a folder was made"
    "$plateau" sweep c.json "${text[@]}" --set 'data.files=["wide.txt"]' --out never --dry-run >stdout 2>stderr || fail "exit code $?: $(cat stderr)"
    has stderr 'warning: wide.txt: 50 % of its bytes are zero'
}

# A time is written on the command line as in a config.
times() {
    local t a b
    "$plateau" sweep "$root/configs/tiny.json" --out timed --set fit.bootstrap=20 >stdout 2>stderr ||
        fail "exit code $?: $(cat stderr)"
    "$plateau" plan timed --time 900 >want 2>stderr || fail "exit code $?: $(cat stderr)"
    # what is planned for a time takes it, on as many cores
    "$plateau" plan timed --time 900 --jobs 4 --json - >stdout 2>stderr || fail "exit code $?: $(cat stderr)"
    awk -F'[:,]' '/"time_s":/ { t = $2 } END { exit !(t > 600 && t < 1350) }' stdout || fail "not 900 s: $(grep time_s stdout)"
    for t in 900s 15m 15min 0.25h; do
        "$plateau" plan timed --time $t 2>&1 | diff want - >/dev/null || fail "--time $t is not 900 s"
        "$plateau" sweep "$root/configs/tiny.json" --dry-run --set train.checkpoint_s=$t >stdout 2>stderr ||
            fail "train.checkpoint_s=$t: $(cat stderr)"
    done
    for t in 15k 15minutes -3 0 nan inf 0x10 1e308d ''; do
        refused "--time $t: expected a time" "$plateau" plan timed --time "$t"
    done
}

# The schema says of every number what `plateau config` says.
schema() {
    "$plateau" config | awk '/^[a-z]/ { key = $1 } /type .*, default .*, .* to / { print key, $(NF - 2) + 0, $NF + 0 }' |
        grep -vE '^grid\.(params|models|tokens|flops|seeds|corner_seeds) ' >want # whose lists hold the numbers
    "$plateau" config --schema | awk '
        function value(s) { sub(/.*:[ \t]*/, "", s); sub(/,$/, "", s); return s + 0 }
        { match($0, /^\t*/); depth = RLENGTH }
        /":[ \t]*\{/ { split($0, part, "\""); at[depth] = part[2] }
        /"minimum":/ { low = value($0) }
        /"maximum":/ { print (depth == 5 ? at[2] "." at[4] : at[2]), low, value($0) }' >got
    [ "$(wc -l <want)" -gt 35 ] || fail "the keys were not found: $(wc -l <want)"
    diff want got || fail "the ranges differ"
    awk '!($2 < $3) { bad = 1 } END { exit bad }' got || fail "a range is empty: $(cat got)"
}

# Of two budgets on one trunk the smaller one trains its cooldown alone: 204800 and a fifth of 102400 tokens of 307200.
saved_by_trunks() {
    config ''
    "$plateau" sweep c.json --dry-run --set 'grid.tokens=[102400,204800]' >stdout 2>stderr || fail "exit code $?: $(cat stderr)"
    grep -q '^225k tokens to train, 27 % less than the 307k without shared trunks' stdout || fail "not 27 %: $(grep 'to train' stdout)"
}

# Keys that nothing reads where another key has some value: what is refused, as the message has it and with what settings; and
# with what other setting the key is read, or with what value of its own it asks for nothing.
pairs() {
    local text sets good s set more
    config '"name": "p",'
    while IFS='|' read -r text sets good; do
        set=() more=()
        for s in $sets; do set+=(--set "$s"); done
        for s in $good; do more+=(--set "$s"); done
        refused "$text" "$plateau" sweep c.json --dry-run "${set[@]}"
        [ -n "${TEST_SLOW:-}" ] || "$plateau" sweep c.json --dry-run "${set[@]}" "${more[@]}" >stdout 2>stderr || fail "$sets $good: $(cat stderr)"
        : >stdout
    done <<'END'
model.base_d_model=128 is for completep; model.parametrisation is standard|model.parametrisation=standard model.base_d_model=128|model.parametrisation=completep
model.base_n_layer=4 is for completep; model.parametrisation is standard|model.base_n_layer=4 model.parametrisation=standard|model.base_n_layer=2
model.norm_gain=false is for norms; model.norm is none|model.norm=none model.norm_gain=false|model.qk_norm=true
model.norm_gain=false is for norms; model.norm is none|model.norm=none model.norm_gain=false|model.norm=rmsnorm
model.norm_bias=true is for layernorm; model.norm is rmsnorm|model.norm=rmsnorm model.norm_bias=true|model.norm_bias=false
model.norm_bias=true is for layernorm; model.norm is none|model.norm=none model.norm_bias=true|model.norm=layernorm
model.norm_place=after is for norms; model.norm is none|model.norm=none model.norm_place=after|model.norm=rmsnorm
model.norm_place=both is for norms; model.norm is none|model.norm=none model.norm_place=both|model.norm_place=before
model.norm_embed=true is for norms; model.norm is none|model.norm=none model.norm_embed=true|model.norm=rmsnorm
model.rope_base=500000 is for rope; model.position is learned|model.rope_base=500000|model.position=rope
model.rope_base=500000 is for rope; model.position is alibi|model.position=alibi model.rope_base=500000|model.rope_base=10000
model.rope_base=500000 is for rope; model.position is learned|model.preset=llama model.rope_base=500000 model.position=learned|model.preset=llama
model.top_k=1 is for experts; model.n_expert is 0|model.top_k=1|model.n_expert=4
model.balance=0.1 is for experts; model.n_expert is 0|model.balance=0.1|model.n_expert=4
model.balance=0.1 is for fewer experts a token than there are; model.top_k is 2|model.balance=0.1 model.n_expert=2|model.n_expert=3
model.qk_norm_all=true is for norms of q and k; model.qk_norm is false|model.qk_norm_all=true|model.qk_norm=true
model.zero_head=true is for a head of its own; model.tied is true|model.zero_head=true|model.tied=false
model.zero_head=true is for a head of its own; model.tied is true|model.preset=nanochat model.zero_head=true model.tied=true|model.preset=nanochat model.zero_head=true
model.window_full=2 is for layers without the window of others; model.window is 0|model.window_full=2|model.window=9
model.window=9 is for layers that do not see all; model.window_full is 1|model.window=9 model.window_full=1|model.window_full=2
model.mtp_weight is for the heads of model.mtp, which is 0|model.mtp_weight=0.5|model.mtp=1
train.cooldown=0.3 is for wsd; train.schedule is cosine|train.schedule=cosine train.cooldown=0.3|train.schedule=wsd
train.cooldown=0 is for wsd; train.schedule is constant|train.schedule=constant train.cooldown=0|train.cooldown=0.2
train.min_lr=0.1 is for rates that fall; train.schedule is constant|train.schedule=constant train.min_lr=0.1|train.schedule=linear
train.min_lr=0.1 is for rates that fall; train.cooldown is 0|train.cooldown=0 train.min_lr=0.1|train.cooldown=0.1
train.nesterov=true is for a momentum; train.momentum is 0|train.optimizer=sgd train.momentum=0 train.nesterov=true|train.nesterov=false
train.cautious_decay=true is for weights that decay; train.weight_decay is 0|train.weight_decay=0 train.cautious_decay=true|train.weight_decay=0.1
train.soap_every=5 is for eigenvectors; train.soap_max_dim is 1|train.optimizer=soap train.soap_every=5 train.soap_max_dim=1|train.soap_max_dim=64
grid.vary_at=corners is for keys that vary; grid.vary is {}|grid.vary_at=corners|grid.vary={"train.clip":[1,2]}
grid.vary: model.rope_base=500000 is for rope; model.position is learned|grid.vary={"model.position":["learned","rope"],"model.rope_base":[10000,500000]}|grid.vary={"model.position":["alibi","rope"]}
grid.vary: model.rope_base=500000 is for rope; model.position is learned|grid.vary={"model.rope_base":[500000]}|model.position=rope
grid.vary: train.cooldown=0.4 is for wsd; train.schedule is linear|grid.vary={"train.cooldown":[0.2,0.4],"train.schedule":["wsd","linear"]}|grid.vary={"train.cooldown":[0.2],"train.schedule":["wsd","linear"]}
END
    # in a file; of a single run; and in what is timed
    file "model.rope_base=500000 is for rope; model.position is none" "$(sed 's/"ctx": 32/"ctx": 32, "position": "none", "rope_base": 500000/' c.json)"
    config ''
    refused "model.rope_base=3 is for rope" "$plateau" train c.json --set model.rope_base=3 --set model.d_model=8 --set model.n_layer=1 \
        --set train.tokens=20k
    refused "model.rope_base=500000 is for rope" "$plateau" bench train --set model.rope_base=500000
    # what a search would try is known when its cost is
    exits 2 "$plateau" sweep c.json --dry-run --set train.lr=auto --set train.cooldown=0 --set search.share=99 --set 'search.keys={"train.min_lr":[0,0.5]}'
    grep -q 'search.keys: train.min_lr=0.5 is for rates that fall; train.cooldown is 0$' stderr || fail "$(cat stderr)"
    # one value serves the cells that read it
    for s in all smallest; do
        "$plateau" sweep c.json --dry-run --set model.rope_base=500000 --set 'grid.vary={"model.position":["rope","learned"]}' \
            --set grid.vary_at=$s >stdout 2>stderr || fail "a base beside positions, $s: $(cat stderr)"
    done
    "$plateau" sweep c.json --dry-run --set train.lr=auto --set search.share=99 --set train.min_lr=0.5 --set 'search.keys={"train.cooldown":[0,0.2]}' \
        >stdout 2>stderr || fail "a least rate beside cooldowns that are searched: $(cat stderr)"
    # what a preset says may be changed in part
    for s in position=learned norm=none window=0 qk_norm=false mlp=gelu norm_place=before; do
        "$plateau" sweep c.json --dry-run --set model.preset=olmo3 --set "model.$s" >stdout 2>stderr || fail "olmo3 with $s: $(cat stderr)"
    done
    "$plateau" sweep c.json --dry-run --set model.preset=nanochat --set model.norm=none --set model.qk_norm=false >stdout 2>stderr || fail "$(cat stderr)"
    "$plateau" sweep c.json --dry-run --set model.rope_base=500000 --set model.preset=gpt2 >stdout 2>stderr || fail "a preset behind a key: $(cat stderr)"
}

# A folder that has such a pair, as older versions took them, is what it was: it goes on, is fitted and lets its runs be used.
# A file with every key, as programs write them, makes one.
pairs_of_folders() {
    local words run set='--set model.rope_base=500000 --set train.schedule=linear --set train.cooldown=0.4'
    config '"name": "p", "fit": {"bootstrap": 0},'
    "$plateau" sweep c.json --out source >stdout 2>stderr || fail "$(cat stderr)"
    # the value of sweep.json's key config
    sed -n '/^\t"config":/,/^\t}/p' source/sweep.json | sed -e '1s/.*/{/' -e '$s/.*/}/' -e 's/"rope_base":.*/"rope_base": 500000,/' \
        -e 's/"schedule":.*/"schedule": "linear",/' -e 's/"cooldown":.*/"cooldown": 0.4,/' >all.json
    "$plateau" sweep all.json --out older >stdout 2>stderr || { fail "a file of a program: $(cat stderr)"; return; }
    grep -q '"rope_base":[[:space:]]*500000' older/d8-*/config.json && grep -q '"cooldown":[[:space:]]*0.4' older/d8-*/config.json || fail "the pair is not there"
    cp -r older before
    run=$(echo older/d8-*)
    for words in "status older" "sample $run --tokens 3" "eval $run" "sweep --out older" "sweep --out older --set fit.seed=2" "sweep c.json --dry-run --out older $set"; do
        "$plateau" $words >stdout 2>stderr </dev/null || fail "$words: $(tail -n 1 stderr)"
    done
    # a run that is gone comes back by the same bytes, with the folder's words and with the user's
    for words in "sweep --out older" "sweep c.json --out older $set"; do
        rm -r "$run"
        "$plateau" $words >stdout 2>stderr || fail "$words: $(tail -n 1 stderr)"
        cmp -s "before/${run#*/}/checkpoint.bin" "$run/checkpoint.bin" || fail "$words: other bytes"
    done
    "$plateau" train "$run/config.json" --out again >stdout 2>stderr || fail "a run's config: $(tail -n 1 stderr)"
    "$plateau" sweep all.json --dry-run --out fresh --set model.position=alibi >stdout 2>stderr || fail "part of a program's file: $(tail -n 1 stderr)"
    : >stdout
    # elsewhere, and by another value there, it is the user's
    refused "train.cooldown=0.4 is for wsd" "$plateau" sweep c.json --out elsewhere --set train.schedule=linear --set train.cooldown=0.4
    refused "model.rope_base=3 is for rope" "$plateau" sweep --out older --set model.rope_base=3
}

# What a key of a model or of training is comes from somewhere, and `plateau config` says from where: a year, as in a name of a
# paper. Left out are sizes, seeds, what a run writes and how often, and this program's own ways.
sources() {
    "$plateau" config | awk '/^[a-z]/ { key = $1; told = 1 } /^ +type / { told = 0 } told { text[key] = text[key] " " $0 }
        END { for (key in text) if (key ~ /^(model|train)\./ && text[key] !~ /(19|20)[0-9][0-9]/) print key }' | sort >stdout
    printf '%s\n' model.aspect model.ctx model.d_model model.head_size model.n_head model.n_layer train.adam_lr_ratio train.batch_ramp_tokens \
        train.batch_tokens train.checkpoint_s train.log_every train.lr train.min_lr train.order_seed train.seed train.teacher_weights train.tokens |
        diff - stdout || fail "keys without a source"
    local word
    for word in 'adamw: Kingma, Ba 2015' 'muon: orthogonal' 'normuon: muon evened' 'lion: the sign' 'soap: Adam' 'sgd: with momentum' 'Dey et al. 2025' 'Muennighoff et al. 2023'; do
        "$plateau" config | tr -s ' \n' ' ' | grep -qF "$word" || fail "no '$word'"
    done
}

for t in sources pairs pairs_of_folders keys_twice numbers syntax zero_bytes not_utf8 names messages other_names other_files fit_keys language_keys schema saved_by_trunks data_by_hand data_of_config odd_texts times; do
    run_test "$t"
done
finish
