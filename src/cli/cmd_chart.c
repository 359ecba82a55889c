#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/fitted.h"
#include "cli/keep.h"
#include "cli/text.h"

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

static enum status check(const struct fitted *f, const char *out, bool own_charts, struct err *err)
{
    if (!f->folder && !out)
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

static enum status draw(struct fitted *f, const char *out, struct err *err)
{
    bool own_charts;
    TRY(fitted_read(f, err));
    TRY(is_own_charts(&own_charts, f, out, err));
    TRY(check(f, out, own_charts, err));
    TRY(fitted_analyse(f, err));
    say_what(f);
    if (!own_charts)
        return keep_draw(f, out, err);
    TRY(keep_fit(f, err));
    return keep_charts(f, err);
}

enum status cmd_chart(int argc, char **argv, struct err *err)
{
    struct fitted f;
    const char *out = NULL;
    struct arg_list sources;
    bool help;
    fitted_init(&f);
    struct arg args[FIT_OPTIONS_MAX + 1] = {
        {"--out", ARG_STRING, &out, "DIR", "where the charts go (default DIR/charts of the sweep)"},
    };
    const struct args_spec spec = {
        .command = "chart",
        .positionals = "DIR|TABLE...",
        .summary = "Draw every chart that the runs of a sweep or of a table support, as PNG and SVG: training\n"
                   "curves (of a sweep), loss against tokens and against size, IsoFLOP profiles, excess over the\n"
                   "floor, and returns against compute. A sweep's charts show its own fit, and go to its folder;\n"
                   "with other options, or from a table, they go to --out.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = 1 + fit_words_args(args + 1, &f.words),
    };
    enum status st = fitted_parse(&f, &sources, &help, &spec, argc, argv, err);
    if (st == OK && !help)
        st = draw(&f, out, err);
    args_free(&spec, &sources);
    fitted_close(&f);
    return st;
}
