#include "fit/draws.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_COLUMNS = FIT_MAX_LAWS * LAW_MAX_PARAMS };

/* Parameters of all laws, each name once. */
static size_t columns_of(const char *names[MAX_COLUMNS], const struct fit_report *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->laws.n; i++)
        for (size_t j = 0; j < r->laws.at[i].law->n_params; j++) {
            const char *name = r->laws.at[i].law->params[j].name;
            size_t k = 0;
            while (k < n && strcmp(names[k], name) != 0)
                k++;
            if (k == n)
                names[n++] = name;
        }
    return n;
}

static void put_row(FILE *out, const struct fit_law *f, size_t number, const double *inner, const char **names,
                    size_t n)
{
    double outer[LAW_MAX_PARAMS];
    law_external(outer, f->law, inner, &f->problem.centre);
    fprintf(out, "%s,%zu", f->law->name, number);
    for (size_t k = 0; k < n; k++) {
        int j = law_param_find(f->law, names[k]);
        if (j >= 0 && isfinite(outer[j]))
            fprintf(out, ",%.17g", outer[j]);
        else
            fputc(',', out);
    }
    fputc('\n', out);
}

/* Resamples that could not be fitted have no row, but keep their number. */
static void put_law(FILE *out, const struct fit_law *f, const char **names, size_t n)
{
    size_t all = f->n_boot + f->n_boot_failed, row = 0, lost = 0;
    for (size_t b = 0; b < all; b++)
        lost += isnan(f->boot_aicc[b]);
    bool told = lost == f->n_boot_failed; /* by a missing AICc, unless all lack it */
    for (size_t b = 0; b < all && row < f->n_boot; b++)
        if (!told || !isnan(f->boot_aicc[b])) {
            put_row(out, f, b + 1, f->boot + row * f->law->n_params, names, n);
            row++;
        }
}

void draws_write(FILE *out, const struct fit_report *r)
{
    const char *names[MAX_COLUMNS];
    size_t n = columns_of(names, r);
    fprintf(out, "law,resample");
    for (size_t k = 0; k < n; k++)
        fprintf(out, ",%s", names[k]);
    fputc('\n', out);
    for (size_t i = 0; i < r->laws.n; i++)
        put_law(out, &r->laws.at[i], names, n);
}
