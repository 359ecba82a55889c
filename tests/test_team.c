/* Threads that share work: every part is done once and seen, whoever sleeps, comes late or is missing. */
#include <stdlib.h>
#include <time.h>

#include "model/team.h"
#include "test.h"

static void nap_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000 * us}, NULL);
}

/* Plain counters: a part done twice at a time, or not seen, shows as a wrong sum sooner or later. */
struct counts {
    int done[TEAM_MAX], parts;
    long nap_us[TEAM_MAX]; /* of part i */
};

static void count(void *ctx, int i, int parts)
{
    struct counts *c = ctx;
    if (c->nap_us[i])
        nap_us(c->nap_us[i]);
    c->done[i]++;
    if (parts != c->parts)
        c->done[i] = -1;
}

/* One operation of c->parts parts after `before` others. */
static void check_counts(struct counts *c, int before)
{
    team_parts(count, c, c->parts);
    for (int i = 0; i < TEAM_MAX; i++)
        EXPECT_MSG(c->done[i] == (i < c->parts ? before + 1 : 0), "team of %d: part %d of %d done %d times, not %d",
                   team_size(), i, c->parts, c->done[i], before + 1);
}

static void many_operations(void *ctx)
{
    (void)ctx;
    for (int parts = 1; parts <= 7; parts++) {
        struct counts c = {.parts = parts};
        for (int n = 0; n < 2000 && !test_failed(); n++)
            check_counts(&c, n);
    }
}

static void each_once(void)
{
    for (int threads = 1; threads <= 4; threads++)
        team_run(threads, many_operations, NULL);
    struct counts c = {.parts = 5}; /* outside of a team */
    for (int n = 0; n < 20; n++)
        check_counts(&c, n);
    struct counts most = {.parts = TEAM_MAX};
    check_counts(&most, 0);
}

/* Waits far longer than any spins, of either side, at random. */
static void sleepy_operations(void *ctx)
{
    struct rng *rng = test_rng();
    (void)ctx;
    for (int n = 0; n < 150 && !test_failed(); n++) {
        struct counts c = {.parts = 1 + (int)rng_below(rng, 5)};
        for (int i = 0; i < c.parts; i++)
            c.nap_us[i] = rng_below(rng, 3) ? 0 : (long)rng_below(rng, 900);
        if (rng_below(rng, 3) == 0)
            nap_us((long)rng_below(rng, 2000));
        check_counts(&c, 0);
    }
}

static void sleepers(void)
{
    for (int threads = 2; threads <= 4; threads++)
        team_run(threads, sleepy_operations, NULL);
}

/* Two parts that each wait for the other to have begun, for ten seconds at most. */
struct pair {
    _Atomic int begun[2];
    int met;
};

static void meet(void *ctx, int i, int parts)
{
    struct pair *p = ctx;
    (void)parts;
    p->begun[i] = 1;
    for (int n = 0; n < 10000 && !p->begun[1 - i]; n++)
        nap_us(1000);
    if (i == 0)
        p->met = p->begun[1];
}

static void meet_after_sleep(void *ctx)
{
    (void)ctx;
    for (int n = 0; n < 5 && !test_failed(); n++) {
        struct pair p = {{0, 0}, 0};
        nap_us(20000); /* by now the other one sleeps, and no pause is longer */
        nap_us(20000);
        team_parts(meet, &p, 2);
        EXPECT_MSG(p.met, "a thread that slept was not woken");
    }
}

static void woken(void)
{
    if (getenv("OMP_THREAD_LIMIT"))
        test_skip("one thread");
    else
        team_run(2, meet_after_sleep, NULL);
}

static void nested(void *ctx)
{
    int *sizes = ctx;
    sizes[0] = team_size();
    team_run(sizes[1], many_operations, NULL);
    sizes[2] = team_size();
}

static void teams_within_teams(void)
{
    int sizes[3] = {0, 4, 0};
    team_run(3, nested, sizes);
    EXPECT(sizes[0] == 3 && sizes[2] == 3);
    EXPECT(team_size() == 1);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"each part once", each_once},
        {"sleepers", sleepers},
        {"woken", woken},
        {"teams within teams", teams_within_teams},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
