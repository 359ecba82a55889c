/* The resampled exponents of the selected law as a cloud: how sure they are, and how they go together. */
#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "base/sort.h"
#include "fit/solve/profile.h"
#include "report/charts/kinds.h"
#include "report/names.h"

/* The two parameters to draw: exponents, or the exponent and the floor where there is one. */
static bool choose(const struct fit_law *f, size_t at[2])
{
    size_t n = 0;
    for (size_t j = 0; j < f->law->n_params && n < 2; j++)
        if (f->law->params[j].kind == LAW_EXPONENT)
            at[n++] = j;
    if (n == 1 && f->law->level >= 0)
        at[n++] = (size_t)f->law->level;
    return n == 2;
}

/* The ellipse of the draws' covariance, as large as to hold 95 % of them: (x + a u, y + b u + c v), hypot(u, v) = r. */
struct ellipse {
    double x, y, a, b, c, r;
    bool filled; /* the draws reach about as far to each side */
};

static void say(struct chart *ch, const struct parts *p, const size_t at[2], const struct ellipse *e)
{
    char symbol[2][48], value[2][NUMBER_MAX], interval[2][64], form[CHART_TEXT_MAX];
    for (int k = 0; k < 2; k++) {
        const struct fit_value v = profile_value(p->law, at[k]);
        const char *why = profile_no_error(p->law, at[k]);
        name_pretty(symbol[k], sizeof symbol[k], p->law->law->params[at[k]].name);
        number_say(value[k], sizeof value[k], NUMBER_PLAIN, v.value, &v, false);
        if (why)
            parts_say(interval[k], sizeof interval[k], " (%s)", why);
        else
            number_interval(interval[k], sizeof interval[k], NUMBER_PLAIN, &v, false);
    }
    name_pretty(form, sizeof form, p->law->law->form);
    parts_say(ch->title, sizeof ch->title, "%s = %s%s, %s = %s%s", symbol[0], value[0], interval[0], symbol[1], value[1],
              interval[1]);
    parts_say(ch->quantity, sizeof ch->quantity, "%zu resamples of law %s, %s", p->law->n_boot, p->law->law->name, form);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Each dot is the fit to a resample of the %s; %s. These intervals take "
              "the law's form for granted.", p->t->n_trunks < p->t->n ? "trajectories" : "runs",
              e->filled ? "the ellipse holds 95 % of them" : "they fill no ellipse, so that none is drawn");
    parts_say(ch->x_label, sizeof ch->x_label, "%s", symbol[0]);
    parts_say(ch->y_label, sizeof ch->y_label, "%s", symbol[1]);
}

static double draw_of(const struct fit_law *f, size_t i, size_t j)
{
    return f->boot[i * f->law->n_params + j];
}

/* Means and covariances of the draws. */
struct moments {
    double x, y, xx, xy, yy;
};

static struct moments moments_of(const struct fit_law *f, const size_t at[2])
{
    struct moments m = {0};
    double n = (double)f->n_boot;
    for (size_t i = 0; i < f->n_boot; i++)
        m.x += draw_of(f, i, at[0]) / n, m.y += draw_of(f, i, at[1]) / n;
    for (size_t i = 0; i < f->n_boot; i++) {
        double dx = draw_of(f, i, at[0]) - m.x, dy = draw_of(f, i, at[1]) - m.y;
        m.xx += dx * dx / n, m.xy += dx * dy / n, m.yy += dy * dy / n;
    }
    return m;
}

/* Of 100 draws or more from a normal distribution the farthest to any side is this share of r away in all but one of 1000; of
 * draws that pile up at an end of what is searched, or have a tail to one side, it is not. */
#define REACHED 0.6

/* The least of what the draws reach, in units of u and v, to so many sides. */
static double least_reach(const struct ellipse *e, const struct fit_law *f, const size_t at[2])
{
    enum { SIDES = 8 };
    double least = (double)INFINITY;
    for (int k = 0; k < SIDES; k++) {
        double t = 6.283185307179586 * k / SIDES, most = 0;
        for (size_t i = 0; i < f->n_boot; i++) {
            double u = (draw_of(f, i, at[0]) - e->x) / e->a, v = (draw_of(f, i, at[1]) - e->y - e->b * u) / e->c;
            most = fmax(most, u * cos(t) + v * sin(t));
        }
        least = fmin(least, most);
    }
    return least;
}

static enum status find_ellipse(struct ellipse *e, const struct fit_law *f, const size_t at[2], struct err *err)
{
    const struct moments m = moments_of(f, at);
    double a = sqrt(m.xx), b = m.xy / a, c = sqrt(fmax(m.yy - b * b, 0)), *far;
    *e = (struct ellipse){m.x, m.y, a, b, c, 0, false};
    if (!(a > 0) || !(c > 0))
        return OK;
    TRY(size_calloc(&far, f->n_boot, sizeof *far, "an ellipse", err));
    for (size_t i = 0; i < f->n_boot; i++) {
        double u = (draw_of(f, i, at[0]) - m.x) / a, v = (draw_of(f, i, at[1]) - m.y - b * u) / c;
        far[i] = hypot(u, v);
    }
    sort_doubles(far, f->n_boot);
    e->r = stats_quantile(far, f->n_boot, 0.95);
    e->filled = least_reach(e, f, at) >= REACHED * e->r;
    free(far);
    return OK;
}

static enum status add_ellipse(struct chart *ch, const struct ellipse *e, struct err *err)
{
    enum { CORNERS = 60 };
    struct chart_series *s;
    TRY(chart_add(&s, ch, CORNERS + 1, false, err));
    s->area = true;
    s->color = palette_ink(PALETTE_FIT);
    s->width = 1.3;
    parts_say(s->label, sizeof s->label, "95 %% of resamples");
    for (size_t i = 0; i <= CORNERS; i++) {
        double t = 6.283185307179586 * (double)i / CORNERS, u = e->r * cos(t), v = e->r * sin(t);
        s->x[i] = e->x + e->a * u;
        s->y[i] = e->y + e->b * u + e->c * v;
    }
    return OK;
}

static enum status add_draws(struct chart *ch, const struct fit_law *f, const size_t at[2], struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, f->n_boot, false, err));
    s->color = palette_kind(0);
    s->marker = MARKER_DISC;
    s->radius = 2;
    s->fade = 0.4;
    s->free_range = f->n_boot >= 20; /* a few far ones do not press the rest together */
    parts_say(s->label, sizeof s->label, "resamples");
    for (size_t i = 0; i < f->n_boot; i++)
        s->x[i] = draw_of(f, i, at[0]), s->y[i] = draw_of(f, i, at[1]);
    return OK;
}

static enum status add_fit(struct chart *ch, const struct fit_law *f, const size_t at[2], struct err *err)
{
    const struct fit_value x = profile_value(f, at[0]), y = profile_value(f, at[1]);
    struct chart_series *s;
    TRY(chart_add(&s, ch, 1, true, err));
    TRY(chart_add_x_interval(s, err));
    s->color = palette_ink(PALETTE_INK);
    s->marker = MARKER_DIAMOND;
    s->radius = 5;
    bool both = isfinite(x.lo) && isfinite(y.lo);
    parts_say(s->label, sizeof s->label, "the fit%s", both ? ", 95 % of each" : "");
    s->x[0] = x.value, s->x_lo[0] = x.lo, s->x_hi[0] = x.hi;
    s->y[0] = y.value, s->lo[0] = y.lo, s->hi[0] = y.hi;
    return OK;
}

enum status exponents_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    size_t at[2];
    struct ellipse e;
    *drawn = p->law && p->law->n_boot >= 10 && choose(p->law, at);
    if (!*drawn)
        return OK;
    TRY(find_ellipse(&e, p->law, at, err));
    say(ch, p, at, &e);
    TRY(add_draws(ch, p->law, at, err));
    if (e.filled)
        TRY(add_ellipse(ch, &e, err));
    return add_fit(ch, p->law, at, err);
}
