/* AdamW: Adam with decoupled decay (Kingma and Ba 2015; Loshchilov and Hutter 2019). */
#include "model/optim/optim.h"

static size_t state_floats(const struct optim_config *c, const struct tensor *t, size_t state)
{
    (void)c;
    return state < 2 ? tensor_size(t) : 0; /* the two moments */
}

static void update(const struct optim_update *u)
{
    struct kern_adamw a = {.lr = (float)u->lr,
                           .beta1 = (float)u->c->beta1,
                           .beta2 = (float)u->c->beta2,
                           .eps = (float)u->eps,
                           .decay = (float)u->decay,
                           .correct1 = (float)u->correct1,
                           .correct2 = (float)u->correct2,
                           .grad_scale = u->grad_scale,
                           .cautious = u->c->cautious_decay};
    ops_adamw(u->o, u->w, u->grad, u->state[0], u->state[1], &a, tensor_size(u->t));
}

const struct optim_kind optim_adamw = {
    "adamw", "beta1 beta2 eps", 2, state_floats, optim_no_scratch, optim_adam_rule, update};
