"""What scripts/bench_switches runs: the model of each switch in PyTorch, eager, as one would write it there, and the turns."""
import argparse, json, math, os, statistics, subprocess, sys, time

BEFORE = dict(norm="layernorm", norm_gain=True, norm_place="before", norm_embed=False, position="learned", mlp="gelu", bias=True,
              qk_norm=False, qk_norm_all=False, tied=True, n_kv_head=0, parallel=False, softcap=0, gated_attention=False,
              value_residual=False, x0_residual=False, n_expert=0, top_k=2, window=0, window_full=0, zero_init=False, rope_base=1e4, mtp=0)
LLAMA = dict(norm="rmsnorm", position="rope", mlp="swiglu", bias=False, tied=False)
SWITCHES = {
    "gpt2": {}, "rmsnorm": dict(norm="rmsnorm"), "no norm": dict(norm="none"), "norms after": dict(norm_place="after"),
    "sandwich": dict(norm_place="both"), "norm of embeddings": dict(norm_embed=True), "rope": dict(position="rope"),
    "alibi": dict(position="alibi"), "no positions": dict(position="none"), "relu": dict(mlp="relu"), "relu2": dict(mlp="relu2"),
    "swiglu": dict(mlp="swiglu"), "geglu": dict(mlp="geglu"), "no bias": dict(bias=False), "qk_norm": dict(qk_norm=True),
    "qk_norm over all": dict(qk_norm=True, qk_norm_all=True), "untied": dict(tied=False), "grouped": dict(n_kv_head=2),
    "multi-query": dict(n_kv_head=1), "parallel": dict(parallel=True), "softcap": dict(softcap=15),
    "gated attention": dict(gated_attention=True), "value residual": dict(value_residual=True), "x0 residual": dict(x0_residual=True),
    "window": dict(window=32), "window_full": dict(window=32, window_full=2), "mtp": dict(mtp=1), "z_loss": {}, "experts": dict(n_expert=4), "rmsnorm+rope+swiglu": dict(norm="rmsnorm", position="rope", mlp="swiglu"),
    "llama": LLAMA, "olmo3": dict(LLAMA, norm_place="after", rope_base=5e5, qk_norm=True, qk_norm_all=True),
    "nanochat": dict(norm="rmsnorm", norm_gain=False, norm_embed=True, position="rope", mlp="relu2", bias=False, qk_norm=True,
                     tied=False, softcap=15),
    "sgd": {}, "muon": {}, "normuon": {}, "lion": {}, "soap": {},
}
OPTIMIZERS = {k: k for k in ("sgd", "muon", "normuon", "lion", "soap")}
SETS = {"z_loss": ["train.z_loss=0.01"]}

a = argparse.ArgumentParser(prog="bench_switches")
a.add_argument("plateau")
a.add_argument("names", nargs="*")
for key, default in dict(threads=1, repeat=5, d_model=64, n_layer=4, n_head=4, ctx=128, batch=16, vocab=256).items():
    a.add_argument("--" + key.replace("_", "-"), type=int, default=default)
a = a.parse_intermixed_args()
for name in a.names:
    if name not in SWITCHES:
        sys.exit(f"bench_switches: no switch '{name}' (there are: {', '.join(SWITCHES)})")
os.environ["OMP_NUM_THREADS"] = str(a.threads)
import torch, torch.nn as nn, torch.nn.functional as F  # noqa: E402

torch.set_num_threads(a.threads)
B, T, C, L, NH, V = a.batch, a.ctx, a.d_model, a.n_layer, a.n_head, a.vocab
HS = C // NH


class None_(nn.Module):
    def forward(self, x):
        return x


def norm_of(s, width=C):
    if s["norm"] == "none":
        return None_()
    if s["norm"] == "rmsnorm":
        return nn.RMSNorm(width, eps=1e-6, elementwise_affine=s["norm_gain"])
    return nn.LayerNorm(width, elementwise_affine=s["norm_gain"])


def hidden_of(s):
    return round(8 / 3 * C / 8) * 8 if s["mlp"] in ("swiglu", "geglu") else 4 * C


class Mlp(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.kind, H = s["mlp"], hidden_of(s)
        self.gated = self.kind in ("swiglu", "geglu")
        self.up = nn.Linear(C, 2 * H if self.gated else H, bias=s["bias"])
        self.down = nn.Linear(H, C, bias=s["bias"])

    def forward(self, x):
        h = self.up(x)
        if self.gated:
            g, u = h.chunk(2, -1)
            h = (F.silu(g) if self.kind == "swiglu" else F.gelu(g, approximate="tanh")) * u
        elif self.kind == "gelu":
            h = F.gelu(h, approximate="tanh")
        else:
            h = F.relu(h) if self.kind == "relu" else F.relu(h).square()
        return self.down(h)


class Experts(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.k, self.router = s["top_k"], nn.Linear(C, s["n_expert"], bias=False)
        self.experts = nn.ModuleList(Mlp(s) for _ in range(s["n_expert"]))

    def forward(self, x):
        flat = x.reshape(-1, C)
        probs = torch.softmax(self.router(flat), -1)
        top, chosen = probs.topk(self.k, -1)
        out, share = torch.zeros_like(flat), []
        for e, expert in enumerate(self.experts):
            row, place = torch.where(chosen == e)
            out = out.index_add(0, row, expert(flat[row]) * top[row, place, None])
            share.append(len(row) / chosen.numel())
        self.balance = len(share) * (torch.tensor(share) * probs.mean(0)).sum()
        return out.view_as(x)


class Attention(nn.Module):
    def __init__(self, s, layer):
        super().__init__()
        self.s, self.layer, self.KV = s, layer, s["n_kv_head"] or NH
        self.qkv = nn.Linear(C, C + 2 * self.KV * HS, bias=s["bias"])
        self.proj = nn.Linear(C, C, bias=s["bias"])
        if s["qk_norm"]:
            r = dict(s, norm="rmsnorm")
            self.qn, self.kn = (norm_of(r, C), norm_of(r, self.KV * HS)) if s["qk_norm_all"] else (norm_of(r, HS), norm_of(r, HS))
        if s["gated_attention"]:
            self.gate = nn.Linear(C, NH, bias=s["bias"])
        if s["value_residual"] and layer:
            self.mix = nn.Parameter(torch.tensor([0.5, 0.5]))
        if s["position"] == "rope":
            angle = torch.arange(T)[:, None] * s["rope_base"] ** (-2 * torch.arange(HS // 2) / HS)
            self.register_buffer("cos", torch.cat([angle.cos()] * 2, -1))
            self.register_buffer("sin", torch.cat([-angle.sin(), angle.sin()], -1))
        i, j = torch.arange(T)[:, None], torch.arange(T)[None, :]
        mask = None
        if s["position"] == "alibi":
            slopes = 2 ** (-8 * (torch.arange(NH) + 1) / NH)
            mask = (-slopes[:, None, None] * (i - j)).masked_fill(j > i, -math.inf)[None]
        if s["window"] and not (s["window_full"] and min(layer + 1, L) % s["window_full"] == 0):
            mask = ((j <= i) & (i - j < s["window"]))[None, None]
        self.register_buffer("mask", mask)

    def rotate(self, x):
        half = torch.cat([x[..., HS // 2 :], x[..., : HS // 2]], -1)
        return x * self.cos + half * self.sin

    def forward(self, x, first):
        s = self.s
        q, k, v = self.qkv(x).split([C, self.KV * HS, self.KV * HS], -1)
        if s["value_residual"]:
            if self.layer:
                v = self.mix[0] * v + self.mix[1] * first["v"]
            else:
                first["v"] = v
        if s["qk_norm_all"]:
            q, k = self.qn(q), self.kn(k)
        q, k, v = (t.view(B, T, -1, HS).transpose(1, 2) for t in (q, k, v))
        if s["qk_norm"] and not s["qk_norm_all"]:
            q, k = self.qn(q), self.kn(k)
        if s["position"] == "rope":
            q, k = self.rotate(q), self.rotate(k)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask, is_causal=self.mask is None, enable_gqa=self.KV != NH)
        if s["gated_attention"]:
            y = y * torch.sigmoid(self.gate(x)).transpose(1, 2)[..., None]
        return self.proj(y.transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self, s, layer):
        super().__init__()
        self.s, self.attention = s, Attention(s, layer)
        self.mlp = Experts(s) if s["n_expert"] else Mlp(s)
        before, after = s["norm_place"] != "after", s["norm_place"] != "before"
        self.n1, self.n2 = (norm_of(s), norm_of(s) if not s["parallel"] else None) if before else (None_(), None_())
        self.p1, self.p2 = (norm_of(s), norm_of(s)) if after else (None_(), None_())
        if s["x0_residual"]:
            self.mix = nn.Parameter(torch.tensor([1.0, 0.0]))

    def forward(self, x, x0, first):
        if self.s["x0_residual"]:
            x = self.mix[0] * x + self.mix[1] * x0
        h = self.n1(x)
        x = x + self.p1(self.attention(h, first))
        return x + self.p2(self.mlp(h if self.s["parallel"] else self.n2(x)))


class Gpt(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s, self.wte = s, nn.Embedding(V, C)
        self.wpe = nn.Embedding(T, C) if s["position"] == "learned" else None
        self.embed_norm = norm_of(s) if s["norm_embed"] else None_()
        self.blocks = nn.ModuleList(Block(s, l) for l in range(L + s["mtp"]))
        self.norm, self.head = norm_of(s), nn.Linear(C, V, bias=False)
        if s["tied"]:
            self.head.weight = self.wte.weight

    def logits(self, h):
        z, cap = self.head(self.norm(h)).flatten(0, 1), self.s["softcap"]
        return cap * torch.tanh(z / cap) if cap else z

    def forward(self, x, y, z_loss=0):
        h = self.wte(x) if self.wpe is None else self.wte(x) + self.wpe.weight
        h = x0 = self.embed_norm(h)
        first = {}
        for block in self.blocks[:L]:
            trunk, h = h, block(h, x0, first)
        z = self.logits(h)
        loss = F.cross_entropy(z, y.view(-1))
        if z_loss:
            loss = loss + z_loss * torch.logsumexp(z, -1).square().mean()
        for k, block in enumerate(self.blocks[L:], 1):  # heads beside the last layer, for the token k places after the next
            z = self.logits(block(trunk, x0, first)[:, :-k])
            loss = loss + F.cross_entropy(z, y[:, k:].flatten(), reduction="sum") / y.numel()
        return loss + 0.01 * sum(b.mlp.balance for b in self.blocks) if self.s["n_expert"] else loss


class Muon(torch.optim.Optimizer):
    """Jordan et al. 2024 in fp32, q, k and v each by itself; NorMuon evens out its rows (Li et al. 2025)."""

    def __init__(self, params, lr, even=False):
        super().__init__(params, dict(lr=lr))
        self.even = even

    @torch.no_grad()
    def step(self):
        for p in self.param_groups[0]["params"]:
            m = self.state[p].setdefault("m", torch.zeros_like(p))
            m.lerp_(p.grad, 0.05)
            u, parts = p.grad.lerp(m, 0.95), 3 if p.shape[0] == 3 * C else 1
            v = self.state[p].setdefault("v", torch.zeros(p.shape[0], 1)) if self.even else p
            for w, x, v in zip(p.chunk(parts), u.chunk(parts), v.chunk(parts)):
                tall = x.shape[0] > x.shape[1]
                x = (x.T if tall else x) / (x.norm() + 1e-7)
                for _ in range(5):
                    g = x @ x.T
                    x = torch.addmm(x, torch.addmm(g, g, g, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
                x = x.T if tall else x
                if self.even:
                    v.lerp_(x.square().mean(1, keepdim=True), 0.02)
                    y = x / (v.sqrt() + 1e-10)
                    x = y * (x.norm() / (y.norm() + 1e-10))
                w.mul_(1 - self.param_groups[0]["lr"] * 0.01)
                w.sub_(x, alpha=self.param_groups[0]["lr"] * max(1, w.shape[0] / w.shape[1]) ** 0.5)


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, over all tensors at once as torch.optim's own are."""

    def __init__(self, params, lr):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self):
        p, lr = self.param_groups[0]["params"], self.param_groups[0]["lr"]
        grads = [x.grad for x in p]
        m = [self.state[x].setdefault("m", torch.zeros_like(x)) for x in p]
        u = torch._foreach_lerp(m, grads, 0.1)
        torch._foreach_sign_(u)
        torch._foreach_lerp_(m, grads, 0.02)
        torch._foreach_mul_(p, 1 - lr * 0.01)
        torch._foreach_add_(p, u, alpha=-lr)


class Soap(torch.optim.Optimizer):
    """Vyas et al. 2024, q, k and v each by itself: Adam in bases that a QR follows every 10 steps."""

    def __init__(self, params, lr):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self):
        for p in self.param_groups[0]["params"]:
            parts = 3 if p.shape[0] == 3 * C else 1
            states = self.state[p].setdefault("parts", [None] * parts)
            for i, (w, g) in enumerate(zip(p.chunk(parts), p.grad.chunk(parts))):
                if states[i] is None:
                    left, right = g @ g.T, g.T @ g
                    states[i] = dict(t=0, m=torch.zeros_like(g), v=torch.zeros_like(g), l=0.02 * left, r=0.02 * right,
                                     ql=torch.linalg.eigh(left)[1], qr=torch.linalg.eigh(right)[1])
                else:
                    self.one(w, g, states[i])

    def one(self, w, g, s):
        lr = self.param_groups[0]["lr"]
        s["t"] += 1
        turned = s["ql"].T @ g @ s["qr"]
        s["v"].mul_(0.98).addcmul_(turned, turned, value=0.02)
        m = s["ql"].T @ s["m"].lerp_(g, 0.1) @ s["qr"]
        u = m / (1 - 0.9 ** s["t"]) / ((s["v"] / (1 - 0.98 ** s["t"])).sqrt() + 1e-8)
        w.mul_(1 - lr * 0.01).sub_(s["ql"] @ u @ s["qr"].T, alpha=lr)
        s["l"].lerp_(g @ g.T, 0.02)
        s["r"].lerp_(g.T @ g, 0.02)
        if s["t"] % 10 == 0:
            for q, outer, axis in (("ql", s["l"], 0), ("qr", s["r"], 1)):
                product = outer @ s[q]
                order = (s[q] * product).sum(0).argsort(descending=True)
                s["v"] = s["v"].index_select(axis, order)
                s[q] = torch.linalg.qr(product[:, order])[0]


MATRICES = {"muon": Muon, "normuon": lambda params, lr: Muon(params, lr, even=True), "soap": Soap}


def optimizers_of(model, kind):
    hidden = [p for b in model.blocks for p in b.parameters() if p.dim() == 2] if kind in MATRICES else []
    rest = [p for p in model.parameters() if not any(p is h for h in hidden)]
    if kind == "sgd":
        return [torch.optim.SGD(rest, lr=1e-4, momentum=0.95, nesterov=True, weight_decay=0.01, fused=True)]
    if kind == "lion":
        return [Lion(rest, 1e-4)]
    adamw = torch.optim.AdamW(rest, lr=1e-4, fused=True)
    return [adamw, MATRICES[kind](hidden, 1e-4)] if hidden else [adamw]


class Theirs:
    """Steps of PyTorch's own; the gradient norm is clipped as plateau does."""

    def __init__(self, name):
        torch.manual_seed(1)
        self.z_loss = 0.01 if name == "z_loss" else 0
        self.model = Gpt({**BEFORE, **SWITCHES[name]})
        self.optimizers = optimizers_of(self.model, OPTIMIZERS.get(name, "adamw"))
        self.x, self.y = torch.randint(0, V, (B, T)), torch.randint(0, V, (B, T))
        for _ in range(3):
            self.step()

    def step(self):
        loss = self.model(self.x, self.y, self.z_loss)
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0, foreach=True)
        for o in self.optimizers:
            o.step()

    def seconds(self):
        began, steps = time.process_time(), 0
        while steps < 3 or time.process_time() - began < 0.5:
            self.step()
            steps += 1
        return (time.process_time() - began) / steps


def ours(name):
    shape = [x for k in ("d_model", "n_layer", "n_head", "ctx", "batch", "vocab") for x in ("--" + k.replace("_", "-"), str(getattr(a, k)))]
    sets = [x for k, v in SWITCHES[name].items() for x in ("--set", f"model.{k}={str(v).lower() if isinstance(v, bool) else v}")]
    sets += [x for v in SETS.get(name, []) for x in ("--set", v)]
    out = subprocess.run([a.plateau, "bench", "train", "--threads", str(a.threads), "--repeat", "1", "--json", "-", *shape, *sets,
                          "--optimizer", OPTIMIZERS.get(name, "adamw")], capture_output=True, text=True)
    if out.returncode:
        sys.exit(f"bench_switches: {name}: {out.stderr.strip().splitlines()[-1]}")
    return json.loads(out.stdout)["train"][0]["cpu_s"]


def spread(s):
    return f"{1e3 * statistics.median(s):.2f} [{1e3 * min(s):.2f}, {1e3 * max(s):.2f}]"


print(f"torch {torch.__version__}, d{C} L{L} H{NH} T{T} B{B} V{V}, {a.threads} thread(s), {a.repeat} alternating repeats; ms of the processor a step: "
      "median [lowest, highest]")
print(f"{'switch':<20} {'plateau':>24} {'PyTorch, eager':>24} {'ratio':>6} {'least':>6}")
least = (math.inf, "")
for name in a.names or SWITCHES:
    model, p, t = Theirs(name), [], []
    for _ in range(a.repeat):
        p.append(ours(name))
        t.append(model.seconds())
    ratio = statistics.median(theirs / ours for theirs, ours in zip(t, p))
    least = min(least, (ratio, name))
    print(f"{name:<20} {spread(p):>24} {spread(t):>24} {ratio:6.2f} {min(t) / min(p):6.2f}", flush=True)
print(f"the least of the ratios: {least[0]:.2f} ({least[1]})")
