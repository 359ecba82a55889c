#include "fit/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "fit/table/derive.h"
#include "fit/table/folder.h"
#include "fit/table/format.h"
#include "fit/table/roles.h"
#include "fit/table/rows.h"
#include "fit/table/where.h"
#include "fit/unlike.h"

/* Whole batches and rounding go a little beyond the corpus. */
#define REPEATED 1.05

size_t fit_table_repeats(const struct fit_table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += t->col[FIT_TOKENS][i] > REPEATED * t->col[FIT_UNIQUE_TOKENS][i];
    return n;
}

enum fit_column fit_count_column(enum fit_count count)
{
    static const enum fit_column cols[] = {FIT_PARAMS, FIT_PARAMS_NONEMBD, FIT_PARAMS_MATMUL};
    return cols[count];
}

enum fit_column fit_size_column(const struct fit_table *t, enum fit_count count)
{
    return t->x_name[0] ? FIT_X : fit_count_column(count);
}

const char *fit_count_name(enum fit_count count)
{
    static const char *const names[] = {"total", "nonembd", "matmul"};
    return names[count];
}

void fit_table_free(struct fit_table *t)
{
    for (size_t c = 0; c < FIT_N_COLUMNS; c++)
        free(t->col[c]);
    free(t->trunk);
    fit_lines_free(&t->understood);
    fit_lines_free(&t->notes);
    fit_lines_free(&t->careful);
    unlike_free(t->unlike);
    free(t->tried);
    origins_free(&t->from);
    *t = (struct fit_table){0};
}

static enum status begin(struct fit_table *t, size_t n, struct err *err)
{
    memset(t, 0, sizeof *t);
    t->truth_heldout = (double)NAN;
    t->loss_unit = "nats";
    return rows_reserve(t, size_max(n, 1), err);
}

enum status fit_table_init(struct fit_table *t, size_t n, struct err *err)
{
    TRY(begin(t, n, err));
    for (t->n = 0; t->n < n; t->n++) {
        for (size_t c = 0; c < FIT_N_COLUMNS; c++)
            t->col[c][t->n] = (double)NAN;
        t->trunk[t->n] = t->n;
    }
    t->n_trunks = n;
    return OK;
}

enum status fit_read_check(const struct fit_read_options *opt, struct err *err)
{
    TRY(roles_check(opt, err));
    return where_check(opt->where, opt->n_where, err);
}

/* One file a run: such files are gathered, so that they make one table. */
struct gather {
    struct fit_table *t;
    struct trunks trunks;
    const struct fit_read_options *opt;
    struct grid runs; /* the single runs so far */
};

static enum status flush(struct gather *a, struct err *err)
{
    enum status st = a->runs.n_rows > 0 ? rows_read(a->t, &a->trunks, &a->runs, a->opt, err) : OK;
    grid_free(&a->runs);
    return st;
}

/* Single runs join those before them; another file is a table of its own. */
static enum status read_file(struct gather *a, const char *source, const char *path, bool own, struct err *err)
{
    struct grid g = {.name = path, .own = own};
    char *text;
    size_t size;
    TRY(file_read(&text, &size, path, err));
    enum status st = format_read_text(&g, path, text, size, err);
    if (st == OK && g.one_run) {
        grid_free(&g);
        if (!a->runs.name)
            a->runs.name = source;
        return format_read(&a->runs, path, err);
    }
    if (st == OK)
        st = flush(a, err);
    if (st == OK)
        st = rows_read(a->t, &a->trunks, &g, a->opt, err);
    grid_free(&g);
    return st;
}

static enum status read_source(struct gather *a, const char *source, bool first, struct folder_files *files,
                               struct err *err)
{
    char path[FILE_PATH_MAX];
    TRY(file_join(path, sizeof path, source, "", err));
    if (!file_is_dir(source)) {
        a->t->truth_known = false;
        return read_file(a, source, source, false, err);
    }
    TRY(folder_files(files, source, err));
    if (files->sweep)
        TRY(folder_truth(a->t, source, first, err));
    else
        a->t->truth_known = false;
    for (size_t i = 0; i < files->n; i++)
        TRY(read_file(a, source, files->paths[i], files->sweep, err));
    return OK;
}

/* Why nothing is left; runs that all diverged or failed are the verdict's to tell, of a sweep. */
static enum status check_empty(const struct fit_table *t, const char *name, bool sweep, struct err *err)
{
    if (t->n > 0)
        return OK;
    size_t lost = t->n_diverged + t->n_failed + t->n_unfinished;
    if (lost + t->n_filtered + t->n_missing == 0)
        return err_set(err, E_DATA, "%s: no runs in it; a law needs at least 5", name);
    if (sweep && t->n_filtered == 0 && lost > 0)
        return OK;
    return err_set(err, E_DATA,
                   "%s: no run is left to fit: %zu do not match --where, %zu diverged, %zu failed, %zu are not "
                   "finished, %zu lack a "
                   "loss or a size; a law needs at least 5",
                   name, t->n_filtered, t->n_diverged, t->n_failed, t->n_unfinished, t->n_missing);
}

enum status fit_table_read(struct fit_table *t, const char *const *sources, size_t n_sources,
                           const struct fit_read_options *opt, struct err *err)
{
    struct gather a = {.t = t, .opt = opt};
    struct folder_files *files = NULL;
    bool sweep = false;
    enum status st = begin(t, 1, err);
    if (st == OK)
        st = fit_read_check(opt, err);
    if (st == OK)
        st = size_calloc(&files, n_sources, sizeof *files, "sources", err);
    for (size_t i = 0; i < n_sources && st == OK; i++) {
        st = read_source(&a, sources[i], i == 0, &files[i], err);
        sweep |= files[i].sweep;
    }
    if (st == OK)
        st = flush(&a, err);
    if (st == OK)
        st = check_empty(t, sources[0], sweep, err);
    if (st == OK)
        st = derive_finish(t, a.trunks.hash, opt, err);
    if (strcmp(t->loss_unit, "nats") != 0) /* the floor is in nats */
        t->truth_known = false;
    grid_free(&a.runs);
    free(a.trunks.hash);
    for (size_t i = 0; i < n_sources && files; i++)
        folder_files_free(&files[i]);
    free(files);
    return st;
}

enum status fit_table_read_text(struct fit_table *t, const char *name, const char *text, size_t size,
                                const struct fit_read_options *opt, struct err *err)
{
    struct trunks trunks = {0};
    struct grid g = {.name = name};
    TRY(begin(t, 1, err));
    char *copy = malloc(size + 1);
    if (!copy)
        return err_set(err, E_NOMEM, "%s: out of memory", name);
    memcpy(copy, text, size);
    copy[size] = '\0';
    enum status st = format_read_text(&g, name, copy, size, err);
    if (st == OK)
        st = fit_read_check(opt, err);
    if (st == OK)
        st = rows_read(t, &trunks, &g, opt, err);
    if (st == OK)
        st = check_empty(t, name, true, err);
    if (st == OK)
        st = derive_finish(t, trunks.hash, opt, err);
    grid_free(&g);
    free(trunks.hash);
    return st;
}

enum status fit_table_read_csv(struct fit_table *t, const char *name, char *text, size_t size,
                               const struct fit_read_options *opt, struct err *err)
{
    return fit_table_read_text(t, name, text, size, opt, err);
}
