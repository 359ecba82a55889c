#include "plot/svg.h"

static void put_escaped(FILE *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '<')
            fputs("&lt;", out);
        else if (*s == '>')
            fputs("&gt;", out);
        else if (*s == '&')
            fputs("&amp;", out);
        else if (*s == '"')
            fputs("&quot;", out);
        else if ((unsigned char)*s >= 0x20)
            fputc(*s, out);
    }
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
    fputs(" points=\"", g->out);
    put_points(g->out, p, n);
    fputs("\"/>\n", g->out);
}

static void polygon(void *self, const struct point *p, size_t n, struct color c, double alpha)
{
    struct svg *g = self;
    fprintf(g->out, "<polygon fill=\"#%02x%02x%02x\" fill-opacity=\"%.3f\" points=\"", c.r, c.g, c.b,
            alpha);
    put_points(g->out, p, n);
    fputs("\"/>\n", g->out);
}

static void text(void *self, double x, double y, const char *utf8, struct text_style t)
{
    struct svg *g = self;
    static const char *const anchors[] = {"start", "middle", "end"};
    fprintf(g->out, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.1f\" fill=\"#%02x%02x%02x\" "
                    "text-anchor=\"%s\"",
            x, y, t.size, t.color.r, t.color.g, t.color.b, anchors[t.anchor]);
    if (t.up)
        fprintf(g->out, " transform=\"rotate(-90 %.2f %.2f)\"", x, y);
    fputc('>', g->out);
    put_escaped(g->out, utf8);
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
            "<clipPath id=\"c%d\"><rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>"
            "</clipPath>\n<g clip-path=\"url(#c%d)\">\n",
            g->clips, x, y, width, height, g->clips);
    g->clips++;
}

void svg_begin(struct svg *s, FILE *out, int width, int height, const char *title)
{
    *s = (struct svg){.out = out};
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<title>",
            width, height, width, height);
    put_escaped(out, title);
    fprintf(out, "</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", width, height);
}

void svg_end(struct svg *s)
{
    clip(s, 0, 0, 0, 0);
    fputs("</svg>\n", s->out);
}

struct surface svg_surface(struct svg *s)
{
    return (struct surface){
        .self = s, .polyline = polyline, .polygon = polygon, .text = text, .clip = clip};
}
