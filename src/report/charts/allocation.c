/* How compute is best split: N* above, D* below, with parameters counted three ways. */
#include <math.h>

#include "report/charts/kinds.h"
#include "report/names.h"

static const char *const counted[] = {"all parameters", "without embeddings", "in matrix products"};
static const double dashes[][2] = {{0, 0}, {7, 4}, {2, 3}};

static const struct fit_methods *own(const struct fit_report *r)
{
    for (size_t i = 0; i < r->methods.n; i++)
        if (r->methods.at[i].count == r->count)
            return &r->methods.at[i];
    return NULL;
}

static void say(struct chart *ch, const struct parts *p)
{
    const struct fit_value *a = &p->r->frontier.n_exponent;
    char value[NUMBER_MAX], interval[64], data[NUMBER_MAX], lo[NUMBER_MAX], hi[NUMBER_MAX];
    double least = a->value, most = a->value;
    for (size_t i = 0; i < p->r->methods.n; i++) {
        least = fmin(least, p->r->methods.at[i].law_n.value);
        most = fmax(most, p->r->methods.at[i].law_n.value);
    }
    number_say(value, sizeof value, NUMBER_PLAIN, a->value, a, false);
    number_interval(interval, sizeof interval, NUMBER_PLAIN, a, false);
    number_say(data, sizeof data, NUMBER_PLAIN, p->r->frontier.d_exponent.value, &p->r->frontier.d_exponent, false);
    number_bare(lo, sizeof lo, NUMBER_PLAIN, least, 2, false);
    number_bare(hi, sizeof hi, NUMBER_PLAIN, most, 2, false);
    if (p->r->verdict.withheld[0])
        parts_say(ch->title, sizeof ch->title, "How compute is best split, these runs do not settle");
    else
        parts_say(ch->title, sizeof ch->title, "N" RICH_UP "*" RICH_END " grows as C" RICH_UP "%s" RICH_END "%s, D" RICH_UP
              "*" RICH_END
              " as C" RICH_UP "%s" RICH_END, value, interval, data);
    parts_say(ch->quantity, sizeof ch->quantity, "The best size and amount of data against compute");
    if (p->r->methods.n > 1)
        parts_say(ch->subtitle, sizeof ch->subtitle, "By law %s; what counts as a parameter puts the exponent of N "
                  "between %s and %s.", p->law->law->name, lo, hi);
    else
        parts_say(ch->subtitle, sizeof ch->subtitle, "By law %s; these runs tell of one way to count parameters.",
                  p->law->law->name);
    parts_say(ch->x_label, sizeof ch->x_label, "%s", p->reach_words);
    parts_say(ch->y_label, sizeof ch->y_label, "best size N" RICH_UP "*" RICH_END);
    parts_say(ch->lower.y_label, sizeof ch->lower.y_label, "data D" RICH_UP "*" RICH_END " (%ss)", p->token);
    parts_say(ch->note, sizeof ch->note, "Bands, 95 %%: of the count that this fit uses, %s. Beyond the largest run "
              "everything is an "
              "extrapolation.", parts_count_words(p));
    ch->log_x = ch->log_y = ch->lower.log_y = ch->has_lower = true;
    ch->x_kind = AXIS_POWER;
    ch->y_kind = ch->lower.y_kind = AXIS_COUNT;
}

static enum status add_line(struct chart *ch, const struct parts *p, const struct fit_methods *m, bool data, struct err *err)
{
    struct chart_series *s;
    bool band = m->count == p->r->count;
    TRY(chart_add(&s, ch, FIT_METHOD_BUDGETS, band, err));
    s->color = palette_kind((size_t)m->count);
    s->width = 2;
    s->dash = dashes[m->count][0], s->gap = dashes[m->count][1];
    s->band = band;
    s->panel = data;
    parts_say(data ? s->name : s->label, data ? sizeof s->name : sizeof s->label, "%s", counted[m->count]);
    for (size_t i = 0; i < FIT_METHOD_BUDGETS; i++) {
        const struct fit_value *v = data ? &m->d_best[i] : &m->n_best[i];
        s->x[i] = m->flops[i];
        s->y[i] = v->value;
        if (band)
            s->lo[i] = v->lo, s->hi[i] = v->hi;
    }
    return OK;
}

/* What the parabolas say, of the count that this fit uses. */
static enum status add_minima(struct chart *ch, const struct parts *p, bool data, struct err *err)
{
    struct chart_series *s;
    size_t n = p->r->isoflop.n;
    if (n == 0)
        return OK;
    TRY(chart_add(&s, ch, n, true, err));
    s->color = palette_kind((size_t)p->r->count);
    s->marker = MARKER_DIAMOND;
    s->panel = data;
    parts_say(data ? s->name : s->label, data ? sizeof s->name : sizeof s->label, "IsoFLOP minima");
    for (size_t k = 0; k < n; k++) {
        const struct fit_isoflop *b = &p->r->isoflop.at[k];
        const struct fit_value *v = data ? &b->d_opt : &b->n_opt;
        if (!b->valid || b->at_edge)
            continue;
        s->x[k] = b->flops;
        s->y[k] = v->value, s->lo[k] = v->lo, s->hi[k] = v->hi;
    }
    return OK;
}

static enum status add_largest(struct chart *ch, const struct parts *p, struct err *err)
{
    struct chart_line *l;
    for (size_t panel = 0; panel < CHART_PANELS; panel++) {
        TRY(chart_add_line(&l, ch, true, p->r->cost.max_flops, err));
        l->color = palette_ink(PALETTE_SOFT);
        l->dash = 2, l->gap = 4;
        l->panel = panel;
        if (panel == 0)
            parts_say(l->label, sizeof l->label, "largest run");
    }
    return OK;
}

enum status allocation_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    *drawn = p->r->frontier.holds && own(p->r) && isfinite(p->r->frontier.n_exponent.value) && p->r->cost.max_flops > 0;
    if (!*drawn)
        return OK;
    say(ch, p);
    for (int data = 0; data < 2; data++) {
        for (size_t i = 0; i < p->r->methods.n; i++)
            TRY(add_line(ch, p, &p->r->methods.at[i], data, err));
        TRY(add_minima(ch, p, data, err));
    }
    return add_largest(ch, p, err);
}
