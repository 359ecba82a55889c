/* What every kernel computes, in plain loops. This file is compiled twice: as it stands for the
 * table, and with KERN_REF64 defined, in double, as the yardstick of the tests. */
#include "kernels/ref/kern_ref.h"

#include <math.h>
#include <tgmath.h>

#ifdef KERN_REF64
#define kreal double
#define NAME(op) kern_##op##_ref64
#else
#define kreal float
#define NAME(op) kern_##op##_ref
#endif

static const double ln_eps = 1e-5;

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

/* sqrt(2 / pi) and the cubic coefficient of the tanh form (Hendrycks and Gimpel 2016). */
static const kreal gelu_a = (kreal)0.7978845608028654, gelu_b = (kreal)0.044715;

void NAME(gelu)(kreal *out, kreal *slope, const kreal *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        kreal v = x[i], t = tanh(gelu_a * (v + gelu_b * v * v * v));
        kreal du = gelu_a * (1 + 3 * gelu_b * v * v);
        out[i] = (kreal)0.5 * v * (1 + t);
        if (slope)
            slope[i] = (kreal)0.5 * ((1 + t) + v * (1 - t * t) * du);
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

void NAME(finish)(kreal *c, kreal *slope, const kreal *bias, const kreal *res, const kreal *mul,
                  kreal scale, bool gelu, size_t ld, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < n; j++) {
            size_t at = r * ld + j;
            c[at] += bias ? bias[j] : 0;
            if (res)
                c[at] = res[at] + scale * c[at];
            if (mul)
                c[at] *= mul[at];
            if (gelu)
                NAME(gelu)(c + at, slope ? slope + at : NULL, c + at, 1);
        }
}

static kreal dot(const kreal *a, const kreal *b, size_t n)
{
    kreal s = 0;
    for (size_t i = 0; i < n; i++)
        s += a[i] * b[i];
    return s;
}

void NAME(attn_fwd)(kreal *out, size_t ld_out, kreal *lse, const kreal *q, const kreal *k,
                    const kreal *v, size_t ld, size_t T, size_t HS, kreal scale, kreal *scratch)
{
    kreal *s = scratch; /* one row of scores */
    for (size_t i = 0; i < T; i++) {
        kreal top = -INFINITY, sum = 0;
        for (size_t j = 0; j <= i; j++) {
            s[j] = scale * dot(q + i * ld, k + j * ld, HS);
            top = s[j] > top ? s[j] : top;
        }
        for (size_t j = 0; j <= i; j++)
            sum += exp(s[j] - top);
        lse[i] = top + log(sum);
        for (size_t d = 0; d < HS; d++)
            out[i * ld_out + d] = 0;
        for (size_t j = 0; j <= i; j++) {
            kreal p = exp(s[j] - lse[i]);
            for (size_t d = 0; d < HS; d++)
                out[i * ld_out + d] += p * v[j * ld + d];
        }
    }
}

void NAME(attn_bwd)(kreal *dq, kreal *dk, kreal *dv, const kreal *dout, const kreal *out,
                    size_t ld_out, const kreal *lse, const kreal *q, const kreal *k,
                    const kreal *v, size_t ld, size_t T, size_t HS, kreal scale, kreal *scratch)
{
    (void)scratch;
    for (size_t i = 0; i < T; i++)
        for (size_t d = 0; d < HS; d++)
            dq[i * ld + d] = dk[i * ld + d] = dv[i * ld + d] = 0;
    for (size_t i = 0; i < T; i++) {
        const kreal *g = dout + i * ld_out;
        /* sum_j p_ij dp_ij = out_i . dout_i (Dao et al. 2022, eq. 4) */
        kreal delta = dot(g, out + i * ld_out, HS);
        for (size_t j = 0; j <= i; j++) {
            kreal p = exp(scale * dot(q + i * ld, k + j * ld, HS) - lse[i]);
            kreal ds = scale * p * (dot(g, v + j * ld, HS) - delta);
            for (size_t d = 0; d < HS; d++) {
                dq[i * ld + d] += ds * k[j * ld + d];
                dk[j * ld + d] += ds * q[i * ld + d];
                dv[j * ld + d] += p * g[d];
            }
        }
    }
}

void NAME(xent)(kreal *loss, kreal *logits, const int32_t *target, kreal logit_scale,
                kreal grad_scale, size_t rows, size_t V)
{
    for (size_t r = 0; r < rows; r++) {
        kreal *z = logits + r * V;
        kreal top = -INFINITY;
        double sum = 0;
        for (size_t i = 0; i < V; i++)
            top = logit_scale * z[i] > top ? logit_scale * z[i] : top;
        for (size_t i = 0; i < V; i++)
            sum += (double)exp(logit_scale * z[i] - top);
        kreal lse = top + (kreal)log(sum);
        loss[r] = lse - logit_scale * z[target[r]];
        if (grad_scale == 0)
            continue;
        kreal g = grad_scale * logit_scale;
        for (size_t i = 0; i < V; i++)
            z[i] = g * (exp(logit_scale * z[i] - lse) - (kreal)((int32_t)i == target[r]));
    }
}

void NAME(embed_fwd)(kreal *out, const int32_t *token, const kreal *wte, const kreal *wpe,
                     size_t rows, size_t T, size_t C)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < C; c++)
            out[r * C + c] = wte[(size_t)token[r] * C + c] + wpe[r % T * C + c];
}

void NAME(embed_bwd)(kreal *dwte, kreal *dwpe, const int32_t *token, const kreal *dout, size_t rows,
                     size_t T, size_t C)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < C; c++) {
            dwte[(size_t)token[r] * C + c] += dout[r * C + c];
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
        w[i] -= o->lr * step + o->decay * w[i];
    }
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
                       const struct kern_fetch *fetch, const struct kern_finish *finish)
{
    (void)fetch;
    product(c, ldc, a, a_rs, a_cs, b, ldb, m, n, k, accumulate);
    if (finish)
        kern_finish_ref(c, finish->slope, finish->bias, finish->res, finish->mul, finish->scale,
                        finish->gelu, ldc, m, n);
}

void kern_init_ref(struct kern *k)
{
    k->isa = KERN_REF;
    k->gemm = (struct kern_gemm){
        .tile = kern_gemm_4x8_ref, .MR = 4, .NR = 8, .MC = 64, .NC = 512, .KC = 256};
#define X(ret, name, args) k->name = kern_##name##_ref;
    KERN_OPS(X)
#undef X
}
#endif
