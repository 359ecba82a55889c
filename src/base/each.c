#include "base/each.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/size.h"
#include "base/status.h"
#include "base/system.h"

struct all {
    size_t n;
    each_fn *fn;
    void *ctx;
    _Atomic size_t next;
};

struct hand {
    struct all *all;
    size_t thread;
    pthread_t id;
};

static void work(const struct hand *h)
{
    struct all *a = h->all;
    for (size_t i = atomic_fetch_add(&a->next, 1); i < a->n; i = atomic_fetch_add(&a->next, 1))
        a->fn(a->ctx, i, h->thread);
}

static void *lend_a_hand(void *hand)
{
    system_work();
    work(hand);
    return NULL;
}

size_t each_threads(size_t n)
{
    const struct system_cores cores = system_cores();
    return size_max(1, size_min(n, size_min(EACH_THREADS, (size_t)cores.fast + (size_t)cores.slow)));
}

void each_run(size_t n, each_fn *fn, void *ctx)
{
    struct all all = {.n = n, .fn = fn, .ctx = ctx};
    struct hand hands[EACH_THREADS];
    size_t threads = each_threads(n), started = 1;
    for (; started < threads; started++) {
        hands[started] = (struct hand){.all = &all, .thread = started};
        if (!system_thread(&hands[started].id, lend_a_hand, &hands[started]))
            break;
    }
    hands[0] = (struct hand){.all = &all};
    work(&hands[0]);
    for (size_t i = 1; i < started; i++)
        CHECK(pthread_join(hands[i].id, NULL) == 0);
}
