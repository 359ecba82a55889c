#include "fit/table/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/size.h"
#include "fit/table/cells.h"
#include "fit/table/derive.h"
#include "fit/table/groups.h"
#include "fit/table/roles.h"
#include "fit/table/status.h"
#include "fit/table/where.h"
#include "fit/unlike.h"

/* Rows that are left out for one reason, and the first of their lines. */
struct left_out {
    size_t n;
    char lines[120];
};

struct reading {
    struct fit_table *t;
    struct trunks *trunks;
    const struct grid *g;
    const struct fit_read_options *opt;
    struct roles roles;
    struct where where;
    struct derived derived;
    struct left_out no_loss, no_size;
    size_t n_unfinished, first; /* row of the table that is the grid's first */
    uint64_t *run;              /* (rows from first) hash of the run's name */
    size_t *row;                /* (the grid's rows) the grid's row of each row from first */
    uint64_t source;
    signed char grouped[ROLE_COUNT]; /* points group thousands in this column: 1 yes, -1 no, 0 not looked at */
    int *trait;                 /* (the grid's columns) what each tells beside its role: unlike_trait */
};

enum status rows_reserve(struct fit_table *t, size_t n, struct err *err)
{
    if (n <= t->cap)
        return OK;
    size_t cap = size_max(size_max(n, 2 * t->cap), 64), bytes;
    if (!size_mul(&bytes, cap, sizeof(double)))
        return err_set(err, E_NOMEM, "out of memory for %zu runs", cap);
    for (size_t c = 0; c < FIT_N_COLUMNS; c++) {
        double *p = realloc(t->col[c], bytes);
        if (!p)
            return err_set(err, E_NOMEM, "out of memory for %zu runs", cap);
        t->col[c] = p;
    }
    size_t *trunk = realloc(t->trunk, cap * sizeof *trunk);
    if (!trunk)
        return err_set(err, E_NOMEM, "out of memory for %zu runs", cap);
    t->trunk = trunk;
    t->cap = cap;
    return OK;
}

static void leave_out(struct left_out *l, const struct grid *g, const struct grid_row *row)
{
    size_t at = strlen(l->lines);
    l->n++;
    if (g->one_run && at <= 80)
        snprintf(l->lines + at, sizeof l->lines - at, "%s%.60s", l->n > 1 ? ", " : "", row->file);
    else if (g->one_run)
        return; /* enough of them are named */
    else if (l->n <= 8)
        snprintf(l->lines + at, sizeof l->lines - at, "%s%zu", l->n > 1 ? ", " : "", row->line);
    else if (l->n == 9)
        snprintf(l->lines + at, sizeof l->lines - at, ", ...");
}

/* Done runs go on; the others are counted by kind. */
static enum status row_state(enum run_state *state, const struct reading *r, const struct grid_row *row, struct err *err)
{
    size_t column = r->roles.of[ROLE_STATUS];
    *state = RUN_DONE;
    if (column != ROLE_NO_COLUMN) {
        *state = run_state_of(grid_cell(row, column));
        if (*state == RUN_UNKNOWN) {
            char words[700], why[800];
            snprintf(
                why, sizeof why,
                "is no status that is known (%s); --where %s=... picks rows, and --column status=NAME another column",
                run_state_words(words, sizeof words), r->g->columns[column]);
            return grid_cell_error(r->g, row, column, why, err);
        }
    }
    for (size_t i = 0; i < r->roles.n_flags && *state == RUN_DONE; i++) {
        int truth = cell_truth(grid_cell(row, r->roles.flags[i].column));
        if (truth == (r->roles.flags[i].good ? 0 : 1))
            *state = strstr(r->g->columns[r->roles.flags[i].column], "verged") ? RUN_DIVERGED : RUN_FAILED;
    }
    return OK;
}

static bool is_seed(int col)
{
    return col == FIT_SEED || col == FIT_ORDER_SEED;
}

static bool may_be_zero(int col)
{
    return col == FIT_LOSS_SE || is_seed(col) || col == FIT_EPOCHS;
}

/* 500.000 among 20.000.000. */
static bool column_is_grouped(struct reading *r, int role)
{
    signed char *known = &r->grouped[role];
    for (size_t i = 0; i < r->g->n_rows && *known == 0; i++)
        *known = cell_is_grouped(grid_cell(&r->g->rows[i], r->roles.of[role]), '.');
    *known = *known > 0 ? 1 : -1;
    return *known > 0;
}

static bool join_groups(double *out, const char *cell)
{
    char digits[40];
    size_t n = 0;
    for (; *cell && n + 1 < sizeof digits; cell++)
        if (*cell != '.')
            digits[n++] = *cell;
    digits[n] = '\0';
    bool scaled;
    return *cell == '\0' && cell_number(out, &scaled, digits, false) == NULL;
}

static enum status read_cell(double *out, struct reading *r, const struct grid_row *row, int role, struct err *err)
{
    size_t i = r->roles.of[role];
    const char *cell = grid_cell(row, i);
    bool scaled;
    *out = (double)NAN;
    if (i >= row->n_cells && r->g->rows && strcmp(r->g->place, "line") == 0 && row->start && (role == FIT_LOSS || role == FIT_X)) {
        char place[512];
        return err_set(err, E_DATA, "%s: the line ends before column %.80s", grid_where(place, sizeof place, r->g, row),
                       r->g->columns[i]);
    }
    if (cell_is_missing(cell) || (role == FIT_LOSS && cell_is_infinite(cell)))
        return OK;
    double v;
    const char *why = cell_number(&v, &scaled, cell, r->g->decimal_comma);
    if (why && strcmp(why, CELL_DOUBTFUL) == 0 && column_is_grouped(r, role))
        why = join_groups(&v, cell) ? NULL : why;
    if (!why && scaled && (role == FIT_LOSS || role == FIT_LOSS_SE || is_seed(role)))
        why = "is not a number";
    if (why && is_seed(role) && strcmp(why, "is not a number") == 0) { /* a seed may be a name */
        v = (double)(hash_bytes(HASH_SEED, cell, strlen(cell)) >> 12);
        why = NULL;
    }
    if (why)
        return grid_cell_error(r->g, row, i, why, err);
    if (!scaled)
        v *= r->roles.factor[role];
    if (!isfinite(v))
        return grid_cell_error(r->g, row, i, "is not a finite number", err);
    if (!may_be_zero(role) ? !(v > 0) : !(v >= 0) && !is_seed(role))
        return grid_cell_error(r->g, row, i, may_be_zero(role) ? "must not be negative" : "must be above 0", err);
    if (role == FIT_LOSS && r->roles.log_loss) {
        if (!(v > 1))
            return grid_cell_error(r->g, row, i, "is no perplexity: it must be above 1", err);
        v = log(v);
    }
    *out = v;
    return OK;
}

static uint64_t cell_hash(const struct reading *r, const struct grid_row *row, int role, uint64_t seed)
{
    const char *cell = r->roles.of[role] == ROLE_NO_COLUMN ? "" : grid_cell(row, r->roles.of[role]);
    return cell[0] ? hash_bytes(seed, cell, strlen(cell)) | 1 : 0;
}

static enum status grow_hash(uint64_t **hash, size_t *cap, size_t n, struct err *err)
{
    if (n <= *cap)
        return OK;
    size_t more = size_max(64, 2 * n);
    uint64_t *p = realloc(*hash, more * sizeof *p);
    if (!p)
        return err_set(err, E_NOMEM, "out of memory for %zu runs", n);
    *hash = p;
    *cap = more;
    return OK;
}

/* Where this run, the table's newest, stood, and what tells whether it is like the others. */
static enum status note_traits(const struct reading *r, const struct grid_row *row, struct err *err)
{
    size_t at = r->t->n - 1, run = r->roles.of[ROLE_RUN];
    TRY(origins_set(&r->t->from, at, row->file ? row->file : r->g->name, row->line,
                    run == ROLE_NO_COLUMN ? "" : grid_cell(row, run), err));
    TRY(unlike_row(r->t->unlike, at, err));
    for (size_t i = 0; i < r->g->n_columns; i++)
        if (r->trait[i] >= 0)
            TRY(unlike_set(r->t->unlike, at, r->trait[i], r->g->columns[i], grid_cell(row, i), err));
    return OK;
}

static enum status blank(const struct reading *r, const struct grid_row *row, size_t column, const char *why, struct err *err)
{
    char place[512];
    return err_set(err, E_DATA, "%s: column %.80s%s: --drop-missing leaves such rows out and counts them",
                   grid_where(place, sizeof place, r->g, row), r->g->columns[column], why);
}

/* A row that no law can take: counted where that was asked for, else it is an error. */
static enum status miss(struct reading *r, struct left_out *kind, const struct grid_row *row, const double *v, struct err *err)
{
    const int roles[] = {FIT_LOSS, FIT_X, (int)fit_count_column(r->opt->count), FIT_TOKENS, FIT_FLOPS};
    for (size_t i = 0; i < sizeof roles / sizeof *roles && !r->opt->drop_missing && !r->g->own; i++) {
        size_t column = r->roles.of[roles[i]];
        if (column == ROLE_NO_COLUMN || !isnan(v[roles[i]]))
            continue;
        char why[80] = " is blank";
        const char *cell = grid_cell(row, column);
        if (cell[0])
            snprintf(why, sizeof why, cell_is_infinite(cell) ? ": '%.40s' " CELL_NO_NUMBER : " holds no number but '%.40s'", cell);
        return blank(r, row, column, why, err);
    }
    leave_out(kind, r->g, row);
    return OK;
}

static enum status add_run(struct reading *r, const struct grid_row *row, size_t *run_cap, struct err *err)
{
    double v[FIT_N_COLUMNS];
    struct fit_table *t = r->t;
    for (int c = 0; c < FIT_N_COLUMNS; c++) {
        v[c] = (double)NAN;
        if (r->roles.of[c] != ROLE_NO_COLUMN)
            TRY(read_cell(&v[c], r, row, c, err));
    }
    bool x = r->roles.of[FIT_X] != ROLE_NO_COLUMN;
    if (isnan(v[FIT_LOSS]) || (x && isnan(v[FIT_X])))
        return miss(r, &r->no_loss, row, v, err);
    struct derived derived = r->derived;
    derive_row(v, &derived, fit_count_column(r->opt->count));
    if (!x && !(v[fit_count_column(r->opt->count)] > 0 && v[FIT_TOKENS] > 0 && v[FIT_FLOPS] > 0))
        return miss(r, &r->no_size, row, v, err);
    r->derived = derived;
    TRY(rows_reserve(t, t->n + 1, err));
    TRY(grow_hash(&r->trunks->hash, &r->trunks->cap, t->n + 1, err));
    TRY(grow_hash(&r->run, run_cap, t->n + 1 - r->first, err));
    for (int c = 0; c < FIT_N_COLUMNS; c++)
        t->col[c][t->n] = v[c];
    t->trunk[t->n] = t->n;
    r->row[t->n - r->first] = (size_t)(row - r->g->rows);
    r->trunks->hash[t->n] = cell_hash(r, row, ROLE_TRUNK, r->source);
    uint64_t run = cell_hash(r, row, ROLE_RUN, r->source);
    r->run[t->n - r->first] = run && !isnan(v[FIT_SEED]) ? hash_bytes(run, &v[FIT_SEED], sizeof(double)) | 1 : run;
    t->n++;
    return note_traits(r, row, err);
}

static enum status read_rows(struct reading *r, struct err *err)
{
    size_t run_cap = 0;
    TRY(size_calloc(&r->row, r->g->n_rows, sizeof *r->row, "rows", err));
    for (size_t i = 0; i < r->g->n_rows; i++) {
        const struct grid_row *row = &r->g->rows[i];
        enum run_state state;
        if (!where_matches(&r->where, r->g, row)) {
            r->t->n_filtered++;
            continue;
        }
        TRY(row_state(&state, r, row, err));
        r->t->n_diverged += state == RUN_DIVERGED;
        r->t->n_failed += state == RUN_FAILED;
        r->n_unfinished += state == RUN_UNFINISHED;
        if (state == RUN_DONE)
            TRY(add_run(r, row, &run_cap, err));
    }
    return OK;
}

/* --- many checkpoints of one run ---------------------------------------------------------------------------- */

struct named_run {
    uint64_t run;
    size_t row;
};

static int by_run(const void *a, const void *b)
{
    const struct named_run *x = a, *y = b;
    if (x->run != y->run)
        return x->run < y->run ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* A column that names runs names trunks where several rows share a name, and all of those have one size: checkpoints
 * of one run. A name that spans sizes (gpt) names something else. Fewer than three runs give no intervals. */
static enum status runs_as_trunks(struct reading *r, struct err *err)
{
    struct fit_table *t = r->t;
    size_t n = t->n - r->first, runs = 0, shared = 0;
    const double *size = t->col[fit_count_column(r->opt->count)];
    struct named_run *k;
    if (r->roles.of[ROLE_RUN] == ROLE_NO_COLUMN || r->roles.of[ROLE_TRUNK] != ROLE_NO_COLUMN || n == 0)
        return OK;
    TRY(size_calloc(&k, n, sizeof *k, "rows", err));
    for (size_t i = 0; i < n; i++)
        k[i] = (struct named_run){r->run[i], r->first + i};
    qsort(k, n, sizeof *k, by_run);
    bool one_size = true;
    for (size_t i = 0; i < n; i++) {
        bool same = i > 0 && k[i].run && k[i].run == k[i - 1].run;
        runs += !same;
        shared += same;
        double a = same ? size[k[i].row] : 0, b = same ? size[k[i - 1].row] : 0;
        one_size = one_size && (!same || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fabs(b));
    }
    free(k);
    const char *column = r->g->columns[r->roles.of[ROLE_RUN]];
    if (shared == 0 || !one_size)
        return OK;
    if (runs < 3) {
        fit_lines_add(&t->careful, "the %zu rows are of %zu run%s (column %.60s): its checkpoints are taken for runs of their "
                      "own, which makes intervals too narrow", n, runs, runs == 1 ? "" : "s", column);
        return OK;
    }
    for (size_t i = 0; i < n; i++)
        r->trunks->hash[r->first + i] = r->run[i];
    fit_lines_add(&t->notes, "rows of one %.60s are taken for one run's checkpoints: %zu rows of %zu runs, and whole runs are "
                  "resampled", column, n, runs);
    return OK;
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

static void note_left_out(struct reading *r)
{
    struct fit_table *t = r->t;
    const char *what = r->g->one_run ? "" : strcmp(r->g->place, "line") == 0 ? "line" : "element";
    const char *of = r->roles.of[FIT_X] != ROLE_NO_COLUMN ? "a value of x or a loss" : "a loss";
    struct left_out *l = &r->no_loss;
    for (int k = 0; k < 2; k++, l = &r->no_size, of = "a size and data (two of params, tokens and flops)")
        if (l->n)
            fit_lines_add(&t->notes, "%s: %zu row%s without %s %s left out (%s%s%s%s)", r->g->name, l->n,
                          l->n == 1 ? "" : "s", of, l->n == 1 ? "is" : "are", what, what[0] && l->n > 1 ? "s" : "",
                          what[0] ? " " : "", l->lines);
    t->n_missing += r->no_loss.n + r->no_size.n;
    if (r->n_unfinished)
        fit_lines_add(&t->notes, "%s: %zu run%s not finished yet, left out", r->g->name, r->n_unfinished,
                      r->n_unfinished == 1 ? " is" : "s are");
    t->n_unfinished += r->n_unfinished;
}

static enum status one_unit(struct fit_table *t, const struct reading *r, struct err *err)
{
    if (r->first > 0 && t->loss_unit && strcmp(t->loss_unit, r->roles.loss_unit) != 0)
        return err_set(err, E_DATA, "%s: its losses are in %s, those read before in %s", r->g->name,
                       r->roles.loss_unit[0] ? r->roles.loss_unit : "an unknown unit",
                       t->loss_unit[0] ? t->loss_unit : "an unknown unit");
    t->loss_unit = r->roles.loss_unit;
    t->log_loss = r->roles.log_loss;
    return OK;
}

/* Nothing is left, and no status tells why: an error that does. */
static enum status something_left(const struct reading *r, struct err *err)
{
    const struct fit_table *t = r->t;
    const struct grid *g = r->g;
    if (t->n > r->first || g->n_rows == 0)
        return OK;
    if (r->where.n > 0) {
        bool none = true;
        for (size_t i = 0; i < g->n_rows && none; i++) {
            struct where w = r->where;
            none = !where_matches(&w, g, &g->rows[i]);
        }
        if (none && r->first == 0)
            return where_nothing(&r->where, g, err);
        return OK;
    }
    const struct left_out *l = r->no_loss.n ? &r->no_loss : &r->no_size;
    if (l->n == 0)
        return OK;
    return err_set(err, E_DATA, "%s: no run is left: %zu without %s (%s %s); a law needs at least 5", g->name, l->n,
                   l == &r->no_loss ? "a loss" : "a size and data: too few of params, tokens and flops",
                   g->one_run ? "file" : g->place, l->lines);
}

enum status rows_read(struct fit_table *t, struct trunks *trunks, const struct grid *g,
                      const struct fit_read_options *opt, struct err *err)
{
    struct reading *r;
    TRY(size_calloc(&r, 1, sizeof *r, "reader", err));
    *r = (struct reading){.t = t, .trunks = trunks, .g = g, .opt = opt, .first = t->n,
                          .source = hash_bytes(HASH_SEED, g->name, strlen(g->name))};
    enum status st = size_calloc(&r->trait, g->n_columns, sizeof *r->trait, "columns", err);
    for (size_t i = 0; i < g->n_columns && st == OK; i++)
        r->trait[i] = unlike_trait(g->columns[i]);
    if (st == OK)
        st = unlike_source(&t->unlike, g->name, err);
    if (st == OK)
        st = roles_choose(&r->roles, t, g, opt, err);
    if (st == OK)
        st = where_parse(&r->where, g, opt, err);
    if (st == OK)
        st = one_unit(t, r, err);
    if (st == OK)
        st = read_rows(r, err);
    if (st == OK)
        st = something_left(r, err);
    if (st == OK)
        st = runs_as_trunks(r, err);
    if (st == OK && r->roles.of[FIT_X] == ROLE_NO_COLUMN)
        st = groups_name(t, r->first, g, r->row, err);
    if (st == OK) {
        note_left_out(r);
        derive_units(t, r->first, g->name, &r->roles, opt);
        derive_notes(t, g->name, &r->derived);
        if (r->roles.of[FIT_X] != ROLE_NO_COLUMN)
            snprintf(t->x_name, sizeof t->x_name, "%.63s", g->columns[r->roles.of[FIT_X]]);
    }
    free(r->trait);
    free(r->run);
    free(r->row);
    free(r);
    return st;
}
