/* What the verdict quotes, judged on real sweeps of languages whose floor is known (tests/bank). docs/intervals.md has how
 * it was chosen, and what it does on families that it was not chosen on. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bank.h"

static struct bank bank;

static struct fit_options options(void)
{
    struct fit_options o = fit_options_default();
    o.bootstrap = 40;
    o.break_sims = 0;
    return o;
}

/* At least 30 sweeps of four families; nine floors of ten covered, half of the floors identified, half of those to 6 %. */
static void floors_are_covered(void)
{
    double widths[200];
    size_t covered = 0, identified = 0, given = 0;
    for (size_t i = 0; i < bank.n; i++) {
        struct err err;
        struct fit_report r;
        const struct fit_options o = options();
        EXPECT_OK(fit_analyse(&r, &bank.sweeps[i].table, &o, &err));
        const struct fit_verdict *v = &r.verdict;
        bool withheld = v->withheld[0] != '\0';
        given += !withheld;
        covered += !withheld && v->truth_covered;
        if (!withheld && v->floor_identified)
            widths[identified++] = (v->floor.hi - v->floor.lo) / (2 * v->floor.value);
        if (!withheld && !v->truth_covered)
            printf("  %s: truth %.4g, quoted %.4g to %.4g\n", bank.sweeps[i].name, v->truth_heldout, v->floor.lo, v->floor.hi);
        fit_report_free(&r);
    }
    double median = bank_median(widths, identified);
    printf("  floors: %zu of %zu covered, %zu withheld, %zu identified, their median half-width %.1f %%\n", covered, given,
           bank.n - given, identified, 100 * median);
    EXPECT(bank.n >= 30);
    EXPECT(given >= bank.n * 3 / 4);
    EXPECT(10 * covered >= 9 * given);
    EXPECT(2 * identified >= bank.n);
    EXPECT(median <= 0.06);
}

int main(int argc, char **argv)
{
    static const struct test cases[] = {{"floors_are_covered", floors_are_covered}};
    struct err err;
    if (bank_read(&bank, &err) != OK) {
        fprintf(stderr, "test_bank: %s\n", err.msg);
        return 1;
    }
    int rc = test_main(argc, argv, cases, sizeof cases / sizeof *cases);
    bank_free(&bank);
    return rc;
}
