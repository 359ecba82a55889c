/* Muon: the momentum's nearest orthogonal matrix (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon).
 *
 * For the matrices of the hidden layers, q, k and v each by itself as its authors do (modded-nanogpt); AdamW has
 * all else, at train.adam_lr_ratio of train.lr. Nesterov's momentum is an average, m = beta m + (1 - beta) g. An update has
 * singular values near 1, times sqrt(max(1, out/in)).
 *
 * Under completep a matrix's update must move its output by a size that width leaves alone: a spectral norm in proportion to
 * sqrt(out/in) (Yang, Simon and Bernstein 2023). That is what an orthogonal matrix with the factor above has, so lr
 * needs no 1/mN and the decay no mN; and because it is blind to the gradient's size, no depth either (Qiu et al. 2025,
 * arXiv 2512.05620, table 1; Liu et al. 2025, arXiv 2502.16982, match Adam's root mean square instead, which drifts).
 *
 * Blocks of columns, orthogonal each by itself, cost a few percent of whole matrices. With the factor above for the block's own
 * width the root mean square of an update is what that of the whole matrix is. */
#include "model/optim/muon.h"

#include <math.h>

#include "base/size.h"

static size_t state_floats(const struct optim_config *c, const struct tensor *t, size_t state)
{
    if (optim_is_matrix(t))
        return state == 0 ? tensor_size(t) : 0;
    return optim_adamw.state_floats(c, t, state);
}

size_t muon_scratch_floats(struct ops o, const struct optim_config *c, const struct tensor *t)
{
    size_t most = 0, at, cols;
    for (size_t i = 0; optim_is_matrix(t) && tensor_piece(t, i, &at, &cols); i++) {
        size_t block = c->muon_block ? size_min(c->muon_block, cols) : cols, rest = cols % block ? cols % block : block;
        const size_t widths[] = {cols, block, rest};
        for (size_t j = 0; j < sizeof widths / sizeof *widths; j++)
            most = size_max(most, orthogonal_floats(o, c->muon_precision, t->rows, widths[j]));
    }
    return most;
}

bool muon_next(struct muon_walk *w, const struct optim_update *u)
{
    const struct optim_config *c = u->c;
    bool whole = c->muon_block == 0 || (u->step - 1) % (int64_t)c->muon_period == 0;
    size_t cols;
    w->at += w->cols;
    if (w->at == w->end) {
        if (!tensor_piece(u->t, w->piece++, &w->at, &cols))
            return false;
        w->end = w->at + cols;
    }
    w->cols = whole ? w->end - w->at : size_min(c->muon_block, w->end - w->at);
    return true;
}

struct param_rule muon_rule(const struct param_rules *r, const struct optim_config *c, const struct tensor *t)
{
    struct param_rule rule = r->role[t->role];
    if (optim_is_matrix(t)) {
        rule.lr = rule.decay = 1;
    } else {
        rule.lr *= (float)c->adam_lr_ratio;
    }
    return rule;
}

double muon_direction(struct orthogonal *z, const struct optim_update *u, size_t at, size_t cols)
{
    const struct optim_config *c = u->c;
    float beta = (float)c->momentum;
    struct kern_momentum m = {.keep = beta, .add = 1 - beta, .ahead = 1, .direct = 0, .grad_scale = u->grad_scale};
    if (c->nesterov)
        m.ahead = beta, m.direct = 1 - beta;
    orthogonal_begin(z, u->o, c->muon_precision, u->t->rows, cols, u->scratch);
    ops_momentum(u->o, z->x, z->ld, u->state[0] + at, u->grad + at, u->t->cols, u->t->rows, cols, &m);
    return orthogonal_run(z, c->muon_steps, (enum orthogonal_coefficients)c->muon_coefficients);
}

double muon_rate(const struct optim_update *u, size_t cols)
{
    return u->lr * sqrt(fmax(1, (double)cols / (double)u->t->rows));
}

static void update(const struct optim_update *u)
{
    if (!optim_is_matrix(u->t)) {
        optim_adamw.update(u);
        return;
    }
    for (struct muon_walk w = {0}; muon_next(&w, u);) {
        struct orthogonal z;
        double factor = muon_direction(&z, u, w.at, w.cols);
        optim_descend(u, w.at, w.cols, z.x, z.ld, muon_rate(u, w.cols) * factor);
    }
}

const struct optim_kind optim_muon = {"muon",
                                      MUON_KEYS,
                                      2,
                                      state_floats,
                                      muon_scratch_floats,
                                      muon_rule,
                                      update};
