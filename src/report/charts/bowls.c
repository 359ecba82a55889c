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

static void say(struct chart *ch, const struct parts *p, const struct bottoms *all)
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
    parts_say(ch->note, sizeof ch->note, "%s%s%s%s%sN: %s.", some,
              all->deepest ? "Of the other settings that were tried, the best. " : "",
              any_far(all) ? "Rates far from the bottom lie above the picture. " : "",
              any_seeds(all) ? "Points: means of the seeds. " : "",
              edges ? "Open circles: the best rate is the lowest or the highest that was tried, so that there is no bottom; "
                      "counted from it. "
                    : "",
              parts_count_words(p));
    ch->log_x = true;
}

static enum status add_curve(struct chart *ch, const struct bowl *b, struct color color, struct err *err)
{
    struct chart_series *s;
    double lo = b->lo_x, hi = b->hi_x;
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
    return found ? add_bottom(ch, &b->bowl, color, 0, err) : OK;
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
