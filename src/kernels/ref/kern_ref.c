/* What every kernel computes, in plain loops. This file is compiled twice: as it stands for the
 * table, and with KERN_REF64 defined, in double, as the yardstick of the tests. */
#include "kernels/ref/kern_ref.h"

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

void NAME(layernorm_bwd)(kreal *dx, kreal *ds, kreal by, kreal *dw, kreal *db, const kreal *dout,
                         const kreal *x, const kreal *mean, const kreal *rstd, const kreal *w,
                         size_t rows, size_t C)
{
    for (size_t r = 0; r < rows; r++) {
        const kreal *g = dout + r * C, *xr = x + r * C;
        double g_mean = 0, gx_mean = 0; /* of dxhat and of dxhat * xhat */
        for (size_t c = 0; c < C; c++) {
            kreal xhat = (xr[c] - mean[r]) * rstd[r], dxhat = g[c] * w[c];
            g_mean += (double)dxhat;
            gx_mean += (double)(dxhat * xhat);
            dw[c] += g[c] * xhat;
            db[c] += g[c];
        }
        kreal g1 = (kreal)(g_mean / (double)C), g2 = (kreal)(gx_mean / (double)C);
        for (size_t c = 0; c < C; c++) {
            kreal xhat = (xr[c] - mean[r]) * rstd[r];
            dx[r * C + c] += rstd[r] * (g[c] * w[c] - g1 - xhat * g2);
            if (ds)
                ds[r * C + c] = by * dx[r * C + c];
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

void NAME(rmsnorm_bwd)(kreal *dx, kreal *ds, kreal by, kreal *dw, const kreal *dout, const kreal *x, const kreal *rstd,
                       const kreal *w, size_t ld, size_t rows, size_t C)
{
    for (size_t r = 0; r < rows; r++) {
        const kreal *g = dout + r * ld, *xr = x + r * ld;
        double gx_mean = 0; /* of dxhat * xhat */
        for (size_t c = 0; c < C; c++) {
            kreal xhat = xr[c] * rstd[r];
            gx_mean += (double)(g[c] * (w ? w[c] : 1) * xhat);
            if (dw)
                dw[c] += g[c] * xhat;
        }
        kreal m = (kreal)(gx_mean / (double)C);
        for (size_t c = 0; c < C; c++) {
            dx[r * ld + c] += rstd[r] * (g[c] * (w ? w[c] : 1) - xr[c] * rstd[r] * m);
            if (ds)
                ds[r * ld + c] = by * dx[r * ld + c];
        }
    }
}

/* sqrt(2 / pi) and the cubic coefficient of the tanh form (Hendrycks and Gimpel 2016). */
static const kreal gelu_a = (kreal)0.7978845608028654, gelu_b = (kreal)0.044715;

/* Value and slope of an activation. */
static kreal activate(enum kern_act act, kreal v, kreal *slope)
{
    kreal t, s;
    switch (act) {
    case KERN_ACT_GELU:
        t = tanh(gelu_a * (v + gelu_b * v * v * v));
        *slope = (kreal)0.5 * ((1 + t) + v * (1 - t * t) * (gelu_a * (1 + 3 * gelu_b * v * v)));
        return (kreal)0.5 * v * (1 + t);
    case KERN_ACT_SILU:
        s = 1 / (1 + exp(-v));
        *slope = s * (1 + v * (1 - s));
        return v * s;
    case KERN_ACT_RELU:
        *slope = v > 0;
        return v > 0 ? v : 0;
    case KERN_ACT_RELU2:
        *slope = v > 0 ? 2 * v : 0;
        return v > 0 ? v * v : 0;
    case KERN_ACT_NONE:
        break;
    }
    *slope = 1;
    return v;
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

void NAME(rope)(kreal *x, size_t ld, const kreal *cosines, const kreal *sines, size_t rows, size_t T, size_t NH, size_t HS,
                bool back)
{
    size_t half = HS / 2, far = HS - half;
    for (size_t r = 0; r < rows; r++)
        for (size_t h = 0; h < NH; h++)
            for (size_t i = 0; i < half; i++) {
                kreal *a = x + r * ld + h * HS + i, *b = a + far, u = *a, v = *b;
                kreal c = cosines[r % T * half + i], s = sines[r % T * half + i];
                s = back ? -s : s;
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

void NAME(epilogue)(kreal *c, kreal *slope, const kreal *bias, const kreal *res, const kreal *mul,
                  kreal scale, enum kern_act act, size_t ld, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < n; j++) {
            size_t at = r * ld + j;
            c[at] += bias ? bias[j] : 0;
            if (res)
                c[at] = res[at] + scale * c[at];
            if (mul)
                c[at] *= mul[at];
            if (act != KERN_ACT_NONE)
                NAME(act)(c + at, slope ? slope + at : NULL, c + at, 1, act);
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

void NAME(attn_fwd)(kreal *out, size_t ld_out, kreal *lse, const kreal *q, const kreal *k,
                    const kreal *v, size_t ld, size_t T, size_t HS, const struct kern_attn *how, kreal *scratch)
{
    kreal *s = scratch; /* one row of scores */
    for (size_t i = 0; i < T; i++) {
        size_t first = first_key(how, i);
        kreal top = -INFINITY, sum = 0;
        for (size_t j = first; j <= i; j++) {
            s[j] = score(how, q + i * ld, k + j * ld, i, j, HS);
            top = s[j] > top ? s[j] : top;
        }
        for (size_t j = first; j <= i; j++)
            sum += exp(s[j] - top);
        lse[i] = top + log(sum);
        for (size_t d = 0; d < HS; d++)
            out[i * ld_out + d] = 0;
        for (size_t j = first; j <= i; j++) {
            kreal p = exp(s[j] - lse[i]);
            for (size_t d = 0; d < HS; d++)
                out[i * ld_out + d] += p * v[j * ld + d];
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

void NAME(attn_bwd)(kreal *dq, kreal *dk, kreal *dv, const kreal *dout, const kreal *out,
                    size_t ld_out, const kreal *lse, const kreal *q, const kreal *k,
                    const kreal *v, size_t ld, size_t T, size_t HS, const struct kern_attn *how, kreal *scratch)
{
    (void)scratch;
    for (size_t i = 0; i < T; i++)
        for (size_t d = 0; d < HS; d++) {
            dq[i * ld + d] = 0;
            if (!how->add)
                dk[i * ld + d] = dv[i * ld + d] = 0;
        }
    for (size_t i = 0; i < T; i++) {
        const kreal *g = dout + i * ld_out;
        /* sum_j p_ij dp_ij = out_i . dout_i (Dao et al. 2022, eq. 4) */
        kreal delta = dot(g, out + i * ld_out, HS);
        for (size_t j = first_key(how, i); j <= i; j++) {
            kreal p = exp(score(how, q + i * ld, k + j * ld, i, j, HS) - lse[i]);
            kreal ds = (kreal)how->scale * p * (dot(g, v + j * ld, HS) - delta);
            for (size_t d = 0; d < HS; d++) {
                dq[i * ld + d] += ds * k[j * ld + d];
                dk[j * ld + d] += ds * q[i * ld + d];
                dv[j * ld + d] += p * g[d];
            }
        }
    }
}

void NAME(xent)(kreal *loss, kreal *logits, const int32_t *target, const struct kern_xent *how, size_t rows, size_t V)
{
    kreal by = (kreal)how->logit_scale, cap = (kreal)how->cap, grad_scale = (kreal)how->grad_scale;
    for (size_t r = 0; r < rows; r++) {
        kreal *z = logits + r * V;
        kreal top = -INFINITY;
        double sum = 0;
        for (size_t i = 0; i < V; i++) {
            if (cap > 0)
                z[i] = cap * tanh(by * z[i] / cap) / by;
            top = by * z[i] > top ? by * z[i] : top;
        }
        for (size_t i = 0; i < V; i++)
            sum += (double)exp(by * z[i] - top);
        kreal lse = top + (kreal)log(sum);
        loss[r] = lse - by * z[target[r]];
        if (grad_scale == 0)
            continue;
        kreal g = grad_scale * by, hard = 1 - (kreal)how->soft, share = hard + 2 * (kreal)how->z_loss * lse;
        for (size_t i = 0; i < V; i++) {
            kreal y = by * z[i], inner = cap > 0 ? 1 - y / cap * (y / cap) : 1;
            z[i] = g * inner * (share * exp(y - lse) - hard * (kreal)((int32_t)i == target[r]));
        }
    }
}

/* What a logit x stands for. */
static kreal capped(kreal x, kreal by, kreal cap)
{
    return cap > 0 ? cap * tanh(by * x / cap) : by * x;
}

/* ln sum e^(z / t) of a row */
static kreal log_sum(const kreal *x, kreal by, kreal cap, kreal t, size_t V)
{
    kreal top = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < V; i++) {
        kreal z = capped(x[i], by, cap) / t;
        top = z > top ? z : top;
    }
    for (size_t i = 0; i < V; i++)
        sum += (double)exp(capped(x[i], by, cap) / t - top);
    return top + (kreal)log(sum);
}

void NAME(distill)(kreal *soft, const kreal *logits, const struct kern_soft *how, size_t rows, size_t V)
{
    kreal by = (kreal)how->logit_scale, cap = (kreal)how->cap, t = (kreal)how->temperature;
    kreal teacher_by = (kreal)how->teacher_scale, teacher_cap = (kreal)how->teacher_cap;
    kreal g = (kreal)how->grad_scale * t * by;
    for (size_t r = 0; r < rows; r++) {
        kreal *q = soft + r * V;
        const kreal *x = logits + r * V;
        kreal lse = log_sum(x, by, cap, t, V), teacher_lse = log_sum(q, teacher_by, teacher_cap, t, V);
        for (size_t i = 0; i < V; i++) {
            kreal z = capped(x[i], by, cap), inner = cap > 0 ? 1 - z / cap * (z / cap) : 1;
            q[i] = g * inner * (exp(z / t - lse) - exp(capped(q[i], teacher_by, teacher_cap) / t - teacher_lse));
        }
    }
}

void NAME(pool)(kreal *out, const kreal *logits, const struct kern_pool *how, size_t rows, size_t V)
{
    const kreal least = (kreal)1e-30; /* a logarithm that is finite: e^-69 */
    kreal by = (kreal)how->logit_scale, cap = (kreal)how->cap;
    for (size_t r = 0; r < rows; r++) {
        kreal *p = out + r * V;
        kreal lse = log_sum(logits + r * V, by, cap, 1, V);
        for (size_t i = 0; i < V; i++) {
            p[i] = (how->member > 0 ? p[i] : 0) + exp(capped(logits[r * V + i], by, cap) - lse);
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

void NAME(gate_fwd)(kreal *out, const kreal *x, size_t ld, const kreal *gate, size_t ld_gate, size_t rows, size_t NH,
                    size_t HS)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t h = 0; h < NH; h++) {
            kreal s = 1 / (1 + exp(-gate[r * ld_gate + h]));
            for (size_t d = 0; d < HS; d++)
                out[r * ld + h * HS + d] = s * x[r * ld + h * HS + d];
        }
}

void NAME(gate_bwd)(kreal *dx, kreal *dgate, const kreal *dout, const kreal *x, size_t ld, const kreal *gate,
                    size_t ld_gate, size_t rows, size_t NH, size_t HS)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t h = 0; h < NH; h++) {
            size_t at = r * ld + h * HS;
            kreal s = 1 / (1 + exp(-gate[r * ld_gate + h]));
            dgate[r * ld_gate + h] = s * (1 - s) * dot(dout + at, x + at, HS);
            for (size_t d = 0; d < HS; d++)
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

static void product(kreal *c, size_t ldc, const kreal *a, size_t a_rs, size_t a_cs, const kreal *b,
                    size_t ldb, size_t m, size_t n, size_t k, bool accumulate)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            kreal sum = accumulate ? c[i * ldc + j] : 0;
            for (size_t p = 0; p < k; p++)
                sum += a[i * a_rs + p * a_cs] * b[p * ldb + j];
            c[i * ldc + j] = sum;
        }
}

#ifdef KERN_REF64
void kern_gemm_4x8_ref64(double *c, size_t ldc, const double *a, size_t a_rs, size_t a_cs,
                         const double *b, size_t ldb, size_t m, size_t n, size_t k, bool accumulate)
{
    product(c, ldc, a, a_rs, a_cs, b, ldb, m, n, k, accumulate);
}
#else
void kern_gemm_4x8_ref(float *c, size_t ldc, const float *a, size_t a_rs, size_t a_cs,
                       const float *b, size_t ldb, size_t m, size_t n, size_t k, bool accumulate,
                       const struct kern_fetch *fetch, const struct kern_epilogue *epilogue)
{
    (void)fetch;
    product(c, ldc, a, a_rs, a_cs, b, ldb, m, n, k, accumulate);
    if (epilogue)
        kern_epilogue_ref(c, epilogue->slope, epilogue->bias, epilogue->res, epilogue->mul, epilogue->scale,
                        epilogue->act, ldc, m, n);
}

void kern_init_ref(struct kern *k)
{
    k->isa = KERN_REF;
    k->gemm = (struct kern_gemm){
        .tile = kern_gemm_4x8_blocked, .MR = 4, .NR = 8, .MC = 64, .NC = 512, .KC = 256};
    k->bf16 = kern_bf16_ref;
    k->precision = KERN_FP32;
#define X(ret, name, args) k->name = kern_##name##_ref;
    KERN_OPS(X)
#undef X
#define X(name) k->name = kern_##name##_blocked;
    KERN_BLOCKED_OPS(X)
#undef X
}
#endif
