/* (j) What the runs say of a wall, for the team to argue from. */
#include <math.h>

#include "cli/lab/steps.h"
#include "cli/lab/train.h"
#include "report/screen.h"

/* What the run beyond the others adds, where it has been trained. */
static void tell_ahead(struct note *n, const struct lab *l)
{
    double measured, said, lo, hi;
    struct err ignored;
    if (!lab_done(l, 'g') || note_read(&measured, l, 'g', "measured", &ignored) != OK ||
        note_read(&said, l, 'f', "loss", &ignored) != OK || note_read(&lo, l, 'f', "loss_lo", &ignored) != OK ||
        note_read(&hi, l, 'f', "loss_hi", &ignored) != OK)
        return;
    note_line(n,
              "The law's prediction for the run at ten times the largest budget was %.2f %% too %s (step g). A wall would have put "
              "the run above the interval (%.4f); it is %s.",
              fabs(100 * (said / measured - 1)), measured > said ? "low" : "high", hi,
              measured > hi   ? "above it"
              : measured < lo ? "below the whole interval"
                              : "inside the interval");
}

static void tell(struct note *n, const struct lab *l, const struct fitted *f)
{
    struct screen s;
    screen_fill(&s, &f->report, fitted_unit(f));
    for (size_t i = 0; i < s.n; i++)
        if (i == 0)
            note_lead(n, "%s", s.rows[i].text);
        else
            note_line(n, "%s: %s", s.rows[i].label, s.rows[i].text);
    tell_ahead(n, l);
    note_value(n, "floor", &f->report.verdict.floor.at);
    note_value(n, "gain", &f->report.verdict.returns.gain);
    note_value(n, "flattens_at", &f->report.verdict.returns.flatten);
}

enum status step_wall(struct lab *l, struct note *n, struct err *err)
{
    const struct fitted *f;
    enum status st = lab_fit_of(&f, l, err);
    if (st == OK) {
        tell(n, l, f);
        st = lab_chart_of(n, f, "returns", err);
    }
    if (st == OK)
        st = lab_chart_of(n, f, "predicted", err);
    return st;
}
