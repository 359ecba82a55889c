/* Stochastic gradient descent with momentum, Nesterov's or not (Sutskever et al. 2013, in the form of PyTorch's SGD), and
 * decoupled decay.
 *
 * Under completep: AdamW divides by the gradient's size and its eps follows that size, so here lr takes it over, and the
 * decay of a step, lr times decay, stays what it is. This gives the table of Yang et al. 2022 (Tensor Programs V) for SGD:
 * hidden matrices width-independent, embeddings and vectors proportional to width, all of a block times depth. */
#include "model/optim/optim.h"

static struct param_rule rule(const struct param_rules *r, const struct optim_config *c, const struct tensor *t)
{
    (void)c;
    struct param_rule a = r->role[t->role];
    a.lr /= a.eps;
    a.decay *= a.eps;
    return a;
}

static void update(const struct optim_update *u)
{
    size_t rows = u->t->rows, cols = u->t->cols;
    float beta = (float)u->c->momentum;
    struct kern_momentum m = {.keep = beta, .add = 1, .ahead = 1, .direct = 0, .grad_scale = u->grad_scale};
    if (u->c->nesterov)
        m.ahead = beta, m.direct = 1;
    ops_momentum(u->o, u->scratch, cols, u->state[0], u->grad, cols, rows, cols, &m);
    optim_descend(u, 0, cols, u->scratch, cols, u->lr);
}

const struct optim_kind optim_sgd = {"sgd", "momentum nesterov", 1, optim_whole_state, optim_whole_scratch, rule, update};
