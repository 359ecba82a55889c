/* Kernels of rows, of every level, against the double reference: norms, losses, soft targets, sums of columns. */
#include "operands.h"
#include "test.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kern.h"
#include "kernels/ref/kern_ref.h"

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

TEST(rmsnorm)
TEST(layernorm)
TEST(xent)
TEST(distill)
TEST(pool)
TEST(colsum)

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"rmsnorm", rmsnorm_levels},
        {"layernorm", layernorm_levels},
        {"cross-entropy", xent_levels},
        {"soft targets", distill_levels},
        {"pooled distributions", pool_levels},
        {"column sums", colsum_levels},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
