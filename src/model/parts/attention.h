/* Causal self-attention with its products (Vaswani et al. 2017): heads of keys and values may be shared, a window may hide what
 * is far, slopes let scores fall. What else happens to q, k and v before they meet, and to the heads' values after that, is
 * terms: one is a file and a row of ATTENTION_TERMS. */
#ifndef PLATEAU_MODEL_PARTS_ATTENTION_H
#define PLATEAU_MODEL_PARTS_ATTENTION_H

#include "model/linear.h"
#include "model/parts/mix2.h"
#include "model/parts/position.h"

struct attention;

/* A term in one layer: what a kind has no use for is NULL or 0. */
struct attention_term {
    const struct attention_term_kind *kind;
    struct linear product;  /* of the block's normalised input */
    struct weight gain[2];  /* of q, of k */
    struct mix2 mix;
    float *raw;             /* (R,q k v), rows heads.ld apart: where what comes before leaves q, k, v, which stay there; NULL: the
                               term changes them in place */
    float *kept;            /* from forward to backward; the kind's own */
    const float *x;         /* (R,C): the heads' values that it reads */
    float *y;               /* (R,C): what it makes of them */
    size_t draw, dproduct, din; /* scratch: gradients of raw; of what the product made; of the block's input by way of it */
    const struct attention *first; /* another layer's attention that it reads: the first's; NULL: none */
    float *dfirst;          /* the gradient of that, from all layers; the first layer's */
    bool top;               /* backward begins in this layer */
    bool all;               /* one norm for all heads */
};

/* Functions of one term; all but `plan` may be NULL: it does nothing there. Rows of q, k, v are a->heads.ld apart. */
struct attention_term_kind {
    /* False: the shape has no such term. What comes before it has been planned; first: as in attention_plan. A term that makes
     * new values of heads puts them in a->att, which it finds as they are before it. */
    bool (*plan)(struct attention_term *t, struct attention *a, struct planner *p, const struct attention *first);
    /* q, k, v (R), on their way to the scores: changed in place, or from t->raw to qkv. */
    void (*fwd)(const struct attention_term *t, const struct attention *a, struct pass *p, float *qkv);
    /* Back: dqkv is changed in place, or stays, and scratch t->draw is overwritten with the gradient of t->raw. */
    void (*bwd)(const struct attention_term *t, const struct attention *a, struct pass *p, float *dqkv);
    /* t->y from t->x, with the block's normalised input in (R,C) at hand. */
    void (*heads_fwd)(const struct attention_term *t, const struct attention *a, struct pass *p, const float *in);
    /* The gradient d (R,C) of t->y becomes that of t->x. That of `in` by way of the term goes to scratch t->din. */
    void (*heads_bwd)(const struct attention_term *t, const struct attention *a, struct pass *p, float *d, const float *in);
};

#define X(part) extern const struct attention_term_kind part;
ATTENTION_TERMS(X)
#undef X

#define X(part) +1
enum { ATTENTION_MAX_TERMS = ATTENTION_TERMS(X) };
#undef X

struct attention {
    struct ops_attn heads;
    const struct position *pos; /* the model's */
    struct linear qkv, out;
    size_t dqkv;                /* scratch: gradient of q k v as the scores see them */
    float *wide;                /* (R,q k v), rows qkv.ldy apart, as the scores see them; of one sequence, rows that follow
                                   find there the keys and values of those before */
    float *values;              /* (R,C): the heads' values */
    float *lse;                 /* (n,NH,T): log-sum-exp of the scores */
    const float *att;           /* (R,C): what the second product reads: values, or what terms made of them */
    struct attention_term terms[ATTENTION_MAX_TERMS]; /* those that the shape has, the same in all layers */
    size_t n_terms;
};

/* first: the first layer's, planned before (itself there). */
void attention_plan(struct attention *a, struct planner *p, const struct position *pos, const struct attention *first);
/* After the weights have changed. */
void attention_pack(const struct attention *a, struct ops o);
/* out (R,C) from in (R,C), by `end` into the residual stream (NULL: nothing is added). */
void attention_fwd(const struct attention *a, struct pass *p, float *out, const float *in, const struct kern_epilogue *end);
/* From dout (R,C): din (R,C) is overwritten. */
void attention_bwd(const struct attention *a, struct pass *p, float *din, const float *dout, const float *in);

#endif
