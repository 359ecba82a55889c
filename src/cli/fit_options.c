#include "cli/fit_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number from lo to hi that ends at `end`; false otherwise. */
static bool number_up_to(double *out, const char *text, const char *end, double lo, double hi)
{
    char *stop;
    *out = strtod(text, &stop);
    return stop == end && stop != text && *out >= lo && *out <= hi;
}

static bool parse_objective(struct solve_objective *obj, const char *text)
{
    static const struct {
        const char *word;
        enum solve_loss loss;
    } words[] = {{"huber", SOLVE_HUBER}, {"lad", SOLVE_LAD}, {"lsq", SOLVE_LSQ}};
    const char *comma = strchr(text, ','), *end = text + strlen(text), *head = comma ? comma : end;
    size_t n = strcspn(text, ":,"), k = 0;
    while (k < 3 && !(strlen(words[k].word) == n && strncmp(text, words[k].word, n) == 0))
        k++;
    if (k == 3)
        return false;
    obj->loss = words[k].loss;
    /* below that a Huber loss is least absolute deviations, which has its own name */
    if (text + n != head && (obj->loss != SOLVE_HUBER || !number_up_to(&obj->delta, text + n + 1, head, 1e-9, 1e3)))
        return false;
    obj->over = 1;
    return !comma ||
           (strncmp(comma, ",over=", 6) == 0 && number_up_to(&obj->over, comma + 6, end, 1e-3, 1e3));
}

enum status fit_options_objective(struct solve_objective *obj, const char *text, struct err *err)
{
    struct solve_objective parsed = *obj;
    if (!parse_objective(&parsed, text))
        return err_set(err, E_USAGE, "--objective %s: expected " FIT_OPTIONS_OBJECTIVES ", with DELTA from 1e-9 to "
                       "1000 and W, the weight of runs that the law puts too high, from .001 to 1000", text);
    *obj = parsed;
    return OK;
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

enum status fit_options_bootstrap(size_t n, struct err *err)
{
    if (n > 1000000 || (n > 0 && n < 20))
        return err_set(err, E_USAGE, "--bootstrap %zu: expected 0, or 20 to 1000000", n);
    return OK;
}

static const char *const scales[] = {"log", "raw", "log1p"};

/* The word among --scale that is no role=FACTOR; NULL: none. */
static const char *residual_scale(const struct fit_words *w)
{
    const char *last = NULL;
    for (size_t i = 0; i < w->scale.n; i++)
        if (!strchr(w->scale.items[i], '='))
            last = w->scale.items[i];
    return last;
}

static enum status read_scale(enum solve_scale *out, const struct fit_words *w, struct err *err)
{
    const char *word = residual_scale(w);
    *out = w->raw ? SOLVE_RAW : SOLVE_LOG;
    for (int i = 0; word && i < 3; i++)
        if (strcmp(word, scales[i]) == 0) {
            *out = (enum solve_scale)i;
            return OK;
        }
    return word ? err_set(err, E_USAGE, "--scale %s: expected log, raw or log1p, or ROLE=FACTOR", word) : OK;
}

struct fit_words fit_words_default(void)
{
    const struct fit_options def = fit_options_default();
    return (struct fit_words){.objective = "huber:1e-3",
                              .count = "total",
                              .bootstrap = def.bootstrap,
                              .holdout = def.holdout,
                              .window = def.isoflop_window,
                              .seed = def.seed};
}

void fit_words_config(struct fit_words *w, const struct config *c)
{
    w->law = c->fit.law[0] ? c->fit.law : NULL;
    w->objective = c->fit.objective;
    w->count = c->fit.count;
    w->bootstrap = c->fit.bootstrap;
    w->loss = c->fit.loss ? config_loss_name(c) : NULL;
    w->holdout = c->fit.holdout;
    w->seed = c->fit.seed;
}

size_t fit_words_args(struct arg out[FIT_OPTIONS_MAX], struct fit_words *w)
{
    char names[LAW_NAMES];
    snprintf(w->law_help, sizeof w->law_help, "%s (default: choose)", law_names(names));
    const struct arg all[] = {
        {"--law", ARG_STRING, &w->law, "L", w->law_help},
        {"--objective", ARG_STRING, &w->objective, "O",
         "huber:DELTA (default huber:1e-3, summed), lad or lsq; with ,over=W runs that the law puts too high weigh W "
         "times"},
        {"--raw", ARG_FLAG, &w->raw, NULL, "residuals of the loss itself, not of its logarithm (--scale raw)"},
        {"--scale", ARG_LIST, &w->scale, "ROLE=FACTOR",
         "numbers of a column times a factor or unit: params=1e6, flops=PF-days; or log (default), raw, log1p: "
         "residuals of "
         "log loss, of the loss, of log1p"},
        {"--bootstrap", ARG_SIZE, &w->bootstrap, "N", "resamples for the intervals (default 400; 0: none)"},
        {"--stratify", ARG_FLAG, &w->stratify, NULL, "resample within each compute budget"},
        {"--profile", ARG_FLAG, &w->profile, NULL,
         "print every law fitted, BCa and profile-likelihood intervals, and profiles of the objective"},
        {"--holdout", ARG_DOUBLE, &w->holdout, "F",
         "share of the runs, the largest, to predict (default 0.2); given, they are listed"},
        {"--count", ARG_STRING, &w->count, "WHICH", "parameters counted: total, nonembd or matmul"},
        {"--where", ARG_LIST, &w->where, "COL=VALUE", "only rows that match; also != < <= > >= (may be repeated)"},
        {"--column", ARG_LIST, &w->column, "ROLE=NAME",
         "the column that is params, tokens, flops, loss, trunk, status, ... (may be repeated)"},
        {"--drop-missing", ARG_FLAG, &w->drop_missing, NULL, "leave out rows without a loss or a size, and count them"},
        {"--best", ARG_FLAG, &w->best, NULL, "of each size and budget only the run with the lowest loss"},
        {"--x", ARG_STRING, &w->x, "COLUMN", "the variable of a one-variable law"},
        {"--y", ARG_STRING, &w->y, "COLUMN", "the column to fit (default: the loss)"},
        {"--tie", ARG_LIST, &w->tie, "A=B", "keep two parameters equal: alpha=beta, A=B, g=beta, RN=RD"},
        {"--fix", ARG_LIST, &w->fix, "P=VALUE", "hold a parameter, such as E=0"},
        {"--window", ARG_DOUBLE, &w->window, "F", "IsoFLOP parabola within this factor of the minimum (default 4)"},
        {"--seed", ARG_U64, &w->seed, "S", "seed of the resamples (default 1)"},
    };
    _Static_assert(sizeof all / sizeof *all <= FIT_OPTIONS_MAX, "FIT_OPTIONS_MAX is too small");
    memcpy(out, all, sizeof all);
    return sizeof all / sizeof *all;
}

static enum status copy_list(const char **out, size_t *n, const struct arg_list *list, const char *name,
                             struct err *err)
{
    if (list->n > FIT_MAX_CONDITIONS)
        return err_set(err, E_USAGE, "%s: at most %d times", name, FIT_MAX_CONDITIONS);
    for (size_t i = 0; i < list->n; i++)
        out[i] = list->items[i];
    *n = list->n;
    return OK;
}

struct fit_read_options fit_words_read(const struct fit_words *w, const struct fit_options *opt)
{
    return (struct fit_read_options){.where = w->where.items, .n_where = w->where.n, .loss = w->loss, .x = w->x,
                                     .y = w->y,
                                     .count = opt->count, .column = w->column.items, .n_column = w->column.n,
                                     .scale = w->scale.items, .n_scale = w->scale.n, .best = w->best,
                                         .drop_missing = w->drop_missing};
}

enum status fit_words_options(struct fit_options *opt, const struct fit_words *w, struct err *err)
{
    *opt = fit_options_default();
    opt->law = w->law;
    opt->bootstrap = w->bootstrap;
    opt->holdout = w->holdout;
    opt->isoflop_window = w->window;
    opt->seed = w->seed;
    opt->stratify = w->stratify;
    opt->profile = w->profile;
    TRY(read_scale(&opt->obj.scale, w, err));
    TRY(fit_options_objective(&opt->obj, w->objective, err));
    TRY(fit_options_count(&opt->count, w->count, err));
    TRY(copy_list(opt->tie, &opt->n_tie, &w->tie, "--tie", err));
    TRY(copy_list(opt->fix, &opt->n_fix, &w->fix, "--fix", err));
    if (!(w->holdout >= 0 && w->holdout < 1))
        return err_set(err, E_USAGE, "--holdout %g: expected a share from 0 to below 1", w->holdout);
    if (!(w->window > 1))
        return err_set(err, E_USAGE, "--window %g: expected a factor above 1", w->window);
    TRY(fit_options_bootstrap(w->bootstrap, err));
    const struct fit_read_options read = fit_words_read(w, opt);
    TRY(fit_read_check(&read, err));
    return fit_options_check(opt, err);
}

/* ---- as settings ---- */

static struct input_setting setting_of(const struct arg *a)
{
    struct input_setting s = {.name = a->name + 2};
    switch (a->type) {
    case ARG_FLAG:
        s.flag = *(const bool *)a->target;
        break;
    case ARG_STRING:
        s.kind = INPUT_TEXT;
        s.text = *(const char *const *)a->target;
        break;
    case ARG_LIST: {
        const struct arg_list *list = a->target;
        s.kind = INPUT_LIST;
        s.list = list->items;
        s.n = list->n;
        break;
    }
    case ARG_SIZE:
        s.kind = INPUT_WHOLE;
        s.whole = *(const size_t *)a->target;
        break;
    case ARG_U64:
        s.kind = INPUT_WHOLE;
        s.whole = *(const uint64_t *)a->target;
        break;
    case ARG_DOUBLE:
    case ARG_COUNT:
        s.kind = INPUT_NUMBER;
        s.number = *(const double *)a->target;
        break;
    case ARG_MAYBE: /* none of the fit's options is one */
        break;
    }
    return s;
}

void fit_words_settings(struct fit_settings *s, const struct fit_words *w, const struct fit_options *opt)
{
    struct fit_words copy = *w;
    struct arg args[FIT_OPTIONS_MAX];
    static const char *const losses[] = {"huber", "lad", "lsq"};
    if (opt->obj.loss == SOLVE_HUBER)
        snprintf(s->objective, sizeof s->objective, "huber:%.9g", opt->obj.delta);
    else
        snprintf(s->objective, sizeof s->objective, "%s", losses[opt->obj.loss]);
    size_t at = strlen(s->objective);
    if (opt->obj.over > 0 && opt->obj.over != 1)
        snprintf(s->objective + at, sizeof s->objective - at, ",over=%.9g", opt->obj.over);
    copy.objective = s->objective;
    copy.raw = opt->obj.scale == SOLVE_RAW;
    s->n = 0;
    size_t n = fit_words_args(args, &copy);
    for (size_t i = 0; i < n; i++)
        if (args[i].target != &copy.drop_missing || copy.drop_missing) /* fits of before it was there have no such setting */
            s->items[s->n++] = setting_of(&args[i]);
}
