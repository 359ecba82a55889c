#include "report/charts/parts.h"

#include <math.h>
#include <stdio.h>

#include "plot/palette.h"

/* Budgets are tokens where the grid repeats them over sizes, else compute. */
enum status loss_params_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct parts_groups tokens = parts_groups_of(p->tokens, p->t->n), flops = parts_groups_of(p->flops, p->t->n);
    bool by_flops = tokens.too_many || flops.n < tokens.n;
    const struct parts_groups *g = by_flops ? &flops : &tokens;
    *drawn = parts_groups_of(p->params, p->t->n).n > 1 && !g->too_many;
    if (!*drawn)
        return OK;
    snprintf(ch->title, sizeof ch->title, "Loss against model size, one colour a budget of %s",
             by_flops ? "compute" : "training tokens");
    parts_law_words(p, ch->subtitle, sizeof ch->subtitle);
    snprintf(ch->x_label, sizeof ch->x_label, "model size N (%s)", parts_count_words(p->r));
    snprintf(ch->y_label, sizeof ch->y_label, "held-out loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "%s", by_flops ? "compute C, FLOPs" : "tokens D");
    snprintf(ch->note, sizeof ch->note, "Bars: 95 %% sampling error of the held-out set, common to all runs.");
    ch->log_x = ch->log_y = true;
    double lo, hi;
    parts_range(p->params, p->t->n, &lo, &hi);
    for (size_t k = 0; k < g->n; k++) {
        struct chart_series *s;
        char label[32];
        TRY(parts_law_line(&s, ch, palette_ordered(k, g->n), err));
        for (size_t i = 0; i < PARTS_STEPS; i++) {
            double n = parts_step(lo / 1.5, hi * 1.5, i, PARTS_STEPS);
            s->x[i] = n;
            s->y[i] = parts_fitted_at(p, n, by_flops ? g->at[k] / parts_flops_of(p, n, 1) : g->at[k]);
        }
        (by_flops ? parts_flops_label : parts_size_label)(label, sizeof label, g->at[k]);
        TRY(parts_runs(ch, p, p->params, p->loss, by_flops ? p->flops : p->tokens, g->at[k],
                     palette_ordered(k, g->n), label, err));
    }
    parts_floors(ch, p);
    return OK;
}
