#include "data/baseline.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/size.h"
#include "data/data.h"
#include "data/text.h"

enum { V = 256 };

enum status baseline_bigram(double *nats, const unsigned char *train, size_t n_train,
                            const unsigned char *held, size_t n_held, struct err *err)
{
    size_t *count, row[V] = {0};
    CHECK(n_held >= 2);
    TRY(size_calloc(&count, V * V, sizeof *count, "bigram counts", err));
    for (size_t i = 1; i < n_train; i++) {
        count[train[i - 1] * V + train[i]]++;
        row[train[i - 1]]++;
    }
    double sum = 0;
    for (size_t i = 1; i < n_held; i++) {
        size_t a = held[i - 1];
        sum -= log((double)(count[a * V + held[i]] + 1) / (double)(row[a] + V));
    }
    *nats = sum / (double)(n_held - 1);
    free(count);
    return OK;
}

enum status baseline_of_text(double *nats, const struct data *d, struct err *err)
{
    const struct text *t = text_behind(d);
    *nats = (double)NAN;
    return t && t->held.n >= 2 ? baseline_bigram(nats, t->train.data, t->train.n, t->held.data, t->held.n, err) : OK;
}

/* How often each pair of tokens came; of a vocabulary squared few do. */
struct pairs {
    struct counted {
        uint64_t key; /* 1 + left * vocab + right; 0: free */
        size_t count;
    } *slots;
    size_t n, n_slots;
};

static struct counted *find(const struct pairs *p, uint64_t key)
{
    size_t at = (size_t)rng_mix(key) & (p->n_slots - 1);
    while (p->slots[at].key && p->slots[at].key != key)
        at = (at + 1) & (p->n_slots - 1);
    return &p->slots[at];
}

static enum status grow(struct pairs *p, struct err *err)
{
    struct pairs bigger = {.n = p->n, .n_slots = p->n_slots ? 2 * p->n_slots : 1 << 16};
    TRY(size_calloc(&bigger.slots, bigger.n_slots, sizeof *bigger.slots, "bigram counts", err));
    for (size_t i = 0; i < p->n_slots; i++)
        if (p->slots[i].key)
            *find(&bigger, p->slots[i].key) = p->slots[i];
    free(p->slots);
    *p = bigger;
    return OK;
}

static enum status count_pair(struct pairs *p, uint64_t key, struct err *err)
{
    if (2 * (p->n + 1) > p->n_slots)
        TRY(grow(p, err));
    struct counted *c = find(p, key);
    p->n += c->key == 0;
    c->key = key;
    c->count++;
    return OK;
}

struct windows_of {
    const struct data *d;
    int32_t *x, *y;
    size_t *left, *seen; /* (V) how often each token came before another, and after one */
    struct pairs pairs;
};

static uint64_t key_of(const struct windows_of *w, size_t i)
{
    return 1 + (uint64_t)w->x[i] * data_vocab(w->d) + (uint64_t)w->y[i];
}

static enum status count_windows(struct windows_of *w, size_t n, struct err *err)
{
    for (size_t at = 0; at < n; at++) {
        data_train(w->d, w->x, w->y, 1, at, 1);
        TRY(data_fault(w->d, err));
        for (size_t i = 0; i < data_ctx(w->d); i++) {
            w->left[w->x[i]]++;
            w->seen[w->y[i]]++;
            TRY(count_pair(&w->pairs, key_of(w, i), err));
        }
    }
    return OK;
}

static void judge(struct baseline *b, struct windows_of *w)
{
    size_t ctx = data_ctx(w->d), n = data_eval_windows(w->d);
    double v = (double)data_vocab(w->d), one = 0, two = 0;
    for (size_t at = 0; at < n; at++) {
        data_eval(w->d, w->x, w->y, at, 1);
        for (size_t i = 0; i < ctx; i++) {
            one -= log((double)(w->seen[w->y[i]] + 1) / (b->train_tokens + v));
            two -= log((double)(find(&w->pairs, key_of(w, i))->count + 1) / ((double)w->left[w->x[i]] + v));
        }
    }
    b->unigram = one / (double)(n * ctx);
    b->bigram = two / (double)(n * ctx);
}

enum status baseline_windows(struct baseline *b, const struct data *d, size_t most, struct err *err)
{
    struct windows_of w = {.d = d};
    size_t ctx = data_ctx(d), n = size_max(1, size_min(most, data_train_tokens(d) - ctx) / ctx);
    enum status st = size_calloc(&w.x, ctx, sizeof *w.x, "a window", err);
    if (st == OK)
        st = size_calloc(&w.y, ctx, sizeof *w.y, "a window", err);
    if (st == OK)
        st = size_calloc(&w.left, data_vocab(d), sizeof *w.left, "unigram counts", err);
    if (st == OK)
        st = size_calloc(&w.seen, data_vocab(d), sizeof *w.seen, "unigram counts", err);
    if (st == OK)
        st = count_windows(&w, n, err);
    b->train_tokens = (double)n * (double)ctx;
    if (st == OK)
        judge(b, &w);
    free(w.x);
    free(w.y);
    free(w.left);
    free(w.seen);
    free(w.pairs.slots);
    return st;
}
