/* SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al. 2024, arXiv 2409.11321, and its authors' code).
 *
 * Averages L of G G^T and R of G^T G, by beta2, have bases of eigenvectors that one round of orthogonal iteration follows every
 * train.soap_every steps. Adam's second moment is kept in these bases, the first moment outside and turned into them. The
 * first step makes the bases and moves no matrix. A side longer than train.soap_max_dim has no basis, as in the paper's
 * one-sided form. Two things differ from that code: the first basis comes from a few rounds instead of an eigenvalue
 * solver, and Adam's eps is added after its corrections, as adamw.c does. AdamW has all that is no hidden matrix; q, k and v
 * are matrices of their own.
 *
 * Under completep lr goes with (1/mN)^(1 - sides/2) for the sides that have a basis (Qiu et al. 2025, arXiv 2512.05620,
 * table 1); lr times decay stays. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/size.h"
#include "model/gemm.h"
#include "model/optim/eigenbasis.h"
#include "model/optim/optim.h"

enum { MOMENT1, MOMENT2, LEFT, RIGHT, LEFT_BASIS, RIGHT_BASIS, N_STATES };

/* Rounds that the first bases take from the identity: the first one sorts the directions, the others turn towards the
 * strong ones; later rounds go on from there. */
enum { FIRST_ROUNDS = 3 };

/* Whether a side of that length has a basis. */
static bool has_basis(const struct optim_config *c, size_t side)
{
    return side > 1 && side <= c->soap_max_dim;
}

static size_t state_floats(const struct optim_config *c, const struct tensor *t, size_t state)
{
    size_t n = 0, at, cols;
    if (state <= MOMENT2 || !optim_is_matrix(t))
        return optim_adamw.state_floats(c, t, state);
    bool left = state == LEFT || state == LEFT_BASIS;
    for (size_t i = 0; tensor_piece(t, i, &at, &cols); i++) {
        size_t side = left ? t->rows : cols;
        n += has_basis(c, side) ? side * side : 0;
    }
    return n;
}

/* A matrix (rows,cols) in one step. */
struct piece {
    const struct optim_update *u;
    size_t rows, cols, at, ld; /* at: its first column; ld: between rows of its tensor */
    float *average[2], *basis[2]; /* left (rows,rows), right (cols,cols); NULL: none */
    float *grad, *along, *turned, *half; /* (rows,cols) of scratch */
    float *outer;                 /* (side,side) */
    size_t *order;                /* (side) */
    float *eigen, *gemm;
};

static size_t longest(const struct piece *p)
{
    size_t left = has_basis(p->u->c, p->rows) ? p->rows : 0, right = has_basis(p->u->c, p->cols) ? p->cols : 0;
    return size_max(left, right);
}

static void carve(struct piece *p, struct ops o, struct arena *a)
{
    size_t n = p->rows * p->cols, side = longest(p), K = size_max(p->rows, p->cols);
    float **same[] = {&p->grad, &p->along, &p->turned, &p->half};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        *same[i] = arena_floats(a, n);
    p->outer = arena_floats(a, side * side);
    p->order = arena_take(a, K, sizeof *p->order);
    p->eigen = arena_floats(a, eigenbasis_floats(side));
    p->gemm = arena_floats(a, gemm_stored_scratch(o.k, o.threads, KERN_FP32, K, K));
}

static size_t piece_floats(struct ops o, const struct optim_config *c, size_t rows, size_t cols)
{
    struct piece p = {.u = &(struct optim_update){.c = c}, .rows = rows, .cols = cols};
    struct arena plan = arena_plan();
    carve(&p, o, &plan);
    return plan.used_bytes / sizeof(float);
}

static size_t scratch_floats(struct ops o, const struct optim_config *c, const struct tensor *t)
{
    size_t most = 0, at, cols;
    for (size_t i = 0; optim_is_matrix(t) && tensor_piece(t, i, &at, &cols); i++)
        most = size_max(most, piece_floats(o, c, t->rows, cols));
    return most;
}

static struct param_rule rule(const struct param_rules *r, const struct optim_config *c, const struct tensor *t)
{
    struct param_rule own = r->role[t->role];
    size_t at, cols;
    if (!optim_is_matrix(t) || !tensor_piece(t, 0, &at, &cols))
        return own;
    float all = own.lr * own.decay;
    own.lr = powf(own.lr, 1 - 0.5f * (float)(has_basis(c, t->rows) + has_basis(c, cols)));
    own.decay = all / own.lr;
    return own;
}

/* out (rows,cols) = x in the bases, or back where `back` is set. x and out: rows cols apart; neither is p->half. */
static void turn(const struct piece *p, float *out, const float *x, bool back)
{
    struct ops o = p->u->o;
    size_t rows = p->rows, cols = p->cols;
    const float *in = x;
    if (p->basis[0]) { /* q^T x, or q x */
        float *c = p->basis[1] ? p->half : out;
        gemm_stored(o.k, o.threads,
                    &(struct gemm_stored){.c = c, .ldc = cols, .a = p->basis[0], .a_rs = back ? rows : 1, .a_cs = back ? 1 : rows,
                                          .b = x, .ldb = cols, .M = rows, .N = cols, .K = rows});
        in = c;
    }
    if (p->basis[1]) /* x q, or x q^T */
        gemm_stored(o.k, o.threads,
                    &(struct gemm_stored){.c = out, .ldc = cols, .a = in, .a_rs = cols, .a_cs = 1, .b = p->basis[1], .ldb = cols,
                                          .M = rows, .N = cols, .K = cols, .transposed = back, .scratch = p->gemm});
    if (!p->basis[0] && !p->basis[1])
        memcpy(out, x, rows * cols * sizeof *out);
}

/* The averages of G G^T and G^T G. */
static void average(const struct piece *p)
{
    struct ops o = p->u->o;
    float beta = (float)p->u->c->beta2;
    for (int side = 0; side < 2; side++) {
        size_t n = side ? p->cols : p->rows, cols = p->cols;
        if (!p->basis[side])
            continue;
        gemm_stored(o.k, o.threads,
                    &(struct gemm_stored){.c = p->outer, .ldc = n, .a = p->grad, .a_rs = side ? 1 : cols, .a_cs = side ? cols : 1,
                                          .b = p->grad, .ldb = cols, .M = n, .N = n, .K = side ? p->rows : cols,
                                          .transposed = !side, .symmetric = true, .scratch = p->gemm});
        for (size_t i = 0; i < n * n; i++)
            p->average[side][i] = beta * p->average[side][i] + (1 - beta) * p->outer[i];
    }
}

/* The second moment's rows, or columns, to where their eigenvectors went. */
static void follow(const struct piece *p, int side, float *moment2)
{
    for (size_t i = 0; i < p->rows; i++)
        for (size_t j = 0; j < p->cols; j++)
            p->turned[i * p->cols + j] = moment2[side ? i * p->ld + p->order[j] : p->order[i] * p->ld + j];
    for (size_t i = 0; i < p->rows; i++)
        memcpy(moment2 + i * p->ld, p->turned + i * p->cols, p->cols * sizeof *moment2);
}

static void refresh(const struct piece *p, float *moment2, int rounds)
{
    for (int side = 0; side < 2; side++)
        for (int i = 0; p->basis[side] && i < rounds; i++) {
            eigenbasis_round(p->u->o, p->basis[side], p->average[side], side ? p->cols : p->rows, p->order, p->eigen);
            follow(p, side, moment2);
        }
}

static void first_step(const struct piece *p, float *moment2)
{
    average(p);
    for (int side = 0; side < 2; side++) {
        size_t n = side ? p->cols : p->rows;
        for (size_t i = 0; p->basis[side] && i < n; i++)
            p->basis[side][i * n + i] = 1;
    }
    refresh(p, moment2, FIRST_ROUNDS);
}

/* Adam on the turned gradient and moment: p->along becomes what to descend along. t: steps before this one. */
static void direction(const struct piece *p, float *moment1, float *moment2, int64_t t)
{
    const struct optim_config *c = p->u->c;
    float b1 = (float)c->beta1, b2 = (float)c->beta2, eps = (float)p->u->eps;
    float correct1 = (float)(1 / (1 - pow(c->beta1, (double)t))), correct2 = (float)(1 / (1 - pow(c->beta2, (double)t)));
    turn(p, p->turned, p->grad, false);
    for (size_t i = 0; i < p->rows; i++)
        for (size_t j = 0; j < p->cols; j++) {
            float g = p->turned[i * p->cols + j], *v = &moment2[i * p->ld + j], *m = &moment1[i * p->ld + j];
            *v = b2 * *v + (1 - b2) * g * g;
            *m = b1 * *m + (1 - b1) * p->grad[i * p->cols + j];
            p->along[i * p->cols + j] = *m;
        }
    turn(p, p->turned, p->along, false);
    for (size_t i = 0; i < p->rows; i++)
        for (size_t j = 0; j < p->cols; j++)
            p->turned[i * p->cols + j] *= correct1 / (sqrtf(moment2[i * p->ld + j] * correct2) + eps);
    turn(p, p->along, p->turned, true);
}

static struct piece piece_of(const struct optim_update *u, size_t at, size_t cols, size_t squares[2])
{
    struct piece p = {.u = u, .rows = u->t->rows, .cols = cols, .at = at, .ld = u->t->cols};
    struct arena a = {.base = (unsigned char *)u->scratch, .size_bytes = piece_floats(u->o, u->c, p.rows, cols) * sizeof(float)};
    carve(&p, u->o, &a);
    for (int side = 0; side < 2; side++) {
        size_t n = side ? cols : p.rows;
        if (!has_basis(u->c, n))
            continue;
        p.average[side] = u->state[LEFT + side] + squares[side];
        p.basis[side] = u->state[LEFT_BASIS + side] + squares[side];
        squares[side] += n * n;
    }
    for (size_t i = 0; i < p.rows; i++)
        for (size_t j = 0; j < cols; j++)
            p.grad[i * cols + j] = u->grad_scale * u->grad[i * p.ld + at + j];
    return p;
}

static void update(const struct optim_update *u)
{
    size_t at, cols, squares[2] = {0, 0};
    if (!optim_is_matrix(u->t)) {
        optim_adamw.update(u);
        return;
    }
    for (size_t i = 0; tensor_piece(u->t, i, &at, &cols); i++) {
        struct piece p = piece_of(u, at, cols, squares);
        float *moment1 = u->state[MOMENT1] + at, *moment2 = u->state[MOMENT2] + at;
        int64_t t = u->step - 1;
        if (t == 0) {
            first_step(&p, moment2);
            continue;
        }
        direction(&p, moment1, moment2, t);
        optim_descend(u, at, cols, p.along, cols, u->lr);
        average(&p);
        if (t % (int64_t)u->c->soap_every == 0)
            refresh(&p, moment2, 1);
    }
}

const struct optim_kind optim_soap = {
    "soap", "beta1 beta2 eps soap_every soap_max_dim", N_STATES, state_floats, scratch_floats, rule, update};
