#include "harness/config_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/size.h"

enum { VALUE_MAX = sizeof(struct config_strings) };

struct config_hasher {
    char *all; /* what is hashed */
    size_t used, room;
    struct known {
        char open[96]; /* what stands before the value: ,"seed": or },"train":{"tokens": */
        char *text; /* NULL: not known yet */
        unsigned char value[VALUE_MAX]; /* that it is the text of */
        char *usual; /* the text of the default, of a later key */
    } known[]; /* (config_n_keys) */
};

static bool same_section(const struct key *a, const struct key *b)
{
    size_t n = strcspn(a->path, ".");
    return strncmp(a->path, b->path, n + 1) == 0;
}

/* The JSON that the first version wrote of its keys, in the order of the table: {"data":{"source":...},...}. */
static void open_keys(struct config_hasher *h)
{
    const struct key *before = NULL;
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct key *k = &config_keys[i];
        int section = (int)strcspn(k->path, ".");
        const char *name = k->path + section + 1;
        if (k->hashed != FIRST)
            continue;
        if (before && same_section(before, k))
            snprintf(h->known[i].open, sizeof h->known[i].open, ",\"%s\":", name);
        else
            snprintf(h->known[i].open, sizeof h->known[i].open, "%s\"%.*s\":{\"%s\":", before ? "}," : "{", section,
                     k->path, name);
        before = k;
    }
}

enum status config_hasher_new(struct config_hasher **h, struct err *err)
{
    TRY(size_calloc(h, 1, sizeof **h + config_n_keys * sizeof *(*h)->known, "the names of the runs", err));
    open_keys(*h);
    return OK;
}

void config_hasher_free(struct config_hasher *h)
{
    for (size_t i = 0; h && i < config_n_keys; i++) {
        free(h->known[i].text);
        free(h->known[i].usual);
    }
    if (h)
        free(h->all);
    free(h);
}

size_t config_value_size(const struct key *k)
{
    CHECK(k->type != T_STRING && k->type != T_COUNTS && k->type != T_SHAPES && k->type != T_RUNS && k->type != T_VARY);
    return k->type == T_STRINGS ? sizeof(struct config_strings)
           : k->type == T_PATH ? sizeof(char *)
           : key_is_whole(k) ? sizeof(size_t) : sizeof(double);
}

/* The text of a value, from the config before where it is the same: printing numbers is what a hash takes time for. */
static enum status known_text(const char **text, struct config_hasher *h, const struct config *c, const struct key *k,
                              struct err *err)
{
    struct known *now = &h->known[k - config_keys];
    if (!now->text || memcmp(now->value, config_field(c, k), config_value_size(k)) != 0) {
        free(now->text);
        now->text = NULL;
        TRY(config_key_text(&now->text, c, k, err));
        memcpy(now->value, config_field(c, k), config_value_size(k));
    }
    *text = now->text;
    return OK;
}

static enum status put(struct config_hasher *h, const char *text, struct err *err)
{
    size_t n = strlen(text);
    if (h->room - h->used < n) {
        size_t room = 2 * (h->used + n);
        char *p = realloc(h->all, room);
        if (!p)
            return err_set(err, E_NOMEM, "out of memory writing the config");
        h->all = p;
        h->room = room;
    }
    memcpy(h->all + h->used, text, n);
    h->used += n;
    return OK;
}

static enum status put_first(struct config_hasher *h, const struct config *c, struct err *err)
{
    h->used = 0;
    for (size_t i = 0; i < config_n_keys; i++) {
        const char *text;
        if (config_keys[i].hashed != FIRST)
            continue;
        TRY(known_text(&text, h, c, &config_keys[i], err));
        TRY(put(h, h->known[i].open, err));
        TRY(put(h, text, err));
    }
    return put(h, "}}", err);
}

/* A key that came after the first version, where it is not at its default, or not what was done before there was one: mixed
 * in without regard to order, so that rows may move. */
static enum status hash_later(uint64_t *hash, struct config_hasher *h, const struct config *c, const struct key *k,
                              struct err *err)
{
    struct known *own = &h->known[k - config_keys];
    const struct key_before *before = config_keys_before(k);
    const char *text;
    if (before && !before->matters(c))
        return OK;
    if (!own->usual) {
        struct config defaults;
        config_init(&defaults);
        if (before)
            config_set_number(&defaults, k, before->value);
        TRY(config_key_text(&own->usual, &defaults, k, err));
    }
    TRY(known_text(&text, h, c, k, err));
    if (strcmp(text, own->usual) != 0)
        *hash ^= hash_bytes(hash_bytes(HASH_SEED, k->path, strlen(k->path)), text, strlen(text));
    return OK;
}

enum status config_hasher_hash(uint64_t *hash, struct config_hasher *h, const struct config *c, struct err *err)
{
    TRY(put_first(h, c, err));
    uint64_t sum = hash_bytes(HASH_SEED, h->all, h->used);
    for (size_t i = 0; i < config_n_keys; i++)
        if (config_keys[i].hashed == LATER)
            TRY(hash_later(&sum, h, c, &config_keys[i], err));
    *hash = sum;
    return OK;
}

enum status config_hash(uint64_t *hash, const struct config *c, struct err *err)
{
    struct config_hasher *h;
    TRY(config_hasher_new(&h, err));
    enum status st = config_hasher_hash(hash, h, c, err);
    config_hasher_free(h);
    return st;
}

enum status config_diff(char *out, size_t size, const struct config *from, const struct config *to,
                        struct err *err)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < config_n_keys; i++) {
        char *a, *b;
        const struct key_before *before = config_keys_before(&config_keys[i]);
        if (config_keys[i].hashed == NEVER || (before && !before->matters(from) && !before->matters(to)))
            continue;
        TRY(config_key_text(&a, from, &config_keys[i], err));
        enum status st = config_key_text(&b, to, &config_keys[i], err);
        if (st == OK && strcmp(a, b) != 0 && used < size) {
            int n = snprintf(out + used, size - used, "%s%s %s -> %s", used ? ", " : "", config_keys[i].path, a, b);
            used += n > 0 ? (size_t)n : 0;
        }
        free(a);
        if (st != OK)
            return st;
        free(b);
    }
    return OK;
}
