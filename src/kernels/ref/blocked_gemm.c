/* Products by tiles of 4 x 8 sums, each added in the order of depth. */
#include "kernels/ref/blocked.h"

enum { ROWS = 4, FOUR = 4 };

#define INLINE static inline __attribute__((always_inline))

INLINE kern_four load(const float *x)
{
    return *(const kern_four *)x;
}

/* `rows` and `fours` are constants where this is called: the sums are registers then. */
INLINE void tile(size_t rows, size_t fours, float *c, size_t ldc, const float *a, size_t a_rs, size_t a_cs, const float *b,
                 size_t ldb, size_t k, bool accumulate)
{
    kern_four sum[ROWS][2];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < fours; j++)
            sum[i][j] = accumulate ? load(c + i * ldc + FOUR * j) : (kern_four){0};
    for (size_t p = 0; p < k; p++)
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < fours; j++)
                sum[i][j] += a[i * a_rs + p * a_cs] * load(b + p * ldb + FOUR * j);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < fours; j++)
            *(kern_four *)(c + i * ldc + FOUR * j) = sum[i][j];
}

INLINE void column(size_t rows, float *c, size_t ldc, const float *a, size_t a_rs, size_t a_cs, const float *b, size_t ldb,
                   size_t k, bool accumulate)
{
    float sum[ROWS];
    for (size_t i = 0; i < rows; i++)
        sum[i] = accumulate ? c[i * ldc] : 0;
    for (size_t p = 0; p < k; p++)
        for (size_t i = 0; i < rows; i++)
            sum[i] += a[i * a_rs + p * a_cs] * b[p * ldb];
    for (size_t i = 0; i < rows; i++)
        c[i * ldc] = sum[i];
}

INLINE void across(size_t rows, float *c, size_t ldc, const float *a, size_t a_rs, size_t a_cs, const float *b, size_t ldb,
                   size_t n, size_t k, bool accumulate)
{
    size_t j = 0;
    for (; j + 2 * FOUR <= n; j += 2 * FOUR)
        tile(rows, 2, c + j, ldc, a, a_rs, a_cs, b + j, ldb, k, accumulate);
    for (; j + FOUR <= n; j += FOUR)
        tile(rows, 1, c + j, ldc, a, a_rs, a_cs, b + j, ldb, k, accumulate);
    for (; j < n; j++)
        column(rows, c + j, ldc, a, a_rs, a_cs, b + j, ldb, k, accumulate);
}

void kern_product_blocked(float *c, size_t ldc, const float *a, size_t a_rs, size_t a_cs, const float *b, size_t ldb,
                          size_t m, size_t n, size_t k, bool accumulate)
{
    size_t i = 0;
    for (; i + ROWS <= m; i += ROWS)
        across(ROWS, c + i * ldc, ldc, a + i * a_rs, a_rs, a_cs, b, ldb, n, k, accumulate);
    for (; i < m; i++)
        across(1, c + i * ldc, ldc, a + i * a_rs, a_rs, a_cs, b, ldb, n, k, accumulate);
}

void kern_gemm_4x8_blocked(float *c, size_t ldc, const float *a, size_t a_rs, size_t a_cs, const float *b, size_t ldb,
                           size_t m, size_t n, size_t k, bool accumulate, const struct kern_fetch *fetch,
                           const struct kern_epilogue *e)
{
    (void)fetch;
    kern_product_blocked(c, ldc, a, a_rs, a_cs, b, ldb, m, n, k, accumulate);
    if (e)
        kern_epilogue_blocked(c, e, ldc, m, n);
}
