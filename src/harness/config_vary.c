/* Keys of a run that a grid crosses with its sizes, budgets and seeds. */
#include "harness/config_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double config_vary_count(const struct config *c)
{
    double n = 1;
    for (size_t i = 0; i < c->grid.vary.n; i++)
        n *= (double)c->grid.vary.items[i].n;
    return n;
}

static void give(struct config *c, const struct config_varied *v, size_t value)
{
    const struct key *k = config_keys_find(v->path);
    if (key_is_whole(k))
        *(size_t *)config_field(c, k) = (size_t)v->values[value];
    else
        *(double *)config_field(c, k) = v->values[value];
    if (k->type == T_RATE)
        c->train.lr_law.kind = LR_NUMBER;
    config_write_down(c, k, config_is_written(c, config_keys_find("grid.vary")) ||
                                config_is_written(c, config_keys_find("search.keys")));
}

enum status config_vary_give(struct config *c, const struct config_varied *v, size_t value, struct err *err)
{
    give(c, v, value);
    return strcmp(v->path, "model.preset") == 0 ? config_take_preset(c, err) : OK;
}

/* A preset before the switches that vary beside it. */
enum status config_vary_apply(struct config *c, size_t i, struct err *err)
{
    size_t preset = i;
    for (size_t j = c->grid.vary.n; j-- > 0; preset /= c->grid.vary.items[j].n) {
        const struct config_varied *v = &c->grid.vary.items[j];
        if (strcmp(v->path, "model.preset") != 0)
            continue;
        c->model.preset = (size_t)v->values[preset % v->n];
        TRY(config_take_preset(c, err));
    }
    for (size_t j = c->grid.vary.n; j-- > 0;) {
        const struct config_varied *v = &c->grid.vary.items[j];
        give(c, v, i % v->n);
        i /= v->n;
    }
    return OK;
}

static bool can_vary(const struct key *k)
{
    return strncmp(k->path, "model.", 6) == 0 || strncmp(k->path, "train.", 6) == 0;
}

/* Of a number or the place of a word; 0 of what is neither. */
static size_t number_size(const struct key *k)
{
    if (key_is_whole(k))
        return sizeof(size_t);
    return k->type == T_COUNT || k->type == T_DOUBLE || k->type == T_RATE || k->type == T_SECONDS ? sizeof(double) : 0;
}

/* Whether "a=1 name=2" names that key by the last part of its path. */
static bool text_names(const char *text, const char *path)
{
    const char *name = strrchr(path, '.') + 1;
    size_t n = strlen(name);
    for (const char *p = text; (p = strstr(p, name)); p += n)
        if (p[n] == '=' && (p == text || p[-1] == ' '))
            return true;
    return false;
}

static bool list_names(const struct config_vary *vary, const char *path)
{
    for (size_t i = 0; i < vary->n; i++)
        if (strcmp(vary->items[i].path, path) == 0)
            return true;
    return false;
}

/* Tokens and warm-up are whole batches, so that they move with what varies by less than one. */
static void level_rounded(struct config *to, const struct config *from)
{
    double batch = fmax((double)to->train.batch_tokens, (double)from->train.batch_tokens);
    if (fabs(to->train.tokens - from->train.tokens) < batch)
        to->train.tokens = from->train.tokens;
    if (fabs(to->train.warmup_tokens - from->train.warmup_tokens) < batch)
        to->train.warmup_tokens = from->train.warmup_tokens;
}

void config_vary_level(struct config *to, const struct config *from, const struct config_vary *vary, const char *text)
{
    to->train.order_seed = from->train.order_seed;
    if (list_names(vary, "train.batch_tokens") || text_names(text, "train.batch_tokens"))
        level_rounded(to, from);
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct key *k = &config_keys[i];
        size_t size = can_vary(k) ? number_size(k) : 0;
        if (size > 0 && (list_names(vary, k->path) || text_names(text, k->path)))
            memcpy(config_field(to, k), config_field(from, k), size);
    }
}

enum status config_vary_text(char *out, const struct config *c, const struct config_vary *vary, struct err *err)
{
    struct config shown = *c;
    size_t used = 0;
    shown.train.order_seed = config_order_seed(c);
    out[0] = '\0';
    for (size_t i = 0; i < vary->n && used < CONFIG_VARIED_MAX; i++) {
        char *text, *word;
        TRY(config_key_text(&text, &shown, config_keys_find(vary->items[i].path), err));
        word = text + (text[0] == '"'); /* a word without its quotes */
        int n = snprintf(out + used, CONFIG_VARIED_MAX - used, "%s%s=%.*s", used ? " " : "",
                         strrchr(vary->items[i].path, '.') + 1, (int)strcspn(word, "\""), word);
        used += n > 0 ? (size_t)n : 0;
        free(text);
    }
    if (c->train.order_seed && !list_names(vary, "train.order_seed") && used < CONFIG_VARIED_MAX)
        snprintf(out + used, CONFIG_VARIED_MAX - used, "%sorder_seed=%zu", used ? " " : "", c->train.order_seed);
    return OK;
}
