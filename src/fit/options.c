#include "fit/options.h"

struct fit_options fit_options_default(void)
{
    return (struct fit_options){.obj = {SOLVE_HUBER, 1e-3, SOLVE_LOG, 1},
                                .bootstrap = 400,
                                .holdout = 0.2,
                                .break_sims = 199,
                                .isoflop_window = 4,
                                .seed = 1};
}

enum status fit_options_map(struct solve_map *map, const struct law *law, const struct law_centre *c,
                            const struct fit_options *opt, struct err *err)
{
    solve_map_identity(map, law);
    for (size_t i = 0; i < opt->n_fix; i++)
        TRY(solve_map_fix(map, law, opt->fix[i], c, err));
    for (size_t i = 0; i < opt->n_tie; i++)
        TRY(solve_map_tie(map, law, opt->tie[i], c, err));
    if (map->n_free == 0)
        return err_set(err, E_USAGE, "law %s: nothing is left to fit", law->name);
    return OK;
}

bool fit_options_suit(const struct fit_options *opt, const struct law *law)
{
    const struct law_centre c = {0, 0};
    struct solve_map map;
    struct err ignored;
    return fit_options_map(&map, law, &c, opt, &ignored) == OK;
}

enum status fit_options_check(const struct fit_options *opt, struct err *err)
{
    const struct law *law = opt->law ? law_find(opt->law) : law_find("chinchilla");
    const struct law_centre c = {0, 0};
    struct solve_map map;
    char names[LAW_NAMES];
    if (!law)
        return err_set(err, E_USAGE, "--law %s: no such law (%s)", opt->law, law_names(names));
    for (size_t i = 0; law_nth(i) && !opt->law; i++)
        if (fit_options_suit(opt, law_nth(i)))
            return OK;
    return fit_options_map(&map, law, &c, opt, err);
}
