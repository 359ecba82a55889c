/* Which shape a size is given. */
#include "harness/plan.h"

#include <math.h>

const struct plan_shapes plan_all_shapes = {{1, 4096}, {1, 48}};

struct config_shape plan_shape(double params, const struct config *c, size_t vocab)
{
    return plan_shape_within(&plan_all_shapes, gpt_params, params, c, vocab);
}

/* How far a shape is from those that are wanted: ln of how far off its d_model / n_layer is, */
static double off_aspect(const struct config *c, size_t C, size_t L)
{
    return fabs(log((double)C / (double)L / c->model.aspect));
}

/* and with its size: missing that by 10 % weighs as much as missing the aspect by half. */
static double off_shape(const struct gpt_shape *usual, plan_count_fn *count, double params, const struct config *c, size_t C,
                        size_t L)
{
    struct gpt_shape s = *usual;
    s.C = C, s.L = L, s.NH = C / c->model.head_size;
    return 5 * fabs(log(count(&s) / params)) + off_aspect(c, C, L);
}

struct config_shape plan_shape_within(const struct plan_shapes *w, plan_count_fn *count, double params,
                                      const struct config *c, size_t vocab)
{
    struct config_shape best = {0};
    double least = (double)INFINITY, bound = (double)INFINITY;
    const struct gpt_shape usual = config_gpt_shape(c, vocab);
    const size_t step = c->model.head_size, first = (w->d_model[0] + step - 1) / step * step;
    /* To count a shape takes long: none is counted whose aspect alone is farther off than the best of those that have it. */
    for (size_t L = w->n_layer[0]; L <= w->n_layer[1]; L++) {
        size_t C = (size_t)fmax(1, round(c->model.aspect * (double)L / (double)step)) * step;
        if (C >= first && C <= w->d_model[1])
            bound = fmin(bound, off_shape(&usual, count, params, c, C, L));
    }
    for (size_t L = w->n_layer[0]; L <= w->n_layer[1]; L++)
        for (size_t C = first; C <= w->d_model[1]; C += step) {
            double off = off_aspect(c, C, L);
            if (off >= least || off > bound)
                continue;
            off = off_shape(&usual, count, params, c, C, L);
            if (off < least) {
                least = off;
                best = (struct config_shape){C, L, C / step};
            }
        }
    return best;
}
