/* What the parts of a model share while a chunk of sequences goes through them, and what they state beforehand. */
#ifndef PLATEAU_MODEL_PASS_H
#define PLATEAU_MODEL_PASS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/clock.h"
#include "model/ops.h"
#include "model/shape.h"
#include "model/tensors.h"

/* Where a step's time goes; the sum of all is close to the step. */
enum gpt_op {
    GPT_OP_GEMM_FWD,
    GPT_OP_GEMM_DX,
    GPT_OP_GEMM_DW,
    GPT_OP_ATTENTION,
    GPT_OP_NORM,
    GPT_OP_ACTIVATION,
    GPT_OP_LOSS,
    GPT_OP_OPTIMISER,
    GPT_OP_PACK,
    GPT_OP_REST,
    GPT_N_OPS
};
extern const char *const gpt_op_names[GPT_N_OPS];

/* Memory that nobody may leave anything in for another call. */
enum { SCRATCH_MAX = 16 };
struct scratch {
    float *of[SCRATCH_MAX + 1];     /* by what planner_scratch gave; [0]: none */
    float *gemm, *norm, *attention; /* of operations (ops.h, gemm.h) */
};

struct scratch_floats {
    struct {
        const char *name;
        size_t row; /* floats in a row */
    } of[SCRATCH_MAX + 1];
    size_t n; /* of[1] .. of[n] */
    size_t gemm, norm, attention;
};

struct turn;

/* A chunk of n sequences, R = n T rows. Or of one sequence a row that follows others: rows before it went through, and
 * attention still has their keys and values. */
struct pass {
    struct ops o;
    size_t n, R;
    size_t T, at; /* tokens of a sequence; the first of them stands at place `at`: 0, but for a row that follows others */
    bool row;     /* a single row: products are of a vector with a matrix */
    bool train; /* keep what backward needs */
    bool first; /* of the step's chunks: gradients of matrices are overwritten, not added to */
    float chunk_share; /* of a step's tokens */
    struct turn *turn; /* of chunks side by side (turn.h); NULL: there are none */
    const struct scratch *s;
    double *op_s; /* (GPT_N_OPS) seconds, added to; NULL: no clock is read */
    double clock;
};

/* Time since the last mark goes to `op`. */
static inline void pass_mark(struct pass *p, enum gpt_op op)
{
    if (!p->op_s)
        return;
    double t = clock_now_s();
    p->op_s[op] += t - p->clock;
    p->clock = t;
}

/* What planner_scratch gave. */
static inline float *pass_scratch(const struct pass *p, size_t handle)
{
    return p->s->of[handle];
}

/* Matrix products y (rows,out) = x (rows,in) W, one of a kind: layers, and experts, are alike. */
enum { PRODUCTS_MAX = 16 };
struct products {
    size_t n;
    struct stated_product {
        const char *tensor; /* its matrix; borrowed */
        size_t in, out, ldx, ldy;
        double rows; /* of a chunk's */
    } list[PRODUCTS_MAX];
};

/* A walk over all parts, in which each states what it has: tensors, what it keeps between forward and backward, the
 * scratch that it wants, its FLOPs. The same walk counts, plans memory and hands it out. */
struct planner {
    const struct gpt_shape *shape;
    struct tensors *tensors;
    size_t layer;       /* that is walked; TENSOR_OUTSIDE */
    double flops;       /* of the forward pass's matrix products, a token */
    struct products *products; /* the same one by one; NULL: nobody asks */
    bool alone;         /* a part keeps more beside a model than a lane has (lanes.h): no chunks side by side */
    /* The rest is for memory alone: without an arena there is none. */
    struct arena *arena;
    struct ops o;
    size_t n, R;        /* of a chunk */
    bool forward;       /* there will be no backward pass: no gradients of weights, no weights packed for it */
    bool pack;          /* weights are packed once a step; else on the way */
    float *w, *grad;    /* (tensors->n_flat); NULL while sizes are summed */
    struct scratch_floats scratch; /* the most that any part wants of each */
};

/* n floats that are the part's own; NULL where there is no memory yet. */
static inline float *planner_keep(struct planner *p, size_t n)
{
    return p->arena ? arena_floats(p->arena, n) : NULL;
}

static inline void *planner_take(struct planner *p, size_t n, size_t elem_size)
{
    return p->arena ? arena_take(p->arena, n, elem_size) : NULL;
}

/* A tensor's weights and gradient, in this layer. */
struct weight {
    float *w, *grad;
};

struct weight planner_tensor(struct planner *p, const char *name, size_t rows, size_t cols, enum param_role role,
                             bool summed);

/* n trained numbers that begin at `start` (borrowed), for good. */
struct weight planner_scalars(struct planner *p, const char *name, size_t n, const float *start);

/* (R,row) of scratch for pass_scratch. Parts share an array by its name, and it is as wide as the widest of them asks for: a name
 * is for those that are never at work at the same time. The names that there are:
 *   narrow, narrow2   (C): the gradient of a branch's input, and a second one of it
 *   wide, wide2       gradients within a branch
 *   and others of one part's own. */
size_t planner_scratch(struct planner *p, const char *name, size_t row);

/* A product with that tensor, unless it was stated already. */
void planner_product(struct planner *p, const char *tensor, size_t in, size_t out, size_t ldx, size_t ldy);

static inline void planner_want(size_t *most, size_t n)
{
    *most = n > *most ? n : *most;
}

/* The distance between rows of n activations. */
size_t planner_row(const struct planner *p, size_t n);

#endif
