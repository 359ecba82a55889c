/* Operations on rows, with loops that take four values at a time where the C library has no part in them. */
#include "kernels/ref/blocked.h"

#include <math.h>
#include <string.h>
#include <tgmath.h>

/* Columns side by side: one sum alone waits for each of its additions. */
enum { ABREAST = 8 };

void kern_colsum_blocked(float *db, const float *dout, size_t ld, size_t rows, size_t n)
{
    size_t j = 0;
    for (; j + ABREAST <= n; j += ABREAST) {
        double sum[ABREAST] = {0};
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < ABREAST; c++)
                sum[c] += (double)dout[r * ld + j + c];
        for (size_t c = 0; c < ABREAST; c++)
            db[j + c] += (float)sum[c];
    }
    for (; j < n; j++) {
        double sum = 0;
        for (size_t r = 0; r < rows; r++)
            sum += (double)dout[r * ld + j];
        db[j] += (float)sum;
    }
}

#define kreal float
#include "kernels/act/all.inc"
#undef kreal

/* The values of an activation and its slope in loops of which only that over the C library's function takes one value at a
 * time. n <= SOME; out may be x. */
enum { SOME = 32 };
#define X(NAME, name)                                                                              \
    static void name##_some(float *out, float *slope, const float *x, size_t n)                    \
    {                                                                                              \
        float v[SOME], t[SOME];                                                                    \
        for (size_t i = 0; i < n; i++)                                                             \
            v[i] = x[i], t[i] = name##_inner(v[i]);                                                \
        for (size_t i = 0; i < n; i++)                                                             \
            t[i] = name##_outer(t[i]);                                                             \
        for (size_t i = 0; slope && i < n; i++)                                                    \
            slope[i] = name##_slope(v[i], t[i]);                                                   \
        for (size_t i = 0; i < n; i++)                                                             \
            out[i] = name##_value(v[i], t[i]);                                                     \
    }
KERN_ACTS(X)
#undef X

void kern_act_blocked(float *out, float *slope, const float *x, size_t n, enum kern_act act)
{
#define X(NAME, name) [KERN_ACT_##NAME] = name##_some,
    static void (*const some_of[])(float *, float *, const float *, size_t) = {KERN_ACTS(X)};
#undef X
    for (size_t i = 0; i < n; i += SOME)
        some_of[act](out + i, slope ? slope + i : NULL, x + i, n - i < SOME ? n - i : SOME);
}

void kern_glu_blocked(float *out, float *g, float *u, size_t n, enum kern_act act, bool d)
{
    for (size_t i = 0; i < n; i += SOME) {
        float f[SOME], slope[SOME];
        size_t some = n - i < SOME ? n - i : SOME;
        kern_act_blocked(f, slope, g + i, some, act);
        for (size_t j = 0; j < some; j++)
            out[i + j] = f[j] * u[i + j];
        for (size_t j = 0; d && j < some; j++)
            g[i + j] = u[i + j] * slope[j];
        if (d)
            memcpy(u + i, f, some * sizeof *f);
    }
}

/* One row; what is not asked for costs a look at a pointer a row. */
static void row_epilogue(float *restrict c, const struct kern_epilogue *e, size_t at, size_t n)
{
    const float *restrict res = e->res ? e->res + at : NULL, *restrict mul = e->mul ? e->mul + at : NULL;
    for (size_t j = 0; e->bias && j < n; j++)
        c[j] += e->bias[j];
    for (size_t j = 0; res && j < n; j++)
        c[j] = res[j] + e->scale * c[j];
    for (size_t j = 0; mul && j < n; j++)
        c[j] *= mul[j];
    if (e->act != KERN_ACT_NONE)
        kern_act_blocked(c, e->slope ? e->slope + at : NULL, c, n, e->act);
}

void kern_epilogue_blocked(float *c, const struct kern_epilogue *e, size_t ld, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++)
        row_epilogue(c + r * ld, e, r * ld, n);
}

/* z (V): the logits after the cap; see kern_ref.c. */
static void xent_row(float *loss, float *z, int32_t target, const struct kern_xent *how, size_t V)
{
    float scale = how->logit_scale, cap = how->cap, top = -INFINITY;
    double sum = 0;
    for (size_t i = 0; cap > 0 && i < V; i++)
        z[i] = cap * tanhf(scale * z[i] / cap) / scale;
    for (size_t i = 0; i < V; i++)
        top = scale * z[i] > top ? scale * z[i] : top;
    for (size_t i = 0; i < V; i++)
        sum += (double)expf(scale * z[i] - top);
    float lse = top + (float)log(sum);
    *loss = lse - scale * z[target];
    if (how->grad_scale == 0)
        return;
    float g = how->grad_scale * scale, hard = 1 - how->soft, share = hard + 2 * how->z_loss * lse, y = scale * z[target];
    float at_target = share * expf(y - lse) - hard, inner = cap > 0 ? 1 - y / cap * (y / cap) : 1;
    for (size_t at = 0; at < V; at += SOME) {
        float p[SOME];
        size_t n = V - at < SOME ? V - at : SOME;
        for (size_t i = 0; i < n; i++)
            p[i] = expf(scale * z[at + i] - lse);
        for (size_t i = 0; cap > 0 && i < n; i++)
            p[i] = g * (1 - scale * z[at + i] / cap * (scale * z[at + i] / cap)) * (share * p[i]);
        for (size_t i = 0; i < n; i++)
            z[at + i] = cap > 0 ? p[i] : g * (share * p[i]);
    }
    z[target] = g * inner * at_target;
}

void kern_xent_blocked(float *loss, float *logits, const int32_t *target, const struct kern_xent *how, size_t rows, size_t V)
{
    for (size_t r = 0; r < rows; r++)
        xent_row(loss + r, logits + r * V, target[r], how, V);
}
