#include "fit/table/understood.h"

#include <stdio.h>
#include <string.h>

#include "fit/table/cells.h"
#include "fit/unlike.h"

/* Columns without a use get a line each up to so many columns in all; beyond that one line names the first of them. */
enum { EACH_ITS_LINE = 24 };

static void say_form(struct fit_lines *out, const struct grid *g)
{
    static const struct {
        char separator;
        const char *words;
    } forms[] = {{'\0', "JSON"}, {',', "commas between them"}, {';', "semicolons between them"}, {'\t', "tabs between them"},
                 {'|', "bars between them"}, {' ', "blanks between them"}, {'&', "LaTeX"}};
    char comments[60] = "", other[40];
    const char *form = other;
    snprintf(other, sizeof other, "'%c' between them", g->separator);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        form = g->separator == forms[i].separator ? forms[i].words : form;
    if (g->n_comments)
        snprintf(comments, sizeof comments, ", %zu line%s of comment passed over", g->n_comments, g->n_comments == 1 ? "" : "s");
    fit_lines_add(out, "%s: %zu row%s, %zu column%s, %s%s%s", g->name, g->n_rows, g->n_rows == 1 ? "" : "s", g->n_columns,
                  g->n_columns == 1 ? "" : "s", form, g->decimal_comma ? ", decimal commas" : "", comments);
}

/* The role that a column was given; -1: none. */
static int use_of(const struct roles *r, size_t column)
{
    if (r->of[FIT_X] == column)
        return FIT_X;
    for (int role = 0; role < ROLE_COUNT; role++)
        if (r->of[role] == column && !(role == FIT_PARAMS && (r->of[FIT_PARAMS_NONEMBD] == column ||
                                                              r->of[FIT_PARAMS_MATMUL] == column)))
            return role;
    return -1;
}

static bool has_spread(const struct grid *g, size_t column)
{
    for (size_t i = 0; i < g->n_rows; i++)
        if (cell_has_spread(grid_cell(&g->rows[i], column)))
            return true;
    return false;
}

/* Columns of the same meaning that were passed over for this one. */
static void name_rivals(char *buf, size_t size, const struct grid *g, const int *role, size_t column)
{
    size_t n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < g->n_columns; i++)
        if (i != column && role[i] == role[column] && role[i] >= 0 && strlen(buf) + 70 < size)
            snprintf(buf + strlen(buf), size - strlen(buf), "%s'%.60s'", n++ ? ", " : ", rather than ", g->columns[i]);
}

static void say_use(struct fit_lines *out, const struct grid *g, const struct roles *r, const int *names, size_t column, int role)
{
    char factor[60] = "", rivals[300];
    const char *unit = "";
    if (role < FIT_N_COLUMNS && r->factor[role] != 1)
        snprintf(factor, sizeof factor, ", times %.6g", r->factor[role]);
    if (role == FIT_LOSS)
        unit = r->log_loss ? ", as its logarithm in nats" : r->loss_unit[0] ? r->loss_unit : "";
    name_rivals(rivals, sizeof rivals, g, names, column);
    const char *what = role == FIT_LOSS && !unit[0] ? "what is fitted, in a unit that its name does not tell" : role_name(role);
    fit_lines_add(out, "column %zu '%.80s': %s%s%s%s%s%s", column + 1, g->columns[column], what,
                  role == FIT_LOSS && unit[0] && unit[0] != ',' ? ", in " : "", unit, factor, rivals,
                  has_spread(g, column) ? "; what follows its plus-minus is not used" : "");
}

static void say_unused(struct fit_lines *out, const struct grid *g, const int *role, const char *const *against, size_t column)
{
    int trait = unlike_trait(g->columns[column]);
    if (against[column])
        fit_lines_add(out, "column %zu '%.80s': not %s, for it %s", column + 1, g->columns[column],
                      role_name(role[column]), against[column]);
    else if (trait >= 0)
        fit_lines_add(out, "column %zu '%.80s': a setting, by which runs are told apart", column + 1, g->columns[column]);
    else
        fit_lines_add(out, "column %zu '%.80s': not used", column + 1, g->columns[column]);
}

void understood_say(struct fit_lines *out, const struct grid *g, const struct roles *r, const int *role, const char *const *against)
{
    char rest[400] = "";
    size_t n_rest = 0;
    say_form(out, g);
    for (size_t i = 0; i < g->n_columns; i++) {
        int use = use_of(r, i);
        bool flag = false;
        for (size_t k = 0; k < r->n_flags; k++)
            flag |= r->flags[k].column == i;
        if (use >= 0) {
            say_use(out, g, r, role, i, use);
        } else if (flag) {
            fit_lines_add(out, "column %zu '%.80s': whether a run came to its end", i + 1, g->columns[i]);
        } else if (g->n_columns <= EACH_ITS_LINE || against[i]) {
            say_unused(out, g, role, against, i);
        } else {
            if (strlen(rest) < 300)
                snprintf(rest + strlen(rest), sizeof rest - strlen(rest), "%s%.60s", n_rest ? ", " : "", g->columns[i]);
            n_rest++;
        }
    }
    if (n_rest)
        fit_lines_add(out, "%zu other columns are not used or tell settings: %s", n_rest, rest);
}
