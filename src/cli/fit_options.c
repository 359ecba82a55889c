#include "cli/fit_options.h"

#include <stdlib.h>
#include <string.h>

enum status fit_options_objective(struct solve_objective *obj, const char *text, struct err *err)
{
    if (strcmp(text, "lad") == 0 || strcmp(text, "lsq") == 0) {
        obj->loss = text[1] == 'a' ? SOLVE_LAD : SOLVE_LSQ;
        return OK;
    }
    obj->loss = SOLVE_HUBER;
    if (strcmp(text, "huber") == 0)
        return OK;
    char *end = NULL;
    if (strncmp(text, "huber:", 6) == 0) {
        obj->delta = strtod(text + 6, &end);
        /* below that a Huber loss is least absolute deviations, which has its own name */
        if (end != text + 6 && *end == '\0' && obj->delta >= 1e-9 && obj->delta <= 1e3)
            return OK;
    }
    return err_set(err, E_USAGE,
                   "--objective %s: expected huber:DELTA with DELTA from 1e-9 to 1000, lad or lsq", text);
}

enum status fit_options_count(enum fit_count *out, const char *text, struct err *err)
{
    for (int i = 0; i < FIT_N_COUNTS; i++)
        if (strcmp(text, fit_count_name((enum fit_count)i)) == 0) {
            *out = (enum fit_count)i;
            return OK;
        }
    return err_set(err, E_USAGE, "--count %s: expected total, nonembd or matmul", text);
}
