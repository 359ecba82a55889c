/* Every kernel of every level against the double reference.
 *
 * Operands lie against guard pages, at their end or at their start, so that a touch outside is a fault;
 * what surrounds them on their own pages is checked for stray writes. Tolerances are roundings times
 * the sum of the absolute values of what is added up, never a number that happens to pass. */
#include "test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernels/kern.h"
#include "kernels/ref/kern_ref.h"

/* --- operands on guard pages ------------------------------------------------------------------ */

enum side { AT_END, AT_START, SIDES };

#define OPERANDS_MAX 64
#define FILL 0xA5

static struct operand {
    unsigned char *map, *data;
    size_t map_bytes, data_bytes, page;
    double *wide;
} operands[OPERANDS_MAX];
static size_t n_operands;
static enum side side;

static void *operand_bytes(size_t bytes)
{
    CHECK(n_operands < OPERANDS_MAX);
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
    struct operand *o = &operands[n_operands++];
    o->page = page;
    o->data_bytes = bytes;
    o->map_bytes = inner + 2 * page;
    o->map = mmap(NULL, o->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(o->map != MAP_FAILED);
    memset(o->map, FILL, o->map_bytes);
    CHECK(mprotect(o->map, page, PROT_NONE) == 0);
    CHECK(mprotect(o->map + page + inner, page, PROT_NONE) == 0);
    o->data = o->map + page + (side == AT_END ? inner - bytes : 0);
    o->wide = calloc(bytes / sizeof(float) + 1, sizeof(double));
    CHECK(o->wide);
    return o->data;
}

/* n floats uniform in [-1, 1) * by. */
static float *operand(size_t n, double by)
{
    float *p = operand_bytes(n * sizeof *p);
    for (size_t i = 0; i < n; i++)
        p[i] = (float)(by * (2 * rng_double(test_rng()) - 1));
    return p;
}

/* The values of an operand in double, as they are now. */
static double *wide(const float *p)
{
    for (size_t i = 0; i < n_operands; i++)
        if (operands[i].data == (const unsigned char *)p) {
            for (size_t j = 0; j < operands[i].data_bytes / sizeof(float); j++)
                operands[i].wide[j] = (double)p[j];
            return operands[i].wide;
        }
    CHECK(false); /* not an operand of this test */
    return NULL;
}

/* Zeroed doubles that live as long as the operands. */
static double *doubles(size_t n)
{
    float *p = operand_bytes(n * sizeof(float));
    memset(p, 0, n * sizeof *p);
    return wide(p);
}

static void release(const char *what)
{
    for (size_t i = 0; i < n_operands; i++) {
        struct operand *o = &operands[i];
        bool clean = true;
        for (unsigned char *b = o->map + o->page; b < o->map + o->map_bytes - o->page; b++)
            if ((b < o->data || b >= o->data + o->data_bytes) && *b != FILL)
                clean = false;
        EXPECT_MSG(clean, "%s wrote beside operand %zu", what, i);
        munmap(o->map, o->map_bytes);
        free(o->wide);
    }
    n_operands = 0;
}

/* --- levels and sizes ------------------------------------------------------------------------- */

static struct kern kern;
static char where[128]; /* level, kernel and sizes of the running case */

#define CASE(...) snprintf(where, sizeof where, __VA_ARGS__)

/* |got - want| <= roundings * FLT_EPSILON * terms, or both tiny. */
static void near(const char *name, size_t i, double got, double want, double roundings, double terms)
{
    double tol = roundings * (double)FLT_EPSILON * terms + (double)FLT_MIN;
    EXPECT_MSG(fabs(got - want) <= tol, "%s %s: %s[%zu] = %.9g, expected %.9g within %.3g",
               kern_isa_name(kern.isa), where, name, i, got, want, tol);
}

static void each_level(void (*fn)(void))
{
    for (int isa = KERN_REF; isa < KERN_ISA_COUNT; isa++) {
        kern_init(&kern, (enum kern_isa)isa);
        if ((int)kern.isa != isa) {
            printf("    level %s: not on this machine or not built\n", kern_isa_name((enum kern_isa)isa));
            continue;
        }
        for (int s = 0; s < SIDES && !test_failed(); s++) {
            side = (enum side)s;
            fn();
        }
    }
}

/* Around the vector lengths 8 and 16, twice them, and primes. */
static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 64, 97, 131};
#define EACH(i, table) for (size_t i = 0; i < sizeof(table) / sizeof *(table); i++)

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

/* --- with a sum in them ----------------------------------------------------------------------- */

static void layernorm_case(void)
{
    EACH(s, sizes)
    {
        size_t C = sizes[s], rows = s % 4 * 7, len = rows * C; /* more and fewer than a vector has lanes */
        CASE("layernorm rows=%zu C=%zu", rows, C);
        float *x = operand(len, 2), *w = operand(C, 1), *b = operand(C, 1), *out = operand(len, 1);
        float *mean = operand(rows, 1), *rstd = operand(rows, 1);
        double *want = doubles(len), *mu = doubles(rows), *rs = doubles(rows);
        kern_layernorm_fwd_ref64(want, mu, rs, wide(x), wide(w), wide(b), rows, C);
        kern.layernorm_fwd(out, mean, rstd, x, w, b, rows, C);
        float *alone = operand(C, 1), *m1 = operand(1, 1), *r1 = operand(1, 1);
        for (size_t r = 0; C && r < rows; r++) {
            kern.layernorm_fwd(alone, m1, r1, x + r * C, w, b, 1, C);
            CHECK(memcmp(alone, out + r * C, C * sizeof *out) == 0 && *m1 == mean[r] && *r1 == rstd[r]);
        }
        double roundings = 4.0 * (double)C + 16;
        for (size_t r = 0; C && r < rows; r++) {
            near("mean", r, (double)mean[r], mu[r], roundings, 2);
            /* A deviation of d roundings of |x| <= 2 weighs rstd as much: with one column rstd is
             * 1/sqrt(eps) and what is left of x - mean is all rounding. */
            near("rstd", r, (double)rstd[r], rs[r], roundings, rs[r] * (1 + 2 * rs[r]));
            for (size_t c = 0; c < C; c++)
                near("out", r * C + c, (double)out[r * C + c], want[r * C + c], roundings,
                     (4 * rs[r] * (1 + fabs(want[r * C + c])) + 1));
        }
        float *g = operand(len, 1), *dx = operand(len, 1), *dw = operand(C, 1), *db = operand(C, 1);
        double *edx = doubles(len), *edw = doubles(C), *edb = doubles(C);
        memcpy(edx, wide(dx), len * sizeof *edx);
        memcpy(edw, wide(dw), C * sizeof *edw);
        memcpy(edb, wide(db), C * sizeof *edb);
        float *ds = s % 2 ? operand(len, 1) : NULL;
        kern_layernorm_bwd_ref64(&(struct kern_norm_bwd64){.dx = edx, .dw = edw, .db = edb, .dout = wide(g), .x = wide(x),
                                                           .mean = wide(mean), .rstd = wide(rstd), .w = wide(w), .rows = rows,
                                                           .C = C});
        kern.layernorm_bwd(&(struct kern_norm_bwd){.dx = dx, .ds = ds, .scale = 0.3f, .dw = dw, .db = db, .dout = g, .x = x,
                                                   .mean = mean, .rstd = rstd, .w = w, .rows = rows, .C = C});
        for (size_t i = 0; ds && i < len; i++)
            near("ds", i, (double)ds[i], (double)0.3f * (double)dx[i], 1, fabs((double)dx[i]));
        float most = 0; /* as a double's, gcc 12 fails at this loop for arm */
        for (size_t r = 0; r < rows; r++)
            most = fmaxf(most, rstd[r]);
        double top = 4 * (double)most; /* of |xhat|'s terms */
        for (size_t i = 0; C && i < len; i++)
            near("dx", i, (double)dx[i], edx[i], roundings,
                 1 + (double)rstd[i / C] * (2 + top * top));
        for (size_t c = 0; c < C; c++) {
            near("dw", c, (double)dw[c], edw[c], (double)rows + 4, 1 + (double)rows * top);
            near("db", c, (double)db[c], edb[c], (double)rows + 4, 1 + (double)rows);
        }
        release(where);
    }
}

static void rmsnorm_case(void)
{
    EACH(s, sizes)
    for (int gain = 0; gain < 2; gain++) {
        size_t C = sizes[s], rows = s % 4 * 7, ld = C + s % 3, len = rows * ld;
        CASE("rmsnorm rows=%zu C=%zu gain=%d", rows, C, gain);
        float *x = operand(len, 2), *w = gain ? operand(C, 1) : NULL, *out = operand(len, 1), *rstd = operand(rows, 1);
        double *want = doubles(len), *rs = doubles(rows);
        memcpy(want, wide(out), len * sizeof *want);
        kern_rmsnorm_fwd_ref64(want, rs, wide(x), w ? wide(w) : NULL, ld, rows, C);
        kern.rmsnorm_fwd(out, rstd, x, w, ld, rows, C);
        float *alone = operand(C, 1), *r1 = operand(1, 1);
        for (size_t r = 0; C && r < rows; r++) {
            kern.rmsnorm_fwd(alone, r1, x + r * ld, w, ld, 1, C);
            CHECK(memcmp(alone, out + r * ld, C * sizeof *out) == 0 && *r1 == rstd[r]);
        }
        double roundings = 2.0 * (double)C + 8, top = 0;
        for (size_t r = 0; C && r < rows; r++) {
            near("rstd", r, (double)rstd[r], rs[r], roundings, rs[r]);
            top = fmax(top, 2 * rs[r]);
        }
        for (size_t i = 0; C && i < len; i++)
            near("out", i, (double)out[i], want[i], i % ld < C ? roundings : 0, top);
        float *g = operand(len, 1), *dx = operand(len, 1), *dw = gain ? operand(C, 1) : NULL;
        float *ds = s % 2 ? operand(len, 1) : NULL;
        double *edx = doubles(len), *edw = doubles(C), *eds = doubles(len);
        memcpy(edx, wide(dx), len * sizeof *edx);
        if (ds)
            memcpy(eds, wide(ds), len * sizeof *eds);
        if (dw)
            memcpy(edw, wide(dw), C * sizeof *edw);
        kern_rmsnorm_bwd_ref64(&(struct kern_norm_bwd64){.dx = edx, .ds = ds ? eds : NULL, .scale = (double)0.3f,
                                                         .dw = dw ? edw : NULL, .dout = wide(g), .x = wide(x), .rstd = wide(rstd),
                                                         .w = w ? wide(w) : NULL, .ld = ld, .rows = rows, .C = C});
        kern.rmsnorm_bwd(&(struct kern_norm_bwd){.dx = dx, .ds = ds, .scale = 0.3f, .dw = dw, .dout = g, .x = x, .rstd = rstd,
                                                 .w = w, .ld = ld, .rows = rows, .C = C});
        for (size_t i = 0; C && i < len; i++) {
            double terms = 1 + (rows ? (double)rstd[i / ld] : 0) * (1 + top * top);
            near("dx", i, (double)dx[i], edx[i], i % ld < C ? roundings : 0, terms);
            if (ds)
                near("ds", i, (double)ds[i], eds[i], i % ld < C ? roundings : 0, terms);
        }
        for (size_t c = 0; dw && c < C; c++)
            near("dw", c, (double)dw[c], edw[c], (double)rows + 4, 1 + (double)rows * top);
        release(where);
    }
}

static void xent_case(void)
{
    EACH(s, sizes)
    for (int mode = 0; mode < 10; mode++) {
        int grad = mode % 2;
        const struct kern_xent how = {.logit_scale = 0.8f, .cap = mode > 1 && mode < 8 ? 7 : 0, .z_loss = mode > 3 ? 0.01f : 0,
                                      .grad_scale = grad ? 0.25f : 0, .soft = mode > 5 ? 0.375f * (float)(mode - 6) : 0};
        size_t V = sizes[s], rows = V ? 1 + s % 3 : 0, len = rows * V;
        CASE("xent rows=%zu V=%zu mode=%d", rows, V, mode);
        float *z = operand(len, s % 2 ? 20 : 2), *loss = operand(rows, 1);
        int32_t *target = operand_bytes(rows * sizeof *target);
        for (size_t r = 0; r < rows; r++)
            target[r] = (int32_t)rng_below(test_rng(), V);
        double *want = doubles(len), *want_loss = doubles(rows);
        memcpy(want, wide(z), len * sizeof *want);
        kern_xent_ref64(want_loss, want, target, &how, rows, V);
        kern.xent(loss, z, target, &how, rows, V);
        for (size_t r = 0; r < rows; r++)
            near("loss", r, (double)loss[r], want_loss[r], (double)V + 8, 16 + log((double)V));
        /* An exponential's relative error is its argument's absolute one, at most 33 here. */
        for (size_t i = 0; i < len; i++)
            near("logits", i, (double)z[i], want[i], grad ? (double)V + 80 : mode > 1 ? 16 : 0, grad ? 0.25 : 9);
        release(where);
    }
}

/* z / t is at most 33: an exponential's relative error is its argument's absolute one. */
static void distill_case(void)
{
    EACH(s, sizes)
    for (int mode = 0; mode < 8; mode++) {
        const struct kern_soft how = {.logit_scale = 0.8f, .cap = mode & 1 ? 7 : 0, .teacher_scale = 0.6f,
                                      .teacher_cap = mode & 2 ? 5 : 0, .temperature = mode & 4 ? 2.5f : 0.75f,
                                      .grad_scale = 0.25f};
        size_t V = sizes[s], rows = V ? 1 + s % 3 : 0, len = rows * V;
        CASE("distill rows=%zu V=%zu mode=%d", rows, V, mode);
        float *soft = operand(len, s % 2 ? 20 : 2), *logits = operand(len, 2);
        double *want = doubles(len);
        memcpy(want, wide(soft), len * sizeof *want);
        kern_distill_ref64(want, wide(logits), &how, rows, V);
        kern.distill(soft, logits, &how, rows, V);
        for (size_t i = 0; i < len; i++)
            near("gradient", i, (double)soft[i], want[i], 2 * ((double)V + 80), 0.25 * (double)how.temperature);
        release(where);
    }
}

static void pool_case(void)
{
    EACH(s, sizes)
    for (size_t members = 1; members < 4; members++) {
        size_t V = sizes[s], rows = V ? 1 + s % 3 : 0, len = rows * V;
        CASE("pool rows=%zu V=%zu members=%zu", rows, V, members);
        float *out = operand(len, 1), *logits = operand(len, 4);
        double *want = doubles(len);
        for (size_t m = 0; m < members; m++) {
            const struct kern_pool how = {.logit_scale = 0.5f + (float)m, .cap = m == 1 ? 3 : 0, .member = m, .members = members};
            kern_pool_ref64(want, wide(logits), &how, rows, V);
            kern.pool(out, logits, &how, rows, V);
        }
        for (size_t i = 0; i < len; i++)
            near("logarithm", i, (double)out[i], want[i], (double)V + 80, 1 + fabs(want[i]));
        release(where);
    }
}

static void colsum_case(void)
{
    static const size_t lengths[] = {0, 1, 5, 63, 64, 65, 130};
    EACH(s, sizes)
    EACH(l, lengths)
    {
        size_t n = sizes[s], rows = lengths[l], ld = n + l % 2;
        CASE("colsum rows=%zu n=%zu", rows, n);
        float *x = operand(rows * ld, 1), *db = operand(n, 1);
        double *want = doubles(n);
        memcpy(want, wide(db), n * sizeof *want);
        kern_colsum_ref64(want, wide(x), ld, rows, n);
        kern.colsum(db, x, ld, rows, n);
        for (size_t j = 0; j < n; j++)
            near("db", j, (double)db[j], want[j], 66, 1 + (double)rows);
        double sq = kern.sumsq(x, rows * ld), exact = kern_sumsq_ref64(wide(x), rows * ld);
        EXPECT_MSG(fabs(sq - exact) <= (double)(rows * ld) * DBL_EPSILON * exact,
                   "%s sumsq n=%zu: %.17g, expected %.17g", kern_isa_name(kern.isa), rows * ld, sq,
                   exact);
        release(where);
    }
}

/* --- attention -------------------------------------------------------------------------------- */

/* Sums of absolute values behind each output, and how many roundings a probability carries. */
static void attn_terms(double *o, double *dq, double *dk, double *dv, const double *g,
                       const double *q, const double *k, const double *v, const double *lse,
                       size_t ld, size_t ld_out, size_t T, size_t HS, const struct kern_attn *how)
{
    const double scale = (double)how->scale;
    for (size_t i = 0; i < T; i++)
        for (size_t j = how->window && i + 1 > how->window ? i + 1 - how->window : 0; j <= i; j++) {
            double far = (double)how->slope * (double)(i - j), s = -far, s_abs = far, dp = 0;
            for (size_t d = 0; d < HS; d++) {
                s += scale * q[i * ld + d] * k[j * ld + d];
                s_abs += scale * fabs(q[i * ld + d] * k[j * ld + d]);
                dp += fabs(g[i * ld_out + d]); /* |v| and |out| are at most 1 */
            }
            double p = exp(s - lse[i]);
            double roundings = 4 * ((double)HS * (1 + s_abs) + (double)T + fabs(lse[i]) + 8);
            for (size_t d = 0; d < HS; d++) {
                o[i * ld_out + d] += roundings * p * fabs(v[j * ld + d]);
                dv[j * ld + d] += roundings * p * fabs(g[i * ld_out + d]);
                dq[i * ld + d] += 2 * roundings * scale * p * dp * fabs(k[j * ld + d]);
                dk[j * ld + d] += 2 * roundings * scale * p * dp * fabs(q[i * ld + d]);
            }
        }
}

static void attn_one(size_t T, size_t HS, struct kern_attn how)
{
    size_t ld = 3 * HS + T % 2, ld_out = HS + T % 3, len = T * ld;
    how.scale = 1 / sqrtf((float)HS);
    CASE("attn T=%zu HS=%zu slope=%g window=%zu add=%d", T, HS, (double)how.slope, how.window, how.add);
    float *q = operand(len, 3), *k = operand(len, 3), *v = operand(len, 1);
    float *out = operand(T * ld_out, 1), *lse = operand(T, 1), *g = operand(T * ld_out, 1);
    float *dq = operand(len, 1), *dk = operand(len, 1), *dv = operand(len, 1);
    float *scratch = operand(kern_attn_scratch(T, HS), 1);
    double *eo = doubles(T * ld_out), *elest = doubles(T), *edq = doubles(len);
    double *edk = doubles(len), *edv = doubles(len), *spare = doubles(T), *to = doubles(T * ld_out);
    double *tq = doubles(len), *tk = doubles(len), *tv = doubles(len);
    memcpy(eo, wide(out), T * ld_out * sizeof *eo);
    memcpy(edq, wide(dq), len * sizeof *edq);
    memcpy(edk, wide(dk), len * sizeof *edk);
    memcpy(edv, wide(dv), len * sizeof *edv);
    kern_attn_fwd_ref64(&(struct kern_attn_fwd64){eo, ld_out, elest, wide(q), wide(k), wide(v), ld, T, HS}, &how, spare);
    kern_attn_bwd_ref64(&(struct kern_attn_bwd64){edq, edk, edv, wide(g), eo, ld_out, elest, wide(q), wide(k), wide(v), ld, T, HS},
                        &how, spare);
    attn_terms(to, tq, tk, tv, wide(g), wide(q), wide(k), wide(v), elest, ld, ld_out, T, HS, &how);
    for (size_t i = 0; how.add && i < len; i++) /* a last addition, to values below 1 */
        tk[i] += i % ld < HS ? 2 : 0, tv[i] += i % ld < HS ? 2 : 0;
    kern.attn_fwd(&(struct kern_attn_fwd){out, ld_out, lse, q, k, v, ld, T, HS}, &how, scratch);
    kern.attn_bwd(&(struct kern_attn_bwd){dq, dk, dv, g, out, ld_out, lse, q, k, v, ld, T, HS}, &how, scratch);
    for (size_t i = 0; i < T; i++)
        near("lse", i, (double)lse[i], elest[i], (double)(HS + T) + 8, 1 + 9 * sqrt((double)HS) + (double)how.slope * (double)T);
    for (size_t i = 0; i < T * ld_out; i++) /* what lies between the rows has no terms */
        near("out", i, (double)out[i], eo[i], 1, to[i]);
    for (size_t i = 0; i < len; i++) {
        near("dq", i, (double)dq[i], edq[i], 1, tq[i]);
        near("dk", i, (double)dk[i], edk[i], 1, tk[i]);
        near("dv", i, (double)dv[i], edv[i], 1, tv[i]);
    }
    release(where);
}

static void attn_case(void)
{
    static const size_t lengths[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 81, 100, 128, 131};
    static const size_t heads[] = {1, 4, 5, 8, 13, 16, 17, 20, 32, 33, 64};
    EACH(t, lengths)
    EACH(h, heads)
    for (size_t mode = 0; mode < 4; mode++) {
        static const size_t windows[] = {1, 5, 16, 33};
        struct kern_attn how = {
            .slope = mode & 1 ? 0.3f : 0, .window = mode & 2 ? windows[(t + h) % 4] : 0, .add = (t + h) % 3 == 1};
        if (!test_failed() && (mode == 0 || (t + h + mode) % 3 == 0))
            attn_one(lengths[t], heads[h], how);
    }
    if (side == AT_END)
        attn_one(300, 8, (struct kern_attn){.window = 0});
    if (side == AT_END)
        attn_one(300, 8, (struct kern_attn){.window = 70, .add = true});
    if (side == AT_END)
        attn_one(40, 128, (struct kern_attn){.slope = 0.1f});
}

/* --- the GEMM tile ---------------------------------------------------------------------------- */

static void tile_one(size_t m, size_t n, size_t k, bool by_columns, bool accumulate)
{
    size_t gap = (m + n + k) % 3, ldc = n + gap, ldb = n + gap, lda = (by_columns ? m : k) + gap;
    size_t a_rs = by_columns ? 1 : lda, a_cs = by_columns ? lda : 1;
    CASE("tile m=%zu n=%zu k=%zu columns=%d accumulate=%d", m, n, k, by_columns, accumulate);
    /* The last row ends with its last element, not with the gap after it. */
    size_t rows = by_columns ? k : m, cols = by_columns ? m : k;
    float *a = operand(rows && cols ? (rows - 1) * lda + cols : 0, 1);
    float *b = operand(k && n ? (k - 1) * ldb + n : 0, 1);
    size_t len = m && n ? (m - 1) * ldc + n : 0;
    float *c = operand(len, 1);
    if (!accumulate)
        for (size_t i = 0; i < len; i++)
            if (i % ldc < n)
                c[i] = NAN; /* must not be read */
    double *want = doubles(len);
    memcpy(want, wide(c), len * sizeof *want);
    kern_gemm_4x8_ref64(&(struct kern_product64){want, ldc, wide(a), a_rs, a_cs, wide(b), ldb, m, n, k, accumulate});
    struct kern_fetch fetch = {.cold = k % 2 == 1, .next = b, .ld = ldb, .rows = k, .cols = n};
    kern.gemm.tile(&(struct kern_product){c, ldc, a, a_rs, a_cs, b, ldb, m, n, k, accumulate}, &fetch, NULL);
    for (size_t i = 0; i < len; i++)
        near("c", i, (double)c[i], want[i], i % ldc < n ? (double)k + 2 : 0, 1 + (double)k);
    release(where);
}

/* The end of a product: what is done in registers against the sums done first and the rest after. */
static void epilogue_one(size_t m, size_t n, size_t k, int mode)
{
    enum { BIAS = 1, RES = 2, MUL = 4, ACT = 8, SLOPE = 16, ACCUMULATE = 32 };
    const enum kern_act act = mode & ACT ? (enum kern_act)((m + n + k) % KERN_ACT_COUNT) : KERN_ACT_NONE;
    size_t ldc = n + (m + n) % 3, len = (m - 1) * ldc + n;
    CASE("epilogue m=%zu n=%zu k=%zu mode=%d", m, n, k, mode);
    float *a = operand(m * k, 1), *b = operand(k * n, 1), *c = operand(len, 1);
    float *bias = operand(n, 1), *res = operand(len, 1), *mul = operand(len, 1);
    float *slope = operand(len, 1);
    double *want = doubles(len), *t = doubles(len), *want_slope = doubles(len);
    memcpy(t, wide(c), len * sizeof *t);
    memcpy(want_slope, wide(slope), len * sizeof *t);
    kern_gemm_4x8_ref64(&(struct kern_product64){t, ldc, wide(a), k, 1, wide(b), n, m, n, k, mode & ACCUMULATE});
    const struct kern_epilogue64 sums = {.bias = mode & BIAS ? wide(bias) : NULL, .res = mode & RES ? wide(res) : NULL,
                                         .mul = mode & MUL ? wide(mul) : NULL, .scale = 0.5};
    kern_epilogue_ref64(t, &sums, ldc, m, n);
    memcpy(want, t, len * sizeof *t);
    kern_epilogue_ref64(want, &(struct kern_epilogue64){.act = act, .slope = mode & SLOPE ? want_slope : NULL}, ldc, m, n);
    struct kern_epilogue f = {.bias = mode & BIAS ? bias : NULL,
                            .res = mode & RES ? res : NULL,
                            .mul = mode & MUL ? mul : NULL,
                            .scale = 0.5f,
                            .act = act,
                            .slope = mode & SLOPE ? slope : NULL};
    kern.gemm.tile(&(struct kern_product){c, ldc, a, k, 1, b, n, m, n, k, mode & ACCUMULATE}, NULL, &f);
    for (size_t i = 0; i < len; i++) {
        /* The sum's terms are at most 1; GELU's slope is at most 1.13, the slope's own below 1. relu2's slope is twice
         * the value, and its own 2. */
        bool mine = i % ldc < n;
        double size = fabs(t[i]), steep = act == KERN_ACT_RELU2 ? 2 * size + 2 : 1.13;
        double sum = steep * ((double)k + 6) * ((double)k + 3);
        near("c", i, (double)c[i], want[i], mine ? 1 : 0, sum + 8 * fmax(size, fabs(want[i])));
        bool sloped = mine && (mode & ACT) && (mode & SLOPE);
        if (sloped && act == KERN_ACT_RELU && size < ((double)k + 6) * ((double)k + 3) * (double)FLT_EPSILON)
            continue; /* a sum so near 0 that rounding picks the side */
        near("slope", i, (double)slope[i], want_slope[i], sloped ? 1 : 0,
             sum + 8 * (1 + 0.8 * size * (1 + 0.135 * size * size)));
    }
    release(where);
}

static void epilogue_case(void)
{
    const size_t MR = kern.gemm.MR, NR = kern.gemm.NR;
    const size_t rows[] = {1, 2, MR - 1, MR, MR + 1, 2 * MR + 3};
    const size_t cols[] = {1, 7, 8, 9, NR / 2 - 1, NR / 2, NR / 2 + 1, NR - 1, NR};
    EACH(r, rows)
    EACH(c, cols)
    for (int mode = 0; mode < 64 && !test_failed(); mode++)
        epilogue_one(rows[r], cols[c], (size_t)mode % 5 * 9, mode);
}

static void tile_case(void)
{
    static const size_t depths[] = {0, 1, 2, 7, 16, 65};
    for (size_t m = 0; m <= 2 * kern.gemm.MR + 1; m++)
        for (size_t n = 0; n <= kern.gemm.NR; n += n < 4 || n % 8 == 7 || n % 8 == 0 ? 1 : 2)
            EACH(d, depths)
    if (!test_failed())
        tile_one(m, n, depths[d], (m + n + d) % 2, (m / 2 + n + d) % 2);
}

/* --- a single row ------------------------------------------------------------------------------ */

static void gemv_case(void)
{
    EACH(a, sizes)
    EACH(b, sizes)
    for (int t = 0; t < 2; t++) {
        size_t K = sizes[a], N = sizes[b], rows = t ? N : K, cols = t ? K : N, ldw = cols + (a + b) % 3;
        CASE("gemv%s K=%zu N=%zu", t ? "_t" : "", K, N);
        float *x = operand(K, 1), *w = operand(rows && cols ? (rows - 1) * ldw + cols : 0, 1), *y = operand(N, 1);
        double *want = doubles(N);
        (t ? kern_gemv_t_ref64 : kern_gemv_ref64)(want, wide(x), wide(w), ldw, K, N);
        (t ? kern.gemv_t : kern.gemv)(y, x, w, ldw, K, N);
        for (size_t j = 0; j < N; j++)
            near("y", j, (double)y[j], want[j], (double)K + 1, (double)K);
        release(where);
    }
}

static void attn_row_one(size_t T, size_t HS, const struct kern_attn *how)
{
    size_t ld = HS + T % 3, n = (T - 1) * ld + HS;
    CASE("attn_row T=%zu HS=%zu slope=%g window=%zu", T, HS, (double)how->slope, how->window);
    float *q = operand(HS, 1), *k = operand(n, 1), *v = operand(n, 1), *out = operand(HS, 1), *scratch = operand(T, 1);
    double *want = doubles(HS);
    kern_attn_row_ref64(want, wide(q), wide(k), wide(v), ld, T, HS, how, doubles(T));
    kern.attn_row(out, q, k, v, ld, T, HS, how, scratch);
    /* A score is off by so many roundings, and with it the logarithm of a weight; the weights' sum is 1. */
    double score = (double)HS * (double)how->scale + (double)how->slope * (double)T;
    for (size_t d = 0; d < HS; d++)
        near("out", d, (double)out[d], want[d], (double)T + 8 + 2 * ((double)HS + 4) * (1 + score), 1);
    release(where);
}

static void attn_row_case(void)
{
    static const size_t heads[] = {1, 4, 13, 16, 17, 32, 33, 64};
    EACH(t, sizes)
    EACH(h, heads)
    for (size_t mode = 0; sizes[t] > 0 && mode < 4; mode++)
        attn_row_one(sizes[t], heads[h], &(struct kern_attn){.scale = 1 / sqrtf((float)heads[h]), .slope = mode & 1 ? 0.3f : 0,
                                                             .window = mode & 2 ? 1 + 16 * (t % 3) : 0});
}

#define TEST(name)                                                                                 \
    static void name##_levels(void)                                                                  \
    {                                                                                              \
        each_level(name##_case);                                                                   \
    }
TEST(exp)
TEST(exp_range)
TEST(act)
TEST(glu)
TEST(times)
TEST(rope)
TEST(rmsnorm)
TEST(copies)
TEST(embed)
TEST(adamw)
TEST(cautious)
TEST(directions)
TEST(fma_steps)
TEST(layernorm)
TEST(xent)
TEST(distill)
TEST(pool)
TEST(colsum)
TEST(attn)
TEST(gemv)
TEST(attn_row)
TEST(tile)
TEST(epilogue)

/* A cap is a level of its own family, the reference of every one. */
static void levels(void)
{
    for (int i = 0; i < KERN_ISA_COUNT; i++) {
        enum kern_isa isa = (enum kern_isa)i, capped;
        char expected[99];
        struct kern k;
        kern_init(&k, isa);
        EXPECT_MSG(kern_isa_runs(k.isa), "%s: kernels of %s, which do not run here", kern_isa_name(isa), kern_isa_name(k.isa));
        EXPECT_MSG(k.isa == (kern_isa_runs(isa) ? isa : k.isa), "%s runs here, but the table is %s", kern_isa_name(isa),
                   kern_isa_name(k.isa));
        if (kern_isa_cap(&capped, kern_isa_name(isa), expected, sizeof expected))
            EXPECT_MSG(capped == k.isa, "--isa %s is %s", kern_isa_name(isa), kern_isa_name(capped));
        else
            EXPECT_MSG(k.isa == KERN_REF, "%s is of other processors, but the table is %s", kern_isa_name(isa),
                       kern_isa_name(k.isa));
    }
    struct kern k;
    kern_init(&k, KERN_REF);
    while (kern_next(&k))
        ;
    EXPECT(k.isa == kern_isa_best());
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"levels", levels},
        {"vexp", exp_levels},
        {"vexp over its range", exp_range_levels},
        {"products of a vector", gemv_levels},
        {"attention of one query", attn_row_levels},
        {"activations and their slopes", act_levels},
        {"gates", glu_levels},
        {"products of elements", times_levels},
        {"rotations", rope_levels},
        {"rmsnorm", rmsnorm_levels},
        {"copies, transposes, panels", copies_levels},
        {"embedding", embed_levels},
        {"adamw", adamw_levels},
        {"cautious decay", cautious_levels},
        {"momentum and lion", directions_levels},
        {"multiply-add steps", fma_steps_levels},
        {"layernorm", layernorm_levels},
        {"cross-entropy", xent_levels},
        {"soft targets", distill_levels},
        {"pooled distributions", pool_levels},
        {"column sums", colsum_levels},
        {"attention", attn_levels},
        {"gemm tile", tile_levels},
        {"end of a product", epilogue_levels},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
