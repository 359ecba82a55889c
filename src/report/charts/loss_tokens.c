#include "report/charts/parts.h"

#include <math.h>
#include <stdio.h>

#include "plot/palette.h"

enum status loss_tokens_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct parts_groups sizes = parts_groups_of(p->params, p->t->n);
    *drawn = parts_groups_of(p->tokens, p->t->n).n > 1 && !sizes.too_many;
    if (!*drawn)
        return OK;
    snprintf(ch->title, sizeof ch->title, "Loss against training tokens, one colour a model size");
    parts_law_words(p, ch->subtitle, sizeof ch->subtitle);
    snprintf(ch->x_label, sizeof ch->x_label, "training tokens D");
    snprintf(ch->y_label, sizeof ch->y_label, "held-out loss, nats per token");
    snprintf(ch->legend_title, sizeof ch->legend_title, "parameters N");
    snprintf(ch->note, sizeof ch->note, "N: %s. Bars: 95 %% sampling error of the held-out set, common to all runs.",
             parts_count_words(p->r));
    ch->log_x = ch->log_y = true;
    double lo, hi;
    parts_range(p->tokens, p->t->n, &lo, &hi);
    for (size_t k = 0; k < sizes.n; k++) {
        struct chart_series *s;
        char label[32];
        TRY(parts_law_line(&s, ch, palette_ordered(k, sizes.n), err));
        for (size_t i = 0; i < PARTS_STEPS; i++) {
            s->x[i] = parts_step(lo / 1.5, hi * 1.5, i, PARTS_STEPS);
            s->y[i] = parts_fitted_at(p, sizes.at[k], s->x[i]);
        }
        parts_size_label(label, sizeof label, sizes.at[k]);
        TRY(parts_runs(ch, p, p->tokens, p->loss, p->params, sizes.at[k], palette_ordered(k, sizes.n), label,
                     err));
    }
    parts_floors(ch, p);
    return OK;
}
