#include "data/tokenisers/encode.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Words seen before all are forgotten: of English some 10 bytes each, and 60 to find them. */
enum { WORDS_MAX = 1 << 20, BYTES_MAX = 1 << 26, LONG_WORD = 1 << 12, SHORT_WORD = 48 };

/* A token of the word at hand, in the place of its first byte; next and prev: n and (uint32_t)-1 where there is none. */
struct symbol {
    int32_t id; /* -1: no longer there */
    uint32_t next, prev;
};

/* A merge that was possible when it was put here. */
struct candidate {
    uint32_t rank, at;
    int32_t left, right;
};

enum status id_list_reserve(struct id_list *l, size_t n, struct err *err)
{
    size_t cap = size_max(l->n + n, l->cap + l->cap / 2);
    if (l->cap - l->n >= n)
        return OK;
    int32_t *p = cap > SIZE_MAX / sizeof *p ? NULL : realloc(l->items, cap * sizeof *p);
    if (!p)
        return err_set(err, E_NOMEM, "out of memory for %zu tokens", cap);
    l->items = p;
    l->cap = cap;
    return OK;
}

/* Short words: look at all pairs for each merge. ids (n) shrinks to the result's length. */
static size_t merge_short(const struct tokeniser *t, int32_t *ids, size_t n)
{
    const struct merge *m[SHORT_WORD];
    for (size_t i = 0; i + 1 < n; i++)
        m[i] = tokeniser_merge_of(t, ids[i], ids[i + 1]);
    for (;;) {
        size_t best = n;
        for (size_t i = 0; i + 1 < n; i++)
            if (m[i] && (best == n || m[i]->rank < m[best]->rank))
                best = i;
        if (best == n)
            return n;
        ids[best] = m[best]->into;
        memmove(ids + best + 1, ids + best + 2, (n - best - 2) * sizeof *ids);
        n--;
        for (size_t i = best + 1; i + 1 < n; i++)
            m[i] = m[i + 1];
        if (best + 1 < n)
            m[best] = tokeniser_merge_of(t, ids[best], ids[best + 1]);
        if (best > 0)
            m[best - 1] = tokeniser_merge_of(t, ids[best - 1], ids[best]);
    }
}

static bool before(const struct candidate *a, const struct candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

/* The pair at `at`, if it merges, to the heap, which has room: each byte and each merge puts at most two. */
static void consider(struct encoder *e, uint32_t at, size_t n)
{
    const struct symbol *s = &e->symbols[at];
    const struct merge *m = s->next < n ? tokeniser_merge_of(e->t, s->id, e->symbols[s->next].id) : NULL;
    if (!m)
        return;
    struct candidate new = {m->rank, at, m->left, m->right};
    size_t i = e->n_heap++;
    for (; i > 0 && before(&new, &e->heap[(i - 1) / 2]); i = (i - 1) / 2)
        e->heap[i] = e->heap[(i - 1) / 2];
    e->heap[i] = new;
}

static struct candidate take_first(struct encoder *e)
{
    struct candidate first = e->heap[0], last = e->heap[--e->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < e->n_heap; i = child) {
        if (child + 1 < e->n_heap && before(&e->heap[child + 1], &e->heap[child]))
            child++;
        if (!before(&e->heap[child], &last))
            break;
        e->heap[i] = e->heap[child];
    }
    e->heap[i] = last;
    return first;
}

static enum status make_room(struct encoder *e, size_t n, struct err *err)
{
    if (n >= UINT32_MAX)
        return err_set(err, E_DATA, "a word of %zu bytes: 4 GB and more without a break", n);
    if (n > e->symbols_cap) {
        free(e->symbols);
        e->symbols = NULL;
        e->symbols_cap = 0;
        TRY(size_calloc(&e->symbols, n, sizeof *e->symbols, "a long word", err));
        e->symbols_cap = n;
    }
    if (3 * n > e->heap_cap) {
        free(e->heap);
        e->heap = NULL;
        e->heap_cap = 0;
        TRY(size_calloc(&e->heap, 3 * n, sizeof *e->heap, "a long word", err));
        e->heap_cap = 3 * n;
    }
    return OK;
}

/* Long ones: pairs wait in a heap, so that n bytes take n log n steps. */
static enum status merge_long(struct encoder *e, int32_t *ids, size_t *n_ids, struct err *err)
{
    size_t n = *n_ids, kept = 0;
    TRY(make_room(e, n, err));
    for (size_t i = 0; i < n; i++)
        e->symbols[i] = (struct symbol){ids[i], (uint32_t)i + 1, (uint32_t)i - 1};
    e->n_heap = 0;
    for (size_t i = 0; i + 1 < n; i++)
        consider(e, (uint32_t)i, n);
    while (e->n_heap > 0) {
        struct candidate c = take_first(e);
        struct symbol *s = &e->symbols[c.at];
        if (s->id != c.left || s->next >= n || e->symbols[s->next].id != c.right)
            continue;
        struct symbol *gone = &e->symbols[s->next];
        s->id = tokeniser_merge_of(e->t, c.left, c.right)->into;
        s->next = gone->next;
        gone->id = -1;
        if (s->next < n)
            e->symbols[s->next].prev = c.at;
        consider(e, c.at, n);
        if (s->prev < n)
            consider(e, s->prev, n);
    }
    for (size_t i = 0; i < n; i = e->symbols[i].next)
        ids[kept++] = e->symbols[i].id;
    *n_ids = kept;
    return OK;
}

/* The tokens of one word to the end of a list. */
static enum status encode_word(struct id_list *out, struct encoder *e, const unsigned char *word, size_t n, struct err *err)
{
    TRY(id_list_reserve(out, n, err));
    int32_t *ids = out->items + out->n;
    for (size_t i = 0; i < n; i++)
        ids[i] = e->t->of_byte[word[i]];
    if (e->t->n_merges > 0 && n <= SHORT_WORD)
        n = merge_short(e->t, ids, n);
    else if (e->t->n_merges > 0)
        TRY(merge_long(e, ids, &n, err));
    out->n += n;
    return OK;
}

static void forget(struct encoder *e)
{
    pretokens_free(&e->seen);
    free(e->known);
    e->known = NULL;
    e->known_cap = e->ids.n = 0;
}

/* The same, from memory where it was seen. */
static enum status recall_word(struct id_list *out, struct encoder *e, const unsigned char *word, size_t n, struct err *err)
{
    size_t place;
    bool found;
    if (e->seen.n >= WORDS_MAX || e->seen.n_bytes >= BYTES_MAX)
        forget(e);
    TRY(pretokens_find(&place, &found, &e->seen, word, n, err));
    if (e->known_cap < e->seen.cap) {
        struct known *p = realloc(e->known, e->seen.cap * sizeof *p);
        if (!p)
            return err_set(err, E_NOMEM, "out of memory for the words of a text");
        e->known = p;
        e->known_cap = e->seen.cap;
    }
    if (!found) {
        size_t at = e->ids.n;
        e->known[place] = (struct known){at, 0};
        TRY(encode_word(&e->ids, e, word, n, err));
        e->known[place].n = e->ids.n - at;
    }
    const struct known k = e->known[place];
    TRY(id_list_reserve(out, k.n, err));
    memcpy(out->items + out->n, e->ids.items + k.at, k.n * sizeof *out->items);
    out->n += k.n;
    return OK;
}

enum status encoder_run(struct id_list *out, struct encoder *e, const unsigned char *text, size_t n, struct err *err)
{
    CHECK(!e->t->unfit);
    if (e->t->n_merges == 0) /* bytes need no words */
        return encode_word(out, e, text, n, err);
    for (size_t at = 0; at < n;) {
        size_t length = pretokens_next(text + at, n - at);
        TRY((length > LONG_WORD ? encode_word : recall_word)(out, e, text + at, length, err));
        at += length;
    }
    return OK;
}

void encoder_free(struct encoder *e)
{
    forget(e);
    free(e->ids.items);
    free(e->symbols);
    free(e->heap);
    *e = (struct encoder){.t = e->t};
}
