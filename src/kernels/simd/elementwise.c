/* Kernels that go through arrays place by place: exp, activations, transposing, embeddings, AdamW. A result depends on what lies
 * at its own place alone, but for two: a rotation takes pairs of places, and the gradient of embeddings adds up the rows of one
 * token, in their order. */
#include "kernels/simd/simd.h"

void VEC_NAME(vexp)(float *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VL)
        simd_store_n(out + i, simd_exp(simd_load_n(x + i, n - i)), n - i);
}

/* One loop an activation: `act` is known where this is inlined. */
static inline __attribute__((always_inline)) void act_loop(float *out, float *slope, const float *x, size_t n,
                                                           const enum kern_act act)
{
    for (size_t i = 0; i < n; i += VL) {
        vf d, y = simd_act(act, simd_load_n(x + i, n - i), &d);
        simd_store_n(out + i, y, n - i);
        if (slope)
            simd_store_n(slope + i, d, n - i);
    }
}

void VEC_NAME(act)(float *out, float *slope, const float *x, size_t n, enum kern_act act)
{
#define LOOP(NAME, name)                                                                           \
    case KERN_ACT_##NAME:                                                                          \
        act_loop(out, slope, x, n, KERN_ACT_##NAME);                                               \
        break;
    SIMD_BY_ACT(act, LOOP)
#undef LOOP
}

static inline __attribute__((always_inline)) void glu_loop(float *out, float *g, float *u, size_t n,
                                                           const enum kern_act act, bool d)
{
    for (size_t i = 0; i < n; i += VL) {
        vf slope, f = simd_act(act, simd_load_n(g + i, n - i), &slope), up = simd_load_n(u + i, n - i);
        simd_store_n(out + i, v_mul(f, up), n - i);
        if (!d)
            continue;
        simd_store_n(g + i, v_mul(up, slope), n - i);
        simd_store_n(u + i, f, n - i);
    }
}

void VEC_NAME(glu)(float *out, float *g, float *u, size_t n, enum kern_act act, bool d)
{
#define LOOP(NAME, name)                                                                           \
    case KERN_ACT_##NAME:                                                                          \
        glu_loop(out, g, u, n, KERN_ACT_##NAME, d);                                                \
        break;
    SIMD_BY_ACT(act, LOOP)
#undef LOOP
}

void VEC_NAME(times)(float *out, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i += VL)
        simd_store_n(out + i, v_mul(simd_load_n(a + i, n - i), simd_load_n(b + i, n - i)), n - i);
}

void VEC_NAME(rope)(float *x, size_t rows, const struct kern_rope *how)
{
    const float *cosines = how->cosines, *sines = how->sines;
    const size_t ld = how->ld, T = how->T, NH = how->NH, HS = how->HS, half = HS / 2, far = HS - half;
    const vf sign = v_set1(how->back ? -1.0f : 1.0f);
    for (size_t r = 0, t = 0; r < rows; r++, t = t + 1 == T ? 0 : t + 1) {
        const float *co = cosines + t * half, *si = sines + t * half;
        for (size_t i = 0; i < half; i += VL) {
            const size_t left = half - i;
            const vf c = simd_load_n(co + i, left), s = v_mul(sign, simd_load_n(si + i, left));
            for (size_t h = 0; h < NH; h++) {
                float *a = x + r * ld + h * HS + i, *b = a + far;
                vf u = simd_load_n(a, left), v = simd_load_n(b, left);
                simd_store_n(a, v_fnma(v, s, v_mul(u, c)), left);
                simd_store_n(b, v_fma(u, s, v_mul(v, c)), left);
            }
        }
    }
}

/* VL rows at a time; of each the line four lines on is fetched. The last ones may lie outside x, from
 * where nothing is read. */
void VEC_NAME(transpose)(float *out, size_t ld_out, const float *x, size_t ld, size_t rows,
                         size_t cols)
{
    enum { LINE = 16, AHEAD = 4 * LINE };
    for (size_t i = 0; i < rows; i += VL)
        for (size_t j = 0; j < cols; j += VL) {
            uintptr_t ahead = (uintptr_t)x + (i * ld + j + AHEAD) * sizeof *x;
            for (size_t r = 0; r < VL && j % LINE == 0; r++)
                VEC_FETCH_L1(ahead + r * ld * sizeof *x);
            v_transpose(out + j * ld_out + i, ld_out, x + i * ld + j, ld,
                        rows - i < VL ? rows - i : VL, cols - j < VL ? cols - j : VL);
        }
}

/* One panel of more than VL columns, or as many. */
static inline void wide_panel(float *out, const float *x, size_t ld, size_t rows, size_t width)
{
    for (size_t i = 0; i < rows; i++, out += width, x += ld) {
        size_t c = 0;
        for (; c + VL <= width; c += VL)
            v_store(out + c, v_load(x + c));
        if (c < width) /* overlaps what was copied, which costs less than a masked store */
            v_store(out + width - VL, v_load(x + width - VL));
    }
}

/* One panel of fewer than VL columns. Whole vectors are stored where what they spill over is written
 * later: all rows but the last few. Whole vectors are loaded where `spare` columns follow. */
static inline void narrow_panel(float *out, const float *x, size_t ld, size_t rows, size_t width,
                                size_t spare)
{
    vmask m = v_mask(width);
    size_t i = 0;
    if (width + spare >= VL)
        for (; i + VL < rows; i++)
            v_store(out + i * width, v_load(x + i * ld));
    for (; i + VL < rows; i++)
        v_store(out + i * width, v_load_mask(x + i * ld, m));
    for (; i < rows; i++)
        v_store_mask(out + i * width, m, v_load_mask(x + i * ld, m));
}

/* Panels of two vectors, row by row: the source is read along its rows, and the rows after next are
 * fetched, because they may lie on pages of their own. */
static void panels_by_row(float *out, const float *x, size_t ld, size_t rows, size_t n)
{
    enum { WIDTH = 2 * VL, AHEAD = 4 };
    for (size_t i = 0; i < rows; i++) {
        const float *row = x + i * ld, *ahead = x + (i + AHEAD < rows ? i + AHEAD : i) * ld;
        for (size_t j = 0; j + WIDTH <= n; j += WIDTH) {
            VEC_FETCH_L1(ahead + j);
            VEC_FETCH_L1(ahead + j + VL);
            v_store(out + j * rows + i * WIDTH, v_load(row + j));
            v_store(out + j * rows + i * WIDTH + VL, v_load(row + j + VL));
        }
    }
}

void VEC_NAME(panels)(float *out, const float *x, size_t ld, size_t rows, size_t n, size_t width)
{
    size_t j = 0;
    if (width == 2 * VL) {
        panels_by_row(out, x, ld, rows, n);
        j = n / width * width;
    }
    for (; j < n; j += width) {
        size_t w = n - j < width ? n - j : width;
        if (w >= VL)
            wide_panel(out + j * rows, x + j, ld, rows, w);
        else
            narrow_panel(out + j * rows, x + j, ld, rows, w, n - j - w);
    }
}

void VEC_NAME(embed_fwd)(float *out, const int32_t *token, const float *wte, const float *wpe,
                         size_t rows, size_t T, size_t C)
{
    for (size_t r = 0, t = 0; r < rows; r++, t = t + 1 == T ? 0 : t + 1) {
        const float *te = wte + (size_t)token[r] * C, *pe = wpe ? wpe + t * C : NULL;
        for (size_t c = 0; c < C; c += VL) {
            vf x = simd_load_n(te + c, C - c);
            if (pe)
                x = v_add(x, simd_load_n(pe + c, C - c));
            simd_store_n(out + r * C + c, x, C - c);
        }
    }
}

void VEC_NAME(embed_bwd)(float *dwte, float *dwpe, const int32_t *token, const float *dout,
                         size_t rows, size_t T, size_t C)
{
    for (size_t r = 0, t = 0; r < rows; r++, t = t + 1 == T ? 0 : t + 1) {
        float *te = dwte + (size_t)token[r] * C, *pe = dwpe ? dwpe + t * C : NULL;
        for (size_t c = 0; c < C; c += VL) {
            vf g = simd_load_n(dout + r * C + c, C - c);
            simd_store_n(te + c, v_add(simd_load_n(te + c, C - c), g), C - c);
            if (pe)
                simd_store_n(pe + c, v_add(simd_load_n(pe + c, C - c), g), C - c);
        }
    }
}

void VEC_NAME(adamw)(float *w, const float *grad, float *m, float *v, const struct kern_adamw *o,
                     size_t n)
{
    const vf b1 = v_set1(o->beta1), b2 = v_set1(o->beta2);
    const vf n1 = v_set1(1 - o->beta1), n2 = v_set1(1 - o->beta2);
    const vf c1 = v_set1(o->correct1 * o->lr), c2 = v_set1(o->correct2), eps = v_set1(o->eps);
    const vf clip = v_set1(o->grad_scale), decay = v_set1(o->decay);
    for (size_t i = 0; i < n; i += VL) {
        size_t left = n - i;
        vf g = v_mul(simd_load_n(grad + i, left), clip);
        vf mi = v_fma(b1, simd_load_n(m + i, left), v_mul(n1, g));
        vf vi = v_fma(b2, simd_load_n(v + i, left), v_mul(v_mul(n2, g), g));
        vf wi = simd_load_n(w + i, left);
        vf step = v_div(v_mul(mi, c1), v_add(v_sqrt(v_mul(vi, c2)), eps));
        vf d = o->cautious ? v_keep_above(decay, v_mul(step, wi), v_zero()) : decay;
        simd_store_n(m + i, mi, left);
        simd_store_n(v + i, vi, left);
        simd_store_n(w + i, v_sub(wi, v_fma(d, wi, step)), left);
    }
}

/* Chains side by side: the latency of the multiply-add (4) times two a cycle, and half as many again. */
#define CHAINS 12

void VEC_NAME(fma_steps)(float *x, float a, float b, size_t n, size_t steps)
{
    const vf va = v_set1(a), vb = v_set1(b);
    size_t i = 0;
    for (; i + CHAINS * VL <= n; i += CHAINS * VL) {
        vf c[CHAINS];
        for (size_t j = 0; j < CHAINS; j++)
            c[j] = v_load(x + i + j * VL);
        for (size_t s = 0; s < steps; s++)
            for (size_t j = 0; j < CHAINS; j++)
                c[j] = v_fma(va, c[j], vb);
        for (size_t j = 0; j < CHAINS; j++)
            v_store(x + i + j * VL, c[j]);
    }
    for (; i < n; i += VL) {
        vf c = simd_load_n(x + i, n - i);
        for (size_t s = 0; s < steps; s++)
            c = v_fma(va, c, vb);
        simd_store_n(x + i, c, n - i);
    }
}
