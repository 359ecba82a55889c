#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "plot/layout_internal.h"
#include "plot/rich.h"

/* Blocks of a colour bar, one a value; more values have a bar without steps, and some of them a name. */
enum { MOST_BLOCKS = 14, BAR_WIDE = 12 };

double legend_row(const struct layout *l)
{
    return l->small + 7;
}

static size_t labelled(const struct layout *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->c->n_series; i++)
        n += l->c->series[i].label[0] != '\0';
    return n;
}

static double entry_width(const struct layout *l, size_t series)
{
    return LEGEND_SWATCH + 8 + rich_width(l->font, l->c->series[series].label, l->small);
}

static bool has_bar(const struct layout *l)
{
    return !l->style.bare && l->c->scale.n_marks > 1 && l->c->scale.label[0];
}

static double bar_width(const struct layout *l)
{
    char text[AXIS_LABEL_MAX];
    double w = 0;
    for (size_t i = 0; i < l->c->scale.n_marks; i++) {
        axis_label_kind(text, sizeof text, l->c->scale.kind, l->c->scale.marks[i], l->c->scale.kind == AXIS_POWER ? 2 : 3);
        w = fmax(w, rich_width(l->font, text, l->small));
    }
    return BAR_WIDE + 6 + w;
}

static bool narrow(const struct layout *l)
{
    return l->width < CHART_NARROW;
}

double legend_width(const struct layout *l)
{
    double w = 0;
    if (has_bar(l))
        w = fmax(bar_width(l), narrow(l) ? 0 : rich_width(l->font, l->c->scale.label, l->small));
    for (size_t i = 0; i < l->c->n_series && !narrow(l) && !l->style.bare; i++)
        if (l->c->series[i].label[0])
            w = fmax(w, entry_width(l, i));
    if (!narrow(l) && !l->style.bare && labelled(l) > 0)
        w = fmax(w, rich_width(l->font, l->c->legend_title, l->small));
    return w;
}

/* Share of a narrow picture's width that its plot has at least. */
#define PLOT_SHARE 0.6

bool legend_has_line(const struct layout *l, size_t line)
{
    const char *words = l->c->lines[line].label;
    return narrow(l) && words[0] && rich_width(l->font, words, l->small) > PLOT_SHARE * l->width;
}

static double line_width(const struct layout *l, size_t line)
{
    return LEGEND_SWATCH + 8 + rich_width(l->font, l->c->lines[line].label, l->small);
}

/* Rows below the plot: entries one after the other, as many as fit. */
static size_t flow(struct layout *l, bool place, double x, double y)
{
    double at = x, room = l->width - 10 * l->unit;
    size_t rows = 0;
    for (size_t i = 0; i < l->c->n_series; i++) {
        if (!l->c->series[i].label[0])
            continue;
        double w = entry_width(l, i) + 14;
        if (rows == 0 || at + w - 14 > room) {
            rows++;
            at = x;
        }
        if (place)
            l->entries[l->n_entries++] =
                (struct layout_entry){i, SIZE_MAX, at, y + (double)(rows - 1) * legend_row(l)};
        at += w;
    }
    for (size_t i = 0; i < l->c->n_lines; i++) {
        if (!legend_has_line(l, i))
            continue;
        if (rows == 0 || at + line_width(l, i) > room) {
            rows++;
            at = x;
        }
        if (place)
            l->entries[l->n_entries++] =
                (struct layout_entry){SIZE_MAX, i, at, y + (double)(rows - 1) * legend_row(l)};
        at += line_width(l, i) + 14;
    }
    return rows;
}

size_t legend_rows(const struct layout *l)
{
    struct layout copy = *l;
    return narrow(l) && !l->style.bare ? flow(&copy, false, 12 * l->unit, 0) : 0;
}

/* The middle of value i on the bar. */
static double on_bar(const struct layout *l, bool blocks, size_t i)
{
    const struct chart_scale *s = &l->c->scale;
    double share = blocks ? ((double)i + 0.5) / (double)s->n_marks : (log(s->marks[i]) - log(s->lo)) / (log(s->hi) - log(s->lo));
    return l->bar.y1 - share * (l->bar.y1 - l->bar.y0);
}

/* Where there is no room for all names the first and the last have theirs: charts tell of their largest. */
static enum status mark_bar(struct layout *l, bool blocks, struct err *err)
{
    const struct chart_scale *s = &l->c->scale;
    const struct layout_bar *b = &l->bar;
    const double apart = l->small + 1, end = on_bar(l, blocks, s->n_marks - 1);
    double last = (double)INFINITY;
    for (size_t i = 0; i < s->n_marks; i++) {
        char text[AXIS_LABEL_MAX];
        double y = on_bar(l, blocks, i);
        bool between = i > 0 && i + 1 < s->n_marks;
        if (between && (y > last - apart || y < end + apart))
            continue;
        last = y;
        axis_label_kind(text, sizeof text, s->kind, s->marks[i], s->kind == AXIS_POWER ? 2 : 3);
        TRY(words_add(l, b->x1 + 6, y + 0.36 * l->small, text, l->small, palette_ink(PALETTE_INK), ANCHOR_START, err));
    }
    return OK;
}

/* The bar from y down; fills *below, where the next thing may stand. */
static enum status place_bar(struct layout *l, double x, double y, double *below, struct err *err)
{
    const struct chart_scale *s = &l->c->scale;
    size_t n = s->n_marks;
    bool blocks = n <= MOST_BLOCKS;
    double room = 0.62 * (l->panel[l->n_panels - 1].bottom - y);
    double high = fmin(blocks ? (double)n * (l->small + 7) : 190, fmax(room, 60));
    *below = y;
    if (!has_bar(l))
        return OK;
    if (!narrow(l)) {
        TRY(words_add(l, x, y + 4, s->label, l->small, palette_ink(PALETTE_SOFT), ANCHOR_START, err));
        y += 14;
    } else {
        TRY(words_add(l, l->width - 6, y - 5, s->label, l->small, palette_ink(PALETTE_SOFT), ANCHOR_END, err));
    }
    l->bar = (struct layout_bar){x, y, x + BAR_WIDE, y + high};
    *below = y + high + legend_row(l);
    return mark_bar(l, blocks, err);
}

/* Beside the plot. Where there is no room for every entry some are named, the first and the last among them and the others
 * at even steps. */
static enum status place_column(struct layout *l, double x, double y, struct err *err)
{
    const struct chart *c = l->c;
    size_t entries = labelled(l), seen = 0, shown = 0;
    double end = l->panel[l->n_panels - 1].bottom;
    if (entries == 0)
        return OK;
    if (c->legend_title[0]) {
        TRY(words_add(l, x, y + 4, c->legend_title, l->small, palette_ink(PALETTE_SOFT), ANCHOR_START, err));
        y += legend_row(l);
    }
    size_t room = (size_t)fmax(2, floor((end - y) / legend_row(l)));
    if (entries > room) {
        char words[64];
        snprintf(words, sizeof words, "%zu of %zu named", --room, entries);
        TRY(words_add(l, x, y + 4, words, l->small, palette_ink(PALETTE_SOFT), ANCHOR_START, err));
        y += legend_row(l);
    }
    for (size_t i = 0; i < c->n_series; i++) {
        if (!c->series[i].label[0])
            continue;
        if (entries > room && seen++ != (shown * (entries - 1) + (room - 1) / 2) / size_max(room - 1, 1))
            continue;
        shown++;
        l->entries[l->n_entries++] = (struct layout_entry){i, SIZE_MAX, x, y};
        y += legend_row(l);
    }
    return OK;
}

enum status legend_place(struct layout *l, double x, double y, struct err *err)
{
    double below;
    if (l->style.bare)
        return OK;
    TRY(size_calloc(&l->entries, labelled(l) + l->c->n_lines, sizeof *l->entries, "a chart's legend", err));
    TRY(place_bar(l, x, l->panel[0].top + (narrow(l) ? 0 : 8), &below, err));
    if (narrow(l))
        flow(l, true, 12 * l->unit, y);
    else
        TRY(place_column(l, x, below + (below > l->panel[0].top + 8 ? 8 : 0), err));
    for (size_t i = 0; i < l->n_entries; i++) {
        const struct layout_entry *e = &l->entries[i];
        const char *words = e->line != SIZE_MAX ? l->c->lines[e->line].label : l->c->series[e->series].label;
        const double at = e->x + LEGEND_SWATCH + 8, wide = rich_width(l->font, words, l->small);
        TRY(words_add(l, at, e->y + 4, words, l->small * fmin(1, (l->width - 4 - at) / fmax(wide, 1)), palette_ink(PALETTE_INK),
                      ANCHOR_START, err));
    }
    return OK;
}
