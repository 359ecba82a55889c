/* Layer norm and rmsnorm. As many rows at a time as a vector has lanes: the sums across their vectors are one tree of
 * additions, their roots and quotients one instruction each. A row's sums are added in the order of v_hsum, so that its
 * result does not depend on the rows beside it. */
#include "kernels/simd/simd.h"

#define LN_EPS 1e-5f
#define RMS_EPS 1e-6f

#define INLINE static inline __attribute__((always_inline))
/* Widths whose loops are unrolled: CALL(width) for each, or for any other. */
#define BY_WIDTH(C, CALL)                                                                          \
    if ((C) == 16)                                                                                 \
        CALL(16);                                                                                  \
    else if ((C) == 32)                                                                            \
        CALL(32);                                                                                  \
    else if ((C) == 64)                                                                            \
        CALL(64);                                                                                  \
    else                                                                                           \
        CALL(C)

/* Rows of which as many as a vector has lanes stay in the first-level cache, with all that backward reads of them. */
INLINE bool narrow(size_t C)
{
    return C <= 64;
}

/* Lane i: the sum of row i < n. */
INLINE vf sums_of(vf s[VL], size_t n)
{
    for (size_t i = n; i < VL; i++)
        s[i] = v_zero();
    return v_hsums(s);
}

/* 1 / sqrt(sum / C + eps) */
INLINE vf root_of(vf sum, size_t C, float eps)
{
    vf mean = v_mul(sum, v_set1(1.0f / (float)C));
    return v_div(v_set1(1.0f), v_sqrt(v_add(mean, v_set1(eps))));
}

/* What of a vector lies in its row, 0 elsewhere. */
INLINE vf within(vf x, size_t left)
{
    return left < VL ? v_select(v_mask(left), x, v_zero()) : x;
}

/* n <= VL rows. */
INLINE void layer_fwd(float *out, float *mean, float *rstd, const float *x, const float *w, const float *b, const size_t n,
                      const size_t C)
{
    vf s[VL];
    for (size_t r = 0; r < n; r++) {
        s[r] = v_zero();
        for (size_t c = 0; c < C; c += VL)
            s[r] = v_add(s[r], simd_load_n(x + r * C + c, C - c));
    }
    simd_store_n(mean, v_mul(sums_of(s, n), v_set1(1.0f / (float)C)), n);
    for (size_t r = 0; r < n; r++) {
        const vf mu = v_set1(mean[r]);
        s[r] = v_zero();
        for (size_t c = 0; c < C; c += VL) {
            vf d = within(v_sub(simd_load_n(x + r * C + c, C - c), mu), C - c);
            s[r] = v_fma(d, d, s[r]);
        }
    }
    simd_store_n(rstd, root_of(sums_of(s, n), C, LN_EPS), n);
    for (size_t r = 0; r < n; r++) {
        const vf mu = v_set1(mean[r]), rs = v_set1(rstd[r]);
        for (size_t c = 0; c < C; c += VL) {
            vf xhat = v_mul(v_sub(simd_load_n(x + r * C + c, C - c), mu), rs);
            vf y = v_fma(xhat, simd_load_n(w + c, C - c), simd_load_n(b + c, C - c));
            simd_store_n(out + r * C + c, y, C - c);
        }
    }
}

void VEC_NAME(layernorm_fwd)(float *out, float *mean, float *rstd, const float *x, const float *w, const float *b,
                             size_t rows, size_t C)
{
    size_t r = 0;
    for (; r + VL <= rows; r += VL) {
#define CALL(width) layer_fwd(out + r * C, mean + r, rstd + r, x + r * C, w, b, VL, width)
        BY_WIDTH(C, CALL);
#undef CALL
    }
    layer_fwd(out + r * C, mean + r, rstd + r, x + r * C, w, b, rows - r, C);
}

/* A vector of row r, from column c on: what it adds to the row's sums, of dxhat and of dxhat xhat, and to those of columns. */
INLINE void layer_add(const struct kern_norm_bwd *a, vf *s1, vf *s2, vf *dw, vf *db, size_t r, size_t c, const size_t C)
{
    const size_t left = C - c, i = r * C + c;
    vf g = simd_load_n(a->dout + i, left);
    vf xhat = v_mul(v_sub(simd_load_n(a->x + i, left), v_set1(a->mean[r])), v_set1(a->rstd[r]));
    vf dxhat = v_mul(g, simd_load_n(a->w + c, left)); /* 0 after the end */
    *s1 = v_add(*s1, dxhat);
    *s2 = v_fma(dxhat, xhat, *s2);
    *dw = v_fma(g, xhat, *dw);
    *db = v_add(g, *db);
}

/* The sums of n <= VL rows from `at` on. Narrow rows go column by column, so that dw and db stay in registers; of wide ones
 * each is read along. */
INLINE void layer_sums(const struct kern_norm_bwd *a, vf s1[VL], vf s2[VL], size_t at, const size_t n, const size_t C,
                       const bool by_columns)
{
    for (size_t r = 0; r < n; r++)
        s1[r] = s2[r] = v_zero();
    for (size_t c = 0; by_columns && c < C; c += VL) {
        vf dw = simd_load_n(a->dw + c, C - c), db = simd_load_n(a->db + c, C - c);
        for (size_t r = 0; r < n; r++)
            layer_add(a, &s1[r], &s2[r], &dw, &db, at + r, c, C);
        simd_store_n(a->dw + c, dw, C - c);
        simd_store_n(a->db + c, db, C - c);
    }
    for (size_t r = 0; !by_columns && r < n; r++) {
        vf t1 = v_zero(), t2 = v_zero();
        for (size_t c = 0; c < C; c += VL) {
            vf dw = simd_load_n(a->dw + c, C - c), db = simd_load_n(a->db + c, C - c);
            layer_add(a, &t1, &t2, &dw, &db, at + r, c, C);
            simd_store_n(a->dw + c, dw, C - c);
            simd_store_n(a->db + c, db, C - c);
        }
        s1[r] = t1, s2[r] = t2;
    }
}

/* n <= VL rows from `at` on. */
INLINE void layer_bwd(const struct kern_norm_bwd *a, size_t at, const size_t n, const size_t C, const bool by_columns)
{
    const float *g = a->dout + at * C, *x = a->x + at * C, *mean = a->mean + at, *rstd = a->rstd + at;
    float *dx = a->dx + at * C, *ds = a->ds ? a->ds + at * C : NULL;
    float m1[VL], m2[VL];
    vf s1[VL], s2[VL];
    layer_sums(a, s1, s2, at, n, C, by_columns);
    const vf inv = v_set1(1.0f / (float)C), scale = v_set1(a->scale);
    v_store(m1, v_mul(sums_of(s1, n), inv));
    v_store(m2, v_mul(sums_of(s2, n), inv));
    for (size_t r = 0; r < n; r++) {
        const vf mu = v_set1(mean[r]), rs = v_set1(rstd[r]), r1 = v_set1(m1[r]), r2 = v_set1(m2[r]);
        for (size_t c = 0; c < C; c += VL) {
            const size_t left = C - c, i = r * C + c;
            vf xhat = v_mul(v_sub(simd_load_n(x + i, left), mu), rs);
            vf dxhat = v_mul(simd_load_n(g + i, left), simd_load_n(a->w + c, left));
            vf d = v_fnma(xhat, r2, v_sub(dxhat, r1));
            vf y = v_fma(rs, d, simd_load_n(dx + i, left));
            simd_store_n(dx + i, y, left);
            if (ds)
                simd_store_n(ds + i, v_mul(scale, y), left);
        }
    }
}

void VEC_NAME(layernorm_bwd)(const struct kern_norm_bwd *n)
{
    const struct kern_norm_bwd a = *n; /* of which the compiler knows that no store changes it */
    const size_t rows = a.rows, C = a.C;
    const size_t whole = narrow(C) ? rows / VL * VL : 0;
    for (size_t r = 0; r < whole; r += VL) {
#define CALL(width) layer_bwd(&a, r, VL, width, true)
        BY_WIDTH(C, CALL);
#undef CALL
    }
    for (size_t r = whole; r < rows; r++)
        layer_bwd(&a, r, 1, C, false);
}

INLINE vf gain_at(const float *w, size_t c, size_t left)
{
    return w ? simd_load_n(w + c, left) : v_set1(1.0f);
}

INLINE void rms_fwd(float *out, float *rstd, const float *x, const float *w, size_t ld, const size_t n, const size_t C)
{
    vf s[VL];
    for (size_t r = 0; r < n; r++) {
        s[r] = v_zero();
        for (size_t c = 0; c < C; c += VL) {
            vf a = simd_load_n(x + r * ld + c, C - c);
            s[r] = v_fma(a, a, s[r]);
        }
    }
    simd_store_n(rstd, root_of(sums_of(s, n), C, RMS_EPS), n);
    for (size_t r = 0; r < n; r++) {
        const vf rs = v_set1(rstd[r]);
        for (size_t c = 0; c < C; c += VL) {
            vf y = v_mul(v_mul(simd_load_n(x + r * ld + c, C - c), rs), gain_at(w, c, C - c));
            simd_store_n(out + r * ld + c, y, C - c);
        }
    }
}

void VEC_NAME(rmsnorm_fwd)(float *out, float *rstd, const float *x, const float *w, size_t ld, size_t rows, size_t C)
{
    size_t r = 0;
    for (; r + VL <= rows; r += VL) {
#define CALL(width) rms_fwd(out + r * ld, rstd + r, x + r * ld, w, ld, VL, width)
        BY_WIDTH(C, CALL);
#undef CALL
    }
    rms_fwd(out + r * ld, rstd + r, x + r * ld, w, ld, rows - r, C);
}

/* As layer_add: the row's sum is of dxhat xhat. */
INLINE void rms_add(const struct kern_norm_bwd *a, vf *s, vf *dw, size_t r, size_t c, const size_t C)
{
    const size_t left = C - c, i = r * a->ld + c;
    vf xhat = v_mul(simd_load_n(a->x + i, left), v_set1(a->rstd[r]));
    vf gx = v_mul(simd_load_n(a->dout + i, left), xhat); /* 0 after the end */
    *s = v_fma(gx, gain_at(a->w, c, left), *s);
    *dw = v_add(gx, *dw);
}

/* As layer_sums. */
INLINE void rms_sums(const struct kern_norm_bwd *a, vf s[VL], size_t at, const size_t n, const size_t C, const bool by_columns)
{
    for (size_t r = 0; r < n; r++)
        s[r] = v_zero();
    for (size_t c = 0; by_columns && c < C; c += VL) {
        vf dw = a->dw ? simd_load_n(a->dw + c, C - c) : v_zero();
        for (size_t r = 0; r < n; r++)
            rms_add(a, &s[r], &dw, at + r, c, C);
        if (a->dw)
            simd_store_n(a->dw + c, dw, C - c);
    }
    for (size_t r = 0; !by_columns && r < n; r++) {
        vf t = v_zero();
        for (size_t c = 0; c < C; c += VL) {
            vf dw = a->dw ? simd_load_n(a->dw + c, C - c) : v_zero();
            rms_add(a, &t, &dw, at + r, c, C);
            if (a->dw)
                simd_store_n(a->dw + c, dw, C - c);
        }
        s[r] = t;
    }
}

INLINE void rms_bwd(const struct kern_norm_bwd *a, size_t at, const size_t n, const size_t C, const bool by_columns)
{
    const size_t ld = a->ld;
    const float *g = a->dout + at * ld, *x = a->x + at * ld, *rstd = a->rstd + at;
    float *dx = a->dx + at * ld, *ds = a->ds ? a->ds + at * ld : NULL, m[VL];
    vf s[VL];
    rms_sums(a, s, at, n, C, by_columns);
    v_store(m, v_mul(sums_of(s, n), v_set1(1.0f / (float)C)));
    const vf scale = v_set1(a->scale);
    for (size_t r = 0; r < n; r++) {
        const vf rs = v_set1(rstd[r]), mr = v_set1(m[r]);
        for (size_t c = 0; c < C; c += VL) {
            const size_t left = C - c, i = r * ld + c;
            vf xhat = v_mul(simd_load_n(x + i, left), rs);
            vf d = v_fnma(xhat, mr, v_mul(simd_load_n(g + i, left), gain_at(a->w, c, left)));
            vf y = v_fma(rs, d, simd_load_n(dx + i, left));
            simd_store_n(dx + i, y, left);
            if (ds)
                simd_store_n(ds + i, v_mul(scale, y), left);
        }
    }
}

void VEC_NAME(rmsnorm_bwd)(const struct kern_norm_bwd *n)
{
    const struct kern_norm_bwd a = *n;
    const size_t rows = a.rows, C = a.C;
    const size_t whole = narrow(C) ? rows / VL * VL : 0;
    for (size_t r = 0; r < whole; r += VL) {
#define CALL(width) rms_bwd(&a, r, VL, width, true)
        BY_WIDTH(C, CALL);
#undef CALL
    }
    for (size_t r = whole; r < rows; r++)
        rms_bwd(&a, r, 1, C, false);
}
