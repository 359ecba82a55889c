/* Every optimiser against one of our own in double, written from the formulas of its source with matrices as those have
 * them, (out, in); the orthogonal matrices of Muon against the singular values that they must have; and what a run
 * relies on: equal bytes for any number of threads, a state that goes on, no allocation in a step. */
#include "test.h"
#include "wrap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "model/checkpoint.h"
#include "model/gpt.h"
#include "model/optim/optim.h"
#include "model/optim/orthogonal.h"

static const struct gpt_shape small = {GPT_2 .V = 17, .T = 12, .C = 24, .L = 2, .NH = 3};
enum { BATCH = 4, BASE_C = 8, BASE_L = 1 };

#define FOR_ISA(k) for (struct kern k, *once_ = (kern_init(&k, KERN_REF), &k); once_; once_ = next_isa(&k))

static struct kern *next_isa(struct kern *k)
{
    return kern_next(k) ? k : NULL;
}

static struct optim_config config_of(size_t kind)
{
    return (struct optim_config){.kind = kind, .beta1 = 0.9, .beta2 = 0.97, .eps = 1e-8, .weight_decay = 0.3, .clip = 2,
                                 .momentum = 0.95, .nesterov = true, .muon_steps = 5, .adam_lr_ratio = 0.5,
                                 .soap_every = 3, .soap_max_dim = 24};
}

struct model {
    struct gpt g;
    struct optim o;
};

static void make(struct model *m, const struct gpt_shape *s, const struct optim_config *c, const struct kern *k, int threads)
{
    struct err err;
    struct param_rules rules = param_rules_make(PARAM_COMPLETEP, s->C, s->L, BASE_C, BASE_L);
    EXPECT_OK(gpt_init(&m->g, s, &rules, k, BATCH, threads, &err));
    gpt_init_weights(&m->g, 7);
    EXPECT_OK(optim_init(&m->o, c, &m->g, &err));
}

static void release(struct model *m)
{
    optim_free(&m->o);
    gpt_free(&m->g);
}

/* Gradients that hang on the step alone: a diagonal under noise, so that no direction drowns in rounding. */
static void fill_gradient(struct gpt *g, uint64_t step)
{
    struct rng rng = rng_make(3, RNG_TEST, step, 0);
    for (size_t i = 0; i < g->tensors.n; i++) {
        const struct tensor *t = &g->tensors.list[i];
        for (size_t l = 0; l < t->n; l++)
            for (size_t j = 0; j < tensor_size(t); j++) {
                size_t row = j / t->cols, col = j % t->cols, side = t->rows < t->cols ? t->rows : t->cols;
                double base = row % side == col % side ? 1 + (double)(col % side) / (double)side : 0;
                g->grad[tensor_at(t, l) + j] = (float)(0.01 * (base + 0.1 * rng_normal(&rng)));
            }
    }
}

/* --- the reference: dense matrices (out, in) in double ------------------------------------------------- */

struct mat {
    size_t rows, cols;
    double *p;
};

static struct mat mat(size_t rows, size_t cols)
{
    struct mat m = {rows, cols, calloc(rows * cols + 1, sizeof(double))};
    CHECK(m.p);
    return m;
}

static double at(struct mat m, size_t i, size_t j)
{
    return m.p[i * m.cols + j];
}

/* a b, either turned first. */
static struct mat times(struct mat a, bool turn_a, struct mat b, bool turn_b)
{
    size_t K = turn_a ? a.rows : a.cols;
    struct mat c = mat(turn_a ? a.cols : a.rows, turn_b ? b.rows : b.cols);
    for (size_t i = 0; i < c.rows; i++)
        for (size_t j = 0; j < c.cols; j++)
            for (size_t k = 0; k < K; k++)
                c.p[i * c.cols + j] += (turn_a ? at(a, k, i) : at(a, i, k)) * (turn_b ? at(b, j, k) : at(b, k, j));
    return c;
}

static double norm_of(struct mat m)
{
    double sum = 0;
    for (size_t i = 0; i < m.rows * m.cols; i++)
        sum += m.p[i] * m.p[i];
    return sqrt(sum);
}

static const double polar_table[5][3] = {{8.28721201814563, -23.595886519098837, 17.300387312530933},
                                         {4.107059111542203, -2.9478499167379106, 0.5448431082926601},
                                         {3.9486908534822946, -2.908902115962949, 0.5518191394370137},
                                         {3.3184196573706015, -2.488488024314874, 0.51004894012372},
                                         {2.300652019954817, -1.6689039845747493, 0.4188073119525673}};

static void coefficients(double q[3], bool polar, size_t step)
{
    q[0] = polar ? polar_table[step][0] / 1.01 : 3.4445;
    q[1] = polar ? polar_table[step][1] / pow(1.01, 3) : -4.7750;
    q[2] = polar ? polar_table[step][2] / pow(1.01, 5) : 2.0315;
}

/* x becomes a x + b (x x^T) x + c (x x^T)^2 x, of the five or so polynomials one after the other. */
static void ref_orthogonal(struct mat x, size_t steps, bool polar)
{
    double by = 1 / (norm_of(x) * (polar ? 1.01 : 1) + 1e-7), q[3];
    for (size_t i = 0; i < x.rows * x.cols; i++)
        x.p[i] *= by;
    for (size_t s = 0; s < steps; s++) {
        struct mat a = times(x, false, x, true), ax = times(a, false, x, false), aax = times(a, false, ax, false);
        coefficients(q, polar, s);
        for (size_t i = 0; i < x.rows * x.cols; i++)
            x.p[i] = q[0] * x.p[i] + q[1] * ax.p[i] + q[2] * aax.p[i];
        free(a.p), free(ax.p), free(aax.p);
    }
}

/* The orthogonal part of a by Gram and Schmidt, twice. */
static void ref_qr(struct mat a)
{
    for (size_t j = 0; j < a.cols; j++)
        for (int pass = 0; pass < 2; pass++) {
            double sum = 0;
            for (size_t b = 0; b < j; b++) {
                double dot = 0;
                for (size_t i = 0; i < a.rows; i++)
                    dot += at(a, i, b) * at(a, i, j);
                for (size_t i = 0; i < a.rows; i++)
                    a.p[i * a.cols + j] -= dot * at(a, i, b);
            }
            for (size_t i = 0; i < a.rows; i++)
                sum += at(a, i, j) * at(a, i, j);
            for (size_t i = 0; i < a.rows; i++)
                a.p[i * a.cols + j] /= sqrt(sum);
        }
}

/* A matrix or vector of the model and what its optimiser keeps. */
struct ref {
    size_t offset, ld;  /* where the model keeps it: element (in, out) at offset + in ld + out */
    enum param_role role;
    bool matrix;
    struct mat w, m, v, gg[2], q[2]; /* sides: 0 out, 1 in */
};

struct refs {
    size_t n;
    struct ref list[64];
};

static void ref_init(struct refs *r, const struct gpt *g)
{
    *r = (struct refs){0};
    for (size_t i = 0; i < g->tensors.n; i++) {
        const struct tensor *t = &g->tensors.list[i];
        bool qkv = strcmp(t->name, "qkvw") == 0;
        size_t pieces = qkv ? 3 : 1, out = t->cols / pieces;
        for (size_t n = 0; n < t->n * pieces; n++) {
            CHECK(r->n < sizeof r->list / sizeof *r->list);
            struct ref *x = &r->list[r->n++];
            *x = (struct ref){.offset = tensor_at(t, n / pieces) + n % pieces * out, .ld = t->cols, .role = t->role};
            x->w = mat(out, t->rows), x->m = mat(out, t->rows), x->v = mat(out, t->rows);
            x->matrix = (t->role == PARAM_HIDDEN || t->role == PARAM_HIDDEN_OUT) && t->rows > 1 && t->cols > 1;
            for (int side = 0; side < 2; side++)
                x->gg[side] = mat(side ? t->rows : out, side ? t->rows : out), x->q[side] = mat(x->gg[side].rows, x->gg[side].rows);
            for (size_t a = 0; a < out; a++)
                for (size_t b = 0; b < t->rows; b++)
                    x->w.p[a * t->rows + b] = (double)g->w[x->offset + b * x->ld + a];
        }
    }
}

static void ref_free(struct refs *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct ref *x = &r->list[i];
        free(x->w.p), free(x->m.p), free(x->v.p);
        for (int side = 0; side < 2; side++)
            free(x->gg[side].p), free(x->q[side].p);
    }
}

/* What a kind makes of one tensor: u to descend along, and the multipliers of lr and of lr times decay. */
struct ref_step {
    const struct optim_config *c;
    int step;
    double mN, mL;
    struct mat g, u;
    double lr, lr_decay, eps;
};

/* Dey et al. 2025, table 1. */
static void ref_adam_rule(struct ref_step *s, const struct ref *x)
{
    bool hidden = x->role == PARAM_HIDDEN || x->role == PARAM_HIDDEN_OUT;
    s->lr = hidden ? 1 / s->mN : 1;
    s->lr_decay = x->role == PARAM_GAIN || x->role == PARAM_BIAS ? 0 : 1;
    s->eps = x->role == PARAM_EMBED ? 1 / s->mN : 1 / (s->mN * s->mL);
}

static void ref_adamw(struct ref_step *s, struct ref *x)
{
    double b1 = s->c->beta1, b2 = s->c->beta2;
    ref_adam_rule(s, x);
    for (size_t i = 0; i < x->w.rows * x->w.cols; i++) {
        x->m.p[i] = b1 * x->m.p[i] + (1 - b1) * s->g.p[i];
        x->v.p[i] = b2 * x->v.p[i] + (1 - b2) * s->g.p[i] * s->g.p[i];
        s->u.p[i] = x->m.p[i] / (1 - pow(b1, s->step)) / (sqrt(x->v.p[i] / (1 - pow(b2, s->step))) + s->c->eps * s->eps);
    }
}

/* The next block of rows of s->u that is made orthogonal by itself; all of them where the step is one for whole matrices. */
static bool ref_block(struct mat *m, const struct ref_step *s)
{
    bool whole = s->c->muon_block == 0 || (s->step - 1) % (int)s->c->muon_period == 0;
    const double *end = s->u.p + s->u.rows * s->u.cols;
    double *from = m->p ? m->p + m->rows * m->cols : s->u.p;
    size_t left = (size_t)(end - from) / s->u.cols;
    *m = (struct mat){whole || s->c->muon_block > left ? left : s->c->muon_block, s->u.cols, from};
    return left > 0;
}

/* Jordan et al. 2024: update = momentum.lerp, Nesterov, orthogonal, times sqrt(max(1, rows / cols)). */
static void ref_muon(struct ref_step *s, struct ref *x)
{
    double b = s->c->momentum;
    if (!x->matrix) {
        ref_adamw(s, x);
        s->lr *= s->c->adam_lr_ratio, s->lr_decay *= s->c->adam_lr_ratio;
        return;
    }
    for (size_t i = 0; i < x->w.rows * x->w.cols; i++) {
        x->m.p[i] += (1 - b) * (s->g.p[i] - x->m.p[i]);
        s->u.p[i] = s->c->nesterov ? s->g.p[i] + b * (x->m.p[i] - s->g.p[i]) : x->m.p[i];
    }
    for (struct mat m = {0}; ref_block(&m, s);) {
        ref_orthogonal(m, s->c->muon_steps, s->c->muon_coefficients == ORTHOGONAL_POLAR);
        for (size_t i = 0; i < m.rows * m.cols; i++)
            m.p[i] *= sqrt(fmax(1, (double)m.rows / (double)m.cols));
    }
    s->lr = s->lr_decay = 1;
}

/* Li et al. 2025: rows divided by the root of an average of their mean squares, then the old norm. */
static void ref_normuon(struct ref_step *s, struct ref *x)
{
    ref_muon(s, x);
    for (struct mat m = {0}; x->matrix && ref_block(&m, s);) {
        double norm = norm_of(m), scale = fmax(1, (double)m.rows / (double)m.cols); /* of what is averaged it is no part */
        double *v = x->v.p + (m.p - s->u.p) / (ptrdiff_t)m.cols;
        for (size_t i = 0; i < m.rows; i++) {
            double mean = 0;
            for (size_t j = 0; j < m.cols; j++)
                mean += at(m, i, j) * at(m, i, j) / scale / (double)m.cols;
            v[i] += (1 - s->c->beta2) * (mean - v[i]);
            for (size_t j = 0; j < m.cols; j++)
                m.p[i * m.cols + j] /= sqrt(v[i]) + 1e-10;
        }
        double by = norm / norm_of(m);
        for (size_t i = 0; i < m.rows * m.cols; i++)
            m.p[i] *= by;
    }
}

static void ref_lion(struct ref_step *s, struct ref *x)
{
    ref_adam_rule(s, x);
    for (size_t i = 0; i < x->w.rows * x->w.cols; i++) {
        double d = s->c->beta1 * x->m.p[i] + (1 - s->c->beta1) * s->g.p[i];
        s->u.p[i] = (d > 0) - (d < 0);
        x->m.p[i] = s->c->beta2 * x->m.p[i] + (1 - s->c->beta2) * s->g.p[i];
    }
}

/* Width and depth as in Yang et al. 2022 with residual branches / mL and logits / mN. */
static void ref_sgd(struct ref_step *s, struct ref *x)
{
    ref_adam_rule(s, x);
    s->lr = x->role == PARAM_EMBED                                   ? s->mN
            : x->role == PARAM_HIDDEN || x->role == PARAM_HIDDEN_OUT ? s->mL
                                                                     : s->mN * s->mL;
    for (size_t i = 0; i < x->w.rows * x->w.cols; i++) {
        x->m.p[i] = s->c->momentum * x->m.p[i] + s->g.p[i];
        s->u.p[i] = s->c->nesterov ? s->g.p[i] + s->c->momentum * x->m.p[i] : x->m.p[i];
    }
}

static void ref_round(struct ref *x, int side)
{
    struct mat gq = times(x->gg[side], false, x->q[side], false), v = mat(x->v.rows, x->v.cols);
    size_t n = gq.rows, order[128];
    double quotient[128] = {0};
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++)
            quotient[j] += at(x->q[side], i, j) * at(gq, i, j);
        order[j] = j;
    }
    for (size_t i = 0; i < n; i++) /* the largest first */
        for (size_t j = i + 1; j < n; j++)
            if (quotient[order[j]] > quotient[order[i]]) {
                size_t t = order[i];
                order[i] = order[j], order[j] = t;
            }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            x->q[side].p[i * n + j] = at(gq, i, order[j]);
    ref_qr(x->q[side]);
    for (size_t i = 0; i < v.rows; i++)
        for (size_t j = 0; j < v.cols; j++)
            v.p[i * v.cols + j] = side ? at(x->v, i, order[j]) : at(x->v, order[i], j);
    free(x->v.p), free(gq.p);
    x->v = v;
}

/* q_out^T x q_in, or back; a side longer than the limit is left as it is. */
static struct mat ref_turn(const struct ref_step *s, const struct ref *x, struct mat m, bool back)
{
    struct mat one = mat(m.rows, m.cols), two;
    memcpy(one.p, m.p, m.rows * m.cols * sizeof *m.p);
    for (int side = 0; side < 2; side++) {
        if (x->q[side].rows > s->c->soap_max_dim)
            continue;
        two = side ? times(one, false, x->q[1], back) : times(x->q[0], !back, one, false);
        free(one.p);
        one = two;
    }
    return one;
}

/* Vyas et al. 2024, algorithm 3, the first step for the bases alone. */
static void ref_soap(struct ref_step *s, struct ref *x)
{
    double b1 = s->c->beta1, b2 = s->c->beta2, sides = 0;
    int t = s->step - 1;
    if (!x->matrix) {
        ref_adamw(s, x);
        return;
    }
    if (t > 0) {
        struct mat g = ref_turn(s, x, s->g, false), m;
        for (size_t i = 0; i < x->w.rows * x->w.cols; i++) {
            x->m.p[i] = b1 * x->m.p[i] + (1 - b1) * s->g.p[i];
            x->v.p[i] = b2 * x->v.p[i] + (1 - b2) * g.p[i] * g.p[i];
        }
        m = ref_turn(s, x, x->m, false);
        for (size_t i = 0; i < x->w.rows * x->w.cols; i++)
            m.p[i] = m.p[i] / (1 - pow(b1, t)) / (sqrt(x->v.p[i] / (1 - pow(b2, t))) + s->c->eps / (s->mN * s->mL));
        struct mat u = ref_turn(s, x, m, true);
        memcpy(s->u.p, u.p, x->w.rows * x->w.cols * sizeof *u.p);
        free(g.p), free(m.p), free(u.p);
    }
    for (int side = 0; side < 2; side++) {
        size_t n = x->gg[side].rows;
        if (n > s->c->soap_max_dim)
            continue;
        sides++;
        struct mat outer = times(s->g, side, s->g, !side);
        for (size_t i = 0; i < n * n; i++)
            x->gg[side].p[i] = b2 * x->gg[side].p[i] + (1 - b2) * outer.p[i];
        free(outer.p);
        for (size_t i = 0; t == 0 && i < n; i++)
            x->q[side].p[i * n + i] = 1;
        for (int i = 0; i < (t == 0 ? 3 : t % (int)s->c->soap_every == 0); i++)
            ref_round(x, side);
    }
    s->lr = t > 0 ? pow(1 / s->mN, 1 - sides / 2) : 0;
    s->lr_decay = t > 0;
}

static void (*const ref_kinds[])(struct ref_step *, struct ref *) = {ref_adamw, ref_muon, ref_normuon, ref_lion, ref_soap, ref_sgd};

/* One step from the model's gradients; returns their norm. */
static double ref_step(struct refs *r, const struct gpt *g, const struct optim_config *c, double lr, int step)
{
    double sum = 0;
    for (size_t i = 0; i < g->tensors.n_flat; i++)
        sum += (double)g->grad[i] * (double)g->grad[i];
    double norm = sqrt(sum), shrink = c->clip > 0 && norm > c->clip ? c->clip / norm : 1;
    for (size_t i = 0; i < r->n; i++) {
        struct ref *x = &r->list[i];
        struct ref_step s = {.c = c, .step = step, .mN = (double)g->shape.C / BASE_C, .mL = (double)g->shape.L / BASE_L,
                             .g = mat(x->w.rows, x->w.cols), .u = mat(x->w.rows, x->w.cols)};
        for (size_t a = 0; a < x->w.rows; a++)
            for (size_t b = 0; b < x->w.cols; b++)
                s.g.p[a * x->w.cols + b] = shrink * (double)g->grad[x->offset + b * x->ld + a];
        ref_kinds[c->kind](&s, x);
        for (size_t j = 0; j < x->w.rows * x->w.cols; j++) {
            double decay = !c->cautious_decay || s.u.p[j] * x->w.p[j] >= 0 ? s.lr_decay * c->weight_decay : 0;
            x->w.p[j] -= lr * (s.lr * s.u.p[j] + decay * x->w.p[j]);
        }
        free(s.g.p), free(s.u.p);
    }
    return norm;
}

/* --- the tests ------------------------------------------------------------------------------------------ */

/* Ten steps: each tensor within 1e-5 of its weights, and within 1e-4 of the way that it went. */
static void ten_steps(const struct gpt_shape *s, const struct optim_config *c, const struct kern *k)
{
    struct model m;
    struct refs r, start;
    make(&m, s, c, k, 2);
    ref_init(&r, &m.g);
    ref_init(&start, &m.g);
    for (int step = 1; step <= 10; step++) {
        fill_gradient(&m.g, (uint64_t)step);
        double norm = ref_step(&r, &m.g, c, 0.02, step), got = optim_step(&m.o, &m.g, 0.02, step);
        EXPECT_REL(got, norm, 1e-6);
    }
    for (size_t i = 0; i < r.n && !test_failed(); i++) {
        const struct ref *x = &r.list[i];
        double off = 0, way = 0, size = 0;
        for (size_t a = 0; a < x->w.rows; a++)
            for (size_t b = 0; b < x->w.cols; b++) {
                double want = at(x->w, a, b), d = (double)m.g.w[x->offset + b * x->ld + a] - want;
                double w = want - at(start.list[i].w, a, b);
                off += d * d, way += w * w, size += want * want;
            }
        EXPECT_MSG(sqrt(off) <= 1e-5 * sqrt(size) && sqrt(off) <= 1e-4 * sqrt(way) && way > 0,
                   "%s %s C=%zu: matrix %zu (%zu,%zu) is %.3g off, its size %.3g, its way %.3g", kern_isa_name(k->isa),
                   m.o.kind->name, s->C, i, x->w.rows, x->w.cols, sqrt(off), sqrt(size), sqrt(way));
    }
    ref_free(&r);
    ref_free(&start);
    release(&m);
}

static void formulas_of(size_t kind)
{
    static const struct gpt_shape shapes[] = {{GPT_2 .V = 17, .T = 12, .C = 24, .L = 2, .NH = 3},
                                              {GPT_2 .V = 11, .T = 5, .C = 7, .L = 2, .NH = 1},
                                              {GPT_2 .V = 3, .T = 1, .C = 1, .L = 1, .NH = 1}};
    FOR_ISA(k)
    {
        for (int variant = 0; variant < 4; variant++) {
            struct optim_config c = config_of(kind);
            if (variant == 3)
                c.muon_block = 10, c.muon_period = 3; /* 24 and 96 columns: 10, 10 and 4; 10 nine times and 6 */
            if (variant == 1)
                c.cautious_decay = true, c.muon_coefficients = ORTHOGONAL_POLAR, c.clip = 0;
            if (variant == 2)
                c.nesterov = false, c.muon_steps = 3, c.soap_max_dim = 6, c.weight_decay = 0;
            ten_steps(&shapes[variant % 3], &c, &k);
        }
        struct optim_config c = config_of(kind);
        c.soap_max_dim = 7;
        for (int i = 1; i < 3; i++)
            ten_steps(&shapes[i], &c, &k);
    }
}

#define KIND_TEST(word, index)                                                                                      \
    static void word(void)                                                                                           \
    {                                                                                                                \
        EXPECT(strcmp(optim_kinds[index]->name, #word) == 0);                                                        \
        formulas_of(index);                                                                                          \
    }
KIND_TEST(adamw, 0)
KIND_TEST(muon, 1)
KIND_TEST(normuon, 2)
KIND_TEST(lion, 3)
KIND_TEST(soap, 4)
KIND_TEST(sgd, 5)

/* Singular values, the largest first, by rotations of pairs of columns of a (rows >= cols). */
static void singular_values(double *s, struct mat a)
{
    for (int sweep = 0; sweep < 30; sweep++)
        for (size_t p = 0; p < a.cols; p++)
            for (size_t q = p + 1; q < a.cols; q++) {
                double pp = 0, qq = 0, pq = 0;
                for (size_t i = 0; i < a.rows; i++)
                    pp += at(a, i, p) * at(a, i, p), qq += at(a, i, q) * at(a, i, q), pq += at(a, i, p) * at(a, i, q);
                if (fabs(pq) <= 1e-15 * sqrt(pp * qq))
                    continue;
                double z = (qq - pp) / (2 * pq), t = (z < 0 ? -1 : 1) / (fabs(z) + sqrt(1 + z * z)), co = 1 / sqrt(1 + t * t);
                for (size_t i = 0; i < a.rows; i++) {
                    double x = at(a, i, p), y = at(a, i, q);
                    a.p[i * a.cols + p] = co * (x - t * y);
                    a.p[i * a.cols + q] = co * (t * x + y);
                }
            }
    for (size_t j = 0; j < a.cols; j++) {
        double sum = 0;
        for (size_t i = 0; i < a.rows; i++)
            sum += at(a, i, j) * at(a, i, j);
        size_t k = j;
        for (; k > 0 && s[k - 1] < sqrt(sum); k--)
            s[k] = s[k - 1];
        s[k] = sqrt(sum);
    }
}

/* A matrix (rows, cols) whose singular values fall by `decay` from one to the next. */
static struct mat spread(size_t rows, size_t cols, double decay)
{
    size_t m = rows < cols ? rows : cols;
    struct mat u = mat(rows, m), v = mat(cols, m);
    for (size_t i = 0; i < rows * m; i++)
        u.p[i] = rng_normal(test_rng());
    for (size_t i = 0; i < cols * m; i++)
        v.p[i] = rng_normal(test_rng());
    ref_qr(u), ref_qr(v);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < m; j++)
            u.p[i * m + j] *= pow(decay, (double)j);
    struct mat a = times(u, false, v, true);
    free(u.p), free(v.p);
    return a;
}

/* The singular values of what orthogonal_run makes are the polynomials of those before, within the published band where
 * these are no smaller than what the iterations reach; and the matrix is the reference's. */
static void orthogonal_case(const struct kern *k, size_t rows, size_t cols, double decay, bool polar, double tol)
{
    struct ops o = {.k = k, .threads = 2};
    struct mat a = spread(rows, cols, decay), tall = mat(rows > cols ? rows : cols, rows > cols ? cols : rows);
    float *memory = aligned_alloc(64, (orthogonal_floats(o, rows, cols) * sizeof(float) + 63) / 64 * 64);
    double got[256];
    struct orthogonal z;
    CHECK(memory && tall.cols <= 256);
    orthogonal_begin(&z, o, rows, cols, memory);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            z.x[i * z.ld + j] = (float)at(a, i, j);
    double factor = orthogonal_run(&z, 5, polar ? ORTHOGONAL_POLAR : ORTHOGONAL_JORDAN), off = 0;
    ref_orthogonal(a, 5, polar);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double x = factor * (double)z.x[i * z.ld + j];
            tall.p[rows > cols ? i * cols + j : j * rows + i] = x;
            off += (x - at(a, i, j)) * (x - at(a, i, j));
        }
    double size = norm_of(a);
    EXPECT_MSG(sqrt(off) <= tol * size, "%s (%zu,%zu) decay %g: %.3g off", kern_isa_name(k->isa), rows, cols, decay,
               sqrt(off) / size);
    singular_values(got, tall);
    double total = 0;
    for (size_t i = 0; i < tall.cols; i++)
        total += pow(decay, 2 * (double)i);
    for (size_t i = 0; i < tall.cols && !test_failed(); i++) {
        double before = pow(decay, (double)i) / sqrt(total);
        if (before < (polar ? 0.001 : 0.002) || decay < 0.9)
            continue;
        EXPECT_MSG(got[i] > (polar ? 0.84 : 0.68) && got[i] < (polar ? 1.124 : 1.203), "%s polar %d: singular value %g",
                   kern_isa_name(k->isa), polar, got[i]);
    }
    free(memory);
    free(a.p), free(tall.p);
}

static void orthogonal(void)
{
    static const size_t sizes[][2] = {{1, 1}, {2, 1}, {1, 5}, {7, 7}, {31, 17}, {24, 96}, {97, 24}, {64, 64}, {48, 50}, {40, 160}};
    FOR_ISA(k)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int polar = 0; polar < 2; polar++) {
                orthogonal_case(&k, sizes[i][0], sizes[i][1], 0.97, polar, 1e-5);
                /* down to 1e-5 of the largest within forty */
                orthogonal_case(&k, sizes[i][0], sizes[i][1], 0.75, polar, 2e-3);
            }
}

/* The factors under completep of a matrix four times as wide and three times as deep as the base. */
static void rules(void)
{
    struct param_rules r = param_rules_make(PARAM_COMPLETEP, 64, 6, 16, 2);
    struct tensor t = {.rows = 64, .cols = 192, .role = PARAM_HIDDEN, .cut = {64, 128}},
                  up = {.rows = 64, .cols = 256, .role = PARAM_HIDDEN};
    struct tensor embed = {.rows = 10, .cols = 64, .role = PARAM_EMBED}, gain = {.rows = 1, .cols = 64, .role = PARAM_GAIN};
    struct optim_config c = {.adam_lr_ratio = 0.5, .soap_max_dim = 64};
    const struct {
        const struct optim_kind *kind;
        const struct tensor *t;
        double lr, lr_decay;
    } want[] = {{&optim_adamw, &t, 0.25, 1}, {&optim_lion, &t, 0.25, 1},   {&optim_muon, &t, 1, 1},    {&optim_normuon, &up, 1, 1},
                {&optim_muon, &embed, 0.5, 0.5}, {&optim_sgd, &t, 3, 1},   {&optim_sgd, &embed, 4, 1}, {&optim_sgd, &gain, 12, 1},
                {&optim_soap, &t, 1, 1},     {&optim_soap, &up, 0.5, 1},   {&optim_soap, &embed, 1, 1}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct param_rule got = want[i].kind->rule(&r, &c, want[i].t);
        EXPECT_REL((double)got.lr, want[i].lr, 1e-6);
        EXPECT_REL((double)(got.lr * got.decay), want[i].lr_decay, 1e-6);
    }
    c.soap_max_dim = 63;
    EXPECT_REL((double)optim_soap.rule(&r, &c, &t).lr, 0.25, 1e-6);
}

static void batch(int32_t *x, int32_t *y, const struct gpt_shape *s, uint64_t step)
{
    struct rng rng = rng_make(5, RNG_TEST, step, 1);
    for (size_t b = 0; b < BATCH; b++) {
        int32_t token = (int32_t)rng_below(&rng, s->V);
        for (size_t t = 0; t < s->T; t++) {
            x[b * s->T + t] = token;
            token = rng_below(&rng, 8) ? (int32_t)(((size_t)token + 1) % s->V) : (int32_t)rng_below(&rng, s->V);
            y[b * s->T + t] = token;
        }
    }
}

static double train_step(struct model *m, uint64_t step, double lr)
{
    int32_t x[BATCH * 24], y[BATCH * 24];
    CHECK(m->g.shape.T <= 24);
    batch(x, y, &m->g.shape, step);
    double loss = gpt_forward_backward(&m->g, x, y);
    optim_step(&m->o, &m->g, lr, (int64_t)step);
    return loss;
}

static bool same_state(const struct model *a, const struct model *b)
{
    bool same = memcmp(a->g.w, b->g.w, a->g.tensors.n_flat * sizeof(float)) == 0;
    for (size_t i = 0; i < optim_n_states(&a->o); i++)
        same = same && a->o.n_floats[i] == b->o.n_floats[i] &&
               memcmp(a->o.state[i], b->o.state[i], a->o.n_floats[i] * sizeof(float)) == 0;
    return same;
}

/* Wide enough that products and updates are shared out, and long sides beside short ones. */
static void threads(void)
{
    static const struct gpt_shape wide = {GPT_2 .V = 150, .T = 24, .C = 48, .L = 1, .NH = 4};
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct optim_config c = config_of(kind);
        c.soap_max_dim = 192;
        FOR_ISA(k)
            for (int n = 2; n <= 3; n++) {
                struct model one, many;
                make(&one, &wide, &c, &k, 1);
                make(&many, &wide, &c, &k, n);
                for (uint64_t step = 1; step <= 2; step++) {
                    double a = train_step(&one, step, 0.01), b = train_step(&many, step, 0.01);
                    EXPECT_MSG(a == b && same_state(&one, &many), "%s %s: step %d of 1 and %d threads differs",
                               optim_kinds[kind]->name, kern_isa_name(k.isa), (int)step, n);
                    many.g.ops.threads = n - 1; /* fewer than it was made for are fine */
                }
                release(&one);
                release(&many);
            }
    }
}

/* Experts are matrices each by itself: a gradient three times as large turns another expert as far, not three times. */
static void experts_apart(void)
{
    struct gpt_shape two = small;
    two.n_expert = 2;
    static const char *const kinds[] = {"muon", "normuon"};
    struct kern k;
    kern_init(&k, kern_isa_best());
    for (size_t i = 0; i < 2; i++) {
        size_t kind = 0;
        while (strcmp(optim_kinds[kind]->name, kinds[i]) != 0)
            kind++;
        struct optim_config c = config_of(kind);
        struct model m;
        c.clip = c.weight_decay = 0;
        make(&m, &two, &c, &k, 1);
        const struct tensor *up = tensors_find(&m.g.tensors, "upw");
        size_t n = tensor_size(up) / 2;
        float *w = m.g.w + up->offset, *grad = m.g.grad + up->offset;
        EXPECT(up->stack == 2 && up->rows == 48);
        for (size_t j = 0; j < n; j++) {
            w[n + j] = w[j];
            grad[j] = (float)rng_normal(test_rng());
            grad[n + j] = 3 * grad[j];
        }
        optim_step(&m.o, &m.g, 0.01, 1);
        float apart = 0, way = 0; /* as doubles', gcc 12 fails at this loop for arm */
        for (size_t j = 0; j < n; j++)
            apart = fmaxf(apart, fabsf(w[n + j] - w[j])), way = fmaxf(way, fabsf(w[j]));
        EXPECT_MSG(apart <= 1e-5f * way, "%s: experts are %.3g apart", kinds[i], (double)apart);
        release(&m);
    }
}

/* Averages of the weights against their formulas, beside a run that they leave alone; and the exchange there and back. */
static void averages(void)
{
    struct kern k;
    struct model with, without;
    struct optim_config c = config_of(0);
    kern_init(&k, kern_isa_best());
    make(&without, &small, &c, &k, 1);
    c.ema = 0.5, c.tail = 0.4;
    make(&with, &small, &c, &k, 1);
    with.o.tail_after = 18;
    size_t n = with.g.tensors.n_flat;
    double *want = calloc(n, sizeof *want), *tail = calloc(n, sizeof *tail);
    float *kept = malloc(n * sizeof *kept);
    CHECK(want && tail && kept);
    for (uint64_t step = 1; step <= 30; step++) {
        double keep = fmin(0.5, ((double)step - 1) / ((double)step + 9));
        EXPECT(train_step(&with, step, 0.01) == train_step(&without, step, 0.01));
        for (size_t i = 0; i < n; i++)
            want[i] = keep * want[i] + (1 - keep) * (double)with.g.w[i];
        for (size_t i = 0; step > 18 && i < n; i++)
            tail[i] += (double)with.g.w[i] / 12;
    }
    const float *mean = with.o.state[with.o.kind->n_states], *last = with.o.state[with.o.kind->n_states + 1];
    EXPECT(optim_n_states(&with.o) == with.o.kind->n_states + 2);
    for (size_t i = 0; i < n; i++) {
        EXPECT_NEAR((double)mean[i], want[i], 1e-6 * (1 + fabs(want[i])));
        EXPECT_NEAR((double)last[i], tail[i], 1e-6 * (1 + fabs(tail[i])));
    }
    memcpy(kept, with.g.w, n * sizeof *kept);
    EXPECT(memcmp(kept, without.g.w, n * sizeof *kept) == 0);
    int32_t x[BATCH * 24], y[BATCH * 24];
    float loss[3][BATCH * 24];
    batch(x, y, &small, 99);
    gpt_losses(&with.g, loss[0], x, y, BATCH);
    optim_use_average(&with.o, OPTIM_AVERAGE_ema, &with.g);
    EXPECT(memcmp(with.g.w, mean, n * sizeof *kept) == 0);
    optim_use_weights(&with.g);
    optim_use_average(&with.o, OPTIM_AVERAGE_tail, &with.g);
    EXPECT(memcmp(with.g.w, last, n * sizeof *kept) == 0);
    gpt_losses(&with.g, loss[1], x, y, BATCH);
    optim_use_weights(&with.g);
    EXPECT(memcmp(with.g.w, kept, n * sizeof *kept) == 0);
    gpt_losses(&with.g, loss[2], x, y, BATCH);
    EXPECT(loss[0][3] == loss[2][3] && loss[0][3] != loss[1][3]); /* packed again both times */
    free(kept);
    free(tail);
    free(want);
    release(&with);
    release(&without);
}

static void resume(void)
{
    struct err err;
    char path[FILE_PATH_MAX];
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct optim_config c = config_of(kind);
        struct gpt_shape shape = small;
        c.soap_max_dim = 96;
        c.ema = kind % 2 ? 0.9 : 0;
        c.tail = kind % 3 ? 0.5 : 0;
        c.muon_block = 10, c.muon_period = 3;
        shape.n_expert = kind / 2 % 2 ? 3 : 0;
        FOR_ISA(k)
        {
            struct model a, b;
            struct checkpoint_meta meta = {.step = 4}, got;
            make(&a, &shape, &c, &k, 1);
            make(&b, &shape, &c, &k, 1);
            for (uint64_t step = 1; step <= 4; step++)
                train_step(&a, step, 0.01);
            EXPECT_OK(checkpoint_save(path, &a.g, &a.o, &meta, &err));
            EXPECT_OK(checkpoint_load(path, &b.g, &b.o, &got, &err));
            EXPECT(got.step == 4 && same_state(&a, &b));
            for (uint64_t step = 5; step <= 8; step++)
                EXPECT(train_step(&a, step, 0.01) == train_step(&b, step, 0.01));
            EXPECT_MSG(same_state(&a, &b), "%s does not go on as it was", optim_kinds[kind]->name);
            optim_reset(&b.o);
            for (size_t s = 0; s < optim_n_states(&b.o); s++)
                for (size_t i = 0; i < b.o.n_floats[s]; i++)
                    EXPECT(b.o.state[s][i] == 0);
            release(&a);
            release(&b);
        }
    }
}

/* A model of SMALL trained for a step by that kind, saved at path. */
static void save_one(const char *path, size_t kind, const struct kern *k)
{
    struct err err;
    struct model m;
    struct optim_config c = config_of(kind);
    const struct checkpoint_meta meta = {.step = 1, .config_hash = 5, .isa = "ref"};
    make(&m, &small, &c, k, 1);
    train_step(&m, 1, 0.01);
    EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
    release(&m);
}

/* The file is refused with that text by a model of that kind, of which nothing changes. o false: read without optimiser. */
static void refused(const char *path, size_t kind, bool o, const char *text, const struct kern *k)
{
    struct err err = {0};
    struct model m, before;
    struct optim_config c = config_of(kind);
    struct checkpoint_meta meta = {.step = 77};
    if (kind == 4)
        c.soap_max_dim = 12;
    make(&m, &small, &c, k, 1);
    make(&before, &small, &c, k, 1);
    EXPECT_ERR(checkpoint_load(path, &m.g, o ? &m.o : NULL, &meta, &err), E_DATA, text);
    EXPECT_MSG(strstr(err.msg, path), "'%s' does not name the file", err.msg);
    EXPECT(same_state(&m, &before) && meta.step == 77);
    release(&m);
    release(&before);
}

static uint32_t version_of(const char *data)
{
    uint32_t v;
    memcpy(&v, data + 8, sizeof v);
    return v;
}

/* AdamW's state is written as ever; another's is refused by name, and gives its weights to whoever wants them alone. */
static void checkpoint_kinds(void)
{
    struct err err;
    struct kern k;
    char path[FILE_PATH_MAX], *data;
    size_t size;
    kern_init(&k, KERN_REF);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct model m, other;
        struct optim_config c = config_of(kind), adamw = config_of(0);
        struct checkpoint_meta meta = {0};
        char text[128];
        save_one(path, kind, &k);
        EXPECT_OK(file_read(&data, &size, path, &err));
        EXPECT_MSG(version_of(data) == (kind == 0 ? 2 : 3), "%s is version %u", optim_kinds[kind]->name, version_of(data));
        free(data);
        snprintf(text, sizeof text, "was trained with %s, this run's train.optimizer is %s", optim_kinds[kind]->name,
                 optim_kinds[kind == 1 ? 0 : 1]->name);
        refused(path, kind == 1 ? 0 : 1, true, text, &k);
        make(&m, &small, &c, &k, 1);
        make(&other, &small, &adamw, &k, 1);
        train_step(&m, 1, 0.01);
        EXPECT_OK(checkpoint_load(path, &other.g, NULL, &meta, &err));
        EXPECT(meta.step == 1 && memcmp(m.g.w, other.g.w, m.g.tensors.n_flat * sizeof(float)) == 0);
        for (size_t i = 0; i < other.o.n_floats[0]; i++)
            EXPECT(other.o.state[0][i] == 0);
        release(&m);
        release(&other);
    }
    save_one(path, 4, &k);
    refused(path, 4, true, "its optimiser keeps 1728 numbers for qkvw", &k); /* that of a soap_max_dim of 12 keeps none */
}

/* A file of version 1, made from one of version 2: a shorter header, and the checksum of that. */
static void checkpoint_oldest(void)
{
    struct err err;
    struct kern k;
    struct model m, old;
    struct optim_config c = config_of(0);
    struct checkpoint_meta meta = {.step = 1, .config_hash = 5}, got;
    char path[FILE_PATH_MAX], *data;
    size_t size, gone = 24, at = 112;
    kern_init(&k, KERN_REF);
    make(&m, &small, &c, &k, 1);
    make(&old, &small, &c, &k, 1);
    train_step(&m, 1, 0.01);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
    EXPECT_OK(file_read(&data, &size, path, &err));
    EXPECT(version_of(data) == 2);
    memmove(data + at, data + at + gone, size - at - gone);
    data[8] = 1;
    uint64_t sum = hash_bytes(HASH_SEED, data, at);
    for (int array = 0; array < 3; array++)
        for (size_t i = 0; i < m.g.tensors.n; i++)
            for (size_t l = 0; l < m.g.tensors.list[i].n; l++) {
                size_t n = tensor_size(&m.g.tensors.list[i]) * sizeof(float);
                sum = hash_bytes(sum, data + at, n);
                at += n;
            }
    memcpy(data + at, &sum, sizeof sum);
    EXPECT(at + sizeof sum == size - gone);
    EXPECT_OK(file_write_atomic(path, data, size - gone, &err));
    EXPECT_OK(checkpoint_load(path, &old.g, &old.o, &got, &err));
    EXPECT(same_state(&m, &old) && got.step == 1 && got.config_hash == 5 && got.isa[0] == '\0');
    free(data);
    release(&m);
    release(&old);
}

/* Any damage to a file of version 3 is seen, with an optimiser and without. */
static void checkpoint_damage(void)
{
    struct err err;
    struct kern k;
    char path[FILE_PATH_MAX], *data;
    size_t size;
    enum { HEADER = 136, HEAD = 24, RECORD = 128, LIST = HEADER + HEAD + 16 * RECORD };
    kern_init(&k, KERN_REF);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    save_one(path, 1, &k);
    EXPECT_OK(file_read(&data, &size, path, &err));
    for (size_t i = 12; i < size && !test_failed(); i += i < HEADER + HEAD + 2 * RECORD || i + 9 > size ? 7
                                                         : i < LIST                                     ? 97
                                                                                                        : 9973) {
        data[i] ^= 0x10;
        EXPECT_OK(file_write_atomic(path, data, size, &err));
        refused(path, 1, i % 2, "", &k);
        data[i] ^= 0x10;
    }
    const size_t cuts[] = {HEADER - 1, HEADER + 3, HEADER + HEAD, LIST - 1, LIST, size / 2, size - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        EXPECT_OK(file_write_atomic(path, data, cuts[i], &err));
        refused(path, 1, i % 2, "cut short", &k);
    }
    /* sizes whose product is small again in 64 bits, under a checksum that nobody can have made */
    const uint64_t huge = (uint64_t)1 << 63;
    memcpy(data + HEADER + HEAD + 48, &huge, sizeof huge);
    EXPECT_OK(file_write_atomic(path, data, size, &err));
    refused(path, 1, true, "damaged: its tensors are larger than any file", &k);
    free(data);
}

/* A file whose tensors are not this model's names the first that differs. */
static void checkpoint_tensors(void)
{
    struct err err;
    struct kern k;
    struct model m;
    struct optim_config c = config_of(0);
    struct checkpoint_meta meta = {.step = 1};
    char path[FILE_PATH_MAX], *data;
    size_t size;
    kern_init(&k, KERN_REF);
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "c.bin", &err));
    static const struct {
        const char *from, *to, *text;
    } names[] = {{"wpe", "wqe", "has a tensor wqe that this model has not"},
                 {"lnfb", NULL, "has no tensor lnfb, which this model has"}};
    for (int i = 0; i < 2; i++) {
        make(&m, &small, &c, &k, 1);
        for (size_t j = 0; j < m.g.tensors.n; j++)
            if (strcmp(m.g.tensors.list[j].name, names[i].from) == 0 && names[i].to)
                m.g.tensors.list[j].name = names[i].to;
        m.g.tensors.n -= names[i].to == NULL; /* the last one */
        EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
        EXPECT_OK(file_read(&data, &size, path, &err));
        EXPECT(version_of(data) == 3);
        free(data);
        refused(path, 0, i, names[i].text, &k);
        EXPECT_OK(checkpoint_load(path, &m.g, &m.o, &meta, &err)); /* that model reads its own */
        release(&m);
    }
    make(&m, &small, &c, &k, 1);
    m.g.tensors.list[15].cols--;
    EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
    refused(path, 0, true, "its tensor lnfb is 1 x 23 in 1 layers, this model's is 1 x 24 in 1", &k);
    /* in another order, what counts is the name */
    m.g.tensors.list[15].cols++;
    struct tensor last = m.g.tensors.list[15];
    m.g.tensors.list[15] = m.g.tensors.list[14], m.g.tensors.list[14] = last;
    memset(m.g.w + last.offset, 0x41, tensor_size(&last) * sizeof(float));
    EXPECT_OK(checkpoint_save(path, &m.g, &m.o, &meta, &err));
    struct model straight;
    make(&straight, &small, &c, &k, 1);
    EXPECT_OK(checkpoint_load(path, &straight.g, &straight.o, &meta, &err));
    EXPECT(memcmp(straight.g.w, m.g.w, m.g.tensors.n_flat * sizeof(float)) == 0);
    release(&straight);
    release(&m);
}

/* From ln 17 = 2.83 to well below: one token in eight is random. */
static void learns(void)
{
    static const double lr[] = {0.01, 0.01, 0.01, 0.003, 0.01, 0.02};
    struct kern k;
    kern_init(&k, kern_isa_best());
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct model m;
        struct optim_config c = config_of(kind);
        c.weight_decay = 0.01, c.adam_lr_ratio = 1, c.soap_max_dim = 96, c.soap_every = 10, c.clip = 1;
        make(&m, &small, &c, &k, 1);
        double loss = 0;
        for (uint64_t step = 1; step <= 150; step++)
            loss = train_step(&m, step, lr[kind]);
        EXPECT_MSG(loss < 1.6, "%s: the loss stays at %g", optim_kinds[kind]->name, loss);
        release(&m);
    }
}

static void no_allocation(void)
{
    if (!wrap_works())
        return;
    struct kern k;
    kern_init(&k, kern_isa_best());
    for (size_t kind = 0; kind < OPTIM_N_KINDS; kind++) {
        struct model m;
        struct optim_config c = config_of(kind);
        wrap_fail(WRAP_NONE, false);
        make(&m, &small, &c, &k, 2);
        size_t n = wrap_stop();
        EXPECT_MSG(n == 2, "%s: a model and its optimiser allocate %zu times", optim_kinds[kind]->name, n);
        EXPECT(m.o.arena.used_bytes == optim_bytes(&c, &small, &k, 2));
        wrap_fail(WRAP_NONE, false);
        for (uint64_t step = 1; step <= 2; step++)
            train_step(&m, step, 0.01);
        n = wrap_stop();
        EXPECT_MSG(n == 0, "%s: %zu allocations in a step", optim_kinds[kind]->name, n);
        release(&m);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"adamw", adamw},
                                        {"muon", muon},
                                        {"normuon", normuon},
                                        {"lion", lion},
                                        {"soap", soap},
                                        {"sgd", sgd},
                                        {"orthogonal", orthogonal},
                                        {"rules", rules},
                                        {"threads", threads},
                                        {"experts_apart", experts_apart},
                                        {"averages", averages},
                                        {"resume", resume},
                                        {"checkpoint_kinds", checkpoint_kinds},
                                        {"checkpoint_oldest", checkpoint_oldest},
                                        {"checkpoint_damage", checkpoint_damage},
                                        {"checkpoint_tensors", checkpoint_tensors},
                                        {"learns", learns},
                                        {"no allocation in a step", no_allocation}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
