/* Configs that go on from a sweep's folder: what that holds, and what was usual when it was made. */
#include "harness/config_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static double smallest(const struct config_counts *list)
{
    double least = list->n ? list->items[0] : 0;
    for (size_t i = 1; i < list->n; i++)
        least = fmin(least, list->items[i]);
    return least;
}

static void remember_smallest(struct config *c)
{
    c->grid.warmup_tokens = config_has_grid(c) ? smallest(&c->grid.tokens) : c->train.tokens;
    c->grid.warmup_flops = smallest(&c->grid.flops);
}

enum status config_load_sweep(struct config *c, const char *dir, struct err *err)
{
    char path[FILE_PATH_MAX];
    FILE *f;
    TRY(file_join(path, sizeof path, dir, "sweep.json", err));
    TRY(file_open_regular(&f, path, err)); /* the reader of configs takes pipes, and would wait at one */
    fclose(f);
    /* Later versions write the key whatever it is. */
    double kept = c->grid.warmup_tokens;
    c->grid.warmup_tokens = (double)NAN;
    TRY(config_load_member(c, path, "config", err));
    if (isnan(c->grid.warmup_tokens)) {
        c->grid.warmup_tokens = kept;
        remember_smallest(c);
    }
    return OK;
}

void config_unsay(struct config *c)
{
    for (size_t i = 0; i < config_n_befores; i++) {
        const struct key *k = config_keys_find(config_key_befores[i].path);
        if (key_is_whole(k))
            *(size_t *)config_field(c, k) = CONFIG_UNSAID;
        else
            *(double *)config_field(c, k) = (double)NAN;
    }
}

static bool is_unsaid(const struct config *c, const struct key *k)
{
    return key_is_whole(k) ? *(const size_t *)config_field(c, k) == CONFIG_UNSAID : isnan(*(const double *)config_field(c, k));
}

/* Of what was not said: what was done before where the folder has that, else the default. */
static void follow_befores(struct config *c, const struct config *there)
{
    for (size_t i = 0; i < config_n_befores; i++) {
        const struct key_before *before = &config_key_befores[i];
        const struct key *k = config_keys_find(before->path);
        if (is_unsaid(c, k))
            config_set_number(c, k, there && before->matters(there) && config_number(there, k) == before->value ? before->value
                                                                                                             : k->number);
    }
}

void config_say_rest(struct config *c)
{
    follow_befores(c, NULL);
}

/* What the folder has already is its own: that some version took it is no question of this one. */
static enum status disown_same(struct config *c, const struct config *there, struct err *err)
{
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct key *k = &config_keys[i];
        bool same;
        if (!config_is_written(c, k))
            continue;
        TRY(config_key_same(&same, c, there, k, err));
        if (same)
            config_write_down(c, k, false);
    }
    return OK;
}

enum status config_follow_sweep(struct config *c, const char *dir, bool single, struct err *err)
{
    struct config there;
    struct err unread; /* who writes the file again says what was wrong with it */
    config_init(&there);
    enum status st = config_load_sweep(&there, dir, &unread);
    if (st == OK) {
        c->grid.warmup_tokens = there.grid.warmup_tokens;
        c->grid.warmup_flops = there.grid.warmup_flops;
        if (single && there.grid.warmup_tokens > 0 && !config_has_grid(&there))
            c->grid.warmup_tokens = c->train.tokens;
    }
    follow_befores(c, st == OK ? &there : NULL);
    if (st == OK)
        st = disown_same(c, &there, &unread);
    config_free(&there);
    return st == E_NOMEM ? err_set(err, st, "%s", unread.msg) : OK;
}
