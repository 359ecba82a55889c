#include "bank.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/sort.h"
#include "fit/levels.h"

#define DIR SOURCE_ROOT "/tests/bank"
enum { MAX_SWEEPS = 200 };

static enum status read_table(struct bank_sweep *s, double floor, double heldout, struct err *err)
{
    char path[512];
    const char *source = path;
    const struct fit_read_options all = {.n_where = 0};
    snprintf(path, sizeof path, "%s/%s.csv", DIR, s->name);
    TRY(fit_table_read(&s->table, &source, 1, &all, err));
    s->table.truth_known = true;
    s->table.truth_floor = floor;
    s->table.truth_heldout = heldout;
    s->table.loss_unit = "nats";
    return OK;
}

enum status bank_read(struct bank *b, const char *mark, struct err *err)
{
    char line[200], marked[8];
    enum status st = OK;
    *b = (struct bank){.n = 0};
    FILE *f = fopen(DIR "/truth.csv", "r");
    if (!f)
        return err_set(err, E_IO, "%s/truth.csv cannot be read", DIR);
    st = size_calloc(&b->sweeps, MAX_SWEEPS, sizeof *b->sweeps, "bank", err);
    while (st == OK && b->n < MAX_SWEEPS && fgets(line, sizeof line, f)) {
        double floor, heldout;
        struct bank_sweep *s = &b->sweeps[b->n];
        int n = sscanf(line, "%39[^,],%23[^,],%lf,%lf,%*u,%7[^\n]", s->name, s->family, &floor, &heldout, marked);
        if (n != 5 || strcmp(marked, mark) != 0)
            continue; /* the header, and the others */
        b->n++;
        st = read_table(s, floor, heldout, err);
    }
    fclose(f);
    return st;
}

void bank_free(struct bank *b)
{
    for (size_t i = 0; i < b->n; i++)
        fit_table_free(&b->sweeps[i].table);
    free(b->sweeps);
    *b = (struct bank){.n = 0};
}

/* The largest compute that is fitted: budgets of an IsoFLOP sweep are three times apart, a grid's lie closer. */
static enum status edge_of(double *edge, const struct fit_table *t, struct err *err)
{
    enum { FEW = 8 };
    double *levels;
    TRY(size_calloc(&levels, t->n, sizeof *levels, "bank", err));
    size_t n = levels_distinct(levels, t->col[FIT_FLOPS], t->n, LEVELS_MET);
    *edge = levels[n - 1] / (n <= FEW ? 3 : 4) * LEVELS_MET;
    free(levels);
    return OK;
}

enum status bank_split(struct fit_table *small, bool *ahead, const struct fit_table *t, struct err *err)
{
    double edge, top = 0;
    size_t m = 0;
    TRY(edge_of(&edge, t, err));
    TRY(fit_table_init(small, t->n, err));
    for (size_t i = 0; i < t->n; i++)
        top = fmax(top, t->col[FIT_FLOPS][i]);
    for (size_t i = 0; i < t->n; i++) {
        ahead[i] = t->col[FIT_FLOPS][i] * LEVELS_MET >= top;
        if (t->col[FIT_FLOPS][i] > edge)
            continue;
        for (size_t c = 0; c < FIT_N_COLUMNS; c++)
            small->col[c][m] = t->col[c][i];
        small->trunk[m++] = t->trunk[i];
    }
    memcpy(small->has, t->has, sizeof small->has);
    small->n = m;
    small->n_trunks = t->n_trunks;
    small->loss_unit = t->loss_unit;
    return OK;
}

double bank_median(double *x, size_t n)
{
    sort_doubles(x, n);
    return n == 0 ? (double)NAN : (x[(n - 1) / 2] + x[n / 2]) / 2;
}
