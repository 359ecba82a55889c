#include "data/tokenisers/tokeniser.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/size.h"
#include "data/tokenisers/files.h"

enum { TOKENS_MAX = 1 << 24 };

/* Room for `need` elements of *items; *cap may be more. */
static enum status reserve(void *items, size_t *cap, size_t need, size_t elem, struct err *err)
{
    void *p;
    size_t bytes, want = size_max(need, *cap + *cap / 2);
    if (need <= *cap)
        return OK;
    memcpy(&p, items, sizeof p);
    if (!size_mul(&bytes, size_max(want, 256), elem) || !(p = realloc(p, bytes)))
        return err_set(err, E_NOMEM, "out of memory for a tokeniser");
    memcpy(items, &p, sizeof p);
    *cap = size_max(want, 256);
    return OK;
}

enum status tokeniser_add(struct tokeniser *t, const void *bytes, size_t n, bool mark, struct err *err)
{
    if (t->n >= TOKENS_MAX)
        return err_set(err, E_DATA, "more than %d tokens", TOKENS_MAX);
    TRY(reserve(&t->items, &t->cap, t->n + 1, sizeof *t->items, err));
    TRY(reserve(&t->bytes, &t->bytes_cap, t->n_bytes + n, 1, err));
    if (n > 0)
        memcpy(t->bytes + t->n_bytes, bytes, n);
    t->items[t->n++] = (struct token){.at = t->n_bytes, .length = n, .mark = mark};
    t->n_bytes += n;
    return OK;
}

enum status tokeniser_merge(struct tokeniser *t, int32_t left, int32_t right, int32_t into, uint32_t rank, struct err *err)
{
    size_t n = t->n;
    if (left < 0 || right < 0 || into < 0 || (size_t)left >= n || (size_t)right >= n || (size_t)into >= n)
        return err_set(err, E_DATA, "merge %zu names a token that there is not", t->n_merges + 1);
    TRY(reserve(&t->merges, &t->merges_cap, t->n_merges + 1, sizeof *t->merges, err));
    t->merges[t->n_merges++] = (struct merge){left, right, into, rank};
    return OK;
}

static size_t slot_of(const struct tokeniser *t, int32_t left, int32_t right)
{
    return (size_t)rng_mix((uint64_t)(uint32_t)left << 32 | (uint32_t)right) & (t->n_slots - 1);
}

const struct merge *tokeniser_merge_of(const struct tokeniser *t, int32_t left, int32_t right)
{
    if (t->n_slots == 0)
        return NULL;
    for (size_t at = slot_of(t, left, right); t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
        const struct merge *m = &t->merges[t->slots[at] - 1];
        if (m->left == left && m->right == right)
            return m;
    }
    return NULL;
}

/* The first of two merges of one pair counts. */
static enum status index_merges(struct tokeniser *t, struct err *err)
{
    size_t n = 16;
    while (n < 2 * t->n_merges)
        n *= 2;
    TRY(size_calloc(&t->slots, n, sizeof *t->slots, "the merges of a tokeniser", err));
    t->n_slots = n;
    for (size_t i = 0; i < t->n_merges; i++) {
        const struct merge *m = &t->merges[i];
        size_t at = slot_of(t, m->left, m->right);
        if (tokeniser_merge_of(t, m->left, m->right))
            continue;
        while (t->slots[at])
            at = (at + 1) & (n - 1);
        t->slots[at] = (uint32_t)i + 1;
    }
    return OK;
}

enum status tokeniser_finish(struct tokeniser *t, struct err *err)
{
    for (size_t b = 0; b < 256; b++)
        t->of_byte[b] = -1;
    for (size_t i = 0; i < t->n; i++) {
        const struct token *k = &t->items[i];
        if (!k->mark && k->length == 1 && t->of_byte[t->bytes[k->at]] < 0)
            t->of_byte[t->bytes[k->at]] = (int32_t)i;
    }
    for (size_t b = 0; b < 256 && !t->unfit; b++)
        if (t->of_byte[b] < 0)
            t->unfit = "not every byte is a token of its own";
    return index_merges(t, err);
}

/* Which token has which bytes: places among `w` are numbers of tokens, but for marks. */
static enum status index_bytes(struct pretokens *w, int32_t **token, const struct tokeniser *t, struct err *err)
{
    TRY(size_calloc(token, t->n, sizeof **token, "the bytes of tokens", err));
    for (size_t i = 0; i < t->n; i++) {
        const struct token *k = &t->items[i];
        size_t place;
        bool found;
        if (k->mark)
            continue;
        TRY(pretokens_find(&place, &found, w, t->bytes + k->at, k->length, err));
        if (found)
            return err_set(err, E_DATA, "tokens %d and %zu have the same bytes", (int)(*token)[place], i);
        (*token)[place] = (int32_t)i;
    }
    return OK;
}

/* The token of those bytes; -1: none. */
static int32_t token_of(const struct pretokens *w, const int32_t *token, const unsigned char *bytes, size_t n)
{
    size_t place = pretokens_place(w, bytes, n);
    return place < w->n ? token[place] : -1;
}

enum status tokeniser_merge_by_rank(struct tokeniser *t, struct err *err)
{
    struct pretokens w = {0};
    int32_t *token = NULL;
    enum status st = index_bytes(&w, &token, t, err);
    for (size_t i = 0; st == OK && i < t->n; i++) {
        const struct token k = t->items[i];
        for (size_t cut = 1; st == OK && !k.mark && cut < k.length; cut++) {
            int32_t left = token_of(&w, token, t->bytes + k.at, cut);
            int32_t right = left < 0 ? -1 : token_of(&w, token, t->bytes + k.at + cut, k.length - cut);
            if (right >= 0)
                st = tokeniser_merge(t, left, right, (int32_t)i, (uint32_t)i, err);
        }
    }
    free(token);
    pretokens_free(&w);
    return st;
}

void tokeniser_free(struct tokeniser *t)
{
    free(t->items);
    free(t->bytes);
    free(t->merges);
    free(t->slots);
    *t = (struct tokeniser){0};
}

static const struct tokeniser_file *const file_kinds[] = {&tokeniser_file_json, &tokeniser_file_llmc, &tokeniser_file_ranks};

enum status tokeniser_read(struct tokeniser *t, const char *path, struct err *err)
{
    char *bytes;
    size_t n, kind = 0;
    *t = (struct tokeniser){0};
    if (file_is_dir(path))
        return err_set(err, E_DATA, "%s is a folder, not a tokeniser's file", path);
    TRY(file_read_regular(&bytes, &n, path, err));
    while (!file_kinds[kind]->is(bytes, n)) /* the last takes anything */
        kind++;
    enum status st = n == 0 ? err_set(err, E_DATA, "empty") : file_kinds[kind]->read(t, bytes, n, err);
    if (st == OK)
        st = tokeniser_finish(t, err);
    free(bytes);
    if (st == OK)
        return OK;
    tokeniser_free(t);
    return err_wrap(err, "%s: no tokeniser", path);
}

static const struct row {
    const char *form;
    const struct tokeniser_kind *kind;
} rows[] = {
#define X(name, form, says) {form, &tokeniser_##name},
    TOKENISER_KINDS(X)
#undef X
};

enum status tokeniser_kind_of(const struct tokeniser_kind **kind, const char **with, const char *spec, struct err *err)
{
    size_t word = strcspn(spec, ":");
    *with = spec[word] ? spec + word + 1 : NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *form = rows[i].form;
        bool takes = form[strcspn(form, ":")] == ':';
        *kind = rows[i].kind;
        if (strcspn(form, ":") != word || strncmp(form, spec, word) != 0)
            continue;
        if (takes != (*with && **with))
            return err_set(err, E_USAGE, "--tokeniser %s: expected %s", spec, form);
        return (*kind)->check ? (*kind)->check(*with, err) : OK;
    }
#define X(name, form, says) " " form
    return err_set(err, E_USAGE, "--tokeniser %s: no such tokeniser (expected one of" TOKENISER_KINDS(X) ")", spec);
#undef X
}
