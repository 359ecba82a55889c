#include "cli/ending.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/fitted.h"
#include "cli/keep.h"
#include "cli/text.h"
#include "cli/theory.h"
#include "harness/folder.h"
#include "report/screen.h"

/* On text, what the runs must beat to have learnt more than pairs of bytes. */
static enum status add_baseline(struct screen *s, const struct fitted *f, const struct config *c, struct err *err)
{
    const double *flops = f->table.col[FIT_FLOPS], *loss = f->table.col[FIT_LOSS];
    double nats;
    size_t largest = 0;
    if (f->table.n == 0)
        return OK;
    for (size_t i = 1; i < f->table.n; i++)
        if (flops[i] > flops[largest])
            largest = i;
    TRY(folder_baseline(&nats, f->folder, c, err));
    if (isfinite(nats))
        screen_add(s, "Baseline", "a bigram model of the same training bytes reaches %.4f nats per byte on the held-out bytes; the "
                   "largest run reaches %.4f and %s it.", nats, loss[largest], loss[largest] < nats ? "beats" : "does NOT beat");
    return OK;
}

/* The first failure is the one to tell; what comes after it is done all the same. */
static void go_on(enum status *st, struct err *err, enum status next, const struct err *next_err)
{
    if (*st == OK && next != OK) {
        *st = next;
        *err = *next_err;
    }
}

/* Labels in a column, their rows beside them. */
static void print_screen(const struct fitted *f, const struct screen *s)
{
    const struct fit_law *law = fit_report_selected(&f->report);
    char lead[SCREEN_LABEL + 8];
    printf("Verdict: %zu run%s%s%s\n", f->report.n, f->report.n == 1 ? "" : "s", law ? ", law " : "", law ?
           law->law->name : "");
    for (size_t i = 0; i < s->n; i++) {
        snprintf(lead, sizeof lead, "  %-*s", SCREEN_LABEL, s->rows[i].label);
        text_beside(stdout, lead, "%s", s->rows[i].text);
    }
}

/* Where the rest is: the remarks on the runs are the fit's, and so are its tables. */
static void add_pointer(struct screen *s, const struct fitted *f)
{
    size_t n = f->report.warnings.n + f->report.notes.n;
    screen_add(s, "More", "plateau fit %s: parameters, laws, methods%s%.0zu%s", f->folder, n ? ", and " : "", n,
               n == 1 ? " remark on these runs" : n ? " remarks on these runs" : "");
}

static enum status fit_and_tell(struct fitted *f, const struct config *c, struct err *err)
{
    struct err later;
    struct screen screen;
    TRY(fitted_analyse(f, err));
    enum status kept = keep_fit(f, err), st = kept;
    screen_fill(&screen, &f->report, fitted_unit(f));
    go_on(&st, err, theory_add(&screen, f, &later), &later);
    go_on(&st, err, add_baseline(&screen, f, c, &later), &later);
    add_pointer(&screen, f);
    print_screen(f, &screen);
    if (kept != OK) /* charts of a fit that is not kept would be those of none */
        return st;
    go_on(&st, err, keep_charts(f, &(struct charts_how){.data = false}, false, &later), &later);
    go_on(&st, err, keep_report(f, true, &later), &later);
    return st;
}

static enum status draw_again(struct fitted *f, struct err *err)
{
    struct err later;
    text_message(stdout, "", "the fit is in %s/fit.json; its charts and its page are made again", f->folder);
    TRY(fitted_analyse(f, err));
    enum status st = keep_charts(f, &(struct charts_how){.data = false}, false, err);
    go_on(&st, err, keep_report(f, true, &later), &later);
    return st;
}

/* Whether charts and page are all there, and of the fit that fit.json holds. */
static enum status is_drawn(bool *drawn, const struct fitted *f, struct err *err)
{
    bool page = false;
    TRY(keep_charts_current(drawn, f, err));
    TRY(keep_report_current(&page, f, err));
    *drawn = *drawn && page;
    return OK;
}

enum status ending_of_folder(const char *dir, const struct config *c, bool unchanged, struct err *err)
{
    struct fitted f;
    bool drawn = false;
    fitted_init(&f);
    /* a reader that went away must not cost the charts: main says that not all could be printed */
    signal(SIGPIPE, SIG_IGN);
    enum status st = fitted_of_sweep(&f, &dir, c, err);
    if (st == OK)
        st = fitted_read(&f, err);
    if (st == OK && f.current)
        st = is_drawn(&drawn, &f, err);
    if (st == OK && unchanged && f.current && drawn) {
        text_message(stdout, "", "the fit is in %s/fit.json, the charts are in %s/charts, all of it on one page in "
                     "%s/report.html", dir, dir, dir);
    } else if (st == OK && unchanged && f.current) {
        st = draw_again(&f, err);
    } else if (st == OK) {
        if (unchanged && f.stored.there) {
            text_message(stdout, "", "%s/fit.json is made anew: %s", dir, f.why);
            printf("\n");
        }
        st = fit_and_tell(&f, c, err);
    }
    fitted_close(&f);
    return st;
}
