/* The table of docs/compare.md: how often planted changes are called by their names, and what intervals of gains hold. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compare_sim.h"

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? (size_t)atol(argv[1]) : 20;
    printf("%-52s %5s %5s %5s %5s %5s | gain %%: %5s %5s %5s | ln width\n", "", "level", "expon", "floor", "none", "open",
           "small", "large", "10x");
    for (size_t k = 0; k < compare_n_sims; k++) {
        struct compare_tally t = {0};
        struct err err;
        if (argc > 2 && (size_t)atol(argv[2]) != k)
            continue;
        if (compare_sim_run(&t, &compare_sims[k], 0, n, &err) != OK) {
            fprintf(stderr, "%s\n", err.msg);
            return 1;
        }
        double all = 100 / (double)t.n;
        printf("%-52s", compare_sims[k].name);
        for (size_t a = 0; a < 5; a++)
            printf(" %5.0f", all * (double)t.called[a]);
        printf(" |        %5.0f %5.0f %5.0f | %.3f (%zu) %.3f (%zu) | plans: %zu of %zu open | floor with level: %.0f\n",
               all * (double)t.smallest, all * (double)t.gain, all * (double)t.gain_10x, t.width / (double)t.ended, t.ended,
               t.width_10x / (double)t.ended_10x, t.ended_10x, t.planned, t.called[COMPARE_OPEN], all * (double)t.both);
        fflush(stdout);
    }
    return 0;
}
