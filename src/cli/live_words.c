#include "cli/live_words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/file.h"
#include "base/size.h"

/* Where it stands, in a word, and what to know of that. */
static void say_state(struct live_words *l, const struct watch *w)
{
    struct live_page *p = &l->page;
    char *out = l->words;
    const size_t size = sizeof l->words;
    if (w->fd < 0) {
        p->state = "Waiting";
        snprintf(out, size, "The folder %s is not there yet. The page follows as soon as a sweep begins in it.", w->dir);
    } else if (w->searching) {
        p->state = "Looking for learning rates";
        snprintf(out, size, "Trials come before the sweep, as its config says train.lr auto.");
    } else if (w->at_work) {
        p->state = w->known ? "Training" : "Beginning";
        snprintf(out, size, "%s", w->why);
    } else if (w->made == 0) {
        p->state = "Waiting";
        snprintf(out, size, "No sweep has begun in this folder yet. The page follows as soon as one does.");
    } else if (!w->known) {
        p->state = "Not at work";
        snprintf(out, size, "Which runs there are to be cannot be told: %s", w->why);
    } else if (w->n_done == w->folder.plan.n) {
        p->state = "Ended";
        snprintf(out, size, "Every run of the grid is done.");
    } else {
        p->state = "Stopped";
        snprintf(out, size, "No sweep is at work here; the command that began it goes on with it.");
    }
    p->words = out;
}

static void say_law(struct live_words *l, const struct live_fit *fit, bool at_work)
{
    char age[32];
    l->page.law = l->law;
    if (fit->runs == 0)
        return;
    snprintf(l->law, sizeof l->law, "Law and charts below: from the %zu run%s that had finished %s ago%s.", fit->runs,
             fit->runs == 1 ? "" : "s", count_format_seconds(age, sizeof age, floor(fit->age_s)),
             fit->whole ? ""
             : at_work  ? ", with 100 resamples and no test for a break until the sweep has ended"
                        : ", the last one follows");
}

/* What a sweep that says nothing has done, by what tokens take. */
static double share_of(const struct watch *w)
{
    double all = 0, done = 0;
    for (size_t i = 0; i < w->folder.plan.n; i++) {
        const struct watch_run *r = &w->runs[i];
        const struct trajectory *t = &w->folder.plan.trajectories[r->trunk];
        double own = plan_own_tokens(&w->folder.plan, t, i), shared = r->run->cfg.train.tokens - own;
        all += t->cost * own;
        done += t->cost * (r->done ? own : fmin(fmax(r->tokens - shared, 0), own));
    }
    return all > 0 ? done / all : (double)NAN;
}

static void count(struct live_words *l, const struct watch *w)
{
    struct live_page *p = &l->page;
    p->at_work = w->at_work;
    p->left_s = (double)NAN;
    p->done = w->n_done;
    p->total = w->folder.plan.n;
    p->share = share_of(w);
    if (!w->at_work || w->live.runs == 0)
        return;
    if (w->searching) {
        p->done = w->live.runs_done;
        p->total = w->live.runs;
    }
    p->share = w->live.share;
    p->tokens_per_s = w->live.tokens_per_s;
    p->seconds = w->live.seconds;
    p->left_s = w->live.left_s;
    p->n_bars = w->live.n;
    p->bars = l->bars;
    for (size_t i = 0; i < w->live.n; i++) {
        const struct live_run *r = &w->live.run[i];
        l->bars[i] = (struct live_page_bar){r->name, r->tokens, r->total, r->loss, r->tokens_per_s};
    }
}

static struct live_page_run run_of(const struct watch_run *r)
{
    return (struct live_page_run){.name = r->run->name,
                                  .status = r->row.status,
                                  .state = r->done ? LIVE_DONE : r->tokens > 0 ? LIVE_BEGUN : LIVE_WAITS,
                                  .params = r->run->params,
                                  .budget = r->run->cfg.train.tokens,
                                  .trained = r->tokens,
                                  .loss = r->done ? r->row.loss : r->n ? r->loss[r->n - 1] : (double)NAN,
                                  .forecast = r->forecast,
                                  .n = r->n,
                                  .at = r->at,
                                  .curve = r->loss};
}

/* Where its curve ends. */
static double end_of(const struct watch_run *r)
{
    return r->n ? r->at[r->n - 1] : 0;
}

/* Of the runs on one trajectory, whose curves are one for most of the way, the one with the longest shows it. */
static void choose_curves(struct live_words *l, const struct watch *w)
{
    for (size_t t = 0; t < w->folder.plan.n_trajectories; t++) {
        const struct trajectory *tr = &w->folder.plan.trajectories[t];
        size_t longest = tr->first;
        for (size_t i = tr->first; i < tr->first + tr->n; i++)
            if (end_of(&w->runs[i]) > end_of(&w->runs[longest]))
                longest = i;
        l->runs[longest].held = true;
    }
}

enum status live_words_make(struct live_words *l, const struct watch *w, const struct live_fit *fit, struct err *err)
{
    const char *end = w->dir + strlen(w->dir);
    *l = (struct live_words){.page = {.law = "", .words = ""}};
    TRY(size_calloc(&l->runs, w->folder.plan.n, sizeof *l->runs, "the live page", err));
    while (end > w->dir + 1 && end[-1] == '/')
        end--;
    const char *from = end;
    while (from > w->dir && from[-1] != '/')
        from--;
    snprintf(l->name, sizeof l->name, "%.*s", (int)(end - from), from);
    l->page.name = w->known && w->folder.cfg.name[0] ? w->folder.cfg.name : l->name;
    say_state(l, w);
    say_law(l, fit, w->at_work);
    count(l, w);
    for (size_t i = 0; i < w->folder.plan.n; i++)
        l->runs[i] = run_of(&w->runs[i]);
    choose_curves(l, w);
    l->page.runs = l->runs;
    l->page.n_runs = w->folder.plan.n;
    l->page.loss_unit = w->known && config_data_spec(&w->folder.cfg).kind == DATA_TEXT ? "nats per byte" : "nats per token";
    return OK;
}

void live_words_free(struct live_words *l)
{
    free(l->runs);
    l->runs = NULL;
}
