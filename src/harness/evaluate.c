#include "harness/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/team.h"

double loss_sum_add(struct loss_sum *s, const float *losses, size_t T)
{
    double sum = 0;
    for (size_t i = 0; i < T; i++)
        sum += (double)losses[i];
    double mean = sum / (double)T;
    s->sum += mean;
    s->sum2 += mean * mean;
    s->n++;
    return mean;
}

double loss_sum_mean(const struct loss_sum *s, size_t T)
{
    if (s->part == 0)
        return s->sum / (double)s->n;
    return (s->sum * (double)T + s->part_sum) / ((double)s->n * (double)T + (double)s->part);
}

double loss_sum_se(const struct loss_sum *s)
{
    double n = (double)s->n, var = s->n > 1 ? (s->sum2 - s->sum * s->sum / n) / (n - 1) : (double)NAN;
    return s->n > 1 ? sqrt(fmax(0, var) / n) : (double)NAN;
}

/* One pass over the held-out set, or its first tokens. */
struct evaluation {
    struct loss_sum *out;
    struct weights *w;
    const struct data *d;
    const struct evaluate_how *how;
    size_t T, total; /* windows, or tokens */
    int32_t *x, *y;  /* (EVALUATE_CHUNK, T) */
    float *losses;   /* (1 + members, EVALUATE_CHUNK, T) */
    enum status st;
    struct err *err;
};

/* The next windows from the at-th unit on; *last: tokens of the last of them. */
static size_t draw(struct evaluation *k, size_t at, size_t *last)
{
    size_t T = k->T, left = k->total - at;
    *last = T;
    if (k->how->tokens == 0) {
        size_t n = size_min(EVALUATE_CHUNK, left);
        data_eval(k->d, k->x, k->y, at, n);
        return n;
    }
    size_t tokens = size_min(EVALUATE_CHUNK * T, left), n = (tokens + T - 1) / T;
    memset(k->x, 0, n * T * sizeof *k->x);
    memset(k->y, 0, n * T * sizeof *k->y);
    data_eval(k->d, k->x, k->y, at, tokens);
    *last = tokens - (n - 1) * T;
    return n;
}

static enum status evaluate_all(struct evaluation *k)
{
    size_t T = k->T;
    float *own = k->w->e.n > 1 ? k->losses + EVALUATE_CHUNK * T : NULL;
    for (size_t at = 0, last; at < k->total;) {
        if (k->how->stop && *k->how->stop)
            return err_set(k->err, E_INTERRUPTED, "interrupted");
        size_t n = draw(k, at, &last);
        TRY(data_fault(k->d, k->err));
        members_losses(&k->w->e, k->losses, own, k->x, k->y, n);
        for (size_t i = 0; i < n; i++) {
            const float *losses = k->losses + i * T;
            size_t tokens = i + 1 < n ? T : last;
            if (tokens == T)
                loss_sum_add(k->out, losses, T);
            for (k->out->part = tokens < T ? tokens : 0, tokens = 0; tokens < k->out->part; tokens++)
                k->out->part_sum += (double)losses[tokens];
        }
        at += k->how->tokens ? (n - 1) * T + last : n;
        if (k->how->progress)
            k->how->progress(k->how->ctx, (double)at / (double)k->total, loss_sum_mean(k->out, T));
    }
    return OK;
}

static void in_team(void *ctx)
{
    struct evaluation *k = ctx;
    k->st = evaluate_all(k);
}

static enum status check_vocab(const struct weights *w, const struct data *d, struct err *err)
{
    if (data_vocab(d) == w->shape.V)
        return OK;
    return err_set(err, E_DATA, "the data have %zu symbols, the model %zu%s", data_vocab(d), w->shape.V,
                   data_vocab(d) == 256 ? ": it reads tokens, not bytes (plateau data make, and --set data.source=tokens)" : "");
}

enum status evaluate(struct loss_sum *out, struct weights *w, const struct data *d, const struct evaluate_how *how, struct err *err)
{
    struct evaluation k = {.out = out, .w = w, .d = d, .how = how, .T = w->shape.T, .total = data_eval_windows(d), .err = err};
    size_t floats = EVALUATE_CHUNK * k.T;
    *out = (struct loss_sum){0};
    TRY(check_vocab(w, d, err));
    CHECK(data_ctx(d) == (how->tokens ? 1 : k.T));
    if (how->tokens)
        k.total = size_min(k.total, how->tokens);
    k.st = size_calloc(&k.x, floats, sizeof *k.x, "tokens", err);
    if (k.st == OK)
        k.st = size_calloc(&k.y, floats, sizeof *k.y, "tokens", err);
    if (k.st == OK)
        k.st = size_calloc(&k.losses, (1 + w->e.n) * floats, sizeof *k.losses, "losses", err);
    if (k.st == OK)
        team_run(w->e.g->ops.threads, in_team, &k);
    free(k.losses);
    free(k.y);
    free(k.x);
    return k.st;
}
