#include "plot/svg.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "plot/rich.h"

/* What no text of XML or HTML may hold though it is UTF-8: control characters, which go, and U+FFFE and U+FFFF. */
static bool is_control(const char *s, size_t length)
{
    unsigned char c = (unsigned char)s[0];
    return c < 0x20 || c == 0x7F || (length == 2 && c == 0xC2 && (unsigned char)s[1] < 0xA0);
}

static bool is_no_character(const char *s, size_t length)
{
    return length == 3 && memcmp(s, "\xEF\xBF", 2) == 0 && (unsigned char)s[2] >= 0xBE;
}

void svg_escape(FILE *out, const char *s, size_t n)
{
    for (size_t i = 0, length; i < n; i += length ? length : 1) {
        length = utf8_length(s + i, n - i);
        if (s[i] == '<')
            fputs("&lt;", out);
        else if (s[i] == '>')
            fputs("&gt;", out);
        else if (s[i] == '&')
            fputs("&amp;", out);
        else if (s[i] == '"')
            fputs("&quot;", out);
        else if (length == 0 || is_no_character(s + i, length))
            fputc('?', out);
        else if (!is_control(s + i, length))
            fwrite(s + i, 1, length, out);
    }
}

/* One text without its raised and lowered parts' places. */
static void put_plain(FILE *out, const char *rich)
{
    char plain[1024];
    rich_plain(plain, sizeof plain, rich);
    svg_escape(out, plain, strlen(plain));
}

static void put_points(FILE *out, const struct point *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%.2f,%.2f", i ? " " : "", p[i].x, p[i].y);
}

static void polyline(void *self, const struct point *p, size_t n, struct stroke s)
{
    struct svg *g = self;
    fprintf(g->out,
            "<polyline fill=\"none\" stroke=\"#%02x%02x%02x\" stroke-width=\"%.2f\" "
            "stroke-linejoin=\"round\" stroke-linecap=\"round\"",
            s.color.r, s.color.g, s.color.b, s.width);
    if (s.dash > 0 && s.gap > 0)
        fprintf(g->out, " stroke-dasharray=\"%.1f %.1f\"", s.dash, s.gap);
    if (s.fade > 0)
        fprintf(g->out, " stroke-opacity=\"%.2f\"", 1 - s.fade);
    fputs(" points=\"", g->out);
    put_points(g->out, p, n);
    fputs("\"/>\n", g->out);
}

static void polygon(void *self, const struct point *p, size_t n, struct color c, double alpha)
{
    struct svg *g = self;
    fprintf(g->out, "<polygon fill=\"#%02x%02x%02x\"", c.r, c.g, c.b);
    if (alpha < 1)
        fprintf(g->out, " fill-opacity=\"%.3f\"", alpha);
    fputs(" points=\"", g->out);
    put_points(g->out, p, n);
    fputs("\"/>\n", g->out);
}

void svg_rich(FILE *out, const char *rich, double size)
{
    struct rich_run run;
    double at = 0;
    while (rich_next(&run, &rich)) {
        double dy = (at - run.rise) * size;
        bool span = run.size < 1 || dy != 0;
        if (span)
            fprintf(out, "<tspan dy=\"%.2f\" font-size=\"%.2f\">", dy, run.size * size);
        svg_escape(out, run.text, run.n);
        if (span)
            fputs("</tspan>", out);
        at = run.rise;
    }
}

static void text(void *self, double x, double y, const char *rich, struct text_style t)
{
    struct svg *g = self;
    static const char *const anchors[] = {"start", "middle", "end"};
    fprintf(g->out, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.1f\" fill=\"#%02x%02x%02x\" "
                    "text-anchor=\"%s\"",
            x, y, t.size, t.color.r, t.color.g, t.color.b, anchors[t.anchor]);
    if (t.up)
        fprintf(g->out, " transform=\"rotate(-90 %.2f %.2f)\"", x, y);
    if (t.halo)
        fprintf(g->out, " stroke=\"#%02x%02x%02x\" stroke-width=\"%.1f\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
                t.ground.r, t.ground.g, t.ground.b, 0.28 * t.size);
    fputc('>', g->out);
    svg_rich(g->out, rich, t.size);
    fputs("</text>\n", g->out);
}

static void clip(void *self, double x, double y, double width, double height)
{
    struct svg *g = self;
    if (g->in_group)
        fputs("</g>\n", g->out);
    g->in_group = width > 0;
    if (!g->in_group)
        return;
    fprintf(g->out,
            "<clipPath id=\"%sc%d\"><rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>"
            "</clipPath>\n<g clip-path=\"url(#%sc%d)\">\n",
            g->id, g->clips, x, y, width, height, g->id, g->clips);
    g->clips++;
}

static void begin(void *self, const char *kind, size_t index, const char *name)
{
    struct svg *g = self;
    fprintf(g->out, "<g class=\"%s\" data-%s=\"%zu\"", kind, kind, index);
    if (name && name[0]) {
        fputs(" data-name=\"", g->out);
        put_plain(g->out, name);
        fputc('"', g->out);
    }
    fputs(">\n", g->out);
}

static void end(void *self)
{
    struct svg *g = self;
    fputs("</g>\n", g->out);
}

void svg_begin(struct svg *s, FILE *out, const struct svg_head *h)
{
    *s = (struct svg){.out = out, .id = h->id};
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.6g %.6g\"", h->width, h->height);
    if (h->width_mm > 0)
        fprintf(out, " width=\"%.6gmm\" height=\"%.6gmm\"", h->width_mm, h->width_mm * h->height / h->width);
    else
        fprintf(out, " width=\"%.6g\" height=\"%.6g\"", h->width, h->height);
    fputs(" role=\"img\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<title>", out);
    put_plain(out, h->title);
    fputs("</title>\n", out);
    if (h->desc && h->desc[0]) {
        fputs("<desc>", out);
        put_plain(out, h->desc);
        fputs("</desc>\n", out);
    }
    fprintf(out, "<rect width=\"%.6g\" height=\"%.6g\" fill=\"#%02x%02x%02x\"/>\n", h->width, h->height, h->ground.r,
            h->ground.g, h->ground.b);
}

void svg_end(struct svg *s)
{
    clip(s, 0, 0, 0, 0);
    fputs("</svg>\n", s->out);
}

struct surface svg_surface(struct svg *s)
{
    return (struct surface){.self = s, .polyline = polyline, .polygon = polygon, .text = text, .clip = clip,
                            .begin = begin, .end = end};
}
