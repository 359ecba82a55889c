#!/usr/bin/env python3
"""Tokens against other people's: merges and encodings of Hugging Face `tokenizers`, encodings of tiktoken, arrays of NumPy.

    [GPT2_RANKS=FILE] python3 tests/bpe_reference.py BUILD/plateau [TEXT...]
    python3 tests/bpe_reference.py --classes      the tables of src/data/tokenisers/unicode.c

Merges are learnt on whole texts: one that is invented here, and the TEXTs (default: tinyshakespeare.txt of the shared corpora,
where they are). Exit code 77 where a library is not installed.
"""
import os, random, struct, subprocess, sys, tempfile

try:
    import numpy as np
    import tiktoken
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
except ImportError as e:
    print(f"  SKIP bpe_reference: {e.name} is not installed\ntests: 0 passed, 0 failed, 1 skipped")
    sys.exit(77)

GPT2 = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
BYTES = {bytes([i]): i for i in range(256)}


def ranges_of(pattern):
    """Characters that another implementation finds in a class, as ranges above U+007F."""
    encoding = tiktoken.Encoding("class", pat_str=pattern, mergeable_ranks=BYTES, special_tokens={})
    out = []
    for c in range(0x80, 0x110000):
        if 0xD800 <= c < 0xE000 or not encoding.encode_ordinary(chr(c)):
            continue
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def print_classes():
    for name, pattern in (("letters", r"\p{L}"), ("numbers", r"\p{N}"), ("spaces", r"\s")):
        line, lines = "   ", []
        for first, last in ranges_of(pattern):
            item = f" {{0x{first:x}, 0x{last:x}}},"
            if len(line) + len(item) > 118:
                lines.append(line)
                line = "   "
            line += item
        print(f"static const struct range {name}[] = {{", *lines, line, "};\n", sep="\n")


def invented():
    """Words of a Zipf law in several scripts, signs, numbers of all kinds, spaces of all kinds, and what breaks patterns."""
    rng = random.Random(1)
    scripts = ["abcdefghijklmnopqrstuvwxyz", "αβγδεζηθικλμν", "абвгдежзийклм", "אבגדהוזחטי", "日本語文字列漢字", "ñçøåßéü", "กขคงจ"]
    vocabulary = ["".join(rng.choice(s) for _ in range(rng.randint(1, 9))) for s in scripts for _ in range(150)]
    hard = ["don't", "we'll", "I'M", "'s's", "''ll", "  two", "   three", "\n\n\n", "\r\n", "\t\tx", " ", "1234", "½²Ⅷ٣๓", "x=1;", "...!?", "—«»",
            "👩‍👩‍👧", "e\u0301", "\u00a0x", "\u2003\u2003y", "\u3000", "\u200b", "\ufeff", "a1b2", "'", " '", "' s", "🙂🙂", "\x00\x01", "\U0001e900\U000e0101", "\x85", "\x1c",
            "aaaaaaaaaaaaaaaaaaaaa", "!" * 70, " " * 200, "z" * 200, "\n \n  \n"]
    out = []
    for _ in range(40000):
        out.append(vocabulary[min(int(rng.paretovariate(0.6)) - 1, len(vocabulary) - 1)] if rng.random() < 0.85 else rng.choice(hard))
        if rng.random() < 0.8:
            out.append(" ")
    return "".join(out)


def shard(path):
    """The tokens of an llm.c shard."""
    header = np.fromfile(path, dtype="<i4", count=256)
    assert header[0] in (20240520, 20240801), header[0]
    tokens = np.fromfile(path, dtype="<u2" if header[0] == 20240520 else "<u4", offset=1024)
    assert len(tokens) == header[2]
    return tokens


class Checks:
    def __init__(self, plateau, tmp):
        self.plateau, self.tmp, self.passed, self.failed, self.made = plateau, tmp, 0, 0, 0

    def check(self, name, good, says=""):
        print(f"  {'ok' if good else 'FAIL'} {name} {says}", flush=True)
        self.passed += good
        self.failed += not good

    def make(self, path, tokeniser):
        """The folder that `plateau data make` writes of a whole text."""
        self.made += 1
        out = os.path.join(self.tmp, f"made{self.made}")
        subprocess.run([self.plateau, "data", "make", path, "--val", self.val, "--tokeniser", tokeniser, "--out", out], check=True,
                       stdout=subprocess.DEVNULL)
        return out

    def merges(self, name, path, text, n):
        """Merges, tokens and the encoding of the text under them."""
        reference = Tokenizer(models.BPE())
        reference.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        reference.train_from_iterator([text], trainers.BpeTrainer(vocab_size=256 + n, show_progress=False,
                                                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
        import json
        want = json.loads(reference.to_str())["model"]["merges"]
        out = self.make(path, f"bpe:{n}")
        mine = json.load(open(os.path.join(out, "tokenizer.json")))["model"]["merges"]
        mine = [m.split(" ") if isinstance(m, str) else m for m in mine]
        same = next((i for i, (a, b) in enumerate(zip(want, mine)) if list(a) != list(b)), min(len(want), len(mine)))
        self.check(f"merges of {name} at {n}", same == len(want) == len(mine), f"({same} of {len(want)} and {len(mine)} alike)")
        ours = shard(os.path.join(out, "train_0000.bin")).tolist()
        theirs = Tokenizer.from_file(os.path.join(out, "tokenizer.json")).encode(text).ids
        self.check(f"encoding of {name} at {n}", ours == theirs, f"({len(ours)} tokens)")
        return out

    def ranks(self, name, path, text, out):
        """The same merges as tiktoken's ranks file, and its encoding."""
        import base64, json
        from_char = {c: b for b, c in pre_byte_chars().items()}
        vocab = json.load(open(os.path.join(out, "tokenizer.json")))["model"]["vocab"]
        ranks = {bytes(from_char[c] for c in token): i for token, i in vocab.items()}
        file = os.path.join(self.tmp, "ranks.tiktoken")
        with open(file, "wb") as f:
            for token, rank in sorted(ranks.items(), key=lambda x: x[1]):
                f.write(base64.b64encode(token) + b" %d\n" % rank)
        want = tiktoken.Encoding("own", pat_str=GPT2, mergeable_ranks=ranks, special_tokens={}).encode_ordinary(text)
        made = self.make(path, "gpt2:" + file)
        self.check(f"tiktoken's ranks on {name}", shard(os.path.join(made, "train_0000.bin")).tolist() == want, f"({len(want)} tokens)")
        if max(map(len, ranks)) > 255:
            return  # llm.c's tokenizer.bin has no room for them
        file = os.path.join(self.tmp, "tokenizer.bin")
        with open(file, "wb") as f:
            f.write(struct.pack("<256i", 20240328, 2, len(ranks) + 1, len(ranks), *[0] * 252))
            for token in [*sorted(ranks, key=ranks.get), b"<|endoftext|>"]:
                f.write(bytes([len(token)]) + token)
        made = self.make(path, "gpt2:" + file)
        self.check(f"llm.c's tokenizer.bin on {name}", shard(os.path.join(made, "train_0000.bin")).tolist() == want)

    def gpt2(self, name, path, text):
        """GPT-2's own ranks, where tiktoken can have them or GPT2_RANKS names a file of them."""
        import base64
        try:
            if os.environ.get("GPT2_RANKS"):
                lines = (line.split() for line in open(os.environ["GPT2_RANKS"], "rb") if line.strip())
                encoding = tiktoken.Encoding("gpt2", pat_str=GPT2, special_tokens={},
                                             mergeable_ranks={base64.b64decode(token): int(rank) for token, rank in lines})
            else:
                encoding = tiktoken.get_encoding("gpt2")
        except Exception as e:
            print(f"  SKIP GPT-2's own ranks on {name}: {type(e).__name__}")
            return
        file = os.path.join(self.tmp, "gpt2.tiktoken")
        with open(file, "wb") as f:
            for token, rank in sorted(encoding._mergeable_ranks.items(), key=lambda x: x[1]):
                f.write(base64.b64encode(token) + b" %d\n" % rank)
        made = self.make(path, "gpt2:" + file)
        want = encoding.encode_ordinary(text)
        self.check(f"GPT-2 on {name}", shard(os.path.join(made, "train_0000.bin")).tolist() == want, f"({len(want)} tokens)")


def pre_byte_chars():
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    chars, n = {}, 0
    for b in range(256):
        chars[b] = chr(b) if b in visible else chr(256 + n)
        n += b not in visible
    return chars


def main():
    if sys.argv[1:] == ["--classes"]:
        return print_classes()
    shared = os.path.join(os.environ.get("PLATEAU_SHARED", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shared")),
                          "corpora/tinyshakespeare.txt")
    with tempfile.TemporaryDirectory() as tmp:
        c = Checks(os.path.abspath(sys.argv[1]), tmp)
        own = os.path.join(tmp, "invented.txt")
        c.val = os.path.join(tmp, "val.txt")
        open(c.val, "w").write("held out\n" * 20)
        open(own, "w", newline="").write(invented())
        texts = sys.argv[2:] or ([shared] if os.path.exists(shared) else [])
        if not texts:
            print("  SKIP merges of tinyshakespeare: the shared corpora are not here")
        for path in [own, *texts]:
            name, text = os.path.basename(path), open(path, newline="").read()
            c.merges(name, path, text, 512)
            out = c.merges(name, path, text, 4096)
            c.ranks(name, path, text, out)
            c.gpt2(name, path, text)
        print(f"tests: {c.passed} passed, {c.failed} failed, 0 skipped")
        return 1 if c.failed else 0


sys.exit(main())
