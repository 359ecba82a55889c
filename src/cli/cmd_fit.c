#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/fit_print.h"
#include "cli/fitted.h"
#include "cli/keep.h"
#include "cli/text.h"
#include "cli/theory.h"
#include "fit/draws.h"

/* Where a fit goes, beside the terminal. */
struct places {
    const char *json, *draws;
    bool held; /* the held-out runs were asked for: they are listed */
};

/* An option that says what its default is has been given all the same. */
static bool is_given(int argc, char **argv, const char *option)
{
    size_t n = strlen(option);
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], option, n) == 0 && (argv[i][n] == '\0' || argv[i][n] == '='))
            return true;
    return false;
}

static bool to_stdout(const struct places *p)
{
    return p->json && strcmp(p->json, "-") == 0;
}

static enum status check_places(const struct fitted *f, const struct places *p, struct err *err)
{
    if (p->json && !to_stdout(p))
        TRY(fitted_check_place(f, "--json", p->json, err));
    if (!p->draws)
        return OK;
    if (strcmp(p->draws, "-") == 0)
        return err_set(err, E_USAGE, "--draws -: give a file");
    if (p->json && strcmp(p->json, p->draws) == 0)
        return err_set(err, E_USAGE, "--json and --draws name one file, %s", p->json);
    if (f->words.bootstrap == 0)
        return err_set(err, E_USAGE, "--draws %s: --bootstrap 0 makes none", p->draws);
    return fitted_check_place(f, "--draws", p->draws, err);
}

static enum status write_draws(const struct fitted *f, const char *path, struct err *err)
{
    struct file_writer w;
    TRY(file_writer_open(&w, path, err));
    draws_write(w.out, &f->report);
    return file_writer_commit(&w, err);
}

static enum status write_all(const struct fitted *f, const struct places *p, struct err *err)
{
    if (p->json && !to_stdout(p))
        TRY(file_write_atomic(p->json, f->json, strlen(f->json), err));
    return p->draws ? write_draws(f, p->draws, err) : OK;
}

/* What has become of the folder's own fit and charts. */
static enum status tell_folder(const struct fitted *f, bool was_current, struct err *err)
{
    bool drawn;
    if (!f->folder) {
        for (size_t i = 0; i < f->n_sources; i++)
            if (file_is_dir(f->sources[i])) {
                text_message(stdout, "", "%s keeps its own fit: this one is not written there", f->sources[i]);
                break;
            }
        return OK;
    }
    if (!f->own) {
        text_beside(stdout, "", "a what-if: %s/fit.json, the sweep's own fit, is left alone (--json FILE keeps this one)",
                    f->folder);
        return OK;
    }
    text_message(stdout, "", "%s %s/fit.json",
                 was_current ? "this is the sweep's own fit, in" : "the sweep's own fit, written to", f->folder);
    TRY(keep_charts_current(&drawn, f, err));
    if (!drawn)
        text_beside(stdout, "", "the charts in %s/charts are of another fit, or not all there: plateau chart draws them",
                    f->folder);
    return OK;
}

static enum status tell(const struct fitted *f, const struct places *p, bool was_current, struct err *err)
{
    fit_print_tables(&f->report, f->words.profile);
    if (p->held)
        fit_print_held(&f->report);
    fit_print_verdict(&f->report);
    TRY(theory_print(f, err));
    printf("\n");
    TRY(tell_folder(f, was_current, err));
    if (p->json)
        printf("as JSON in %s\n", p->json);
    if (p->draws)
        printf("the resampled parameters are in %s\n", p->draws);
    return OK;
}

static enum status run(struct fitted *f, const struct places *p, struct err *err)
{
    TRY(fitted_read(f, err));
    TRY(check_places(f, p, err));
    TRY(fitted_analyse(f, err));
    TRY(fitted_need_law(f, err));
    bool was_current = f->current;
    TRY(write_all(f, p, err));
    if (f->own)
        TRY(keep_fit(f, err));
    fitted_say_columns(f);
    if (!to_stdout(p))
        return tell(f, p, was_current, err);
    fputs(f->json, stdout);
    return OK;
}

enum status cmd_fit(int argc, char **argv, struct err *err)
{
    struct fitted f;
    struct places places = {.held = is_given(argc, argv, "--holdout")};
    struct arg_list sources;
    bool help;
    fitted_init(&f);
    struct arg args[FIT_OPTIONS_MAX + 2];
    size_t n = fit_words_args(args, &f.words);
    args[n++] = (struct arg){"--json", ARG_STRING, &places.json, "FILE|-",
                             "write the numbers as JSON; - prints them alone"};
    args[n++] = (struct arg){"--draws", ARG_STRING, &places.draws, "FILE",
                             "write the resampled parameters as CSV: law,resample,E,A,..."};
    const struct args_spec spec = {
        .command = "fit",
        .positionals = "DIR|FILE.csv|FILE.json...",
        .summary = "Fit scaling laws to finished runs, with intervals, and say what they carry. A folder\n"
                   "is a sweep: its results.csv is read, the section fit of its config takes the place of\n"
                   "the defaults below, and fit.json holds that fit of its own. With another option it is\n"
                   "a what-if, which leaves fit.json alone; --json and --draws keep it. A table needs a\n"
                   "loss and two of params, tokens and flops.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = n};
    enum status st = fitted_parse(&f, &sources, &help, &spec, argc, argv, err);
    if (st == OK && !help)
        st = run(&f, &places, err);
    args_free(&spec, &sources);
    fitted_close(&f);
    return st;
}
