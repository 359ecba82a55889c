#include "report/charts/parts.h"

#include "plot/palette.h"

/* Budgets: tokens where the grid repeats them over sizes, else compute. */
struct budgets {
    struct parts_groups groups;
    bool compute;
};

static enum status find_budgets(struct budgets *b, const struct parts *p, struct err *err)
{
    struct parts_groups tokens = {0}, flops = {0};
    enum status st = parts_group(&tokens, p->tokens, p->t->n, err);
    if (st == OK)
        st = parts_group(&flops, p->flops, p->t->n, err);
    b->compute = flops.n_values > 0 && (tokens.n_values == 0 || flops.n_values < tokens.n_values);
    b->groups = b->compute ? flops : tokens;
    parts_groups_free(b->compute ? &tokens : &flops);
    return st;
}

static void say(struct chart *ch, const struct parts *p, const struct budgets *b)
{
    char merged[CHART_TEXT_MAX];
    parts_merged_words(merged, sizeof merged, &b->groups, "budgets", p->law != NULL);
    parts_say(ch->title, sizeof ch->title, "Loss against model size, one colour a budget of %s",
              b->compute ? "compute" : "training tokens");
    parts_law_words(p, ch->subtitle, sizeof ch->subtitle);
    parts_say(ch->x_label, sizeof ch->x_label, "model size N (%s)", parts_count_words(p));
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, parts_loss_words(p));
    parts_say(ch->legend_title, sizeof ch->legend_title, "%s", b->compute ? "compute C (FLOPs)" : "tokens D");
    parts_say(ch->note, sizeof ch->note, "%s%s", merged, parts_bars_words(p));
    ch->log_x = ch->log_y = true;
}

static enum status add_budget(struct chart *ch, const struct parts *p, const struct budgets *b, size_t k,
                              struct parts_marks m, struct err *err)
{
    struct chart_series *s;
    char label[CHART_TEXT_MAX];
    double lo, hi;
    m.group = b->groups.items[k];
    m.color = palette_ordered(k, b->groups.n);
    m.label = label;
    parts_group_label(label, sizeof label, &m.group, b->compute ? parts_flops_label : parts_size_label);
    if (p->law && parts_range(p->params, p->t->n, &lo, &hi)) {
        TRY(parts_law_line(&s, ch, m.color, err));
        for (size_t i = 0; i < PARTS_STEPS; i++) {
            double n = parts_step(lo / 1.5, hi * 1.5, i, PARTS_STEPS);
            s->x[i] = n;
            s->y[i] = parts_fitted_at(p, n, b->compute ? m.group.at / parts_flops_of(p, n, 1) : m.group.at);
        }
    }
    return parts_runs(ch, p, &m, err);
}

enum status loss_params_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct parts_groups sizes = {0};
    struct budgets b = {0};
    enum status st = parts_group(&sizes, p->params, p->t->n, err);
    if (st == OK)
        st = find_budgets(&b, p, err);
    const struct parts_marks m = {.x = p->params,
                                  .y = p->loss,
                                  .key = b.compute ? p->flops : p->tokens,
                                  .bars = true,
                                  .marker = MARKER_DISC};
    *drawn = st == OK && sizes.n > 1;
    if (*drawn)
        say(ch, p, &b);
    for (size_t k = 0; st == OK && *drawn && k < b.groups.n; k++)
        st = add_budget(ch, p, &b, k, m, err);
    if (st == OK && *drawn)
        st = parts_rest(ch, p, m, "budget unknown", err);
    if (st == OK && *drawn)
        st = parts_floors(ch, p, err);
    parts_groups_free(&sizes);
    parts_groups_free(&b.groups);
    return st;
}
