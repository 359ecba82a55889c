#!/usr/bin/env bash
# Weights out and in, and words out: plateau export, eval and sample.
. "$(dirname "$0")/shell.sh"

# train FOLDER [--set ...]: a run of some steps; its folder in $run.
train() {
    local out=$1
    shift
    run=$("$plateau" train "$tmp/x.json" --out "$out" --jobs 1 --set model.d_model=24 --set model.n_layer=2 --set model.n_head=3 \
        --set train.lr=0.02 --set train.batch_tokens=240 --set train.tokens=4800 --set data.eval_tokens=720 --set model.ctx=24 \
        "$@" 2>"$out.err" | head -1)
    [ -d "$run" ] || fail "no run in $out: $(cat "$out.err")"
}

text=(--set data.source=text --set 'data.files=["text"]')
facts=(--set data.source=zipf-facts --set data.base=8 --set data.digits=1 --set data.values=2 --set data.eps=0.1)
echo '{"name": "x"}' >x.json
seq 1 2500 >text

# json KEY: of what is read.
json() {
    sed -n "s/^[[:space:]]*\"$1\":[[:space:]]*\([^,]*\),\{0,1\}$/\1/p"
}

# refused CODE WORDS COMMAND...: with that exit code, one line that has these words, and nothing on stdout.
refused() {
    local code=$1 words=$2 got
    shift 2
    "$plateau" "$@" >out 2>err
    got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, expected $code"
    [ "$(wc -l <err)" = 1 ] || fail "$*: $(wc -l <err) lines: $(cat err)"
    grep -qF -- "$words" err || fail "$*: '$(cat err)' lacks '$words'"
    [ ! -s out ] || fail "$*: wrote to stdout"
}

eval_is_the_result() {
    local set
    for set in "" --set=train.ema=0.9 --set=model.ensemble=2 --set=model.mtp=2 --set=model.preset=nanochat; do
        train "r$set" "${text[@]}" ${set:+"$set"}
        [ "$("$plateau" eval "$run" --json - | json loss)" = "$(json loss <"$run/result.json")" ] ||
            fail "${set:-plain}: $("$plateau" eval "$run" --json - | json loss) is not result.json's"
        [ "$("$plateau" eval "$run" --json - --threads 1 | json loss_se)" = "$(json loss_se <"$run/result.json")" ] || fail "${set:-plain}: se"
    done
    train facts "${facts[@]}"
    [ "$("$plateau" eval facts --json - | json loss)" = "$(json loss <"$run/result.json")" ] || fail "facts"
    "$plateau" eval facts | grep -q "the floor of the language is" || fail "no floor"
}

# near A [SQUARE]: one number on stdin, no further from A than the root of that.
near() {
    awk -v a="$1" -v most="${2:-1e-10}" '($1 - a) ^ 2 <= most { n++ } END { exit !(n == 1 && NR == 1) }'
}

export_and_back() {
    local a b
    train r "${text[@]}"
    "$plateau" export r --format safetensors >out 2>err || fail "$(cat err)"
    [ "$(cat out)" = "$run/hf/model.safetensors" ] || fail "it went to $(cat out)"
    grep -q '"GPT2LMHeadModel"' "$run/hf/config.json" || fail "config.json"
    "$plateau" export "$run" --format llm.c --out r.bin >out 2>err || fail "$(cat err)"
    "$plateau" export "$run" --format safetensors --out one/two.safetensors >out 2>err || fail "$(cat err)"
    cmp -s one/two.safetensors "$run/hf/model.safetensors" || fail "the same weights are other bytes"
    a=$("$plateau" eval "$run" --data text --json - | json loss)
    for b in "$run/hf" "$run/hf/model.safetensors" r.bin one/two.safetensors; do
        "$plateau" eval "$b" --data text --json - 2>err | json loss | near "$a" ||
            fail "$b: not $a: $(cat err)"
    done
    # a folder's name is text in the file, whatever it is
    cp -r "$run" 'odd"\name' && "$plateau" export 'odd"\name' --format safetensors --out odd >out 2>err || fail "odd: $(cat err)"
    "$plateau" eval odd --data text --json - 2>err | json loss | near "$a" || fail "odd: $(cat err)"
    # what another program's config.json cannot mean
    for b in -1 1e300 4000000000; do
        sed 's/"n_inner": *[0-9]*/"n_inner": '$b'/' "$run/hf/config.json" >odd/config.json
        refused 2 "" eval odd --data text
    done
    rm -r one/config.json # shapes say it, but for the heads, which the file says
    "$plateau" eval one/two.safetensors --data text --json - 2>err | json loss | near "$a" || fail "no config"
    # 2500 lines of 11393 bytes: all tokens but the first, in windows of 24
    [ "$("$plateau" eval "$run" --data text --json - | json tokens)" = $(($(wc -c <text) - 1)) ] || fail "tokens"
    [ "$("$plateau" eval "$run" --data text --tokens 25 --json - | json windows)" = 2 ] || fail "windows"
    "$plateau" data make text --tokeniser byte --out tok >out 2>err || fail "$(cat err)"
    "$plateau" eval "$run" --data tok/train_0000.bin --data tok/val_0000.bin --json - | json loss | near "$a" 1e-4 || fail "the same text as tokens"
}

what_is_refused() {
    train r "${text[@]}"
    train cap "${text[@]}" --set model.softcap=5
    refused 2 "GPT2LMHeadModel has no such model: it has no model.softcap=5" export cap --format safetensors
    refused 2 "llm.c holds GPT-2" export cap --format llm.c
    train many "${text[@]}" --set model.ensemble=2
    refused 2 "--member 1 to 2" export many --format safetensors
    refused 2 "--member 3: the run has 2 models" export many --format safetensors --member 3
    "$plateau" export many --format safetensors --member 2 --out m2 >out 2>err || fail "$(cat err)"
    refused 2 "--format gguf: expected safetensors or llm.c" export r --format gguf
    refused 2 "--format safetensors or" export r
    refused 2 "nix does not exist" export nix --format llm.c
    refused 2 "no folder of a run or sweep" export "$tmp" --format llm.c
    mkdir -p theirs
    echo '{"mine": 1}' >theirs/config.json
    refused 2 "is not transformers'" export r --format safetensors --out theirs/model.safetensors
    [ "$(cat theirs/config.json)" = '{"mine": 1}' ] && [ ! -e theirs/model.safetensors ] || fail "something was lost or written"
    refused 2 "says on what" eval m2
    refused 2 "neither safetensors nor llm.c" eval text --data text
    refused 2 "nix" eval r --data nix
    refused 2 "the data have 8 symbols, the model 256" eval r --set data.source=unigram
    refused 2 "eval changes keys of data alone" eval r --set train.lr=1
    head -c 1000 m2/model.safetensors >cut.safetensors
    refused 2 "cut.safetensors: " eval cut.safetensors --data text
    refused 2 "--temperature -1" sample r --temperature -1
    refused 2 "--top-p 0" sample r --top-p 0
    refused 2 "--tokens 0" sample r --tokens 0
    cp -r "$run" broken
    head -c 3000 "$run/checkpoint.bin" >broken/checkpoint.bin
    refused 2 "broken/checkpoint.bin" sample broken
    refused 2 "broken/checkpoint.bin" export broken --format llm.c
}

words_of_a_text() {
    train r "${text[@]}"
    "$plateau" sample r --tokens 100 --prompt "12 $(printf '\303\266')" >a 2>err || fail "$(cat err)"
    "$plateau" sample "$run" --tokens 100 --prompt "12 $(printf '\303\266')" >b 2>err
    cmp -s a b || fail "one seed, two texts"
    "$plateau" sample r --tokens 100 --seed 2 >b 2>err
    cmp -s a b && fail "two seeds, one text"
    [ "$(head -c 5 a)" = "$(printf '12 \303\266')" ] || fail "the prompt is not there: $(head -1 a)"
    grep -q "100 tokens, .* a second" err || fail "$(cat err)"
    "$plateau" sample r --tokens 40 --temperature 0 >a 2>err
    "$plateau" sample r --tokens 40 --top-k 1 --seed 3 >b 2>err
    cmp -s a b || fail "the best one is not the only one of the best one"
    "$plateau" sample r --tokens 40 --top-p 0.000001 --seed 4 >b 2>err
    cmp -s a b || fail "the least share holds more than one"
    # an untrained model says any byte: whole characters alone come out, the others as \xHH
    train raw "${text[@]}" --set train.tokens=240 --set train.lr=0.00001
    "$plateau" sample raw --tokens 3000 >a 2>err || fail "$(cat err)"
    LC_ALL=C tr -d '\200-\377' <a | grep -q '\\x[89a-f][0-9a-f]' || fail "no byte was escaped"
    if command -v iconv >/dev/null; then
        iconv -f UTF-8 -t UTF-8 a >/dev/null || fail "it is no UTF-8"
    fi
}

words_of_a_language() {
    train f "${facts[@]}" --set train.tokens=48k
    "$plateau" sample f --tokens 48 >a 2>err || fail "$(cat err)"
    # 48 symbols are 16 facts of a digit and two values
    awk 'NF == 3 && $1 ~ /^[0-7]$/ && $2 ~ /^[0-9][+!]$/ && $3 ~ /^[0-9][+!]$/ { n++ } END { exit n != 16 }' a || fail "$(cat a)"
    awk '{ for (i = 1; i <= NF; i++) { right += $i ~ /^[0-9]\+$/; wrong += $i ~ /^[0-9]!$/ } }
        /^values of facts:/ { said = $4 " " $6 } END { exit said != right " " right + wrong }' a || fail "the marks are not what is counted: $(tail -1 a)"
    grep -q "at best 91.2 %" a || fail "1 - .1 + .1/8: $(tail -1 a)"
    "$plateau" sample f --tokens 2 --prompt "3" >a 2>err || fail "$(cat err)"
    head -1 a | grep -q '^3 [0-9][+!] [0-9][+!] $' || fail "$(cat a)"
    refused 2 "'9' is no symbol" sample f --prompt "3 9"
    for language in graph-walk hierarchy unigram markov-mix; do
        train "l-$language" --set data.source=$language --set model.ctx=48 --set data.base=8 --set data.digits=1 --set data.walk=5
        "$plateau" sample "l-$language" --tokens 150 >a 2>err || fail "$language: $(cat err)"
    done
    "$plateau" sample l-unigram --tokens 5 2>err | grep -q "no token of unigram is right or wrong" || fail "unigram"
    "$plateau" sample l-graph-walk --tokens 5 2>err | grep -q "steps along an edge: . of 5 right" || fail "graph-walk"
    for set in --set=model.ensemble=2 --set=model.preset=nanochat --set=model.mtp=1; do
        train "s$set" "${facts[@]}" "$set"
        "$plateau" sample "s$set" --tokens 60 --isa ref >a 2>err || fail "$set: $(cat err)"
        "$plateau" sample "s$set" --tokens 60 >b 2>err
        cmp -s a b || echo "    $set: other kernels, other words"
    done
}

run_test eval_is_the_result
run_test export_and_back
run_test what_is_refused
run_test words_of_a_text
run_test words_of_a_language
finish
