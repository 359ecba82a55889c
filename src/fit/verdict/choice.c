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
static bool no_worse_ahead(const struct fit_report *r, const struct fit_law *a)
{
    for (size_t i = 0; i < r->n_laws; i++)
        if (!isfinite(r->laws[i].holdout_error) || !(a->holdout_error <= r->laws[i].holdout_error))
            return false;
    return true;
}

void choice_select(struct fit_report *r)
{
    bool told = false;
    r->selected = 0;
    r->selected_why = r->n_laws == 1 ? "the only law fitted" : "the usual law; no other is clearly better";
    for (size_t i = 1; i < r->n_laws; i++) {
        const struct fit_law *a = &r->laws[r->selected], *b = &r->laws[i];
        if (!lower_aicc(b, a))
            continue;
        if (b->holdout_error > HOLDOUT_SLACK * a->holdout_error) {
            r->selected_why = "another has a lower AICc, but misses the held-out runs by more";
            continue;
        }
        told = isfinite(a->aicc) && isfinite(b->aicc);
        r->selected = i;
        r->selected_why = told ? "lower AICc" : "fewer parameters: too few runs for the AICc of the other";
    }
    if (told && no_worse_ahead(r, &r->laws[r->selected]))
        r->selected_why = "lower AICc, and no worse on the held-out runs";
}

void choice_weigh(struct fit_report *r)
{
    double lowest = (double)INFINITY, sum = 0;
    size_t n = SIZE_MAX, compared = 0;
    if (r->n_laws == 0)
        return;
    for (size_t i = 0; i < r->n_laws; i++) {
        lowest = fmin(lowest, r->laws[i].aicc); /* NaN is passed over */
        n = size_min(n, r->laws[i].n_boot + r->laws[i].n_boot_failed);
    }
    for (size_t i = 0; i < r->n_laws; i++) {
        r->laws[i].weight = exp(-0.5 * (r->laws[i].aicc - lowest)); /* NaN where there is no AICc */
        sum += isfinite(r->laws[i].weight) ? r->laws[i].weight : 0;
    }
    for (size_t i = 0; i < r->n_laws; i++)
        r->laws[i].weight /= sum;
    for (size_t b = 0; b < n; b++) {
        size_t best = 0;
        bool all = true;
        for (size_t i = 0; i < r->n_laws; i++) {
            all = all && isfinite(r->laws[i].boot_aicc[b]);
            best = r->laws[i].boot_aicc[b] < r->laws[best].boot_aicc[b] ? i : best;
        }
        if (all) {
            r->laws[best].share++;
            compared++;
        }
    }
    for (size_t i = 0; i < r->n_laws; i++)
        r->laws[i].share = compared ? r->laws[i].share / (double)compared : (double)NAN;
}
