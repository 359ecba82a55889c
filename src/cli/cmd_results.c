#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/fitted.h"
#include "cli/text.h"
#include "fit/solve/profile.h"
#include "report/paper.h"

/* --- cells: the runs of one size and budget ----------------------------------------------------------------------------- */

enum { C_OF, C_PARAMS, C_NONEMBD, C_TOKENS, C_FLOPS, C_SEEDS, C_LOSS, C_BPB, C_N };
static const struct paper_column cell_columns[C_N] = {
    {"of", "Runs of", PAPER_TEXT, NUMBER_PLAIN},
    {"params", "N", PAPER_NUMBER, NUMBER_COUNT},
    {"params_nonembd", "N (non-emb.)", PAPER_NUMBER, NUMBER_COUNT},
    {"tokens", "D", PAPER_NUMBER, NUMBER_COUNT},
    {"flops", "C", PAPER_NUMBER, NUMBER_COMPUTE},
    {"runs", "Runs", PAPER_NUMBER, NUMBER_PLAIN},
    {"loss", "Loss", PAPER_VALUE, NUMBER_LOSS},
    {"bpb", "Bits per byte", PAPER_VALUE, NUMBER_LOSS},
};

/* The mean with its interval by Student's t over runs; of one run alone nothing is known but its value. */
static struct fit_value mean_of(const double *x, size_t n)
{
    const double none = (double)NAN;
    double mean = 0, ss = 0;
    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        ss += (x[i] - mean) * (x[i] - mean);
    if (n < 2)
        return (struct fit_value){n ? mean : none, none, none, none};
    double se = sqrt(ss / (double)(n - 1) / (double)n), h = stats_t95((double)(n - 1)) * se;
    return (struct fit_value){mean, se, mean - h, mean + h};
}

struct place {
    double n, d;
    size_t row;
};

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    if (x->d != y->d)
        return x->d < y->d ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* bpb of the row of the same run in the table that was read with it; NaN where there is none. */
static double bpb_of(const struct fit_table *bits, const struct fit_table *t, size_t row)
{
    const char *run = origins_run(&t->from, row);
    for (size_t i = 0; run && bits && i < bits->n; i++) {
        const char *other = origins_run(&bits->from, i);
        if (other && strcmp(run, other) == 0)
            return bits->col[FIT_LOSS][i];
    }
    return (double)NAN;
}

static enum status put_cell(struct paper_table *out, const char *name, const struct fit_table *t, const struct fit_table *bits,
                            const struct place *p, size_t n, double *x, struct err *err)
{
    size_t k = 0;
    TRY(paper_row(out, err));
    TRY(paper_text(out, C_OF, name, err));
    paper_number(out, C_PARAMS, p->n);
    paper_number(out, C_NONEMBD, t->col[FIT_PARAMS_NONEMBD][p->row]);
    paper_number(out, C_TOKENS, p->d);
    paper_number(out, C_FLOPS, t->col[FIT_FLOPS][p->row]);
    paper_number(out, C_SEEDS, (double)n);
    for (size_t i = 0; i < n; i++)
        x[i] = t->col[FIT_LOSS][p[i].row];
    struct fit_value loss = mean_of(x, n);
    bool in_bits = strcmp(t->loss_unit, "bits per byte") == 0;
    if (!in_bits)
        paper_value(out, C_LOSS, loss);
    for (size_t i = 0; i < n; i++) {
        double v = in_bits ? t->col[FIT_LOSS][p[i].row] : bpb_of(bits, t, p[i].row);
        if (isfinite(v))
            x[k++] = v;
    }
    if (k > 0)
        paper_value(out, C_BPB, mean_of(x, k));
    return OK;
}

static enum status put_cells(struct paper_table *out, const char *name, const struct fit_table *t, const struct fit_table *bits,
                             struct err *err)
{
    struct place *p;
    double *x;
    TRY(size_calloc(&p, t->n, sizeof *p, "rows", err));
    enum status st = size_calloc(&x, t->n, sizeof *x, "rows", err);
    for (size_t i = 0; i < t->n; i++)
        p[i] = (struct place){t->col[FIT_PARAMS][i], t->col[FIT_TOKENS][i], i};
    qsort(p, t->n, sizeof *p, by_place);
    for (size_t i = 0, end; i < t->n && st == OK; i = end) {
        for (end = i + 1; end < t->n && p[end].n == p[i].n && p[end].d == p[i].d;)
            end++;
        st = put_cell(out, name, t, bits, p + i, end - i, x, err);
    }
    free(x);
    free(p);
    return st;
}

/* --- laws: what was fitted to them, and what that says ------------------------------------------------------------------- */

enum { L_OF, L_RUNS, L_DIVERGED, L_FAILED, L_LAW, L_UNIT, L_FLOOR, L_GAIN, L_FLATTEN, L_N_EXP, L_LOSS_EXP, L_NOISE, L_TRUTH,
      L_COMMENT, L_N };
static const struct paper_column law_columns[L_N] = {
    {"of", "Runs of", PAPER_TEXT, NUMBER_PLAIN},
    {"runs", "Runs", PAPER_NUMBER, NUMBER_PLAIN},
    {"diverged", "Diverged", PAPER_NUMBER, NUMBER_PLAIN},
    {"failed", "Failed", PAPER_NUMBER, NUMBER_PLAIN},
    {"law", "Law", PAPER_TEXT, NUMBER_PLAIN},
    {"unit", "Unit", PAPER_TEXT, NUMBER_PLAIN},
    {"floor", "Floor", PAPER_VALUE, NUMBER_LOSS},
    {"gain_next_doubling", "Gain of a doubling", PAPER_VALUE, NUMBER_PLAIN},
    {"flattens_at_flops", "Flattens at C", PAPER_VALUE, NUMBER_COMPUTE},
    {"n_exponent", "Exponent of N*", PAPER_VALUE, NUMBER_PLAIN},
    {"loss_exponent", "Exponent of the excess", PAPER_VALUE, NUMBER_PLAIN},
    {"noise", "Noise of a run", PAPER_VALUE, NUMBER_PLAIN},
    {"true_floor", "True floor", PAPER_NUMBER, NUMBER_LOSS},
    {"withheld", "Withheld", PAPER_TEXT, NUMBER_PLAIN},
};

static enum status put_law(struct paper_table *out, const char *name, const struct fitted *f, struct err *err)
{
    const struct fit_report *r = &f->report;
    const struct fit_verdict *v = &r->verdict;
    const struct fit_law *law = fit_report_selected(r);
    TRY(paper_row(out, err));
    TRY(paper_text(out, L_OF, name, err));
    paper_number(out, L_RUNS, (double)r->n);
    if (r->n_diverged)
        paper_number(out, L_DIVERGED, (double)r->n_diverged);
    if (r->n_failed)
        paper_number(out, L_FAILED, (double)r->n_failed);
    TRY(paper_text(out, L_UNIT, fitted_unit(f), err));
    if (!law)
        return paper_text(out, L_COMMENT, r->nothing, err);
    TRY(paper_text(out, L_LAW, law->law->form, err));
    TRY(paper_text(out, L_COMMENT, v->withheld, err));
    if (v->enough) {
        paper_value(out, L_FLOOR, v->floor.at);
        paper_value(out, L_GAIN, v->returns.gain);
        paper_value(out, L_FLATTEN, v->returns.flatten);
    }
    if (r->frontier.holds && v->withheld[0] == '\0') {
        paper_value(out, L_N_EXP, r->frontier.n_exponent);
        paper_value(out, L_LOSS_EXP, r->frontier.g);
    }
    if (r->noise.df > 0)
        paper_value(out, L_NOISE, (struct fit_value){r->noise.sigma, (double)NAN, r->noise.lo, r->noise.hi});
    if (v->truth.known)
        paper_number(out, L_TRUTH, v->truth.floor);
    return OK;
}

enum { P_OF, P_LAW, P_NAME, P_VALUE, P_WHY, P_N };
static const struct paper_column parameter_columns[P_N] = {
    {"of", "Runs of", PAPER_TEXT, NUMBER_PLAIN},
    {"law", "Law", PAPER_TEXT, NUMBER_PLAIN},
    {"parameter", "Parameter", PAPER_TEXT, NUMBER_PLAIN},
    {"value", "Value", PAPER_VALUE, NUMBER_PLAIN},
    {"no_interval", "No interval", PAPER_TEXT, NUMBER_PLAIN},
};

static enum status put_parameters(struct paper_table *out, const char *name, const struct fit_report *r, struct err *err)
{
    const struct fit_law *law = fit_report_selected(r);
    for (size_t j = 0; law && j < law->law->n_params; j++) {
        TRY(paper_row(out, err));
        TRY(paper_text(out, P_OF, name, err));
        TRY(paper_text(out, P_LAW, law->law->name, err));
        TRY(paper_text(out, P_NAME, law->law->params[j].name, err));
        const char *why = profile_no_error(law, j);
        paper_value(out, P_VALUE, profile_value(law, j));
        TRY(paper_text(out, P_WHY, why ? why : "", err));
    }
    return OK;
}

/* --- the command ------------------------------------------------------------------------------------------------------------ */

enum { T_CELLS, T_LAWS, T_PARAMETERS, T_N };
static const char *const table_names[T_N] = {"cells", "laws", "parameters"};

struct results_words {
    const char *format, *table;
    struct fit_words fit;
};

/* The folder's or the file's own name, without what it lies in. */
static void name_source(char *out, size_t size, const char *source)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s", source);
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    const char *base = file_basename(path);
    bool dots = strcmp(base, ".") == 0 || strcmp(base, "..") == 0;
    snprintf(out, size, "%s", dots ? source : base);
}

/* bpb of the same rows, where the table has them: of the weights as they end, not of an average of them. */
static bool read_bits(struct fit_table *bits, const struct fitted *f, const char *const *source)
{
    struct fit_read_options read = fit_words_read(&f->words, &f->opt);
    struct err ignored;
    if (read.loss)
        return false;
    read.y = "bpb";
    read.drop_missing = true;
    return strcmp(f->table.loss_unit, "nats") == 0 && fit_table_read(bits, source, 1, &read, &ignored) == OK;
}

static enum status add_source(struct paper_table *tables, const struct results_words *w, const char *source, struct err *err)
{
    struct fitted f;
    struct fit_table bits = {0};
    char name[256];
    fitted_init(&f);
    name_source(name, sizeof name, source);
    enum status st = fitted_of_source(&f, &source, &w->fit, err);
    if (st == OK && f.about) { /* a sweep's own fit is what its other commands speak of */
        f.words = f.own_words;
        f.words.drop_missing = w->fit.drop_missing;
    }
    if (st == OK)
        st = fitted_read(&f, err);
    if (st == OK)
        st = fitted_analyse(&f, err);
    if (st == OK) {
        bool has = read_bits(&bits, &f, &source);
        st = put_cells(&tables[T_CELLS], name, &f.table, has ? &bits : NULL, err);
    }
    if (st == OK)
        st = put_law(&tables[T_LAWS], name, &f, err);
    if (st == OK)
        st = put_parameters(&tables[T_PARAMETERS], name, &f.report, err);
    if (st == OK)
        fitted_say_columns(&f);
    fit_table_free(&bits);
    fitted_close(&f);
    return st;
}

static enum status one_of(size_t *out, const char *option, const char *word, const char *const *names, size_t n, struct err *err)
{
    char all[100] = "";
    for (*out = 0; *out < n && strcmp(names[*out], word) != 0; ++*out)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", *out ? ", " : "", names[*out]);
    return *out < n ? OK : err_set(err, E_USAGE, "%s %s: expected one of %s", option, word, all);
}

static enum status results(const struct results_words *w, const struct arg_list *sources, struct err *err)
{
    struct paper_table tables[T_N];
    size_t format, table = 0;
    enum status st = OK;
    TRY(one_of(&format, "--format", w->format, paper_formats, 4, err));
    if (w->table)
        TRY(one_of(&table, "--table", w->table, table_names, T_N, err));
    paper_init(&tables[T_CELLS], table_names[T_CELLS], cell_columns, C_N);
    paper_init(&tables[T_LAWS], table_names[T_LAWS], law_columns, L_N);
    paper_init(&tables[T_PARAMETERS], table_names[T_PARAMETERS], parameter_columns, P_N);
    for (size_t i = 0; i < sources->n && st == OK; i++)
        st = add_source(tables, w, sources->items[i], err);
    bool csv = strcmp(w->format, "csv") == 0; /* one table a file */
    if (st == OK)
        paper_write(stdout, w->format, w->table || csv ? &tables[table] : tables, w->table || csv ? 1 : T_N);
    if (st == OK && csv && !w->table)
        text_beside(stderr, "", "the cells; --table laws and --table parameters print the others");
    for (size_t i = 0; i < T_N; i++)
        paper_free(&tables[i]);
    return st;
}

enum status cmd_results(int argc, char **argv, struct err *err)
{
    struct results_words w = {.format = "md", .fit = fit_words_default()};
    struct arg_list sources;
    bool help;
    const struct arg args[] = {
        {"--format", ARG_STRING, &w.format, "F", "csv, json, md (default) or latex"},
        {"--table", ARG_STRING, &w.table, "T",
         "cells (size and budget, with the mean loss of their runs), laws (what was fitted, and its verdict) or parameters (of the "
         "laws); default: all, in CSV the cells"},
        {"--drop-missing", ARG_FLAG, &w.fit.drop_missing, NULL, "of tables: leave out rows without a loss or a size"},
    };
    const struct args_spec spec = {
        .command = "results",
        .positionals = "DIR|TABLE...",
        .summary = "Tables for a paper, of one sweep or several: the mean loss of each size and budget over its\n"
                   "seeds, and the law of each sweep with its verdict. In brackets 95 % intervals: of a mean\n"
                   "Student's t over its runs, of what was fitted as plateau fit has them.",
        .min_positionals = 1,
        .max_positionals = 1000,
        .args = args,
        .n_args = sizeof args / sizeof *args};
    enum status st = args_parse(&spec, &sources, &help, argc, argv, err);
    if (st == OK && !help)
        st = results(&w, &sources, err);
    args_free(&spec, &sources);
    return st;
}
