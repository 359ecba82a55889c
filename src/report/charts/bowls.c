#include "report/charts/bottoms.h"

#include <math.h>

#include "base/size.h"
#include "plot/palette.h"

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

static void say(struct chart *ch, const struct parts *p, const struct bottoms *all, bool far)
{
    size_t edges = 0, skewed = 0;
    for (size_t i = 0; i < drawn_of(all); i++) {
        edges += nth(all, i)->bowl.state != BOWL_FOUND;
        skewed += nth(all, i)->bowl.state == BOWL_FOUND && nth(all, i)->bowl.skewed;
    }
    parts_say(ch->title, sizeof ch->title, "Learning-rate bowls: which rate is best at a size and a budget?");
    const char *curves = skewed == 0                        ? "parabolas"
                         : edges + skewed == drawn_of(all) ? "Akima curves"
                                                           : "parabolas, or of Akima curves where skewed";
    parts_say(ch->subtitle, sizeof ch->subtitle, "Diamonds: bottoms of the %s, thick lines their 95 %% intervals.", curves);
    parts_say(ch->x_label, sizeof ch->x_label, "learning rate");
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, "loss above the bottom of the bowl");
    parts_say(ch->legend_title, sizeof ch->legend_title, "parameters N, tokens D");
    char some[64] = "";
    if (all->n > MOST)
        parts_say(some, sizeof some, "%d of %zu bowls are drawn, evenly by compute. ", MOST, all->n);
    parts_say(ch->note, sizeof ch->note, "%s%s%s%sN: %s.", some,
              all->deepest ? "Of the other settings that were tried, the best. " : "",
              far ? "Rates far from the bottom lie above the picture. " : "",
              edges ? "Open circles: the best rate is the lowest or the highest that was tried, so that there is no bottom; "
                      "counted from it. "
                    : "",
              parts_count_words(p));
    ch->log_x = true;
}

static enum status add_curve(struct chart *ch, const struct bowl *b, struct color color, struct err *err)
{
    struct chart_series *s;
    double lo = b->skewed ? exp(b->ln_x[0]) : b->lo_x, hi = b->skewed ? exp(b->ln_x[b->n - 1]) : b->hi_x;
    TRY(parts_law_line(&s, ch, color, err));
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        s->x[i] = parts_step(lo, hi, i, PARTS_STEPS);
        s->y[i] = bowl_at(b, s->x[i]) - b->loss;
    }
    return OK;
}

static enum status add_bottom(struct chart *ch, const struct bowl *b, struct color color, double level, struct err *err)
{
    struct chart_series *s;
    if (isfinite(b->x.lo) && isfinite(b->x.hi)) {
        TRY(chart_add(&s, ch, 2, false, err));
        s->color = color;
        s->width = 3;
        s->x[0] = b->x.lo, s->x[1] = b->x.hi;
        s->y[0] = s->y[1] = level;
        s->free_range = true;
    }
    TRY(chart_add(&s, ch, 1, false, err));
    s->color = color;
    s->marker = MARKER_DIAMOND;
    s->x[0] = b->x.value;
    s->y[0] = level;
    return OK;
}

/* Losses so far above the bottom that a picture of them would show no bowl: ten times the lower of its rims. */
static double rim_of(const struct bowl *b)
{
    double left = b->mean[0] - b->loss, right = b->mean[b->n - 1] - b->loss;
    return b->state == BOWL_FOUND ? 10 * fmin(left, right) : (double)INFINITY;
}

static bool is_far(const struct bottoms *all, const struct bottom *b, size_t k)
{
    double lr = all->items[b->first + k].lr;
    return b->bowl.state == BOWL_FOUND && !(lr >= b->bowl.lo_x * 0.99 && lr <= b->bowl.hi_x * 1.01) &&
           all->items[b->first + k].loss - b->bowl.loss > rim_of(&b->bowl);
}

static bool any_far(const struct bottoms *all)
{
    for (size_t i = 0; i < drawn_of(all); i++)
        for (size_t k = 0; k < nth(all, i)->n; k++)
            if (is_far(all, nth(all, i), k))
                return true;
    return false;
}

static enum status add_bowl(struct chart *ch, const struct bottoms *all, size_t i, struct err *err)
{
    const struct bottom *b = nth(all, i);
    struct color color = palette_ordered(i, drawn_of(all));
    bool found = b->bowl.state == BOWL_FOUND;
    double from = found ? b->bowl.loss : (double)INFINITY;
    struct chart_series *s;
    for (size_t k = 0; k < b->bowl.n && !found; k++)
        from = fmin(from, b->bowl.mean[k]);
    if (found)
        TRY(add_curve(ch, &b->bowl, color, err));
    TRY(chart_add(&s, ch, b->n, false, err));
    s->color = color;
    s->marker = found ? MARKER_DISC : MARKER_RING;
    bottoms_label(s->label, sizeof s->label, b);
    for (size_t k = 0; k < b->n; k++) {
        if (is_far(all, b, k))
            continue;
        s->x[k] = all->items[b->first + k].lr;
        s->y[k] = all->items[b->first + k].loss - from;
    }
    return found ? add_bottom(ch, &b->bowl, color, 0, err) : OK;
}

enum status bowls_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct bottoms all;
    enum status st = bottoms_find(&all, p, err);
    *drawn = st == OK && all.n > 0;
    if (*drawn)
        say(ch, p, &all, any_far(&all));
    for (size_t i = 0; *drawn && st == OK && i < drawn_of(&all); i++)
        st = add_bowl(ch, &all, i, err);
    bottoms_free(&all);
    return st;
}
