#include "model/optim/eigenbasis.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "model/gemm.h"

/* In double: what follows a large eigenvector is a difference of numbers as large. Columns of g q lie as rows here. */
struct reflections {
    size_t n;
    float *product; /* (n,n): g q */
    double *v;      /* (n,n): v[j] holds column j, then from element j on the j-th reflection's vector */
    double *out;    /* (n,n): column j of the orthogonal part as row j */
    double *twice;  /* (n): 2 / v.v; 0: none is needed */
};

static void carve(struct reflections *r, struct arena *a)
{
    r->product = arena_floats(a, r->n * r->n);
    r->v = arena_take(a, r->n * r->n, sizeof *r->v);
    r->out = arena_take(a, r->n * r->n, sizeof *r->out);
    r->twice = arena_take(a, r->n, sizeof *r->twice);
}

size_t eigenbasis_floats(size_t n)
{
    struct reflections r = {.n = n};
    struct arena plan = arena_plan();
    carve(&r, &plan);
    return plan.used_bytes / sizeof(float);
}

/* Several sums side by side, in an order that hangs on n alone. */
static double dot(const double *a, const double *b, size_t n)
{
    enum { SUMS = 8 };
    double s[SUMS] = {0}, rest = 0;
    size_t i = 0;
    for (; i + SUMS <= n; i += SUMS)
        for (size_t j = 0; j < SUMS; j++)
            s[j] += a[i + j] * b[i + j];
    for (; i < n; i++)
        rest += a[i] * b[i];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7])) + rest;
}

/* x less its share of v twice: x reflected. */
static void reflect(double *x, const double *v, double twice, size_t n)
{
    double by = twice * dot(x, v, n);
    for (size_t i = 0; i < n; i++)
        x[i] -= by * v[i];
}

/* Columns by their Rayleigh quotients q_j . (g q)_j, the largest first; equal ones stay in their order. */
static void sort_columns(size_t *order, double *quotient, const float *q, const float *product, size_t n)
{
    for (size_t j = 0; j < n; j++)
        quotient[j] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            quotient[j] += (double)q[i * n + j] * (double)product[i * n + j];
    for (size_t j = 0; j < n; j++) {
        size_t at = j;
        for (; at > 0 && quotient[order[at - 1]] < quotient[j]; at--)
            order[at] = order[at - 1];
        order[at] = j;
    }
}

/* Householder's: each reflection turns what is left of a column onto its diagonal element. */
static void reduce(struct reflections *r)
{
    size_t n = r->n;
    for (size_t j = 0; j < n; j++) {
        double *v = r->v + j * n + j, norm = sqrt(dot(v, v, n - j));
        r->twice[j] = 0;
        if (!(norm > 0))
            continue;
        v[0] += v[0] < 0 ? -norm : norm;
        r->twice[j] = 2 / dot(v, v, n - j);
        for (size_t c = j + 1; c < n; c++)
            reflect(r->v + c * n + j, v, r->twice[j], n - j);
    }
}

/* Columns of the orthogonal part: the reflections, last to first, of the unit vectors. */
static void expand(struct reflections *r)
{
    size_t n = r->n;
    memset(r->out, 0, n * n * sizeof *r->out);
    for (size_t j = 0; j < n; j++)
        r->out[j * n + j] = 1;
    for (size_t j = n; j-- > 0;)
        for (size_t c = j; c < n; c++)
            reflect(r->out + c * n + j, r->v + j * n + j, r->twice[j], n - j);
}

void eigenbasis_round(struct ops o, float *q, const float *g, size_t n, size_t *order, float *memory)
{
    struct reflections r = {.n = n};
    struct arena a = {.base = (unsigned char *)memory, .size_bytes = eigenbasis_floats(n) * sizeof(float)};
    carve(&r, &a);
    gemm_stored(o.k, o.threads, &(struct gemm_stored){.c = r.product, .ldc = n, .a = g, .a_rs = n, .a_cs = 1, .b = q,
                                                      .ldb = n, .M = n, .N = n, .K = n});
    sort_columns(order, r.twice, q, r.product, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            r.v[j * n + i] = (double)r.product[i * n + order[j]];
    reduce(&r);
    expand(&r);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            q[i * n + j] = (float)r.out[j * n + i];
}
