/* What the law misses, run by run: a law that is right leaves what seeds do, without a shape. */
#include <math.h>
#include <stdlib.h>

#include "report/charts/misses.h"
#include "report/names.h"

static void say(struct chart *ch, const struct parts *p, const struct misses *m)
{
    char rms[NUMBER_MAX], noise[NUMBER_MAX], form[CHART_TEXT_MAX];
    number_bare(rms, sizeof rms, NUMBER_SHARE, m->rms, 2, false);
    number_bare(noise, sizeof noise, NUMBER_SHARE, m->noise, 2, false);
    name_pretty(form, sizeof form, p->law->law->form);
    if (isfinite(m->noise))
        parts_say(ch->title, sizeof ch->title, "The law misses the runs by %s, seeds alone would by %s", rms, noise);
    else
        parts_say(ch->title, sizeof ch->title, "The law misses the runs by %s", rms);
    parts_say(ch->quantity, sizeof ch->quantity, "Residuals of law %s, %s", p->law->law->name, form);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Root mean square over %zu runs. A shape in these dots is something the law "
              "does not know%s.", m->n, isfinite(m->noise) ? "" : "; without repeated seeds what is noise cannot be told");
    parts_say(ch->x_label, sizeof ch->x_label, "%s", p->reach_words);
    parts_say(ch->y_label, sizeof ch->y_label, "loss above the law");
    parts_say(ch->note, sizeof ch->note, "N: %s. ", parts_count_words(p));
    ch->log_x = true;
    ch->x_kind = p->reach_kind;
    ch->y_kind = AXIS_PERCENT;
}

/* The runs that no law follows, by name. */
static enum status name_odd(struct chart *ch, const struct parts *p, const struct misses *m, struct err *err)
{
    for (size_t k = 0; k < p->r->odd.n && k < 8; k++) {
        size_t row = p->r->odd.runs[k].row;
        char name[CHART_NAME_MAX];
        parts_name(name, sizeof name, p, row);
        TRY(chart_add_label(ch, p->reach[row], m->off[row], palette_ink(PALETTE_INK), name, err));
    }
    return OK;
}

static enum status fill(struct chart *ch, const struct parts *p, struct misses *m, struct parts_groups *sizes,
                        struct err *err)
{
    TRY(misses_fill(m, p, err));
    TRY(parts_group(sizes, p->params, p->t->n, err));
    TRY(parts_scale(ch, sizes, "parameters N", AXIS_COUNT, err));
    say(ch, p, m);
    TRY(misses_draw(ch, p, m, sizes, 0, err));
    return name_odd(ch, p, m, err);
}

enum status residuals_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct misses m = {0};
    struct parts_groups sizes = {0};
    double lo, hi;
    *drawn = p->law && parts_range(p->reach, p->t->n, &lo, &hi);
    if (!*drawn)
        return OK;
    enum status st = fill(ch, p, &m, &sizes, err);
    *drawn = st == OK && m.n > 0;
    misses_free(&m);
    parts_groups_free(&sizes);
    return st;
}
