#include "plot/term.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"
#include "plot/layout_internal.h"
#include "plot/rich.h"

/* One letter: its four quarters, or a sign; and whose colour it has. */
struct cell {
    unsigned char quarters;
    unsigned char taken; /* by something that is more important: 0 nothing, 1 reference, 2 line, 3 mark */
    const char *sign;    /* NULL: quarters */
    struct ink color;
};

struct screen {
    const struct chart *c;
    FILE *out;
    bool colours, dark;
    size_t left, columns, rows; /* of the plot */
    struct axis x, y;
    struct cell *cells; /* (rows,columns) */
};

static struct cell *cell_at(struct screen *s, double col, double row)
{
    if (!(col >= 0 && row >= 0 && col < (double)s->columns && row < (double)s->rows))
        return NULL;
    return &s->cells[(size_t)row * s->columns + (size_t)col];
}

/* In quarters of letters from the upper left. */
static void put_dot(struct screen *s, double x, double y, struct ink color, unsigned char weight)
{
    struct cell *c = cell_at(s, x / 2, y / 2);
    if (!c || c->taken > weight)
        return;
    unsigned bit = 1u << ((int)fmod(x, 2) + 2 * (int)fmod(y, 2));
    if (c->taken < weight)
        c->quarters = 0, c->sign = NULL;
    c->quarters = (unsigned char)(c->quarters | bit);
    c->taken = weight;
    c->color = color;
}

static bool place(const struct screen *s, struct point *p, double x, double y)
{
    if (!axis_shows(s->x.log, x) || !axis_shows(s->y.log, y))
        return false;
    *p = (struct point){axis_at(&s->x, x) * (2 * (double)s->columns - 1), (1 - axis_at(&s->y, y)) * (2 * (double)s->rows - 1)};
    return isfinite(p->x) && isfinite(p->y);
}

static void put_line(struct screen *s, struct point a, struct point b, const struct chart_series *t)
{
    double len = fmin(fmax(fabs(b.x - a.x), fabs(b.y - a.y)), 4000);
    for (double k = 0; k <= len; k++) {
        double f = len > 0 ? k / len : 0, x = a.x + f * (b.x - a.x), y = a.y + f * (b.y - a.y);
        if (t->dash > 0 && ((int)(x / 2) % 3) == 2)
            continue;
        put_dot(s, floor(x + 0.5), floor(y + 0.5), t->color, 2);
    }
}

static const char *sign_of(enum chart_marker m)
{
    static const char *const signs[] = {[MARKER_NONE] = "", [MARKER_DISC] = "●", [MARKER_RING] = "○", [MARKER_SQUARE] = "■",
                                        [MARKER_DIAMOND] = "◆", [MARKER_OPEN_DIAMOND] = "◇", [MARKER_TRIANGLE] = "▲",
                                        [MARKER_CROSS] = "×"};
    return signs[m];
}

static void put_series(struct screen *s, const struct chart_series *t)
{
    struct point p = {0, 0}, before = {0, 0};
    bool had = false;
    for (size_t i = 0; i < t->n; i++) {
        bool has = place(s, &p, t->x[i], t->y[i]);
        if (has && had && t->width > 0)
            put_line(s, before, p, t);
        struct cell *c = has && t->marker != MARKER_NONE ? cell_at(s, p.x / 2, p.y / 2) : NULL;
        if (c)
            *c = (struct cell){.taken = 3, .sign = sign_of(t->marker), .color = t->color};
        before = p;
        had = has;
    }
}

static void put_reference(struct screen *s, const struct chart_line *l)
{
    struct point p = {0, 0};
    const struct axis *a = l->vertical ? &s->x : &s->y;
    if (l->panel != 0 || !(l->at >= a->lo && l->at <= a->hi) ||
        !place(s, &p, l->vertical ? l->at : s->x.lo, l->vertical ? s->y.lo : l->at))
        return;
    for (size_t k = 0; k < (l->vertical ? s->rows : s->columns); k++) {
        struct cell *c = cell_at(s, l->vertical ? p.x / 2 : (double)k, l->vertical ? (double)k : p.y / 2);
        if (c && !c->taken)
            *c = (struct cell){.taken = 1, .sign = l->vertical ? "┊" : "┈", .color = l->color};
    }
}

/* --- printing --------------------------------------------------------------------------------- */

static void put_color(const struct screen *s, const struct ink *ink)
{
    if (!s->colours)
        return;
    if (!ink || ink->role == PALETTE_INK) {
        fputs("\033[0m", s->out);
        return;
    }
    /* light enough for a dark ground, and seen on a light one */
    struct color c = palette_color(*ink, true);
    fprintf(s->out, "\033[38;2;%d;%d;%dm", c.r, c.g, c.b);
}

static size_t letters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

/* A text of at most `width` letters a line, broken at blanks. */
static void put_words(const struct screen *s, const char *rich, size_t width)
{
    char text[1024];
    size_t at = 0;
    rich_plain(text, sizeof text, rich);
    for (char *p = text; *p;) {
        size_t len = strcspn(p, " ");
        char saved = p[len];
        p[len] = '\0';
        size_t wide = letters(p);
        if (at > 0 && at + 1 + wide > width) {
            fputc('\n', s->out);
            at = 0;
        }
        fprintf(s->out, "%s%s", at ? " " : "", p);
        at += wide + (at > 0);
        p[len] = saved;
        p += len;
        p += strspn(p, " ");
    }
    if (at)
        fputc('\n', s->out);
}

static void put_right(const struct screen *s, const char *label, size_t width)
{
    size_t n = letters(label);
    fprintf(s->out, "%*s%s", (int)(n < width ? width - n : 0), "", label);
}

static void put_cell(const struct screen *s, const struct cell *c, bool *coloured)
{
    static const char *const blocks[] = {" ", "▘", "▝", "▀", "▖", "▌", "▞", "▛", "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█"};
    if (c->taken || *coloured) {
        put_color(s, c->taken ? &c->color : NULL);
        *coloured = c->taken != 0;
    }
    fputs(c->sign ? c->sign : blocks[c->quarters & 15], s->out);
}

/* The label of the tick that is nearest to a row's middle, or nothing. */
static const char *row_label(const struct screen *s, size_t row)
{
    for (size_t i = 0; i < s->y.n_ticks; i++) {
        double at = (1 - axis_at(&s->y, s->y.ticks[i].value)) * (2 * (double)s->rows - 1) / 2;
        if (s->y.ticks[i].label[0] && (size_t)at == row)
            return s->y.ticks[i].label;
    }
    return "";
}

static void put_rows(const struct screen *s)
{
    for (size_t row = 0; row < s->rows; row++) {
        const char *label = row_label(s, row);
        bool coloured = false;
        size_t end = s->columns;
        put_right(s, label, s->left - 1);
        fputs(label[0] ? "┤" : "│", s->out);
        while (end > 0 && !s->cells[row * s->columns + end - 1].taken)
            end--;
        for (size_t col = 0; col < end; col++)
            put_cell(s, &s->cells[row * s->columns + col], &coloured);
        if (coloured)
            put_color(s, NULL);
        fputc('\n', s->out);
    }
}

static void put_x_axis(const struct screen *s)
{
    size_t at = 0;
    fprintf(s->out, "%*s└", (int)(s->left - 1), "");
    for (size_t i = 0; i < s->columns; i++) {
        bool tick = false;
        for (size_t k = 0; k < s->x.n_ticks; k++)
            tick |= s->x.ticks[k].label[0] && (size_t)(axis_at(&s->x, s->x.ticks[k].value) * (2 * (double)s->columns - 1) / 2) == i;
        fputs(tick ? "┬" : "─", s->out);
    }
    fprintf(s->out, "\n%*s", (int)s->left, "");
    for (size_t k = 0; k < s->x.n_ticks; k++) {
        const char *label = s->x.ticks[k].label;
        double middle = axis_at(&s->x, s->x.ticks[k].value) * ((double)s->columns - 0.5), wide = (double)letters(label);
        double from = fmax(0, floor(middle - wide / 2 + 0.5));
        if (!label[0] || from < (double)at + (at > 0) || from + wide > (double)s->columns)
            continue;
        fprintf(s->out, "%*s%s", (int)(from - (double)at), "", label);
        at = (size_t)(from + wide);
    }
    fputc('\n', s->out);
}

/* At most so many letters, the last of them a sign that there were more. */
static void cut_letters(char *text, size_t most)
{
    size_t n = 0;
    char *last = text;
    for (char *p = text; *p; p++) {
        if (((unsigned char)*p & 0xC0) == 0x80)
            continue;
        if (++n == most)
            last = p;
        if (n > most) {
            memcpy(last, "…", sizeof "…");
            return;
        }
    }
}

/* One entry of the legend, on a line of its own where the last has no room. */
static void put_entry(const struct screen *s, size_t *at, size_t width, struct ink color, const char *sign, const char *rich)
{
    char text[CHART_TEXT_MAX];
    rich_plain(text, sizeof text, rich);
    cut_letters(text, width - letters(sign) - 1);
    size_t n = letters(text) + letters(sign) + 1;
    if (*at > 0 && *at + 3 + n > width) {
        fputc('\n', s->out);
        *at = 0;
    }
    fprintf(s->out, "%s", *at ? "   " : "");
    put_color(s, &color);
    fputs(sign, s->out);
    put_color(s, NULL);
    fprintf(s->out, " %s", text);
    *at += n + (*at ? 3 : 0);
}

static void put_legend(const struct screen *s, size_t width)
{
    const struct chart *c = s->c;
    char text[CHART_TEXT_MAX], value[AXIS_LABEL_MAX];
    size_t at = 0;
    for (size_t i = 0; i < c->scale.n_marks && c->scale.n_marks <= 12 && s->colours; i++) {
        axis_label_kind(value, sizeof value, c->scale.kind, c->scale.marks[i], 3);
        snprintf(text, sizeof text, "%s%s%s", i ? "" : c->scale.label, i ? "" : ": ", value);
        put_entry(s, &at, width, chart_on_scale(c, c->scale.marks[i]), "●", text);
    }
    for (size_t i = 0; i < c->n_series; i++)
        if (c->series[i].label[0] && c->series[i].panel == 0)
            put_entry(s, &at, width, c->series[i].color, c->series[i].marker != MARKER_NONE ? sign_of(c->series[i].marker) : "▄▀",
                      c->series[i].label);
    for (size_t i = 0; i < c->n_lines; i++)
        if (c->lines[i].label[0] && c->lines[i].panel == 0)
            put_entry(s, &at, width, c->lines[i].color, c->lines[i].vertical ? "┊" : "┈", c->lines[i].label);
    if (at)
        fputc('\n', s->out);
}

static void fit_axes(struct screen *s, size_t width)
{
    const struct chart *c = s->c;
    struct range x = ranges_x(c), y = ranges_y(c, 0);
    axis_fit_kind(&s->y, c->y_kind, c->log_y, y.lo, y.hi, y.n, s->rows / 3 + 1);
    if (c->y_kind == AXIS_NAMES)
        axis_name_places(&s->y, (const char (*)[AXIS_LABEL_MAX])c->places, c->n_places);
    s->left = 2;
    for (size_t i = 0; i < s->y.n_ticks; i++)
        s->left = size_max(s->left, letters(s->y.ticks[i].label) + 2);
    s->columns = width - s->left - 1;
    axis_fit_kind(&s->x, c->x_kind, c->log_x, x.lo, x.hi, x.n, s->columns / 10 + 1);
    if (c->x_kind == AXIS_NAMES)
        axis_name_places(&s->x, (const char (*)[AXIS_LABEL_MAX])c->places, c->n_places);
}

enum status term_draw(FILE *out, const struct chart *c, size_t columns, bool colours, struct err *err)
{
    size_t width = size_max(columns, 40);
    struct screen s = {.c = c, .out = out, .colours = colours, .rows = size_max(12, width / 5)};
    char x_label[CHART_TEXT_MAX], y_label[CHART_TEXT_MAX];
    fit_axes(&s, width);
    TRY(size_calloc(&s.cells, s.rows * s.columns, sizeof *s.cells, "a chart in letters", err));
    for (size_t i = 0; i < c->n_series; i++)
        if (c->series[i].panel == 0 && !c->series[i].area)
            put_series(&s, &c->series[i]);
    for (size_t i = 0; i < c->n_lines; i++)
        put_reference(&s, &c->lines[i]);
    rich_plain(x_label, sizeof x_label, c->x_label);
    rich_plain(y_label, sizeof y_label, c->y_label);
    fputc('\n', out);
    put_words(&s, c->title, width);
    put_words(&s, c->quantity, width);
    fprintf(out, "%s\n", y_label);
    put_rows(&s);
    put_x_axis(&s);
    cut_letters(x_label, width);
    put_right(&s, x_label, width);
    fputc('\n', out);
    put_legend(&s, width);
    free(s.cells);
    return OK;
}
