#include "model/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/clock.h"
#include "base/status.h"
#include "base/system.h"

/* A wait spins for this long before it sleeps. Waits within an undisturbed training step are shorter; being woken takes
 * 5 to 50 us; a time slice of the scheduler, 3 ms (kernels/SPEED-LOG.md). */
static const double SPIN_S = 200e-6;
/* A thread that sleeps is woken at once where the last time brought LIVELY parts or more; beside other programs it
 * brings few, and waking costs more than that: then after a pause that doubles each time. */
enum { LIVELY = 8 };
static const double PAUSE_LEAST_S = 0.5e-3, PAUSE_MOST_S = 32e-3;

/* What a seat is offered: nothing; a part; a part that its thread is at; to leave. */
enum { FREE, OFFERED, TAKEN, LEAVE };

/* Where a thread takes its orders. Each has cache lines of its own: the one that waits reads nothing else. */
struct seat {
    alignas(128) _Atomic int state;
    _Atomic int asleep; /* it sleeps, or is about to, and whoever sets this to 0 has to post */
    struct system_bell bell;
    bool has_bell; /* some systems know no semaphores of this kind */
    /* Only the first thread looks at these. */
    bool offered;    /* a part of the operation at hand */
    int done;        /* parts since it was last woken */
    double pause_s;  /* before it is woken again */
    double woken_s;  /* when it was */
};

struct team {
    int threads;
    /* The operation at hand: written only while no part is under way. */
    team_part_fn *part;
    void *ctx;
    int parts;
    team_fn *fn; /* the first thread's work */
    void *fn_ctx;
    struct seat *seats; /* (threads); 0: of the first thread, which offers the parts and does part 0 */
};

/* The team that this thread leads. */
static _Thread_local struct team *led;

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void ring(struct seat *s)
{
    if (atomic_load(&s->asleep) && atomic_exchange(&s->asleep, 0) && s->has_bell)
        system_bell_ring(&s->bell);
}

/* Until somebody rings. */
static void sleep_in(struct seat *s)
{
    const struct timespec nap = {.tv_nsec = 50000};
    if (s->has_bell)
        system_bell_wait(&s->bell);
    while (!s->has_bell && atomic_load(&s->asleep))
        nanosleep(&nap, NULL);
}

/* Whether `state` left `old` within the time. */
static bool spin(const _Atomic int *state, int old)
{
    enum { LOOKS = 64 }; /* about 1 us, between looks at the clock */
    double until = 0;
    for (;;) {
        for (int i = 0; i < LOOKS; i++) {
            if (atomic_load_explicit(state, memory_order_acquire) != old)
                return true;
            relax();
        }
        double now = clock_now_s();
        if (until <= 0)
            until = now + SPIN_S;
        else if (now >= until)
            return false;
    }
}

/* Until `state`, which another thread sets before it rings at `own`, is not `old` any more. */
static void wait_while(struct seat *own, const _Atomic int *state, int old)
{
    while (!spin(state, old)) {
        atomic_store(&own->asleep, 1);
        if (atomic_load(state) == old || !atomic_exchange(&own->asleep, 0))
            sleep_in(own);
    }
}

/* There is nobody to ring: after a spin the core is left to others, and after a while for longer. */
void team_await(const _Atomic int *at, int least)
{
    enum { SPINS = 500, YIELDS = 50 }; /* 10 to 20 us; beside another program about as long as its share */
    const struct timespec nap = {.tv_nsec = 50000};
    for (int i = 0; atomic_load_explicit(at, memory_order_acquire) < least; i++)
        if (i < SPINS)
            relax();
        else if (i < SPINS + YIELDS)
            sched_yield();
        else
            nanosleep(&nap, NULL);
}

/* Thread i does its parts until it is told to leave. */
static void stand_by(struct team *t, int i)
{
    struct seat *own = &t->seats[i];
    for (;;) {
        wait_while(own, &own->state, FREE);
        int offered = OFFERED;
        if (atomic_compare_exchange_strong(&own->state, &offered, TAKEN)) {
            t->part(t->ctx, i, t->parts);
            atomic_store(&own->state, FREE);
            ring(&t->seats[0]);
        } else if (offered == LEAVE) {
            return;
        }
    }
}

/* Whether a thread that sleeps is to be woken now. */
static bool worth_waking(struct seat *s)
{
    double now = clock_now_s();
    if (s->done >= LIVELY)
        s->pause_s = 0;
    else if (now - s->woken_s < s->pause_s)
        return false;
    else
        s->pause_s = s->pause_s > PAUSE_MOST_S / 2 ? PAUSE_MOST_S : s->pause_s > 0 ? 2 * s->pause_s : PAUSE_LEAST_S;
    s->done = 0;
    s->woken_s = now;
    return true;
}

/* A part to the seat's thread, unless it sleeps and had better be left alone. */
static void offer(struct seat *s)
{
    s->offered = !atomic_load_explicit(&s->asleep, memory_order_relaxed) || worth_waking(s);
    if (!s->offered)
        return;
    atomic_store(&s->state, OFFERED);
    ring(s);
}

/* Whether the part is left to the first thread: what was offered and not begun is taken back. */
static bool is_left(struct seat *s)
{
    int offered = OFFERED;
    if (!s->offered || atomic_compare_exchange_strong(&s->state, &offered, FREE))
        return true;
    s->done++;
    return false;
}

static void lead(struct team *t, team_part_fn *part, void *ctx, int parts)
{
    int shared = parts < t->threads ? parts : t->threads;
    t->part = part, t->ctx = ctx, t->parts = parts;
    for (int i = 1; i < shared; i++)
        offer(&t->seats[i]);
    part(ctx, 0, parts);
    for (int i = 1; i < parts; i++)
        if (i >= shared || is_left(&t->seats[i]))
            part(ctx, i, parts);
    for (int i = 1; i < shared; i++)
        wait_while(&t->seats[0], &t->seats[i].state, TAKEN);
}

/* What the first thread does: fn, and then all leave. */
static void preside(struct team *t, team_fn *fn, void *ctx)
{
    led = t;
    fn(ctx);
    led = NULL;
    for (int i = 1; i < t->threads; i++) {
        atomic_store(&t->seats[i].state, LEAVE);
        ring(&t->seats[i]);
    }
}

/* What one thread of a team does. */
static void sit(struct team *t, int i)
{
    if (i == 0)
        preside(t, t->fn, t->fn_ctx);
    else
        stand_by(t, i);
}

#ifdef _OPENMP
static void seat_all(struct team *t)
{
#pragma omp parallel num_threads(t->threads)
    sit(t, omp_get_thread_num());
}
#else
struct chair {
    struct team *team;
    int i;
    pthread_t thread;
};

static void *sit_down(void *chair)
{
    const struct chair *c = chair;
    system_work();
    sit(c->team, c->i);
    return NULL;
}

/* Threads that cannot be had leave a smaller team. */
static void seat_all(struct team *t)
{
    struct chair chairs[TEAM_MAX];
    int n = 1;
    for (; n < t->threads; n++) {
        chairs[n] = (struct chair){.team = t, .i = n};
        if (!system_thread(&chairs[n].thread, sit_down, &chairs[n]))
            break;
    }
    t->threads = n;
    sit(t, 0);
    for (int i = 1; i < n; i++)
        CHECK(pthread_join(chairs[i].thread, NULL) == 0);
}
#endif

int team_size(void)
{
    return led ? led->threads : 1;
}

void team_run(int threads, team_fn *fn, void *ctx)
{
    struct seat seats[TEAM_MAX];
    struct team t = {.threads = threads, .seats = seats, .fn = fn, .fn_ctx = ctx};
    CHECK(threads >= 1 && threads <= TEAM_MAX);
    if (led || t.threads == 1) {
        fn(ctx);
        return;
    }
    for (int i = 0; i < t.threads; i++) {
        seats[i] = (struct seat){.done = LIVELY};
        seats[i].has_bell = system_bell_init(&seats[i].bell);
    }
    seat_all(&t);
    for (int i = 0; i < threads; i++)
        if (seats[i].has_bell)
            system_bell_free(&seats[i].bell);
}

struct operation {
    team_part_fn *part;
    void *ctx;
    int parts;
};

static void lead_once(void *ctx)
{
    const struct operation *o = ctx;
    if (led)
        lead(led, o->part, o->ctx, o->parts);
    else
        for (int i = 0; i < o->parts; i++)
            o->part(o->ctx, i, o->parts);
}

void team_parts(team_part_fn *part, void *ctx, int parts)
{
    struct operation o = {part, ctx, parts};
    CHECK(parts <= TEAM_MAX);
    if (parts <= 1)
        part(ctx, 0, 1);
    else if (led)
        lead(led, part, ctx, parts);
    else
        team_run(parts, lead_once, &o);
}
