#include "harness/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/size.h"
#include "harness/logline.h"
#include "harness/results.h"
#include "harness/rundir.h"
#include "harness/pace.h"
#include "model/checkpoint.h"
#include "model/team.h"

/* What one process holds while it trains a trajectory. */
struct trainer {
    const struct plan *plan;
    const struct trajectory *t;
    const struct data *data;
    const char *dir;
    const struct train_options *o;
    const struct run *at; /* the run whose state g holds */
    const struct run *trunk; /* the run in whose folder the trunk is trained */
    struct kern k;
    struct gpt g;
    int32_t *x, *y;      /* (max(B, EVAL_CHUNK), T) */
    float *losses;       /* (EVAL_CHUNK, T) */
    int64_t step;        /* steps done by the state in g */
    double loss;         /* of the last step */
    double loss_sum;     /* of the loss_steps steps since the log's last line */
    int64_t loss_steps;
    int64_t bad_steps;   /* in a row with a loss above the untrained one */
    double shown_loss;   /* what that line said, for the progress line */
    double *own_tokens;  /* (t->n) of each run's own part that are behind it */
    double tokens_trained; /* by this process */
    double tokens_evaluated; /* by it, for results */
    double train_s, eval_s; /* its core-seconds in training steps and in evaluations */
    size_t runs_done;
    double started_s, run_started_s, saved_s, reported_s;
    struct pace pace;
};

enum { EVAL_CHUNK = 16, BAD_STEPS_MAX = 50 };

static const double REPORT_S = 0.05;

static enum status run_path(char *path, const struct trainer *tr, const struct run *r,
                            const char *name, struct err *err)
{
    char dir[FILE_PATH_MAX];
    TRY(file_join(dir, sizeof dir, tr->dir, r->name, err));
    return file_join(path, FILE_PATH_MAX, dir, name, err);
}

static double batch_tokens(const struct run *r)
{
    return (double)r->cfg.train.batch_tokens;
}

static int64_t total_steps(const struct run *r)
{
    return (int64_t)llround(r->cfg.train.tokens / batch_tokens(r));
}

/* The last step of the trunk before this run's cooldown begins. */
static int64_t branch_step(const struct run *r)
{
    struct schedule s = config_schedule(&r->cfg);
    return (int64_t)floor(schedule_branch_tokens(&s) / batch_tokens(r) + 1e-9);
}

/* The longest run that has no result yet holds the trunk: the folder of one that is done is never written to. NULL where all
 * are done. */
static enum status find_trunk(struct trainer *tr, struct err *err)
{
    char path[FILE_PATH_MAX];
    tr->trunk = NULL;
    for (size_t i = 0; i < tr->t->n; i++) {
        const struct run *r = &tr->plan->runs[tr->t->first + i];
        TRY(run_path(path, tr, r, "result.json", err));
        if (!file_exists(path))
            tr->trunk = r;
    }
    return OK;
}

/* Note how much of run r's own part, which for a branch begins where it leaves the trunk, is done. */
static void note_position(struct trainer *tr, const struct run *r, int64_t step)
{
    int64_t from = r == tr->trunk ? 0 : branch_step(r);
    int64_t steps = step > from ? step - from : 0;
    tr->own_tokens[r - tr->plan->runs - (ptrdiff_t)tr->t->first] = (double)steps * batch_tokens(r);
}

static void send_report(struct trainer *tr)
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
                               .run_tokens = (double)tr->step * batch_tokens(tr->at),
                               .loss = tr->shown_loss,
                               .tokens_per_s = seconds > 0 ? tr->tokens_trained / seconds : 0,
                               .train_s = tr->train_s,
                               .eval_s = tr->eval_s};
    tr->o->progress(tr->o->progress_ctx, &p);
}

/* Often enough for a display, and no more: each report wakes the parent. */
static void report(struct trainer *tr)
{
    double now = clock_now_s();
    if (now - tr->reported_s < REPORT_S)
        return;
    tr->reported_s = now;
    note_position(tr, tr->at, tr->step);
    send_report(tr);
}

static double eval_tokens(const struct trainer *tr, size_t stride)
{
    return (double)((data_eval_windows(tr->data) + stride - 1) / stride * tr->g.shape.T);
}

/* The parent may take threads away or give more at any time: results do not depend on their number. */
static int threads_granted(const struct trainer *tr)
{
    const struct train_options *o = tr->o;
    int now = o->threads_now ? *o->threads_now : o->threads;
    return now < o->threads ? now : o->threads;
}

/* Before and after a piece of work, a step or some sequences of an evaluation, in tokens of training: with as many
 * threads as pay. Returns when it began, then the core-seconds that it took. */
static double begin_piece(struct trainer *tr)
{
    double now = clock_now_s();
    tr->g.ops.threads = pace_begin(&tr->pace, threads_granted(tr), now);
    return now;
}

static double end_piece(struct trainer *tr, double began, double tokens)
{
    double now = clock_now_s();
    pace_end(&tr->pace, tokens, now);
    return (now - began) * tr->g.ops.threads;
}

/* Work in pieces. The function does one and says whether there are more. */
typedef enum status piece_fn(void *ctx, bool *more, struct err *err);

struct stretch {
    const struct trainer *tr;
    piece_fn *piece;
    void *ctx;
    enum status st;
    bool more, inner; /* inner: within the piece of another stretch, whose team it cannot change */
    int asked;        /* threads that this team was made for: the system may have given fewer, and will again */
    struct err *err;
};

static void work_on(void *ctx)
{
    struct stretch *s = ctx;
    while (s->st == OK && s->more && (s->inner || threads_granted(s->tr) <= s->asked))
        s->st = s->piece(s->ctx, &s->more, s->err);
}

/* All pieces, by a team that grows when more threads are granted. */
static enum status in_pieces(const struct trainer *tr, piece_fn *piece, void *ctx, struct err *err)
{
    struct stretch s = {.tr = tr, .piece = piece, .ctx = ctx, .st = OK, .more = true, .err = err};
    s.inner = team_size() > 1;
    while (s.st == OK && s.more) {
        s.asked = threads_granted(tr);
        team_run(s.asked, work_on, &s);
    }
    return s.st;
}

struct evaluation {
    struct trainer *tr;
    size_t stride, at, n; /* the next window; windows done */
    double sum, sum2;     /* of their mean losses */
};

static enum status evaluate_some(void *ctx, bool *more, struct err *err)
{
    struct evaluation *e = ctx;
    struct trainer *tr = e->tr;
    size_t T = tr->g.shape.T, W = data_eval_windows(tr->data), m = 0;
    if (*tr->o->stop)
        return err_set(err, E_INTERRUPTED, "interrupted in an evaluation at step %lld", (long long)tr->step);
    double began = begin_piece(tr);
    for (; m < EVAL_CHUNK && e->at < W; m++, e->at += e->stride)
        data_eval(tr->data, tr->x + m * T, tr->y + m * T, e->at, 1);
    gpt_losses(&tr->g, tr->losses, tr->x, tr->y, m);
    for (size_t w = 0; w < m; w++) {
        double mean = 0;
        for (size_t i = 0; i < T; i++)
            mean += (double)tr->losses[w * T + i];
        mean /= (double)T;
        e->sum += mean;
        e->sum2 += mean * mean;
    }
    e->n += m;
    tr->eval_s += end_piece(tr, began, plan_eval_tokens((double)(m * T)));
    if (e->stride == 1) {
        tr->tokens_evaluated += (double)(m * T);
        report(tr);
    }
    *more = e->at < W;
    return OK;
}

/* Mean loss and its standard error over every stride-th window of the held-out set. Windows are the
 * independent draws: tokens of one window are not. A stop does not wait for the end: E_INTERRUPTED. */
static enum status evaluate(struct trainer *tr, size_t stride, double *loss, double *se, struct err *err)
{
    struct evaluation e = {.tr = tr, .stride = stride};
    TRY(in_pieces(tr, evaluate_some, &e, err));
    double n = (double)e.n, var = e.n > 1 ? (e.sum2 - e.sum * e.sum / n) / (n - 1) : (double)NAN;
    *loss = e.sum / n;
    *se = sqrt(fmax(0, var) / n);
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

static enum status save(struct trainer *tr, const struct run *r, struct runlog *log,
                        struct err *err)
{
    char path[FILE_PATH_MAX];
    struct checkpoint_meta meta = {.step = tr->step,
                                   .bad_steps = tr->bad_steps,
                                   .loss = tr->loss,
                                   .loss_sum = tr->loss_sum,
                                   .loss_steps = tr->loss_steps};
    snprintf(meta.isa, sizeof meta.isa, "%s", kern_isa_name(tr->k.isa));
    TRY(run_path(path, tr, r, "checkpoint.bin", err));
    TRY(config_hash(&meta.config_hash, &r->cfg, err));
    TRY(runlog_sync(log, &meta.log_bytes, &meta.log_checksum, err));
    tr->saved_s = clock_now_s();
    return checkpoint_save(path, &tr->g, &meta, err);
}

static enum status log_step(struct trainer *tr, const struct run *r, struct runlog *log, double lr, double norm,
                            int64_t last, struct err *err)
{
    double tokens = (double)tr->step * batch_tokens(r);
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
    double tokens = (double)tr->step * batch_tokens(r), loss = (double)NAN, se = (double)NAN;
    if (tr->step >= last || !wants_curve_point(tr->step) || log->eval_step == tr->step)
        return OK;
    TRY(evaluate(tr, TRAIN_CURVE_STRIDE, &loss, &se, err));
    return runlog_eval(log, tr->step, tokens, tokens * gpt_flops_per_token(&r->shape), loss, se,
                       eval_tokens(tr, TRAIN_CURVE_STRIDE), err);
}

/* What a model says that knows nothing, with room for the noise of a batch and of the first steps. */
static double untrained_loss(const struct run *r)
{
    return 1.1 * log((double)r->shape.V);
}

/* One step and its line in the log. E_NUMERIC where training diverges. */
static enum status train_step(struct trainer *tr, const struct run *r, const struct schedule *schedule,
                              const struct optim *optim, struct runlog *log, struct err *err)
{
    size_t B = tr->g.B;
    double began = begin_piece(tr);
    data_train(tr->data, tr->x, tr->y, r->cfg.train.seed, (uint64_t)tr->step * B, B);
    tr->loss = gpt_forward_backward(&tr->g, tr->x, tr->y);
    tr->loss_sum += tr->loss;
    tr->loss_steps++;
    double lr = schedule_lr(schedule, (double)(tr->step + 1) * batch_tokens(r));
    double norm = optim_step(&tr->g, optim, lr, tr->step + 1);
    tr->step++;
    tr->tokens_trained += batch_tokens(r);
    tr->train_s += end_piece(tr, began, batch_tokens(r));
    TRY(log_step(tr, r, log, lr, norm, total_steps(r), err));
    if (!isfinite(tr->loss) || !isfinite(norm))
        return err_set(err, E_NUMERIC, "loss %g, gradient norm %g at step %lld", tr->loss, norm,
                       (long long)tr->step);
    tr->bad_steps = tr->loss > untrained_loss(r) ? tr->bad_steps + 1 : 0;
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
    if (save(tr, r, log, &failed) != OK) {
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
    struct optim optim;
};

static enum status step_on(void *ctx, bool *more, struct err *err)
{
    const struct steps *s = ctx;
    struct trainer *tr = s->tr;
    enum status st = curve_point(tr, s->r, s->log, total_steps(s->r), err);
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
        TRY(save(tr, s->r, s->log, err));
    TRY(train_step(tr, s->r, &s->schedule, &s->optim, s->log, err));
    report(tr);
    return OK;
}

/* Steps from where the state stands up to `until`. E_NUMERIC where training diverges. */
static enum status train_to(struct trainer *tr, const struct run *r, struct runlog *log,
                            int64_t until, struct err *err)
{
    struct steps s = {tr, r, log, until, config_schedule(&r->cfg), config_optim(&r->cfg)};
    return in_pieces(tr, step_on, &s, err);
}

static enum status write_result(struct trainer *tr, const struct run *r, struct runlog *log,
                                bool diverged, struct err *err)
{
    struct run_row row = run_row_of(r, data_name(tr->data), data_fingerprint(tr->data), kern_isa_name(tr->k.isa));
    double tokens = r->cfg.train.tokens;
    if (!diverged) {
        enum status st = evaluate(tr, 1, &row.loss, &row.loss_se, err);
        if (st == E_INTERRUPTED)
            return stop_here(tr, r, log, st, err);
        TRY(st);
        if (log->eval_step != tr->step) /* a run that was killed on the last line has it already */
            TRY(runlog_eval(log, tr->step, tokens, r->flops, row.loss, row.loss_se, eval_tokens(tr, 1), err));
        /* a run too short to be stopped on the way */
        diverged = !(row.loss <= untrained_loss(r));
    }
    strcpy(row.status, diverged ? "diverged" : "done");
    if (diverged)
        row.loss = row.loss_se = (double)NAN;
    else if (data_is_bytes(tr->data))
        row.bpb = row.loss / 0.69314718055994531;
    row.wall_s = clock_now_s() - tr->run_started_s;
    double seconds = clock_now_s() - tr->started_s;
    /* nothing to say where a resumed run had its training behind it */
    row.tokens_per_s = seconds > 0 && tr->tokens_trained > 0 ? tr->tokens_trained / seconds : (double)NAN;
    int64_t bytes;
    TRY(runlog_sync(log, &bytes, &row.log_checksum, err));
    row.log_bytes = (double)bytes;
    if (!diverged)
        TRY(save(tr, r, log, err));
    char path[FILE_PATH_MAX];
    TRY(run_path(path, tr, r, "result.json", err));
    return run_row_write(path, &row, err);
}

/* The folder of a run, with its config. */
static enum status make_run_dir(struct trainer *tr, const struct run *r, struct err *err)
{
    char path[FILE_PATH_MAX], *text;
    TRY(file_join(path, sizeof path, tr->dir, r->name, err));
    TRY(file_mkdirs(path, err));
    TRY(run_path(path, tr, r, "config.json", err));
    if (file_exists(path))
        return OK;
    TRY(config_to_json(&text, &r->cfg, true, err));
    enum status st = file_write_atomic(path, text, strlen(text), err);
    free(text);
    return st;
}

/* A model for kernels of that level: they pack weights each in their own way. */
static enum status use_kernels(struct trainer *tr, enum kern_isa isa, struct err *err)
{
    const struct run *first = &tr->plan->runs[tr->t->first];
    struct param_rules rules = config_param_rules(&first->cfg);
    if (tr->g.k && tr->k.isa == isa)
        return OK;
    gpt_free(&tr->g);
    kern_init(&tr->k, isa);
    return gpt_init(&tr->g, &first->shape, &rules, &tr->k, first->cfg.train.batch_tokens / first->shape.T, tr->o->threads, err);
}

/* Whether the log still has the bytes that a checkpoint speaks of: E_DATA with the reason where not. */
static enum status check_log(const struct trainer *tr, const struct run *r, const struct checkpoint_meta *meta, struct err *err)
{
    char path[FILE_PATH_MAX], *log;
    size_t size;
    TRY(run_path(path, tr, r, "log.jsonl", err));
    TRY(file_read_regular(&log, &size, path, err));
    enum status st = OK;
    if (meta->log_bytes < 0 || size < (size_t)meta->log_bytes)
        st = err_set(err, E_DATA, "%s has %zu bytes, its checkpoint speaks of %lld: it was cut short", path, size,
                     (long long)meta->log_bytes);
    else if (logline_first_bad(log, (size_t)meta->log_bytes))
        st = err_set(err, E_DATA, "%s: line %zu is damaged", path, logline_first_bad(log, (size_t)meta->log_bytes));
    else if (meta->log_checksum && logline_checksum(log, (size_t)meta->log_bytes) != meta->log_checksum)
        st = err_set(err, E_DATA, "%s is damaged: its checksum does not match", path);
    free(log);
    return st;
}

static enum status load(struct trainer *tr, const struct run *r, struct checkpoint_meta *meta, const char *path, struct err *err)
{
    uint64_t hash;
    enum kern_isa isa;
    bool begun;
    TRY(rundir_kernels(&isa, &begun, tr->dir, r, err));
    TRY(use_kernels(tr, begun ? isa : tr->o->isa, err));
    TRY(config_hash(&hash, &r->cfg, err));
    TRY(checkpoint_load(path, &tr->g, meta, err));
    if (meta->config_hash != hash)
        return err_set(err, E_DATA, "%s belongs to another run", path);
    return check_log(tr, r, meta, err);
}

/* The state of run r from its checkpoint; *found false where it has none, or a damaged one: then the run
 * starts again, with a word. */
static enum status restore(struct trainer *tr, const struct run *r, bool *found, int64_t *log_bytes,
                           struct err *err)
{
    char path[FILE_PATH_MAX];
    struct checkpoint_meta meta;
    *found = false;
    TRY(run_path(path, tr, r, "checkpoint.bin", err));
    if (!file_exists(path))
        return OK;
    enum status st = load(tr, r, &meta, path, err);
    if (st == E_DATA) {
        log_msg(&tr->o->log, LOG_WARN, "%s; the run begins anew", err->msg);
        return OK;
    }
    if (st != OK)
        return st;
    if (tr->k.isa != tr->o->isa)
        log_msg(&tr->o->log, LOG_INFO, "%s goes on with the %s kernels that it was begun with", r->name,
                kern_isa_name(tr->k.isa));
    *found = true;
    *log_bytes = meta.log_bytes;
    tr->step = meta.step;
    tr->loss = meta.loss;
    tr->loss_sum = meta.loss_sum;
    tr->loss_steps = meta.loss_steps;
    tr->bad_steps = meta.bad_steps;
    return OK;
}

/* Give run `to` the first bytes of a file of the trunk's. */
static enum status copy_file(struct trainer *tr, const struct run *from, const struct run *to, const char *name,
                             size_t bytes, struct err *err)
{
    char src[FILE_PATH_MAX], dst[FILE_PATH_MAX], *text;
    size_t size;
    TRY(run_path(src, tr, from, name, err));
    TRY(run_path(dst, tr, to, name, err));
    TRY(file_read_regular(&text, &size, src, err));
    enum status st = file_write_atomic(dst, text, size_min(size, bytes), err);
    free(text);
    return st;
}

/* The trunk's log up to log_bytes tells the branch's story too; its events hold the times of that. */
static enum status copy_log(struct trainer *tr, const struct run *from, const struct run *to,
                            struct runlog *log, int64_t log_bytes, struct err *err)
{
    TRY(copy_file(tr, from, to, "log.jsonl", (size_t)log_bytes, err));
    if (!tr->o->tensorboard)
        return OK;
    TRY(tensorboard_flush(&log->tb, err));
    return copy_file(tr, from, to, TENSORBOARD_FILE, SIZE_MAX, err);
}

/* Open a run's log where its state stands, or start afresh with new weights. */
static enum status resume(struct trainer *tr, const struct run *r, struct runlog *log,
                          struct err *err)
{
    bool found;
    int64_t log_bytes = 0;
    char path[FILE_PATH_MAX];
    TRY(make_run_dir(tr, r, err));
    TRY(restore(tr, r, &found, &log_bytes, err));
    if (!found) {
        TRY(use_kernels(tr, tr->o->isa, err));
        gpt_init_weights(&tr->g, r->cfg.train.seed);
        tr->step = 0;
        tr->loss_sum = 0;
        tr->loss_steps = tr->bad_steps = 0;
        log_bytes = 0;
    }
    tr->at = r;
    tr->saved_s = clock_now_s();
    note_position(tr, r, tr->step);
    TRY(run_path(path, tr, r, "", err));
    return runlog_open(log, path, log_bytes, kern_isa_name(tr->k.isa), tr->o->tensorboard, err);
}

/* Bring the trunk, which lives in the folder of the longest run without a result, to the branch of run r, and leave a
 * checkpoint and the log there in r's folder. */
static enum status branch_off(struct trainer *tr, const struct run *trunk, const struct run *r,
                              struct err *err)
{
    struct runlog log = {0};
    int64_t at = branch_step(r), bytes;
    uint64_t checksum;
    enum status st = resume(tr, trunk, &log, err);
    /* A trunk that is past the branch cannot serve it (somebody removed the run's folder): r then starts
     * from step 0 in its own folder. */
    if (st == OK && tr->step <= at) {
        st = train_to(tr, trunk, &log, at, err);
        if (st == OK)
            st = save(tr, trunk, &log, err);
        if (st == OK)
            st = runlog_sync(&log, &bytes, &checksum, err);
        if (st == OK)
            st = make_run_dir(tr, r, err);
        if (st == OK)
            st = copy_log(tr, trunk, r, &log, bytes, err);
        if (st == OK) {
            struct runlog own = {0};
            char path[FILE_PATH_MAX];
            st = run_path(path, tr, r, "", err);
            if (st == OK)
                st = runlog_open(&own, path, bytes, "", tr->o->tensorboard, err);
            if (st == OK)
                st = save(tr, r, &own, err);
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
    TRY(run_path(path, tr, r, "result.json", err));
    if (file_exists(path)) {
        note_position(tr, r, total_steps(r));
        tr->runs_done++;
        return OK;
    }
    tr->run_started_s = clock_now_s();
    TRY(run_path(path, tr, r, "checkpoint.bin", err));
    found = file_exists(path);
    enum status st = OK;
    if (trunk && r != trunk && !found)
        st = branch_off(tr, trunk, r, err);
    struct runlog log = {0};
    bool diverged = st == E_NUMERIC; /* in the trunk: its branches share that fate */
    if (st == OK || diverged)
        st = resume(tr, r, &log, err);
    if (st == OK && !diverged)
        st = train_to(tr, r, &log, total_steps(r), err);
    diverged = diverged || st == E_NUMERIC;
    if (st == OK || st == E_NUMERIC)
        st = write_result(tr, r, &log, diverged, err);
    runlog_close(&log);
    if (st == OK) {
        note_position(tr, r, total_steps(r));
        tr->runs_done++;
    } else if (tr->at) {
        note_position(tr, tr->at, tr->step);
    }
    send_report(tr);
    return st;
}

enum status train_trajectory(const struct plan *p, const struct trajectory *t, const struct data *d,
                             const char *dir, const struct train_options *o, struct err *err)
{
    const struct run *first = &p->runs[t->first];
    struct trainer tr = {.plan = p, .t = t, .data = d, .dir = dir, .o = o};
    tr.loss = tr.shown_loss = (double)NAN;
    size_t T = first->shape.T, rows = size_max(first->cfg.train.batch_tokens / T, EVAL_CHUNK);
    enum status st = use_kernels(&tr, o->isa, err);
    if (st == OK)
        st = size_calloc(&tr.x, rows * T, sizeof *tr.x, "tokens", err);
    if (st == OK)
        st = size_calloc(&tr.y, rows * T, sizeof *tr.y, "tokens", err);
    if (st == OK)
        st = size_calloc(&tr.losses, EVAL_CHUNK * T, sizeof *tr.losses, "losses", err);
    if (st == OK)
        st = size_calloc(&tr.own_tokens, t->n, sizeof *tr.own_tokens, "the runs", err);
    tr.started_s = clock_now_s();
    for (size_t i = 0; st == OK && i < t->n; i++) {
        st = train_run(&tr, &p->runs[t->first + i], err);
        if (st != OK)
            err_wrap(err, "%s", p->runs[t->first + i].name);
    }
    free(tr.own_tokens);
    free(tr.losses);
    free(tr.y);
    free(tr.x);
    gpt_free(&tr.g);
    return st;
}
