#include "fit/fitted_law.h"

#include <stdlib.h>

void fit_law_free(struct fit_law *f)
{
    free(f->held);
    free(f->boot);
    free(f->draws);
    free(f->boot_aicc);
}

struct fit_value fit_predict(const struct fit_law *f, double n, double d)
{
    return fit_predict_repeated(f, n, d, d);
}

struct fit_value fit_predict_repeated(const struct fit_law *f, double n, double d, double unique)
{
    const struct law_point x = law_point(f->law, &f->problem.centre, n, d, unique);
    for (size_t b = 0; b < f->n_boot; b++)
        f->draws[b] = law_value(f->law, f->boot + b * f->law->n_params, &x, &f->problem.centre);
    return stats_summary(law_value(f->law, f->best.p, &x, &f->problem.centre), f->draws, f->n_boot, f->z);
}

void fit_laws_free(struct fit_laws *laws)
{
    for (size_t i = 0; i < laws->n; i++)
        fit_law_free(&laws->at[i]);
    *laws = (struct fit_laws){.n = 0};
}

const struct fit_law *fit_laws_selected(const struct fit_laws *laws)
{
    return laws->selected < laws->n ? &laws->at[laws->selected] : NULL;
}
