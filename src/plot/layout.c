#include "plot/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plot/layout_internal.h"
#include "plot/rich.h"

/* --- places ----------------------------------------------------------------------------------- */

/* Far outside is outside, and a file need not spell out 300 digits. */
static double near_picture(double v)
{
    return fmin(fmax(v, -4000), 8000);
}

double layout_x(const struct layout *l, double v)
{
    return near_picture(l->left + axis_at(&l->x, v) * (l->right - l->left));
}

double layout_y(const struct layout *l, size_t panel, double v)
{
    const struct layout_panel *p = &l->panel[panel];
    return near_picture(p->bottom - axis_at(&p->y, v) * (p->bottom - p->top));
}

bool layout_place(const struct layout *l, size_t panel, struct point *p, double x, double y)
{
    if (!axis_shows(l->x.log, x) || !axis_shows(l->panel[panel].y.log, y))
        return false;
    *p = (struct point){layout_x(l, x), layout_y(l, panel, y)};
    return true;
}

double layout_aside(const struct layout *l, const struct chart_series *s, size_t i)
{
    return !s->aside ? 0 : s->aside[i] * (s->radius > 0 ? s->radius : 4) * l->unit;
}

static double end_or_beyond(const struct axis *a, double end, bool high)
{
    if (axis_shows(a->log, end))
        return end;
    double far = a->log ? 2 : a->hi - a->lo;
    return high ? (a->log ? a->hi * far : a->hi + far) : (a->log ? a->lo / far : a->lo - far);
}

bool layout_interval(const struct layout *l, const struct chart_series *s, size_t i, bool across, struct point *a, struct point *b)
{
    const double *los = across ? s->x_lo : s->lo, *his = across ? s->x_hi : s->hi;
    if (!los || (!isfinite(los[i]) && !isfinite(his[i])))
        return false;
    const struct axis *axis = across ? &l->x : &l->panel[s->panel].y;
    const double lo = end_or_beyond(axis, los[i], false), hi = end_or_beyond(axis, his[i], true), aside = layout_aside(l, s, i);
    if (!layout_place(l, s->panel, a, across ? lo : s->x[i], across ? s->y[i] : lo) ||
        !layout_place(l, s->panel, b, across ? hi : s->x[i], across ? s->y[i] : hi))
        return false;
    if (!across)
        a->x += aside, b->x += aside;
    return true;
}

/* --- axes ------------------------------------------------------------------------------------- */

static double widest_label(const struct layout *l, const struct axis *a)
{
    double w = 0;
    for (size_t i = 0; i < a->n_ticks; i++)
        w = fmax(w, rich_width(l->font, a->ticks[i].label, l->small));
    return w;
}

static void mark_role(struct layout *l, enum layout_role role, size_t panel)
{
    l->texts[l->n_texts - 1].role = role;
    l->texts[l->n_texts - 1].panel = panel;
}

const char *layout_role_word(enum layout_role role)
{
    static const char *const words[] = {"words", "x-ticks", "y-ticks", "tags"};
    return words[role];
}

static size_t wanted_on_y(const struct layout *l, size_t k)
{
    double high = l->panel[k].bottom - l->panel[k].top;
    return (size_t)fmin(fmax(high / (2.6 * l->small), 3), 9);
}

static enum axis_kind kind_of_y(const struct chart *c, size_t k)
{
    return k ? c->lower.y_kind : c->y_kind;
}

static void fit_y(struct layout *l, size_t k)
{
    const struct chart *c = l->c;
    struct range r = ranges_y(c, k);
    axis_fit_kind(&l->panel[k].y, kind_of_y(c, k), chart_log_y(c, k), r.lo, r.hi, r.n, wanted_on_y(l, k));
    if (k == 0 && kind_of_y(c, k) == AXIS_NAMES)
        axis_name_places(&l->panel[k].y, (const char (*)[AXIS_LABEL_MAX])c->places, c->n_places);
}

static void fit_x(struct layout *l)
{
    struct range r = ranges_x(l->c);
    double wide = l->right - l->left, label = 34;
    for (int pass = 0; pass < 2; pass++) { /* how wide labels are shows once there are some */
        size_t want = (size_t)fmin(fmax(wide / (label + 1.6 * l->small), 2), 10);
        axis_fit_kind(&l->x, l->c->x_kind, l->c->log_x, r.lo, r.hi, r.n, want);
        if (l->c->x_kind == AXIS_NAMES)
            axis_name_places(&l->x, (const char (*)[AXIS_LABEL_MAX])l->c->places, l->c->n_places);
        label = fmax(20, widest_label(l, &l->x));
    }
}

static enum status x_labels(struct layout *l, struct err *err)
{
    double taken = -(double)INFINITY, y = l->panel[l->n_panels - 1].bottom + l->small + 7;
    for (size_t i = 0; i < l->x.n_ticks; i++) {
        struct axis_tick *t = &l->x.ticks[i];
        double x = layout_x(l, t->value), half = rich_width(l->font, t->label, l->small) / 2;
        if (!t->label[0])
            continue;
        if (x - half < taken + 5 || x + half > l->width - 2) {
            t->label[0] = '\0';
            continue;
        }
        taken = x + half;
        TRY(words_add(l, x, y, t->label, l->small, palette_ink(PALETTE_INK), ANCHOR_MIDDLE, err));
        mark_role(l, LAYOUT_X_TICKS, 0);
    }
    return OK;
}

static enum status y_labels(struct layout *l, size_t k, struct err *err)
{
    double taken = (double)INFINITY;
    struct axis *a = &l->panel[k].y;
    for (size_t i = 0; i < a->n_ticks; i++) {
        struct axis_tick *t = &a->ticks[i];
        double y = layout_y(l, k, t->value);
        bool lower_end = k + 1 == l->n_panels && k > 0 && y < l->panel[k].top + 0.3 * l->small;
        if (!t->label[0])
            continue;
        if (y > taken - l->small - 1 || lower_end) {
            t->label[0] = '\0';
            continue;
        }
        taken = y;
        TRY(words_add(l, l->left - 8 * l->unit, y + 0.34 * l->small, t->label, l->small, palette_ink(PALETTE_INK),
                      ANCHOR_END, err));
        mark_role(l, LAYOUT_Y_TICKS, k);
    }
    return OK;
}

bool layout_other(struct axis *a, const struct layout *l, size_t panel)
{
    bool x = panel == CHART_PANELS, log = x ? l->x.log : l->panel[panel].y.log;
    const struct range r = x ? ranges_x(l->c) : ranges_y(l->c, panel);
    enum axis_kind kind = x ? l->c->x_kind : kind_of_y(l->c, panel);
    size_t want = x ? (size_t)fmax((l->right - l->left) / (34 + 1.6 * l->small), 2) : wanted_on_y(l, panel);
    if (kind == AXIS_NAMES || r.n == 0 || !(r.lo < r.hi) || !axis_shows(!log, r.lo) || (!log && r.lo <= 0))
        return false;
    axis_fit_kind(a, kind, !log, r.lo, r.hi, r.n, want);
    return true;
}

/* --- the frame -------------------------------------------------------------------------------- */

static void choose_sizes(struct layout *l)
{
    l->width = l->style.width > 0 ? l->style.width : CHART_WIDTH;
    l->style.scale = l->style.scale > 0 ? l->style.scale : CHART_SCALE;
    /* 85 mm are 321 units: letters of 7 and 8 points there, as papers want them */
    l->unit = fmin(fmax(0.78 + 0.22 * (l->width - 320) / 400, 0.78), 1);
    l->title = 18 * l->unit;
    l->words = 13.5 * l->unit;
    l->small = 12.2 * l->unit;
}

/* Units that the words above and below need, besides the plot. */
struct margins {
    double above, below;
};

static enum status paragraph(double *y, struct layout *l, const char *text, double size, enum palette_role role,
                             bool draw, struct err *err)
{
    size_t lines;
    double x = 20 * l->unit;
    TRY(words_wrap(&lines, l, x, *y + size, l->width - 2 * x, text, size, palette_ink(role), draw, err));
    *y += (double)lines * words_step(size);
    return OK;
}

static enum status words_above(double *y, struct layout *l, bool draw, struct err *err)
{
    *y = 12 * l->unit;
    if (l->style.no_titles || l->style.bare)
        return OK;
    TRY(paragraph(y, l, l->c->title, l->title, PALETTE_INK, draw, err));
    *y += 1;
    TRY(paragraph(y, l, l->c->quantity, l->words, PALETTE_INK, draw, err));
    TRY(paragraph(y, l, l->c->subtitle, l->small, PALETTE_SOFT, draw, err));
    *y += 10 * l->unit;
    return OK;
}

static enum status words_below(double *y, struct layout *l, bool draw, struct err *err)
{
    if (l->style.no_titles || l->style.bare)
        return OK;
    return paragraph(y, l, l->c->note, l->small, PALETTE_SOFT, draw, err);
}

/* What lies under the plot: tick labels, the x label, the legend where it is there, the note. */
static enum status measure(struct margins *m, struct layout *l, struct err *err)
{
    double note = 0;
    TRY(words_above(&m->above, l, false, err));
    TRY(words_below(&note, l, false, err));
    m->below = l->small + 7 + l->words + 9 + (double)legend_rows(l) * legend_row(l) + note + 12 * l->unit;
    if (legend_rows(l) > 0)
        m->below += 4;
    return OK;
}

/* The lower panel's share of the plot, and the gap above it. */
#define LOWER_SHARE 0.3
#define LOWER_GAP 12

static void set_panels(struct layout *l, const struct margins *m)
{
    double bar_label = !l->style.bare && l->width < CHART_NARROW && l->c->scale.n_marks > 1 ? l->small + 2 : 0;
    double top = m->above + bar_label, bottom = l->height - m->below;
    l->n_panels = l->c->has_lower ? 2 : 1;
    l->panel[0] = (struct layout_panel){.top = top, .bottom = bottom};
    if (l->n_panels == 1)
        return;
    double split = bottom - LOWER_SHARE * (bottom - top);
    l->panel[0].bottom = split - LOWER_GAP / 2.0;
    l->panel[1] = (struct layout_panel){.top = split + LOWER_GAP / 2.0, .bottom = bottom};
}

/* The height that leaves the plot its shape; a wide picture's is fixed unless the words take too much of it. */
static void choose_height(struct layout *l, const struct margins *m)
{
    double plot = (l->c->has_lower ? 0.72 : 0.6) * l->width;
    double usual = CHART_HEIGHT * l->width / CHART_WIDTH, least = m->above + m->below + (l->width < CHART_NARROW ? 0.62 :
        0.42) * l->width;
    if (l->c->has_lower)
        usual *= 1.12, least += 0.1 * l->width;
    l->height = l->width < CHART_NARROW ? least : fmax(usual, fmin(least, m->above + m->below + plot));
    l->height = ceil(l->height);
}

static void choose_left(struct layout *l)
{
    double w = 0;
    for (size_t k = 0; k < l->n_panels; k++) {
        fit_y(l, k);
        w = fmax(w, widest_label(l, &l->panel[k].y));
    }
    l->left = 8 * l->unit + words_step(l->words) + w + 10 * l->unit;
}

/* Words of an axis about its middle, on the line `at`: long ones may lean over the plot's ends, not over lo and hi, and are
 * smaller where that is not enough. */
static enum status axis_word(struct layout *l, const char *text, bool up, double middle, double at, double lo, double hi,
                             struct err *err)
{
    const double wide = rich_width(l->font, text, l->words), share = fmin((hi - lo) / fmax(wide, 1), 1), half = share * wide / 2;
    middle = fmin(fmax(middle, lo + half), hi - half);
    TRY(words_add(l, up ? at : middle, up ? middle : at, text, share * l->words, palette_ink(PALETTE_INK), ANCHOR_MIDDLE, err));
    l->texts[l->n_texts - 1].up = up;
    return OK;
}

static enum status axis_words(struct layout *l, struct err *err)
{
    const struct chart *c = l->c;
    const char *const y_labels_of[] = {c->y_label, c->lower.y_label};
    const double under = l->panel[l->n_panels - 1].bottom + l->small + 7 + l->words + 4;
    TRY(axis_word(l, c->x_label, false, (l->left + l->right) / 2, under, 4, l->width - 4, err));
    for (size_t k = 0; k < l->n_panels; k++) {
        const struct layout_panel *p = &l->panel[k];
        const bool alone = l->n_panels == 1;
        const double above = alone ? 8 * l->unit : LOWER_GAP / 2.0 - 1, below = alone ? l->small + 7 : LOWER_GAP / 2.0 - 1;
        TRY(axis_word(l, y_labels_of[k], true, (p->top + p->bottom) / 2, 8 * l->unit + l->words, p->top - above,
                      p->bottom + below, err));
    }
    return OK;
}

static enum status fill(struct layout *l, struct err *err)
{
    struct margins m;
    double y, legend = legend_width(l);
    TRY(measure(&m, l, err));
    choose_height(l, &m);
    set_panels(l, &m);
    choose_left(l);
    l->right = l->width - (legend > 0 ? legend + 30 * l->unit : 22 * l->unit);
    fit_x(l);
    TRY(words_above(&y, l, true, err));
    for (size_t k = 0; k < l->n_panels; k++)
        TRY(y_labels(l, k, err));
    TRY(x_labels(l, err));
    TRY(axis_words(l, err));
    y = l->panel[l->n_panels - 1].bottom + l->small + 7 + l->words + 9;
    if (legend_rows(l) > 0)
        y += l->small / 2 + 4;
    TRY(legend_place(l, l->right + 18 * l->unit, y, err));
    y += (double)legend_rows(l) * legend_row(l) - (legend_rows(l) > 0 ? l->small / 2 : 0);
    TRY(words_below(&y, l, true, err));
    return places_fill(l, err);
}

enum status layout_make(struct layout *l, const struct chart *c, const struct chart_style *style, const struct font *font,
                        struct err *err)
{
    *l = (struct layout){.c = c, .style = *style, .font = font};
    choose_sizes(l);
    return fill(l, err);
}

void layout_free(struct layout *l)
{
    free(l->texts);
    free(l->entries);
    *l = (struct layout){0};
}
