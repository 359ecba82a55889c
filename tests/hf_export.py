#!/usr/bin/env python3
"""Weights in and out against their own libraries: safetensors, transformers, and llm.c's layout read again here.

    python3 tests/hf_export.py BUILD [CASE...]

Trains small models, exports them, and compares logits with transformers' to 1e-4; a random GPT-2 of the 124M shape that
transformers made (nothing is downloaded) is read back, its loss on tokens to 1e-3. Exit code 77 where a library is not there.
"""
import json, math, os, subprocess, sys, tempfile

try:
    import numpy as np
    import torch
    import transformers
    from safetensors import safe_open
    from safetensors.torch import save_file
except ImportError as e:
    print(f"  SKIP hf_export: {e}\ntests: 0 passed, 0 failed, 1 skipped")
    sys.exit(77)

transformers.logging.set_verbosity_error()
build, only = os.path.abspath(sys.argv[1]), sys.argv[2:]
plateau, dump = build + "/plateau", build + "/tests/dump_logits"
tmp = tempfile.mkdtemp(prefix="hf export ")
failed = passed = 0


def check(name, ok, what):
    global failed, passed
    passed, failed = passed + ok, failed + (not ok)
    print(f"  {'ok' if ok else 'FAIL'} {name}: {what}", flush=True)


def run(*words, code=0):
    r = subprocess.run([plateau, *map(str, words)], capture_output=True, text=True)
    assert r.returncode == code, (words, r.returncode, r.stderr)
    return r.stdout if code == 0 else r.stderr


def logits_of(path, *n):
    out = subprocess.run([dump, path, *map(str, n)], capture_output=True, check=True).stdout
    first, second, rest = out.split(b"\n", 2)
    V, tokens = int(first.split()[1]), [int(t) for t in second.split()]
    return tokens, np.frombuffer(rest, "f4").reshape(len(tokens), V)


def train(name, sets, text=True):
    sets = dict({"model.d_model": 24, "model.n_layer": 2, "model.n_head": 3, "model.ctx": 21, "train.tokens": 4200,
                 "train.batch_tokens": 210, "train.lr": 0.02, "train.weight_decay": 0.0, "data.eval_tokens": 210}, **sets)
    config = f"{tmp}/{name}.json"
    json.dump({"name": "x"}, open(config, "w"))
    words = [w for k, v in sets.items() for w in ("--set", f"{k}={json.dumps(v) if isinstance(v, (list, bool)) else v}")]
    return run("train", config, "--out", f"{tmp}/{name}", "--jobs", 1, *words).splitlines()[0]


FILE = f"{tmp}/text"
with open(FILE, "w") as f:
    f.write("".join(f"{i} bottles of {'beer' if i % 3 else 'milk'} on the wall, {i * i % 97} more.\n" for i in range(900)))
TEXT = {"data.source": "text", "data.files": [FILE]}
FACTS = {"data.source": "zipf-facts", "data.base": 16, "data.digits": 2}
GPT2 = {
    "gpt2 of bytes": dict(TEXT),
    "gpt2 of odd sizes": dict(FACTS, **{"model.d_model": 35, "model.n_head": 5, "model.ctx": 18, "model.n_layer": 3,
                                        "train.batch_tokens": 180}),
    "gpt2, standard": dict(TEXT, **{"model.parametrisation": "standard"}),
    "gpt2, depth and width far from the base": dict(TEXT, **{"model.base_d_model": 256, "model.base_n_layer": 16}),
    "gpt2 without biases, gains, places": dict(TEXT, **{"model.bias": False, "model.norm_gain": False, "model.norm_bias": False,
                                                        "model.position": "none"}),
    "gpt2 of waves, relu2, a narrow MLP": dict(TEXT, **{"model.position": "sinusoidal", "model.mlp": "relu2", "model.mlp_ratio": 1.5}),
    "gpt2, relu, grouped, a head of its own": dict(TEXT, **{"model.mlp": "relu", "model.n_kv_head": 1, "model.tied": False}),
    "gpt2 with further tokens": dict(TEXT, **{"model.mtp": 2}),
}
OTHERS = {
    "llama": dict(TEXT, **{"model.preset": "llama"}),
    "llama, grouped, tied, biases, geglu": dict(TEXT, **{"model.preset": "llama", "model.n_head": 4, "model.n_kv_head": 2, "model.tied": True,
                                                         "model.bias": True, "model.mlp": "geglu", "model.rope_base": 500}),
    "olmo3": dict(TEXT, **{"model.preset": "olmo3"}),
    "olmo3, grouped, a short window, no gains": dict(TEXT, **{"model.preset": "olmo3", "model.n_head": 4, "model.n_kv_head": 2, "model.window": 5,
                                                              "model.window_full": 2, "model.n_layer": 4, "model.norm_gain": False}),
}


def compare(name, sets):
    folder = train(name, sets)
    out = f"{tmp}/{name} hf"
    run("export", folder, "--format", "safetensors", "--out", out)
    with safe_open(out + "/model.safetensors", "pt") as f:
        names, meta = list(f.keys()), f.metadata()
    m = transformers.AutoModelForCausalLM.from_pretrained(out).eval()
    loaded = transformers.AutoModelForCausalLM.from_pretrained(out, output_loading_info=True)[1]
    tokens, ours = logits_of(folder)
    with torch.no_grad():
        theirs = m(torch.tensor([tokens])).logits[0].numpy()
    worst, size = np.abs(ours - theirs).max(), np.abs(ours).max()
    missing = [k for k in ("missing_keys", "unexpected_keys", "mismatched_keys") if loaded[k] and
               not (k == "missing_keys" and list(loaded[k]) == ["lm_head.weight"])]
    check(name, worst <= 1e-4 and not missing, f"logits up to {size:.2f} differ by {worst:.1e}, {len(names)} tensors {missing or ''}")
    data = ["--data", FILE] if sets["data.source"] == "text" else []
    if data:
        mean = [json.loads(run("eval", path, *data, "--json", "-"))["loss"] for path in (folder, out)]
        check(name + ", its loss", abs(mean[0] - mean[1]) <= 1e-5, f"{mean[0]:.7f} and {mean[1]:.7f}")
    result = json.load(open(folder + "/result.json"))["loss"]
    own = json.loads(run("eval", folder, "--json", "-"))["loss"]
    check(name + ", result.json's loss", own == result, f"{own!r} and {result!r}")
    back = logits_of(out)[1]
    check(name + ", read back", np.abs(ours - back).max() <= 1e-4, f"differs by {np.abs(ours - back).max():.1e}")
    return folder, m


def llmc(name, folder, m):
    """The layout of train_gpt2.py's write_model, read again."""
    out = f"{tmp}/{name}.bin"
    run("export", folder, "--format", "llm.c", "--out", out)
    raw = open(out, "rb").read()
    h = np.frombuffer(raw, "<i4", 256)
    magic, version, T, V, L, NH, C, Vp = map(int, h[:8])
    w, at, ok = np.frombuffer(raw, "<f4", offset=1024), 0, (magic, version) == (20240326, 3) and Vp == -(-V // 128) * 128

    def take(*shape):
        nonlocal at
        n = math.prod(shape)
        at += n
        return w[at - n:at].reshape(shape)
    sd = {k.removeprefix("transformer."): v.numpy() for k, v in m.state_dict().items()}
    same = lambda a, b: bool(np.array_equal(a, b))
    wte = take(Vp, C)
    ok &= same(wte[:V], sd["wte.weight"]) and not wte[V:].any() and same(take(T, C), sd["wpe.weight"])
    for part, turn, shape in (("ln_1.weight", 0, (C,)), ("ln_1.bias", 0, (C,)), ("attn.c_attn.weight", 1, (3 * C, C)), ("attn.c_attn.bias", 0, (3 * C,)),
                              ("attn.c_proj.weight", 1, (C, C)), ("attn.c_proj.bias", 0, (C,)), ("ln_2.weight", 0, (C,)), ("ln_2.bias", 0, (C,)),
                              ("mlp.c_fc.weight", 1, (4 * C, C)), ("mlp.c_fc.bias", 0, (4 * C,)), ("mlp.c_proj.weight", 1, (C, 4 * C)), ("mlp.c_proj.bias", 0, (C,))):
        for l in range(L):
            there = take(*shape)
            ok &= same(there.T if turn else there, sd[f"h.{l}.{part}"])
    ok &= same(take(C), sd["ln_f.weight"]) and same(take(C), sd["ln_f.bias"]) and at == len(w) and NH == m.config.n_head
    check(name + " as llm.c", bool(ok), f"V={V} padded to {Vp}, {at} floats")
    check(name + " as llm.c, read back", np.abs(logits_of(folder)[1] - logits_of(out)[1]).max() <= 1e-4, "logits")


def foreign(folder, tensors, config):
    """A GPT-2 that transformers made, in some other clothes."""
    os.makedirs(folder, exist_ok=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder + "/model.safetensors")
    if config:
        json.dump(config, open(folder + "/config.json", "w"))


def clothes():
    c = transformers.GPT2Config(vocab_size=97, n_positions=40, n_embd=128, n_layer=2, n_head=2)
    torch.manual_seed(1)
    m = transformers.GPT2LMHeadModel(c).eval()
    with torch.no_grad():
        for p in m.parameters():
            p.add_(0.02 * torch.randn_like(p))
    sd = {k: v for k, v in m.state_dict().items() if k != "lm_head.weight"}
    bare = {k.removeprefix("transformer."): v for k, v in sd.items()}
    mask = {f"h.{l}.attn.bias": torch.tril(torch.ones(40, 40)).view(1, 1, 40, 40) for l in range(2)}
    mask.update({f"h.{l}.attn.masked_bias": torch.tensor(-1e4) for l in range(2)})
    for name, tensors, dtype, config in (
            ("with a prefix", sd, torch.float32, c.to_dict()), ("without a prefix", bare, torch.float32, c.to_dict()),
            ("without config.json", bare, torch.float32, None),
            ("with masks and a head", {**bare, **mask, "lm_head.weight": bare["wte.weight"].clone()}, torch.float32, c.to_dict()),
            ("with masks and a head, without config.json", {**bare, **mask, "lm_head.weight": bare["wte.weight"].clone()}, torch.float32, None),
            ("in halves", bare, torch.float16, c.to_dict()), ("in bfloat16", bare, torch.bfloat16, c.to_dict())):
        folder = f"{tmp}/{name}"
        foreign(folder, {k: v.to(dtype) for k, v in tensors.items()}, config)
        tokens, ours = logits_of(folder + "/model.safetensors")
        ref = m
        if dtype != torch.float32:  # the same rounded weights, in float32
            ref = transformers.GPT2LMHeadModel(c).eval()
            ref.load_state_dict({k: v.to(dtype).float() for k, v in m.state_dict().items()})
        with torch.no_grad():
            worst = np.abs(ours - ref(torch.tensor([tokens])).logits[0].numpy()).max()
        check(name, worst <= 1e-4, f"differs by {worst:.1e}")


def gpt2_124m():
    """GPT2Config() as it is, random weights; its loss on tokens as llm.c has them, window by window, by both."""
    torch.manual_seed(2)
    c = transformers.GPT2Config()
    m = transformers.GPT2LMHeadModel(c).eval()
    folder, n = f"{tmp}/124M", 700
    m.save_pretrained(folder)
    tokens = np.random.default_rng(1).zipf(1.3, n + 1) % c.vocab_size
    head = np.zeros(256, "<i4")
    head[:3] = 20240520, 1, n + 1
    with open(f"{tmp}/tokens.bin", "wb") as f:
        f.write(head.tobytes() + tokens.astype("<u2").tobytes())
    ours = json.loads(run("eval", folder + "/model.safetensors", "--data", f"{tmp}/tokens.bin", "--json", "-"))
    total, t = 0.0, torch.tensor(tokens.astype("i8"))
    with torch.no_grad():
        for at in range(0, n, 1024):
            y = t[at + 1:at + 1025]
            total += torch.nn.functional.cross_entropy(m(t[at:at + len(y)][None]).logits[0], y, reduction="sum").item()
    check("GPT-2 of 124M", ours["tokens"] == n and abs(ours["loss"] - total / n) <= 1e-3 and ours["params"] == 124439808,
          f"loss {ours['loss']:.6f}, transformers' {total / n:.6f}, {ours['params']} parameters")


def main():
    for name, sets in {**GPT2, **OTHERS}.items():
        if only and name not in only:
            continue
        folder, m = compare(name, sets)
        if name in ("gpt2 of bytes", "gpt2 of odd sizes", "gpt2, standard", "gpt2 without biases, gains, places"):
            llmc(name, folder, m)
    if not only or "clothes" in only:
        clothes()
    if not only or "124M" in only:
        gpt2_124m()
    print(f"tests: {passed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


main()
