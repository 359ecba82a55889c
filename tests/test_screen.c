/* What a sweep ends with: no more lines than a terminal has. */
#include "made_sweep.h"
#include "test.h"

#include <math.h>
#include <string.h>

#include "report/screen.h"

/* Lines that a row takes, broken at blanks. */
static size_t lines_of(const char *text)
{
    size_t lines = 1, at = 0, room = SCREEN_COLUMNS - SCREEN_LABEL - 2;
    for (const char *p = text; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        if (at > 0 && at + 1 + n > room)
            lines++, at = 0;
        at += n + (at > 0);
        p += n;
    }
    return lines;
}

/* What is long to say of how the runs were trained. */
static void fill_protocol(struct fit_verdict *v)
{
    static const struct protocol_said said[] = {
        {"rate", true, "the best rate is 0.0008 at N = 1.02k, D = 20k and 0.004 at N = 1.02M, D = 20.5M; further out: more"},
        {"budget", true, "9 runs have fewer than 100 steps (the shortest 20): give them more"},
        {"edge", true, "1 of 3 IsoFLOP minima lie at the edge: more"},
        {"batch", false, "a batch"}, {"warmup", false, "a warm-up"},
    };
    v->n_protocol = sizeof said / sizeof *said;
    memcpy(v->protocol, said, sizeof said);
}

/* Whatever a fit says, its screen has no more lines than a terminal. */
static void one_screen(void)
{
    struct made_sweep *s = made_sweep(false, "a sweep");
    struct fit_verdict *v = &s->report.verdict;
    static struct screen screen;
    const double none = (double)NAN;
    fill_protocol(v);
    for (int k = 0; k < 32; k++) {
        v->floor.supported = k & 1;
        v->floor.at.lo = k & 2 ? (double)NAN : 0.1 * v->floor.at.value;
        s->report.noise.sigma = k & 4 ? (double)NAN : 0.0123456;
        v->returns.times = k & 4 ? (struct fit_value){none, none, none, none} : (struct fit_value){0.618, none, 0.0412, 2.917};
        v->returns.flatten = k & 8 ? (struct fit_value){1.2345e15, 0, 1e13, 9.87e18} : (struct fit_value){none, none, none, none};
        v->brk.tested = true, v->brk.p = 0.0123, v->brk.found = k & 16;
        v->brk.change = (struct fit_value){0.218, 0, 0.1184, 0.3868};
        v->brk.place = (struct fit_value){2.89e10, 0, 2.8e10, 1.28e11};
        screen_fill(&screen, &s->report, "nats per token");
        size_t lines = 2; /* the heading, and where the charts are */
        for (size_t i = 0; i < screen.n; i++) {
            size_t n = lines_of(screen.rows[i].text);
            EXPECT_MSG(n <= SCREEN_LINES + (i == 0), "case %d: %zu lines: %s", k, n, screen.rows[i].text);
            EXPECT_MSG(!strstr(screen.rows[i].text, "nan") && !strstr(screen.rows[i].text, "inf"), "case %d: %s", k,
                       screen.rows[i].text);
            lines += n;
        }
        /* theory and baseline, of which runs have one, and where there is more */
        EXPECT_MSG(lines + 3 <= 24, "case %d: %zu lines", k, lines + 3);
        EXPECT(strstr(screen.rows[screen.n - 1].text,
                      "D = 20.5M; 9 runs have fewer than 100 steps; and 1 more. Not measured: batch, warmup."));
    }
    made_free(s);
}

/* The answer is no plainer than the row of the break. */
static void answer_of_an_open_break(void)
{
    static const struct {
        double p, change;
        const char *has, *has_not;
    } cases[] = {
        {.p = 0.2, .change = -0.2, .has = "No wall is seen", .has_not = "see Break"},
        {.p = 0.015, .change = 0.2, .has = "perhaps faster beyond some point (see Break)", .has_not = "wall is open"},
        {.p = 0.015, .change = -0.2, .has = "Whether there is a wall is open", .has_not = "No wall is seen"},
    };
    struct made_sweep *s = made_sweep(false, "a sweep");
    struct fit_verdict *v = &s->report.verdict;
    static struct screen screen;
    v->brk.tested = true, v->brk.found = false, v->brk.turn.found = false;
    v->brk.place = (struct fit_value){2.89e10, 0, 2.8e10, 1.28e11};
    for (int k = 0; k < 6; k++) {
        v->brk.p = cases[k % 3].p, v->brk.change = (struct fit_value){cases[k % 3].change, 0, -0.4, 0.4};
        v->floor.supported = k >= 3;
        screen_fill(&screen, &s->report, "nats per token");
        EXPECT_MSG(strstr(screen.rows[0].text, cases[k % 3].has), "case %d: %s", k, screen.rows[0].text);
        EXPECT_MSG(!strstr(screen.rows[0].text, cases[k % 3].has_not), "case %d: %s", k, screen.rows[0].text);
    }
    made_free(s);
}

static const struct test tests[] = {
    {"answer_of_an_open_break", answer_of_an_open_break},
    {"one_screen", one_screen},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
