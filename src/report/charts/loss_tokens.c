#include "report/charts/parts.h"

#include "plot/palette.h"

static void say(struct chart *ch, const struct parts *p, const struct parts_groups *sizes)
{
    char merged[CHART_TEXT_MAX];
    parts_merged_words(merged, sizeof merged, sizes, "sizes", p->law != NULL);
    parts_say(ch->title, sizeof ch->title, "Loss against training tokens, one colour a model size");
    parts_law_words(p, ch->subtitle, sizeof ch->subtitle);
    parts_say(ch->x_label, sizeof ch->x_label, "training tokens D");
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, parts_loss_words(p));
    parts_say(ch->legend_title, sizeof ch->legend_title, "parameters N");
    parts_say(ch->note, sizeof ch->note, "N: %s. %s%s", parts_count_words(p), merged, parts_bars_words(p));
    ch->log_x = ch->log_y = true;
}

static enum status add_size(struct chart *ch, const struct parts *p, const struct parts_groups *sizes, size_t k,
                            struct parts_marks m, struct err *err)
{
    struct chart_series *s;
    char label[CHART_TEXT_MAX];
    double lo, hi;
    m.group = sizes->items[k];
    m.color = palette_ordered(k, sizes->n);
    m.label = label;
    parts_group_label(label, sizeof label, &m.group, parts_size_label);
    if (p->law && parts_range(p->tokens, p->t->n, &lo, &hi)) {
        TRY(parts_law_line(&s, ch, m.color, err));
        for (size_t i = 0; i < PARTS_STEPS; i++) {
            s->x[i] = parts_step(lo / 1.5, hi * 1.5, i, PARTS_STEPS);
            s->y[i] = parts_fitted_at(p, m.group.at, s->x[i]);
        }
    }
    return parts_runs(ch, p, &m, err);
}

enum status loss_tokens_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    const struct parts_marks m = {
        .x = p->tokens, .y = p->loss, .key = p->params, .bars = true, .marker = MARKER_DISC};
    struct parts_groups sizes = {0}, tokens = {0};
    enum status st = parts_group(&sizes, p->params, p->t->n, err);
    if (st == OK)
        st = parts_group(&tokens, p->tokens, p->t->n, err);
    *drawn = st == OK && tokens.n > 1;
    if (*drawn)
        say(ch, p, &sizes);
    for (size_t k = 0; st == OK && *drawn && k < sizes.n; k++)
        st = add_size(ch, p, &sizes, k, m, err);
    if (st == OK && *drawn)
        st = parts_rest(ch, p, m, "size unknown", err);
    if (st == OK && *drawn)
        st = parts_floors(ch, p, err);
    parts_groups_free(&sizes);
    parts_groups_free(&tokens);
    return st;
}
