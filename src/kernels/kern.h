/* The kernels: pure single-threaded functions on a range of rows or one tile, and the table that
 * picks the best one this CPU can run.
 *
 * kernels/ref/ is the definition: plain loops, compiled twice (float for the table, double for the
 * tests), and what of them takes the most time once more by blocks, with the same bytes. kern_init
 * writes those, then overwrites upward as far as the CPU and the cap allow. Afterwards the table is
 * const. No kernel allocates, reads or writes outside its operands, or needs alignment. Row-major
 * throughout; "ld" is the distance between rows in elements.
 *
 * Results do not depend on how the caller splits rows among threads: a row's result depends on that
 * row alone, and kernels that sum over rows are called on ranges fixed by shape. */
#ifndef PLATEAU_KERNELS_KERN_H
#define PLATEAU_KERNELS_KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The levels, X(NAME, name, family): a set of instructions is a row, a folder of that name and a test in kern.c for processors
 * that run it. ANY processor runs the reference. Of one family a later row is the wider level; rows of two families have no
 * order, as no processor is of both. */
#define KERN_LEVELS(X)                                                                             \
    X(REF, ref, ANY)                                                                               \
    X(NEON, neon, ARM)                                                                             \
    X(AVX2, avx2, X86)                                                                             \
    X(AVX512, avx512, X86)                                                                         \
    X(AMX, amx, X86)

enum kern_isa {
#define X(NAME, name, family) KERN_##NAME,
    KERN_LEVELS(X)
#undef X
        KERN_ISA_COUNT
};

/* Activations, X(NAME, name): one is a row, a file act/NAME.inc and its line in act/all.inc. */
#define KERN_ACTS(X)                                                                               \
    X(NONE, none)                                                                                  \
    X(GELU, gelu)                                                                                  \
    X(RELU, relu)                                                                                  \
    X(RELU2, relu2)                                                                                \
    X(SILU, silu)

enum kern_act {
#define X(NAME, name) KERN_ACT_##NAME,
    KERN_ACTS(X)
#undef X
        KERN_ACT_COUNT
};

/* A struct of operands.inc whose values are kreal: struct kern_NAME of floats, struct kern_NAME64 of doubles. */
#define KERN_OF(name) struct KERN_TAG_OF(kreal, name)
#define KERN_TAG_OF(real, name) KERN_TAG(real, name)
#define KERN_TAG(real, name) KERN_TAG_##real(name)
#define KERN_TAG_float(name) kern_##name
#define KERN_TAG_double(name) kern_##name##64

#define kreal float
#include "kernels/operands.inc"
#undef kreal

/* What a product reads next, for the tile to bring closer while it computes. It changes no result. */
struct kern_fetch {
    bool cold; /* A's rows are not expected in the cache: while MR of them are at work the next are fetched */
    /* The part of B that comes after this one, (rows, cols) and rows ld apart: to the second-level cache,
     * a share of it with every MR rows of A. rows = 0: none. */
    const float *next;
    size_t ld, rows, cols;
};

/* The GEMM micro-kernel: a product with n <= NR and any m, taken MR rows at a time. fetch, epilogue: NULL where there is
 * nothing to fetch or to do; epilogue is applied to the finished elements, with pointers to those of C[0][0]. An element's
 * value does not depend on m, n or its place in the tile. */
typedef void kern_gemm_tile_fn(const struct kern_product *p, const struct kern_fetch *fetch,
                               const struct kern_epilogue *epilogue);

struct kern_gemm {
    kern_gemm_tile_fn *tile;
    size_t MR, NR;     /* register tile */
    size_t MC, NC, KC; /* cache blocks, in rows, columns and depth */
};

/* What the products of layers multiply: floats, or floats rounded to bfloat16. */
enum kern_precision { KERN_FP32, KERN_BF16 };

/* Products of bfloat16. A value is rounded to its 8 leading bits, to nearest, ties to even; subnormal ones are 0, and so are
 * subnormal sums, and subnormal values in what ends a product. Every sum is one of fp32, rounded to nearest even. Depth is
 * filled up with zeros to whole groups, and an element of C is
 *   group 2, VDPBF16PS, whether there is such an instruction or not: one chain of fused multiply-adds, the odd value of a
 *     pair before the even one;
 *   group 32, TDPBF16PS, of the level amx alone: c, or 0, plus group after group the sum of two such chains, of its even
 *     values and of its odd ones.
 * Operands are made by the functions below; the tile reads them as kern_gemm_tile_fn says, `each` values of depth in a
 * float: 2, side by side, the even one below; or 1, as a float again and in the order 1 0 3 2 ... of the sum. gemm.KC
 * counts values and is the same for every level, and of one group so is every sum. */
struct kern_bf16 {
    struct kern_gemm gemm;
    size_t each, group;
    bool a_by_rows; /* the tile wants A's a_cs to be 1 */
    /* x (depth,n), rows ld apart, in panels of `width` columns, each (kern_bf16_deep,width): as `panels` below. */
    void (*rows)(float *out, const float *x, size_t ld, size_t depth, size_t n, size_t width);
    /* x (n,depth), rows ld apart, to rows of kern_bf16_deep floats, ld_out apart. */
    void (*along)(float *out, size_t ld_out, const float *x, size_t ld, size_t n, size_t depth);
};

/* Floats of depth that so many values take. */
static inline size_t kern_bf16_deep(const struct kern_bf16 *b, size_t depth)
{
    return (depth + b->group - 1) / b->group * b->group / b->each;
}

/* AdamW with decoupled decay (Loshchilov and Hutter 2019), one tensor's constants. */
struct kern_adamw {
    float lr, beta1, beta2, eps, decay; /* decay: lr * weight_decay, already multiplied */
    float correct1, correct2;           /* 1 / (1 - beta^t) */
    float grad_scale;                   /* from clipping */
    bool cautious; /* decay only where the step and the weight have one sign (Chen et al. 2025, arXiv 2510.12402) */
};

/* A momentum and the direction that is taken from it: m = keep m + add g, u = ahead m + direct g. */
struct kern_momentum {
    float keep, add, ahead, direct;
    float grad_scale; /* g = grad_scale grad */
};

/* Lion (Chen et al. 2023): u = sign(beta1 m + (1 - beta1) g), then m = beta2 m + (1 - beta2) g. */
struct kern_lion {
    float beta1, beta2, grad_scale;
};

/* w -= rate u + decay w; where `cautious`, decay only where u and w have one sign, or either is 0. */
struct kern_descent {
    float rate, decay;
    bool cautious;
};

/* How attention weighs keys. */
struct kern_attn {
    float scale;   /* of the scores */
    float slope;   /* added to the score of query i and key j: slope (j - i) (Press et al. 2022); 0: nothing */
    size_t window; /* a query sees itself and window - 1 keys before it; 0: all of them */
    bool add;      /* backward: dk and dv are added to */
};

/* Cross-entropy of z = cap tanh(logit_scale x / cap) (Gemma Team 2024), or of z = logit_scale x where cap is 0. */
struct kern_xent {
    float logit_scale, cap;
    float z_loss;     /* what is differentiated has z_loss (ln sum e^z)^2 added (Chowdhery et al. 2022); the loss has not */
    float grad_scale; /* 0: no gradient */
    float soft;       /* share of what is differentiated that is left to soft targets: the loss counts 1 - soft there */
};

/* Soft targets: the cross-entropy of p = softmax(z / t) against q = softmax(z' / t), times t^2, so that its gradient does
 * not fade with t (Hinton et al. 2015, section 2). z is that of kern_xent, z' the teacher's likewise. */
struct kern_soft {
    float logit_scale, cap;
    float teacher_scale, teacher_cap;
    float temperature; /* t > 0 */
    float grad_scale;
};

/* One of several models whose distributions are averaged. */
struct kern_pool {
    float logit_scale, cap; /* as in struct kern_xent */
    size_t member, members;
};

/* X(return type, name, arguments): the list from which the table, the reference and the tests are
 * made. `kreal` is float in the table and double in the reference of the tests. */
#define KERN_OPS(X)                                                                                \
    KERN_VECTOR_OPS(X)                                                                             \
    KERN_PLAIN_OPS(X)

/* What the vector levels have their own of. */
#define KERN_VECTOR_OPS(X)                                                                         \
    /* out = (x - mean) rstd w + b; x, out (rows,C); mean, rstd (rows); w, b (C). eps 1e-5. */      \
    X(void, layernorm_fwd,                                                                         \
      (kreal * out, kreal *mean, kreal *rstd, const kreal *x, const kreal *w, const kreal *b,      \
       size_t rows, size_t C))                                                                     \
    X(void, layernorm_bwd, (const KERN_OF(norm_bwd) * n))                                          \
    /* out = x rstd w, rstd = 1 / sqrt(mean of x^2 + 1e-6); w (C), or NULL: 1. Rows of x and out ld apart; out may  \
     * be x. */                                                                                     \
    X(void, rmsnorm_fwd,                                                                           \
      (kreal * out, kreal *rstd, const kreal *x, const kreal *w, size_t ld, size_t rows, size_t C)) \
    X(void, rmsnorm_bwd, (const KERN_OF(norm_bwd) * n))                                            \
    /* An activation and its slope; out may be x, slope may be NULL. */                              \
    X(void, act, (kreal * out, kreal *slope, const kreal *x, size_t n, enum kern_act act))         \
    /* out = f(g) u, and where d is set g = u f'(g), u = f(g): what the gradient of out is multiplied by for those  \
     * of g and of u. */                                                           \
    X(void, glu, (kreal * out, kreal *g, kreal *u, size_t n, enum kern_act act, bool d))           \
    /* out = a b */                                                                                 \
    X(void, times, (kreal * out, const kreal *a, const kreal *b, size_t n))                        \
    /* Heads of `rows` rows of x turn in place. */                                                 \
    X(void, rope, (kreal * x, size_t rows, const KERN_OF(rope) * how))                              \
    /* out = e^x; out may be x. */                                                                  \
    X(void, vexp, (kreal * out, const kreal *x, size_t n))                                         \
    /* out[j][i] = x[i][j] for x (rows,cols); rows of out ld_out apart, of x ld apart. */            \
    X(void, transpose,                                                                             \
      (kreal * out, size_t ld_out, const kreal *x, size_t ld, size_t rows, size_t cols))           \
    /* The columns of x (rows,n), rows ld apart, in panels of `width` columns (the last narrower), each  \
     * (rows,width) and contiguous, one after the other: rows n floats in all. */                  \
    X(void, panels, (kreal * out, const kreal *x, size_t ld, size_t rows, size_t n, size_t width)) \
    /* scratch: attn_scratch floats. */                                                            \
    X(void, attn_fwd, (const KERN_OF(attn_fwd) * a, const struct kern_attn *how, kreal *scratch))    \
    /* dq, dk, dv are overwritten, but see how->add; probabilities are recomputed from lse. */     \
    X(void, attn_bwd, (const KERN_OF(attn_bwd) * a, const struct kern_attn *how, kreal *scratch))    \
    /* The last of T queries alone: q, out (HS); rows of k, v ld apart, the last is its own. scratch: T floats. */ \
    X(void, attn_row,                                                                              \
      (kreal * out, const kreal *q, const kreal *k, const kreal *v, size_t ld, size_t T, size_t HS, \
       const struct kern_attn *how, kreal *scratch))                                               \
    /* y (N) = x W with x (K), W (K,N), rows ldw apart: a product that meets each weight once. */  \
    X(void, gemv, (kreal * y, const kreal *x, const kreal *w, size_t ldw, size_t K, size_t N))     \
    /* The same where W is stored (N,K). */                                                        \
    X(void, gemv_t, (kreal * y, const kreal *x, const kreal *w, size_t ldw, size_t K, size_t N))   \
    /* loss[r] = -log softmax(z[r])[target[r]], z of struct kern_xent; logits (rows,V) overwritten by the gradient of \
     * grad_scale * sum(loss + z-loss) with respect to them, unless grad_scale is 0: then they may be overwritten by \
     * z / logit_scale. */                                                                          \
    X(void, xent,                                                                                  \
      (kreal * loss, kreal *logits, const int32_t *target, const struct kern_xent *how, size_t rows, size_t V)) \
    /* soft (rows,V): a teacher's logits, overwritten by the gradient of grad_scale * sum(what struct kern_soft says) with  \
     * respect to logits (rows,V), which stay. */                                                   \
    X(void, distill, (kreal * soft, const kreal *logits, const struct kern_soft *how, size_t rows, size_t V)) \
    /* out[r] = wte[token[r]] + wpe[r % T]; out (rows,C). wpe may be NULL, dwpe likewise. */        \
    X(void, embed_fwd,                                                                             \
      (kreal * out, const int32_t *token, const kreal *wte, const kreal *wpe, size_t rows,         \
       size_t T, size_t C))                                                                        \
    /* dwte[token[r]] += dout[r], dwpe[r % T] += dout[r], in row order. */                          \
    X(void, embed_bwd,                                                                             \
      (kreal * dwte, kreal *dwpe, const int32_t *token, const kreal *dout, size_t rows, size_t T,  \
       size_t C))                                                                                  \
    /* db[j] += sum over rows of dout[r][j]; dout rows ld apart. */                                 \
    X(void, colsum, (kreal * db, const kreal *dout, size_t ld, size_t rows, size_t n))             \
    /* Sum of squares in double, whatever the element type. */                                      \
    X(double, sumsq, (const kreal *x, size_t n))                                                   \
    /* x = a x + b, `steps` times, n values: the vector levels keep a block of independent chains in      \
     * registers, so that this runs at the peak of the multiply-add where n is a multiple of 192. */  \
    X(void, fma_steps, (kreal * x, kreal a, kreal b, size_t n, size_t steps))                       \
    /* One AdamW step on n values. */                                                               \
    X(void, adamw,                                                                                 \
      (kreal * w, const kreal *grad, kreal *m, kreal *v, const struct kern_adamw *o, size_t n))    \
    /* The direction u that a momentum gives, and the momentum itself; n values. */                 \
    X(void, momentum, (kreal * u, kreal *m, const kreal *grad, const struct kern_momentum *o, size_t n)) \
    X(void, lion, (kreal * u, kreal *m, const kreal *grad, const struct kern_lion *o, size_t n))   \
    /* A step along u. */                                                                           \
    X(void, descend, (kreal * w, const kreal *u, const struct kern_descent *o, size_t n))

/* What takes so little of a step that the reference serves every level. */
#define KERN_PLAIN_OPS(X)                                                                          \
    /* out = the heads times their gates. */                                                      \
    X(void, gate_fwd, (kreal * out, const KERN_OF(gate) * g))                                       \
    /* From dout: dx = s dout, dgate = s (1 - s) x . dout. dx may be dout. */                        \
    X(void, gate_bwd, (kreal * dx, kreal *dgate, const kreal *dout, const KERN_OF(gate) * g))       \
    /* Sum of products in double, in order. */                                                       \
    X(double, dot, (const kreal *x, const kreal *y, size_t n))                                      \
    /* out (rows,V) += softmax(z) of a member's logits, where it is the first = that; after the last the log of the mean. */ \
    X(void, pool, (kreal * out, const kreal *logits, const struct kern_pool *how, size_t rows, size_t V)) \
    /* y = a x + b z, n values; y may be x or z. */                                                 \
    X(void, mix, (kreal * y, kreal a, const kreal *x, kreal b, const kreal *z, size_t n))

#define kreal float
struct kern {
    enum kern_isa isa;
    enum kern_isa cap;             /* that it was made with, */
    enum kern_precision precision; /* and for: of gemm_nn and gemm_tn (model/gemm.h) */
    struct kern_gemm gemm;
    struct kern_bf16 bf16;
#define X(ret, name, args) ret(*name) args;
    KERN_OPS(X)
#undef X
};
#undef kreal

/* Fill the table with the best kernels of that precision that were built, that this CPU runs, and that do not lie above
 * the cap: the reference where that is of another family. */
void kern_init_for(struct kern *k, enum kern_isa cap, enum kern_precision precision);
void kern_init(struct kern *k, enum kern_isa cap); /* fp32 */
/* The same table for another precision. */
void kern_set_precision(struct kern *k, enum kern_precision precision);
/* From one level of k's precision to the next above it that runs here; false, with k as it was, where there is none. */
bool kern_next(struct kern *k);
/* The level whose kernels a table of that level and precision has: amx is another than avx512 in products of bfloat16
 * alone, so that a run of fp32 is never one of amx. */
enum kern_isa kern_isa_for(enum kern_isa isa, enum kern_precision precision);

const char *kern_isa_name(enum kern_isa isa); /* "ref", "neon", "avx2", "avx512", "amx" */
/* True where name is one of these; *isa receives it. */
bool kern_isa_parse(enum kern_isa *isa, const char *name);
/* *isa: the best level that runs here and does not lie above the one of that name (NULL: any). False where processors of
 * this kind have none of that name; `expected` receives those that they have. */
bool kern_isa_cap(enum kern_isa *isa, const char *name, char *expected, size_t size);
/* Whether this build has that level's kernels. */
bool kern_isa_built(enum kern_isa isa);
/* Whether it also runs on this CPU. */
bool kern_isa_runs(enum kern_isa isa);
/* The best level that this build has and this CPU runs. */
enum kern_isa kern_isa_best(void);

/* The instruction that makes this table's bfloat16 products, or NULL: they are emulated, to the bytes of VDPBF16PS. */
const char *kern_bf16_instruction(const struct kern *k);

/* Scratch floats that attn_fwd and attn_bwd need for one (sequence, head), at every ISA level. */
size_t kern_attn_scratch(size_t T, size_t HS);

#endif
