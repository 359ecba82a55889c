#include "model/optim/orthogonal.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/size.h"
#include "model/gemm.h"

struct quintic {
    double a, b, c;
};

static const struct quintic jordan = {3.4445, -4.7750, 2.0315};

/* As published; all but the last are used with a safety factor of 1.01 on x, the last whatever follows. */
static const struct quintic polar[] = {
    {8.28721201814563, -23.595886519098837, 17.300387312530933}, {4.107059111542203, -2.9478499167379106, 0.5448431082926601},
    {3.9486908534822946, -2.908902115962949, 0.5518191394370137}, {3.3184196573706015, -2.488488024314874, 0.51004894012372},
    {2.300652019954817, -1.6689039845747493, 0.4188073119525673}, {1.891301407787398, -1.2679958271945868, 0.37680408948524835},
    {1.8750014808534479, -1.2500016453999487, 0.3750001645474248}, {1.875, -1.25, 0.375}};

static struct quintic quintic_of(enum orthogonal_coefficients which, size_t step)
{
    const size_t last = sizeof polar / sizeof *polar - 1;
    const double s = 1.01;
    if (which == ORTHOGONAL_JORDAN)
        return jordan;
    if (step >= last)
        return polar[last];
    struct quintic q = polar[step];
    return (struct quintic){q.a / s, q.b / (s * s * s), q.c / (s * s * s * s * s)};
}

/* Rows of an odd number of cache lines reach every set of a cache: products read such an operand in place. */
static size_t odd_lines(size_t n)
{
    const size_t line = 16;
    return ((n + line - 1) / line | 1) * line;
}

static void carve(struct orthogonal *z, struct arena *a)
{
    size_t m = size_min(z->rows, z->cols);
    z->ld = odd_lines(z->cols);
    z->ld_small = odd_lines(m);
    z->x = arena_floats(a, z->rows * z->ld);
    z->y = arena_floats(a, z->rows * z->ld);
    float **small[] = {&z->gram, &z->poly, &z->turn, &z->spare};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        *small[i] = arena_floats(a, m * z->ld_small);
    z->scratch = arena_floats(a, gemm_stored_scratch(z->o.k, z->o.threads, z->precision, m, size_max(z->rows, z->cols)));
}

size_t orthogonal_floats(struct ops o, enum kern_precision precision, size_t rows, size_t cols)
{
    struct orthogonal z = {.o = o, .precision = precision, .rows = rows, .cols = cols};
    struct arena plan = arena_plan();
    carve(&z, &plan);
    return plan.used_bytes / sizeof(float);
}

void orthogonal_begin(struct orthogonal *z, struct ops o, enum kern_precision precision, size_t rows, size_t cols, float *memory)
{
    *z = (struct orthogonal){.o = o, .precision = precision, .rows = rows, .cols = cols};
    struct arena a = {.base = (unsigned char *)memory,
                      .size_bytes = orthogonal_floats(o, precision, rows, cols) * sizeof(float)};
    carve(z, &a);
    /* The norm is taken over whole rows. */
    for (size_t i = 0; i < rows; i++)
        memset(z->x + i * z->ld + cols, 0, (z->ld - cols) * sizeof(float));
}

/* To a Frobenius norm of 1 or a little less, and so to singular values of at most 1. */
static void normalise(struct orthogonal *z, enum orthogonal_coefficients which)
{
    const double safety = which == ORTHOGONAL_POLAR ? 1.01 : 1, least = 1e-7;
    size_t n = z->rows * z->ld;
    float by = (float)(1 / (sqrt(ops_sumsq(z->o, z->x, n)) * safety + least));
    for (size_t i = 0; i < n; i++)
        z->x[i] *= by;
}

static void swap(float **a, float **b)
{
    float *t = *a;
    *a = *b;
    *b = t;
}

/* To 8 leading bits, so that rounding to bfloat16 changes nothing: what is cut off is what is lost in 65536 x + x. */
static void shorten(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float far = 65537 * x[i];
        x[i] = far - (far - x[i]);
    }
}

/* The Gram matrix of the smaller side, x x^T or x^T x. Of bfloat16 it is rounded itself, not only where it is multiplied:
 * R and R^2, which nearly cancel where singular values are near 1, must be of one matrix. With x and all sums in fp32 the result
 * is as near to the exact one as the author's, who rounds every result: of noise (64 x 256 and the like) 1.8 % off where his is
 * 2.1 %, else 2.9; of singular values that fall by 0.8 each 0.9 and 14 % (tests/test_optim_kinds.c). */
static void gram(const struct orthogonal *z)
{
    bool wide = z->rows <= z->cols;
    size_t m = size_min(z->rows, z->cols), n = size_max(z->rows, z->cols);
    gemm_stored(z->o.k, z->o.threads,
                &(struct gemm_stored){.precision = z->precision, .c = z->gram, .ldc = z->ld_small, .a = z->x,
                                      .a_rs = wide ? z->ld : 1, .a_cs = wide ? 1 : z->ld, .b = z->x, .ldb = z->ld, .M = m,
                                      .N = m, .K = n, .transposed = wide, .symmetric = true, .scratch = z->scratch});
    if (z->precision == KERN_BF16)
        for (size_t i = 0; i < m; i++)
            shorten(z->gram + i * z->ld_small, m);
}

/* c = res + scale a b, of small matrices that commute, so that the result is symmetric like them. */
static void small(const struct orthogonal *z, float *c, const float *res, double scale, const float *a, const float *b)
{
    size_t m = size_min(z->rows, z->cols), ld = z->ld_small;
    struct kern_epilogue f = {.res = res, .scale = (float)scale};
    gemm_stored(z->o.k, z->o.threads,
                &(struct gemm_stored){.precision = z->precision, .c = c, .ldc = ld, .a = a, .a_rs = ld, .a_cs = 1, .b = b,
                                      .ldb = ld, .M = m, .N = m, .K = m, .symmetric = true, .epilogue = &f,
                                      .scratch = z->scratch});
}

/* x = x + scale s x, or s x where scale is 0, with the small matrix s on its smaller side. */
static void turn(struct orthogonal *z, const float *s, double scale)
{
    struct kern_epilogue f = {.res = z->x, .scale = (float)scale};
    struct gemm_stored p = {.precision = z->precision, .c = z->y, .ldc = z->ld, .M = z->rows, .N = z->cols,
                            .epilogue = scale != 0 ? &f : NULL, .scratch = z->scratch};
    p.a_cs = 1;
    if (z->rows <= z->cols)
        p.a = s, p.a_rs = z->ld_small, p.b = z->x, p.ldb = z->ld, p.K = z->rows;
    else
        p.a = z->x, p.a_rs = z->ld, p.b = s, p.ldb = z->ld_small, p.K = z->cols;
    gemm_stored(z->o.k, z->o.threads, &p);
    swap(&z->x, &z->y);
}

static void one_plus(float *out, const float *s, double scale, size_t n, size_t ld)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            out[i * ld + j] = (float)scale * s[i * ld + j];
        out[i * ld + i] += 1;
    }
}

/* Iterations `from` .. `to` - 1 on x, which stands for *factor x. What is the same for all elements is kept apart, so
 * that every polynomial is a product and its end: with the Gram matrix R of x and g = factor^2,
 *     a + b gR + c (gR)^2 = a (1 + beta M),   M = R + (c g / b) R^2,   beta = b g / a.
 * More than one iteration is done on Gram matrices alone: R becomes R (1 + beta M)^2, what x is to be multiplied by in the
 * end becomes (1 + beta M) times what it was. */
static void leg(struct orthogonal *z, size_t from, size_t to, enum orthogonal_coefficients which, double *factor)
{
    size_t m = size_min(z->rows, z->cols);
    gram(z);
    for (size_t i = from; i < to; i++) {
        struct quintic q = quintic_of(which, i);
        double g = *factor * *factor, beta = q.b * g / q.a;
        small(z, z->poly, z->gram, q.c * g / q.b, z->gram, z->gram);
        *factor *= q.a;
        if (to - from == 1) {
            turn(z, z->poly, beta);
            return;
        }
        if (i + 1 < to) {
            small(z, z->spare, z->gram, beta, z->gram, z->poly);
            small(z, z->gram, z->spare, beta, z->spare, z->poly);
        }
        if (i == from) {
            one_plus(z->turn, z->poly, beta, m, z->ld_small);
        } else {
            small(z, z->spare, z->turn, beta, z->turn, z->poly);
            swap(&z->spare, &z->turn);
        }
    }
    turn(z, z->turn, 0);
}

/* A square matrix costs as much per iteration either way. From twice as long as wide on, the Gram matrices alone cost less:
 * 4 m^3 an iteration against 2 m^3 + 3 m^2 n, but they hold the squares of the singular values, in which those that are small
 * drown in rounding. So the first iteration, which lifts small values by 3.4 or 8, is done on x, and no more than four on the
 * Gram matrices before they are made afresh (kernels/SPEED-LOG.md). Of bfloat16 all are done on x, as its author does: on Gram
 * matrices noise comes out 2 to 9 % off. */
static size_t leg_length(const struct orthogonal *z, size_t step)
{
    enum { GRAM_STEPS = 4 };
    bool oblong = size_max(z->rows, z->cols) >= 2 * size_min(z->rows, z->cols);
    return oblong && step > 0 && z->precision == KERN_FP32 ? GRAM_STEPS : 1;
}

double orthogonal_run(struct orthogonal *z, size_t steps, enum orthogonal_coefficients which)
{
    double factor = 1;
    normalise(z, which);
    for (size_t i = 0; i < steps;) {
        size_t to = size_min(steps, i + leg_length(z, i));
        leg(z, i, to, which, &factor);
        i = to;
    }
    return factor;
}
