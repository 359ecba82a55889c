/* Causal attention by blocks of QUERIES by KEYS: all of its products are tiles, in which a row has as many keys as its
 * query sees, and each sum is in the order of kern_ref.c. */
#include "kernels/ref/blocked.h"

#include <math.h>
#include <string.h>

enum { QUERIES = 32, KEYS = 64, ROWS = 4 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t whole_fours(size_t n)
{
    return (n + 3) / 4 * 4;
}

/* Queries and keys: rows of HS values, ld apart. */
struct heads {
    const float *q, *k;
    size_t ld, HS;
};

/* A block: queries [i, i+m), keys [j, j+n). */
struct block {
    size_t i, m, j, n;
    const struct kern_attn *how;
};

/* [from, to) */
struct range {
    size_t from, to;
};

/* The keys that query i sees. */
static struct range keys_of(const struct kern_attn *how, size_t i)
{
    return (struct range){how->window && i + 1 > how->window ? i + 1 - how->window : 0, i + 1};
}

/* What of a range lies within n from `begin` on, counted from there. */
static struct range within(struct range r, size_t begin, size_t n)
{
    size_t from = most(r.from, begin), to = least(r.to, begin + n);
    return (struct range){from - begin, most(from, to) - begin};
}

static struct range keys_in(const struct block *b, size_t row)
{
    return within(keys_of(b->how, b->i + row), b->j, b->n);
}

/* The queries that see key j. */
static struct range queries_in(const struct block *b, size_t row)
{
    size_t j = b->j + row;
    return within((struct range){j, b->how->window ? j + b->how->window : b->i + b->m}, b->i, b->m);
}

typedef struct range ranges_fn(const struct block *b, size_t row);

/* Rows of a product p in which row i of C adds up the depths ranges(b, i) alone, whatever p->m and p->k say. */
static inline void rows_over(const struct kern_product *p, size_t row, size_t rows, struct range r, bool accumulate)
{
    const size_t deep = r.to > r.from ? r.to - r.from : 0;
    if (deep > 0 || !accumulate)
        kern_product_blocked(&(struct kern_product){p->c + row * p->ldc, p->ldc, p->a + row * p->a_rs + r.from * p->a_cs, p->a_rs,
                                                    p->a_cs, p->b + r.from * p->ldb, p->ldb, rows, p->n, deep, accumulate});
}

/* Four rows: together over the depths that all of them have, each alone before and after. */
static void four_rows(const struct kern_product *p, const struct block *b, ranges_fn *ranges, size_t row)
{
    const bool accumulate = p->accumulate;
    struct range all = ranges(b, row), own[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        own[i] = ranges(b, row + i);
        all.from = most(all.from, own[i].from), all.to = least(all.to, own[i].to);
    }
    if (all.to <= all.from) {
        for (size_t i = 0; i < ROWS; i++)
            rows_over(p, row + i, 1, own[i], accumulate);
        return;
    }
    for (size_t i = 0; i < ROWS; i++)
        rows_over(p, row + i, 1, (struct range){own[i].from, all.from}, accumulate);
    rows_over(p, row, ROWS, all, true);
    for (size_t i = 0; i < ROWS; i++)
        rows_over(p, row + i, 1, (struct range){all.to, own[i].to}, true);
}

/* C (m,n) (+)= A B, where row i of C adds up the depths ranges(b, i) alone. */
static void partial_product(const struct kern_product *p, const struct block *b, ranges_fn *ranges)
{
    size_t row = 0;
    for (; row + ROWS <= p->m; row += ROWS)
        four_rows(p, b, ranges, row);
    for (; row < p->m; row++)
        rows_over(p, row, 1, ranges(b, row), p->accumulate);
}

/* out (HS,KEYS) = x^T, x n rows ld apart; columns from n to the next whole four are 0. */
static void transposed(float *out, const float *x, size_t ld, size_t n, size_t HS)
{
    for (size_t j = 0; j < n; j++)
        for (size_t d = 0; d < HS; d++)
            out[d * KEYS + j] = x[j * ld + d];
    for (size_t j = n; j < whole_fours(n); j++)
        for (size_t d = 0; d < HS; d++)
            out[d * KEYS + j] = 0;
}

/* s, rows lds apart, = the scores of a block, whose queries see what is set; the rest holds something. */
static void scores(float *s, size_t lds, const struct block *b, const struct heads *x, float *turned)
{
    const size_t ld = x->ld, HS = x->HS;
    transposed(turned, x->k + b->j * ld, ld, b->n, HS);
    kern_product_blocked(&(struct kern_product){s, lds, x->q + b->i * ld, ld, 1, turned, KEYS, b->m, whole_fours(b->n), HS, false});
    for (size_t row = 0; row < b->m; row++) {
        struct range r = keys_in(b, row);
        float *own = s + row * lds, far = (float)(b->i + row - b->j), slope = b->how->slope;
        for (size_t j = 0; j < b->n; j++)
            own[j] *= b->how->scale;
        /* far is a whole number below 2^24, and so is its distance to j */
        for (size_t j = r.from; slope != 0 && j < r.to; j++)
            own[j] -= slope * (far - (float)(int)j);
    }
}

/* The blocks of queries [i, i+m), from the first key that any of them sees on: b->n = 0 after the last. */
static struct block first_block(const struct kern_attn *how, size_t i, size_t m)
{
    size_t j = keys_of(how, i).from / KEYS * KEYS;
    return (struct block){i, m, j, least(KEYS, i + m - j), how};
}

static void next_block(struct block *b)
{
    b->j += b->n;
    b->n = least(KEYS, b->i + b->m - b->j);
}

/* s (T) becomes the probabilities of the keys in r. */
static float softmax(float *s, struct range r)
{
    float top = -INFINITY, sum = 0;
    for (size_t j = r.from; j < r.to; j++)
        top = s[j] > top ? s[j] : top;
    for (size_t j = r.from; j < r.to; j++)
        sum += expf(s[j] - top);
    float lse = top + logf(sum);
    for (size_t j = r.from; j < r.to; j++)
        s[j] = expf(s[j] - lse);
    return lse;
}

void kern_attn_fwd_blocked(const struct kern_attn_fwd *a, const struct kern_attn *how, float *scratch)
{
    const struct heads heads = {a->q, a->k, a->ld, a->HS};
    size_t T = a->T, lds = whole_fours(T);
    float *s = scratch, *turned = s + QUERIES * lds;
    for (size_t i = 0; i < T; i += QUERIES) {
        size_t m = least(QUERIES, T - i);
        for (struct block b = first_block(how, i, m); b.n > 0; next_block(&b))
            scores(s + b.j, lds, &b, &heads, turned);
        for (size_t row = 0; row < m; row++)
            a->lse[i + row] = softmax(s + row * lds, keys_of(how, i + row));
        const struct block all = {i, m, 0, T, how};
        const struct kern_product sums = {.c = a->out + i * a->ld_out, .ldc = a->ld_out, .a = s, .a_rs = lds, .a_cs = 1,
                                          .b = a->v, .ldb = a->ld, .m = m, .n = a->HS};
        partial_product(&sums, &all, keys_in);
    }
}

/* A backward pass and its scratch. */
struct backward {
    const struct kern_attn_bwd *a;
    float *p, *ds;            /* (QUERIES,KEYS): probabilities, and the gradient of what the scale multiplies */
    float *turned;            /* (HS,KEYS) */
    float delta[QUERIES];     /* sum_j p_ij dp_ij = out_i . dout_i (Dao et al. 2022, eq. 4) */
};

static void deltas(struct backward *w, size_t i, size_t m)
{
    for (size_t row = 0; row < m; row++) {
        const float *g = w->a->dout + (i + row) * w->a->ld_out, *o = w->a->out + (i + row) * w->a->ld_out;
        w->delta[row] = 0;
        for (size_t d = 0; d < w->a->HS; d++)
            w->delta[row] += g[d] * o[d];
    }
}

static void block_bwd(const struct backward *w, const struct block *b)
{
    const struct kern_attn_bwd *a = w->a;
    const float *g = a->dout + b->i * a->ld_out;
    size_t ld = a->ld, HS = a->HS;
    scores(w->p, KEYS, b, &(struct heads){a->q, a->k, ld, HS}, w->turned);
    transposed(w->turned, a->v + b->j * ld, ld, b->n, HS);
    kern_product_blocked(&(struct kern_product){w->ds, KEYS, g, a->ld_out, 1, w->turned, KEYS, b->m, whole_fours(b->n), HS, false});
    for (size_t row = 0; row < b->m; row++) {
        struct range r = keys_in(b, row);
        float *p = w->p + row * KEYS, *ds = w->ds + row * KEYS;
        for (size_t j = r.from; j < r.to; j++) {
            p[j] = expf(p[j] - a->lse[b->i + row]);
            ds[j] = b->how->scale * p[j] * (ds[j] - w->delta[row]);
        }
    }
    const struct kern_product dq = {a->dq + b->i * ld, ld, w->ds, KEYS, 1, a->k + b->j * ld, ld, b->m, HS, 0, true};
    const struct kern_product dk = {a->dk + b->j * ld, ld, w->ds, 1, KEYS, a->q + b->i * ld, ld, b->n, HS, 0, true};
    const struct kern_product dv = {a->dv + b->j * ld, ld, w->p, 1, KEYS, g, a->ld_out, b->n, HS, 0, true};
    partial_product(&dq, b, keys_in);
    partial_product(&dk, b, queries_in);
    partial_product(&dv, b, queries_in);
}

void kern_attn_bwd_blocked(const struct kern_attn_bwd *a, const struct kern_attn *how, float *scratch)
{
    struct backward w = {.a = a, .p = scratch, .ds = scratch + QUERIES * KEYS, .turned = scratch + 2 * QUERIES * KEYS};
    const size_t T = a->T, ld = a->ld, row_bytes = a->HS * sizeof *a->dq;
    for (size_t i = 0; i < T; i++) {
        memset(a->dq + i * ld, 0, row_bytes);
        if (!how->add)
            memset(a->dk + i * ld, 0, row_bytes), memset(a->dv + i * ld, 0, row_bytes);
    }
    for (size_t i = 0; i < T; i += QUERIES) {
        size_t m = least(QUERIES, T - i);
        deltas(&w, i, m);
        for (struct block b = first_block(how, i, m); b.n > 0; next_block(&b))
            block_bwd(&w, &b);
    }
}
