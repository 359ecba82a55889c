/* What every kernel computes, in plain loops. This file is compiled twice: as it stands for the
 * table, and with KERN_REF64 defined, in double, as the yardstick of the tests. */
#include "kernels/ref/kern_ref.h"

#include "kernels/levels.h"
#include "kernels/ref/blocked.h"

#include <math.h>
#include <tgmath.h>

#ifdef KERN_REF64
#define kreal double
#define NAME(op) kern_##op##_ref64
#else
#define kreal float
#define NAME(op) kern_##op##_ref
#endif

static const double ln_eps = 1e-5, rms_eps = 1e-6;

void NAME(layernorm_fwd)(kreal *out, kreal *mean, kreal *rstd, const kreal *x, const kreal *w,
                         const kreal *b, size_t rows, size_t C)
{
    for (size_t r = 0; r < rows; r++) {
        double sum = 0, sq = 0;
        for (size_t c = 0; c < C; c++)
            sum += (double)x[r * C + c];
        double mu = sum / (double)C;
        for (size_t c = 0; c < C; c++) {
            double d = (double)x[r * C + c] - mu;
            sq += d * d;
        }
        mean[r] = (kreal)mu;
        rstd[r] = (kreal)(1.0 / sqrt(sq / (double)C + ln_eps));
        for (size_t c = 0; c < C; c++)
            out[r * C + c] = (x[r * C + c] - mean[r]) * rstd[r] * w[c] + b[c];
    }
}

void NAME(layernorm_bwd)(const KERN_OF(norm_bwd) *n)
{
    const size_t C = n->C;
    const kreal *w = n->w, scale = n->scale;
    kreal *dw = n->dw, *db = n->db;
    for (size_t r = 0; r < n->rows; r++) {
        const kreal *g = n->dout + r * C, *x = n->x + r * C, mean = n->mean[r], rstd = n->rstd[r];
        double g_mean = 0, gx_mean = 0; /* of dxhat and of dxhat * xhat */
        for (size_t c = 0; c < C; c++) {
            kreal xhat = (x[c] - mean) * rstd, dxhat = g[c] * w[c];
            g_mean += (double)dxhat;
            gx_mean += (double)(dxhat * xhat);
            dw[c] += g[c] * xhat;
            db[c] += g[c];
        }
        kreal g1 = (kreal)(g_mean / (double)C), g2 = (kreal)(gx_mean / (double)C);
        kreal *dx = n->dx + r * C, *ds = n->ds ? n->ds + r * C : NULL;
        for (size_t c = 0; c < C; c++) {
            kreal xhat = (x[c] - mean) * rstd;
            dx[c] += rstd * (g[c] * w[c] - g1 - xhat * g2);
            if (ds)
                ds[c] = scale * dx[c];
        }
    }
}

void NAME(rmsnorm_fwd)(kreal *out, kreal *rstd, const kreal *x, const kreal *w, size_t ld, size_t rows, size_t C)
{
    for (size_t r = 0; r < rows; r++) {
        double sq = 0;
        for (size_t c = 0; c < C; c++)
            sq += (double)x[r * ld + c] * (double)x[r * ld + c];
        rstd[r] = (kreal)(1.0 / sqrt(sq / (double)C + rms_eps));
        for (size_t c = 0; c < C; c++)
            out[r * ld + c] = x[r * ld + c] * rstd[r] * (w ? w[c] : 1);
    }
}

void NAME(rmsnorm_bwd)(const KERN_OF(norm_bwd) *n)
{
    const size_t C = n->C, ld = n->ld;
    const kreal *w = n->w, scale = n->scale;
    kreal *dw = n->dw;
    for (size_t r = 0; r < n->rows; r++) {
        const kreal *g = n->dout + r * ld, *x = n->x + r * ld, rstd = n->rstd[r];
        double gx_mean = 0; /* of dxhat * xhat */
        for (size_t c = 0; c < C; c++) {
            kreal xhat = x[c] * rstd;
            gx_mean += (double)(g[c] * (w ? w[c] : 1) * xhat);
            if (dw)
                dw[c] += g[c] * xhat;
        }
        kreal m = (kreal)(gx_mean / (double)C);
        kreal *dx = n->dx + r * ld, *ds = n->ds ? n->ds + r * ld : NULL;
        for (size_t c = 0; c < C; c++) {
            dx[c] += rstd * (g[c] * (w ? w[c] : 1) - x[c] * rstd * m);
            if (ds)
                ds[c] = scale * dx[c];
        }
    }
}

#include "kernels/act/all.inc"

/* Value and slope of an activation. */
static kreal activate(enum kern_act act, kreal v, kreal *slope)
{
    kreal t;
    switch (act) {
#define X(NAME, name)                                                                              \
    case KERN_ACT_##NAME:                                                                          \
        t = name##_outer(name##_inner(v));                                                         \
        *slope = name##_slope(v, t);                                                               \
        return name##_value(v, t);
        KERN_ACTS(X)
#undef X
    case KERN_ACT_COUNT:
        break;
    }
    return *slope = 0;
}

void NAME(act)(kreal *out, kreal *slope, const kreal *x, size_t n, enum kern_act act)
{
    for (size_t i = 0; i < n; i++) {
        kreal d;
        out[i] = activate(act, x[i], &d);
        if (slope)
            slope[i] = d;
    }
}

void NAME(glu)(kreal *out, kreal *g, kreal *u, size_t n, enum kern_act act, bool d)
{
    for (size_t i = 0; i < n; i++) {
        kreal slope, f = activate(act, g[i], &slope);
        out[i] = f * u[i];
        if (!d)
            continue;
        g[i] = u[i] * slope;
        u[i] = f;
    }
}

void NAME(times)(kreal *out, const kreal *a, const kreal *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] * b[i];
}

void NAME(rope)(kreal *x, size_t rows, const KERN_OF(rope) *how)
{
    size_t HS = how->HS, half = HS / 2, far = HS - half;
    for (size_t r = 0; r < rows; r++)
        for (size_t h = 0; h < how->NH; h++)
            for (size_t i = 0; i < half; i++) {
                size_t angle = r % how->T * half + i;
                kreal *a = x + r * how->ld + h * HS + i, *b = a + far, u = *a, v = *b;
                kreal c = how->cosines[angle], s = how->back ? -how->sines[angle] : how->sines[angle];
                *a = u * c - v * s;
                *b = v * c + u * s;
            }
}

void NAME(vexp)(kreal *out, const kreal *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = exp(x[i]);
}

void NAME(transpose)(kreal *out, size_t ld_out, const kreal *x, size_t ld, size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            out[j * ld_out + i] = x[i * ld + j];
}

void NAME(panels)(kreal *out, const kreal *x, size_t ld, size_t rows, size_t n, size_t width)
{
    for (size_t j = 0; j < n; j += width)
        for (size_t i = 0; i < rows; i++)
            for (size_t c = j; c < n && c < j + width; c++)
                *out++ = x[i * ld + c];
}

void NAME(epilogue)(kreal *c, const KERN_OF(epilogue) *e, size_t ld, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < n; j++) {
            size_t at = r * ld + j;
            c[at] += e->bias ? e->bias[j] : 0;
            if (e->res)
                c[at] = e->res[at] + e->scale * c[at];
            if (e->mul)
                c[at] *= e->mul[at];
            if (e->act != KERN_ACT_NONE)
                NAME(act)(c + at, e->slope ? e->slope + at : NULL, c + at, 1, e->act);
        }
}

static kreal dot(const kreal *a, const kreal *b, size_t n)
{
    kreal s = 0;
    for (size_t i = 0; i < n; i++)
        s += a[i] * b[i];
    return s;
}

/* The first key that query i sees. */
static size_t first_key(const struct kern_attn *how, size_t i)
{
    return how->window && i + 1 > how->window ? i + 1 - how->window : 0;
}

static kreal score(const struct kern_attn *how, const kreal *q, const kreal *k, size_t i, size_t j, size_t HS)
{
    return (kreal)how->scale * dot(q, k, HS) - (kreal)how->slope * (kreal)(i - j);
}

void NAME(attn_fwd)(const KERN_OF(attn_fwd) *a, const struct kern_attn *how, kreal *scratch)
{
    const size_t ld = a->ld, HS = a->HS;
    kreal *s = scratch; /* one row of scores */
    for (size_t i = 0; i < a->T; i++) {
        size_t first = first_key(how, i);
        kreal *out = a->out + i * a->ld_out;
        kreal top = -INFINITY, sum = 0;
        for (size_t j = first; j <= i; j++) {
            s[j] = score(how, a->q + i * ld, a->k + j * ld, i, j, HS);
            top = s[j] > top ? s[j] : top;
        }
        for (size_t j = first; j <= i; j++)
            sum += exp(s[j] - top);
        a->lse[i] = top + log(sum);
        for (size_t d = 0; d < HS; d++)
            out[d] = 0;
        for (size_t j = first; j <= i; j++) {
            kreal p = exp(s[j] - a->lse[i]);
            for (size_t d = 0; d < HS; d++)
                out[d] += p * a->v[j * ld + d];
        }
    }
}

void NAME(attn_row)(kreal *out, const kreal *q, const kreal *k, const kreal *v, size_t ld, size_t T, size_t HS,
                    const struct kern_attn *how, kreal *scratch)
{
    size_t i = T - 1, first = first_key(how, i);
    kreal *s = scratch, top = -INFINITY, sum = 0;
    for (size_t j = first; j <= i; j++) {
        s[j] = score(how, q, k + j * ld, i, j, HS);
        top = s[j] > top ? s[j] : top;
    }
    for (size_t j = first; j <= i; j++)
        sum += s[j] = exp(s[j] - top);
    for (size_t d = 0; d < HS; d++)
        out[d] = 0;
    for (size_t j = first; j <= i; j++)
        for (size_t d = 0; d < HS; d++)
            out[d] += s[j] / sum * v[j * ld + d];
}

void NAME(gemv)(kreal *y, const kreal *x, const kreal *w, size_t ldw, size_t K, size_t N)
{
    for (size_t j = 0; j < N; j++)
        y[j] = 0;
    for (size_t k = 0; k < K; k++)
        for (size_t j = 0; j < N; j++)
            y[j] += x[k] * w[k * ldw + j];
}

void NAME(gemv_t)(kreal *y, const kreal *x, const kreal *w, size_t ldw, size_t K, size_t N)
{
    for (size_t j = 0; j < N; j++) {
        kreal sum = 0;
        for (size_t k = 0; k < K; k++)
            sum += x[k] * w[j * ldw + k];
        y[j] = sum;
    }
}

void NAME(attn_bwd)(const KERN_OF(attn_bwd) *a, const struct kern_attn *how, kreal *scratch)
{
    const size_t ld = a->ld, HS = a->HS;
    (void)scratch;
    for (size_t i = 0; i < a->T; i++)
        for (size_t d = 0; d < HS; d++) {
            a->dq[i * ld + d] = 0;
            if (!how->add)
                a->dk[i * ld + d] = a->dv[i * ld + d] = 0;
        }
    for (size_t i = 0; i < a->T; i++) {
        const kreal *g = a->dout + i * a->ld_out, *q = a->q + i * ld;
        /* sum_j p_ij dp_ij = out_i . dout_i (Dao et al. 2022, eq. 4) */
        kreal delta = dot(g, a->out + i * a->ld_out, HS);
        for (size_t j = first_key(how, i); j <= i; j++) {
            const kreal *k = a->k + j * ld;
            kreal p = exp(score(how, q, k, i, j, HS) - a->lse[i]);
            kreal ds = (kreal)how->scale * p * (dot(g, a->v + j * ld, HS) - delta);
            for (size_t d = 0; d < HS; d++) {
                a->dq[i * ld + d] += ds * k[d];
                a->dk[j * ld + d] += ds * q[d];
                a->dv[j * ld + d] += p * g[d];
            }
        }
    }
}

void NAME(xent)(kreal *loss, kreal *logits, const int32_t *target, const struct kern_xent *how, size_t rows, size_t V)
{
    kreal scale = (kreal)how->logit_scale, cap = (kreal)how->cap, grad_scale = (kreal)how->grad_scale;
    for (size_t r = 0; r < rows; r++) {
        kreal *z = logits + r * V;
        kreal top = -INFINITY;
        double sum = 0;
        for (size_t i = 0; i < V; i++) {
            if (cap > 0)
                z[i] = cap * tanh(scale * z[i] / cap) / scale;
            top = scale * z[i] > top ? scale * z[i] : top;
        }
        for (size_t i = 0; i < V; i++)
            sum += (double)exp(scale * z[i] - top);
        kreal lse = top + (kreal)log(sum);
        loss[r] = lse - scale * z[target[r]];
        if (grad_scale == 0)
            continue;
        kreal g = grad_scale * scale, hard = 1 - (kreal)how->soft, share = hard + 2 * (kreal)how->z_loss * lse;
        for (size_t i = 0; i < V; i++) {
            kreal y = scale * z[i], inner = cap > 0 ? 1 - y / cap * (y / cap) : 1;
            z[i] = g * inner * (share * exp(y - lse) - hard * (kreal)((int32_t)i == target[r]));
        }
    }
}

/* What a logit x stands for. */
static kreal capped(kreal x, kreal scale, kreal cap)
{
    return cap > 0 ? cap * tanh(scale * x / cap) : scale * x;
}

/* ln sum e^(z / t) of a row */
static kreal log_sum(const kreal *x, kreal scale, kreal cap, kreal t, size_t V)
{
    kreal top = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < V; i++) {
        kreal z = capped(x[i], scale, cap) / t;
        top = z > top ? z : top;
    }
    for (size_t i = 0; i < V; i++)
        sum += (double)exp(capped(x[i], scale, cap) / t - top);
    return top + (kreal)log(sum);
}

void NAME(distill)(kreal *soft, const kreal *logits, const struct kern_soft *how, size_t rows, size_t V)
{
    kreal scale = (kreal)how->logit_scale, cap = (kreal)how->cap, t = (kreal)how->temperature;
    kreal teacher_scale = (kreal)how->teacher_scale, teacher_cap = (kreal)how->teacher_cap;
    kreal g = (kreal)how->grad_scale * t * scale;
    for (size_t r = 0; r < rows; r++) {
        kreal *q = soft + r * V;
        const kreal *x = logits + r * V;
        kreal lse = log_sum(x, scale, cap, t, V), teacher_lse = log_sum(q, teacher_scale, teacher_cap, t, V);
        for (size_t i = 0; i < V; i++) {
            kreal z = capped(x[i], scale, cap), inner = cap > 0 ? 1 - z / cap * (z / cap) : 1;
            q[i] = g * inner * (exp(z / t - lse) - exp(capped(q[i], teacher_scale, teacher_cap) / t - teacher_lse));
        }
    }
}

void NAME(pool)(kreal *out, const kreal *logits, const struct kern_pool *how, size_t rows, size_t V)
{
    const kreal least = (kreal)1e-30; /* a logarithm that is finite: e^-69 */
    kreal scale = (kreal)how->logit_scale, cap = (kreal)how->cap;
    for (size_t r = 0; r < rows; r++) {
        kreal *p = out + r * V;
        kreal lse = log_sum(logits + r * V, scale, cap, 1, V);
        for (size_t i = 0; i < V; i++) {
            p[i] = (how->member > 0 ? p[i] : 0) + exp(capped(logits[r * V + i], scale, cap) - lse);
            if (how->member + 1 == how->members)
                p[i] = log(p[i] / (kreal)how->members + least);
        }
    }
}

void NAME(embed_fwd)(kreal *out, const int32_t *token, const kreal *wte, const kreal *wpe,
                     size_t rows, size_t T, size_t C)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < C; c++)
            out[r * C + c] = wte[(size_t)token[r] * C + c] + (wpe ? wpe[r % T * C + c] : 0);
}

void NAME(embed_bwd)(kreal *dwte, kreal *dwpe, const int32_t *token, const kreal *dout, size_t rows,
                     size_t T, size_t C)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < C; c++) {
            dwte[(size_t)token[r] * C + c] += dout[r * C + c];
            if (dwpe)
                dwpe[r % T * C + c] += dout[r * C + c];
        }
}

void NAME(colsum)(kreal *db, const kreal *dout, size_t ld, size_t rows, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t r = 0; r < rows; r++)
            sum += (double)dout[r * ld + j];
        db[j] += (kreal)sum;
    }
}

double NAME(sumsq)(const kreal *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

void NAME(fma_steps)(kreal *x, kreal a, kreal b, size_t n, size_t steps)
{
    for (size_t s = 0; s < steps; s++)
        for (size_t i = 0; i < n; i++)
            x[i] = a * x[i] + b;
}

void NAME(adamw)(kreal *w, const kreal *grad, kreal *m, kreal *v, const struct kern_adamw *o,
                 size_t n)
{
    kreal b1 = o->beta1, b2 = o->beta2;
    for (size_t i = 0; i < n; i++) {
        kreal g = grad[i] * o->grad_scale;
        m[i] = b1 * m[i] + (1 - b1) * g;
        v[i] = b2 * v[i] + (1 - b2) * g * g;
        kreal step = m[i] * o->correct1 / (sqrt(v[i] * o->correct2) + o->eps);
        w[i] -= o->lr * step + (o->cautious && !(step * w[i] >= 0) ? 0 : o->decay * w[i]);
    }
}

void NAME(momentum)(kreal *u, kreal *m, const kreal *grad, const struct kern_momentum *o, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        kreal g = grad[i] * o->grad_scale;
        m[i] = o->keep * m[i] + o->add * g;
        u[i] = o->ahead * m[i] + o->direct * g;
    }
}

void NAME(lion)(kreal *u, kreal *m, const kreal *grad, const struct kern_lion *o, size_t n)
{
    kreal b1 = o->beta1, b2 = o->beta2;
    for (size_t i = 0; i < n; i++) {
        kreal g = grad[i] * o->grad_scale, d = b1 * m[i] + (1 - b1) * g;
        m[i] = b2 * m[i] + (1 - b2) * g;
        u[i] = (kreal)((d > 0) - (d < 0));
    }
}

void NAME(descend)(kreal *w, const kreal *u, const struct kern_descent *o, size_t n)
{
    for (size_t i = 0; i < n; i++)
        w[i] -= o->rate * u[i] + (o->cautious && !(u[i] * w[i] >= 0) ? 0 : o->decay * w[i]);
}

void NAME(gate_fwd)(kreal *out, const KERN_OF(gate) *g)
{
    for (size_t r = 0; r < g->rows; r++)
        for (size_t h = 0; h < g->NH; h++) {
            size_t at = r * g->ld + h * g->HS;
            kreal s = 1 / (1 + exp(-g->gate[r * g->ld_gate + h]));
            for (size_t d = 0; d < g->HS; d++)
                out[at + d] = s * g->x[at + d];
        }
}

void NAME(gate_bwd)(kreal *dx, kreal *dgate, const kreal *dout, const KERN_OF(gate) *g)
{
    for (size_t r = 0; r < g->rows; r++)
        for (size_t h = 0; h < g->NH; h++) {
            size_t at = r * g->ld + h * g->HS, gate = r * g->ld_gate + h;
            kreal s = 1 / (1 + exp(-g->gate[gate]));
            dgate[gate] = s * (1 - s) * dot(dout + at, g->x + at, g->HS);
            for (size_t d = 0; d < g->HS; d++)
                dx[at + d] = s * dout[at + d];
        }
}

double NAME(dot)(const kreal *x, const kreal *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

void NAME(mix)(kreal *y, kreal a, const kreal *x, kreal b, const kreal *z, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a * x[i] + b * z[i];
}

static void product(const KERN_OF(product) *p)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            kreal *c = p->c + i * p->ldc + j, sum = p->accumulate ? *c : 0;
            for (size_t d = 0; d < p->k; d++)
                sum += p->a[i * p->a_rs + d * p->a_cs] * p->b[d * p->ldb + j];
            *c = sum;
        }
}

#ifdef KERN_REF64
void kern_gemm_4x8_ref64(const struct kern_product64 *p)
{
    product(p);
}
#else
void kern_gemm_4x8_ref(const struct kern_product *p, const struct kern_fetch *fetch, const struct kern_epilogue *epilogue)
{
    (void)fetch;
    product(p);
    if (epilogue)
        kern_epilogue_ref(p->c, epilogue, p->ldc, p->m, p->n);
}

void kern_init_ref(struct kern *k)
{
    k->isa = KERN_REF;
    k->gemm = (struct kern_gemm){
        .tile = kern_gemm_4x8_blocked, .MR = 4, .NR = 8, .MC = 64, .NC = 512, .KC = 256};
    k->bf16 = kern_bf16_ref;
    k->cap = KERN_REF, k->precision = KERN_FP32;
#define X(ret, name, args) k->name = kern_##name##_ref;
    KERN_OPS(X)
#undef X
#define X(name) k->name = kern_##name##_blocked;
    KERN_BLOCKED_OPS(X)
#undef X
}
#endif
