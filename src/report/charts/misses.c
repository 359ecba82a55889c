#include "report/charts/misses.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

static double law_of_row(const struct parts *p, size_t i)
{
    if (p->law && p->law->law->n_vars == 1 && p->law->x == FIT_X)
        return fit_predict(p->law, p->reach[i], 0).value;
    return parts_fitted_at(p, p->params[i], p->tokens[i]);
}

/* Half of what 95 % of runs of this compute lie within by their seeds alone, as a share of the loss: at the best size. */
static double noise_share(const struct parts *p, double reach)
{
    double n = fit_frontier_params(&p->r->frontier, reach).value, lo, hi;
    if (p->reach != p->flops || p->r->noise.model.df == 0)
        return (double)NAN;
    if (parts_range(p->params, p->t->n, &lo, &hi))
        n = isfinite(n) ? fmin(fmax(n, lo), hi) : sqrt(lo * hi);
    double d = reach / parts_flops_of(p, n, 1), loss = parts_fitted_at(p, n, d);
    return fit_run_noise_at(p->r, n, d).half / loss;
}

enum status misses_fill(struct misses *m, const struct parts *p, struct err *err)
{
    double ss = 0, noise = 0;
    *m = (struct misses){.rms = (double)NAN, .noise = (double)NAN};
    TRY(size_calloc(&m->off, p->t->n, sizeof *m->off, "residuals", err));
    for (size_t i = 0; i < p->t->n; i++) {
        double law = law_of_row(p, i);
        m->off[i] = p->loss[i] / law - 1;
        if (!isfinite(m->off[i]) || (p->r->odd.off && p->r->odd.off[i]))
            continue;
        double sigma = p->r->noise.model.df > 0 ? fit_run_noise_at(p->r, p->params[i], p->tokens[i]).sigma / law : (double)NAN;
        ss += m->off[i] * m->off[i];
        noise += sigma * sigma;
        m->n++;
    }
    if (m->n > 0) {
        m->rms = sqrt(ss / (double)m->n);
        m->noise = sqrt(noise / (double)m->n);
    }
    return OK;
}

void misses_free(struct misses *m)
{
    free(m->off);
    m->off = NULL;
}

static enum status draw_noise(struct chart *ch, const struct parts *p, size_t panel, struct err *err)
{
    struct chart_series *s;
    double lo, hi;
    if (!parts_range(p->reach, p->t->n, &lo, &hi) || !isfinite(noise_share(p, lo)))
        return OK;
    TRY(chart_add(&s, ch, PARTS_BAND_STEPS, true, err));
    s->color = palette_ink(PALETTE_NOISE);
    s->band = s->free_range = true;
    s->panel = panel;
    parts_say(s->label, sizeof s->label, "95 %% by seeds alone");
    for (size_t i = 0; i < PARTS_BAND_STEPS; i++) {
        s->x[i] = parts_step(lo / 1.3, hi * 1.3, i, PARTS_BAND_STEPS);
        double half = noise_share(p, s->x[i]);
        s->y[i] = 0;
        s->lo[i] = -half, s->hi[i] = half;
    }
    return OK;
}

enum status misses_draw(struct chart *ch, const struct parts *p, const struct misses *m, const struct parts_groups *sizes,
                        size_t panel, struct err *err)
{
    const struct parts_marks marks = {.x = p->reach, .y = m->off, .panel = panel};
    struct chart_line *l;
    TRY(draw_noise(ch, p, panel, err));
    TRY(chart_add_line(&l, ch, false, 0, err));
    l->panel = panel;
    l->color = palette_ink(PALETTE_FIT);
    return parts_runs_by_size(ch, p, sizes, marks, err);
}
