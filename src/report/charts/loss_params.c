#include "report/charts/kinds.h"

#include <math.h>

#include "report/number.h"

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

static enum axis_kind kind_of(const struct budgets *b)
{
    return b->compute ? AXIS_POWER : AXIS_COUNT;
}

/* The size with the lowest loss at the largest budget that has several. */
static void say_finding(struct chart *ch, const struct parts *p, const struct budgets *b, const double *key)
{
    char budget[64], n[NUMBER_MAX], loss[NUMBER_MAX];
    for (size_t k = b->groups.n; k-- > 0;) {
        double lo = (double)INFINITY, hi = 0;
        size_t best = p->t->n;
        for (size_t i = 0; i < p->t->n; i++) {
            if (!parts_in_group(&b->groups.items[k], key[i]))
                continue;
            lo = fmin(lo, p->params[i]), hi = fmax(hi, p->params[i]);
            best = best == p->t->n || p->loss[i] < p->loss[best] ? i : best;
        }
        if (!(hi > 1.01 * lo) || best == p->t->n)
            continue;
        parts_group_label(budget, sizeof budget, &b->groups.items[k], kind_of(b));
        number_bare(n, sizeof n, NUMBER_COUNT, p->params[best], 3, false);
        number_bare(loss, sizeof loss, NUMBER_LOSS, p->loss[best], 4, false);
        parts_say(ch->title, sizeof ch->title, "At %s = %s%s the %s size, N = %s, has the lowest loss: %s%s", b->compute
                  ? "C" : "D",
                  budget, b->compute ? " FLOPs" : "",
                  p->params[best] > 0.99 * hi ? "largest" : p->params[best] < 1.01 * lo ? "smallest" : "best", n, loss,
                  p->nats);
        return;
    }
    parts_say(ch->title, sizeof ch->title, "Loss against model size");
}

static void say(struct chart *ch, const struct parts *p, const struct budgets *b)
{
    char merged[CHART_TEXT_MAX], shared[CHART_TEXT_MAX];
    parts_merged_words(merged, sizeof merged, &b->groups, "budgets", p->law != NULL);
    parts_shared_error(p, shared, sizeof shared);
    parts_say(ch->quantity, sizeof ch->quantity, "Loss against model size, one colour a budget of %s",
              b->compute ? "compute" : "training tokens");
    parts_say(ch->x_label, sizeof ch->x_label, "model size N (%s)", parts_count_words(p));
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, parts_loss_words(p));
    parts_say(ch->note, sizeof ch->note, "%s%s", merged, shared);
    ch->log_x = ch->log_y = true;
    ch->x_kind = AXIS_COUNT;
}

static enum status add_line(struct chart *ch, const struct parts *p, const struct budgets *b, size_t k, struct err *err)
{
    const struct parts_group *g = &b->groups.items[k];
    struct chart_series *s;
    double lo, hi;
    char budget[64];
    bool band = parts_has_band(p, k, b->groups.n);
    size_t points = band ? PARTS_BAND_STEPS : PARTS_STEPS;
    if (!p->law || !parts_range(p->params, p->t->n, &lo, &hi))
        return OK;
    TRY(parts_law_line(&s, ch, chart_on_scale(ch, g->at), points, band, err));
    parts_group_label(budget, sizeof budget, g, kind_of(b));
    parts_say(s->name, sizeof s->name, "fit, %s = %s", b->compute ? "C" : "D", budget);
    for (size_t i = 0; i < points; i++) {
        double n = s->x[i] = parts_step(lo / 1.5, hi * 1.5, i, points);
        parts_law_point(s, p, i, n, b->compute ? g->at / parts_flops_of(p, n, 1) : g->at);
    }
    return OK;
}

static enum status fill(struct chart *ch, const struct parts *p, const struct budgets *b, struct err *err)
{
    struct parts_marks m = {.x = p->params, .y = p->loss, .key = b->compute ? p->flops : p->tokens, .marker = MARKER_DISC};
    char name[CHART_NAME_MAX], budget[64];
    TRY(parts_scale(ch, &b->groups, b->compute ? "compute C (FLOPs)" : "tokens D", kind_of(b), err));
    say(ch, p, b);
    say_finding(ch, p, b, m.key);
    for (size_t k = 0; k < b->groups.n; k++)
        TRY(add_line(ch, p, b, k, err));
    parts_law_words(ch, p);
    m.name = name;
    for (size_t k = 0; k < b->groups.n; k++) {
        m.group = b->groups.items[k];
        m.color = chart_on_scale(ch, m.group.at);
        parts_group_label(budget, sizeof budget, &m.group, kind_of(b));
        parts_say(name, sizeof name, "%s = %s", b->compute ? "C" : "D", budget);
        TRY(parts_runs(ch, p, &m, err));
    }
    TRY(parts_rest(ch, p, m, "budget unknown", err));
    return parts_floors(ch, p, err);
}

enum status loss_params_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct parts_groups sizes = {0};
    struct budgets b = {0};
    enum status st = parts_group(&sizes, p->params, p->t->n, err);
    if (st == OK)
        st = find_budgets(&b, p, err);
    *drawn = st == OK && sizes.n > 1;
    if (*drawn)
        st = fill(ch, p, &b, err);
    parts_groups_free(&sizes);
    parts_groups_free(&b.groups);
    return st;
}
