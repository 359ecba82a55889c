"""The optimisers in PyTorch: torch.optim's where it has one (AdamW, SGD, Muon), else written from the papers. For torch_step.py.

`sets` are plateau's keys with their values; rules of width and depth, and which columns are a matrix of their own, are
written down once more here. Matrices lie (in, out) in the dump and (out, in) in torch.optim.Muon.
"""
import math
import torch

HIDDEN = ("qkvw", "attw", "upw", "downw", "routerw", "gatew")
POLAR = [(8.28721201814563, -23.595886519098837, 17.300387312530933), (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
         (3.9486908534822946, -2.908902115962949, 0.5518191394370137), (3.3184196573706015, -2.488488024314874, 0.51004894012372),
         (2.300652019954817, -1.6689039845747493, 0.4188073119525673), (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
         (1.8750014808534479, -1.2500016453999487, 0.3750001645474248), (1.875, -1.25, 0.375)]
DEFAULTS = dict(optimizer="adamw", lr=0.01, beta1=0.9, beta2=0.98, eps=1e-5, weight_decay=0.1, clip=1.0, momentum=0.95, nesterov=True,
                muon_steps=5, muon_coefficients="jordan", muon_block=0, muon_period=1, adam_lr_ratio=1.0, soap_every=10,
                soap_max_dim=1024, cautious_decay=False, ema=0.0, tail_average=0.0, beta2_tokens=0, schedule="constant",
                warmup_tokens=0, cooldown=0.2, min_lr=0.0)


def settings(sets):
    s = {**DEFAULTS, **{k[6:]: v for k, v in sets.items() if k.startswith("train.") and k[6:] in DEFAULTS}}
    return s


def rate(s, tokens, total):
    """The learning rate of the step that brings the tokens seen to `tokens`."""
    if tokens < s["warmup_tokens"]:
        return s["lr"] * tokens / s["warmup_tokens"]
    begin = max((1 - s["cooldown"]) * total, s["warmup_tokens"]) if s["schedule"] == "wsd" else s["warmup_tokens"]
    if s["schedule"] == "constant" or tokens <= begin:
        return s["lr"]
    x = (tokens - begin) / (total - begin)
    left = {"wsd": 1 - x**0.5, "cosine": (1 + math.cos(math.pi * x)) / 2, "linear": 1 - x}[s["schedule"]]
    return s["lr"] * (s["min_lr"] + (1 - s["min_lr"]) * left)


class Matrix:
    """A matrix of the model: rows and columns of a tensor. w and g are views of shape (out, in)."""

    def __init__(self, w, rows, cols):
        self.of, self.rows, self.cols, self.m, self.v = w, rows, cols, None, None

    @property
    def w(self):
        return self.of.data[self.rows, self.cols].T

    @property
    def g(self):
        return self.of.grad[self.rows, self.cols].T


def matrices_of(name, w, d, switches):
    """q, k and v, both halves of a gated MLP, and the experts, each by itself."""
    rows, cols = w.shape
    stack = switches["n_expert"] if name in ("upw", "downw") and switches["n_expert"] else 1
    widths = [cols]
    if name == "qkvw":
        kv = (cols - d.C) // 2
        widths = [d.C, kv, kv]
    if name == "upw" and switches["mlp"] in ("swiglu", "geglu"):
        widths = [cols // 2] * 2
    for i in range(stack):
        at = 0
        for n in widths:
            yield Matrix(w, slice(i * rows // stack, (i + 1) * rows // stack), slice(at, at + n))
            at += n


def descend(w, u, lr, decay, cautious):
    """w -= lr u + decay w; a cautious decay only where u and w have one sign."""
    with torch.no_grad():
        w -= lr * u + decay * w * (u * w >= 0 if cautious else 1)


class Adamw:
    """What torch.optim.AdamW does; with its decay unless that is cautious."""

    def __init__(self, w, s, lr, decay, eps):
        self.w, self.lr, self.decay, self.cautious = w, lr, decay, s["cautious_decay"]
        self.optim = torch.optim.AdamW([w], betas=(s["beta1"], s["beta2"]), eps=eps, weight_decay=0 if self.cautious else decay)

    def step(self, lr, step):
        before = self.w.detach().clone()
        self.optim.param_groups[0]["lr"] = lr * self.lr
        self.optim.step()
        if self.cautious:
            u = before - self.w.detach()
            self.w.data.copy_(before)
            descend(self.w, u, 1, lr * self.lr * self.decay, True)


class Sgd:
    """torch.optim.SGD, whose own decay is in the gradient: plateau's is decoupled."""

    def __init__(self, w, s, lr, decay, _):
        self.w, self.lr, self.decay, self.cautious = w, lr, decay, s["cautious_decay"]
        self.optim = torch.optim.SGD([w], lr=1, momentum=s["momentum"], nesterov=s["nesterov"])

    def step(self, lr, step):
        before = self.w.detach().clone()
        self.optim.step()
        u = before - self.w.detach()
        self.w.data.copy_(before)
        descend(self.w, u, lr * self.lr, lr * self.lr * self.decay, self.cautious)


class Lion:
    """Chen et al. 2023, program 1."""

    def __init__(self, w, s, lr, decay, _):
        self.w, self.lr, self.decay, self.s, self.m = w, lr, decay, s, torch.zeros_like(w)

    def step(self, lr, step):
        s, g = self.s, self.w.grad
        u = torch.sign(s["beta1"] * self.m + (1 - s["beta1"]) * g)
        self.m = s["beta2"] * self.m + (1 - s["beta2"]) * g
        descend(self.w, u, lr * self.lr, lr * self.lr * self.decay, s["cautious_decay"])


class Muon:
    """Jordan et al. 2024, written down."""

    def __init__(self, x, s):
        self.x, self.s, self.m = x, s, torch.zeros_like(x.w)

    def orthogonal(self, u):
        s, polar = self.s, self.s["muon_coefficients"] == "polar"
        x = u if u.shape[0] <= u.shape[1] else u.T
        x = x / (x.norm() * (1.01 if polar else 1) + 1e-7)
        for i in range(s["muon_steps"]):
            a, b, c = POLAR[min(i, len(POLAR) - 1)] if polar else (3.4445, -4.7750, 2.0315)
            if polar and i < len(POLAR) - 1:
                a, b, c = a / 1.01, b / 1.01**3, c / 1.01**5
            g = x @ x.T
            x = a * x + (b * g + c * g @ g) @ x
        return x if u.shape[0] <= u.shape[1] else x.T

    def even(self, u, _):
        return u

    def step(self, lr, step):
        s, g = self.s, self.x.g
        self.m = s["momentum"] * self.m + (1 - s["momentum"]) * g
        u = (1 - s["momentum"]) * g + s["momentum"] * self.m if s["nesterov"] else self.m
        whole = not s["muon_block"] or (step - 1) % s["muon_period"] == 0
        n = u.shape[0] if whole else s["muon_block"]
        blocks = [(i, u[i : i + n]) for i in range(0, u.shape[0], n)]
        u = torch.cat([self.even(self.orthogonal(b), i) * max(1, b.shape[0] / b.shape[1]) ** 0.5 for i, b in blocks])
        descend(self.x.w, u, lr, lr * s["weight_decay"], s["cautious_decay"])


class Normuon(Muon):
    """Li et al. 2025, algorithm 1 with the norm restored as in its authors' code."""

    def even(self, u, at):
        if self.x.v is None:
            self.x.v = torch.zeros(self.x.w.shape[0], 1)
        v = self.x.v[at : at + u.shape[0]]
        v.lerp_((u * u).mean(1, keepdim=True), 1 - self.s["beta2"])
        out = u / (v.sqrt() + 1e-10)
        return out * u.norm() / out.norm()


class TorchMuon:
    """torch.optim.Muon, in double: it rounds to bfloat16, 8 bits, on its own."""

    def __init__(self, x, s):
        self.x, self.p = x, torch.nn.Parameter(x.w.clone())
        self.optim = torch.optim.Muon([self.p], momentum=s["momentum"], nesterov=s["nesterov"], weight_decay=s["weight_decay"],
                                      ns_steps=s["muon_steps"], adjust_lr_fn="original")

    def step(self, lr, step):
        rounds = torch.Tensor.bfloat16
        self.optim.param_groups[0]["lr"] = lr
        self.p.grad = self.x.g.clone()
        try:
            torch.Tensor.bfloat16 = torch.Tensor.clone
            self.optim.step()
        finally:
            torch.Tensor.bfloat16 = rounds
        self.x.w.copy_(self.p.detach())


class Soap:
    """Vyas et al. 2024, algorithm 3; the first step makes the bases, three rounds from the identity."""

    def __init__(self, x, s, lr, decay, eps):
        self.x, self.s, self.eps = x, s, eps
        self.m, self.v = torch.zeros_like(x.w), torch.zeros_like(x.w)
        self.sides = [i for i in range(2) if 1 < x.w.shape[i] <= s["soap_max_dim"]]
        self.outer = {i: torch.zeros(x.w.shape[i], x.w.shape[i]) for i in self.sides}
        self.q = {i: torch.eye(x.w.shape[i]) for i in self.sides}
        self.lr = lr ** (1 - len(self.sides) / 2)
        self.decay = decay * lr / self.lr

    def turn(self, x, back=False):
        for i in self.sides:
            q = self.q[i].T if back else self.q[i]
            x = q.T @ x if i == 0 else x @ q
        return x

    def refresh(self):
        for i in self.sides:
            order = torch.argsort((self.q[i] * (self.outer[i] @ self.q[i])).sum(0), descending=True, stable=True)
            self.v = self.v.index_select(i, order)
            self.q[i] = torch.linalg.qr(self.outer[i] @ self.q[i][:, order])[0]

    def step(self, lr, step):
        s, g, t = self.s, self.x.g.clone(), step - 1
        if t:
            self.m = s["beta1"] * self.m + (1 - s["beta1"]) * g
            self.v = s["beta2"] * self.v + (1 - s["beta2"]) * self.turn(g) ** 2
            m, v = self.turn(self.m) / (1 - s["beta1"] ** t), self.v / (1 - s["beta2"] ** t)
            descend(self.x.w, self.turn(m / (v.sqrt() + self.eps), True), lr * self.lr, lr * self.lr * self.decay, s["cautious_decay"])
        for i in self.sides:
            self.outer[i] = s["beta2"] * self.outer[i] + (1 - s["beta2"]) * (g @ g.T if i == 0 else g.T @ g)
        for _ in range(3 if t == 0 else t % s["soap_every"] == 0):
            self.refresh()


class Optimizer:
    """One optimiser a tensor, or a matrix of it; then the averages of the weights."""

    def __init__(self, model, d, sets, steps):
        s = self.s = settings(sets)
        self.w, self.d, self.steps, self.parts = model.w, d, steps, []
        if s["beta2_tokens"]:
            s["beta2"] = 2 ** (-d.B * d.T / s["beta2_tokens"])
        for (name, layer, _, _), (lr, decay, eps) in zip(d.tensors, d.rules):
            self.add(name, model.w[(name, layer)], lr, s["weight_decay"] * decay, s["eps"] * eps, model.s)
        self.averages = {}
        for which in ("ema", "tail_average"):
            if s[which]:
                self.averages[which] = {k: torch.zeros_like(w) for k, w in self.w.items()}

    def add(self, name, w, lr, decay, eps, switches):
        s, kind = self.s, self.s["optimizer"]
        if kind == "sgd":
            self.parts.append(Sgd(w, s, lr * s["eps"] / eps, decay * eps / s["eps"], None))
        elif kind == "lion":
            self.parts.append(Lion(w, s, lr, decay, None))
        elif kind == "adamw" or name not in HIDDEN or 1 in w.shape:
            self.parts.append(Adamw(w, s, lr * (s["adam_lr_ratio"] if "muon" in kind else 1), decay, eps))
        elif kind == "soap":
            self.parts += [Soap(x, s, lr, decay, eps) for x in matrices_of(name, w, self.d, switches)]
        else:
            theirs = kind == "muon" and s["muon_coefficients"] == "jordan" and not s["muon_block"] and not s["cautious_decay"]
            make = TorchMuon if theirs else {"muon": Muon, "normuon": Normuon}[kind]
            self.parts += [make(x, s) for x in matrices_of(name, w, self.d, switches)]

    def step(self, step):
        s, tokens = self.s, self.d.B * self.d.T
        if s["clip"]:
            torch.nn.utils.clip_grad_norm_(list(self.w.values()), s["clip"])
        lr = rate(s, step * tokens, self.steps * tokens)
        for part in self.parts:
            part.step(lr, step)
        n = step - (self.steps - round(s["tail_average"] * self.steps))
        share = {"ema": 1 - min(s["ema"], (step - 1) / (step + 9)), "tail_average": 1 / n if n > 0 else 0}
        for which, mean in self.averages.items():
            for k, w in self.w.items():
                mean[k].lerp_(w.detach(), share[which])
