#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/file.h"
#include "base/system.h"
#include "cli/cmd.h"
#include "cli/dry_run.h"
#include "cli/ending.h"
#include "cli/serving.h"
#include "cli/setup.h"
#include "cli/text.h"
#include "cli/timed.h"
#include "harness/shard.h"

struct sweep_words {
    const char *config, *out;
    const char *again; /* the whole command, without --fresh */
    struct setup_how how;
    bool dry_run;
    struct arg_maybe serve;
    struct live_port port;
    const char *time;
    double time_s, began_s; /* what that says, and when the command began */
    bool worker;
    const char *shard, *patience;
    struct worker_how as_worker;
};

static enum status say_how_to_go_on(const struct sweep_words *w, struct err *err)
{
    return err_set(err, E_INTERRUPTED,
                   "interrupted; everything is kept. Go on with: %s", w->again);
}

static void print_outcome(const struct sweep_outcome *o, const struct setup *s, const char *dir)
{
    char took[32], tokens[32], alone[32], share[96] = "";
    if (o->n_done == 0 && o->n_failed == 0 && o->n_skipped < s->plan.n) {
        text_message(stderr, "", "%s: no run was finished in the time; %zu were done before", dir, o->n_skipped);
        return;
    }
    if (o->n_done == 0 && o->n_failed == 0) {
        text_message(stderr, "", "%s: all %zu runs are done, nothing to train", dir, s->plan.n);
        return;
    }
    if (o->n_skipped == 0 && o->tokens > 0 && o->tokens < s->plan.tokens_separate)
        snprintf(share, sizeof share, ", %.1f %% of the %s of runs without shared trunks",
                 100 * o->tokens / s->plan.tokens_separate,
                 count_format(alone, sizeof alone, s->plan.tokens_separate));
    text_message(stderr, "", "trained %zu run%s in %s (%zu %s done before): %s tokens%s", o->n_done, o->n_done == 1 ? "" : "s",
                 count_format_seconds(took, sizeof took, o->seconds), o->n_skipped, o->n_skipped == 1 ? "was" : "were",
                 count_format(tokens, sizeof tokens, o->tokens), share);
    if (o->n_diverged)
        text_message(stderr, "", "%zu run%s diverged and %s left out of the fits:%s", o->n_diverged, o->n_diverged == 1 ? "" : "s",
                     o->n_diverged == 1 ? "is" : "are", o->diverged);
    if (o->train_share > 0)
        text_message(stderr, "",
                     "of the cores' time %.1f %% went into training steps and %.1f %% into evaluations, which cost %.1f %% "
                     "of training",
                     100 * o->train_share, 100 * o->eval_share, 100 * o->eval_share / o->train_share);
}

/* Where there is one run and no law to fit, its loss is what one wants to see. */
static void print_loss(const struct sweep_outcome *o)
{
    char line[128];
    text_message(stdout, "", "%s", setup_loss_text(line, sizeof line, &o->first));
}

/* What a worker did; the last of them says that all is done. */
static enum status tell_worker(const struct sweep_outcome *o, const struct setup *s, const char *dir)
{
    char took[32], tokens[32];
    text_message(stderr, "", "this worker trained %zu run%s in %s: %s tokens", o->n_done, o->n_done == 1 ? "" : "s",
                 count_format_seconds(took, sizeof took, o->seconds), count_format(tokens, sizeof tokens, o->tokens));
    if (o->complete && o->n_diverged)
        text_message(stderr, "", "%zu run%s diverged:%s", o->n_diverged, o->n_diverged == 1 ? "" : "s", o->diverged);
    if (o->complete)
        text_message(stdout, "", "all %zu runs are done, in %s/results.csv: plateau fit %s fits them", s->plan.n, dir, dir);
    else
        text_message(stdout, "", "nothing is left to claim in %s; others are at work on the rest: plateau status %s", dir, dir);
    return OK;
}

static enum status train_and_tell(struct setup *s, const struct sweep_words *w, const char *dir, struct err *err)
{
    struct sweep_outcome outcome;
    enum status st = setup_sweep(&outcome, s, dir, &w->how, err);
    if (st == E_INTERRUPTED)
        return say_how_to_go_on(w, err);
    if (st != OK)
        return st;
    if (w->how.worker)
        return tell_worker(&outcome, s, dir);
    if (w->time && outcome.n_done + outcome.n_skipped == 0)
        return err_set(err, E_RUN, "--time %s: it was over before a run was done; the same command goes on", w->time);
    print_outcome(&outcome, s, dir);
    if (outcome.n_diverged == s->plan.n)
        return err_set(err, E_RUN, "%s: every run diverged, there is nothing to fit: a lower train.lr, a longer "
                                   "train.warmup_tokens or train.clip may help", dir);
    if (s->plan.n == 1)
        print_loss(&outcome);
    text_teacher(stdout, plan_teacher_flops(&s->plan), s->teacher.train_flops);
    return ending_of_folder(dir, &s->cfg, outcome.n_done == 0, err);
}

static enum status sweep(struct setup *s, struct sweep_words *w, struct err *err)
{
    char dir[FILE_PATH_MAX];
    struct serving page;
    TRY(setup_folder(dir, s, w->out, err));
    if (w->dry_run)
        return dry_run(s, (int)w->how.jobs, err);
    if (!w->serve.given)
        return train_and_tell(s, w, dir, err);
    TRY(serving_start(&page, dir, &w->port, err));
    w->how.mind = serving_mind;
    w->how.mind_ctx = &page;
    enum status st = train_and_tell(s, w, dir, err);
    serving_end(&page, st == OK || st == E_RUN);
    return st;
}

static enum status check_worker(struct sweep_words *w, struct err *err)
{
    struct shard shard = {0};
    if (w->shard)
        TRY(shard_parse(&shard, w->shard, err));
    w->as_worker.shard = shard.i;
    w->as_worker.shards = shard.n;
    if (!w->worker && !w->shard) {
        const char *unmeant = w->patience ? "--patience" : w->as_worker.stay ? "--stay" :
                              w->as_worker.oversubscribe ? "--oversubscribe" : NULL;
        if (unmeant)
            return err_set(err, E_USAGE, "%s goes with --worker or --shard", unmeant);
        return OK;
    }
    if (w->patience && !(count_parse_seconds(&w->as_worker.patience_s, w->patience) && w->as_worker.patience_s >= 1 &&
                         w->as_worker.patience_s <= 1e5))
        return err_set(err, E_USAGE, "--patience %s: expected a time from 1s to 1d, such as 60s", w->patience);
    if (w->time || w->serve.given || w->how.fresh)
        return err_set(err, E_USAGE, "%s and %s: a worker does not have the folder alone%s", w->worker ? "--worker" : "--shard",
                       w->time ? "--time" : w->serve.given ? "--serve" : "--fresh",
                       w->serve.given ? "; plateau serve DIR shows it" : "");
    w->how.worker = &w->as_worker;
    if (!w->dry_run)
        setup_hold_signals();
    return OK;
}

static enum status check_time(struct sweep_words *w, struct err *err)
{
    char at[FILE_PATH_MAX];
    if (w->time && !(count_parse_seconds(&w->time_s, w->time) && w->time_s > 0 && w->time_s <= 1e9))
        return err_set(err, E_USAGE, "--time %s: expected a time such as 90s, 30m, 2h or 1d", w->time);
    if (w->config || w->time)
        return OK;
    if (w->out)
        TRY(file_join(at, sizeof at, w->out, "sweep.json", err));
    if (!w->out || !file_exists(at))
        return err_set(err, E_USAGE, "sweep: expected CONFIG, or --time, or --out with the folder of a sweep to go on with");
    return OK;
}

/* Config, data and plan; with a time, the plan of what may be trained in it, or for a dry run what is meant to be. */
static enum status open_all(struct setup *s, struct timed *t, struct sweep_words *w, const struct arg_list *sets, const char *isa,
                            struct err *err)
{
    const struct setup_from from = {.path = w->config, .sets = sets, .out = w->out, .isa = isa, .time_s = w->time_s,
                                    .fresh = w->how.fresh};
    if (w->config && !w->time)
        return setup_open(s, w->config, sets, false, w->out, isa, err);
    TRY(setup_read(s, &from, err));
    if (!w->time)
        return setup_plan(s, false, err);
    TRY(timed_pick(t, s, w->how.jobs, w->began_s + w->time_s, err));
    TRY(plan_check_warmup(&s->plan, err));
    if (w->dry_run)
        return OK;
    TRY(timed_widen(t, s, err));
    w->how.time = &t->time;
    if (s->cfg.train.teacher)
        plan_teach(&s->plan, &s->teacher);
    return OK;
}

static enum status run(struct sweep_words *w, const struct arg_list *sets, const char *isa, struct err *err)
{
    struct setup s = {0};
    struct timed timed = {.token_s = NULL};
    if (w->how.jobs < 1 || w->how.jobs > 256)
        return err_set(err, E_USAGE, "--jobs %zu: expected 1 to 256", w->how.jobs);
    TRY(serving_port(&w->port, "--serve", &w->serve, err));
    TRY(check_worker(w, err));
    TRY(check_time(w, err));
    enum status st = open_all(&s, &timed, w, sets, isa, err);
    if (st == OK)
        st = sweep(&s, w, err);
    timed_free(&timed);
    setup_free(&s);
    return st;
}

enum status cmd_sweep(int argc, char **argv, struct err *err)
{
    struct sweep_words w = {.how = {.jobs = (size_t)system_cores_all()}};
    const char *isa = NULL;
    struct arg_list sets = {0}, words;
    bool help;
    const struct arg args[] = {
        {"--out", ARG_STRING, &w.out, "DIR", "the sweep's folder (default runs/NAME)"},
        {"--jobs", ARG_SIZE, &w.how.jobs, "N",
         "runs side by side (default: one a core); cores that no run needs become threads of others"},
        {"--threads", ARG_SIZE, &w.how.jobs, "N", "the same: cores to use in all"},
        {"--set", ARG_LIST, &sets, "KEY=VALUE", "change a config key; may be given several times"},
        {"--tensorboard", ARG_FLAG, &w.how.tensorboard, NULL, "write event files for TensorBoard too"},
        {"--isa", ARG_STRING, &isa, "ISA", "cap the kernels: ref, avx2, avx512, amx; on arm ref, neon"},
        {"--time", ARG_STRING, &w.time, "T",
         "without a grid: pick one for this data and machine that takes so long, all in all: 90s, 10m, 2h"},
        {"--serve", ARG_MAYBE, &w.serve, "[PORT]",
         "show the sweep's page to browsers on this machine while it runs: http://127.0.0.1:PORT/ (default 7357, or the next "
         "that is free). The page keeps its last state, with the verdict, when the sweep ends; plateau serve DIR shows it again"},
        {"--worker", ARG_FLAG, &w.worker, NULL,
         "be one of several, here or on other machines, that train this sweep into one shared folder: claim the longest "
         "trajectory that is left, train it, claim another. SIGTERM and SIGUSR1 save, hand back and exit with 143"},
        {"--shard", ARG_STRING, &w.shard, "I/N|auto",
         "the same of a fixed share, the I-th of N; auto: as SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or PMI_RANK say"},
        {"--patience", ARG_STRING, &w.patience, "T",
         "of a worker: others take it for dead when its heartbeat has not changed for so long (default 60s)"},
        {"--stay", ARG_FLAG, &w.as_worker.stay, NULL,
         "of a worker: stay until all runs are done, to take over from workers that die"},
        {"--oversubscribe", ARG_FLAG, &w.as_worker.oversubscribe, NULL,
         "of a worker: train also where other workers of this folder have all cores of this machine; else it waits for one"},
        {"--dry-run", ARG_FLAG, &w.dry_run, NULL, "print the grid and train nothing"},
        {"--fresh", ARG_FLAG, &w.how.fresh, NULL, "train again what is done already"},
    };
    const struct args_spec spec = {
        .command = "sweep",
        .positionals = "[CONFIG]",
        .summary = "Train every run of the config's grid, side by side on the cores, then fit scaling\n"
                   "laws, chart them and give a verdict. Runs that are done are skipped, and an\n"
                   "interrupted sweep goes on where it stopped. With --time no grid is needed, nor a config where --set\n"
                   "names the data.",
        .min_positionals = 0,
        .max_positionals = 1,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    w.began_s = clock_now_s();
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help) {
        char again[900];
        args_quote(again, sizeof again, "sweep", argc, argv, "--fresh");
        w.config = words.n ? words.items[0] : NULL;
        w.again = again;
        st = run(&w, &sets, isa, err);
    }
    args_free(&spec, &words);
    return st;
}
