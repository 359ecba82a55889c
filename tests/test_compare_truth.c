/* Simulated comparisons whose truth is known: a planted change is called by its name, an interval of gains covers, no change is
 * none. The short form of compare_power.c. */
#include <string.h>

#include "compare_sim.h"
#include "test.h"

static struct compare_tally tally(const char *name, size_t first, size_t n)
{
    struct compare_tally t = {0};
    struct err err = {0};
    size_t k = 0;
    while (k < compare_n_sims && strcmp(compare_sims[k].name, name) != 0)
        k++;
    EXPECT(k < compare_n_sims);
    enum status st = compare_sim_run(&t, &compare_sims[k], first, n, &err);
    EXPECT_MSG(st == OK, "%s", err.msg);
    return t;
}

/* Noise in the data: the floor rises, and what there is to learn is less. No change of one thing says so. */
static void floor_and_level_are_told_together(void)
{
    size_t n = test_slow() ? 1 : 2;
    struct compare_tally t = tally("floor + .187, excess x .9", 0, n);
    EXPECT(t.called[COMPARE_EXPONENT] == 0 && t.called[COMPARE_LEVEL] == 0);
    EXPECT_MSG(t.called[COMPARE_FLOOR] > 0 && t.both == t.called[COMPARE_FLOOR], "%zu of %zu", t.both, t.called[COMPARE_FLOOR]);
}

/* A term that no longer falls is a second floor, and must not pass for another exponent. */
static void a_floor_is_no_exponent_near_nothing(void)
{
    struct compare_tally t = tally("floor + .187, size costs x .8", 0, 1);
    EXPECT(t.called[COMPARE_FLOOR] == 1);
}

static void planted_changes_are_called_by_their_names(void)
{
    size_t n = test_slow() ? 1 : 3;
    struct compare_tally level = tally("large models, level x 1.5 in data", 0, n);
    struct compare_tally exponent = tally("large models, exponent of data .37 to .39", 0, n);
    struct compare_tally floor = tally("floor + .05", 0, n);
    EXPECT(level.called[COMPARE_LEVEL] == n);
    EXPECT(exponent.called[COMPARE_EXPONENT] == n);
    EXPECT(floor.called[COMPARE_FLOOR] + floor.called[COMPARE_OPEN] == n);
}

static void gains_cover_a_handicap(void)
{
    size_t n = test_slow() ? 2 : 6;
    struct compare_tally t = tally("half wasted", 100, n);
    EXPECT_MSG(t.gain + 1 >= n, "%zu of %zu", t.gain, n);
    EXPECT(t.called[COMPARE_NOTHING] == 0);
    EXPECT(t.width / (double)t.ended < 0.4);
}

static void no_change_is_no_change(void)
{
    size_t n = test_slow() ? 2 : 6;
    struct compare_tally t = tally("A against A, one seed, 3 x 3", 200, n);
    EXPECT_MSG(t.called[COMPARE_NOTHING] + 1 >= n, "%zu of %zu", t.called[COMPARE_NOTHING], n);
    EXPECT(t.gain + 1 >= n);
    EXPECT(t.planned_gain == t.called[COMPARE_NOTHING]); /* a gain of a per cent or so: it takes more seeds to see it */
}

/* A level and an exponent that a larger grid tells apart have a plan. */
static void what_is_open_has_a_plan(void)
{
    size_t n = 6; /* of fewer, none may be open */
    if (test_slow()) {
        test_skip("six comparisons take minutes where steps are slow, and statistics are the same in every build");
        return;
    }
    struct compare_tally t = tally("exponent of data .5 to .53, pivot D = 1", 300, n);
    EXPECT_MSG(t.planned == t.called[COMPARE_OPEN], "%zu of %zu open", t.planned, t.called[COMPARE_OPEN]);
    EXPECT(t.called[COMPARE_OPEN] > 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"floor_and_level_are_told_together", floor_and_level_are_told_together},
        {"a_floor_is_no_exponent_near_nothing", a_floor_is_no_exponent_near_nothing},
        {"planted_changes_are_called_by_their_names", planted_changes_are_called_by_their_names},
        {"gains_cover_a_handicap", gains_cover_a_handicap},
        {"no_change_is_no_change", no_change_is_no_change},
        {"what_is_open_has_a_plan", what_is_open_has_a_plan},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
