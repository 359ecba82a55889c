#include "model/shape.h"

enum status gpt_shape_check(const struct gpt_shape *s, struct err *err)
{
    if (s->C == 0 || s->L == 0 || s->NH == 0 || s->T == 0 || s->V == 0)
        return err_set(err, E_CONFIG, "model: d_model, n_layer, n_head, ctx and vocab must be above 0");
    if (s->C % s->NH != 0)
        return err_set(err, E_CONFIG, "model.d_model=%zu is not a multiple of model.n_head=%zu", s->C, s->NH);
    const size_t limit = (size_t)1 << 24; /* keeps every product of sizes far inside 64 bits */
    if (s->C > 1 << 15 || s->L > 1 << 12 || s->T > 1 << 16 || s->V > limit)
        return err_set(err, E_CONFIG, "model: d_model=%zu n_layer=%zu ctx=%zu vocab=%zu is too large", s->C, s->L, s->T,
                       s->V);
    return OK;
}
