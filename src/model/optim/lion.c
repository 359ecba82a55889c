/* Lion: the sign of an interpolated momentum (Chen et al. 2023, "Symbolic discovery of optimization algorithms").
 *
 * beta1 interpolates, beta2 is the momentum's; the paper has 0.9 and 0.99, rates 3 to 10 times smaller than AdamW's and
 * decays as much larger. Its steps have the size of Adam's in every element, so they follow width by Adam's rule. */
#include "model/optim/optim.h"

static void update(const struct optim_update *u)
{
    size_t rows = u->t->rows, cols = u->t->cols;
    struct kern_lion l = {(float)u->c->beta1, (float)u->c->beta2, u->grad_scale};
    ops_lion(u->o, u->scratch, cols, u->state[0], u->grad, cols, rows, cols, &l);
    optim_descend(u, 0, cols, u->scratch, cols, u->lr);
}

const struct optim_kind optim_lion = {"lion", "beta1 beta2", 1, optim_whole_state, optim_whole_scratch, optim_adam_rule, update};
