/* Words in the plot stand where no other words are, and where they hide as little of lines and marks as can be.
 *
 * Every label has a list of places that would do. Of those on which no word stands yet, the one with the least ink below it
 * is taken, earlier ones first. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plot/layout_internal.h"
#include "plot/rich.h"

struct box {
    double x0, y0, x1, y1;
};

/* How much ink lies in each square of CELL units. */
#define CELL 3.0
struct places {
    struct layout *l;
    unsigned char *ink; /* (rows,columns) */
    int columns, rows;
};

/* A place that would do for words. */
struct place {
    double x, y; /* baseline */
    enum anchor anchor;
};

/* The best place so far. */
struct choice {
    struct place at;
    double cost;
};

static struct box box_of(const struct layout *l, double x, double y, const char *text, double size, enum anchor anchor)
{
    double w = rich_width(l->font, text, size), x0 = anchor == ANCHOR_START ? x : anchor == ANCHOR_END ? x - w : x - w / 2;
    return (struct box){x0, y - 0.78 * size, x0 + w, y + 0.24 * size};
}

static bool overlap(struct box a, struct box b, double gap)
{
    return a.x0 < b.x1 + gap && b.x0 < a.x1 + gap && a.y0 < b.y1 + gap && b.y0 < a.y1 + gap;
}

/* --- ink -------------------------------------------------------------------------------------- */

static void stamp(struct places *p, double x, double y, double reach, int weight)
{
    int x0 = (int)floor((x - reach) / CELL), x1 = (int)floor((x + reach) / CELL);
    int y0 = (int)floor((y - reach) / CELL), y1 = (int)floor((y + reach) / CELL);
    for (int j = y0 > 0 ? y0 : 0; j <= y1 && j < p->rows; j++)
        for (int i = x0 > 0 ? x0 : 0; i <= x1 && i < p->columns; i++) {
            unsigned char *at = p->ink + (size_t)j * (size_t)p->columns + (size_t)i;
            *at = (unsigned char)(*at > weight ? *at : weight);
        }
}

static void stamp_segment(struct places *p, struct point a, struct point b)
{
    double len = hypot(b.x - a.x, b.y - a.y);
    int n = (int)fmin(ceil(len / CELL), 4000);
    for (int i = 0; i <= n; i++) {
        double t = n ? (double)i / n : 0;
        stamp(p, a.x + t * (b.x - a.x), a.y + t * (b.y - a.y), 1, 1);
    }
}

/* What of it the panel shows. */
static void stamp_interval(struct places *p, size_t panel, struct point a, struct point b)
{
    const struct layout *l = p->l;
    const double top = l->panel[panel].top, bottom = l->panel[panel].bottom;
    a.x = fmin(fmax(a.x, l->left), l->right), b.x = fmin(fmax(b.x, l->left), l->right);
    a.y = fmin(fmax(a.y, top), bottom), b.y = fmin(fmax(b.y, top), bottom);
    stamp_segment(p, a, b);
}

static void stamp_series(struct places *p, const struct chart_series *s)
{
    struct point a, before = {0, 0}, lo, hi;
    bool had = false;
    for (size_t i = 0; i < s->n; i++) {
        bool has = layout_place(p->l, s->panel, &a, s->x[i], s->y[i]);
        if (has && had && s->width > 0)
            stamp_segment(p, before, a);
        if (has && s->marker != MARKER_NONE)
            stamp(p, a.x + layout_aside(p->l, s, i), a.y, 5 * p->l->unit, 3);
        for (int across = 0; across < 2; across++)
            if ((across || !s->band) && layout_interval(p->l, s, i, across, &lo, &hi))
                stamp_interval(p, s->panel, lo, hi);
        before = a;
        had = has;
    }
}

static enum status see_ink(struct places *p, struct err *err)
{
    const struct chart *c = p->l->c;
    p->columns = (int)(p->l->width / CELL) + 1;
    p->rows = (int)(p->l->height / CELL) + 1;
    TRY(size_calloc(&p->ink, (size_t)p->columns * (size_t)p->rows, 1, "the ink of a chart", err));
    for (size_t k = 0; k < c->n_series; k++)
        stamp_series(p, &c->series[k]);
    for (size_t k = 0; k < c->n_lines; k++) {
        const struct chart_line *l = &c->lines[k];
        const struct layout_panel *panel = &p->l->panel[l->panel];
        if (!axis_shows(l->vertical ? p->l->x.log : panel->y.log, l->at))
            continue;
        double at = l->vertical ? layout_x(p->l, l->at) : layout_y(p->l, l->panel, l->at);
        struct point a = {l->vertical ? at : p->l->left, l->vertical ? panel->top : at};
        struct point b = {l->vertical ? at : p->l->right, l->vertical ? panel->bottom : at};
        stamp_segment(p, a, b);
    }
    return OK;
}

static double ink_below(const struct places *p, struct box b)
{
    double sum = 0;
    for (int j = (int)fmax(0, floor(b.y0 / CELL)); j <= (int)(b.y1 / CELL) && j < p->rows; j++)
        for (int i = (int)fmax(0, floor(b.x0 / CELL)); i <= (int)(b.x1 / CELL) && i < p->columns; i++)
            sum += p->ink[(size_t)j * (size_t)p->columns + (size_t)i];
    return sum;
}

/* --- choosing --------------------------------------------------------------------------------- */

static void consider(struct choice *best, const struct places *p, size_t panel, const char *text, double x, double y,
                     enum anchor anchor, double reluctance)
{
    const struct layout *l = p->l;
    struct box b = box_of(l, x, y, text, l->small, anchor);
    if (b.x0 < l->left + 3 || b.x1 > l->right - 3 || b.y0 < l->panel[panel].top + 2 || b.y1 > l->panel[panel].bottom - 2)
        return;
    for (size_t i = 0; i < l->n_texts; i++) {
        const struct layout_text *t = &l->texts[i];
        if (!t->up && overlap(b, box_of(l, t->x, t->y, t->text, t->size, t->anchor), 2))
            return;
    }
    double cost = ink_below(p, b) + reluctance;
    if (cost < best->cost)
        *best = (struct choice){{x, y, anchor}, cost};
}

static enum status settle(struct places *p, const struct choice *best, size_t panel, const char *text, struct ink color,
                          struct err *err)
{
    if (!isfinite(best->cost)) {
        p->l->n_homeless++;
        return OK;
    }
    TRY(words_add(p->l, best->at.x, best->at.y, text, p->l->small, color, best->at.anchor, err));
    struct layout_text *t = &p->l->texts[p->l->n_texts - 1];
    t->halo = true;
    t->role = LAYOUT_TAGS;
    t->panel = panel;
    return OK;
}

static const struct choice none = {{0, 0, ANCHOR_START}, (double)INFINITY};

/* Above or below its line, from the left end to the right one. */
static struct choice across(const struct places *p, const struct chart_line *r, double at)
{
    enum { STEPS = 12 };
    const struct layout *l = p->l;
    struct choice best = none;
    double w = rich_width(l->font, r->label, l->small), room = l->right - l->left - 16 - w;
    for (int k = 0; k < STEPS; k++)
        for (int below = 0; below < 2; below++)
            consider(&best, p, r->panel, r->label, l->left + 8 + room * k / (STEPS - 1),
                     below ? at + l->small + 1 : at - 4, ANCHOR_START, 0.4 * k + below);
    return best;
}

/* Left or right of its line, from the top down. */
static struct choice along(const struct places *p, const struct chart_line *r, double at)
{
    const struct layout *l = p->l;
    struct choice best = none;
    double y = l->panel[r->panel].top + l->small + 3;
    for (int k = 0; y < l->panel[r->panel].bottom - 4; k++, y += 0.8 * l->small)
        for (int left = 0; left < 2; left++)
            consider(&best, p, r->panel, r->label, left ? at - 6 : at + 6, y, left ? ANCHOR_END : ANCHOR_START,
                     0.4 * k + 0.5 * left);
    return best;
}

static enum status place_lines(struct places *p, struct err *err)
{
    for (size_t k = 0; k < p->l->c->n_lines; k++) {
        const struct chart_line *r = &p->l->c->lines[k];
        const struct axis *a = r->vertical ? &p->l->x : &p->l->panel[r->panel].y;
        if (!r->label[0] || legend_has_line(p->l, k) || !axis_shows(a->log, r->at) || r->at < a->lo || r->at > a->hi)
            continue;
        const struct choice best = r->vertical ? along(p, r, layout_x(p->l, r->at))
                                               : across(p, r, layout_y(p->l, r->panel, r->at));
        TRY(settle(p, &best, r->panel, r->label, r->color, err));
    }
    return OK;
}

/* About a point, at growing distances. */
static enum status place_labels(struct places *p, struct err *err)
{
    static const double around[][2] = {{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {0.8, -0.8}, {-0.8, -0.8}, {0.8, 0.8}, {-0.8, 0.8}};
    const struct layout *l = p->l;
    for (size_t k = 0; k < l->c->n_labels; k++) {
        const struct chart_label *t = &l->c->labels[k];
        struct choice best = none;
        struct point at;
        if (!layout_place(l, t->panel, &at, t->x, t->y))
            continue;
        for (int ring = 0; ring < 6; ring++)
            for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
                double far = (8 + 7 * ring) * l->unit, dx = around[i][0], dy = around[i][1];
                consider(&best, p, t->panel, t->text, at.x + far * dx, at.y + far * dy + (dy == 0 ? 0.34 : dy > 0 ? 0.7 :
                         0) * l->small,
                         dx > 0 ? ANCHOR_START : dx < 0 ? ANCHOR_END : ANCHOR_MIDDLE, 4 * ring + 0.1 * (double)i);
            }
        TRY(settle(p, &best, t->panel, t->text, t->color, err));
    }
    return OK;
}

/* Beside the points of a line, those near its end first. */
static enum status place_tags(struct places *p, struct err *err)
{
    const struct layout *l = p->l;
    for (size_t k = 0; k < l->c->n_series; k++) {
        const struct chart_series *s = &l->c->series[k];
        struct choice best = none;
        if (!s->tag[0])
            continue;
        size_t step = size_max(s->n / 40, 1);
        for (size_t i = 0; i < s->n; i += step) {
            struct point at;
            if (!layout_place(l, s->panel, &at, s->x[s->n - 1 - i], s->y[s->n - 1 - i]))
                continue;
            for (int side = 0; side < 3; side++)
                consider(&best, p, s->panel, s->tag, at.x, side == 0 ? at.y - 5 : side == 1 ? at.y + l->small + 2 : at.y
                         + 0.34 * l->small,
                         side == 2 ? ANCHOR_START : ANCHOR_MIDDLE, 0.1 * (double)(i / step) + side);
        }
        TRY(settle(p, &best, s->panel, s->tag, s->color, err));
    }
    return OK;
}

enum status places_fill(struct layout *l, struct err *err)
{
    struct places p = {.l = l};
    enum status st = see_ink(&p, err);
    if (st == OK)
        st = place_lines(&p, err);
    if (st == OK)
        st = place_labels(&p, err);
    if (st == OK)
        st = place_tags(&p, err);
    free(p.ink);
    return st;
}
