#include "harness/train_internal.h"

#include "base/clock.h"

static const double REPORT_S = 0.05;

/* Note how much of run r's own part, which for a branch begins where it leaves the trunk, is done. */
void train_note_position(struct trainer *tr, const struct run *r, int64_t step)
{
    int64_t from = r == tr->trunk ? 0 : train_branch_step(r);
    size_t i = (size_t)(r - tr->plan->runs) - tr->t->first;
    tr->own_tokens[i] = step > from ? train_tokens_at(r, step) - train_tokens_at(r, from) : 0;
}

void train_send_report(struct trainer *tr)
{
    double seconds = clock_now_s() - tr->started_s, done = 0;
    if (!tr->o->progress || !tr->at)
        return;
    for (size_t i = 0; i < tr->t->n; i++)
        done += tr->own_tokens[i];
    struct train_progress p = {.run = (size_t)(tr->at - tr->plan->runs),
                               .runs_done = tr->runs_done,
                               .tokens_done = fmin(done, tr->t->tokens), /* a second trunk counts once */
                               .tokens_trained = tr->tokens_trained,
                               .tokens_evaluated = tr->tokens_evaluated,
                               .run_tokens = train_tokens_at(tr->at, tr->step),
                               .loss = tr->shown_loss,
                               .tokens_per_s = seconds > 0 ? tr->tokens_trained / seconds : 0,
                               .cpu_s = clock_cpu_s(),
                               .train_s = tr->train_s,
                               .eval_s = tr->eval_s};
    tr->o->progress(tr->o->progress_ctx, &p);
}

/* Often enough for a display, and no more: each report wakes the parent. */
void train_report(struct trainer *tr)
{
    double now = clock_now_s();
    if (now - tr->reported_s < REPORT_S)
        return;
    tr->reported_s = now;
    train_note_position(tr, tr->at, tr->step);
    train_send_report(tr);
}
