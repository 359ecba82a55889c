#include <math.h>

#include "base/size.h"
#include "report/charts/bottoms.h"
#include "report/charts/kinds.h"
#include "report/number.h"

/* More bowls than this nobody can tell apart: some are drawn, evenly by compute. */
enum { MOST = 12 };

static size_t drawn_of(const struct bottoms *all)
{
    return size_min(all->n, MOST);
}

static const struct bottom *nth(const struct bottoms *all, size_t i)
{
    size_t n = drawn_of(all);
    return &all->of[n > 1 ? i * (all->n - 1) / (n - 1) : 0];
}

/* Beyond the parabola, a rate whose loss is far above its ends would make a picture that shows no bowl. */
static bool is_far(const struct bowl *b, size_t k)
{
    double ends = fmax(bowl_at(b, b->lo_x), bowl_at(b, b->hi_x)) - b->loss, x = exp(b->ln_x[k]);
    return b->state == BOWL_FOUND && (x < b->lo_x * 0.99 || x > b->hi_x * 1.01) && b->mean[k] - b->loss > 1.5 * ends;
}

static bool any_far(const struct bottoms *all)
{
    for (size_t i = 0; i < drawn_of(all); i++)
        for (size_t k = 0; k < nth(all, i)->bowl.n; k++)
            if (is_far(&nth(all, i)->bowl, k))
                return true;
    return false;
}

static bool any_seeds(const struct bottoms *all)
{
    for (size_t i = 0; i < drawn_of(all); i++)
        for (size_t k = 0; k < nth(all, i)->bowl.n; k++)
            if (nth(all, i)->bowl.runs[k] > 1)
                return true;
    return false;
}

/* The best rate of the largest compute that has one inside what was tried. */
static void say_finding(struct chart *ch, const struct bottoms *all)
{
    char where[64], rate[NUMBER_MAX], interval[64];
    size_t i = all->n;
    while (i > 0 && all->of[i - 1].bowl.state != BOWL_FOUND)
        i--;
    if (i == 0) {
        parts_say(ch->title, sizeof ch->title, "The best learning rate lies at the edge of what was tried, or beyond it");
        return;
    }
    const struct fit_value *x = &all->of[i - 1].bowl.x;
    bottoms_label(where, sizeof where, &all->of[i - 1]);
    number_say(rate, sizeof rate, NUMBER_PLAIN, x->value, x, false);
    number_interval(interval, sizeof interval, NUMBER_PLAIN, x, false);
    parts_say(ch->title, sizeof ch->title, "At %s the best learning rate is %s%s", where, rate, interval);
}

static void say(struct chart *ch, const struct parts *p, const struct bottoms *all)
{
    size_t edges = 0, skewed = 0;
    for (size_t i = 0; i < drawn_of(all); i++) {
        edges += nth(all, i)->bowl.state != BOWL_FOUND;
        skewed += nth(all, i)->bowl.state == BOWL_FOUND && nth(all, i)->bowl.skewed;
    }
    say_finding(ch, all);
    const char *curves = skewed == 0                        ? "parabolas"
                         : edges + skewed == drawn_of(all) ? "Akima curves"
                                                           : "parabolas, or of Akima curves where skewed";
    parts_say(ch->quantity, sizeof ch->quantity, "Loss above the bottom of the bowl, against the learning rate");
    parts_say(ch->subtitle, sizeof ch->subtitle, "One bowl a size and budget. Diamonds: bottoms of the %s, with their 95 %% "
              "intervals.", curves);
    parts_say(ch->x_label, sizeof ch->x_label, "learning rate");
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "loss above the bottom");
    parts_say(ch->legend_title, sizeof ch->legend_title, "size N, tokens D");
    char some[64] = "";
    if (all->n > MOST)
        parts_say(some, sizeof some, "%d of %zu bowls are drawn, evenly by compute. ", MOST, all->n);
    parts_say(ch->note, sizeof ch->note, "%s%s%s%s%sN: %s.", some,
              all->deepest ? "Of the other settings that were tried, the best. " : "",
              any_far(all) ? "Rates far from the bottom lie above the picture. " : "",
              any_seeds(all) ? "Points: means of the seeds. " : "",
              edges ? "Rings: the best rate is the lowest or the highest that was tried, so that there is no bottom; "
                      "counted from it. "
                    : "",
              parts_count_words(p));
    ch->log_x = true;
}

static enum status add_curve(struct chart *ch, const struct bottom *b, struct ink color, struct err *err)
{
    struct chart_series *s;
    char where[64];
    TRY(parts_law_line(&s, ch, color, PARTS_STEPS, false, err));
    bottoms_label(where, sizeof where, b);
    parts_say(s->name, sizeof s->name, "curve, %s", where);
    s->free_range = false;
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        s->x[i] = parts_step(b->bowl.lo_x, b->bowl.hi_x, i, PARTS_STEPS);
        s->y[i] = bowl_at(&b->bowl, s->x[i]) - b->bowl.loss;
    }
    return OK;
}

static enum status add_bottom(struct chart *ch, const struct bottom *b, struct ink color, struct err *err)
{
    struct chart_series *s;
    char where[64];
    TRY(chart_add(&s, ch, 1, false, err));
    TRY(chart_add_x_interval(s, err));
    bottoms_label(where, sizeof where, b);
    parts_say(s->name, sizeof s->name, "bottom, %s", where);
    s->color = color;
    s->marker = MARKER_DIAMOND;
    s->radius = 6;
    s->free_range = true;
    s->x[0] = b->bowl.x.value, s->x_lo[0] = b->bowl.x.lo, s->x_hi[0] = b->bowl.x.hi;
    s->y[0] = 0;
    return OK;
}

static enum status add_bowl(struct chart *ch, const struct bottoms *all, size_t i, struct err *err)
{
    const struct bottom *b = nth(all, i);
    struct ink color = palette_ordered(i, drawn_of(all));
    bool found = b->bowl.state == BOWL_FOUND;
    double from = found ? b->bowl.loss : (double)INFINITY;
    struct chart_series *s;
    for (size_t k = 0; k < b->bowl.n && !found; k++)
        from = fmin(from, b->bowl.mean[k]);
    if (found)
        TRY(add_curve(ch, b, color, err));
    TRY(chart_add(&s, ch, b->bowl.n, false, err));
    s->color = color;
    s->marker = found ? MARKER_DISC : MARKER_RING;
    bottoms_label(s->label, sizeof s->label, b);
    for (size_t k = 0; k < b->bowl.n; k++) {
        if (is_far(&b->bowl, k))
            continue;
        s->x[k] = exp(b->bowl.ln_x[k]);
        s->y[k] = b->bowl.mean[k] - from;
    }
    return found ? add_bottom(ch, b, color, err) : OK;
}

/* Below the bottoms, so that their marks are whole. */
static enum status add_room(struct chart *ch, const struct bottoms *all, struct err *err)
{
    struct chart_series *s;
    double most = 0;
    for (size_t i = 0; i < ch->n_series; i++)
        for (size_t k = 0; k < ch->series[i].n; k++)
            most = fmax(most, ch->series[i].y[k]); /* NaN are passed over */
    TRY(chart_add(&s, ch, 1, false, err));
    parts_say(s->name, sizeof s->name, "room");
    s->x[0] = all->of[0].bowl.best;
    s->y[0] = -0.05 * most;
    return OK;
}

enum status bowls_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct bottoms all;
    enum status st = bottoms_find(&all, p, err);
    *drawn = st == OK && all.n > 0;
    if (*drawn)
        say(ch, p, &all);
    for (size_t i = 0; *drawn && st == OK && i < drawn_of(&all); i++)
        st = add_bowl(ch, &all, i, err);
    if (*drawn && st == OK)
        st = add_room(ch, &all, err);
    bottoms_free(&all);
    return st;
}
