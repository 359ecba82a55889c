/* Causal attention with lanes across queries (forward) or keys (backward), so that no sum runs
 * across a vector. All five products go through the GEMM tile; the block of lanes is two vectors
 * wide and the half of a block above the diagonal that a whole vector covers is never computed.
 * Forward holds one block's scores for all its keys, backward a chunk of rows, recomputing
 * probabilities from the log-sum-exp (Dao et al. 2022). Scores are kept in base 2. */
#include "kernels/simd/simd.h"

#include <math.h>
#include <string.h>

#define LANES (2 * VL)
#define LOG2E 1.44269504088896341f
#define LN2   0.693147180559945309f
/* Rows of a backward chunk: probabilities and their gradients stay in L1 (2 x 64 x LANES floats).
 */
#define CHUNK 64

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The next head's rows lie right of this one's. They are fetched into the second-level cache, a row of one
 * array at a time, from where exponentials leave the memory alone; not below FETCH_HS, where rows share
 * lines and neighbours have brought most of them. Right of the last head lies something else, or nothing:
 * nothing is read from there. */
enum { LINE = 16, FETCH_HS = 32, MOST_ARRAYS = 5 };
struct ahead {
    size_t T, HS, n, left; /* arrays to go, rows of the last of them */
    struct {
        uintptr_t row;
        size_t row_bytes;
    } arrays[MOST_ARRAYS];
};

static inline struct ahead ahead_of(size_t T, size_t HS)
{
    return (struct ahead){.T = T, .HS = HS, .left = T};
}

static inline void ahead_add(struct ahead *a, const float *x, size_t ld)
{
    if (a->HS < FETCH_HS)
        return;
    a->arrays[a->n].row = (uintptr_t)x + a->HS * sizeof *x;
    a->arrays[a->n++].row_bytes = ld * sizeof *x;
}

static inline __attribute__((always_inline)) void fetch_row(struct ahead *a)
{
    if (a->n == 0)
        return;
    uintptr_t *row = &a->arrays[a->n - 1].row;
    for (size_t d = 0; d < a->HS; d += LINE)
        VEC_FETCH_L2(*row + d * sizeof(float));
    *row += a->arrays[a->n - 1].row_bytes;
    if (--a->left == 0)
        a->n--, a->left = a->T;
}

/* dst (HS,LANES) = scale src^T, src n rows ld apart; lanes from n on are zero. */
static void lanes_in(float *dst, const float *src, size_t ld, size_t n, size_t HS, float scale)
{
    for (size_t i = 0; i < LANES; i += 8)
        for (size_t d = 0; d < HS; d += 8)
            transpose_block(dst + d * LANES + i, LANES, src + (i < n ? i * ld : 0) + d, ld,
                            i < n ? least(8, n - i) : 0, least(8, HS - d), scale, 1);
}

/* dst, n rows ld apart, = scale src^T with src (HS,LANES). */
static void lanes_out(float *dst, size_t ld, const float *src, size_t n, size_t HS, float scale)
{
    for (size_t i = 0; i < n; i += 8)
        for (size_t d = 0; d < HS; d += 8)
            transpose_block(dst + i * ld + d, ld, src + d * LANES + i, LANES, least(8, HS - d),
                            least(8, n - i), scale, 0);
}

/* ln x within 2 ulp for normal x > 0; NaN for inf and NaN. Polynomial: Cephes logf (Moshier). */
static inline vf simd_log(vf x)
{
    vf m, e = v_split_exponent(x, &m), r = v_sub(m, v_set1(1.0f)), z = v_mul(r, r);
    vf p = v_set1(7.0376836292e-2f);
    p = v_fma(p, r, v_set1(-1.1514610310e-1f));
    p = v_fma(p, r, v_set1(1.1676998740e-1f));
    p = v_fma(p, r, v_set1(-1.2420140846e-1f));
    p = v_fma(p, r, v_set1(1.4249322787e-1f));
    p = v_fma(p, r, v_set1(-1.6668057665e-1f));
    p = v_fma(p, r, v_set1(2.0000714765e-1f));
    p = v_fma(p, r, v_set1(-2.4999993993e-1f));
    p = v_fma(p, r, v_set1(3.3333331174e-1f));
    p = v_mul(v_mul(p, r), z);
    p = v_fma(e, v_set1(-2.12194440e-4f), p);
    p = v_fma(z, v_set1(-0.5f), p);
    p = v_fma(e, v_set1(0.693359375f), v_add(r, p));
    return v_fma(x, v_zero(), p);
}

/* Keys before the first that query i sees. */
static inline size_t unseen(const struct kern_attn *how, size_t i)
{
    return how->window && i + 1 > how->window ? i + 1 - how->window : 0;
}

/* Scores (n,lanes at stride LANES) of keys from j on and the queries of one vector from i on: the distance's part is
 * added, and what lies before a query's window masked. */
static void weigh_keys(float *s, size_t n, size_t j, size_t i, const struct kern_attn *how)
{
    float lane[VL];
    for (size_t l = 0; l < VL; l++)
        lane[l] = -LOG2E * how->slope * (float)l;
    const vf along = v_load(lane);
    for (size_t r = 0; how->slope != 0 && r < n; r++) {
        float near = LOG2E * how->slope * ((float)(j + r) - (float)i);
        v_store(s + r * LANES, v_add(v_load(s + r * LANES), v_add(along, v_set1(near))));
    }
    for (size_t r = 0; how->window && r < n; r++) {
        size_t seen = j + r + how->window; /* by queries below this one */
        if (seen < i + VL)
            v_store(s + r * LANES, v_select(v_mask_from(seen > i ? seen - i : 0), v_set1(-INFINITY), v_load(s + r * LANES)));
    }
}

/* The same for rows of queries from i on, and lanes of keys from j on. */
static void weigh_queries(float *s, size_t n, size_t i, size_t j, const struct kern_attn *how)
{
    float lane[VL];
    for (size_t l = 0; l < VL; l++)
        lane[l] = LOG2E * how->slope * (float)l;
    const vf along = v_load(lane);
    for (size_t r = 0; how->slope != 0 && r < n; r++) {
        float near = LOG2E * how->slope * ((float)j - (float)(i + r));
        v_store(s + r * LANES, v_add(v_load(s + r * LANES), v_add(along, v_set1(near))));
    }
    for (size_t r = 0; how->window && r < n; r++) {
        size_t hidden = unseen(how, i + r); /* keys below this one */
        if (hidden > j)
            v_store(s + r * LANES, v_select(v_mask(least(hidden - j, VL)), v_set1(-INFINITY), v_load(s + r * LANES)));
    }
}

/* Softmax numerators of one vector of queries in place: s (n, lanes at stride LANES), of which the
 * rows from `diag` on are masked above the diagonal. Returns the sums; *top receives the maxima. */
static inline vf softmax_lanes(float *s, size_t n, size_t diag, vf *top, struct ahead *ahead)
{
    for (size_t j = diag; j < n; j++)
        v_store(s + j * LANES,
                v_select(v_mask_from(j - diag), v_load(s + j * LANES), v_set1(-INFINITY)));
    vf t0 = v_load(s), t1 = t0, t2 = t0, t3 = t0;
    size_t j = 0;
    for (; j + 4 <= n; j += 4) {
        t0 = v_max(t0, v_load(s + j * LANES));
        t1 = v_max(t1, v_load(s + (j + 1) * LANES));
        t2 = v_max(t2, v_load(s + (j + 2) * LANES));
        t3 = v_max(t3, v_load(s + (j + 3) * LANES));
    }
    for (; j < n; j++)
        t0 = v_max(t0, v_load(s + j * LANES));
    t0 = v_max(v_max(t0, t1), v_max(t2, t3));
    vf s0 = v_zero(), s1 = v_zero();
    for (j = 0; j + 2 <= n; j += 2) {
        vf p0 = simd_exp2(v_sub(v_load(s + j * LANES), t0));
        vf p1 = simd_exp2(v_sub(v_load(s + (j + 1) * LANES), t0));
        v_store(s + j * LANES, p0);
        v_store(s + (j + 1) * LANES, p1);
        s0 = v_add(s0, p0);
        s1 = v_add(s1, p1);
        fetch_row(ahead);
        fetch_row(ahead);
    }
    if (j < n) {
        vf p0 = simd_exp2(v_sub(v_load(s + j * LANES), t0));
        v_store(s + j * LANES, p0);
        s0 = v_add(s0, p0);
    }
    *top = t0;
    return v_add(s0, s1);
}

void VEC_NAME(attn_fwd)(const struct kern_attn_fwd *a, const struct kern_attn *how, float *scratch)
{
    float *out = a->out, *lse = a->lse;
    const float *q = a->q, *k = a->k, *v = a->v;
    const size_t ld_out = a->ld_out, ld = a->ld, T = a->T, HS = a->HS;
    float *qt = scratch, *ot = qt + HS * LANES,
          *s = ot + HS * LANES; /* (HS,LANES) x 2, (T,LANES) */
    struct ahead ahead = ahead_of(T, HS);
    ahead_add(&ahead, v, ld);
    ahead_add(&ahead, k, ld);
    ahead_add(&ahead, q, ld);
    for (size_t i = 0; i < T; i += LANES) {
        size_t n = least(LANES, T - i), width = n > VL ? LANES : VL;
        /* Keys from j on: of the first vector of queries, and of both. */
        size_t j = unseen(how, i), half = least(i + VL, T) - j, all = i + n - j;
        const float *kj = k + j * ld, *vj = v + j * ld;
        lanes_in(qt, q + i * ld, ld, n, HS, how->scale * LOG2E);
        VEC_NEAR_TILE(&(struct kern_product){s, LANES, kj, ld, 1, qt, LANES, half, width, HS, false});
        VEC_NEAR_TILE(&(struct kern_product){s + half * LANES + VL, LANES, kj + half * ld, ld, 1, qt + VL, LANES, all - half, VL,
                                               HS, false});
        for (size_t h = 0; h < width; h += VL) {
            if (how->slope != 0 || how->window)
                weigh_keys(s + h, h == 0 ? half : all, j, i + h, how);
            vf top, sum = softmax_lanes(s + h, h == 0 ? half : all, i + h - j, &top, &ahead);
            simd_store_n(lse + i + h, v_fma(top, v_set1(LN2), simd_log(sum)), n - h);
            v_store(qt + h, v_div(v_set1(1.0f), sum)); /* the queries are no longer needed */
        }
        VEC_NEAR_TILE(&(struct kern_product){ot, LANES, vj, 1, ld, s, LANES, HS, width, half, false});
        VEC_NEAR_TILE(&(struct kern_product){ot + VL, LANES, vj + half * ld, 1, ld, s + half * LANES + VL, LANES, HS,
                                               all > half ? VL : 0, all - half, true});
        for (size_t h = 0; h < width; h += VL) {
            vf inv = v_load(qt + h);
            for (size_t d = 0; d < HS; d++)
                v_store(ot + d * LANES + h, v_mul(inv, v_load(ot + d * LANES + h)));
        }
        lanes_out(out + i * ld_out, ld_out, ot, n, HS, 1.0f);
    }
}

/* delta[i] = out_i . dout_i = sum_j p_ij dp_ij, and -lse in base 2. */
static void row_terms(float *delta, float *minus_lse2, const struct kern_attn_bwd *a)
{
    const size_t T = a->T, HS = a->HS;
    for (size_t i = 0; i < T; i++) {
        const float *dout = a->dout + i * a->ld_out, *out = a->out + i * a->ld_out;
        vf sum = v_zero();
        for (size_t d = 0; d < HS; d += VL)
            sum = v_fma(simd_load_n(dout + d, HS - d), simd_load_n(out + d, HS - d), sum);
        delta[i] = v_hsum(sum);
        minus_lse2[i] = -LOG2E * a->lse[i];
    }
}

/* Scores and dp of n rows, one vector of keys, to probabilities and score gradients. `diag` rows at
 * the start lie on the diagonal: row r keeps keys 0 .. r. */
static inline void grad_lanes(float *p, float *ds, const float *delta, const float *minus_lse2,
                              size_t n, size_t diag, struct ahead *ahead)
{
    for (size_t r = 0; r < n; r++) {
        fetch_row(ahead);
        vf pr = simd_exp2(v_add(v_load(p + r * LANES), v_set1(minus_lse2[r])));
        vf dr = v_mul(pr, v_sub(v_load(ds + r * LANES), v_set1(delta[r])));
        if (r < diag) {
            pr = v_select(v_mask_from(r + 1), v_zero(), pr);
            dr = v_select(v_mask_from(r + 1), v_zero(), dr);
        }
        v_store(p + r * LANES, pr);
        v_store(ds + r * LANES, dr);
    }
}

/* As lanes_out, or added where `add` is set: by way of spare (n,HS). */
static void keys_out(float *dst, size_t ld, const float *src, size_t n, size_t HS, float scale, bool add, float *spare)
{
    lanes_out(add ? spare : dst, add ? HS : ld, src, n, HS, scale);
    for (size_t r = 0; add && r < n; r++)
        for (size_t d = 0; d < HS; d += VL)
            simd_store_n(dst + r * ld + d, v_add(simd_load_n(dst + r * ld + d, HS - d), simd_load_n(spare + r * HS + d, HS - d)),
                         HS - d);
}

/* C (m,HS) (+)= ds B with ds (m,LANES) and B (keys,HS), contiguous. */
static void rows_by_keys(float *c, size_t ldc, const float *ds, const float *b, size_t m, size_t HS,
                         size_t keys, bool accumulate)
{
    for (size_t d = 0; d < HS; d += LANES)
        VEC_NEAR_TILE(&(struct kern_product){c + d, ldc, ds, LANES, 1, b + d, HS, m, least(LANES, HS - d), keys, accumulate});
}

void VEC_NAME(attn_bwd)(const struct kern_attn_bwd *a, const struct kern_attn *how, float *scratch)
{
    float *dq = a->dq, *dk = a->dk, *dv = a->dv;
    const float *dout = a->dout, *out = a->out, *q = a->q, *k = a->k, *v = a->v;
    const size_t ld_out = a->ld_out, ld = a->ld, T = a->T, HS = a->HS;
    const float scale = how->scale;
    const bool weigh = how->slope != 0 || how->window;
    float *kt = scratch, *vt = kt + HS * LANES, *dkt = vt + HS * LANES, *dvt = dkt + HS * LANES;
    float *ks = dvt + HS * LANES, *p = ks + HS * LANES, *ds = p + CHUNK * LANES;
    float *delta = ds + CHUNK * LANES, *minus_lse2 = delta + T;
    struct ahead ahead = ahead_of(T, HS);
    ahead_add(&ahead, v, ld);
    ahead_add(&ahead, k, ld);
    ahead_add(&ahead, q, ld);
    ahead_add(&ahead, out, ld_out);
    ahead_add(&ahead, dout, ld_out);
    row_terms(delta, minus_lse2, a);
    if (how->window) /* then no block of keys meets every query */
        for (size_t i = 0; i < T; i++)
            memset(dq + i * ld, 0, HS * sizeof *dq);
    for (size_t j = 0; j < T; j += LANES) {
        size_t n = least(LANES, T - j), width = n > VL ? LANES : VL;
        lanes_in(kt, k + j * ld, ld, n, HS, scale * LOG2E);
        lanes_in(vt, v + j * ld, ld, n, HS, 1.0f);
        for (size_t r = 0; r < n; r++)
            for (size_t d = 0; d < HS; d += VL)
                simd_store_n(ks + r * HS + d,
                             v_mul(v_set1(scale), simd_load_n(k + (j + r) * ld + d, HS - d)),
                             HS - d);
        const size_t end = how->window ? least(T, j + LANES - 1 + how->window) : T;
        const bool more = j > 0 || how->window;
        for (size_t i = j; i < end; i += CHUNK) {
            size_t rows = least(CHUNK, end - i);
            /* Of the first chunk, the second vector of keys begins VL rows later. */
            size_t skip = i == j ? least(VL, rows) : 0, rest = rows - skip;
            const float *qi = q + i * ld, *gi = dout + i * ld_out;
            const float *qr = qi + skip * ld, *gr = gi + skip * ld_out;
            float *pr = p + skip * LANES, *dr = ds + skip * LANES, *dqi = dq + i * ld;
            VEC_NEAR_TILE(&(struct kern_product){p, LANES, qi, ld, 1, kt, LANES, skip, VL, HS, false});
            VEC_NEAR_TILE(&(struct kern_product){pr, LANES, qr, ld, 1, kt, LANES, rest, width, HS, false});
            VEC_NEAR_TILE(&(struct kern_product){ds, LANES, gi, ld_out, 1, vt, LANES, skip, VL, HS, false});
            VEC_NEAR_TILE(&(struct kern_product){dr, LANES, gr, ld_out, 1, vt, LANES, rest, width, HS, false});
            if (weigh)
                weigh_queries(p, rows, i, j, how);
            grad_lanes(p, ds, delta + i, minus_lse2 + i, rows, skip, &ahead);
            if (weigh && width > VL)
                weigh_queries(pr + VL, rest, i + skip, j + VL, how);
            if (width > VL)
                grad_lanes(pr + VL, dr + VL, delta + i + skip, minus_lse2 + i + skip, rest, skip, &ahead);
            VEC_NEAR_TILE(&(struct kern_product){dvt, LANES, gr, 1, ld_out, pr, LANES, HS, width, rest, i > j});
            VEC_NEAR_TILE(&(struct kern_product){dvt, LANES, gi, 1, ld_out, p, LANES, HS, skip ? VL : 0, skip, true});
            VEC_NEAR_TILE(&(struct kern_product){dkt, LANES, qr, 1, ld, dr, LANES, HS, width, rest, i > j});
            VEC_NEAR_TILE(&(struct kern_product){dkt, LANES, qi, 1, ld, ds, LANES, HS, skip ? VL : 0, skip, true});
            rows_by_keys(dqi, ld, ds, ks, skip, HS, least(n, VL), more);
            rows_by_keys(dqi + skip * ld, ld, dr, ks, rest, HS, n, more);
        }
        keys_out(dk + j * ld, ld, dkt, n, HS, scale, how->add, kt);
        keys_out(dv + j * ld, ld, dvt, n, HS, 1.0f, how->add, kt);
    }
}
