/* The search for a law's optimum on small and awkward tables: no held fit beats a free one. Subsets of simulated tables, and of
 * the public ones where those are present. */
#include "test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "search_samples.h"

/* "E=0", "alpha=beta" (a tie) or the name of a law that is a part of this one. */
static double held_objective(const struct sample *s, const char *what)
{
    struct solve_problem q = s->q;
    struct solve_result r = {.objective = (double)NAN};
    struct err err;
    const char *value = strchr(what, '=');
    if (!value) {
        q.law = law_find(what);
        solve_map_identity(&q.map, q.law);
    } else if (law_param_find(q.law, value + 1) >= 0) {
        EXPECT_OK(solve_map_tie(&q.map, q.law, what, &q.centre, &err));
    } else {
        EXPECT_OK(solve_map_fix(&q.map, q.law, what, &q.centre, &err));
    }
    EXPECT_OK(search_global(&r, &q, &err));
    return r.objective;
}

/* Newton stops where a step that promises this share of the objective does not lower it. */
#define SEARCH_STOPS 1e-11
/* One point worked out twice, held and free, differs by the rounding of each logarithm of a prediction: about ten
 * operations on numbers up to ten, a unit in the last place each. */
#define LN_DIGITS (100 * DBL_EPSILON)

/* Each sample against the floor's two, and two others by turns. */
static void held_and_free(struct sample *s, size_t k)
{
    static const char *const one[] = {"g=10", "power", "g=0.001"};
    static const char *const two[] = {"alpha=beta", "alpha=10", "beta=10", "alpha=0.001", "beta=0.001", "alpha=0.34",
                                      "g=1", "chinchilla", "g=beta", "g=0.00674", "g=54"};
    struct solve_result r;
    struct err err;
    char value[64];
    EXPECT_OK(search_global(&r, &s->q, &err));
    snprintf(value, sizeof value, "E=%.17g", r.p[0]);
    const char *const *list = s->q.law->n_vars == 1 ? one : two;
    size_t n = s->q.law->n_vars == 1 ? 3 : s->q.law == law_find("joint") ? 11 : 6;
    const char *const held[] = {"E=0", value, list[k % n], list[(k / n + k + n / 2) % n]};
    double rounding = 2 * solve_slack(&s->q, r.p, LN_DIGITS);
    for (size_t i = 0; i < 4; i++) {
        double other = held_objective(s, held[i]);
        not_worse(s, k, r.objective, other, SEARCH_STOPS * other + rounding, held[i]);
    }
}

/* Its best fit is a level: the second term has gone, and its exponent lies at the lower end. */
static void a_term_that_has_gone(void)
{
    struct fit_table t;
    if (!public_table(&t, "porian_rw_isoflop.csv"))
        return;
    one_sample(&t, 235, held_and_free);
    fit_table_free(&t);
}

static void held_never_beats_free(void)
{
    over_simulated(100, held_and_free);
}

static void held_never_beats_free_public(void)
{
    over_public(80, held_and_free);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"held_never_beats_free", held_never_beats_free},
        {"held_never_beats_free_public", held_never_beats_free_public},
        {"a_term_that_has_gone", a_term_that_has_gone},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
