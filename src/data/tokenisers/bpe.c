#include "data/tokenisers/bpe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "data/tokenisers/files.h"

/* Two tokens side by side. */
struct pair {
    int32_t left, right;
    int64_t count;
    uint32_t *at; /* places where it was, in ascending order as a rule; what is there now has to be looked up */
    size_t n, cap;
    bool queued; /* its count rose in the merge at hand */
};

/* A pair and what it counted when it was put here: at least what it counts now, until it is put here again. */
struct queued {
    int64_t count;
    size_t pair;
};

/* The different words one after the other. While learning, bytes have the numbers of bytelevel_place. */
struct learner {
    size_t n;          /* bytes */
    int32_t *starts;   /* (n) the token that begins here; -1: none does */
    int32_t *ends;     /* (n) the token that ends here */
    uint32_t *word;    /* (n) of which word */
    const struct pretokens *words;
    struct pair *pairs;
    size_t n_pairs, pairs_cap;
    uint32_t *slots;
    size_t n_slots;
    struct queued *heap;
    size_t n_heap, heap_cap;
    size_t *risen; /* pairs with `queued` set */
    size_t n_risen, risen_cap;
    struct pretokens known; /* the bytes of all tokens, in the order of their numbers */
};

/* Room for one more of *items. */
static enum status more(void *items, size_t n, size_t *cap, size_t elem, struct err *err)
{
    void *p;
    size_t want = *cap ? *cap + *cap / 2 + 1 : 4;
    if (n < *cap)
        return OK;
    memcpy(&p, items, sizeof p);
    p = want > SIZE_MAX / elem ? NULL : realloc(p, want * elem);
    if (!p)
        return err_set(err, E_NOMEM, "out of memory learning merges");
    memcpy(items, &p, sizeof p);
    *cap = want;
    return OK;
}

static size_t hash_of(int32_t left, int32_t right)
{
    return (size_t)rng_mix((uint64_t)(uint32_t)left << 32 | (uint32_t)right);
}

static enum status grow_slots(struct learner *l, struct err *err)
{
    size_t n = l->n_slots ? 2 * l->n_slots : 4096;
    uint32_t *slots;
    TRY(size_calloc(&slots, n, sizeof *slots, "pairs of tokens", err));
    for (size_t i = 0; i < l->n_pairs; i++) {
        size_t at = hash_of(l->pairs[i].left, l->pairs[i].right) & (n - 1);
        while (slots[at])
            at = (at + 1) & (n - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(l->slots);
    l->slots = slots;
    l->n_slots = n;
    return OK;
}

static enum status find_pair(size_t *place, struct learner *l, int32_t left, int32_t right, struct err *err)
{
    if (2 * (l->n_pairs + 1) > l->n_slots)
        TRY(grow_slots(l, err));
    size_t at = hash_of(left, right) & (l->n_slots - 1);
    for (; l->slots[at]; at = (at + 1) & (l->n_slots - 1)) {
        *place = l->slots[at] - 1;
        if (l->pairs[*place].left == left && l->pairs[*place].right == right)
            return OK;
    }
    if (l->n_pairs >= UINT32_MAX - 1)
        return err_set(err, E_DATA, "more than 2^32 pairs of tokens");
    TRY(more(&l->pairs, l->n_pairs, &l->pairs_cap, sizeof *l->pairs, err));
    l->pairs[l->n_pairs] = (struct pair){.left = left, .right = right};
    l->slots[at] = (uint32_t)++l->n_pairs;
    *place = l->n_pairs - 1;
    return OK;
}

/* One more pair at that place. */
static enum status add_place(struct learner *l, int32_t left, int32_t right, size_t at, struct err *err)
{
    size_t place;
    TRY(find_pair(&place, l, left, right, err));
    struct pair *p = &l->pairs[place];
    TRY(more(&p->at, p->n, &p->cap, sizeof *p->at, err));
    p->at[p->n++] = (uint32_t)at;
    p->count += (int64_t)l->words->items[l->word[at]].count;
    if (p->queued)
        return OK;
    TRY(more(&l->risen, l->n_risen, &l->risen_cap, sizeof *l->risen, err));
    p->queued = true;
    l->risen[l->n_risen++] = place;
    return OK;
}

static enum status drop_place(struct learner *l, int32_t left, int32_t right, size_t at, struct err *err)
{
    size_t place;
    TRY(find_pair(&place, l, left, right, err));
    l->pairs[place].count -= (int64_t)l->words->items[l->word[at]].count;
    return OK;
}

/* Whether a comes out of the heap before b. */
static bool before(const struct learner *l, const struct queued *a, const struct queued *b)
{
    const struct pair *p = &l->pairs[a->pair], *q = &l->pairs[b->pair];
    if (a->count != b->count)
        return a->count > b->count;
    return p->left != q->left ? p->left < q->left : p->right < q->right;
}

static enum status queue(struct learner *l, size_t pair, struct err *err)
{
    struct queued new = {l->pairs[pair].count, pair};
    if (new.count <= 0)
        return OK;
    TRY(more(&l->heap, l->n_heap, &l->heap_cap, sizeof *l->heap, err));
    size_t i = l->n_heap++;
    for (; i > 0 && before(l, &new, &l->heap[(i - 1) / 2]); i = (i - 1) / 2)
        l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = new;
    return OK;
}

static struct queued take_first(struct learner *l)
{
    struct queued first = l->heap[0], last = l->heap[--l->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < l->n_heap; i = child) {
        if (child + 1 < l->n_heap && before(l, &l->heap[child + 1], &l->heap[child]))
            child++;
        if (!before(l, &l->heap[child], &last))
            break;
        l->heap[i] = l->heap[child];
    }
    if (l->n_heap > 0)
        l->heap[i] = last;
    return first;
}

static enum status queue_risen(struct learner *l, struct err *err)
{
    for (size_t i = 0; i < l->n_risen; i++) {
        l->pairs[l->risen[i]].queued = false;
        TRY(queue(l, l->risen[i], err));
    }
    l->n_risen = 0;
    return OK;
}

/* The pair that comes most often; false: none is left. */
static enum status best_pair(bool *found, size_t *pair, struct learner *l, struct err *err)
{
    for (*found = false; l->n_heap > 0 && !*found;) {
        struct queued q = take_first(l);
        if (q.count != l->pairs[q.pair].count) {
            TRY(queue(l, q.pair, err));
            continue;
        }
        *pair = q.pair;
        *found = true;
    }
    return OK;
}

static size_t length_of(const struct learner *l, int32_t token)
{
    return l->known.items[token].length;
}

/* The token of the two at that place; the bytes lie there together. */
static enum status token_of_pair(int32_t *token, bool *found, struct learner *l, const struct pair *p, struct err *err)
{
    size_t place, n = length_of(l, p->left) + length_of(l, p->right);
    unsigned char *bytes;
    TRY(size_calloc(&bytes, n, 1, "a token", err));
    memcpy(bytes, l->known.bytes + l->known.items[p->left].at, length_of(l, p->left));
    memcpy(bytes + length_of(l, p->left), l->known.bytes + l->known.items[p->right].at, length_of(l, p->right));
    enum status st = pretokens_find(&place, found, &l->known, bytes, n, err);
    *token = (int32_t)place;
    free(bytes);
    return st;
}

/* Replace the two tokens at `at` by one, if they are still there, and count the pairs around them anew. */
static enum status merge_at(struct learner *l, int32_t left, int32_t right, int32_t into, size_t at, struct err *err)
{
    size_t middle = at + length_of(l, left), end = middle + length_of(l, right);
    if (l->starts[at] != left || end > l->n || l->starts[middle] != right || l->word[at] != l->word[middle])
        return OK;
    if (at > 0 && l->word[at - 1] == l->word[at]) {
        int32_t prev = l->ends[at - 1];
        TRY(drop_place(l, prev, left, at, err));
        TRY(add_place(l, prev, into, at - length_of(l, prev), err));
    }
    if (end < l->n && l->word[end] == l->word[at]) {
        int32_t next = l->starts[end];
        TRY(drop_place(l, right, next, at, err));
        TRY(add_place(l, into, next, at, err));
    }
    l->starts[middle] = l->ends[middle - 1] = -1;
    l->starts[at] = l->ends[end - 1] = into;
    return OK;
}

static int by_place(const void *a, const void *b)
{
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* From left to right, so that of three alike the first two merge. */
static enum status merge_all(struct learner *l, size_t pair, int32_t into, struct err *err)
{
    struct pair p = l->pairs[pair];
    bool sorted = true;
    l->pairs[pair].at = NULL;
    l->pairs[pair].n = l->pairs[pair].cap = 0;
    for (size_t i = 1; i < p.n && sorted; i++)
        sorted = p.at[i - 1] <= p.at[i];
    if (!sorted)
        qsort(p.at, p.n, sizeof *p.at, by_place);
    enum status st = OK;
    for (size_t i = 0; st == OK && i < p.n; i++)
        st = merge_at(l, p.left, p.right, into, p.at[i], err);
    free(p.at);
    l->pairs[pair].count = 0;
    return st;
}

static enum status begin(struct learner *l, const struct pretokens *w, struct err *err)
{
    l->words = w;
    l->n = w->n_bytes;
    if (l->n >= UINT32_MAX)
        return err_set(err, E_DATA, "%zu bytes of different words: 4 GB and more to learn merges on", l->n);
    TRY(size_calloc(&l->starts, l->n, sizeof *l->starts, "the words of a text", err));
    TRY(size_calloc(&l->ends, l->n, sizeof *l->ends, "the words of a text", err));
    TRY(size_calloc(&l->word, l->n, sizeof *l->word, "the words of a text", err));
    unsigned char byte_at[256];
    for (unsigned b = 0; b < 256; b++)
        byte_at[bytelevel_place((unsigned char)b)] = (unsigned char)b;
    for (size_t i = 0; i < 256; i++) {
        size_t place;
        bool found;
        TRY(pretokens_find(&place, &found, &l->known, &byte_at[i], 1, err));
    }
    int32_t number[256];
    for (unsigned b = 0; b < 256; b++)
        number[b] = bytelevel_place((unsigned char)b);
    for (size_t i = 0; i < w->n; i++)
        for (size_t j = 0; j < w->items[i].length; j++) {
            size_t at = w->items[i].at + j;
            l->starts[at] = l->ends[at] = number[w->bytes[at]];
            l->word[at] = (uint32_t)i;
        }
    for (size_t at = 0; at + 1 < l->n; at++)
        if (l->word[at] == l->word[at + 1])
            TRY(add_place(l, l->starts[at], l->starts[at + 1], at, err));
    return queue_risen(l, err);
}

/* The number that a token has outside: a byte its value. */
static int32_t outside(const struct learner *l, int32_t token)
{
    return token < 256 ? l->known.bytes[l->known.items[token].at] : token;
}

static enum status learn(struct tokeniser *t, struct learner *l, size_t n_merges, struct err *err)
{
    while (l->known.n < 256 + n_merges) {
        bool found, old;
        size_t pair;
        int32_t into;
        TRY(best_pair(&found, &pair, l, err));
        if (!found)
            break;
        const struct pair p = l->pairs[pair];
        TRY(token_of_pair(&into, &old, l, &p, err));
        const struct pretoken *bytes = &l->known.items[into];
        if (!old)
            TRY(tokeniser_add(t, l->known.bytes + bytes->at, bytes->length, false, err));
        TRY(tokeniser_merge(t, outside(l, p.left), outside(l, p.right), outside(l, into), (uint32_t)t->n_merges, err));
        TRY(merge_all(l, pair, into, err));
        TRY(queue_risen(l, err));
    }
    return OK;
}

static void end(struct learner *l)
{
    for (size_t i = 0; i < l->n_pairs; i++)
        free(l->pairs[i].at);
    free(l->starts);
    free(l->ends);
    free(l->word);
    free(l->pairs);
    free(l->slots);
    free(l->heap);
    free(l->risen);
    pretokens_free(&l->known);
}

enum status bpe_learn(struct tokeniser *t, const struct pretokens *w, size_t n_merges, struct err *err)
{
    struct learner l = {0};
    TRY(tokeniser_byte.make(t, NULL, NULL, err));
    free(t->slots); /* of no merges */
    t->slots = NULL;
    t->n_slots = 0;
    enum status st = begin(&l, w, err);
    if (st == OK)
        st = learn(t, &l, n_merges, err);
    end(&l);
    return st == OK ? tokeniser_finish(t, err) : st;
}

enum { MERGES_MAX = 1000000 };

static enum status merges_of(size_t *n, const char *with, struct err *err)
{
    char *end_of;
    errno = 0;
    unsigned long long v = strtoull(with, &end_of, 10);
    if (with[0] < '0' || with[0] > '9' || *end_of || errno || v < 1 || v > MERGES_MAX)
        return err_set(err, E_USAGE, "--tokeniser bpe:%s: expected bpe:N with 1 to %d merges", with, MERGES_MAX);
    *n = (size_t)v;
    return OK;
}

static enum status check(const char *with, struct err *err)
{
    size_t n = 0;
    return merges_of(&n, with, err);
}

static enum status bpe_make(struct tokeniser *t, const char *with, const struct pretokens *w, struct err *err)
{
    size_t n = 0;
    TRY(merges_of(&n, with, err));
    return bpe_learn(t, w, n, err);
}

const struct tokeniser_kind tokeniser_bpe = {.check = check, .learns = true, .make = bpe_make};
