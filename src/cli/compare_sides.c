#include "cli/compare_sides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/size.h"
#include "cli/alike.h"
#include "cli/text.h"

/* --- what they are ------------------------------------------------------------------------------------------- */

static void name_side(struct side *s)
{
    char path[FILE_PATH_MAX];
    struct err ignored;
    const char *base = file_join(path, sizeof path, s->word, "", &ignored) == OK ? path : s->word;
    size_t n = strlen(base);
    while (n > 1 && base == path && path[n - 1] == '/')
        path[--n] = '\0';
    base = file_basename(base);
    snprintf(s->name, sizeof s->name, "%.63s", base[0] ? base : "runs");
    char *dot = strrchr(s->name, '.');
    if (dot && dot != s->name)
        *dot = '\0';
}

static enum status refuse_twins(const struct sides *s, struct err *err)
{
    for (size_t i = 1; i < s->n; i++)
        for (size_t j = 0; j < i; j++) {
            if (strcmp(s->items[i].name, s->items[j].name) != 0)
                continue;
            if (s->items[i].is_config && s->items[j].is_config)
                return err_set(err, E_USAGE, "%s and %s: two configs of one name would be trained in one folder",
                               s->items[j].word, s->items[i].word);
            char plain[40]; /* folders and tables keep their names apart by a number */
            snprintf(plain, sizeof plain, "%.39s", s->items[i].name);
            snprintf(s->items[i].name, sizeof s->items[i].name, "%s-%zu", plain, i);
        }
    return OK;
}

static enum status place(struct sides *s, const char *out, struct err *err)
{
    char name[96];
    bool any = false;
    for (size_t i = 0; i < s->n; i++)
        any = any || s->items[i].is_config;
    snprintf(name, sizeof name, "compare-%s", s->items[0].name);
    if (out)
        return file_join(s->out, sizeof s->out, out, "", err);
    return any ? file_join(s->out, sizeof s->out, "runs", name, err) : OK;
}

static enum status open_config(struct sides *s, size_t i, struct err *err)
{
    struct side *x = &s->items[i];
    const struct side *base = &s->items[0];
    TRY(file_join(x->dir, sizeof x->dir, s->out, x->name, err));
    x->source = x->dir;
    if (i > 0 && !base->is_config)
        return err_set(err, E_USAGE, "%s: a variant's config says what differs from the base's, but %s is no config: give the "
                       "variant's folder", x->word, base->word);
    TRY(i == 0 ? setup_open(&x->setup, x->word, s->sets, false, x->dir, s->isa, err)
               : setup_open_over(&x->setup, base->word, x->word, NULL, s->sets, x->dir, s->isa, err));
    x->waits = setup_waits(&x->setup);
    return OK;
}

enum status sides_open(struct sides *s, const char *const *words, size_t n, const char *out, const struct arg_list *sets,
                       const char *isa, struct err *err)
{
    *s = (struct sides){.sets = sets, .isa = isa};
    TRY(size_calloc(&s->items, n, sizeof *s->items, "the sides", err));
    s->n = n;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        struct side *x = &s->items[i];
        x->word = x->source = words[i];
        fitted_init(&x->fitted);
        x->is_config = config_is_one(words[i]);
        any = any || x->is_config;
        name_side(x);
    }
    if (sets->n > 0 && !any)
        return err_set(err, E_USAGE, "--set %s: nothing is trained here, no side is a config", sets->items[0]);
    TRY(refuse_twins(s, err));
    TRY(place(s, out, err));
    for (size_t i = 0; i < n; i++)
        if (s->items[i].is_config)
            TRY(open_config(s, i, err));
    return OK;
}

void sides_close(struct sides *s)
{
    for (size_t i = 0; i < s->n; i++) {
        costs_free(&s->items[i].costs);
        fitted_close(&s->items[i].fitted);
        setup_free(&s->items[i].setup);
    }
    free(s->items);
    *s = (struct sides){0};
}

/* --- runs and fits ------------------------------------------------------------------------------------------------ */

/* The base's finished run of the most parameters, of those the one of the most tokens, of the first seed. */
static enum status teacher_of(char *path, const struct side *base, struct err *err)
{
    const struct plan *p = &base->setup.plan;
    const struct run *best = NULL;
    for (size_t i = 0; i < p->n; i++) {
        const struct run *r = &p->runs[i];
        if (!best || r->params > best->params || (r->params == best->params && r->cfg.train.tokens > best->cfg.train.tokens))
            best = r;
    }
    return file_join(path, FILE_PATH_MAX, base->dir, best->name, err);
}

/* Once the base has been trained: the variant again, with its teacher. */
static enum status give_teacher(struct sides *s, size_t i, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct side *x = &s->items[i];
    TRY(teacher_of(path, &s->items[0], err));
    setup_free(&x->setup);
    return setup_open_over(&x->setup, s->items[0].word, x->word, path, s->sets, x->dir, s->isa, err);
}

static enum status train(struct sides *s, size_t i, const struct setup_how *how, struct err *err)
{
    struct side *x = &s->items[i];
    char took[32];
    if (x->waits && give_teacher(s, i, err) != OK) {
        if (err->code == E_CONFIG) /* a run that diverged cannot teach; the other variants need no teacher */
            err->code = E_RUN;
        return err->code;
    }
    text_message(stderr, "", "%s: %zu runs into %s", x->name, x->setup.plan.n, x->dir);
    TRY(setup_sweep(&x->outcome, &x->setup, x->dir, how, err));
    text_message(stderr, "", "%s: trained %zu runs in %s, %zu were done before", x->name, x->outcome.n_done,
                 count_format_seconds(took, sizeof took, x->outcome.seconds), x->outcome.n_skipped);
    if (x->outcome.n_diverged > 0)
        text_message(stderr, "warning: ", "%s: %zu runs diverged:%s", x->name, x->outcome.n_diverged, x->outcome.diverged);
    return OK;
}

enum status sides_train(struct sides *s, const struct setup_how *how, struct err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        struct side *x = &s->items[i];
        struct err why;
        if (!x->is_config)
            continue;
        enum status st = train(s, i, how, &why);
        if (st == E_RUN && i > 0) {
            snprintf(x->failed, sizeof x->failed, "%.399s", why.msg);
            text_message(stderr, "warning: ", "%s: %s", x->name, why.msg);
        } else if (st != OK) {
            *err = why;
            return st;
        }
    }
    return OK;
}

enum status sides_fit(struct sides *s, const struct fit_words *words, struct err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        struct side *x = &s->items[i];
        if (x->failed[0])
            continue;
        TRY(fitted_of_source(&x->fitted, &x->source, words, err));
        TRY(fitted_read(&x->fitted, err));
        x->fitted.opt.break_sims = 0; /* questions of one sweep alone */
        x->fitted.opt.holdout = 0;
        TRY(fitted_analyse(&x->fitted, err));
        TRY(costs_read(&x->costs, &x->fitted, err));
    }
    return OK;
}

/* "unlike data in one fit: A and B differ in K: fit one at a time", as what it says of the two. */
static void take_reason(char *out, size_t size, const char *msg)
{
    const char *from = strstr(msg, "in one fit: ");
    from = from ? from + strlen("in one fit: ") : msg;
    const char *to = strstr(from, ": fit one at a time");
    to = to ? to : strstr(from, ": take one of them");
    size_t n = to ? (size_t)(to - from) : strlen(from);
    snprintf(out, size, "%.*s", (int)size_min(n, size - 1), from);
}

enum status sides_unlike(char *out, size_t size, const struct side *a, const struct side *b, struct err *err)
{
    const char *const both[] = {a->source, b->source};
    struct fit_read_options read = fit_words_read(&a->fitted.words, &a->fitted.opt);
    struct fit_table t = {0};
    struct fit_lines careful = {0};
    struct err why;
    out[0] = '\0';
    read.loss = NULL; /* one side's alone */
    enum status st = fit_table_read(&t, both, 2, &read, &why);
    if (st == OK)
        st = alike_judge(&careful, both, 2, &t, a->fitted.words.where.n > 0, &why);
    if (st == E_DATA)
        take_reason(out, size, why.msg);
    fit_lines_free(&careful);
    fit_table_free(&t);
    return st == OK || st == E_DATA ? OK : err_set(err, st, "%s", why.msg);
}
