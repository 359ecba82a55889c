#include "fit/noise.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "base/sort.h"

struct rep {
    double n, d, seed, loss;
    size_t trunk;
};

static int by_design(const void *a, const void *b)
{
    const struct rep *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    if (x->d != y->d)
        return x->d < y->d ? -1 : 1;
    return (x->seed > y->seed) - (x->seed < y->seed);
}

static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* Pooled variance of the loss over seeds at equal N and D. Two trajectories that are compared at seven budgets are
 * one comparison, not seven: what is independent is each pair of trajectories that nothing has joined before. */
static bool seed_noise(struct fit_report *r, struct rep *x, size_t n, size_t *parent)
{
    double ss = 0;
    size_t df = 0;
    qsort(x, n, sizeof *x, by_design);
    for (size_t i = 0; i < n;) {
        double mean = 0;
        size_t j = i, seeds = 0;
        for (; j < n && x[j].n == x[i].n && x[j].d == x[i].d; j++) {
            mean += x[j].loss;
            seeds += j == i || x[j].seed != x[j - 1].seed;
        }
        mean /= (double)(j - i);
        if (seeds > 1) {
            for (size_t k = i; k < j; k++) {
                size_t root = root_of(parent, x[k].trunk), first = root_of(parent, x[i].trunk);
                r->sigma_independent += root != first;
                parent[root] = first;
                ss += (x[k].loss - mean) * (x[k].loss - mean);
            }
            df += j - i - 1;
        }
        i = j;
    }
    if (df == 0 || !(ss > 0))
        return false;
    r->sigma = sqrt(ss / (double)df);
    r->sigma_n = df;
    r->sigma_from = "runs repeated with other seeds";
    if (r->sigma_independent > 0) {
        double m = (double)r->sigma_independent;
        r->sigma_lo = r->sigma * sqrt(m / stats_chi2_quantile(0.975, m));
        r->sigma_hi = r->sigma * sqrt(m / stats_chi2_quantile(0.025, m));
    }
    return true;
}

void noise_fill(struct fit_report *r, const struct fit_table *t, const struct fit_options *opt)
{
    const double *n = t->col[fit_count_column(opt->count)], *se = t->col[FIT_LOSS_SE];
    struct rep *x = malloc(size_max(t->n, 1) * sizeof *x);
    double *s = malloc(size_max(t->n, 1) * sizeof *s);
    size_t *parent = malloc(size_max(t->n_trunks, 1) * sizeof *parent);
    size_t m = 0, k = 0;
    r->sigma = r->sigma_lo = r->sigma_hi = (double)NAN;
    r->sigma_from = "unknown";
    for (size_t i = 0; i < t->n && x && s && parent; i++) {
        if (!isnan(t->col[FIT_SEED][i]) && t->x_name[0] == '\0')
            x[m++] = (struct rep){n[i], t->col[FIT_TOKENS][i], t->col[FIT_SEED][i],
                                  t->col[FIT_LOSS][i], t->trunk[i]};
        if (se[i] > 0)
            s[k++] = se[i];
    }
    for (size_t i = 0; i < t->n_trunks && parent; i++)
        parent[i] = i;
    const struct fit_law *f = fit_report_selected(r);
    if (m > 0 && seed_noise(r, x, m, parent)) {
        /* done */
    } else if (k > 0) {
        sort_doubles(s, k);
        r->sigma = s[k / 2];
        r->sigma_from = "the standard error of one evaluation (no run was repeated with another seed, "
                        "so the true noise is larger)";
    } else if (f) {
        double sum = 0;
        for (size_t i = 0; i < f->n; i++)
            sum += f->loss[i] / (double)f->n;
        r->sigma = f->rms_log * sum;
        r->sigma_from = "the scatter of the runs about the fitted law (no run was repeated with another "
                        "seed)";
    }
    free(x);
    free(s);
    free(parent);
}

double noise_draw(const struct fit_report *r, struct rng *rng)
{
    double chi2 = 0;
    for (size_t i = 0; i < r->sigma_independent; i++) {
        double z = rng_normal(rng);
        chi2 += z * z;
    }
    return chi2 > 0 ? r->sigma * sqrt((double)r->sigma_independent / chi2) : r->sigma;
}
