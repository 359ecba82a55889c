/* Ties and fixed values: the inner parameters of a law from those that are free. */
#ifndef PLATEAU_FIT_SOLVE_MAP_H
#define PLATEAU_FIT_SOLVE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "fit/law.h"

/* Inner parameters as a function of the free ones, p = m z + c: ties and fixed values. Where a parameter held as
 * its logarithm equals one held as it is (g = beta), it is ln of that one instead. */
struct solve_map {
    size_t n_free;
    size_t of[LAW_MAX_PARAMS]; /* (n_free) the parameter that each free one is */
    double m[LAW_MAX_PARAMS][LAW_MAX_PARAMS];
    double c[LAW_MAX_PARAMS];
    size_t ln_of[LAW_MAX_PARAMS]; /* 1 + the parameter that this one is the logarithm of; 0: affine */
    bool identity; /* nothing tied or fixed */
};

struct solve_range {
    double lo, hi;
};

void solve_map_identity(struct solve_map *map, const struct law *law);
/* "alpha=beta" and "E=0" in outer values; E_USAGE for an unknown name, a tie that the law's row does not list, or
 * a value outside the law's bounds. */
enum status solve_map_tie(struct solve_map *map, const struct law *law, const char *text,
                          const struct law_centre *c, struct err *err) WARN_UNUSED;
enum status solve_map_fix(struct solve_map *map, const struct law *law, const char *text,
                          const struct law_centre *c, struct err *err) WARN_UNUSED;
/* Hold parameter i at an outer value; false where it is settled already. */
bool solve_map_hold(struct solve_map *map, const struct law *law, size_t i, double outer,
                    const struct law_centre *c);
/* The n inner parameters at free values z, and their derivatives d[i][a] in z_a where they are p. */
void solve_map_inner(double *p, const struct solve_map *map, const double *z, size_t n);
void solve_map_slopes(double d[LAW_MAX_PARAMS][LAW_MAX_PARAMS], const struct solve_map *map, const double *p,
                      size_t n);
/* True where the parameter is one of the free variables, neither held nor following another. */
bool solve_map_is_free(const struct solve_map *map, size_t param);
/* What free variable j may be: the law's bounds, and those of what follows it. */
struct solve_range solve_map_range(const struct solve_map *map, const struct law *law, size_t j);

#endif
