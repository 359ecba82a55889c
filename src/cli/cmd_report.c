#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/fitted.h"
#include "cli/keep.h"
#include "cli/page_input.h"
#include "cli/text.h"

static enum status tell(const char *path)
{
    text_message(stdout, "", "the report is in %s", path);
    return OK;
}

/* Where the page goes: --out, or report.html of the folder. */
static enum status place_of(char path[FILE_PATH_MAX], const struct fitted *f, const char *dir, const char *out, struct err *err)
{
    if (!out && !dir && !file_exists(f->sources[0]))
        return err_set(err, E_DATA, "%s: there is no such file or folder", f->sources[0]);
    if (!out && !dir)
        return err_set(err, E_USAGE, "report %s: give the file for the page with --out (only a sweep's folder has one of "
            "its own)",
                       f->sources[0]);
    if (!out)
        return file_join(path, FILE_PATH_MAX, dir, "report.html", err);
    if (file_is_dir(out))
        return err_set(err, E_USAGE, "--out %s: that is a folder; give a file, such as %s/report.html", out, out);
    TRY(fitted_check_place(f, "--out", out, err));
    return file_join(path, FILE_PATH_MAX, out, "", err);
}

/* A folder without a run that has ended, or of a comparison. */
static enum status report_folder(const char *dir, const char *path, struct err *err)
{
    struct page_input in;
    enum status st = page_input_of_folder(&in, dir, err);
    if (st == OK)
        st = page_input_write(&in, path, err);
    page_input_free(&in);
    return st == OK ? tell(path) : st;
}

static bool has_results(const char *dir)
{
    char path[FILE_PATH_MAX];
    return file_join(path, sizeof path, dir, "results.csv", NULL) == OK && file_exists(path);
}

static enum status report(struct fitted *f, const char *out, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct page_input in;
    bool comparison = f->n_sources == 1 && page_input_is_comparison(f->sources[0]);
    TRY(place_of(path, f, comparison ? f->sources[0] : f->folder, out, err));
    if (comparison || (f->folder && !has_results(f->folder)))
        return report_folder(f->sources[0], path, err);
    TRY(fitted_read(f, err));
    if (f->folder && !f->own && !out)
        return err_set(err, E_USAGE, "report %s: these options make another fit than the sweep's own, whose page is "
                                     "%s: give another file with --out", f->folder, path);
    TRY(fitted_analyse(f, err));
    if (f->own)
        TRY(keep_fit(f, err));
    enum status st = page_input_make(&in, f, err);
    if (st == OK)
        st = page_input_write(&in, path, err);
    page_input_free(&in);
    return st == OK ? tell(path) : st;
}

enum status cmd_report(int argc, char **argv, struct err *err)
{
    struct fitted f;
    const char *out = NULL;
    struct arg_list sources;
    bool help;
    fitted_init(&f);
    struct arg args[FIT_OPTIONS_MAX + 1] = {
        {"--out", ARG_STRING, &out, "FILE.html", "where the page goes (default DIR/report.html of the sweep)"},
    };
    const struct args_spec spec = {
        .command = "report",
        .positionals = "DIR|TABLE...",
        .summary = "Write one page of HTML that shows all of a sweep: the answer, the verdict with its intervals,\n"
                   "the charts, what if, the runs, the fits, the literature's exponents, and how it was done. It holds\n"
                   "everything itself and opens from disk. DIR may also be the folder of a comparison; tables, or a\n"
                   "fit with other options than the sweep's own, go to --out.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = 1 + fit_words_args(args + 1, &f.words),
    };
    enum status st = fitted_parse(&f, &sources, &help, &spec, argc, argv, err);
    if (st == OK && !help)
        st = report(&f, out, err);
    args_free(&spec, &sources);
    fitted_close(&f);
    return st;
}
