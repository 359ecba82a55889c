/* The floor that each law finds, in windows that leave out the smallest runs: what the quoted interval is made of. */
#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "report/charts/kinds.h"
#include "report/names.h"

static const enum chart_marker marks[] = {MARKER_DISC, MARKER_SQUARE, MARKER_DIAMOND, MARKER_TRIANGLE, MARKER_RING};

static void say(struct chart *ch, const struct parts *p)
{
    const struct fit_verdict *v = &p->r->verdict;
    char value[NUMBER_MAX], interval[64];
    number_say(value, sizeof value, NUMBER_LOSS, v->floor.at.value, &v->floor.at, false);
    number_interval(interval, sizeof interval, NUMBER_LOSS, &v->floor.at, false);
    if (v->floor.supported && v->floor.identified)
        parts_say(ch->title, sizeof ch->title, "Over laws and the runs left out, the floor is quoted as %s%s%s", value,
                  p->nats, interval);
    else if (isfinite(v->floor.at.value))
        parts_say(ch->title, sizeof ch->title, "The floor is not settled: it moves with the law and with the runs that "
                  "are left out");
    else
        parts_say(ch->title, sizeof ch->title, "No floor is quoted from these runs");
    parts_say(ch->quantity, sizeof ch->quantity, "The fitted floor against the runs left out, by law");
    parts_say(ch->subtitle, sizeof ch->subtitle, "Each mark: a law fitted to a window without the smallest sizes or "
              "budgets, with the 95 %% of its "
              "resamples; larger marks predict larger runs better and weigh more. Band: the interval that is quoted, over "
              "all of them.");
    parts_say(ch->x_label, sizeof ch->x_label, "runs left out of %zu", p->r->design.n);
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "floor");
    ch->x_kind = AXIS_COUNT;
}

/* The floors of a cell's members, as they are; n of them. */
static size_t draws_of(double *out, const struct ensemble *e, size_t cell, int level)
{
    size_t n = 0;
    for (size_t i = 0; i < e->n_members; i++)
        if (e->members[i].cell == cell)
            out[n++] = e->members[i].p[level];
    return n;
}

static enum status add_law(struct chart *ch, const struct parts *p, size_t law, double heaviest, double *room, struct err *err)
{
    const struct ensemble *e = &p->r->spread;
    const struct fit_law *f = &p->r->laws.at[law];
    for (size_t k = 0, first = 1; k < e->n_cells; k++) {
        const struct ensemble_cell *c = &e->cells[k];
        struct chart_series *s;
        if (c->law != law || !c->fitted || !(c->weight > 0))
            continue;
        TRY(chart_add(&s, ch, 1, true, err));
        TRY(size_calloc(&s->aside, 1, sizeof *s->aside, "a chart's marks", err));
        struct fit_value v = stats_summary(c->fit.p[f->law->level], room, draws_of(room, e, k, f->law->level), STATS_Z95);
        s->color = palette_kind(law);
        s->marker = marks[law % 5];
        s->radius = 2.6 + 3.4 * sqrt(c->weight / heaviest);
        s->aside[0] = 7 * ((double)law - ((double)p->r->laws.n - 1) / 2) / s->radius;
        parts_say(first ? s->label : s->name, first ? sizeof s->label : sizeof s->name, "%s", f->law->name);
        s->x[0] = (double)(p->r->design.n - c->n);
        s->y[0] = v.value, s->lo[0] = v.lo, s->hi[0] = v.hi;
        first = 0;
    }
    return OK;
}

/* The quoted floor, across. */
static enum status add_quoted(struct chart *ch, const struct parts *p, struct err *err)
{
    const struct fit_value *v = &p->r->verdict.floor.at;
    struct chart_line *l;
    char value[NUMBER_MAX];
    if (!isfinite(v->value))
        return OK;
    TRY(chart_add_line(&l, ch, false, v->value, err));
    l->lo = isfinite(v->lo) ? v->lo : 0, l->hi = v->hi;
    l->dash = 6, l->gap = 4;
    l->color = palette_ink(PALETTE_FIT);
    number_say(value, sizeof value, NUMBER_LOSS, v->value, v, false);
    parts_say(l->label, sizeof l->label, "quoted %s = %s", name_row(NAME_FLOOR)->symbol, value);
    return OK;
}

static bool has_floor(const struct fit_report *r, const struct ensemble_cell *c)
{
    return c->fitted && c->weight > 0 && r->laws.at[c->law].law->level >= 0;
}

/* Whether the windows leave out different numbers of runs: with one there is nothing to compare. */
static bool windows_differ(const struct fit_report *r)
{
    size_t n = 0;
    for (size_t k = 0; k < r->spread.n_cells; k++) {
        const struct ensemble_cell *c = &r->spread.cells[k];
        if (!has_floor(r, c))
            continue;
        if (n > 0 && c->n != n)
            return true;
        n = c->n;
    }
    return false;
}

enum status floor_windows_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    const struct ensemble *e = &p->r->spread;
    double heaviest = 0, *room;
    for (size_t k = 0; k < e->n_cells; k++)
        if (has_floor(p->r, &e->cells[k]))
            heaviest = fmax(heaviest, e->cells[k].weight);
    *drawn = heaviest > 0 && windows_differ(p->r);
    if (!*drawn)
        return OK;
    say(ch, p);
    TRY(size_calloc(&room, e->n_members, sizeof *room, "the floors of resamples", err));
    enum status st = OK;
    for (size_t k = 0; k < p->r->laws.n && st == OK; k++)
        if (p->r->laws.at[k].law->level >= 0)
            st = add_law(ch, p, k, heaviest, room, err);
    free(room);
    TRY(st);
    TRY(add_quoted(ch, p, err));
    return parts_true_floor(ch, p, err);
}
