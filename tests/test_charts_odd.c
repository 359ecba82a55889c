/* Charts of reports of every odd kind, and memory that runs out at every place. */
#include "known.h"
#include "test.h"
#include "wrap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plot/png.h"
#include "plot/raster.h"
#include "plot/term.h"
#include "plot/write.h"
#include "report/charts/parts.h"

static bool has_word(const char *text, const char *word)
{
    for (const char *p = text; (p = strstr(p, word)); p++) {
        bool starts = p == text || !strchr("abcdefghijklmnopqrstuvwxyz", p[-1]);
        if (starts && !strchr("abcdefghijklmnopqrstuvwxyz", p[strlen(word)]))
            return true;
    }
    return false;
}

/* As text and, where `pixels`, as a small picture. */
static void draw(const char *what, const struct chart *ch, const struct font *font, bool pixels)
{
    struct err err;
    struct layout l;
    struct raster r;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    EXPECT_OK(layout_make(&l, ch, &usual, font, &err));
    EXPECT_OK(chart_svg(out, &l, &err));
    chart_csv(out, ch);
    EXPECT_OK(term_draw(out, ch, 80, true, &err));
    fclose(out);
    EXPECT_MSG(!has_word(text, "nan") && !has_word(text, "inf"), "%s: %s has no number somewhere", what, ch->title);
    free(text);
    if (pixels) {
        EXPECT_OK(raster_init(&r, l.width, l.height, 1, white, font, &err));
        struct surface s = raster_surface(&r);
        EXPECT_OK(layout_draw(&l, &s, &err));
        EXPECT(!r.failed);
        raster_free(&r);
    }
    layout_free(&l);
}

static void draw_all(const char *what, const struct fit_table *t, const struct fit_report *r, const struct font *font,
                     bool pixels)
{
    const struct charts_theory th = facts();
    const struct charts_input in = {.table = t, .report = r, .theory = &th};
    struct err err;
    for (size_t i = 0; i < charts_count(); i++) {
        struct chart ch = {0};
        bool drawn;
        EXPECT_OK(charts_build(&ch, &drawn, i, &in, &err));
        if (drawn)
            draw(what, &ch, font, pixels);
        chart_free(&ch);
    }
}

struct odd {
    const char *what;
    size_t n;
    double loss, by_n, by_d; /* loss times N and D to these powers */
    double scale_n, scale_d;
    double se;
};

static void odd_tables(void)
{
    const double none = (double)NAN;
    const struct odd odds[] = {
        {"one run", 1, 3, 0, 0, 1, 1, SE},
        {"two runs", 2, 3, -0.1, 0, 1, 1, SE},
        {"all losses equal", 12, 3, 0, 0, 1, 1, SE},
        {"losses rise", 12, 0.1, 0.1, 0.05, 1, 1, SE},
        {"no standard error", 12, 30, -0.1, -0.05, 1, 1, none},
        {"standard error above the loss", 12, 30, -0.1, -0.05, 1, 1, 40},
        {"huge losses", 12, 1e300, -0.1, -0.05, 1, 1, SE},
        {"tiny losses", 12, 1e-290, -0.1, -0.05, 1, 1, 1e-300},
        {"no losses to speak of", 12, 5e-324, 0, 0, 1, 1, 0},
        {"huge sizes", 12, 30, -0.01, -0.005, 1e140, 1e140, SE},
        {"sizes below one", 12, 30, -0.1, -0.05, 1e-20, 1e-20, SE},
        {"one size", 12, 30, 0, -0.05, 0, 1, SE},
        {"one budget", 12, 30, -0.05, 0, 1, 0, SE},
        {"one place", 12, 30, 0, 0, 0, 0, SE},
    };
    struct font *font = font_open();
    for (size_t k = 0; k < sizeof odds / sizeof *odds; k++) {
        const struct odd *o = &odds[k];
        struct fit_table t = {0};
        struct fit_report r = {0};
        struct fit_options options = fit_options_default();
        struct err err;
        options.bootstrap = 30;
        options.break_sims = 0;
        EXPECT_OK(fit_table_init(&t, o->n, &err));
        for (size_t i = 0; i < o->n; i++) {
            double n = o->scale_n > 0 ? 1e6 * o->scale_n * pow(4, (double)(i / 4)) : 1e6;
            double d = o->scale_d > 0 ? 2e7 * o->scale_d * pow(4, (double)(i % 4)) : 2e7;
            set_run(&t, i, n, d, o->loss * pow(n, o->by_n) * pow(d, o->by_d));
            t.col[FIT_LOSS_SE][i] = o->se;
        }
        if (fit_analyse(&r, &t, &options, &err) == OK) {
            draw_all(o->what, &t, &r, font, true);
            r.verdict.truth.known = true; /* above all losses */
            r.verdict.truth.floor = 1e5;
            draw_all(o->what, &t, &r, font, false);
        }
        fit_report_free(&r);
        fit_table_free(&t);
    }
    font_close(font);
}

/* Whatever a report may hold: each of its numbers in turn is not there, or endless. */
static void odd_reports(void)
{
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 0, -1, 1e308, 5e-324};
    struct fit_table t = grid(3, 3);
    struct font *font = font_open();
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        for (int field = 0; field < 12; field++) {
            struct fit_report r = with_frontier();
            struct fit_isoflop b[3];
            struct fit_table iso = isoflop_table(&r, b, 3);
            struct frontier_curve f = frontier[0];
            struct fit_verdict *v = &r.verdict;
            r.frontier.curves = &f;
            r.noise.sigma = 0.01, r.noise.lo = 0.005, r.noise.hi = 0.02, r.noise.from = "here";
            r.isoflop.n_exponent = (struct fit_value){0.5, 0, 0.4, 0.6};
            v->returns.gain = v->returns.flatten = v->floor.at = (struct fit_value){0.1, 0.01, 0.08, 0.12};
            v->truth.known = v->floor.supported = true;
            v->truth.floor = 1.6;
            struct fit_returns *x = &v->returns;
            double *const fields[] = {&x->gain.value,     &x->gain.lo,        &x->flatten.value, &x->flatten.hi,
                                      &v->floor.at.value, &v->floor.at.hi,    &v->truth.floor,   &v->truth.heldout,
                                      &r.noise.sigma,     &b[1].n_opt.value,  &b[1].c2,          &f.ln_k};
            *fields[field] = bad[k];
            char what[64];
            snprintf(what, sizeof what, "field %d is %g", field, bad[k]);
            draw_all(what, field < 9 ? &t : &iso, &r, font, field % 4 == 0);
            fit_table_free(&iso);
        }
    font_close(font);
    fit_table_free(&t);
}

static void out_of_memory_building(void)
{
    if (!wrap_works())
        return;
    struct fit_report r = with_frontier();
    struct fit_isoflop b[3];
    struct fit_table t = isoflop_table(&r, b, 3);
    const struct charts_theory th = facts();
    const double tokens[] = {1e4, 1e5, 1e6}, loss[] = {3, 2.5, 2};
    const struct charts_curve c[] = {{"a", 0, true, {1e6, 9e5, 95e4}, 1e6, 2, 3, tokens, tokens, loss},
                                     {"b", 0, true, {2e6, 9e5, 95e4}, 1e6, 2, 3, tokens, tokens, loss}};
    const struct charts_input in = {.table = &t, .report = &r, .curves = c, .n_curves = 2, .theory = &th};
    r.verdict.truth.known = true, r.verdict.truth.floor = 2.4; /* theory's line is drawn: the last run has 2.7 */
    r.verdict.returns.gain = (struct fit_value){0.1, 0, 0.08, 0.12};
    for (size_t k = 0; k < charts_count(); k++) {
        size_t n = 0;
        for (size_t i = 0; i <= n && !test_failed(); i++)
            for (int on = 0; on < 2; on++) {
                struct chart ch = {0};
                struct err err = {0};
                bool drawn;
                wrap_fail(i, on);
                enum status st = charts_build(&ch, &drawn, k, &in, &err);
                n = wrap_stop();
                chart_free(&ch);
                EXPECT_MSG(st == E_NOMEM ? strstr(err.msg, "out of memory") != NULL : st == OK, "%s, allocation %zu: %d",
                           charts_name(k), i, (int)st);
                EXPECT_MSG(st == E_NOMEM || i == n, "%s: allocation %zu of %zu fails in silence",
                           charts_name(k), i, n);
            }
    }
    fit_table_free(&t);
}

static struct chart small_chart(void)
{
    struct chart ch = {0};
    struct chart_series *s = NULL;
    struct chart_line *l = NULL;
    struct err err;
    snprintf(ch.title, sizeof ch.title, "T");
    snprintf(ch.subtitle, sizeof ch.subtitle, "a b");
    EXPECT_OK(chart_add(&s, &ch, 3, true, &err));
    s->marker = MARKER_DISC;
    s->width = 1;
    s->band = true;
    snprintf(s->label, sizeof s->label, "s");
    for (size_t i = 0; i < 3; i++) {
        s->x[i] = s->y[i] = (double)i;
        s->lo[i] = s->y[i] - 1;
        s->hi[i] = s->y[i] + 1;
    }
    EXPECT_OK(chart_add_line(&l, &ch, true, 1, &err));
    snprintf(l->label, sizeof l->label, "l");
    return ch;
}

/* Every allocation of a picture: whatever is missing in it is told. */
static void out_of_memory_drawing(void)
{
    if (!wrap_works())
        return;
    struct font *font = font_open();
    struct chart ch = small_chart();
    size_t n = 0, told = 0, tries = 0;
    for (size_t i = 0; i <= n && !test_failed(); i++) {
        struct err err;
        struct raster r;
        struct layout l;
        EXPECT_OK(raster_init(&r, CHART_WIDTH, CHART_HEIGHT, 1, white, font, &err));
        struct surface s = raster_surface(&r);
        wrap_fail(i, i % 2);
        enum status st = layout_make(&l, &ch, &usual, font, &err);
        if (st == OK)
            st = layout_draw(&l, &s, &err);
        n = wrap_stop();
        layout_free(&l);
        tries++;
        told += st == E_NOMEM || r.failed;
        EXPECT_MSG(st == E_NOMEM || r.failed || i == n, "allocation %zu of %zu fails in silence", i, n);
        raster_free(&r);
    }
    EXPECT_MSG(tries > 60 && told == tries - 1, "%zu of %zu told", told, tries);
    chart_free(&ch);
    font_close(font);
}

static size_t n_files(void)
{
    struct file_list list;
    struct err err;
    EXPECT_OK(file_list_dir(&list, test_tmpdir(), &err));
    size_t n = list.n;
    file_list_free(&list);
    return n;
}

/* The files: whole, or E_NOMEM and none. A sample of the allocations, with the first and the last of each file. */
static void out_of_memory_writing(void)
{
    if (!wrap_works())
        return;
    struct font *font = font_open();
    struct chart ch = small_chart();
    char png[FILE_PATH_MAX];
    struct err err;
    EXPECT_OK(file_join(png, sizeof png, test_tmpdir(), "c.png", &err));
    wrap_fail(WRAP_NONE, false);
    EXPECT_OK(chart_write(&ch, test_tmpdir(), "c", &usual, font, &err));
    size_t n = wrap_stop();
    size_t step = n / 12 + 1;
    for (size_t k = 0, i = 0; i < n && !test_failed(); k++, i += i < 2 || i + 8 > n ? 1 : step) {
        char svg[FILE_PATH_MAX];
        EXPECT_OK(file_join(svg, sizeof svg, test_tmpdir(), "c.svg", &err));
        remove(png);
        remove(svg);
        wrap_fail(i, k % 2);
        enum status st = chart_write(&ch, test_tmpdir(), "c", &usual, font, &err);
        wrap_stop();
        EXPECT_MSG(st == E_NOMEM, "allocation %zu of %zu: %d", i, n, (int)st);
        /* the PNG may have been finished before memory ran out for the SVG */
        EXPECT_MSG(n_files() == (file_exists(png) ? 1u : 0u), "allocation %zu: %zu files are left", i, n_files());
    }
    chart_free(&ch);
    font_close(font);
}

/* A picture, every allocation of its file: a file, or E_NOMEM and none. */
static void out_of_memory_packing(void)
{
    if (!wrap_works())
        return;
    struct raster r;
    char path[FILE_PATH_MAX];
    struct err err;
    EXPECT_OK(raster_init(&r, 40, 30, 1, white, NULL, &err));
    EXPECT_OK(file_join(path, sizeof path, test_tmpdir(), "packed.png", &err));
    wrap_fail(WRAP_NONE, false);
    EXPECT_OK(png_write(path, &r, &err));
    size_t n = wrap_stop();
    EXPECT(n >= 4); /* its rows, a row, both packed, the file */
    for (size_t k = 0; k < 2 * n && !test_failed(); k++) {
        remove(path);
        wrap_fail(k / 2, k % 2);
        enum status st = png_write(path, &r, &err);
        wrap_stop();
        EXPECT_MSG(st == E_NOMEM && !file_exists(path), "allocation %zu of %zu: %d", k / 2, n, (int)st);
    }
    remove(path);
    raster_free(&r);
}

static const struct test tests[] = {
    {"odd_tables", odd_tables},
    {"odd_reports", odd_reports},
    {"out_of_memory_building", out_of_memory_building},
    {"out_of_memory_drawing", out_of_memory_drawing},
    {"out_of_memory_writing", out_of_memory_writing},
    {"out_of_memory_packing", out_of_memory_packing},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
