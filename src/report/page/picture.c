#include "report/page/picture.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "plot/rich.h"
#include "plot/svg.h"
#include "report/page/html.h"

/* So wide that its letters can be read where a phone shows it a tenth smaller, and a wide page half as large again. */
enum { PICTURE_WIDTH = 400 };

/* A line may leave out points that lie closer than this to the last one, in units: less than a pixel. */
#define CLOSE 0.45

struct picture {
    FILE *out;
    const struct layout *l;
    const char *name;
    size_t series; /* the one that is being drawn; SIZE_MAX: none */
    int clips;
    bool in_clip;
};

/* --- the surface ------------------------------------------------------------------------------ */

static bool far_enough(struct point a, struct point b)
{
    return fabs(a.x - b.x) >= CLOSE || fabs(a.y - b.y) >= CLOSE;
}

/* A coordinate without the zeros that say nothing. */
static void put_number(FILE *out, double v)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%.1f", v);
    if (n > 2 && text[n - 1] == '0')
        text[n - 2] = '\0';
    fputs(strcmp(text, "-0") == 0 ? "0" : text, out);
}

static void put_points(FILE *out, const struct point *p, size_t n)
{
    fputs(" points=\"", out);
    for (size_t i = 0, last = 0; i < n; i++) {
        if (i > 0 && i + 1 < n && !far_enough(p[i], p[last]))
            continue;
        if (i > 0)
            fputc(' ', out);
        put_number(out, p[i].x);
        fputc(',', out);
        put_number(out, p[i].y);
        last = i;
    }
    fputc('"', out);
}

static void polyline(void *self, const struct point *p, size_t n, struct stroke s)
{
    const struct picture *g = self;
    fprintf(g->out, "<polyline class=\"l c%u\"", s.color.code);
    if (fabs(s.width - 1) > 1e-9)
        fprintf(g->out, " stroke-width=\"%.3g\"", s.width);
    if (s.dash > 0 && s.gap > 0)
        fprintf(g->out, " stroke-dasharray=\"%.3g %.3g\"", s.dash, s.gap);
    if (s.fade > 0)
        fprintf(g->out, " stroke-opacity=\"%.2f\"", 1 - s.fade);
    put_points(g->out, p, n);
    fputs("/>\n", g->out);
}

static void polygon(void *self, const struct point *p, size_t n, struct color c, double alpha)
{
    const struct picture *g = self;
    fprintf(g->out, "<polygon class=\"a c%u\"", c.code);
    if (alpha < 1)
        fprintf(g->out, " fill-opacity=\"%.2g\"", alpha);
    put_points(g->out, p, n);
    fputs("/>\n", g->out);
}

/* What a reader is told who points at it: x, y, and the ends of y's interval where there is one. */
static void put_values(const struct picture *g, size_t i)
{
    const struct chart_series *s = &g->l->c->series[g->series];
    fprintf(g->out, " data-v=\"%.5g %.5g", s->x[i], s->y[i]);
    if (s->lo && isfinite(s->lo[i]) && isfinite(s->hi[i]))
        fprintf(g->out, " %.5g %.5g", s->lo[i], s->hi[i]);
    fputc('"', g->out);
    if (s->names && s->names[i] && s->names[i][0]) {
        fputs(" data-p=\"", g->out);
        html_plain(g->out, s->names[i]);
        fputc('"', g->out);
    }
}

static void mark(void *self, struct point p, const struct mark *m)
{
    static const char *const shapes[] = {"", "m-disc", "m-ring", "m-square", "m-diamond", "m-open", "m-triangle", "m-cross"};
    const struct picture *g = self;
    fprintf(g->out, "<use href=\"#%s\" class=\"c%u\" x=\"", shapes[m->shape], m->color.code);
    /* shapes are drawn at radius 4 */
    double k = m->radius / 4;
    bool scaled = fabs(k - 1) > 0.01;
    put_number(g->out, scaled ? p.x / k : p.x);
    fputs("\" y=\"", g->out);
    put_number(g->out, scaled ? p.y / k : p.y);
    fputc('"', g->out);
    if (scaled)
        fprintf(g->out, " transform=\"scale(%.3g)\"", k);
    if (m->fade > 0)
        fprintf(g->out, " opacity=\"%.2f\"", 1 - m->fade);
    if (m->index != SIZE_MAX && g->series != SIZE_MAX)
        put_values(g, m->index);
    fputs("/>\n", g->out);
}

static void text(void *self, double x, double y, const char *rich, struct text_style t)
{
    const struct picture *g = self;
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    fprintf(g->out, "<text class=\"%sc%u\" x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\"%s", t.halo ? "h " : "", t.color.code, x, y,
            t.size, anchors[t.anchor]);
    if (t.up)
        fprintf(g->out, " transform=\"rotate(-90 %.1f %.1f)\"", x, y);
    fputc('>', g->out);
    svg_rich(g->out, rich, t.size);
    fputs("</text>\n", g->out);
}

static void clip(void *self, double x, double y, double width, double height)
{
    struct picture *g = self;
    if (g->in_clip)
        fputs("</g>\n", g->out);
    g->in_clip = width > 0;
    if (!g->in_clip)
        return;
    fprintf(g->out, "<clipPath id=\"%s-k%d\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/></clipPath>\n"
                    "<g clip-path=\"url(#%s-k%d)\">\n", g->name, g->clips, x - 1, y - 1, width + 2, height + 2, g->name,
                    g->clips);
    g->clips++;
}

/* The colour that a reader knows a series by. */
static unsigned code_of(const struct chart_series *s)
{
    return palette_color(s->color, false).code;
}

static void begin(void *self, const char *kind, size_t index, const char *name)
{
    struct picture *g = self;
    bool series = strcmp(kind, "series") == 0;
    fprintf(g->out, "<g class=\"%s\" data-i=\"%zu\"", kind, index);
    if (series)
        fprintf(g->out, " data-c=\"%u\" data-panel=\"%zu\"", code_of(&g->l->c->series[index]), g->l->c->series[index].panel);
    else if (strcmp(kind, "reference") == 0)
        fprintf(g->out, " data-panel=\"%zu\"", g->l->c->lines[index].panel);
    if (name && name[0]) {
        fputs(" data-name=\"", g->out);
        html_plain(g->out, name);
        fputc('"', g->out);
    }
    fputs(">\n", g->out);
    g->series = series ? index : SIZE_MAX;
}

static void end(void *self)
{
    struct picture *g = self;
    fputs("</g>\n", g->out);
    g->series = SIZE_MAX;
}

static struct surface surface_of(struct picture *g)
{
    return (struct surface){.self = g, .polyline = polyline, .polygon = polygon, .text = text, .clip = clip, .begin = begin,
                            .end = end, .mark = mark};
}

/* --- what the script is told of the axes ------------------------------------------------------- */

/* [log, lo, hi, [[value, label], ...]]: what is drawn, or would be on the other scale. */
static void put_axis(FILE *out, const struct axis *a)
{
    fprintf(out, "[%d,%.10g,%.10g,[", a->log, a->lo, a->hi);
    for (size_t i = 0; i < a->n_ticks; i++) {
        fprintf(out, "%s[%.10g,&quot;", i ? "," : "", a->ticks[i].value);
        html_text(out, a->ticks[i].label);
        fputs("&quot;]", out);
    }
    fputs("]]", out);
}

/* From pixel `from` to `to`: kind, both ends, the axis and the other one. */
static void put_axis_data(const struct picture *g, const char *attribute, size_t panel, double from, double to,
                          const struct axis *a)
{
    struct axis other;
    fprintf(g->out, " data-%s=\"[%d,%.1f,%.1f,", attribute, (int)a->kind, from, to);
    put_axis(g->out, a);
    if (layout_other(&other, g->l, panel)) {
        fputc(',', g->out);
        put_axis(g->out, &other);
    }
    fputs("]\"", g->out);
}

static void put_axes_data(const struct picture *g)
{
    put_axis_data(g, "x", CHART_PANELS, g->l->left, g->l->right, &g->l->x);
    put_axis_data(g, "y0", 0, g->l->panel[0].bottom, g->l->panel[0].top, &g->l->panel[0].y);
    if (g->l->n_panels > 1)
        put_axis_data(g, "y1", 1, g->l->panel[1].bottom, g->l->panel[1].top, &g->l->panel[1].y);
    const char *const labels[][2] = {{"xl", g->l->c->x_label}, {"yl0", g->l->c->y_label}, {"yl1", g->l->c->lower.y_label}};
    for (size_t i = 0; i < 3; i++) {
        fprintf(g->out, " data-%s=\"", labels[i][0]);
        html_plain(g->out, labels[i][1]);
        fputc('"', g->out);
    }
}

/* --- the legend ------------------------------------------------------------------------------- */

static void put_entry(struct picture *g, const char *key, size_t index, size_t series, size_t line, const char *words)
{
    const struct surface s = surface_of(g);
    fprintf(g->out, "<li><button type=\"button\" aria-pressed=\"true\" data-toggle=\"%s%zu\">"
                    "<svg class=\"swatch\" viewBox=\"-1 -8 %d 16\" aria-hidden=\"true\">\n", key, index, LAYOUT_SWATCH + 2);
    layout_draw_swatch(g->l, &s, series, line);
    fputs("</svg><span>", g->out);
    html_rich(g->out, words);
    fputs("</span></button></li>\n", g->out);
}

/* Values that colours stand for; more of them than can be told apart are said by their ends. */
enum { MOST_COLOURS = 24 };

static void put_scale(struct picture *g)
{
    const struct chart_scale *s = &g->l->c->scale;
    char label[2][AXIS_LABEL_MAX];
    int digits = s->kind == AXIS_POWER ? 2 : 3;
    if (s->n_marks < 2 || !s->label[0])
        return;
    fputs("<li class=\"of\">", g->out);
    html_rich(g->out, s->label);
    fputs("</li>\n", g->out);
    if (s->n_marks > MOST_COLOURS) {
        axis_label_kind(label[0], sizeof label[0], s->kind, s->marks[0], digits);
        axis_label_kind(label[1], sizeof label[1], s->kind, s->marks[s->n_marks - 1], digits);
        fprintf(g->out, "<li>");
        html_say(g->out, "%s (dark) to %s (light)", label[0], label[1]);
        fputs("</li>\n", g->out);
        return;
    }
    for (size_t i = 0; i < s->n_marks; i++) {
        unsigned code = palette_color(chart_on_scale(g->l->c, s->marks[i]), false).code;
        axis_label_kind(label[0], sizeof label[0], s->kind, s->marks[i], digits);
        fprintf(g->out, "<li><button type=\"button\" aria-pressed=\"true\" data-toggle=\"c%u\"><i class=\"dot c%u\"></i> ", code,
                code);
        html_text(g->out, label[0]);
        fputs("</button></li>\n", g->out);
    }
}

static void put_legend(struct picture *g)
{
    const struct chart *c = g->l->c;
    fputs("<ul class=\"legend\">\n", g->out);
    put_scale(g);
    for (size_t i = 0; i < c->n_series; i++)
        if (c->series[i].label[0])
            put_entry(g, "s", i, i, SIZE_MAX, c->series[i].label);
    for (size_t i = 0; i < c->n_lines; i++)
        if (c->lines[i].label[0])
            put_entry(g, "r", i, SIZE_MAX, i, c->lines[i].label);
    fputs("</ul>\n", g->out);
}

/* --- the figure ------------------------------------------------------------------------------- */

static void put_words(struct picture *g)
{
    const struct chart *c = g->l->c;
    fprintf(g->out, "<h3 id=\"%s-t\">", g->name);
    html_rich(g->out, c->title);
    fputs("</h3>\n<p class=\"what\">", g->out);
    html_rich(g->out, c->quantity);
    fputs(".</p>\n", g->out);
}

static enum status put_picture(struct picture *g, struct err *err)
{
    const struct layout *l = g->l;
    fprintf(g->out, "<div class=\"plot\" tabindex=\"0\" role=\"group\" aria-labelledby=\"%s-t\" "
                    "aria-description=\"Arrow keys go from point to point\">\n"
                    "<svg viewBox=\"0 0 %.6g %.6g\" role=\"img\" aria-labelledby=\"%s-s %s-d\"", g->name, l->width, l->height,
            g->name, g->name);
    put_axes_data(g);
    fprintf(g->out, ">\n<title id=\"%s-s\">", g->name);
    html_plain(g->out, l->c->title);
    fprintf(g->out, "</title>\n<desc id=\"%s-d\">", g->name);
    html_plain(g->out, l->c->quantity);
    fputs(". ", g->out);
    html_plain(g->out, l->c->subtitle);
    fputs("</desc>\n", g->out);
    const struct surface s = surface_of(g);
    TRY(layout_draw(l, &s, err));
    fputs("</svg>\n</div>\n", g->out);
    return OK;
}

static void put_notes(struct picture *g)
{
    const struct chart *c = g->l->c;
    const char *const notes[] = {c->subtitle, c->note};
    for (size_t i = 0; i < 2; i++)
        if (notes[i][0]) {
            fputs("<p class=\"note\">", g->out);
            html_rich(g->out, notes[i]);
            fputs("</p>\n", g->out);
        }
}

enum status picture_write(FILE *out, const struct chart *c, const char *name, const struct font *font, struct err *err)
{
    const struct chart_style style = {.width = PICTURE_WIDTH, .bare = true};
    struct layout l;
    enum status st = layout_make(&l, c, &style, font, err);
    struct picture g = {.out = out, .l = &l, .name = name, .series = SIZE_MAX};
    if (st == OK) {
        fprintf(out, "<figure id=\"chart-%s\">\n", name);
        put_words(&g);
        st = put_picture(&g, err);
    }
    if (st == OK) {
        put_legend(&g);
        put_notes(&g);
        fputs("</figure>\n", out);
    }
    layout_free(&l);
    return st;
}

void picture_shapes(FILE *out)
{
    fputs("<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\n"
          "<circle id=\"m-disc\" class=\"full\" r=\"4\"/><circle id=\"m-ring\" class=\"open\" r=\"4\"/>\n"
          "<path id=\"m-square\" class=\"full\" d=\"M-3.5-3.5h7v7h-7z\"/>\n"
          "<path id=\"m-diamond\" class=\"full\" d=\"M0-5.4L5.4 0 0 5.4-5.4 0z\"/>\n"
          "<path id=\"m-open\" class=\"open\" d=\"M0-5.4L5.4 0 0 5.4-5.4 0z\"/>\n"
          "<path id=\"m-triangle\" class=\"full\" d=\"M0-5.4L4.7 2.7H-4.7z\"/>\n"
          "<path id=\"m-cross\" class=\"cross\" d=\"M-4-4L4 4M-4 4L4-4\"/>\n</defs></svg>\n", out);
}
