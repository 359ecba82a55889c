#include "fit/verdict/choice.h"

#include <math.h>

#include "base/size.h"

/* A further law replaces the first only for an AICc lower by this much (about e to 1 odds), and only
 * where it does not predict the held-out runs clearly worse. */
#define AICC_MARGIN 2.0
#define HOLDOUT_SLACK 1.2

/* Where a law has too many parameters for its AICc, one that has none fewer than another's is no reason to take it:
 * the corrected criterion grows without bound on the way there. */
static bool lower_aicc(const struct fit_law *b, const struct fit_law *a)
{
    bool simpler = b->problem.map.n_free < a->problem.map.n_free;
    if (isfinite(a->aicc) && isfinite(b->aicc))
        return b->aicc < a->aicc - (simpler ? 0 : AICC_MARGIN);
    return isfinite(b->aicc) || (!isfinite(a->aicc) && simpler);
}

/* It predicts the held-out runs as well as every other law fitted. Of what could not be predicted nothing is said. */
static bool no_worse_ahead(const struct fit_laws *laws, const struct fit_law *a)
{
    for (size_t i = 0; i < laws->n; i++)
        if (!isfinite(laws->at[i].holdout_error) || !(a->holdout_error <= laws->at[i].holdout_error))
            return false;
    return true;
}

void choice_select(struct fit_laws *laws)
{
    bool told = false;
    laws->selected = 0;
    laws->selected_why = laws->n == 1 ? "the only law fitted" : "the usual law; no other is clearly better";
    for (size_t i = 1; i < laws->n; i++) {
        const struct fit_law *a = &laws->at[laws->selected], *b = &laws->at[i];
        if (!lower_aicc(b, a))
            continue;
        if (b->holdout_error > HOLDOUT_SLACK * a->holdout_error) {
            laws->selected_why = "another has a lower AICc, but misses the held-out runs by more";
            continue;
        }
        told = isfinite(a->aicc) && isfinite(b->aicc);
        laws->selected = i;
        laws->selected_why = told ? "lower AICc" : "fewer parameters: too few runs for the AICc of the other";
    }
    if (told && no_worse_ahead(laws, &laws->at[laws->selected]))
        laws->selected_why = "lower AICc, and no worse on the held-out runs";
}

void choice_weigh(struct fit_laws *laws)
{
    double lowest = (double)INFINITY, sum = 0;
    size_t n = SIZE_MAX, compared = 0;
    if (laws->n == 0)
        return;
    for (size_t i = 0; i < laws->n; i++) {
        lowest = fmin(lowest, laws->at[i].aicc); /* NaN is passed over */
        n = size_min(n, laws->at[i].n_boot + laws->at[i].n_boot_failed);
    }
    for (size_t i = 0; i < laws->n; i++) {
        laws->at[i].weight = exp(-0.5 * (laws->at[i].aicc - lowest)); /* NaN where there is no AICc */
        sum += isfinite(laws->at[i].weight) ? laws->at[i].weight : 0;
    }
    for (size_t i = 0; i < laws->n; i++)
        laws->at[i].weight /= sum;
    for (size_t b = 0; b < n; b++) {
        size_t best = 0;
        bool all = true;
        for (size_t i = 0; i < laws->n; i++) {
            all = all && isfinite(laws->at[i].boot_aicc[b]);
            best = laws->at[i].boot_aicc[b] < laws->at[best].boot_aicc[b] ? i : best;
        }
        if (all) {
            laws->at[best].share++;
            compared++;
        }
    }
    for (size_t i = 0; i < laws->n; i++)
        laws->at[i].share = compared ? laws->at[i].share / (double)compared : (double)NAN;
}
