/* The choice of threads on machines that are made up: what it costs where more threads are slower, what it brings
 * where they are faster, and that it follows when that changes. The clock is made up too. */
#include <math.h>

#include "harness/pace.h"
#include "test.h"

/* Seconds that a piece takes at a time, with 1 thread or with all. */
struct machine {
    double one_s, many_s;
    double turn_s, one_after_s, many_after_s; /* from turn_s on; 0: never */
};

static double piece_s(const struct machine *m, int threads, double now)
{
    bool after = m->turn_s > 0 && now >= m->turn_s;
    return threads == 1 ? after ? m->one_after_s : m->one_s : after ? m->many_after_s : m->many_s;
}

/* Pieces done from `from` to `to` seconds. */
static double run(const struct machine *m, int granted, double from, double to)
{
    struct pace p = {0};
    double now = 0, done = 0;
    while (now < to) {
        int threads = pace_begin(&p, granted, now);
        EXPECT(threads == 1 || threads == granted);
        double s = piece_s(m, threads, now);
        now += s;
        pace_end(&p, 1, now);
        if (now > from)
            done += fmin(1, (now - from) / s);
        now += 1e-4; /* between pieces */
    }
    return done;
}

static const double pieces[] = {0.0005, 0.01, 0.06, 0.7};

static void never_slower(void)
{
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        for (double slower = 1.01; slower < 100; slower *= 2) {
            double one = pieces[i];
            struct machine m = {one, one * slower, 0, 0, 0};
            /* What the first trial takes nobody can know. */
            double want = 300 / (one + 1e-4) - slower, got = run(&m, 2, 0, 300);
            /* A trial of short pieces ends before a tenth of a second. */
            EXPECT_MSG(got >= (one < 0.001 && slower > 1.2 ? 0.99 : 0.97) * want,
                       "a piece of %g s, %g times that on two threads: %g pieces, on one %g", one, slower, got, want);
        }
}

static void as_fast(void)
{
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        double many = pieces[i] / 1.87;
        struct machine m = {pieces[i], many, 0, 0, 0};
        double want = 300 / (many + 1e-4), got = run(&m, 2, 0, 300);
        EXPECT_MSG(got >= 0.99 * want, "a piece of %g s, 1.87 times faster on two threads: %g pieces of %g", pieces[i],
                   got, want);
    }
}

/* From 100 s on; looked at from 170 s on. */
static void follows(void)
{
    static const struct {
        const char *what;
        struct machine m;
        double best_s;
    } turns[] = {
        {"another program begins", {0.06, 0.032, 100, 0.06, 0.3}, 0.06},
        {"another program ends", {0.06, 0.3, 100, 0.06, 0.032}, 0.032},
        {"one thread was slow only at first", {0.12, 0.08, 100, 0.06, 0.08}, 0.06},
        {"one gets better, more stay ahead", {0.12, 0.08, 100, 0.11, 0.06}, 0.06},
        {"all get slower", {0.06, 0.032, 100, 0.3, 0.16}, 0.16},
    };
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        double want = 130 / (turns[i].best_s + 1e-4), got = run(&turns[i].m, 2, 170, 300);
        EXPECT_MSG(got >= 0.96 * want, "%s: %g pieces, could be %g", turns[i].what, got, want);
    }
}

static void granted(void)
{
    struct pace p = {0};
    double now = 0;
    for (int i = 0; i < 1000; i++) { /* one thread is granted, then four, then two: never more than that */
        int most = i < 200 ? 1 : i < 600 ? 4 : 2, threads = pace_begin(&p, most, now);
        EXPECT(threads == 1 || threads == most);
        now += 0.06 / threads;
        pace_end(&p, 1, now);
        if (i % 200 == 199)
            EXPECT(threads == most);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"never slower than one", never_slower},
        {"as fast as all", as_fast},
        {"follows the machine", follows},
        {"no more than granted", granted},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
