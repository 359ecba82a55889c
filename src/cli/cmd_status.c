#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/file.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/live_view.h"
#include "cli/text.h"
#include "cli/workers_view.h"
#include "harness/claim.h"
#include "harness/curves.h"
#include "harness/folder.h"
#include "harness/live.h"
#include "harness/results.h"
#include "harness/rundir.h"

/* Where one run stands. */
struct standing {
    struct run_row result;
    bool done;
    struct err damaged; /* why a result that is there cannot be taken; msg "": none */
    double tokens, loss; /* of the log's last step line; NaN: none yet */
};

static enum status read_log_end(struct standing *st, const char *path, struct err *err)
{
    struct curve c = {0};
    enum status s = curve_read_log(&c, path, err);
    if (s == OK && c.n > 0) {
        st->tokens = c.tokens[c.n - 1];
        st->loss = c.loss[c.n - 1];
    }
    curve_free(&c);
    return s;
}

static enum status look(struct standing *st, const char *dir, const struct run *r, struct err *err)
{
    char run[FILE_PATH_MAX], path[FILE_PATH_MAX];
    *st = (struct standing){.tokens = (double)NAN, .loss = (double)NAN};
    TRY(claim_find_run(run, dir, r->trunk, r->name, err));
    enum status s = run_row_read(&st->result, &st->done, run, &st->damaged);
    if (s == OK)
        st->damaged.msg[0] = '\0';
    st->done = st->done && s == OK;
    TRY(file_join(path, sizeof path, run, "log.jsonl", err));
    return st->done || !file_exists(path) ? OK : read_log_end(st, path, err);
}

/* "d8-l1-t40k-s1-fd81ae5b    done     39.9k tokens loss 1.5636" fits 60 columns; what comes after may not. */
static void print_run(const char *name, const char *status, double tokens, double loss)
{
    char total[32];
    printf("%-25s %-8s %6s tokens", name, status, count_format(total, sizeof total, tokens));
    if (isfinite(loss))
        printf(" loss %.4f", loss);
}

/* " order_seed=3" at the end of a line, where the grid varies more than names tell. */
static enum status print_varied(const struct run *r, struct err *err)
{
    char varied[CONFIG_VARIED_MAX];
    TRY(config_vary_text(varied, &r->cfg, r->varied, err));
    printf("%s%s\n", varied[0] ? " " : "", varied);
    return OK;
}

static enum status print_standing(const struct run *r, const struct standing *st, struct err *err)
{
    char tokens[32], total[32];
    if (!st->done && isfinite(st->tokens)) {
        printf("%-25s begun %s of %s tokens, %.0f %%", r->name, count_format(tokens, sizeof tokens, st->tokens),
               count_format(total, sizeof total, r->cfg.train.tokens), 100 * st->tokens / r->cfg.train.tokens);
        if (text_width(stdout, TEXT_WIDTH_MAX) >= 80)
            printf(", training loss %.4f", st->loss);
    } else
        print_run(r->name, st->done ? st->result.status : "waiting", r->cfg.train.tokens,
                  st->done ? st->result.loss : (double)NAN);
    TRY(print_varied(r, err));
    if (st->damaged.msg[0])
        text_message(stderr, "warning: ", "%s; the same sweep command mends it", st->damaged.msg);
    return OK;
}

/* How far all runs are. */
struct tally {
    size_t done, begun, diverged;
    double teacher_flops, teacher_train_flops; /* the most of any run; NaN: none had a teacher */
    double cost, cost_done; /* tokens by what they take */
};

static void count_run(struct tally *all, const struct standing *st, const struct plan *p,
                      const struct trajectory *t, size_t i)
{
    double own = plan_own_tokens(p, t, i), shared = p->runs[i].cfg.train.tokens - own;
    all->done += st->done;
    all->diverged += st->done && strcmp(st->result.status, "diverged") == 0;
    if (st->done) {
        all->teacher_flops = fmax(all->teacher_flops, st->result.teacher_flops);
        all->teacher_train_flops = fmax(all->teacher_train_flops, st->result.teacher_train_flops);
    }
    all->begun += !st->done && isfinite(st->tokens);
    all->cost += t->cost * own;
    if (st->done)
        all->cost_done += t->cost * own;
    else if (st->tokens > shared)
        all->cost_done += t->cost * (st->tokens - shared);
}

/* What the sweep says while it is at work; else what its files tell. */
static void print_progress(const char *dir, const struct plan *p, const struct tally *all)
{
    struct live l;
    bool at_work = live_read(&l, dir);
    size_t workers = 0;
    if (!at_work || l.runs == 0) {
        l = (struct live){.runs_done = all->done,
                          .runs = p->n,
                          .share = all->cost_done / all->cost,
                          .left_s = (double)NAN};
        workers = workers_view_add(stdout, &l, dir, all->cost - all->cost_done);
    }
    live_view_print(stdout, &l);
    char diverged[40] = "";
    if (all->diverged)
        snprintf(diverged, sizeof diverged, " (%zu diverged)", all->diverged);
    text_beside(stdout, "", "%zu of %zu runs done, %zu begun, %zu waiting%s; %s", all->done, p->n, all->begun,
                p->n - all->done - all->begun, diverged,
                at_work             ? "a sweep is at work here"
                : workers           ? "workers are at work here"
                : all->done == p->n ? "nothing is left to do"
                                    : "no sweep is at work here: the same command goes on with it");
}

/* Runs that are done but were not asked for last: they are in results.csv all the same. */
static enum status print_others(const char *dir, const struct plan *p, struct err *err)
{
    struct run_row *rows;
    size_t n;
    const struct log log = cmd_log();
    enum status st = rundir_others(&rows, &n, p, dir, &log, err);
    for (size_t i = 0; i < n && st == OK; i++) {
        print_run(rows[i].run, rows[i].status, rows[i].tokens, rows[i].loss);
        printf("%s%s (earlier grid)\n", rows[i].varied[0] ? " " : "", rows[i].varied);
    }
    free(rows);
    return st;
}

/* Trials of the folder below that come before a sweep with train.lr "auto". */
static enum status print_search(const char *dir, const struct config *c, struct err *err)
{
    char folder[FILE_PATH_MAX];
    struct run_row *rows;
    struct live l;
    size_t n = 0;
    const struct plan none = {.n = 0};
    const struct log log = cmd_log();
    TRY(file_join(folder, sizeof folder, dir, "search", err));
    if (!file_is_dir(folder))
        return OK;
    enum status st = rundir_others(&rows, &n, &none, folder, &log, err);
    free(rows);
    TRY(st);
    bool at_work = live_read(&l, folder);
    if (at_work && l.runs > 0)
        live_view_print(stdout, &l);
    text_beside(stdout, "", "train.lr auto: %zu trials done in %s; %s", n, folder,
                c->train.lr_law.kind == LR_LAW ? "the law is found"
                : at_work                      ? "they are at work"
                                               : "the same command goes on with them");
    return OK;
}

static enum status print_all(const char *dir, const struct plan *p, struct err *err)
{
    struct tally all = {.teacher_flops = (double)NAN, .teacher_train_flops = (double)NAN};
    for (size_t j = 0; j < p->n_trajectories; j++) {
        const struct trajectory *t = &p->trajectories[j];
        for (size_t i = t->first; i < t->first + t->n; i++) {
            struct standing st;
            TRY(look(&st, dir, &p->runs[i], err));
            count_run(&all, &st, p, t, i);
            TRY(print_standing(&p->runs[i], &st, err));
        }
    }
    TRY(print_others(dir, p, err));
    print_progress(dir, p, &all);
    text_teacher(stdout, all.teacher_flops, all.teacher_train_flops);
    return OK;
}

static enum status status_of(const char *dir, struct err *err)
{
    struct folder f;
    enum status st = folder_read(&f, dir, err);
    if (st == OK)
        st = print_all(dir, &f.plan, err);
    if (st == OK && f.cfg.train.lr_law.kind == LR_AUTO)
        st = print_search(dir, &f.rates, err);
    folder_free(&f);
    return st;
}

enum status cmd_status(int argc, char **argv, struct err *err)
{
    struct arg_list dirs;
    bool help;
    const struct args_spec spec = {
        .command = "status",
        .positionals = "DIR",
        .summary = "How far a sweep is, run by run, whether it is at work elsewhere, stopped or finished.",
        .min_positionals = 1,
        .max_positionals = 1,
    };
    enum status st = args_parse(&spec, &dirs, &help, argc, argv, err);
    if (st == OK && !help)
        st = status_of(dirs.items[0], err);
    args_free(&spec, &dirs);
    return st;
}
