/* Kernels of elements, of every level, against the double reference: activations, gates, rotations, copies, embeddings and the
 * updates of weights; and what levels there are. */
#include "operands.h"
#include "test.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kernels/kern.h"
#include "kernels/ref/kern_ref.h"

/* --- element by element ----------------------------------------------------------------------- */

static void exp_case(void)
{
    EACH(s, sizes)
    {
        size_t n = sizes[s];
        CASE("vexp n=%zu", n);
        float *x = operand(n, 87), *out = operand(n, 1);
        kern.vexp(out, x, n);
        for (size_t i = 0; i < n; i++)
            near("out", i, (double)out[i], exp((double)x[i]), 2, exp((double)x[i]));
        release(where);
    }
}

/* Two units in the last place over the whole range, and what the header promises outside it. */
static void exp_range_case(void)
{
    CASE("vexp range");
    enum { N = 4096 };
    float x[N], y[N];
    double worst = 0;
    for (int block = 0; block < 64; block++) {
        for (int i = 0; i < N; i++)
            x[i] = -87.33f + (float)(block * N + i) * (175.6f / (64 * N));
        kern.vexp(y, x, N);
        for (int i = 0; i < N; i++) {
            double want = exp((double)x[i]), ulp = ldexp(1, ilogb(want) - (FLT_MANT_DIG - 1));
            worst = fmax(worst, fabs((double)y[i] - want) / ulp);
            EXPECT_MSG(fabs((double)y[i] - want) <= 2 * ulp, "%s vexp(%.9g) = %.9g, expected %.9g",
                       kern_isa_name(kern.isa), (double)x[i], (double)y[i], want);
        }
    }
    if (side == AT_END)
        printf("    %s vexp: %.2f ulp at worst\n", kern_isa_name(kern.isa), worst);
    float odd[] = {-INFINITY, -FLT_MAX, -1000, -104, NAN, 0};
    kern.vexp(odd, odd, 6);
    for (int i = 0; i < 4; i++)
        EXPECT_MSG(odd[i] == 0, "%s vexp of odd value %d", kern_isa_name(kern.isa), i);
    EXPECT(isnan(odd[4]) && odd[5] == 1);
}

/* 8 roundings of 0.5 x (1 + tanh u); the slope adds 0.5 x (1 - tanh^2) u' of as many. SiLU's are fewer. */
static void act_case(void)
{
    for (enum kern_act act = KERN_ACT_NONE; act < KERN_ACT_COUNT; act++)
    EACH(s, sizes)
    {
        size_t n = sizes[s];
        CASE("act %d n=%zu", (int)act, n);
        float *x = operand(n, s % 2 ? 12 : 3), *out = s % 3 ? x : operand(n, 1);
        float *slope = operand(n, 1);
        double *want = doubles(n), *want_slope = doubles(n), *x0 = doubles(n);
        memcpy(x0, wide(x), n * sizeof *x0);
        kern_act_ref64(want, want_slope, x0, n, act);
        kern.act(out, s % 2 ? slope : NULL, x, n, act);
        for (size_t i = 0; i < n; i++) {
            double du = 0.8 * (1 + 0.135 * x0[i] * x0[i]);
            near("out", i, (double)out[i], want[i], 8, fmax(fabs(x0[i]), fabs(want[i])));
            if (s % 2)
                near("slope", i, (double)slope[i], want_slope[i], 8, 1 + fabs(x0[i]) * du);
        }
        release(where);
    }
}

static void glu_case(void)
{
    EACH(s, sizes)
    for (int mode = 0; mode < 2 * KERN_ACT_COUNT; mode++) {
        size_t n = sizes[s];
        const enum kern_act act = (enum kern_act)(mode / 2);
        const bool d = mode % 2;
        CASE("glu %d n=%zu", mode, n);
        float *g = operand(n, 6), *u = operand(n, 2), *out = operand(n, 1);
        double *eg = doubles(n), *eu = doubles(n), *want = doubles(n);
        memcpy(eg, wide(g), n * sizeof *eg);
        memcpy(eu, wide(u), n * sizeof *eu);
        kern_glu_ref64(want, eg, eu, n, act, d);
        kern.glu(out, g, u, n, act, d);
        for (size_t i = 0; i < n; i++) {
            near("out", i, (double)out[i], want[i], 16, 12);
            near("g", i, (double)g[i], eg[i], d ? 16 : 0, 60);
            near("u", i, (double)u[i], eu[i], d ? 16 : 0, 6);
        }
        release(where);
    }
}

static void times_case(void)
{
    EACH(s, sizes)
    {
        size_t n = sizes[s];
        CASE("times n=%zu", n);
        float *a = operand(n, 1), *b = operand(n, 1), *out = operand(n, 1);
        kern.times(out, a, b, n);
        for (size_t i = 0; i < n; i++)
            near("out", i, (double)out[i], (double)a[i] * (double)b[i], 1, 1);
        release(where);
    }
}

static void rope_case(void)
{
    static const size_t heads[] = {1, 2, 3, 8, 15, 16, 17, 33, 64};
    EACH(h, heads)
    for (size_t NH = 1; NH < 4; NH++) {
        size_t HS = heads[h], half = HS / 2, T = 5, rows = 12, ld = NH * HS + h % 3, len = (rows - 1) * ld + NH * HS;
        CASE("rope NH=%zu HS=%zu", NH, HS);
        float *x = operand(len, 1), *c = operand(T * half, 1), *si = operand(T * half, 1);
        double *want = doubles(len);
        memcpy(want, wide(x), len * sizeof *want);
        kern_rope_ref64(want, rows, &(struct kern_rope64){wide(c), wide(si), ld, T, NH, HS, h % 2});
        kern.rope(x, rows, &(struct kern_rope){c, si, ld, T, NH, HS, h % 2});
        for (size_t i = 0; i < len; i++)
            near("x", i, (double)x[i], want[i], 3, 2);
        release(where);
    }
}

static void copies_case(void)
{
    EACH(a, sizes)
    for (size_t width = 1; width < 40; width += 5) {
        size_t rows = sizes[a], cols = sizes[(a * 5 + width) % 18], ld = cols + a % 3, len = rows * ld;
        CASE("copies rows=%zu cols=%zu width=%zu", rows, cols, width);
        float *x = operand(len, 1), *p = operand(rows * cols, 1), *t = operand(rows * cols, 1);
        double *want = doubles(rows * cols);
        kern_panels_ref64(want, wide(x), ld, rows, cols, width);
        kern.panels(p, x, ld, rows, cols, width);
        for (size_t i = 0; i < rows * cols; i++)
            near("panels", i, (double)p[i], want[i], 0, 0);
        kern.transpose(t, rows, x, ld, rows, cols);
        for (size_t i = 0; i < rows * cols; i++)
            near("transpose", i, (double)t[i], (double)x[i % rows * ld + i / rows], 0, 0);
        release(where);
    }
}

static void embed_case(void)
{
    EACH(s, sizes)
    {
        size_t C = sizes[s], T = 5, rows = 13, V = 3;
        CASE("embed C=%zu", C);
        int32_t *token = operand_bytes(rows * sizeof *token);
        for (size_t r = 0; r < rows; r++)
            token[r] = (int32_t)rng_below(test_rng(), V);
        float *wte = operand(V * C, 1), *wpe = operand(T * C, 1), *out = operand(rows * C, 1);
        double *want = doubles(rows * C), *dte = doubles(V * C), *dpe = doubles(T * C);
        bool places = s % 4 != 3;
        kern_embed_fwd_ref64(want, token, wide(wte), places ? wide(wpe) : NULL, rows, T, C);
        kern.embed_fwd(out, token, wte, places ? wpe : NULL, rows, T, C);
        for (size_t i = 0; i < rows * C; i++)
            near("out", i, (double)out[i], want[i], 1, 2);
        memcpy(dte, wide(wte), V * C * sizeof *dte);
        memcpy(dpe, wide(wpe), T * C * sizeof *dpe);
        kern_embed_bwd_ref64(dte, places ? dpe : NULL, token, wide(out), rows, T, C);
        kern.embed_bwd(wte, places ? wpe : NULL, token, out, rows, T, C);
        for (size_t i = 0; i < V * C; i++)
            near("dwte", i, (double)wte[i], dte[i], (double)rows, 2 * (double)rows);
        for (size_t i = 0; i < T * C; i++)
            near("dwpe", i, (double)wpe[i], dpe[i], (double)rows, 2 * (double)rows);
        release(where);
    }
}

static void adamw_case(void)
{
    EACH(s, sizes)
    {
        size_t n = sizes[s];
        CASE("adamw n=%zu", n);
        float *w = operand(n, 1), *g = operand(n, 1), *m = operand(n, 1), *v = operand(n, 1);
        for (size_t i = 0; i < n; i++)
            v[i] = fabsf(v[i]);
        struct kern_adamw o = {.lr = 0.1f, .beta1 = 0.9f, .beta2 = 0.95f, .eps = 1e-8f,
                               .decay = 0.01f, .correct1 = 1.7f, .correct2 = 3.1f,
                               .grad_scale = 0.6f};
        double *dw = doubles(n), *dm = doubles(n), *dv = doubles(n);
        memcpy(dw, wide(w), n * sizeof *dw);
        memcpy(dm, wide(m), n * sizeof *dm);
        memcpy(dv, wide(v), n * sizeof *dv);
        kern_adamw_ref64(dw, wide(g), dm, dv, &o, n);
        kern.adamw(w, g, m, v, &o, n);
        for (size_t i = 0; i < n; i++) {
            near("m", i, (double)m[i], dm[i], 4, 1);
            near("v", i, (double)v[i], dv[i], 4, 1);
            /* terms of the step: lr (0.9 |m| + ...) correct1 / root */
            double step = 0.1 * 1.7 / sqrt(dv[i] * 3.1);
            near("w", i, (double)w[i], dw[i], 12, 1.01 + step);
        }
        release(where);
    }
}

/* Decay goes to a weight whose step has its sign, and to one that has none. */
static void cautious_case(void)
{
    EACH(s, sizes)
    {
        size_t n = sizes[s];
        CASE("cautious decay n=%zu", n);
        float *w = operand(n, 1), *u = operand(n, 1), *g = operand(n, 1), *m = operand(n, 1), *v = operand(n, 1);
        for (size_t i = 0; i < n; i++) {
            v[i] = 0.5f + fabsf(v[i]);
            u[i] = i % 5 == 4 ? 0 : u[i];
        }
        struct kern_adamw o = {.lr = 0.1f, .beta1 = 0.9f, .beta2 = 0.95f, .eps = 1e-8f, .decay = 0.3f,
                               .correct1 = 1.7f, .correct2 = 3.1f, .grad_scale = 0.6f, .cautious = true};
        const struct kern_descent d = {.rate = 0.1f, .decay = 0.3f, .cautious = true};
        double *dw = doubles(n), *dm = doubles(n), *dv = doubles(n), *same = doubles(n), *before = doubles(n);
        memcpy(dw, wide(w), n * sizeof *dw);
        memcpy(dm, wide(m), n * sizeof *dm);
        memcpy(dv, wide(v), n * sizeof *dv);
        kern_descend_ref64(dw, wide(u), &d, n);
        kern.descend(w, u, &d, n);
        for (size_t i = 0; i < n; i++)
            near("w", i, (double)w[i], dw[i], 4, 1.4);
        memcpy(before, wide(w), n * sizeof *before);
        memcpy(dw, before, n * sizeof *dw);
        kern_adamw_ref64(dw, wide(g), dm, dv, &o, n);
        kern.adamw(w, g, m, v, &o, n);
        for (size_t i = 0; i < n; i++) {
            same[i] = dm[i] * before[i];
            if (fabs(dm[i]) > 1e-5) /* else rounding decides on the sign */
                near("w", i, (double)w[i], dw[i], 12, 1.4);
            if (same[i] < -1e-5)
                near("w", i, (double)w[i], before[i] - 0.1 * 1.7 * dm[i] / sqrt(dv[i] * 3.1), 12, 1.4);
        }
        release(where);
    }
}

static void directions_case(void)
{
    EACH(s, sizes)
    {
        size_t n = sizes[s];
        CASE("momentum and lion n=%zu", n);
        float *u = operand(n, 1), *g = operand(n, 1), *m = operand(n, 1);
        if (n > 2)
            m[1] = g[1] = 0;
        double *du = doubles(n), *dm = doubles(n);
        const struct kern_momentum o = {.keep = 0.9f, .add = 0.1f, .ahead = 0.8f, .direct = 0.3f, .grad_scale = 0.6f};
        const struct kern_lion l = {.beta1 = 0.9f, .beta2 = 0.99f, .grad_scale = 0.6f};
        memcpy(dm, wide(m), n * sizeof *dm);
        kern_lion_ref64(du, dm, wide(g), &l, n);
        for (size_t i = 0; i < n; i++)
            du[i] = fabs(0.9 * (double)m[i] + 0.06 * (double)g[i]) < 1e-6 && (m[i] != 0 || g[i] != 0) ? 2 : du[i];
        kern.lion(u, m, g, &l, n);
        for (size_t i = 0; i < n; i++) {
            near("m", i, (double)m[i], dm[i], 4, 1);
            EXPECT_MSG(du[i] > 1 || (double)u[i] == du[i], "%s: sign[%zu] = %g, expected %g", where, i, (double)u[i], du[i]);
        }
        memcpy(dm, wide(m), n * sizeof *dm);
        kern_momentum_ref64(du, dm, wide(g), &o, n);
        kern.momentum(u, m, g, &o, n);
        for (size_t i = 0; i < n; i++) {
            near("m", i, (double)m[i], dm[i], 4, 1);
            near("u", i, (double)u[i], du[i], 8, 1.2);
        }
        release(where);
    }
}

/* |x| stays below 2, and each step halves the error before it. */
static void fma_steps_case(void)
{
    EACH(s, sizes)
    for (size_t steps = 0; steps < 4; steps++) {
        size_t n = sizes[s] * 3;
        CASE("fma_steps n=%zu steps=%zu", n, steps);
        float *x = operand(n, 1);
        double *want = doubles(n);
        memcpy(want, wide(x), n * sizeof *want);
        kern_fma_steps_ref64(want, 0.5, (double)0.7f, n, steps);
        kern.fma_steps(x, 0.5f, 0.7f, n, steps);
        for (size_t i = 0; i < n; i++)
            near("x", i, (double)x[i], want[i], 2, 2);
        release(where);
    }
}

TEST(exp)
TEST(exp_range)
TEST(act)
TEST(glu)
TEST(times)
TEST(rope)
TEST(copies)
TEST(embed)
TEST(adamw)
TEST(cautious)
TEST(directions)
TEST(fma_steps)

/* A cap is a level of its own family, the reference of every one. */
static void levels(void)
{
    for (int i = 0; i < KERN_ISA_COUNT; i++) {
        enum kern_isa isa = (enum kern_isa)i, capped;
        char expected[99];
        struct kern k;
        kern_init(&k, isa);
        EXPECT_MSG(kern_isa_runs(k.isa), "%s: kernels of %s, which do not run here", kern_isa_name(isa), kern_isa_name(k.isa));
        EXPECT_MSG(k.isa == (kern_isa_runs(isa) ? kern_isa_for(isa, KERN_FP32) : k.isa), "%s runs here, but the table is %s",
                   kern_isa_name(isa), kern_isa_name(k.isa));
        if (kern_isa_cap(&capped, kern_isa_name(isa), expected, sizeof expected))
            EXPECT_MSG(kern_isa_for(capped, KERN_FP32) == k.isa, "--isa %s is %s", kern_isa_name(isa), kern_isa_name(capped));
        else
            EXPECT_MSG(k.isa == KERN_REF, "%s is of other processors, but the table is %s", kern_isa_name(isa),
                       kern_isa_name(k.isa));
    }
    struct kern k;
    kern_init(&k, KERN_REF);
    while (kern_next(&k))
        ;
    EXPECT(k.isa == kern_isa_for(kern_isa_best(), KERN_FP32));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"levels", levels},
        {"vexp", exp_levels},
        {"vexp over its range", exp_range_levels},
        {"activations and their slopes", act_levels},
        {"gates", glu_levels},
        {"products of elements", times_levels},
        {"rotations", rope_levels},
        {"copies, transposes, panels", copies_levels},
        {"embedding", embed_levels},
        {"adamw", adamw_levels},
        {"cautious decay", cautious_levels},
        {"momentum and lion", directions_levels},
        {"multiply-add steps", fma_steps_levels},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
