/* What the configs of two sweeps differ in, as a comparison has to tell it. */
#include "harness/config_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Keys that enter no hash and change what is trained all the same: by the shapes that are planned, or by what a run's own config
 * has in their place. */
static bool decides(const struct key *k)
{
    return k->hashed != NEVER || config_has_word("data.epochs model.head_size model.aspect train.teacher", k->path);
}

/* What a grid gives its runs, and what moves nothing but chance. */
static bool is_the_grids(const struct key *k)
{
    return config_has_word("model.d_model model.n_layer model.n_head train.tokens train.seed train.order_seed", k->path);
}

/* Whether a preset sets the key. */
static bool is_of_presets(const struct key *k)
{
    static const char *const switches[] = {
#define X(name, type, least, most, number, words, help) "model." #name,
        GPT_SWITCHES(X)
#undef X
    };
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (strcmp(k->path, switches[i]) == 0)
            return strcmp(k->path, "model.ensemble") != 0;
    return false;
}

/* Whether that side's switch is as its preset has it. */
static enum status is_the_presets(bool *same, const struct config *c, const struct key *k, struct err *err)
{
    struct config usual = *c; /* strings are borrowed */
    TRY(config_take_preset(&usual, err));
    return config_key_same(same, c, &usual, k, err);
}

/* Whether the preset, that differs, or the teacher says already that this key does. */
static enum status follows(bool *out, const struct config *from, const struct config *to, const struct key *k, struct err *err)
{
    bool first = false, second = false;
    *out = false;
    if (strcmp(k->path, "train.teacher_weights") == 0) {
        TRY(config_key_same(&first, from, to, config_keys_find("train.teacher"), err));
        *out = !first;
    } else if (from->model.preset != to->model.preset && is_of_presets(k)) {
        TRY(is_the_presets(&first, from, k, err));
        TRY(is_the_presets(&second, to, k, err));
        *out = first && second;
    }
    return OK;
}

static enum status tells(bool *out, const struct config *from, const struct config *to, const struct key *k, struct err *err)
{
    const struct key_before *before = config_keys_before(k);
    bool preset = strcmp(k->path, "model.preset") == 0, same = true, known = false;
    *out = false;
    if (!preset && (!decides(k) || is_the_grids(k) || (before && !before->matters(from) && !before->matters(to))))
        return OK;
    TRY(config_key_same(&same, from, to, k, err));
    if (!same)
        TRY(follows(&known, from, to, k, err));
    *out = !same && !known;
    return OK;
}

enum status config_differences(struct config_differences *d, const struct config *from, const struct config *to, struct err *err)
{
    *d = (struct config_differences){.n = 0};
    TRY(size_calloc(&d->items, config_n_keys, sizeof *d->items, "the keys that differ", err));
    for (size_t i = 0; i < config_n_keys; i++) {
        struct config_difference *x = &d->items[d->n];
        const struct key *k = &config_keys[i];
        bool differs;
        TRY(tells(&differs, from, to, k, err));
        if (!differs)
            continue;
        x->key = k->path;
        d->n++;
        TRY(config_key_text(&x->from, from, k, err));
        TRY(config_key_text(&x->to, to, k, err));
    }
    return OK;
}

void config_differences_free(struct config_differences *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->items[i].from);
        free(d->items[i].to);
    }
    free(d->items);
    *d = (struct config_differences){.n = 0};
}
