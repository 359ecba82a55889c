/* The table that scripts/coverage prints: how often intervals cover known parameters, and how often a break is
 * found where there is none and where there is one. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

static enum status laws(size_t n, size_t resamples, struct err *err)
{
    printf("Share of %zu simulated sweeps whose 95 %% interval covers the true parameter, %%\n", n);
    printf("%-10s %-6s %10s %8s %8s %8s\n", "law", "", "bootstrap", "BCa", "profile", "runs");
    for (size_t i = 0; i < sim_n_laws; i++) {
        const struct sim_design *s = &sim_laws[i];
        const struct law *law = law_find(s->law);
        struct sim_coverage c = {0};
        TRY(sim_cover(&c, s, s->truth, 0, n, resamples, err));
        for (size_t j = 0; j < law->n_params; j++) {
            double all = (double)c.n / 100;
            printf("%-10s %-6s %10.1f %8.1f %8.1f", j ? "" : law->name, law->params[j].name,
                   (double)c.ci95[j] / all, (double)c.bca[j] / all, (double)c.profile[j] / all);
            if (j == 0)
                printf(" %8zu in %zu trajectories", s->sizes * s->seeds * s->points, s->sizes * s->seeds);
            printf("\n");
        }
        fflush(stdout);
    }
    return OK;
}

static enum status breaks(size_t n, struct err *err)
{
    static const char *const words[] = {"none (false alarms)", "in compute (or x)", "in the term of data"};
    printf("\nShare of %zu simulated sweeps in which a break is found, %%\n", n);
    printf("%-10s %5s %13s %7s  %s\n", "law", "runs", "trajectories", "found", "break: slope halved in the last third");
    for (size_t i = 0; i < sim_n_breaks; i++) {
        const struct sim_design *s = &sim_breaks[i];
        size_t found;
        TRY(sim_find_breaks(&found, s, 0, n, err));
        printf("%-10s %5zu %13zu %7.1f  %s\n", s->law, s->sizes * s->seeds * s->points, s->sizes * s->seeds,
               100 * (double)found / (double)n, words[s->brk]);
        fflush(stdout);
    }
    return OK;
}

int main(int argc, char **argv)
{
    struct err err;
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 200, resamples = argc > 2 ? strtoul(argv[2], NULL, 10) : 400;
    enum status st = n > 0 ? laws(n, resamples, &err) : err_set(&err, E_USAGE, "coverage [SWEEPS] [RESAMPLES]");
    if (st == OK)
        st = breaks(n, &err);
    if (st != OK)
        fprintf(stderr, "coverage: %s\n", err.msg);
    return (int)st;
}
