#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/size.h"
#include "base/system.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/draw.h"
#include "cli/fitted.h"
#include "cli/keep.h"
#include "cli/text.h"

struct chart_words {
    const char *out, *width, *theme, *only;
    bool data, no_titles, term;
    struct charts_how how;
    bool *chosen; /* (charts_count()) owned; how.only */
};

/* --- how they are drawn ---- */

/* The widest picture, and the largest scale: letters of a title are FONT_SIZE_MAX pixels at most. */
#define MOST_UNITS 4000.0
#define MOST_SCALE 16.0

/* "85mm", "3.3in", "12cm", "480px" or "480". */
static enum status read_width(struct chart_style *s, const char *text, struct err *err)
{
    static const struct {
        const char *name;
        double mm;
    } units[] = {{"mm", 1}, {"cm", 10}, {"in", 25.4}, {"px", 0}, {"", 0}};
    char *end;
    double v = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units && end != text; i++) {
        if (strcmp(end, units[i].name) != 0)
            continue;
        s->width_mm = v * units[i].mm;
        s->width = units[i].mm > 0 ? s->width_mm / 25.4 * CHART_UNITS_INCH : v;
        if (s->width >= 200 && s->width <= MOST_UNITS)
            return OK;
        return err_set(err, E_USAGE, "--width %s: expected 53mm to 1058mm, or 200 to 4000 px", text);
    }
    return err_set(err, E_USAGE, "--width %s: expected a width such as 85mm, 3.3in or 640px", text);
}

/* A plain number among --scale is that of the pictures: the others are the fit's. */
static enum status take_scale(struct chart_style *s, struct arg_list *scales, struct err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < scales->n; i++) {
        char *end;
        double v = strtod(scales->items[i], &end);
        if (end == scales->items[i] || *end) {
            scales->items[n++] = scales->items[i];
            continue;
        }
        if (!(v >= 0.25 && v <= MOST_SCALE))
            return err_set(err, E_USAGE, "--scale %s: expected 0.25 to 16 pixels a unit", scales->items[i]);
        s->scale = v;
    }
    scales->n = n;
    return OK;
}

static enum status choose(struct chart_words *w, const char *name, size_t len, struct err *err)
{
    char all[400] = "";
    for (size_t i = 0; i < charts_count(); i++) {
        if (strlen(charts_name(i)) == len && strncmp(charts_name(i), name, len) == 0) {
            w->chosen[i] = true;
            return OK;
        }
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", charts_name(i));
    }
    return err_set(err, E_USAGE, "--only %.*s: no such chart; there are %s", (int)len, name, all);
}

static enum status read_how(struct chart_words *w, struct arg_list *scales, struct err *err)
{
    w->how.data = w->data;
    w->how.style.no_titles = w->no_titles;
    if (w->theme && strcmp(w->theme, "dark") != 0 && strcmp(w->theme, "light") != 0)
        return err_set(err, E_USAGE, "--theme %s: expected light or dark", w->theme);
    w->how.style.dark = w->theme && strcmp(w->theme, "dark") == 0;
    if (w->width)
        TRY(read_width(&w->how.style, w->width, err));
    TRY(take_scale(&w->how.style, scales, err));
    if (!w->only)
        return OK;
    TRY(size_calloc(&w->chosen, charts_count(), sizeof *w->chosen, "the charts to draw", err));
    w->how.only = w->chosen;
    for (const char *p = w->only; *p; p += strspn(p, ","))
        if (strcspn(p, ",") > 0) {
            TRY(choose(w, p, strcspn(p, ","), err));
            p += strcspn(p, ",");
        }
    return OK;
}

/* --- where they go ---- */

/* Is `out` the folder where the sweep's own charts lie? */
static enum status is_own_charts(bool *own, const struct fitted *f, const char *out, struct err *err)
{
    char charts[FILE_PATH_MAX];
    struct stat a, b;
    *own = false;
    if (!f->folder)
        return OK;
    TRY(file_join(charts, sizeof charts, f->folder, "charts", err));
    *own = !out || (stat(out, &a) == 0 && stat(charts, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
    return OK;
}

static enum status check(const struct fitted *f, const struct chart_words *w, bool own_charts, struct err *err)
{
    if (w->term)
        return OK;
    if (!f->folder && !w->out)
        return err_set(err, E_USAGE, "chart %s: give the folder for the charts with --out (only a sweep's has one of its own)",
                       f->sources[0]);
    if (own_charts && !f->own)
        return err_set(err, E_USAGE, "chart %s: these options make another fit than the sweep's own, whose charts are in "
                                     "%s/charts: give another folder with --out", f->folder, f->folder);
    return OK;
}

static void say_what(const struct fitted *f)
{
    const struct fit_law *law = fit_report_selected(&f->report);
    const struct log log = cmd_log();
    if (f->own && !f->current)
        log_msg(&log, LOG_INFO, "%s/fit.json is no fit of these runs (%s): they are fitted anew with the folder's options",
                f->folder, f->why);
    char more[48] = "";
    if (f->n_sources > 1)
        snprintf(more, sizeof more, ", with %zu more source%s", f->n_sources - 1, f->n_sources == 2 ? "" : "s");
    text_message(stdout, "", "%zu run%s%s%s, %s%s%s%s", f->report.n, f->report.n == 1 ? "" : "s",
                 f->folder ? " of the sweep " : " of ", fitted_name(f), law ? "law " : "no law: ",
                 law ? law->law->name : f->report.nothing, more,
                 f->folder && !f->own ? ": a what-if, not the sweep's own fit" : "");
}

/* What a terminal shows in colours: unless NO_COLOR asks for none (no-color.org). */
static enum status print(const struct fitted *f, const struct chart_words *w, struct err *err)
{
    struct draw_input d;
    const char *no_color = getenv("NO_COLOR");
    enum status st = draw_input_make(&d, f, err);
    if (st == OK)
        st = charts_print(stdout, &d.in, w->how.only, text_width(stdout, 80), text_is_terminal(1) && !(no_color &&
                          *no_color), err);
    draw_input_free(&d);
    return st;
}

static enum status draw(struct fitted *f, struct chart_words *w, struct err *err)
{
    bool own_charts;
    system_keep_freed(); /* a picture is 7 MB, and so is what packs it */
    TRY(read_how(w, &f->words.scale, err));
    TRY(fitted_read(f, err));
    TRY(is_own_charts(&own_charts, f, w->out, err));
    TRY(check(f, w, own_charts, err));
    TRY(fitted_analyse(f, err));
    fitted_say_columns(f);
    say_what(f);
    if (w->term)
        TRY(print(f, w, err));
    if (w->term && !w->out)
        return OK;
    if (!own_charts)
        return keep_draw(f, w->out, &w->how, err);
    TRY(keep_fit(f, err));
    return keep_charts(f, &w->how, true, err);
}

enum status cmd_chart(int argc, char **argv, struct err *err)
{
    enum { OWN = 7 };
    struct fitted f;
    struct chart_words w = {.out = NULL};
    struct arg_list sources;
    bool help;
    fitted_init(&f);
    struct arg args[FIT_OPTIONS_MAX + OWN] = {
        {"--out", ARG_STRING, &w.out, "DIR", "where the charts go (default DIR/charts of the sweep)"},
        {"--only", ARG_STRING, &w.only, "NAME,...", "these charts alone"},
        {"--width", ARG_STRING, &w.width, "W", "85mm, 3.3in or 640px (default 960px); a number as --scale is pixels a "
        "unit (default 2)"},
        {"--theme", ARG_STRING, &w.theme, "T", "light (default) or dark"},
        {"--no-titles", ARG_FLAG, &w.no_titles, NULL, "neither title nor notes, for a paper"},
        {"--data", ARG_FLAG, &w.data, NULL, "write what each chart shows as CSV, too"},
        {"--term", ARG_FLAG, &w.term, NULL, "draw the main charts, or --only, in the terminal"},
    };
    const struct args_spec spec = {
        .command = "chart",
        .positionals = "DIR|TABLE...",
        .summary = "Draw every chart that the runs of a sweep or of a table support, as PNG and SVG: training\n"
                   "curves (of sweeps), loss against tokens and size, residuals, IsoFLOP profiles, the best split of\n"
                   "compute, the excess over the floor, contours, returns, and what the verdict rests on. A sweep's\n"
                   "charts show its own fit, and go to its folder; with other options, or from tables or several\n"
                   "folders, they go to --out.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = OWN + fit_words_args(args + OWN, &f.words),
    };
    enum status st = fitted_parse(&f, &sources, &help, &spec, argc, argv, err);
    if (st == OK && !help)
        st = draw(&f, &w, err);
    free(w.chosen);
    args_free(&spec, &sources);
    fitted_close(&f);
    return st;
}
