#include "harness/train_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/size.h"
#include "harness/results.h"
#include "harness/row_of_run.h"

enum { BAD_STEPS_MAX = 50 };

/* Members' losses at the last evaluation, for the log; NULL where there is one model. */
static const double *member_losses(const struct trainer *tr)
{
    return tr->e.n > 1 ? tr->member_loss : NULL;
}

/* The longest run that has no result yet holds the trunk: the folder of one that is done is never written to. NULL
 * where all are done. */
static enum status find_trunk(struct trainer *tr, struct err *err)
{
    bool done;
    tr->trunk = NULL;
    for (size_t i = 0; i < tr->t->n; i++) {
        const struct run *r = &tr->plan->runs[tr->t->first + i];
        TRY(train_is_done(&done, tr, r, err));
        if (!done)
            tr->trunk = r;
    }
    return OK;
}

/* Curves get a point each time the tokens have grown by a factor of 2^(1/2), from 32 steps on. */
static bool wants_curve_point(int64_t step)
{
    for (double at = 32; at <= (double)step; at *= 1.4142135623730951)
        if ((int64_t)ceil(at) == step)
            return true;
    return false;
}

static enum status log_step(struct trainer *tr, const struct run *r, struct runlog *log, double lr, double norm,
                            int64_t last, struct err *err)
{
    double tokens = train_tokens_at(r, tr->step);
    double flops = tokens * gpt_flops_per_token(&r->shape);
    double seconds = clock_now_s() - tr->started_s;
    int64_t every = (int64_t)r->cfg.train.log_every;
    if (tr->step != 1 && tr->step % every != 0 && tr->step != last)
        return OK;
    tr->shown_loss = tr->loss_sum / (double)tr->loss_steps;
    tr->loss_sum = 0;
    tr->loss_steps = 0;
    return runlog_step(log, tr->step, tokens, flops, tr->shown_loss, lr, norm,
                       seconds > 0 ? tr->tokens_trained / seconds : (double)NAN, err);
}

/* A point of the evaluated curve, where one is due and the log does not end in it already. So one that a
 * stop cut short is made up for when the run goes on. */
static enum status curve_point(struct trainer *tr, const struct run *r, struct runlog *log, int64_t last,
                               struct err *err)
{
    double tokens = train_tokens_at(r, tr->step), loss = (double)NAN, se = (double)NAN;
    if (tr->step >= last || !wants_curve_point(tr->step) || log->eval_step == tr->step)
        return OK;
    TRY(train_evaluate(tr, TRAIN_CURVE_STRIDE, &loss, &se, err));
    return runlog_eval(log, tr->step, tokens, tokens * gpt_flops_per_token(&r->shape), loss, se,
                       train_eval_tokens(tr, TRAIN_CURVE_STRIDE), member_losses(tr), tr->e.n, err);
}

/* The loss of a model to which all tokens are as likely, and a tenth more: the noise of a batch and the first steps may raise it
 * so far. */
static double untrained_loss(const struct run *r)
{
    return 1.1 * log((double)r->shape.V);
}

/* Each member on its own data. The mean of their losses and gradient norms, and the largest loss. */
static enum status step_members(double *worst_loss, double *norm, struct trainer *tr, const struct run *r, double lr,
                                struct err *err)
{
    size_t n = tr->e.n, T = r->shape.T, B = (size_t)train_step_tokens(r, tr->step) / T;
    uint64_t first = (uint64_t)train_tokens_at(r, tr->step) / T;
    double worst = -(double)INFINITY, loss = 0;
    *norm = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t order = members_seed(config_order_seed(&r->cfg), i);
        const struct data *d = tr->own_data ? tr->own_data : tr->data;
        data_train(d, tr->x, tr->y, order, first, B);
        TRY(data_fault(d, err));
        double own = gpt_forward_backward_of(&tr->e.g[i], tr->x, tr->y, B);
        loss += own;
        worst = own > worst ? own : worst;
        *norm += optim_step(&tr->e.optim[i], &tr->e.g[i], lr, tr->step + 1);
    }
    tr->loss = loss / (double)n;
    *norm /= (double)n;
    *worst_loss = worst;
    return OK;
}

/* One step and its line in the log. E_NUMERIC where training diverges. */
static enum status train_step(struct trainer *tr, const struct run *r, const struct schedule *schedule,
                              struct runlog *log, struct err *err)
{
    double before = train_tokens_at(r, tr->step), tokens = train_step_tokens(r, tr->step);
    double began = train_begin_piece(tr);
    double lr = schedule_lr(schedule, before + tokens);
    double norm, worst;
    TRY(step_members(&worst, &norm, tr, r, lr, err));
    tr->loss_sum += tr->loss;
    tr->loss_steps++;
    tr->step++;
    tr->tokens_trained += tokens;
    tr->train_s += train_end_piece(tr, began, tokens);
    TRY(log_step(tr, r, log, lr, norm, train_total_steps(r), err));
    if (!isfinite(tr->loss) || !isfinite(norm))
        return err_set(err, E_NUMERIC, "loss %g, gradient norm %g at step %lld", tr->loss, norm,
                       (long long)tr->step);
    tr->bad_steps = worst > untrained_loss(r) ? tr->bad_steps + 1 : 0;
    if (tr->bad_steps >= BAD_STEPS_MAX)
        return err_set(err, E_NUMERIC, "the loss has been above that of a uniform guess for %d steps at step %lld",
                       BAD_STEPS_MAX, (long long)tr->step);
    return OK;
}

/* Save and stop: st says where. */
static enum status stop_here(struct trainer *tr, const struct run *r, struct runlog *log, enum status st,
                             struct err *err)
{
    struct err failed;
    if (train_save(tr, r, log, &failed) != OK) {
        *err = failed;
        return failed.code;
    }
    return st;
}

struct steps {
    struct trainer *tr;
    const struct run *r;
    struct runlog *log;
    int64_t until;
    struct schedule schedule;
};

static enum status step_on(void *ctx, bool *more, struct err *err)
{
    const struct steps *s = ctx;
    struct trainer *tr = s->tr;
    enum status st = curve_point(tr, s->r, s->log, train_total_steps(s->r), err);
    if (st == OK && tr->step >= s->until) {
        *more = false;
        return OK;
    }
    if (st == OK && *tr->o->stop)
        st = err_set(err, E_INTERRUPTED, "interrupted at step %lld", (long long)tr->step);
    if (st == E_INTERRUPTED)
        return stop_here(tr, s->r, s->log, st, err);
    TRY(st);
    if (clock_now_s() - tr->saved_s > s->r->cfg.train.checkpoint_s)
        TRY(train_save(tr, s->r, s->log, err));
    TRY(train_step(tr, s->r, &s->schedule, s->log, err));
    train_report(tr);
    return OK;
}

/* Steps from where the state stands up to `until`. E_NUMERIC where training diverges. */
static enum status train_to(struct trainer *tr, const struct run *r, struct runlog *log,
                            int64_t until, struct err *err)
{
    struct steps s = {tr, r, log, until, config_schedule(&r->cfg)};
    for (size_t i = 0; i < tr->e.n; i++)
        tr->e.optim[i].tail_after = train_tail_step(r);
    return train_in_pieces(tr, step_on, &s, err);
}

/* The held-out losses of the averages of the weights that there are. */
static enum status evaluate_averages(struct trainer *tr, struct run_row *row, struct err *err)
{
    double se;
    enum status st = OK;
    for (enum optim_average a = 0; st == OK && a < OPTIM_N_AVERAGES; a++) {
        if (!optim_has_average(tr->e.optim, a))
            continue;
        for (size_t i = 0; i < tr->e.n; i++)
            optim_use_average(&tr->e.optim[i], a, &tr->e.g[i]);
        st = train_evaluate(tr, 1, &row->loss_average[a], &se, err);
        for (size_t i = 0; i < tr->e.n; i++)
            optim_use_weights(&tr->e.g[i]);
    }
    return st;
}

/* The held-out loss, and of an ensemble the mean of its members', whose own go to the log. */
static enum status evaluate_end(struct trainer *tr, const struct run *r, struct runlog *log, struct run_row *row,
                                struct err *err)
{
    double own[GPT_MEMBERS_MAX];
    TRY(train_evaluate(tr, 1, &row->loss, &row->loss_se, err));
    memcpy(own, tr->member_loss, sizeof own);
    row->loss_member = tr->e.n > 1 ? 0 : (double)NAN;
    for (size_t i = 0; tr->e.n > 1 && i < tr->e.n; i++)
        row->loss_member += own[i] / (double)tr->e.n;
    TRY(evaluate_averages(tr, row, err));
    if (log->eval_step == tr->step) /* a run that was killed on the last line has it already */
        return OK;
    return runlog_eval(log, tr->step, r->cfg.train.tokens, r->flops, row->loss, row->loss_se, train_eval_tokens(tr, 1),
                       tr->e.n > 1 ? own : NULL, tr->e.n, err);
}

static enum status write_result(struct trainer *tr, const struct run *r, struct runlog *log,
                                bool diverged, struct err *err)
{
    struct run_row row;
    TRY(run_row_of(&row, r, data_name(tr->data), data_fingerprint(tr->data), kern_isa_name(tr->k.isa), err));
    if (!diverged) {
        enum status st = evaluate_end(tr, r, log, &row, err);
        if (st == E_INTERRUPTED)
            return stop_here(tr, r, log, st, err);
        TRY(st);
        /* a run too short to be stopped on the way */
        diverged = !(row.loss <= untrained_loss(r));
    }
    strcpy(row.status, diverged ? "diverged" : "done");
    if (diverged)
        run_row_diverged(&row);
    else
        row.bpb = row.loss / 0.69314718055994531 / data_bytes_per_token(tr->data);
    row.wall_s = clock_now_s() - tr->run_started_s;
    double seconds = clock_now_s() - tr->started_s;
    /* nothing to say where a resumed run had its training behind it */
    row.tokens_per_s = seconds > 0 && tr->tokens_trained > 0 ? tr->tokens_trained / seconds : (double)NAN;
    int64_t bytes;
    TRY(runlog_sync(log, &bytes, &row.log_checksum, &row.log_checksum_whole, err));
    row.log_bytes = (double)bytes;
    if (!diverged)
        TRY(train_save(tr, r, log, err));
    char path[FILE_PATH_MAX];
    TRY(train_run_path(path, tr, r, "result.json", err));
    return run_row_write(path, &row, err);
}

/* Bring the trunk, which lives in the folder of the longest run without a result, to the branch of run r, and leave a
 * checkpoint and the log there in r's folder. */
static enum status branch_off(struct trainer *tr, const struct run *trunk, const struct run *r,
                              struct err *err)
{
    struct runlog log = {0};
    int64_t at = train_branch_step(r), bytes;
    uint64_t checksum;
    enum status st = train_resume(tr, trunk, &log, err);
    /* A trunk that is past the branch cannot serve it (somebody removed the run's folder): r then starts
     * from step 0 in its own folder. */
    if (st == OK && tr->step <= at) {
        st = train_to(tr, trunk, &log, at, err);
        if (st == OK)
            st = train_save(tr, trunk, &log, err);
        if (st == OK)
            st = runlog_sync(&log, &bytes, &checksum, NULL, err);
        if (st == OK)
            st = train_make_run_dir(tr, r, err);
        if (st == OK)
            st = train_copy_log(tr, trunk, r, &log, bytes, err);
        if (st == OK) {
            struct runlog own = {0};
            char path[FILE_PATH_MAX];
            st = train_run_path(path, tr, r, "", err);
            if (st == OK)
                st = runlog_open(&own, path, bytes, "", (double)NAN, tr->o->tensorboard, err);
            if (st == OK)
                st = train_save(tr, r, &own, err);
            runlog_close(&own);
        }
    }
    runlog_close(&log);
    return st;
}

static enum status train_run(struct trainer *tr, const struct run *r, struct err *err)
{
    char path[FILE_PATH_MAX];
    bool found;
    TRY(find_trunk(tr, err));
    const struct run *trunk = tr->trunk;
    TRY(train_is_done(&found, tr, r, err));
    if (found) {
        train_note_position(tr, r, train_total_steps(r));
        tr->runs_done++;
        return OK;
    }
    tr->run_started_s = clock_now_s();
    TRY(train_run_path(path, tr, r, "checkpoint.bin", err));
    found = file_exists(path);
    enum status st = OK;
    if (trunk && r != trunk && !found)
        st = branch_off(tr, trunk, r, err);
    struct runlog log = {0};
    bool diverged = st == E_NUMERIC; /* in the trunk: its branches share that fate */
    if (st == OK || diverged)
        st = train_resume(tr, r, &log, err);
    if (st == OK && !diverged)
        st = train_to(tr, r, &log, train_total_steps(r), err);
    diverged = diverged || st == E_NUMERIC;
    if (st == OK || st == E_NUMERIC)
        st = write_result(tr, r, &log, diverged, err);
    runlog_close(&log);
    if (st == OK)
        st = train_let_go(tr, r, err);
    if (st == OK) {
        train_note_position(tr, r, train_total_steps(r));
        tr->runs_done++;
    } else if (tr->at) {
        train_note_position(tr, tr->at, tr->step);
    }
    train_send_report(tr);
    return st;
}

/* Runs of one trajectory see the same tokens. */
static enum status open_own_data(struct trainer *tr, const struct run *first, struct err *err)
{
    if (first->cfg.data.unique_tokens == data_unique_tokens(tr->data))
        return OK;
    return config_open_data(&tr->own_data, &first->cfg, err);
}

enum status train_trajectory(const struct plan *p, const struct trajectory *t, const struct data *d,
                             const char *dir, const struct train_options *o, struct err *err)
{
    const struct run *first = &p->runs[t->first];
    struct trainer tr = {.plan = p, .t = t, .data = d, .dir = dir, .o = o};
    tr.loss = tr.shown_loss = (double)NAN;
    size_t T = first->shape.T, rows = size_max(first->cfg.train.batch_tokens / T, TRAIN_EVAL_CHUNK);
    enum status st = train_use_kernels(&tr, o->isa, err);
    if (st == OK)
        st = open_own_data(&tr, first, err);
    if (st == OK)
        st = size_calloc(&tr.x, rows * T, sizeof *tr.x, "tokens", err);
    if (st == OK)
        st = size_calloc(&tr.y, rows * T, sizeof *tr.y, "tokens", err);
    if (st == OK)
        st = size_calloc(&tr.losses, (1 + tr.e.n) * TRAIN_EVAL_CHUNK * T, sizeof *tr.losses, "losses", err);
    if (st == OK)
        st = size_calloc(&tr.own_tokens, t->n, sizeof *tr.own_tokens, "the runs", err);
    tr.started_s = clock_now_s();
    for (size_t i = 0; st == OK && i < t->n && !(o->runs_now && (int)i >= *o->runs_now); i++) {
        st = train_run(&tr, &p->runs[t->first + i], err);
        if (st != OK)
            err_wrap(err, "%s", p->runs[t->first + i].name);
    }
    free(tr.own_tokens);
    free(tr.losses);
    free(tr.y);
    free(tr.x);
    data_close(tr.own_data);
    train_free_models(&tr);
    return st;
}
