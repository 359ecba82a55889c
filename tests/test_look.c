/* What charts look like: colours that stay apart, words that do not cover each other, files that others can read, and small
 * pictures of every chart as they were when somebody looked at them (tests/golden). */
#include "made_compare.h"
#include "made_sweep.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "fit/fit_json.h"
#include "plot/png.h"
#include "plot/raster.h"
#include "plot/rich.h"
#include "plot/term.h"
#include "plot/write.h"
#include "report/charts/charts.h"
#include "report/names.h"

#define STBI_NO_STDIO
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>

/* --- colours ---------------------------------------------------------------------------------- */

struct rgb {
    double v[3];
};

static double linear(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static struct rgb linear_of(struct color c)
{
    return (struct rgb){{linear(c.r / 255.0), linear(c.g / 255.0), linear(c.b / 255.0)}};
}

/* Machado, Oliveira and Fernandes 2009, table 1, severity 1, on linear light. */
static const double sight[4][3][3] = {
    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
    {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
    {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
    {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
};

static struct rgb seen(struct color c, int kind)
{
    struct rgb in = linear_of(c), out;
    for (int i = 0; i < 3; i++) {
        out.v[i] = 0;
        for (int j = 0; j < 3; j++)
            out.v[i] += sight[kind][i][j] * in.v[j];
        out.v[i] = fmin(fmax(out.v[i], 0), 1);
    }
    return out;
}

static double lab_root(double t)
{
    return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

/* CIE L*a*b* of linear sRGB, white D65. */
static struct rgb lab(struct rgb l)
{
    const double *v = l.v;
    double x = lab_root((0.4124 * v[0] + 0.3576 * v[1] + 0.1805 * v[2]) / 0.95047);
    double y = lab_root(0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]);
    double z = lab_root((0.0193 * v[0] + 0.1192 * v[1] + 0.9505 * v[2]) / 1.08883);
    return (struct rgb){{116 * y - 16, 500 * (x - y), 200 * (y - z)}};
}

static double apart(struct color a, struct color b, int kind)
{
    struct rgb p = lab(seen(a, kind)), q = lab(seen(b, kind));
    return hypot(hypot(p.v[0] - q.v[0], p.v[1] - q.v[1]), p.v[2] - q.v[2]);
}

static double contrast(struct color a, struct color b)
{
    struct rgb p = linear_of(a), q = linear_of(b);
    double u = 0.2126 * p.v[0] + 0.7152 * p.v[1] + 0.0722 * p.v[2] + 0.05;
    double v = 0.2126 * q.v[0] + 0.7152 * q.v[1] + 0.0722 * q.v[2] + 0.05;
    return u > v ? u / v : v / u;
}

/* Unordered colours differ by ten units of L*a*b* for everybody, which is seen at a glance; neighbours of six on the scale by
 * five, with lightness going one way; the fit and the noise by twenty. */
static void colour_blind(void)
{
    static const char *const who[] = {"everybody", "protanopes", "deuteranopes", "tritanopes"};
    for (int dark = 0; dark < 2; dark++)
        for (int kind = 0; kind < 4; kind++) {
            for (size_t i = 0; i < PALETTE_KINDS; i++)
                for (size_t j = 0; j < i; j++) {
                    double d = apart(palette_color(palette_kind(i), dark), palette_color(palette_kind(j), dark), kind);
                    EXPECT_MSG(d >= 10, "kinds %zu and %zu, dark %d, %s: %.1f apart", i, j, dark, who[kind], d);
                }
            for (size_t i = 0; i + 1 < 6; i++) {
                struct color a = palette_color(palette_ordered(i, 6), dark), b = palette_color(palette_ordered(i + 1, 6), dark);
                double d = apart(a, b, kind);
                EXPECT_MSG(d >= 5, "steps %zu and %zu, dark %d, %s: %.1f apart", i, i + 1, dark, who[kind], d);
                EXPECT_MSG(lab(seen(b, kind)).v[0] > lab(seen(a, kind)).v[0], "step %zu, dark %d, %s: no lighter", i,
                           dark, who[kind]);
            }
            double d = apart(palette_color(palette_ink(PALETTE_FIT), dark), palette_color(palette_ink(PALETTE_NOISE),
                             dark), kind);
            EXPECT_MSG(d >= 20, "fit and noise, dark %d, %s: %.1f apart", dark, who[kind], d);
        }
}

static void contrasts(void)
{
    for (int dark = 0; dark < 2; dark++) {
        struct color ground = palette_color(palette_ink(PALETTE_GROUND), dark);
        EXPECT(contrast(palette_color(palette_ink(PALETTE_INK), dark), ground) >= 7);
        EXPECT(contrast(palette_color(palette_ink(PALETTE_SOFT), dark), ground) >= 4.5);
        EXPECT(contrast(palette_color(palette_ink(PALETTE_FIT), dark), ground) >= 3);
        EXPECT(contrast(palette_color(palette_ink(PALETTE_NOISE), dark), ground) >= 3);
        for (size_t i = 0; i < PALETTE_KINDS; i++)
            EXPECT(contrast(palette_color(palette_kind(i), dark), ground) >= 3);
        for (size_t i = 0; i < 20; i++)
            EXPECT_MSG(contrast(palette_color(palette_ordered(i, 20), dark), ground) >= 3, "step %zu, dark %d", i, dark);
    }
}

/* --- a sweep that never ran ------------------------------------------------------------------- */

typedef void chart_check(const char *name, const struct chart *ch, const struct font *font);

/* All charts of both grids; returns how many. */
static size_t for_all(const struct made_sweep *s, chart_check *check)
{
    struct font *font = font_open();
    size_t n = 0;
    for (size_t i = 0; i < charts_count(); i++) {
        struct chart ch = {0};
        struct err err;
        bool drawn;
        EXPECT_OK(charts_build(&ch, &drawn, i, &s->in, &err));
        if (drawn)
            check(charts_name(i), &ch, font);
        n += drawn;
        chart_free(&ch);
    }
    font_close(font);
    return n;
}

/* All charts of a comparison. */
static void for_all_against(const struct made_compare *m, chart_check *check)
{
    struct font *font = font_open();
    for (size_t i = 0; i < against_count(); i++) {
        struct chart ch = {0};
        struct err err;
        bool drawn;
        EXPECT_OK(against_chart(&ch, &drawn, i, &m->in, &err));
        EXPECT_MSG(drawn, "%s is not drawn", against_title(i));
        check(against_title(i), &ch, font);
        chart_free(&ch);
    }
    font_close(font);
}

static void nothing(const char *name, const struct chart *ch, const struct font *font)
{
    (void)font;
    EXPECT_MSG(ch->title[0] && ch->quantity[0] && ch->x_label[0], "%s has no title, quantity or label", name);
    EXPECT_MSG(strcmp(ch->title, ch->quantity) != 0, "%s: its title names the quantity, not the finding", name);
}

/* --- words that do not cover each other ------------------------------------------------------- */

struct box {
    double x0, y0, x1, y1;
};

static struct box box_of(const struct layout_text *t, const struct font *font)
{
    double w = rich_width(font, t->text, t->size), up = 0.74 * t->size, down = 0.2 * t->size;
    double back = t->anchor == ANCHOR_START ? 0 : t->anchor == ANCHOR_MIDDLE ? w / 2 : w;
    if (t->up)
        return (struct box){t->x - up, t->y - w + back, t->x + down, t->y + back};
    return (struct box){t->x - back, t->y - up, t->x - back + w, t->y + down};
}

static void expect_apart(const char *name, const struct chart *ch, const struct font *font, const struct chart_style *style)
{
    struct layout l;
    struct err err;
    EXPECT_OK(layout_make(&l, ch, style, font, &err));
    for (size_t i = 0; i < l.n_texts; i++) {
        struct box a = box_of(&l.texts[i], font);
        EXPECT_MSG(a.x0 >= -0.5 && a.y0 >= -0.5 && a.x1 <= l.width + 0.5 && a.y1 <= l.height + 0.5,
                   "%s at %g: '%s' leaves the picture", name, style->width, l.texts[i].text);
        for (size_t j = 0; j < i; j++) {
            struct box b = box_of(&l.texts[j], font);
            EXPECT_MSG(a.x0 >= b.x1 || b.x0 >= a.x1 || a.y0 >= b.y1 || b.y0 >= a.y1, "%s at %g: '%s' and '%s' overlap", name,
                       style->width, l.texts[i].text, l.texts[j].text);
        }
    }
    for (size_t i = 0; i < l.n_entries; i++)
        EXPECT_MSG(l.entries[i].y < l.height && l.entries[i].x + 26 < l.width, "%s: a row of the legend is outside", name);
    EXPECT_MSG(style->width < 900 || l.n_homeless == 0, "%s at %g: %zu words found no place", name, style->width, l.n_homeless);
    const double least = style->width < 300 ? 0.1 : 0.2; /* below 300 the words take most of the picture */
    EXPECT_MSG(l.panel[0].bottom - l.panel[0].top > least * l.height, "%s at %g: the plot is a stripe", name, style->width);
    layout_free(&l);
}

static void at_all_sizes(const char *name, const struct chart *ch, const struct font *font)
{
    static const double widths[] = {227, 321, 480, 640, 960, 1400};
    for (size_t k = 0; k < sizeof widths / sizeof *widths; k++)
        for (int bare = 0; bare < 2; bare++)
            expect_apart(name, ch, font, &(struct chart_style){.width = widths[k], .no_titles = bare});
}

static void words_apart(void)
{
    struct made_sweep *tokens = made_sweep(false, "a sweep"), *compute = made_sweep(true, "a sweep");
    EXPECT(for_all(tokens, nothing) == charts_count());
    EXPECT(for_all(compute, nothing) >= charts_count() - 1);
    for_all(tokens, at_all_sizes);
    for_all(compute, at_all_sizes);
    const struct made_compare *m = made_compare(NULL);
    for_all_against(m, nothing);
    for_all_against(m, at_all_sizes);
    made_free(tokens);
    made_free(compute);
}

/* --- files that others can read --------------------------------------------------------------- */

static char *svg_of(const struct chart *ch, const struct font *font, const struct chart_style *style)
{
    struct layout l;
    struct err err;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    EXPECT_OK(layout_make(&l, ch, style, font, &err));
    EXPECT_OK(chart_svg(out, &l, &err));
    fclose(out);
    layout_free(&l);
    return text;
}

/* Well-formed as far as we write XML: tags nest, attributes are quoted and named once, and no byte is out of place. Returns
 * NULL, or where it is not. */
static const char *not_xml(const char *p)
{
    char open[64][16];
    size_t depth = 0;
    for (; *p; p++) {
        if (*p == '&' && strncmp(p, "&lt;", 4) && strncmp(p, "&gt;", 4) && strncmp(p, "&amp;", 5) && strncmp(p, "&quot;", 6))
            return p;
        if (*p != '<')
            continue;
        const char *tag = p + 1;
        bool closing = *tag == '/';
        size_t n = strspn(tag + closing, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (n == 0 || n > 15)
            return p;
        const char *q = tag + closing + n;
        while (*q == ' ') {
            q += strspn(q, " ");
            q += strspn(q, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-:");
            if (q[0] != '=' || q[1] != '"')
                return q;
            q += 2;
            q += strcspn(q, "\"<");
            if (*q != '"')
                return q;
            q++;
        }
        bool single = *q == '/';
        if (q[single] != '>')
            return q;
        if (closing && (depth == 0 || strncmp(open[depth - 1], tag + 1, n) != 0 || open[depth - 1][n]))
            return p;
        depth -= closing;
        if (!closing && !single) {
            if (depth == 64)
                return p;
            snprintf(open[depth++], 16, "%.*s", (int)n, tag);
        }
        p = q + single;
    }
    return depth ? p : NULL;
}

static void expect_readable(const char *name, const struct chart *ch, const struct font *font)
{
    const struct chart_style styles[] = {{.width = 0}, {.width = 321, .width_mm = 85, .no_titles = true, .dark = true}};
    for (size_t k = 0; k < 2; k++) {
        char *a = svg_of(ch, font, &styles[k]), *b = svg_of(ch, font, &styles[k]);
        const char *at = not_xml(a);
        EXPECT_MSG(!at, "%s is no XML from: %.60s", name, at ? at : "");
        EXPECT_MSG(strcmp(a, b) == 0, "%s: other bytes the second time", name);
        for (const char *p = a; *p; p++)
            EXPECT_MSG((unsigned char)*p >= 0x20 || *p == '\n', "%s: a control character at %.40s", name, p);
        for (char *line = a; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
            size_t n = strcspn(line, "\n");
            for (size_t i = 0, length; i < n; i += length)
                if ((length = utf8_length(line + i, n - i)) == 0) {
                    test_fail(__FILE__, __LINE__, "%s: no UTF-8 at %.40s", name, line);
                    length = 1;
                }
        }
        EXPECT_MSG(k == 0 || (strstr(a, "width=\"85mm\"") && strstr(a, "<text")), "%s: no width in mm", name);
        free(a);
        free(b);
    }
}

static void svg_is_xml(void)
{
    char *long_name = malloc(10001);
    memset(long_name, '<', 10000);
    long_name[10000] = '\0';
    const char *const names[] = {"<script>\"&'\x01\x02\x03\x1b[31m\xff\xc3\x28 \x7f", long_name};
    for (size_t k = 0; k < 2; k++) {
        struct made_sweep *s = made_sweep(k == 0, names[k]);
        for_all(s, expect_readable);
        made_free(s);
        const struct made_compare *m = made_compare(names[k]);
        for_all_against(m, expect_readable);
    }
    free(long_name);
}

/* Fields of a line of CSV, quotes and all; 0 where it is malformed. */
static size_t fields(const char *line, size_t n)
{
    size_t count = 1;
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        quoted ^= line[i] == '"';
        count += line[i] == ',' && !quoted;
    }
    return quoted ? 0 : count;
}

static void expect_data(const char *name, const struct chart *ch, const struct font *font)
{
    char *text = NULL;
    size_t size = 0, rows = 0, points = 0;
    (void)font;
    FILE *out = open_memstream(&text, &size);
    chart_csv(out, ch);
    fclose(out);
    for (const char *p = text; *p; p += strcspn(p, "\n") + 1, rows++)
        EXPECT_MSG(fields(p, strcspn(p, "\n")) == 10, "%s: not ten fields: %.80s", name, p);
    for (size_t k = 0; k < ch->n_series; k++)
        for (size_t i = 0; i < ch->series[k].n; i++)
            points += isfinite(ch->series[k].x[i]) && isfinite(ch->series[k].y[i]);
    EXPECT_MSG(rows == 1 + points + ch->n_lines, "%s: %zu rows of %zu points", name, rows, points);
    EXPECT_MSG(strncmp(text, "panel,kind,series,x,y,x_lo,x_hi,y_lo,y_hi,point\n", 48) == 0, "%s: %.60s", name, text);
    free(text);
}

static void data(void)
{
    struct made_sweep *s = made_sweep(false, "a \"sweep\", with a comma");
    for_all(s, expect_data);
    made_free(s);
}

static size_t columns_of(const char *line)
{
    size_t n = 0;
    for (; *line && *line != '\n'; line++)
        n += ((unsigned char)*line & 0xC0) != 0x80;
    return n;
}

static void expect_letters(const char *name, const struct chart *ch, const struct font *font)
{
    static const size_t widths[] = {40, 80, 132};
    (void)font;
    for (size_t k = 0; k < 6; k++) {
        char *text = NULL, title[512];
        size_t size = 0, lines = 0;
        struct err err;
        FILE *out = open_memstream(&text, &size);
        EXPECT_OK(term_draw(out, ch, widths[k / 2], k % 2, &err));
        fclose(out);
        EXPECT_MSG((strchr(text, '\033') != NULL) == (k % 2), "%s: colours are %s", name, k % 2 ? "missing" : "there");
        for (const char *p = text; *p && k % 2 == 0; p += strcspn(p, "\n") + 1, lines++)
            EXPECT_MSG(columns_of(p) <= widths[k / 2], "%s: a line of %zu at %zu: %.*s", name, columns_of(p), widths[k / 2],
                       (int)strcspn(p, "\n"), p);
        rich_plain(title, 12, ch->title);
        EXPECT_MSG(strstr(text, title), "%s does not say '%s'", name, title);
        EXPECT_MSG(k != 4 || lines < 60, "%s: %zu lines", name, lines);
        free(text);
    }
}

static void letters(void)
{
    struct made_sweep *s = made_sweep(false, "a sweep");
    for_all(s, expect_letters);
    made_free(s);
}

/* --- small pictures of what somebody looked at ------------------------------------------------ */

#define SMALL (1.0 / 6)

static void golden_path(char *path, size_t size, const char *name, const char *grid)
{
    snprintf(path, size, "%s/tests/golden/%s%s.png", SOURCE_ROOT, name, grid);
}

/* A sixth of the usual size; written anew where GOLDEN=write asks for it. */
static void compare(const char *name, const char *grid, const struct chart *ch, const struct font *font)
{
    const struct chart_style style = {.scale = SMALL};
    char path[FILE_PATH_MAX], *file;
    struct layout l;
    struct raster r;
    struct err err;
    size_t size, far = 0;
    int w, h, channels;
    double sum = 0;
    EXPECT_OK(layout_make(&l, ch, &style, font, &err));
    for (size_t i = 0; i < l.n_texts; i++)
        EXPECT_MSG(!strstr(l.texts[i].text, "%%"), "%s: a format's word in '%s'", name, l.texts[i].text);
    EXPECT_OK(raster_init(&r, l.width, l.height, SMALL, palette_color(palette_ink(PALETTE_GROUND), false), font, &err));
    struct surface surface = raster_surface(&r);
    EXPECT_OK(layout_draw(&l, &surface, &err));
    golden_path(path, sizeof path, name, grid);
    const char *again = getenv("GOLDEN");
    if (again && strcmp(again, "write") == 0)
        EXPECT_OK(png_write(path, &r, &err));
    EXPECT_OK(file_read(&file, &size, path, &err));
    unsigned char *rgb = stbi_load_from_memory((unsigned char *)file, (int)size, &w, &h, &channels, 3);
    bool same_size = rgb && w == r.width && h == r.height;
    EXPECT_MSG(same_size, "%s%s: another size than in tests/golden", name, grid);
    for (size_t i = 0; same_size && i < 3 * (size_t)w * (size_t)h; i++) {
        double d = fabs((double)rgb[i] - r.rgb[i]);
        sum += d;
        far += d > 48;
    }
    double n = same_size ? 3.0 * w * h : 1;
    EXPECT_MSG(sum / n <= 1.0 && (double)far / n <= 0.004, "%s%s differs from tests/golden: by %.2f on average, %.2f %% "
               "by far", name,
               grid, sum / n, 100 * (double)far / n);
    stbi_image_free(rgb);
    free(file);
    raster_free(&r);
    layout_free(&l);
}

static void compare_tokens(const char *name, const struct chart *ch, const struct font *font)
{
    compare(name, "", ch, font);
}

static void compare_compute(const char *name, const struct chart *ch, const struct font *font)
{
    if (strcmp(name, "isoflop") == 0 || strcmp(name, "loss_params") == 0)
        compare(name, "-budgets", ch, font);
}

static void compare_slices(const char *name, const struct chart *ch, const struct font *font)
{
    if (strcmp(name, "isoflop") == 0)
        compare(name, "-slices", ch, font);
}

static void golden(void)
{
    struct made_sweep *tokens = made_sweep(false, "a sweep"), *compute = made_sweep(true, "a sweep");
    EXPECT(for_all(tokens, compare_tokens) == charts_count());
    for_all(compute, compare_compute);
    compute->report.isoflop.n = 0;
    for_all(compute, compare_slices);
    const struct made_compare *m = made_compare(NULL);
    for_all_against(m, compare_tokens);
    made_free(tokens);
    made_free(compute);
}

/* --- words ------------------------------------------------------------------------------------ */

static void rich_text(void)
{
    static const struct {
        const char *rich, *plain;
    } cases[] = {{"C" RICH_UP "-12" RICH_END " x", "C⁻¹² x"},   {"N" RICH_UP "*" RICH_END, "N*"},
                 {"L" RICH_DOWN "∞" RICH_END, "L∞"},            {"C" RICH_UP "−0.3" RICH_END, "C^−0.3"},
                 {RICH_UP RICH_END "a", "a"},                   {"", ""}};
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rich_plain(out, sizeof out, cases[i].rich);
        EXPECT_MSG(strcmp(out, cases[i].plain) == 0, "'%s', expected '%s'", out, cases[i].plain);
    }
    rich_plain(out, 4, "aaé∞");
    EXPECT(strcmp(out, "aa") == 0); /* no half of a character */
    name_pretty(out, sizeof out, "E + ((A/N^alpha)^(1/g))^g");
    EXPECT_MSG(strcmp(out, "E + ((A/N" RICH_UP "α" RICH_END ")" RICH_UP "(1/g)" RICH_END ")" RICH_UP "g" RICH_END) == 0,
               "'%s'", out);
}

/* As many digits as the interval supports. */
static void digits(void)
{
    const double none = (double)NAN;
    static const struct {
        enum number_form form;
        double value, lo, hi;
        bool copy;
        const char *text, *interval;
    } cases[] = {
        {NUMBER_LOSS, 0.755123, 0.60821, 0.78831, false, "0.76", " (95 %: 0.61 to 0.79)"},
        {NUMBER_LOSS, 0.68412, 0.68391, 0.68433, false, "0.68412", " (95 %: 0.68391 to 0.68433)"},
        {NUMBER_PLAIN, 0.51428571, 0.51428570, 0.51428572, false, "0.5143", " (95 %: 0.5143 to 0.5143)"},
        {NUMBER_PLAIN, 380, 210, 950, false, "400", " (95 %: 200 to 1000)"},
        {NUMBER_COMPUTE, 5.312e12, 1e12, 2e13, false, "5.3×10¹²", " (95 %: 10¹² to 2×10¹³)"},
        {NUMBER_COMPUTE, 5.312e12, 1e12, 2e13, true, "5.3e12", " (95 %: 1e12 to 2e13)"},
        {NUMBER_COMPUTE, 9.99e12, 1e12, 2e13, true, "1e13", " (95 %: 1e12 to 2e13)"},
        {NUMBER_COUNT, 72249, 43000, 131000, false, "72.2k", " (95 %: 43k to 131k)"},
        {NUMBER_COMPUTE, 1e12, 1e3, 1e30, false, "10¹²", " (95 %: over more than six decades)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fit_value v = {cases[i].value, none, cases[i].lo, cases[i].hi};
        char a[NUMBER_MAX], b[96];
        number_say(a, sizeof a, cases[i].form, v.value, &v, cases[i].copy);
        number_interval(b, sizeof b, cases[i].form, &v, cases[i].copy);
        EXPECT_MSG(strcmp(a, cases[i].text) == 0, "'%s', expected '%s'", a, cases[i].text);
        EXPECT_MSG(strcmp(b, cases[i].interval) == 0, "'%s', expected '%s'", b, cases[i].interval);
    }
    char a[NUMBER_MAX];
    const struct fit_value above = {1.65, none, 1.61, none}, unknown = {1.6512345, none, none, none};
    EXPECT(strcmp(number_interval(a, sizeof a, NUMBER_LOSS, &above, false), " (95 %: above 1.61)") == 0);
    EXPECT(strcmp(number_interval(a, sizeof a, NUMBER_LOSS, &unknown, false), "") == 0);
    EXPECT(strcmp(number_say(a, sizeof a, NUMBER_LOSS, 1.6512345, &unknown, false), "1.651") == 0);
    EXPECT(strcmp(number_say(a, sizeof a, NUMBER_LOSS, none, &unknown, false), "unknown") == 0);
}

/* The keys of the names are those of fit.json: each level of each is there, in this order. */
static void names_are_keys(void)
{
    struct made_sweep *s = made_sweep(false, "a sweep");
    struct err err;
    char *json;
    EXPECT_OK(fit_json_report(&json, &s->report, &err));
    for (size_t i = 0; i < NAME_N; i++) {
        const struct name_row *row = name_row((enum name)i);
        const char *at = json;
        char level[64];
        const char *key = row->key ? row->key : "";
        for (const char *p = key; *p && at; p += strcspn(p, "."), p += *p == '.') {
            size_t n = strcspn(p, ".");
            EXPECT(n < sizeof level - 4);
            level[0] = '"';
            memcpy(level + 1, p, n);
            memcpy(level + 1 + n, "\":", 3);
            at = strstr(at, level);
        }
        EXPECT_MSG(at && *key, "fit.json has no %s", key);
        EXPECT(row->symbol[0] && row->words[0]);
    }
    free(json);
    made_free(s);
}

static const struct test tests[] = {
    {"colour_blind", colour_blind}, {"contrasts", contrasts},   {"words_apart", words_apart}, {"svg_is_xml", svg_is_xml},
    {"data", data},                 {"letters", letters},       {"golden", golden},           {"rich_text", rich_text},
    {"digits", digits},             {"names_are_keys", names_are_keys},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
