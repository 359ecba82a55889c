/* Products by tiles of 4 x 8 sums, each added in the order of depth. */
#include "kernels/ref/blocked.h"

enum { ROWS = 4, FOUR = 4 };

#define INLINE static inline __attribute__((always_inline))

INLINE kern_four load(const float *x)
{
    return *(const kern_four *)x;
}

/* The product's first rows and columns: `rows` and `fours` are constants where these are called, so that sums and
 * operands are registers. */
INLINE void tile(const struct kern_product p, const size_t rows, const size_t fours)
{
    kern_four sum[ROWS][2];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < fours; j++)
            sum[i][j] = p.accumulate ? load(p.c + i * p.ldc + FOUR * j) : (kern_four){0};
    for (size_t d = 0; d < p.k; d++)
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < fours; j++)
                sum[i][j] += p.a[i * p.a_rs + d * p.a_cs] * load(p.b + d * p.ldb + FOUR * j);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < fours; j++)
            *(kern_four *)(p.c + i * p.ldc + FOUR * j) = sum[i][j];
}

INLINE void column(const struct kern_product p, const size_t rows)
{
    float sum[ROWS];
    for (size_t i = 0; i < rows; i++)
        sum[i] = p.accumulate ? p.c[i * p.ldc] : 0;
    for (size_t d = 0; d < p.k; d++)
        for (size_t i = 0; i < rows; i++)
            sum[i] += p.a[i * p.a_rs + d * p.a_cs] * p.b[d * p.ldb];
    for (size_t i = 0; i < rows; i++)
        p.c[i * p.ldc] = sum[i];
}

/* The product from row i and column j on. */
INLINE struct kern_product product_from(struct kern_product p, size_t i, size_t j)
{
    p.c += i * p.ldc + j, p.a += i * p.a_rs, p.b += j;
    return p;
}

INLINE void across(const struct kern_product p, const size_t rows)
{
    size_t j = 0;
    for (; j + 2 * FOUR <= p.n; j += 2 * FOUR)
        tile(product_from(p, 0, j), rows, 2);
    for (; j + FOUR <= p.n; j += FOUR)
        tile(product_from(p, 0, j), rows, 1);
    for (; j < p.n; j++)
        column(product_from(p, 0, j), rows);
}

void kern_product_blocked(const struct kern_product *p)
{
    const struct kern_product all = *p; /* of which the compiler knows that no store changes it */
    size_t i = 0;
    for (; i + ROWS <= all.m; i += ROWS)
        across(product_from(all, i, 0), ROWS);
    for (; i < all.m; i++)
        across(product_from(all, i, 0), 1);
}

void kern_gemm_4x8_blocked(const struct kern_product *p, const struct kern_fetch *fetch, const struct kern_epilogue *e)
{
    (void)fetch;
    kern_product_blocked(p);
    if (e)
        kern_epilogue_blocked(p->c, e, p->ldc, p->m, p->n);
}
