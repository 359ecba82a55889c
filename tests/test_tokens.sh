#!/usr/bin/env bash
# Files of tokens through the binary: formats that train alike, what plateau data make writes, and what is refused.
. "$(dirname "$0")/shell.sh"

# escapes WIDTH: numbers, one a line, as printf writes them in so many bytes, least significant first.
escapes() {
    awk -v width="$1" '{ for (i = 0; i < width; i++) { printf "\\x%02x", $1 % 256; $1 = int($1 / 256) } }'
}

# bin WIDTH: the bytes of numbers.
bin() {
    printf '%b' "$(escapes "$1")"
}

# llmc WIDTH N: the header of an llm.c shard.
llmc() {
    { [ "$1" = 2 ] && printf '%s\n' 20240520 1 "$2" || printf '%s\n' 20240801 7 "$2"; printf '0\n%.0s' {1..253}; } | bin 4
}

# npy DESCR N: the header of a .npy array.
npy() {
    local dict
    printf -v dict "%-117s" "{'descr': '$1', 'fortran_order': False, 'shape': ($2,), }"
    printf '\x93NUMPY\x01\x00\x76\x00%s\n' "$dict"
}

# numbers: bytes as decimal numbers, one a line.
numbers() {
    od -An -v -tu1 | tr -s ' ' '\n' | sed '/^$/d'
}

# A play that nobody wrote: what is there to learn is little.
play() {
    [ -e play.txt ] || awk 'BEGIN { n = split("the king queen of a storm is here, my lord! who goes there? to sleep again and dream no more", w, " ")
        for (i = 0; i < 2000; i++) { s = s (i % 6 ? " " : "\n") w[(i * i + 7 * i) % 97 % n + 1] } print substr(s, 2) }' >play.txt
}

small=(--set 'grid.models=[{"d_model":8,"n_layer":1}]' --set 'grid.tokens=["8k","16k"]' --set 'grid.seeds=[1]'
    --set data.eval_tokens=1k --set fit.bootstrap=0)

# tokens DIR CODE FILES [WORDS...]: a sweep over files of tokens, a JSON list.
tokens() {
    local dir=$1 want=$2 files=$3 code=0
    shift 3
    "$plateau" sweep "$root/configs/tiny.json" --out "$dir" "${small[@]}" --set data.source=tokens --set "data.files=$files" "$@" \
        >"$dir.txt" 2>&1 || code=$?
    [ "$code" = "$want" ] || fail "$dir: exit code $code: $(tail -n 2 "$dir.txt")"
}

# What the logs of all runs say, but for names, times and versions.
logs() {
    sed -E 's/"(tokens_per_s|wall_s)":[^,}]*//g; s/"version".*//' "$1"/d*/log.jsonl | cksum
}

# column NAME TABLE: of its rows.
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }' "$2"
}

# The bytes of a text as tokens of every format, and in three shards, train as the text does: the same logs.
formats_train_alike() {
    play
    numbers <play.txt >n.txt
    local n
    n=$(wc -l <n.txt)
    bin 2 <n.txt >bare.bin
    { llmc 2 "$n"; cat bare.bin; } >short.bin
    { llmc 4 "$n"; bin 4 <n.txt; } >wide.bin
    { npy '<u2' "$n"; cat bare.bin; } >u2.npy
    { npy '<u4' "$n"; bin 4 <n.txt; } >u4.npy
    { npy '<i4' "$n"; bin 4 <n.txt; } >i4.npy
    head -c 2002 bare.bin >part_0.bin
    { llmc 2 3000; tail -c +2003 bare.bin | head -c 6000; } >part_1.bin
    tail -c +8003 bare.bin >part_2.bin
    "$plateau" sweep "$root/configs/tiny.json" --out text "${small[@]}" --set data.source=text --set 'data.files=["play.txt"]' \
        >text.txt 2>&1 || fail "text: $(tail -n 1 text.txt)"
    local want
    want=$(logs text)
    for file in bare.bin short.bin wide.bin u2.npy u4.npy i4.npy part_\*.bin; do
        rm -rf run
        tokens run 0 "[\"$file\"]" --set data.vocab=256
        [ "$(logs run)" = "$want" ] || fail "$file trains in another way than the text"
        [ "$file" = bare.bin ] && column data_fingerprint run/results.csv >print.txt
        cmp -s print.txt <(column data_fingerprint run/results.csv) || fail "$file has another fingerprint"
    done
    [ -z "$(column bpb run/results.csv | tr -d '\n')" ] || fail "bits per byte of tokens whose bytes nobody knows"
    tokens val 0 '["part_0.bin","part_1.bin"]' --set 'data.val_files=["part_2.bin"]' --set data.vocab=256
    tokens tail 0 '["bare.bin"]' --set data.heldout=tail --set data.vocab=256
    "$plateau" sweep "$root/configs/tiny.json" --out text_tail "${small[@]}" --set data.source=text --set 'data.files=["play.txt"]' \
        --set data.heldout=tail >text.txt 2>&1 || fail "text tail: $(tail -n 1 text.txt)"
    [ "$(logs tail)" = "$(logs text_tail)" ] || fail "the tail is another than of the text"
}

# nanoGPT's prepare.py of shakespeare_char: characters numbered in their order, nine tenths and one, as uint16; a pickle beside.
nanogpt_characters() {
    play
    local n
    n=$(numbers <play.txt | sort -n | uniq | awk '{ print $1, NR - 1 }' >chars.txt && wc -l <chars.txt)
    numbers <play.txt | awk 'NR == FNR { id[$1] = $2; next } { print id[$1] }' chars.txt - >ids.txt
    local total
    total=$(wc -l <ids.txt)
    mkdir -p char
    head -n $((total * 9 / 10)) ids.txt | bin 2 >char/train.bin
    tail -n +$((total * 9 / 10 + 1)) ids.txt | bin 2 >char/val.bin
    printf '\x80\x04\x95garbage' >char/meta.pkl
    tokens chars 0 '["char/train.bin"]' --set 'data.val_files=["char/val.bin"]'
    [ "$(column vocab chars/results.csv | sort -u)" = "$n" ] || fail "vocabulary: $(column vocab chars/results.csv), $n characters"
    [ "$(column data chars/results.csv | sort -u)" = train.bin ] || fail "data: $(column data chars/results.csv)"
    "$plateau" data info char/train.bin >info.txt || fail "info: $(cat info.txt)"
    grep -q "^vocabulary $n, " info.txt || fail "$(cat info.txt)"
}

# Shards, tokeniser and words; the config keys that are printed train on them; bits per byte are of the bytes held out.
made_tokens_train() {
    play
    local kind dir
    for kind in byte bpe:40; do
        dir=made_${kind%:*}
        "$plateau" data make play.txt --tokeniser "$kind" --out "$dir" >"$dir.out" || fail "$kind: $(cat "$dir.out")"
        [ "$(echo "$dir"/*)" = "$dir/tokenizer.json $dir/train_0000.bin $dir/val_0000.bin" ] || fail "$(echo "$dir"/*)"
        sed -n 's/^to train on them, in a config: \(.*\)/{"name": "made", \1, "model": {"ctx": 16}, "grid": {"models": [{"d_model": 8, "n_layer": 1}], "tokens": ["20k"]}}/p' \
            "$dir.out" >"$dir.json"
        "$plateau" sweep "$dir.json" --out "$dir.run" --set data.eval_tokens=500 --set fit.bootstrap=0 >"$dir.txt" 2>&1 ||
            fail "$kind: $(tail -n 1 "$dir.txt")"
        "$plateau" data info "$dir.json" --set data.eval_tokens=500 >info.txt || fail "$kind: $(cat info.txt)"
        paste -d ' ' <(column loss "$dir.run/results.csv") <(column bpb "$dir.run/results.csv") \
            <(sed -n 's/ bytes a token.*//p' info.txt) >bpb.txt
        awk '{ d = $1 / log(2) / $3 - $2; if (d < 1e-5 && d > -1e-5 && $2 > 0) good++ } END { exit good != 1 || NR != 1 }' bpb.txt ||
            fail "$kind: loss, bits per byte and bytes a token: $(cat bpb.txt)"
    done
    grep -q '^1.000000 bytes a token' <("$plateau" data info made_byte.json) || fail "bytes of bytes"
    [ "$(column vocab made_bpe.run/results.csv)" = 296 ] || fail "40 merges are $(column vocab made_bpe.run/results.csv) tokens"
    "$plateau" data make play.txt --tokeniser bpe:5000 --out all >all.txt || fail "$(cat all.txt)"
    grep -q 'merges, after which no two tokens' all.txt || fail "$(cat all.txt)"
}

# The same files whatever the threads, again and again; the bytes of the held-out part are the same for each tokeniser.
made_tokens_repeat() {
    play
    rm -rf again two ranks
    for i in {1..60}; do cat play.txt; done >long.txt
    OMP_NUM_THREADS=1 "$plateau" data make long.txt --tokenizer bpe:60 --out again --shard-tokens 100k >again.txt || fail "$(cat again.txt)"
    OMP_NUM_THREADS=2 "$plateau" data make long.txt --tokeniser=bpe:60 --out two --shard-tokens 100k >two.txt || fail "$(cat two.txt)"
    diff -r again two >/dev/null || fail "two threads write other files than one"
    [ -e again/train_0001.bin ] || fail "one shard of $(wc -c <again/train_0000.bin) bytes"
    [ "$(wc -c <again/train_0000.bin)" = 201024 ] || fail "a shard of $(wc -c <again/train_0000.bin) bytes"
    # what is held out, decoded by hand from the shard of bytes
    "$plateau" data make play.txt --tokeniser byte --out bytes >bytes.txt || fail "$(cat bytes.txt)"
    tail -c +1025 bytes/val_0000.bin | numbers | awk 'NR % 2' | bin 1 >held.txt
    awk 'NR == FNR { held = held $0 "\n"; next } { all = all $0 "\n" } END { exit index(all, held) == 0 }' held.txt play.txt ||
        fail "what is held out of a short text is no stretch of it from line to line"
    "$plateau" data make play.txt --val held.txt --tokeniser byte --out whole >whole.txt || fail "$(cat whole.txt)"
    tail -c +1025 whole/train_0000.bin | numbers | awk 'NR % 2' | bin 1 | cmp -s - play.txt || fail "the shard is not the text"
}

# A ranks file of the bytes and two merges, in tiktoken's form and in llm.c's.
gpt2_ranks() {
    play
    { for i in {0..255}; do printf '%b' "$(printf '\\x%02x' "$i")" | base64; done; printf 'th' | base64; printf 'the' | base64; } |
        awk '{ print $1, NR - 1 }' >ranks.txt
    "$plateau" data make play.txt --val play.txt --tokeniser byte --out same >refused.txt 2>&1 && fail "a file is trained on and held out"
    cp play.txt held_play.txt
    "$plateau" data make play.txt --val held_play.txt --tokeniser gpt2:ranks.txt --out ranked >ranked.txt || fail "$(cat ranked.txt)"
    # by hand: each "the" is 257, each other "th" 256
    sed 's/the/\x01/g; s/th/\x02/g' play.txt | numbers | awk '{ print $1 == 1 ? 257 : $1 == 2 ? 256 : $1 }' | bin 2 >want.bin
    tail -c +1025 ranked/train_0000.bin | cmp -s - want.bin || fail "other tokens than by hand"
    grep -q '"<|endoftext|>": 258' ranked/tokenizer.json || fail "no mark at the end of the ranks"
    { printf '%s\n' 20240328 2 259 258; printf '0\n%.0s' {1..252}; } | bin 4 >tokenizer.bin
    { for i in {0..255}; do printf '%b' "$(printf '\\x01\\x%02x' "$i")"; done; printf '\x02th\x03the\x0d<|endoftext|>'; } >>tokenizer.bin
    "$plateau" data make play.txt --val held_play.txt --tokeniser gpt2:tokenizer.bin --out llmc >llmc.txt || fail "$(cat llmc.txt)"
    cmp -s llmc/train_0000.bin ranked/train_0000.bin || fail "llm.c's tokeniser makes other tokens"
    cmp -s llmc/tokenizer.json ranked/tokenizer.json || fail "llm.c's tokeniser is written in another way"
    # its bytes are known for somebody's bare tokens, too
    tokens named 0 '["want.bin"]' --set data.tokeniser=tokenizer.bin --set data.eval_tokens=100
    [ -n "$(column bpb named/results.csv | tr -d '\n')" ] || fail "no bits per byte with data.tokeniser"
}

# refuse CODE TEXT COMMAND...: that code, one line with that text, and nothing written to `never`.
refuse() {
    local want=$1 text=$2 code=0
    shift 2
    "$plateau" "$@" >refused.txt 2>&1 || code=$?
    [ "$code" = "$want" ] || fail "$*: exit code $code"
    grep -qF -- "$text" refused.txt || fail "$*: '$(cat refused.txt)', not '$text'"
    [ "$(wc -l <refused.txt)" = 1 ] || fail "$*: $(wc -l <refused.txt) lines"
    [ ! -e never ] || fail "$*: a folder was made"
    rm -rf never
}

refused() {
    play
    rm -rf odd.bin
    printf 'abc' >odd.bin
    : >empty.bin
    mkdir -p folder
    seq 0 400 | bin 2 >seq.bin
    { llmc 2 500; seq 1 300 | bin 2; } >cut.bin
    { llmc 2 300; } | head -c 700 >head.bin
    local sweep=(sweep "$root/configs/tiny.json" --out never "${small[@]}" --set data.source=tokens)
    refuse 2 'odd.bin: 3 bytes, an odd number' "${sweep[@]}" --set 'data.files=["odd.bin"]'
    refuse 2 'empty.bin is empty' "${sweep[@]}" --set 'data.files=["empty.bin"]'
    refuse 2 'folder is a folder' "${sweep[@]}" --set 'data.files=["folder"]'
    refuse 2 'cannot open absent.bin' "${sweep[@]}" --set 'data.files=["absent.bin"]'
    refuse 2 'cut.bin: its header says 500 tokens, which are 1000 bytes, and 600 follow: it was cut off' "${sweep[@]}" --set 'data.files=["cut.bin"]'
    refuse 2 'head.bin: 700 bytes, where the header of an llm.c shard alone has 1024' "${sweep[@]}" --set 'data.files=["head.bin"]'
    refuse 2 'seq.bin: token 100 is 100, beyond data.vocab=100' "${sweep[@]}" --set 'data.files=["seq.bin"]' --set data.vocab=100
    refuse 2 'seq.bin is given twice' "${sweep[@]}" --set 'data.files=["seq.bin","seq.bin"]'
    refuse 2 'play.txt: it holds text, not tokens' "${sweep[@]}" --set 'data.files=["play.txt"]'
    refuse 2 'data.files is empty: data.source tokens needs files' "${sweep[@]}"
    refuse 2 'data.vocab is for data.source tokens only' sweep "$root/configs/tiny.json" --out never --set data.vocab=9
    refuse 2 'data.tokeniser is for data.source tokens only' sweep "$root/configs/tiny.json" --out never --set data.tokeniser=none
    refuse 2 'odd.bin: no tokeniser' "${sweep[@]}" --set 'data.files=["seq.bin"]' --set data.tokeniser=odd.bin
    refuse 2 'expected one of byte bpe:N gpt2:FILE' data make play.txt --tokeniser wordpiece --out never
    refuse 2 'expected bpe:N with 1 to' data make play.txt --tokeniser bpe:0 --out never
    refuse 2 'expected bpe:N' data make play.txt --tokeniser bpe --out never
    refuse 2 'expected byte' data make play.txt --tokeniser byte:3 --out never
    refuse 2 'cannot open absent' data make play.txt --tokeniser gpt2:absent --out never
    refuse 2 'cannot open absent.txt' data make absent.txt --tokeniser byte --out never
    refuse 2 'give --tokeniser' data make play.txt --out never
    refuse 2 'give --out' data make play.txt --tokeniser byte
    refuse 2 'give files' data make --tokeniser byte --out never
    refuse 2 'holds tokens already' data make cut.bin --tokeniser byte --out never
    refuse 2 'go with make' data info play.txt --out never
    "$plateau" data make play.txt --tokeniser byte --out there >/dev/null || fail "make"
    refuse 2 'there/tokenizer.json is there already' data make play.txt --tokeniser byte --out there
    refuse 2 'play.txt is no folder' data make play.txt --tokeniser byte --out play.txt
    printf 'x' >x.txt
    refuse 2 'x.txt: too short to hold out a tenth' data make x.txt --tokeniser byte --out never
    seq 9 >bad_ranks.txt
    refuse 2 'bad_ranks.txt: no tokeniser: line' data make play.txt --tokeniser gpt2:bad_ranks.txt --out never
}

# Tokens among those of another source, cut to a corpus, and resumed: as of any source.
tokens_are_data() {
    play
    numbers <play.txt | bin 2 >bytes.bin
    numbers <play.txt | sed '1!G;h;$!d' | bin 2 >back.bin
    tokens mixed 0 '["bytes.bin"]' --set data.vocab=256 --set data.mix_source=tokens --set 'data.mix_files=["back.bin"]' --set data.mix_weight=0.3
    tokens beside 0 '["bytes.bin"]' --set data.vocab=256 --set data.mix_source=text --set 'data.mix_files=["play.txt"]'
    tokens same 2 '["bytes.bin"]' --set data.vocab=256 --set data.mix_source=tokens --set 'data.mix_files=["bytes.bin"]'
    grep -q 'whose held-out part would be trained on' same.txt || fail "$(cat same.txt)"
    tokens corpus 0 '["bytes.bin"]' --set data.unique_tokens=5k
    column epochs corpus/results.csv | awk '$1 > 1.5 && $1 < 3.4 { good++ } END { exit good != 2 || NR != 2 }' || fail "epochs: $(column epochs corpus/results.csv)"
    numbers <play.txt | sed '500s/.*/65/' | bin 2 >bytes.bin
    tokens corpus 2 '["bytes.bin"]' --set data.unique_tokens=5k
    grep -q 'bytes.bin has changed' corpus.txt || fail "$(tail -n 1 corpus.txt)"
}

run_test formats_train_alike
run_test nanogpt_characters
run_test made_tokens_train
run_test made_tokens_repeat
run_test gpt2_ranks
run_test refused
run_test tokens_are_data
finish
