/* Keys that nothing reads where another key has some value. A config that asks for one is refused by name; one that has it
 * from a preset, a folder or a base is not, so that part of these can be changed alone. */
#include "harness/config_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pair {
    const char *path, *of; /* the key, and that which it hangs on */
    const char *words;     /* of a choice: the words with which it is read, blanks between */
    double above;          /* of a number: so is it above this */
    bool (*reads)(const struct config *c); /* or is it read here */
    const char *what; /* that the key is for */
    bool asks;  /* true asks for it and false does not, whatever the default; other keys ask where they are not at theirs */
};

static bool norms_heads(const struct config *c)
{
    return c->model.qk_norm;
}

static bool has_head(const struct config *c)
{
    return !c->model.tied;
}

static bool has_windows(const struct config *c)
{
    return c->model.window_full != 1;
}

/* Without experts or with too many a token another rule speaks. */
static bool picks_experts(const struct config *c)
{
    return c->model.n_expert == 0 || c->model.top_k != c->model.n_expert;
}

static bool cools(const struct config *c)
{
    return c->train.schedule != SCHEDULE_WSD || c->train.cooldown > 0;
}

static bool varies(const struct config *c)
{
    return c->grid.vary.n > 0;
}

static const struct pair pairs[] = {
    /* clang-format off */
    {"model.base_d_model", "model.parametrisation", .words = "completep", .what = "completep"},
    {"model.base_n_layer", "model.parametrisation", .words = "completep", .what = "completep"},
    {"model.norm_gain", "model.norm", .words = "layernorm rmsnorm", .reads = norms_heads, .what = "norms"},
    {"model.norm_bias", "model.norm", .words = "layernorm", .what = "layernorm", .asks = true},
    {"model.norm_place", "model.norm", .words = "layernorm rmsnorm", .what = "norms"},
    {"model.norm_embed", "model.norm", .words = "layernorm rmsnorm", .what = "norms"},
    {"model.rope_base", "model.position", .words = "rope", .what = "rope"},
    {"model.top_k", "model.n_expert", .what = "experts"},
    {"model.balance", "model.n_expert", .what = "experts"},
    {"model.balance", "model.top_k", .reads = picks_experts, .what = "fewer experts a token than there are"},
    {"model.qk_norm_all", "model.qk_norm", .what = "norms of q and k"},
    {"model.zero_head", "model.tied", .reads = has_head, .what = "a head of its own"},
    {"model.window_full", "model.window", .what = "layers without the window of others"},
    {"model.window", "model.window_full", .reads = has_windows, .what = "layers that do not see all"},
    {"train.cooldown", "train.schedule", .words = "wsd", .what = "wsd"},
    {"train.min_lr", "train.schedule", .words = "wsd cosine linear", .what = "rates that fall"},
    {"train.min_lr", "train.cooldown", .reads = cools, .what = "rates that fall"},
    {"train.nesterov", "train.momentum", .what = "a momentum", .asks = true},
    {"train.cautious_decay", "train.weight_decay", .what = "weights that decay"},
    {"train.soap_every", "train.soap_max_dim", .above = 1, .what = "eigenvectors"},
    {"train.distill_temperature", "train.distill_weight", .what = "soft targets"},
    {"grid.vary_at", "grid.vary", .reads = varies, .what = "keys that vary"},
    /* clang-format on */
};

bool config_has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
            return true;
    return false;
}

static enum status word_of(char *out, size_t size, const struct config *c, const char *path, struct err *err)
{
    char *text;
    TRY(config_key_text(&text, c, config_keys_find(path), err));
    snprintf(out, size, "%.*s", (int)strcspn(text + (text[0] == '"'), "\""), text + (text[0] == '"'));
    free(text);
    return OK;
}

static enum status is_read(bool *out, const struct config *c, const struct pair *p, struct err *err)
{
    char word[64];
    *out = p->reads && p->reads(c);
    if (p->words) {
        TRY(word_of(word, sizeof word, c, p->of, err));
        *out = *out || config_has_word(p->words, word);
    } else if (!p->reads) {
        *out = config_number(c, config_keys_find(p->of)) > p->above;
    }
    return OK;
}

static enum status check(const struct config *c, const struct pair *p, const struct key *k, struct err *err)
{
    char value[64], other[256];
    bool read;
    if (config_number(c, k) == (p->asks ? 0 : k->number))
        return OK;
    TRY(is_read(&read, c, p, err));
    if (read)
        return OK;
    TRY(word_of(value, sizeof value, c, p->path, err));
    TRY(word_of(other, sizeof other, c, p->of, err));
    return err_set(err, E_CONFIG, "%s=%s is for %s; %s is %s", p->path, value, p->what, p->of, other);
}

static bool lists(const struct config_vary *vary, const char *path)
{
    for (size_t i = 0; i < vary->n; i++)
        if (strcmp(vary->items[i].path, path) == 0)
            return true;
    return false;
}

/* One value beside several of what it hangs on, in a grid or a search, serves those that read it. */
static bool serves_some(const struct config *c, const struct pair *p)
{
    return (lists(&c->grid.vary, p->of) || lists(&c->search.keys, p->of)) && !lists(&c->grid.vary, p->path) &&
           !lists(&c->search.keys, p->path);
}

enum status config_check_pairs(const struct config *c, struct err *err)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct key *k = config_keys_find(pairs[i].path);
        bool cells = c->grid.vary_at == VARY_AT_ALL && lists(&c->grid.vary, pairs[i].path);
        if (config_is_written(c, k) && !cells && !serves_some(c, &pairs[i]))
            TRY(check(c, &pairs[i], k, err));
    }
    return OK;
}

enum status config_check_run(const struct config *run, const struct config *c, struct err *err)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct pair *p = &pairs[i];
        const struct key *k = config_keys_find(p->path);
        bool asked = strncmp(p->path, "grid.", 5) != 0 && config_is_written(run, k) && !serves_some(c, p);
        enum status st = asked ? check(run, p, k, err) : OK;
        if (st != OK)
            return lists(&c->grid.vary, p->path) ? err_wrap(err, "grid.vary") : st;
    }
    return OK;
}

/* ---- what was written ---- */

bool config_is_written(const struct config *c, const struct key *k)
{
    size_t i = (size_t)(k - config_keys);
    return c->written[i / 64] >> i % 64 & 1;
}

void config_write_down(struct config *c, const struct key *k, bool written)
{
    size_t i = (size_t)(k - config_keys);
    uint64_t bit = (uint64_t)1 << i % 64;
    c->written[i / 64] = written ? c->written[i / 64] | bit : c->written[i / 64] & ~bit;
}

void config_disown(struct config *c)
{
    memset(c->written, 0, sizeof c->written);
}
