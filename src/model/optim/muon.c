/* Muon: the momentum's nearest orthogonal matrix (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon).
 *
 * For the matrices of the hidden layers, q, k and v each by itself as its authors do (modded-nanogpt); AdamW has
 * all else, at train.adam_lr_ratio of train.lr. Nesterov's momentum is an average, m = beta m + (1 - beta) g. An update has
 * singular values near 1, times sqrt(max(1, out/in)).
 *
 * Under completep a matrix's update must move its output by a size that width leaves alone: a spectral norm in proportion to
 * sqrt(out/in) (Yang, Simon and Bernstein 2023). That is what an orthogonal matrix with the factor above has, so lr
 * needs no 1/mN and the decay no mN; and because it is blind to the gradient's size, no depth either (Qiu et al. 2025,
 * arXiv 2512.05620, table 1; Liu et al. 2025, arXiv 2502.16982, match Adam's root mean square instead, which drifts). */
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
    (void)c;
    for (size_t i = 0; optim_is_matrix(t) && tensor_piece(t, i, &at, &cols); i++)
        most = size_max(most, orthogonal_floats(o, t->rows, cols));
    return most;
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
    orthogonal_begin(z, u->o, u->t->rows, cols, u->scratch);
    ops_momentum(u->o, z->x, z->ld, u->state[0] + at, u->grad + at, u->t->cols, u->t->rows, cols, &m);
    return orthogonal_run(z, c->muon_steps, (enum orthogonal_coefficients)c->muon_coefficients);
}

double muon_rate(const struct optim_update *u, size_t cols)
{
    return u->lr * sqrt(fmax(1, (double)cols / (double)u->t->rows));
}

static void update(const struct optim_update *u)
{
    size_t at, cols;
    if (!optim_is_matrix(u->t)) {
        optim_adamw.update(u);
        return;
    }
    for (size_t i = 0; tensor_piece(u->t, i, &at, &cols); i++) {
        struct orthogonal z;
        double factor = muon_direction(&z, u, at, cols);
        optim_descend(u, at, cols, z.x, z.ld, muon_rate(u, cols) * factor);
    }
}

const struct optim_kind optim_muon = {"muon",
                                      "beta1 beta2 eps momentum nesterov muon_steps muon_coefficients adam_lr_ratio",
                                      2,
                                      state_floats,
                                      muon_scratch_floats,
                                      muon_rule,
                                      update};
