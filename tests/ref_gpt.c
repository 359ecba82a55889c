#include "ref_gpt.h"
#include "ref_tape.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Rows of n values, ld apart, by their root mean square, or standard deviation from their mean. gain, bias may be NONE. */
static size_t norm_rows(struct ref_tape *t, size_t x, size_t gain, size_t bias, size_t rows, size_t ld, size_t n, bool rms)
{
    size_t *out = grow(NULL, rows * n, sizeof *out);
    for (size_t r = 0; r < rows; r++) {
        size_t centred = x + r * ld, mean = rms ? NONE : sum(t, x + r * ld, n, 1.0 / (double)n);
        if (!rms) {
            centred = t->n;
            for (size_t c = 0; c < n; c++)
                (void)add(t, x + r * ld + c, mean, -1);
        }
        size_t var = dot(t, centred, 1, centred, 1, n, 1.0 / (double)n, NONE);
        double rstd = 1 / sqrt(t->val[var] + (rms ? 1e-6 : 1e-5));
        size_t by = unary(t, var, rstd, -0.5 * rstd * rstd * rstd);
        for (size_t c = 0; c < n; c++) {
            size_t y = mul(t, centred + c, by);
            if (gain != NONE)
                y = mul(t, y, gain + c);
            out[r * n + c] = bias != NONE ? add(t, y, bias + c, 1) : y;
        }
    }
    return gather(t, out, rows * n);
}

/* Where a tensor of a layer is; NONE: there is none. */
static size_t at(const struct ref_gpt *r, const char *name, size_t layer)
{
    for (size_t i = 0; i < r->n_tensors; i++)
        if (strcmp(r->tensors[i].name, name) == 0 && r->tensors[i].layer == layer)
            return r->tensors[i].at;
    return NONE;
}

/* The shape's norm. */
static size_t norm(struct ref_gpt *r, size_t x, const char *gain, const char *bias, size_t layer)
{
    enum { LAYERNORM, RMSNORM };
    if (r->shape.norm > RMSNORM)
        return x;
    return norm_rows(r->tape, x, at(r, gain, layer), at(r, bias, layer), r->shape.T, r->shape.C, r->shape.C,
                     r->shape.norm == RMSNORM);
}

static size_t gelu(struct ref_tape *t, size_t x)
{
    double s = sqrt(2 / acos(-1)), v = t->val[x];
    size_t u = unary(t, x, s * (v + 0.044715 * v * v * v), s * (1 + 3 * 0.044715 * v * v));
    double h = tanh(t->val[u]);
    return mul(t, x, unary(t, u, 0.5 * (1 + h), 0.5 * (1 - h * h)));
}

static size_t sigmoid(struct ref_tape *t, size_t x)
{
    double s = 1 / (1 + exp(-t->val[x]));
    return unary(t, x, s, s * (1 - s));
}

static size_t relu(struct ref_tape *t, size_t x)
{
    double v = t->val[x];
    return unary(t, x, v > 0 ? v : 0, v > 0);
}

/* Of n experts in one tensor, the e-th's MLP of x (rows,C). */
static size_t mlp_of(struct ref_gpt *r, size_t x, size_t rows, size_t l, size_t e, size_t n)
{
    enum { GELU, RELU, RELU2, SWIGLU, GEGLU };
    struct ref_tape *t = r->tape;
    const struct gpt_shape *s = &r->shape;
    const struct ref_tensor *down = NULL;
    for (size_t i = 0; i < r->n_tensors; i++)
        if (strcmp(r->tensors[i].name, "downw") == 0)
            down = &r->tensors[i];
    CHECK(down != NULL);
    bool gated = s->mlp >= SWIGLU;
    size_t C = s->C, H = down->n / C / n, wide = gated ? 2 * H : H, *out = grow(NULL, rows * H, sizeof *out);
    size_t upb = at(r, "upb", l), downb = at(r, "downb", l);
    size_t up = linear(t, x, at(r, "upw", l) + e * C * wide, upb == NONE ? NONE : upb + e * wide, rows, C, wide);
    for (size_t i = 0; i < rows * H; i++) {
        size_t a = up + i / H * wide + i % H, y = relu(t, a);
        if (s->mlp == GELU || s->mlp == GEGLU)
            y = gelu(t, a);
        else if (s->mlp == SWIGLU)
            y = mul(t, a, sigmoid(t, a));
        else if (s->mlp == RELU2)
            y = mul(t, y, y);
        out[i] = gated ? mul(t, y, a + H) : y;
    }
    return linear(t, gather(t, out, rows * H), at(r, "downw", l) + e * H * C, downb == NONE ? NONE : downb + e * C, rows, H, C);
}

/* The router's probabilities of one token; the k largest of them are marked. */
static size_t route(struct ref_gpt *r, size_t x, size_t l, bool *taken)
{
    struct ref_tape *t = r->tape;
    const struct gpt_shape *s = &r->shape;
    size_t E = s->n_expert, p = softmax(t, linear(t, x, at(r, "routerw", l), NONE, 1, s->C, E), E);
    for (size_t j = 0; j < s->top_k; j++) {
        size_t best = NONE;
        for (size_t i = 0; i < E; i++)
            if (!taken[i] && (best == NONE || t->val[p + i] > t->val[p + best]))
                best = i;
        taken[best] = true;
    }
    return p;
}

static size_t mlp(struct ref_gpt *r, size_t x, size_t l)
{
    struct ref_tape *t = r->tape;
    const struct gpt_shape *s = &r->shape;
    if (!s->n_expert)
        return mlp_of(r, x, s->T, l, 0, 1);
    size_t *out = grow(NULL, s->T * s->C, sizeof *out);
    for (size_t i = 0; i < s->T; i++) {
        bool taken[16] = {false};
        size_t p = route(r, x + i * s->C, l, taken);
        for (size_t e = 0, first = true; e < s->n_expert; e++) {
            if (!taken[e])
                continue;
            size_t y = mlp_of(r, x + i * s->C, 1, l, e, s->n_expert);
            for (size_t c = 0; c < s->C; c++) {
                size_t part = mul(t, y + c, p + e), *o = &out[i * s->C + c];
                *o = first ? part : add(t, *o, part, 1);
            }
            first = false;
        }
    }
    return gather(t, out, s->T * s->C);
}

/* Heads of q and k turn: pair i of place p by p base^(-2i/HS). */
static size_t rotate(struct ref_tape *t, size_t x, size_t T, size_t ld, size_t heads, size_t HS, double base)
{
    size_t *out = grow(NULL, T * ld, sizeof *out), half = HS / 2;
    for (size_t p = 0; p < T; p++)
        for (size_t c = 0; c < ld; c++) {
            size_t i = c % HS, pair = i < half ? i : i - (HS - half), here = x + p * ld + c;
            bool turns = c < heads * HS && (i < half || i >= HS - half);
            double angle = (double)p * pow(base, -2 * (double)pair / (double)HS);
            if (!turns) {
                out[p * ld + c] = here;
                continue;
            }
            size_t other = i < half ? here + HS - half : here - (HS - half);
            double co = cos(angle), si = i < half ? -sin(angle) : sin(angle);
            out[p * ld + c] = node(t, co * t->val[here] + si * t->val[other]);
            edge(t, here, co);
            edge(t, other, si);
        }
    return gather(t, out, T * ld);
}

/* The probabilities e^score / sum of position i over first .. i. */
static size_t softmax_row(struct ref_tape *t, size_t q, size_t k, size_t ld, size_t first, size_t i, size_t HS, double slope)
{
    size_t score = t->n, n = i + 1 - first;
    for (size_t j = first; j <= i; j++) {
        (void)dot(t, q + i * ld, 1, k + j * ld, 1, HS, 1 / sqrt((double)HS), NONE);
        t->val[t->n - 1] -= slope * (double)(i - j);
    }
    return softmax(t, score, n);
}

/* Press et al. 2022: 2^(-8/n), 2^(-16/n), ... for n heads, a power of two; else of the power below, then every other one
 * of the power above. */
static double alibi_slope(size_t h, size_t n)
{
    size_t p = 1;
    while (p * 2 <= n)
        p *= 2;
    return h < p ? pow(2, -8.0 * (double)(h + 1) / (double)p) : pow(2, -8.0 * (double)(2 * (h - p) + 1) / (double)(2 * p));
}

/* q and k by their root mean square: a head's, or all heads'; v as it is. */
static size_t norm_qk(struct ref_gpt *r, size_t qkv, size_t ld, size_t NKV, size_t l)
{
    struct ref_tape *t = r->tape;
    const struct gpt_shape *s = &r->shape;
    size_t HS = s->C / s->NH, widths[2] = {s->C, NKV * HS}, from = 0, *out = grow(NULL, s->T * ld, sizeof *out);
    const char *gains[2] = {"qnw", "knw"};
    for (size_t i = 0; i < s->T * ld; i++)
        out[i] = qkv + i;
    for (int which = 0; which < 2; from += widths[which++]) {
        size_t n = s->qk_norm_all ? widths[which] : HS;
        for (size_t c = 0; c < widths[which]; c += n) {
            size_t y = norm_rows(t, qkv + from + c, at(r, gains[which], l), NONE, s->T, ld, n, true);
            for (size_t i = 0; i < s->T * n; i++)
                out[i / n * ld + from + c + i % n] = y + i;
        }
    }
    return gather(t, out, s->T * ld);
}

/* Values of layers from the second on: m0 their own, m1 the first's. */
static size_t mix_values(struct ref_gpt *r, size_t qkv, size_t ld, size_t n, size_t l)
{
    struct ref_tape *t = r->tape;
    size_t T = r->shape.T, m = at(r, "vmix", l), *out = grow(NULL, T * ld, sizeof *out);
    if (l == 0)
        r->values = qkv;
    for (size_t i = 0; i < T * ld; i++)
        out[i] = l > 0 && i % ld >= ld - n ? add(t, mul(t, m, qkv + i), mul(t, m + 1, r->values + i), 1) : qkv + i;
    return gather(t, out, T * ld);
}

static size_t attention(struct ref_gpt *r, size_t x, size_t l)
{
    enum { LEARNED, ROPE, ALIBI };
    struct ref_tape *t = r->tape;
    const struct gpt_shape *s = &r->shape;
    size_t T = s->T, C = s->C, HS = C / s->NH, NKV = s->n_kv_head ? s->n_kv_head : s->NH, ld = C + 2 * NKV * HS;
    size_t qkv = linear(t, x, at(r, "qkvw", l), at(r, "qkvb", l), T, C, ld), *out = grow(NULL, T * C, sizeof *out), gate = NONE;
    size_t depth = l < s->L ? l + 1 : s->L; /* a head is beside the last layer */
    bool full = s->window == 0 || (s->window_full && depth % s->window_full == 0);
    if (s->qk_norm)
        qkv = norm_qk(r, qkv, ld, NKV, l);
    if (s->value_residual)
        qkv = mix_values(r, qkv, ld, NKV * HS, l);
    if (s->position == ROPE)
        qkv = rotate(t, qkv, T, ld, s->NH + NKV, HS, s->rope_base);
    if (s->gated_attention)
        gate = linear(t, x, at(r, "gatew", l), at(r, "gateb", l), T, C, s->NH);
    for (size_t i = 0; i < T; i++)
        for (size_t h = 0; h < s->NH; h++) {
            size_t first = full || i + 1 < s->window ? 0 : i + 1 - s->window, kv = h / (s->NH / NKV);
            size_t q = qkv + h * HS, k = qkv + C + kv * HS, v = k + NKV * HS;
            size_t p = softmax_row(t, q, k, ld, first, i, HS, s->position == ALIBI ? alibi_slope(h, s->NH) : 0);
            size_t open = gate == NONE ? NONE : sigmoid(t, gate + i * s->NH + h);
            for (size_t d = 0; d < HS; d++) {
                size_t y = dot(t, p, 1, v + first * ld + d, ld, i + 1 - first, 1, NONE);
                out[i * C + h * HS + d] = open == NONE ? y : mul(t, y, open);
            }
        }
    return linear(t, gather(t, out, T * C), at(r, "attw", l), at(r, "attb", l), T, C, C);
}

static size_t residual(struct ref_tape *t, size_t x, size_t branch, size_t n, double scale)
{
    size_t first = t->n;
    for (size_t i = 0; i < n; i++)
        (void)add(t, x + i, branch + i, scale);
    return first;
}

static size_t block(struct ref_gpt *r, size_t x, size_t l)
{
    struct ref_tape *t = r->tape;
    const struct gpt_shape *s = &r->shape;
    enum { BEFORE, AFTER };
    size_t n = s->T * s->C, first = s->norm_place == AFTER ? x : norm(r, x, "ln1w", "ln1b", l);
    size_t a = attention(r, first, l);
    if (s->norm_place != BEFORE)
        a = norm(r, a, "post1w", "post1b", l);
    x = residual(t, x, a, n, r->residual_scale);
    size_t second = s->parallel ? first : s->norm_place == AFTER ? x : norm(r, x, "ln2w", "ln2b", l);
    a = mlp(r, second, l);
    if (s->norm_place != BEFORE)
        a = norm(r, a, "post2w", "post2b", l);
    return residual(t, x, a, n, r->residual_scale);
}

/* Layer l, after its mix with the first layer's input. */
static size_t layer(struct ref_gpt *r, size_t x, size_t l)
{
    struct ref_tape *t = r->tape;
    size_t n = r->shape.T * r->shape.C, m = at(r, "xmix", l), *out = r->shape.x0_residual ? grow(NULL, n, sizeof *out) : NULL;
    for (size_t i = 0; out && i < n; i++)
        out[i] = add(t, mul(t, m, x + i), mul(t, m + 1, r->x0 + i), 1);
    return block(r, out ? gather(t, out, n) : x, l);
}

/* Scaled logits (T,V) of what leaves a layer. */
static size_t unembed(struct ref_gpt *r, size_t x)
{
    struct ref_tape *t = r->tape;
    const struct gpt_shape *s = &r->shape;
    x = norm(r, x, "lnfw", "lnfb", 0);
    size_t head = at(r, s->tied ? "wte" : "headw", 0), logits = t->n;
    for (size_t i = 0; i < s->T; i++)
        for (size_t v = 0; v < s->V; v++)
            (void)dot(t, x + i * s->C, 1, head + v * s->C, 1, s->C, r->logit_scale, NONE);
    if (!(s->softcap > 0))
        return logits;
    size_t capped = t->n;
    for (size_t i = 0; i < s->T * s->V; i++) {
        double h = tanh(t->val[logits + i] / s->softcap);
        (void)unary(t, logits + i, s->softcap * h, 1 - h * h);
    }
    return capped;
}

/* x (T,C) with the fixed table of places. */
static size_t waves(struct ref_gpt *r, size_t x)
{
    struct ref_tape *t = r->tape;
    size_t T = r->shape.T, C = r->shape.C, first = t->n;
    for (size_t i = 0; i < T; i++)
        for (size_t c = 0; c < C; c++) {
            double angle = (double)i / pow(10000, (double)(c / 2 * 2) / (double)C), at = c % 2 ? cos(angle) : sin(angle);
            (void)unary(t, x + i * C + c, t->val[x + i * C + c] + (double)(float)(0.02 * sqrt(2) * at), 1);
        }
    return first;
}

/* A fresh tape with the scaled logits (T,V) of one sequence. */
static size_t forward(struct ref_gpt *r, const int32_t *tokens)
{
    struct ref_tape *t = r->tape;
    const struct gpt_shape *s = &r->shape;
    size_t T = s->T, C = s->C, wte = at(r, "wte", 0), wpe = at(r, "wpe", 0);
    t->n = t->n_edges = 0;
    for (size_t i = 0; i < r->n; i++)
        (void)node(t, r->w[i]);
    size_t x = t->n;
    for (size_t i = 0; i < T; i++)
        for (size_t c = 0; c < C; c++)
            (void)unary(t, wte + (size_t)tokens[i] * C + c, t->val[wte + (size_t)tokens[i] * C + c], 1);
    if (wpe != NONE)
        x = residual(t, x, wpe, T * C, 1);
    if (s->position == 4)
        x = waves(r, x);
    if (s->norm_embed)
        x = norm(r, x, "lnew", "lneb", 0);
    r->x0 = x;
    for (size_t l = 0; l < s->L; l++) {
        r->trunk = x;
        x = layer(r, x, l);
    }
    return unembed(r, x);
}

/* The losses of places 0 .. n-1 with these targets, summed, and their z-losses. */
static void loss_nodes(struct ref_gpt *r, size_t out[2], size_t logits, const int32_t *y, size_t n)
{
    struct ref_tape *t = r->tape;
    size_t V = r->shape.V, *loss = grow(NULL, 2 * n, sizeof *loss);
    for (size_t i = 0; i < n; i++) {
        size_t total = sum(t, exponentials(t, logits + i * V, V), V, 1);
        size_t lse = unary(t, total, log(t->val[total]), 1 / t->val[total]);
        loss[i] = add(t, lse, logits + i * V + (size_t)y[i], -1);
        loss[n + i] = unary(t, mul(t, lse, lse), r->z_loss * t->val[lse] * t->val[lse], r->z_loss);
    }
    size_t first = gather(t, loss, 2 * n);
    out[0] = sum(t, first, n, 1);
    out[1] = sum(t, first + n, n, 1);
}

/* softmax(z / t) */
static void soften(double *p, const double *z, size_t V, double t)
{
    double sum = 0;
    for (size_t v = 0; v < V; v++)
        sum += p[v] = exp(z[v] / t);
    for (size_t v = 0; v < V; v++)
        p[v] /= sum;
}

/* What the teachers say of a sequence, softened: (T,V); NULL without teachers. */
static double *soft_targets(const struct ref_gpt *r, const int32_t *x)
{
    size_t T = r->shape.T, V = r->shape.V, n = r->n_teachers;
    double *q = n ? calloc(T * V, sizeof *q) : NULL, *z = grow(NULL, 2 * T * V, sizeof *z), *p = z + T * V;
    for (size_t i = 0; i < n; i++) {
        ref_logits(&r->teachers[i], z, x);
        for (size_t j = 0; j < T; j++)
            soften(p + j * V, z + j * V, V, n > 1 ? 1 : r->temperature);
        for (size_t j = 0; j < T * V; j++)
            q[j] += p[j] / (double)n;
    }
    for (size_t j = 0; n > 1 && j < T; j++) {
        for (size_t v = 0; v < V; v++)
            p[v] = log(q[j * V + v]);
        soften(q + j * V, p, V, r->temperature);
    }
    free(z);
    return q;
}

/* t^2 times the cross-entropy of softmax(logits / t) against q. */
static size_t soft_loss(struct ref_tape *t, size_t logits, const double *q, size_t V, double heat)
{
    size_t e = t->n;
    double dot = 0;
    for (size_t v = 0; v < V; v++) {
        double p = exp(t->val[logits + v] / heat);
        (void)unary(t, logits + v, p, p / heat);
    }
    size_t total = sum(t, e, V, 1), lse = unary(t, total, log(t->val[total]), 1 / t->val[total]);
    for (size_t v = 0; v < V; v++)
        dot += q[v] * t->val[logits + v] / heat;
    size_t i = node(t, heat * heat * (t->val[lse] - dot));
    edge(t, lse, heat * heat);
    for (size_t v = 0; v < V; v++)
        edge(t, logits + v, -heat * q[v]);
    return i;
}

/* The last node of the tape: scale times the sum of what is trained of one sequence: losses, with z-losses, soft targets and
 * the heads for further tokens; returned is the loss alone. */
static double sequence_loss(struct ref_gpt *r, const int32_t *x, const int32_t *y, double scale)
{
    struct ref_tape *t = r->tape;
    const struct gpt_shape *s = &r->shape;
    double *q = soft_targets(r, x), hard = q ? 1 - r->soft_weight : 1;
    size_t V = s->V, logits = forward(r, x), trunk = r->trunk, own[2], further[2];
    loss_nodes(r, own, logits, y, s->T);
    size_t all = add(t, unary(t, own[0], hard * t->val[own[0]], hard), own[1], 1);
    for (size_t i = 0; q && i < s->T; i++)
        all = add(t, all, soft_loss(t, logits + i * V, q + i * V, V, r->temperature), r->soft_weight);
    for (size_t k = 1; k <= s->mtp; k++) {
        loss_nodes(r, further, unembed(r, layer(r, trunk, s->L + k - 1)), y + k, s->T - k);
        all = add(t, all, add(t, further[0], further[1], 1), s->mtp_weight);
    }
    (void)unary(t, all, scale * t->val[all], scale);
    free(q);
    return scale * t->val[own[0]];
}

double ref_loss(struct ref_gpt *r, const int32_t *x, const int32_t *y, size_t B)
{
    double s = 0;
    for (size_t b = 0; b < B; b++)
        s += sequence_loss(r, x + b * r->shape.T, y + b * r->shape.T, 1 / (double)(B * r->shape.T));
    return s;
}

double ref_loss_grad(struct ref_gpt *r, const int32_t *x, const int32_t *y, size_t B)
{
    struct ref_tape *t = r->tape;
    double s = 0;
    memset(r->grad, 0, r->n * sizeof *r->grad);
    for (size_t b = 0; b < B; b++) {
        s += sequence_loss(r, x + b * r->shape.T, y + b * r->shape.T, 1 / (double)(B * r->shape.T));
        memset(t->adj, 0, t->n * sizeof *t->adj);
        t->adj[t->n - 1] = 1;
        for (size_t i = t->n; i-- > r->n;)
            for (size_t e = t->edge_end[i - 1]; e < t->edge_end[i]; e++)
                t->adj[t->parent[e]] += t->adj[i] * t->partial[e];
        for (size_t i = 0; i < r->n; i++)
            r->grad[i] += t->adj[i];
    }
    return s;
}

void ref_logits(struct ref_gpt *r, double *logits, const int32_t *x)
{
    size_t first = forward(r, x);
    memcpy(logits, r->tape->val + first, r->shape.T * r->shape.V * sizeof *logits);
}

double ref_adamw(struct ref_gpt *r, double lr, double beta1, double beta2, double eps, double decay,
                 double clip, int step)
{
    double sq = 0;
    for (size_t i = 0; i < r->n; i++)
        sq += r->grad[i] * r->grad[i];
    double norm = sqrt(sq), shrink = clip > 0 && norm > clip ? clip / norm : 1;
    for (size_t k = 0; k < r->n_tensors; k++) {
        const struct ref_tensor *t = &r->tensors[k];
        for (size_t i = t->at; i < t->at + t->n; i++) {
            double g = shrink * r->grad[i];
            r->m[i] += (1 - beta1) * (g - r->m[i]);
            r->v[i] += (1 - beta2) * (g * g - r->v[i]);
            double m = r->m[i] / (1 - pow(beta1, step)), v = r->v[i] / (1 - pow(beta2, step));
            double old = r->w[i];
            r->w[i] -= lr * t->lr * m / (sqrt(v) + eps * t->eps);
            r->w[i] -= lr * t->lr * decay * t->decay * old;
        }
    }
    return norm;
}

/* The multipliers of Dey et al. 2025, table 1 with alpha = 1, of one tensor. */
static struct ref_tensor multipliers(bool embedding, bool in_block, size_t rows, double mN,
                                     double mL)
{
    struct ref_tensor t = {.lr = 1, .decay = 1, .eps = 1 / mN};
    if (in_block) {
        t.eps /= mL;
        if (rows > 1) {
            t.lr = 1 / mN;
            t.decay = mN;
        }
    }
    if (!embedding && rows == 1)
        t.decay = 0;
    return t;
}

static void take(struct ref_gpt *r, const struct gpt *g, const struct tensor *tensor, size_t i, double mN, double mL)
{
    struct ref_tensor *t = &r->tensors[r->n_tensors++];
    bool embedding = tensor->outside && tensor->rows > 1;
    size_t vectors = strlen(tensor->name); /* a name ends in b where each row is a vector */
    *t = multipliers(embedding, !tensor->outside, tensor->name[vectors - 1] == 'b' ? 1 : tensor->rows, mN, mL);
    t->name = tensor->name;
    t->layer = tensor->outside ? 0 : tensor->first + i;
    t->at = r->n;
    t->n = tensor_size(tensor);
    t->model_offset = tensor_at(tensor, i);
    r->n += t->n;
    r->w = grow(r->w, r->n, sizeof *r->w);
    for (size_t j = 0; j < t->n; j++)
        r->w[t->at + j] = (double)g->w[t->model_offset + j];
}

void ref_init(struct ref_gpt *r, const struct gpt *g, size_t base_d_model, size_t base_n_layer)
{
    const struct gpt_shape *s = &g->shape;
    *r = (struct ref_gpt){.shape = *s, .z_loss = (double)g->z_loss};
    double mN = base_d_model ? (double)s->C / (double)base_d_model : 1;
    double mL = base_n_layer ? (double)s->L / (double)base_n_layer : 1;
    r->residual_scale = 1 / mL;
    r->logit_scale = 1 / mN;
    r->tensors = grow(NULL, tensors_count(&g->tensors), sizeof *r->tensors);
    for (size_t i = 0; i < g->tensors.n; i++)
        for (size_t l = 0; l < g->tensors.list[i].n; l++)
            take(r, g, &g->tensors.list[i], l, mN, mL);
    double **arrays[] = {&r->grad, &r->m, &r->v};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = calloc(r->n, sizeof(double));
        CHECK(*arrays[i] != NULL);
    }
    r->tape = calloc(1, sizeof *r->tape);
    CHECK(r->tape != NULL);
}

void ref_free(struct ref_gpt *r)
{
    void *owned[] = {r->w, r->grad, r->m, r->v, r->tensors, r->tape->val, r->tape->adj,
                     r->tape->partial, r->tape->edge_end, r->tape->parent, r->tape};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    *r = (struct ref_gpt){0};
}
