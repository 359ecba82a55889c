#include "harness/keeper.h"

#include <math.h>

#include "base/size.h"

/* The speed is that of about so long. */
#define REMEMBER_S 15.0
/* A measurement is of at least so much. */
#define LOOK_S 1.0
/* What follows training takes no longer than this share of the time. */
#define AFTER_MOST 0.6
/* A run that would end later than this share of the time after the end is stopped. */
#define FORGIVEN 0.03
/* Budgets that a first seed keeps. */
enum { LEAST_RUNS = 3 };
/* And of the time that is left, as long as second seeds wait. */
#define FIRST_SHARE 0.7

void keeper_init(struct keeper *k, struct keeper_item *items, size_t n, size_t jobs, double now_s, double end_s, double cpu_s,
                 double share, double alone)
{
    *k = (struct keeper){.items = items, .n = n, .jobs = jobs, .started_s = now_s, .end_s = end_s, .cpu_s = cpu_s, .speed = 1,
                         .share = fmin(1, fmax(0.02, share)), .alone = alone, .seen_s = now_s};
}

double keeper_deadline(const struct keeper *k)
{
    return k->end_s - fmin(k->cpu_s / fmin(1, k->share * k->alone), AFTER_MOST * (k->end_s - k->started_s));
}

void keeper_measure(struct keeper *k, double now_s, double work, double granted_s, double used_s, double process_s)
{
    double granted = granted_s - k->seen_granted_s, done = work - k->seen_work, used = used_s - k->seen_cpu_s;
    if (now_s - k->seen_s < LOOK_S || !(granted > 0))
        return;
    double weight = -expm1(-(now_s - k->seen_s) / REMEMBER_S);
    if (done > 0) /* as times, for a core that gets half as much takes twice as long */
        k->speed = 1 / ((1 - weight) / k->speed + weight * granted / done);
    if (used > 0)
        k->share = fmin(1, (1 - weight) * k->share + weight * fmin(1, used / (process_s - k->seen_process_s)));
    k->seen_s = now_s;
    k->seen_work = work;
    k->seen_granted_s = granted_s;
    k->seen_cpu_s = used_s;
    k->seen_process_s = process_s;
}

/* The most runs of an item whose work ends before `until`; at least `least`. */
static size_t runs_within(const struct keeper_item *x, double until, size_t least)
{
    size_t m = x->n;
    while (m > least && x->work[m] > until)
        m--;
    return m;
}

/* What an item will do if `fewer` of its budgets are left out: one that runs has begun its next run, which is its own, and the
 * others are as many as its core has time for. */
static size_t runs_for(const struct keeper_item *x, size_t fewer, double left)
{
    bool runs = x->state == KEEPER_RUNNING;
    size_t begun = runs ? size_min(x->n, x->runs_done + 1) : 0, least = size_max(begun, size_min(x->n, LEAST_RUNS));
    size_t m = size_max(least, x->n > fewer ? x->n - fewer : 0);
    return size_min(m, runs_within(x, x->at + left * fmax(1, x->threads), runs ? begun : least));
}

/* Of the first seeds together; `set`: that is their limit. */
static double first_work(const struct keeper *k, size_t fewer, double left, bool set)
{
    double sum = 0;
    for (size_t i = 0; i < k->n; i++) {
        struct keeper_item *x = &k->items[i];
        if (x->state == KEEPER_ENDED || x->rank != 0)
            continue;
        size_t m = runs_for(x, fewer, left);
        sum += fmax(0, x->work[m] - x->at);
        if (set)
            x->limit = m;
    }
    return sum;
}

/* First seeds: all of them, each with as few budgets less as the time asks for, so that second seeds have some of it. */
static double settle_first(struct keeper *k, double all, double left)
{
    size_t most = 0, fewer = 0;
    double theirs = all;
    for (size_t i = 0; i < k->n; i++) {
        most = size_max(most, k->items[i].n);
        if (k->items[i].rank == 1 && k->items[i].state == KEEPER_WAITING)
            theirs = FIRST_SHARE * all;
    }
    while (fewer < most && first_work(k, fewer, left, false) > theirs)
        fewer++;
    return first_work(k, fewer, left, true);
}

/* What those of other ranks will still do that run. */
static double settle_running(struct keeper *k, double left)
{
    double sum = 0;
    for (size_t i = 0; i < k->n; i++) {
        struct keeper_item *x = &k->items[i];
        if (x->state != KEEPER_RUNNING || x->rank == 0)
            continue;
        x->limit = runs_for(x, 0, left);
        sum += fmax(0, x->work[x->limit] - x->at);
    }
    return sum;
}

/* The others, one after the other, whole where that fits, else as far as it does; from rank 2 on one budget is enough. */
static double settle_rest(struct keeper *k, size_t rank, double all, double left)
{
    for (size_t i = 0; i < k->n; i++) {
        struct keeper_item *x = &k->items[i];
        if (x->state != KEEPER_WAITING || x->rank != rank)
            continue;
        x->limit = runs_within(x, fmin(all, left), 0);
        if (rank == 1 && x->limit < size_min(x->n, LEAST_RUNS))
            x->limit = 0;
        all -= x->work[x->limit];
    }
    return all;
}

void keeper_settle(struct keeper *k, double now_s)
{
    double left = fmax(0, keeper_deadline(k) - now_s) * k->speed; /* work that one core can still do */
    double all = left * (double)k->jobs - settle_running(k, left);
    all -= settle_first(k, all, left);
    for (size_t rank = 1; rank <= 2; rank++)
        all = settle_rest(k, rank, fmax(0, all), left);
}

size_t keeper_next(const struct keeper *k, double now_s)
{
    double left = fmax(0, keeper_deadline(k) - now_s) * k->speed;
    for (size_t rank = 0; rank <= 2 && left > 0; rank++) {
        size_t best = k->n;
        for (size_t i = 0; i < k->n; i++) {
            const struct keeper_item *x = &k->items[i];
            if (x->state != KEEPER_WAITING || x->rank != rank || x->limit == 0 || (rank > 0 && x->work[x->limit] > left))
                continue;
            if (best == k->n || x->work[x->limit] > k->items[best].work[k->items[best].limit])
                best = i;
        }
        if (best < k->n)
            return best;
    }
    return k->n;
}

bool keeper_overdue(const struct keeper *k, size_t i, double now_s)
{
    const struct keeper_item *x = &k->items[i];
    double forgiven_s = FORGIVEN * (k->end_s - k->started_s), over_s = now_s - keeper_deadline(k);
    double takes_s = (x->work[size_min(x->n, x->runs_done + 1)] - x->at) / (k->speed * fmax(1, x->threads));
    return x->state == KEEPER_RUNNING && over_s > 0 && over_s + takes_s > forgiven_s;
}

size_t keeper_runs(const struct keeper *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++)
        n += size_max(k->items[i].limit, k->items[i].runs_done);
    return n;
}
