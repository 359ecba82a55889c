#include "fit/table/roles.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/count.h"
#include "base/nearest.h"
#include "fit/table/cells.h"
#include "fit/table/names.h"
#include "fit/table/understood.h"

/* Fewer rows than this say nothing about what a letter stands for. */
#define ROWS_TO_JUDGE 5

/* --- what the command line says -------------------------------------------------------------------------- */

static enum status split(int *role, const char **value, const char *option, const char *text, struct err *err)
{
    const char *eq = strchr(text, '='), *best = NULL;
    size_t distance = NEAREST_MAX;
    char name[64], all[300] = "";
    if (!eq || eq == text || eq[1] == '\0' || (size_t)(eq - text) >= sizeof name)
        return err_set(err, E_USAGE, "%s %s: expected role=%s, such as %s", option, text,
                       option[2] == 'c' ? "NAME" : "FACTOR", option[2] == 'c' ? "loss=eval_nll" : "flops=1e9");
    snprintf(name, sizeof name, "%.*s", (int)(eq - text), text);
    *value = eq + 1;
    for (int i = 0; i < ROLE_COUNT; i++) {
        if (strcasecmp(name, role_name(i)) == 0) {
            *role = i;
            return OK;
        }
        nearest_consider(&best, &distance, name, role_name(i));
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", role_name(i));
    }
    return err_set(err, E_USAGE, "%s %s: no role '%s'%s%s%s (the roles are %s)", option, text, name,
                   best ? " (did you mean " : "", best ? best : "", best ? "?)" : "", all);
}

static enum status scale_of(int *role, double *factor, const char *text, struct err *err)
{
    const char *value;
    TRY(split(role, &value, "--scale", text, err));
    if (*role >= FIT_N_COLUMNS || *role == FIT_SEED || *role == FIT_ORDER_SEED)
        return err_set(err, E_USAGE, "--scale %s: %s is no quantity", text, role_name(*role));
    *factor = cell_unit(value);
    if (*factor > 0 || (count_parse(factor, value) && *factor > 0))
        return OK;
    return err_set(err, E_USAGE, "--scale %s: expected a factor above 0, or a unit such as M, GFLOPs or PF-days", text);
}

enum status roles_check(const struct fit_read_options *opt, struct err *err)
{
    int role;
    double factor;
    const char *value;
    bool seen[ROLE_COUNT] = {0};
    for (size_t i = 0; i < opt->n_scale; i++)
        if (strchr(opt->scale[i], '='))
            TRY(scale_of(&role, &factor, opt->scale[i], err));
    for (size_t i = 0; i < opt->n_column; i++) {
        TRY(split(&role, &value, "--column", opt->column[i], err));
        if (seen[role] || (role == FIT_LOSS && opt->y) || (role == FIT_X && opt->x))
            return err_set(err, E_USAGE, "--column %s: %s is given twice", opt->column[i], role_name(role));
        seen[role] = true;
    }
    return OK;
}

static bool number_at(double *v, const struct grid *g, const struct grid_row *row, size_t column)
{
    bool scaled;
    const char *cell = grid_cell(row, column);
    return !cell_is_missing(cell) && cell_number(v, &scaled, cell, g->decimal_comma) == NULL;
}

/* Whole numbers up to `most` in all rows (ROWS_TO_JUDGE at least): counts of layers, widths, lengths. */
static bool small_whole(const struct grid *g, size_t column, double most)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_rows; i++) {
        double v;
        if (!number_at(&v, g, &g->rows[i], column))
            continue;
        if (v != floor(v) || v > most)
            return false;
        n++;
    }
    return n >= ROWS_TO_JUDGE;
}

/* Why a letter is not what it stands for elsewhere; NULL: it may be. */
static const char *letter_against(const struct grid *g, size_t column, int role)
{
    if (role == FIT_LOSS && small_whole(g, column, 1e4))
        return "holds whole numbers, as a count of layers does";
    if (role == FIT_TOKENS && small_whole(g, column, 32768))
        return "holds small whole numbers, as a width does";
    if (role == FIT_PARAMS && small_whole(g, column, 256))
        return "holds small whole numbers, as a count of layers does";
    if (role == FIT_FLOPS && small_whole(g, column, 32768))
        return "holds small whole numbers, as a context or a batch does";
    return NULL;
}

/* A role's own name, or a loss by its unit (perplexity, bpb): other words are names of columns alone. */
static bool is_meaning(const char *name, const struct column_name *want)
{
    int rank;
    bool log = false;
    for (int i = 0; i < ROLE_COUNT; i++)
        if (strcasecmp(name, role_name(i)) == 0)
            return true;
    return names_role(&rank, want) == FIT_LOSS && (strcmp(names_loss_unit(&log, want), "nats") != 0 || log);
}

/* Whether a column is what the words mean. */
static bool means(const struct grid *g, size_t column, const struct column_name *want)
{
    struct column_name have;
    int rank;
    bool log_a = false, log_b = false;
    names_take_apart(&have, g->columns[column]);
    int role = names_role(&rank, want);
    if (role < 0 || names_role(&rank, &have) != role || (!have.base[1] && letter_against(g, column, role)))
        return false;
    return role != FIT_LOSS || (strcmp(names_loss_unit(&log_a, want), names_loss_unit(&log_b, &have)) == 0 && log_a == log_b);
}

/* Index of the column that a person names: as written, else without regard to case and blanks where one is so, else the one
   that means the same ("flops" of a table with "compute (PF-days)"). */
static enum status named_column(size_t *out, const struct grid *g, const char *name, struct err *err)
{
    struct column_name want, have;
    size_t found = 0;
    *out = grid_find(g, name);
    if (*out < g->n_columns)
        return OK;
    names_take_apart(&want, name);
    for (size_t i = 0; i < g->n_columns; i++) {
        names_take_apart(&have, g->columns[i]);
        if (strcasecmp(g->columns[i], name) == 0 || (want.flat[0] && want.flat[1] && strcmp(have.flat, want.flat) == 0)) {
            *out = i;
            found++;
        }
    }
    for (size_t i = 0, n = found; i < g->n_columns && n == 0 && is_meaning(name, &want); i++) {
        if (means(g, i, &want)) {
            *out = i;
            found++;
        }
    }
    return found == 1 ? OK : grid_no_column(g, name, err);
}

static enum status apply_asked(struct roles *r, bool *asked, const struct grid *g, const struct fit_read_options *opt,
                               struct err *err)
{
    int role;
    const char *value;
    if (opt->x) {
        TRY(named_column(&r->of[FIT_X], g, opt->x, err));
        asked[FIT_X] = true;
    }
    if (opt->loss && !opt->y) {
        TRY(named_column(&r->of[FIT_LOSS], g, opt->loss, err));
        asked[FIT_LOSS] = true;
    }
    if (opt->y) {
        TRY(named_column(&r->of[FIT_LOSS], g, opt->y, err));
        asked[FIT_LOSS] = true;
    }
    for (size_t i = 0; i < opt->n_column; i++) {
        TRY(split(&role, &value, "--column", opt->column[i], err));
        TRY(named_column(&r->of[role], g, value, err));
        asked[role] = true;
    }
    return OK;
}

/* --- what names and values say ------------------------------------------------------------------------------ */

static bool values_differ(const struct grid *g, size_t a, size_t b)
{
    for (size_t i = 0; i < g->n_rows; i++) {
        double x, y;
        bool has_x = number_at(&x, g, &g->rows[i], a), has_y = number_at(&y, g, &g->rows[i], b);
        if (has_x != has_y ? strcmp(grid_cell(&g->rows[i], a), grid_cell(&g->rows[i], b)) != 0
            : has_x       ? !(fabs(x - y) <= 1e-9 * fabs(x))
                          : strcmp(grid_cell(&g->rows[i], a), grid_cell(&g->rows[i], b)) != 0)
            return true;
    }
    return false;
}

struct candidates {
    int role[GRID_MAX_COLUMNS], rank[GRID_MAX_COLUMNS];
    const char *against[GRID_MAX_COLUMNS];
};

static const char *unit_of_column(const struct grid *g, size_t column, bool *log)
{
    struct column_name name;
    names_take_apart(&name, g->columns[column]);
    return names_loss_unit(log, &name);
}

/* Other columns of that role, where they hold something else. Losses of another unit are another thing. */
static void note_choice(struct fit_table *t, const struct grid *g, const struct candidates *c, int role, size_t best)
{
    char beside[300] = "";
    size_t n = 0;
    bool log_a, log_b;
    for (size_t i = 0; i < g->n_columns; i++) {
        if (i == best || c->role[i] != role || !values_differ(g, best, i))
            continue;
        if (role == FIT_LOSS && (strcmp(unit_of_column(g, best, &log_a), unit_of_column(g, i, &log_b)) != 0 || log_a != log_b))
            continue;
        if (strlen(beside) < 200)
            snprintf(beside + strlen(beside), sizeof beside - strlen(beside), "%s%.60s", n ? ", " : "", g->columns[i]);
        n++;
    }
    if (n > 0 && role < FIT_N_COLUMNS)
        fit_lines_add(&t->notes, "%s: taken from %.80s (column %zu of %s); %s stand%s beside it: --column %s=NAME chooses",
                      role_name(role), g->columns[best], best + 1, g->name, beside, n == 1 ? "s" : "", role_name(role));
}

static void take_names(struct candidates *c, struct roles *r, const struct grid *g)
{
    for (size_t i = 0; i < g->n_columns; i++) {
        struct column_name name;
        names_take_apart(&name, g->columns[i]);
        c->role[i] = names_role(&c->rank[i], &name);
        bool letter = c->role[i] >= 0 && !name.unit[0] && name.base[0] && name.base[1] == '\0';
        c->against[i] = letter ? letter_against(g, i, c->role[i]) : NULL;
        int flag = c->role[i] < 0 ? names_flag(&name) : 0;
        bool all = flag != 0;
        for (size_t k = 0; k < g->n_rows && all; k++) {
            const char *cell = grid_cell(&g->rows[k], i);
            all = cell_is_missing(cell) || cell_truth(cell) >= 0;
        }
        if (all && r->n_flags < ROLES_MAX_FLAGS) {
            r->flags[r->n_flags].column = i;
            r->flags[r->n_flags++].good = flag > 0;
        }
    }
}

/* A column as good as `best` by its name that holds something else; ROLE_NO_COLUMN where there is none. */
static size_t equal_claim(const struct grid *g, const struct candidates *c, int role, size_t best)
{
    for (size_t i = 0; i < g->n_columns; i++)
        if (i != best && c->role[i] == role && !c->against[i] && c->rank[i] == c->rank[best] && values_differ(g, best, i))
            return i;
    return ROLE_NO_COLUMN;
}

/* Which of two is meant makes another law of it; of seeds, names and epochs the first will do. */
static bool must_be_clear(int role)
{
    return role == FIT_LOSS || role == FIT_PARAMS || role == FIT_PARAMS_NONEMBD || role == FIT_TOKENS || role == FIT_FLOPS ||
           role == FIT_UNIQUE_TOKENS;
}

static enum status take_best(struct roles *r, const bool *asked, struct fit_table *t, const struct grid *g,
                             const struct candidates *c, struct err *err)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        size_t best = ROLE_NO_COLUMN;
        for (size_t i = 0; i < g->n_columns && !asked[role]; i++)
            if (c->role[i] == role && !c->against[i] && (best == ROLE_NO_COLUMN || c->rank[i] < c->rank[best]))
                best = i;
        if (best == ROLE_NO_COLUMN)
            continue;
        size_t other = must_be_clear(role) ? equal_claim(g, c, role, best) : ROLE_NO_COLUMN;
        if (other != ROLE_NO_COLUMN)
            return err_set(err, E_DATA, "%s: %s may be column %zu, %.60s, or column %zu, %.60s, which hold other values: --column "
                           "%s=NAME says which", g->name, role_name(role), best + 1, g->columns[best], other + 1,
                           g->columns[other], role_name(role));
        r->of[role] = best;
        if (c->rank[best] >= NAMES_SPEED && role == FIT_FLOPS)
            r->flops_doubtful = true;
        note_choice(t, g, c, role, best);
    }
    return OK;
}

/* --- units --------------------------------------------------------------------------------------------------- */

static enum status take_units(struct roles *r, struct fit_table *t, const struct grid *g,
                              const struct fit_read_options *opt, struct err *err)
{
    bool set[ROLE_COUNT] = {0};
    for (int role = 0; role < ROLE_COUNT; role++)
        r->factor[role] = 1;
    for (size_t i = 0; i < opt->n_scale; i++) {
        int role;
        double factor;
        if (!strchr(opt->scale[i], '='))
            continue; /* the scale of residuals: the fitter's */
        TRY(scale_of(&role, &factor, opt->scale[i], err));
        r->factor[role] = factor;
        set[role] = true;
    }
    static const int counts[] = {FIT_PARAMS, FIT_PARAMS_NONEMBD, FIT_PARAMS_MATMUL, FIT_TOKENS, FIT_FLOPS, FIT_UNIQUE_TOKENS};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        int role = counts[k];
        struct column_name name;
        if (r->of[role] == ROLE_NO_COLUMN || set[role])
            continue;
        names_take_apart(&name, g->columns[r->of[role]]);
        double factor = cell_unit(name.unit);
        if (!(factor > 0) && role == FIT_FLOPS)
            factor = cell_unit(name.flat);
        if (!(factor > 0))
            continue;
        r->factor[role] = factor;
        set[role] = true;
        fit_lines_add(&t->notes, "%s: the numbers of column %.80s are taken times %.4g, as its name says", role_name(role),
                      g->columns[r->of[role]], factor);
    }
    r->flops_scaled = set[FIT_FLOPS];
    memcpy(r->scaled, set, sizeof set);
    return OK;
}

/* --- what is needed ------------------------------------------------------------------------------------------- */

static bool has(const struct roles *r, int role)
{
    return r->of[role] != ROLE_NO_COLUMN;
}

/* "(the columns are ...)", in room. */
static const char *all_columns(const struct grid *g, struct err *room)
{
    const char *list = grid_no_column(g, "", room) != OK ? strstr(room->msg, "(the columns are") : NULL;
    return list ? list : "";
}

static enum status missing_loss(const struct grid *g, const struct candidates *c, struct err *err)
{
    struct err room = {0};
    for (size_t i = 0; i < g->n_columns; i++)
        if (c->role[i] == FIT_LOSS && c->against[i])
            return err_set(err, E_DATA, "%s: no column for the loss: %s %s (--column loss=%s takes it all the same)",
                           g->name, g->columns[i], c->against[i], g->columns[i]);
    return err_set(err, E_DATA, "%s: no column for the loss (loss, val_loss, L, ...): name it with --column loss=NAME %s",
                   g->name, all_columns(g, &room));
}

/* Columns that the question asked needs and the file cannot give. */
static enum status need_columns(struct roles *r, struct fit_table *t, const struct grid *g, const struct candidates *c,
                                const struct fit_read_options *opt, struct err *err)
{
    if (!has(r, FIT_LOSS))
        return missing_loss(g, c, err);
    if (has(r, FIT_X))
        return OK;
    int count = (int)fit_count_column(opt->count);
    if (!has(r, count) && opt->count != FIT_COUNT_TOTAL)
        return err_set(err, E_DATA, "%s: no column %s, which --count %s needs", g->name, role_name(count),
                       fit_count_name(opt->count));
    for (int other = FIT_PARAMS_NONEMBD; other <= FIT_PARAMS_MATMUL && !has(r, FIT_PARAMS); other++)
        if (has(r, other)) {
            r->of[FIT_PARAMS] = r->of[other];
            r->factor[FIT_PARAMS] = r->factor[other];
            fit_lines_add(&t->notes, "params: no column counts them all; %.80s stands for it", g->columns[r->of[other]]);
        }
    bool size = has(r, count), tokens = has(r, FIT_TOKENS), flops = has(r, FIT_FLOPS);
    if (size + tokens + flops >= 2)
        return OK;
    char against[200] = "";
    for (size_t i = 0; i < g->n_columns && !against[0]; i++)
        if (c->against[i] && c->role[i] != FIT_LOSS)
            snprintf(against, sizeof against, " (%.20s %s)", g->columns[i], c->against[i]);
    struct err room = {0};
    return err_set(err, E_DATA,
                   "%s: two of the columns params, tokens and flops are needed%s%s%s%s; name them with --column "
                   "%s=NAME, or the variable of a one-variable law with --x COLUMN %s",
                   g->name, size ? ", found only params" : "", tokens ? ", found only tokens" : "",
                   flops ? ", found only flops" : "", against, tokens || flops ? "params" : "tokens", all_columns(g, &room));
}

/* An error of the loss is in the loss's unit, and of that loss: beside another it says nothing. */
static void drop_other_se(struct roles *r, struct fit_table *t, const struct grid *g)
{
    struct column_name se, loss;
    if (r->of[FIT_LOSS_SE] == ROLE_NO_COLUMN)
        return;
    names_take_apart(&se, g->columns[r->of[FIT_LOSS_SE]]);
    names_take_apart(&loss, g->columns[r->of[FIT_LOSS]]);
    const char *own = names_loss_unit(&(bool){false}, &loss);
    if (!r->log_loss && (strcmp(own, "nats") == 0 || own[0] == '\0'))
        return;
    fit_lines_add(&t->notes, "%.60s is not used: it is an error in nats, and the loss is %.60s", g->columns[r->of[FIT_LOSS_SE]],
                  g->columns[r->of[FIT_LOSS]]);
    r->of[FIT_LOSS_SE] = ROLE_NO_COLUMN;
}

/* The first cell whose comma may be a point or group thousands; NULL: none. */
static const struct grid_row *either_comma(const struct grid *g, size_t column)
{
    for (size_t i = 0; i < g->n_rows && column != ROLE_NO_COLUMN; i++)
        if (cell_comma(grid_cell(&g->rows[i], column)) == CELL_EITHER)
            return &g->rows[i];
    return NULL;
}

/* Where all numbers are like 1,234: those of a loss are decimals, for no loss is above a thousand; sizes beside whole losses
 * between commas are thousands; else nobody can tell. */
static enum status clear_commas(const struct grid *g, const struct roles *r, struct err *err)
{
    static const int sizes[] = {FIT_PARAMS, FIT_PARAMS_NONEMBD, FIT_TOKENS, FIT_FLOPS, FIT_X};
    bool loss = g->comma_open && either_comma(g, r->of[FIT_LOSS]);
    if (!g->comma_open || (g->separator == ',' && !loss))
        return OK;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct grid_row *row = either_comma(g, r->of[sizes[i]]);
        if (row)
            return grid_cell_error(g, row, r->of[sizes[i]], "may be a thousand and more, or a number with three decimals: "
                                   "nothing in "
                                   "the table tells; write it without the comma, or with a point", err);
    }
    return OK;
}

static double largest(const struct grid *g, const struct roles *r, int role, double *least)
{
    double most = 0;
    *least = (double)INFINITY;
    for (size_t i = 0; i < g->n_rows; i++) {
        double v;
        bool scaled;
        const char *cell = r->of[role] == ROLE_NO_COLUMN ? "" : grid_cell(&g->rows[i], r->of[role]);
        if (cell_is_missing(cell) || cell_number(&v, &scaled, cell, g->decimal_comma) != NULL)
            continue;
        most = fmax(most, v * (scaled ? 1 : r->factor[role]));
        *least = fmin(*least, v * (scaled ? 1 : r->factor[role]));
    }
    return most;
}

/* 70 beside 3e11: millions that nobody wrote. No law is trained at a million tokens a parameter on fewer than 1e5 of them, nor
 * at ten thousand parameters a token. */
static enum status clear_sizes(const struct roles *r, const struct grid *g, const struct fit_read_options *opt, struct err *err)
{
    double n_least, d_least;
    int size = (int)fit_count_column(opt->count);
    double n = largest(g, r, size, &n_least), d = largest(g, r, FIT_TOKENS, &d_least);
    bool given_n = r->scaled[size], given_d = r->scaled[FIT_TOKENS];
    if (r->of[FIT_X] != ROLE_NO_COLUMN || !(n > 0) || !(d > 0) || g->own)
        return OK;
    if (!given_n && n < 1e5 && d_least > 1e6 * n)
        return err_set(err, E_DATA, "%s: %.80s goes up to %.6g beside %.4g tokens and more: that many parameters, or millions "
                       "of them? "
                       "--scale params=1e6 says millions, --scale params=1 takes the numbers as they are", g->name,
                       g->columns[r->of[size]], n, d_least);
    if (!given_d && d < 1e5 && n_least > 1e4 * d)
        return err_set(err, E_DATA, "%s: %.80s goes up to %.6g beside %.4g parameters and more: that many tokens, or billions "
                       "of them? "
                       "--scale tokens=1e9 says billions, --scale tokens=1 takes the numbers as they are", g->name,
                       g->columns[r->of[FIT_TOKENS]], d, n_least);
    return OK;
}

enum status roles_choose(struct roles *r, struct fit_table *t, const struct grid *g, const struct fit_read_options *opt,
                         struct err *err)
{
    struct candidates c = {0};
    bool asked[ROLE_COUNT] = {0};
    memset(r, 0, sizeof *r);
    for (int i = 0; i < ROLE_COUNT; i++)
        r->of[i] = ROLE_NO_COLUMN;
    TRY(apply_asked(r, asked, g, opt, err));
    take_names(&c, r, g);
    TRY(take_best(r, asked, t, g, &c, err));
    TRY(take_units(r, t, g, opt, err));
    TRY(need_columns(r, t, g, &c, opt, err));
    r->loss_unit = unit_of_column(g, r->of[FIT_LOSS], &r->log_loss);
    if (r->log_loss)
        fit_lines_add(&t->notes, "loss: the logarithm of the perplexity %.80s, in nats", g->columns[r->of[FIT_LOSS]]);
    drop_other_se(r, t, g);
    TRY(clear_commas(g, r, err));
    TRY(clear_sizes(r, g, opt, err));
    if (!g->own)
        understood_say(&t->understood, g, r, c.role, c.against);
    return OK;
}
