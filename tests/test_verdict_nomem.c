/* The verdict without memory. */
#include "test.h"

#include "verdict_grid.h"
#include "wrap.h"

/* Whichever array cannot be had, the fit fails and says so: no number goes missing. The first `each` are tried one by
 * one, and `more` of the rest. */
static void starve(size_t seeds, size_t each, size_t more)
{
    struct fit_table t;
    struct fit_report r;
    struct err err;
    struct fit_options o = quick("chinchilla", 20);
    o.break_sims = 20;
    grid(&t, seeds);
    shake(&t, 0.003);
    t.col[FIT_LOSS][30] *= 1.5;
    wrap_fail(WRAP_NONE, false);
    analyse(&r, &t, &o);
    size_t all = wrap_stop(), last = more ? all : each;
    fit_report_free(&r);
    EXPECT(all > each);
    for (size_t k = 0; k < last && !test_failed(); k += k < each || !more ? 1 : all / more) {
        wrap_fail(k, false);
        enum status st = fit_analyse(&r, &t, &o, &err);
        wrap_stop();
        EXPECT_MSG(st == E_NOMEM, "array %zu of %zu cannot be had: status %d", k, all, (int)st);
        fit_report_free(&r);
    }
    fit_table_free(&t);
}

static void no_memory_is_an_error(void)
{
    if (!wrap_works())
        return;
    starve(2, test_slow() ? 8 : 30, test_slow() ? 12 : 30);
    starve(15, test_slow() ? 8 : 24, 0); /* longer tables are thinned for the search */
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"no_memory_is_an_error", no_memory_is_an_error},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
