/* The runs that no law follows, by name: what they came to, and what the others say of them. */
#include <math.h>

#include "report/charts/kinds.h"
#include "report/number.h"

enum { MOST = 24 };

static void say(struct chart *ch, const struct parts *p, size_t n)
{
    parts_say(ch->title, sizeof ch->title, "%zu run%s of %zu %s no law", p->r->odd.n, p->r->odd.n == 1 ? "" :
              "s", p->r->n,
              p->r->odd.n == 1 ? "follows" : "follow");
    parts_say(ch->quantity, sizeof ch->quantity, "Loss of the runs that lie off every law, and what the law of the others "
              "expects");
    parts_say(ch->subtitle, sizeof ch->subtitle, "They lie farther off than the scatter of the others explains, and are "
              "left out of noise, break "
              "test and flattening: look at them, or run them again.");
    parts_loss_label(ch->x_label, sizeof ch->x_label, p, parts_loss_words(p));
    if (n < p->r->odd.n)
        parts_say(ch->note, sizeof ch->note, "The first %zu of %zu are drawn; fit.json names all.", n, p->r->odd.n);
    ch->y_kind = AXIS_NAMES;
}

enum status odd_runs_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    size_t n = p->r->odd.n < MOST ? p->r->odd.n : MOST;
    struct chart_series *s;
    *drawn = n > 0;
    if (!*drawn)
        return OK;
    say(ch, p, n);
    for (int kind = 0; kind < 2; kind++) {
        TRY(chart_add(&s, ch, n, false, err));
        s->color = palette_ink(kind ? PALETTE_NOISE : PALETTE_FIT);
        s->marker = kind ? MARKER_DISC : MARKER_RING;
        s->radius = 5;
        parts_say(s->label, sizeof s->label, "%s", kind ? "the run" : "expected");
        for (size_t k = 0; k < n; k++) {
            const struct fit_outlier *o = &p->r->odd.runs[k];
            char name[CHART_NAME_MAX];
            parts_name(name, sizeof name, p, o->row);
            s->x[k] = kind ? o->loss : o->expected;
            s->y[k] = (double)(n - k);
            TRY(chart_name_point(s, k, name, err));
        }
    }
    for (size_t k = 0; k < n; k++) {
        const struct fit_outlier *o = &p->r->odd.runs[k];
        char name[CHART_NAME_MAX];
        TRY(chart_add(&s, ch, 2, false, err));
        s->color = palette_ink(PALETTE_SOFT);
        s->width = 1.2;
        parts_say(s->name, sizeof s->name, "from expected to measured");
        s->x[0] = o->expected, s->x[1] = o->loss;
        s->y[0] = s->y[1] = (double)(n - k);
        parts_name(name, sizeof name, p, o->row);
        TRY(chart_name_place(ch, n - k, n, name, err));
    }
    return OK;
}
