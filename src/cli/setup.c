#include "cli/setup.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/size.h"
#include "cli/cmd.h"
#include "cli/fit_options.h"
#include "cli/live_view.h"
#include "cli/protocol.h"
#include "cli/search_words.h"
#include "cli/text.h"
#include "data/text.h"
#include "harness/worker.h"

enum status setup_isa(enum kern_isa *isa, const char *name, struct err *err)
{
    char expected[64];
    if (!kern_isa_cap(isa, name, expected, sizeof expected))
        return err_set(err, E_USAGE, "--isa %s: expected %s", name, expected);
    return OK;
}

/* A file that begins like no config: what it looks like, and which command takes it. */
static enum status not_a_config(const char *path, struct err *err)
{
    if (text_ends_with(path, ".csv") || text_ends_with(path, ".tsv") || text_ends_with(path, ".jsonl"))
        return err_set(err, E_CONFIG, "%s is a table, not a config: plateau fit %s", path, path);
    if (text_ends_with(path, ".yaml") || text_ends_with(path, ".yml") || text_ends_with(path, ".toml") ||
        text_ends_with(path, ".py"))
        return err_set(err, E_CONFIG, "%s is not JSON: a config is written as configs/tiny.json is", path);
    return err_set(err, E_CONFIG,
                   "%s is not a config, which is JSON and begins with {. To train on a text: scripts/demo FILE, or a "
                   "config and --set data.source=text --set 'data.files=[\"%s\"]'",
                   path, path);
}

/* What people give for a config that is none: a sweep's or run's folder, a text, a table. A pipe is left alone, for
 * what is read from it here would be gone. */
static enum status check_kind(const char *path, struct err *err)
{
    char inside[FILE_PATH_MAX], head[512] = "";
    struct stat st;
    if (stat(path, &st) != 0 || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
        return OK;
    if (S_ISDIR(st.st_mode)) {
        TRY(file_join(inside, sizeof inside, path, "sweep.json", err));
        if (file_exists(inside))
            return err_set(err, E_CONFIG,
                           "%s is a sweep's folder: status, fit and chart take it, this command the config that it came "
                           "from",
                           path);
        TRY(file_join(inside, sizeof inside, path, "config.json", err));
        return err_set(err, E_CONFIG, "%s is a directory, not a config%s%s", path,
                       file_exists(inside) ? "; that of this run is " : "", file_exists(inside) ? inside : "");
    }
    FILE *f = fopen(path, "rb");
    if (!f)
        return OK; /* the reader says why */
    head[fread(head, 1, sizeof head - 1, f)] = '\0';
    fclose(f);
    const char *first = head + (strncmp(head, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
    first += strspn(first, " \t\r\n");
    /* an empty file, JSON of another kind, and a comment in front are the JSON reader's to explain */
    bool json = *first == '\0' || *first == '{' || *first == '[' || (*first == '/' && strchr("/*", first[1]));
    return json ? OK : not_a_config(path, err);
}

/* What the fit will say once everything has trained, said before. The rules are those of `plateau fit`, whose
 * options have the names of the keys: --law is fit.law. */
static enum status check_fit(const struct config *c, struct err *err)
{
    struct fit_options opt = fit_options_default();
    struct err found;
    opt.law = c->fit.law[0] ? c->fit.law : NULL;
    enum status st = fit_options_objective(&opt.obj, c->fit.objective, &found);
    if (st == OK)
        st = fit_options_count(&opt.count, c->fit.count, &found);
    if (st == OK)
        st = fit_options_bootstrap(c->fit.bootstrap, &found);
    if (st == OK)
        st = fit_options_check(&opt, &found);
    if (st == OK)
        return OK;
    const char *rule = strncmp(found.msg, "--", 2) == 0 ? found.msg + 2 : found.msg;
    return err_set(err, E_CONFIG, "fit.%s", rule);
}

/* The config's own words, or without one those of the folder's sweep, and the assignments. */
static enum status read_config(struct setup *s, const struct setup_from *from, struct err *err)
{
    char sweep[FILE_PATH_MAX];
    *s = (struct setup){0};
    config_init(&s->cfg);
    config_unsay(&s->cfg);
    TRY(setup_isa(&s->isa, from->isa, err));
    if (from->base) {
        TRY(check_kind(from->base, err));
        TRY(config_load(&s->cfg, from->base, err));
        config_disown(&s->cfg); /* the file beside it may change part of what it says */
    }
    if (from->path) {
        TRY(check_kind(from->path, err));
        TRY(config_load(&s->cfg, from->path, err));
    } else if (from->out && !from->fresh) {
        TRY(file_join(sweep, sizeof sweep, from->out, "sweep.json", err));
        if (file_exists(sweep))
            TRY(config_load_sweep(&s->cfg, from->out, err));
    }
    for (size_t i = 0; i < from->sets->n; i++)
        TRY(config_set(&s->cfg, from->sets->items[i], err));
    return OK;
}

/* A grid that was picked for a time lies in the folder alone. */
static enum status take_grid(struct config *c, const char *dir, struct err *err)
{
    struct config there;
    struct err unread;
    config_init(&there);
    enum status st = config_load_sweep(&there, dir, &unread);
    if (st == OK && there.grid.runs.n > 0 && there.grid.vary.n == 0)
        TRY(config_set_runs(c, there.grid.runs.items, there.grid.runs.n, err));
    config_free(&there);
    return st == E_NOMEM ? err_set(err, st, "%s", unread.msg) : OK;
}

static const char *grid_key(const struct config *c)
{
    return c->grid.params.n ? "grid.params" : c->grid.models.n ? "grid.models" : c->grid.tokens.n ? "grid.tokens"
           : c->grid.flops.n ? "grid.flops" : c->grid.seeds.n ? "grid.seeds" : c->grid.vary.n ? "grid.vary" : "grid.runs";
}

static bool says_grid(const struct config *c)
{
    return config_has_grid(c) || c->grid.tokens.n + c->grid.flops.n + c->grid.seeds.n + c->grid.vary.n > 0;
}

/* A window and batch that this data can be cut into, where c has the defaults and they do not fit. */
static void fit_window(struct config *c)
{
    struct config usual;
    const struct data_spec spec = config_data_spec(c);
    size_t unit = data_unit(&spec);
    config_init(&usual);
    if (unit > 1 && c->model.ctx == usual.model.ctx && c->model.ctx % unit != 0)
        c->model.ctx = size_max(1, (c->model.ctx + unit / 2) / unit) * unit;
    config_free(&usual);
}

static enum status check_time(struct setup *s, const struct setup_from *from, struct err *err)
{
    bool folders = !from->path && config_has_grid(&s->cfg); /* taken over with the rest */
    if (from->time_s > 0 && says_grid(&s->cfg) && !folders)
        return err_set(err, E_CONFIG, "--time: the config has a grid, %s: --time picks one where there is none", grid_key(&s->cfg));
    if (from->time_s > 0 && s->cfg.grid.vary.n > 0)
        return err_set(err, E_CONFIG, "--time: the folder's grid varies %s, and further runs would not know with which value: go "
                                      "on without --time", s->cfg.grid.vary.items[0].path);
    if (from->time_s > 0 && s->cfg.train.lr_law.kind == LR_AUTO)
        return err_set(err, E_CONFIG, "--time: train.lr auto takes a time of its own: give a number, or a grid");
    if (from->time_s > 0)
        fit_window(&s->cfg);
    return OK;
}

bool setup_waits(const struct setup *s)
{
    return s->cfg.train.teacher && strcmp(s->cfg.train.teacher, SETUP_TEACHER) == 0;
}

static enum status take_teacher(struct setup *s, const struct setup_from *from, struct err *err)
{
    char assignment[FILE_PATH_MAX + 32];
    if (!setup_waits(s))
        return OK;
    if (!from->base)
        return err_set(err, E_CONFIG, "train.teacher=%s is a run of the base of plateau compare: here, name a run's folder",
                       SETUP_TEACHER);
    snprintf(assignment, sizeof assignment, "train.teacher=%s", from->teacher ? from->teacher : SETUP_TEACHER);
    return config_set(&s->cfg, assignment, err);
}

/* A text that is none is trained on all the same: somebody may want the law of compressed bytes. */
static enum status look_at_text(const struct data *d, struct err *err)
{
    const double most = 1e-3;
    const struct text *t = text_behind(d);
    for (size_t i = 0; t && i < t->n_files; i++)
        if (t->files[i].zeros > most) {
            text_message(stderr, "warning: ", "%s: %.2g %% of its bytes are zero, as in UTF-16 and in files that are no text; "
                                              "it is trained on byte by byte", t->files[i].path, 100 * t->files[i].zeros);
            break;
        }
    return t ? text_teaches(t, err) : OK;
}

static enum status open_data(struct setup *s, const struct setup_from *from, struct err *err)
{
    TRY(take_teacher(s, from, err));
    config_say_rest(&s->cfg);
    config_settle(&s->cfg);
    TRY(config_check(&s->cfg, err));
    TRY(check_fit(&s->cfg, err));
    TRY(config_open_data(&s->data, &s->cfg, err));
    TRY(look_at_text(s->data, err));
    return s->cfg.train.teacher && !setup_waits(s) ? teacher_open(&s->teacher, &s->cfg, s->data, err) : OK;
}

static enum status follow_and_open(struct setup *s, const struct setup_from *from, bool single, struct err *err)
{
    char dir[FILE_PATH_MAX];
    TRY(check_time(s, from, err));
    TRY(setup_folder(dir, s, from->out, err));
    TRY(config_follow_sweep(&s->cfg, dir, single, err));
    if (!single && !says_grid(&s->cfg) && !from->fresh)
        TRY(take_grid(&s->cfg, dir, err));
    return open_data(s, from, err);
}

static enum status wrap(enum status st, const char *path, struct err *err)
{
    return st == OK || !path ? st : err_wrap(err, "%s", path);
}

static enum status read_for(struct setup *s, const struct setup_from *from, bool single, struct err *err)
{
    TRY(read_config(s, from, err));
    return wrap(follow_and_open(s, from, single, err), from->path, err);
}

enum status setup_read(struct setup *s, const struct setup_from *from, struct err *err)
{
    return read_for(s, from, false, err);
}

enum status setup_open_data(struct setup *s, const char *path, const struct arg_list *sets, const char *isa, struct err *err)
{
    const struct setup_from from = {.path = path, .sets = sets, .isa = isa};
    TRY(read_config(s, &from, err));
    return wrap(open_data(s, &from, err), path, err);
}

static enum status plan_of(struct setup *s, const struct config *c, bool single, struct err *err)
{
    TRY((single ? plan_single : plan_make)(&s->plan, c, data_vocab(s->data), data_train_tokens(s->data), err));
    if (c->train.teacher && !setup_waits(s))
        plan_teach(&s->plan, &s->teacher);
    return plan_check_warmup(&s->plan, err);
}

enum status setup_plan(struct setup *s, bool single, struct err *err)
{
    TRY(plan_of(s, &s->cfg, single, err));
    for (size_t i = 0; i < s->plan.n; i++)
        TRY(config_check_run(&s->plan.runs[i].cfg, &s->cfg, err));
    return OK;
}

static enum status open_for(struct setup *s, const struct setup_from *from, bool single, struct err *err)
{
    TRY(read_for(s, from, single, err));
    return wrap(setup_plan(s, single, err), from->path, err);
}

enum status setup_open(struct setup *s, const char *path, const struct arg_list *sets, bool single,
                       const char *out, const char *isa, struct err *err)
{
    const struct setup_from from = {.path = path, .sets = sets, .out = out, .isa = isa};
    return open_for(s, &from, single, err);
}

enum status setup_open_over(struct setup *s, const char *base, const char *path, const char *teacher,
                            const struct arg_list *sets, const char *out, const char *isa, struct err *err)
{
    const struct setup_from from = {.base = base, .path = path, .teacher = teacher, .sets = sets, .out = out, .isa = isa};
    return open_for(s, &from, false, err);
}

void setup_free(struct setup *s)
{
    plan_free(&s->plan);
    if (s->data)
        data_close(s->data);
    config_free(&s->cfg);
    *s = (struct setup){0};
}

/* Ctrl-C, SIGTERM and SIGUSR1 set this; the second one kills at once. Some programs that pass a signal on send it
 * twice in a row, once to the group: that is still the first. */
static volatile sig_atomic_t stop_asked;
static struct timespec asked_at;
static bool unhurried; /* schedulers ask more than once before they kill: a worker is saving already */

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + 1e-9 * (double)(now.tv_nsec - t->tv_nsec);
}

static void on_signal(int sig)
{
    if (stop_asked && unhurried && sig != SIGINT)
        return;
    if (stop_asked && seconds_since(&asked_at) > 0.5) {
        signal(sig, SIG_DFL);
        raise(sig);
    }
    if (!stop_asked)
        clock_gettime(CLOCK_MONOTONIC, &asked_at);
    stop_asked = sig;
}

static void catch_signals(void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGUSR1, &sa, NULL); /* schedulers send it when the time is nearly up */
}

static void mask_signals(int how)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGUSR1);
    sigprocmask(how, &held, NULL);
}

void setup_hold_signals(void)
{
    mask_signals(SIG_BLOCK);
}

/* What is done beside the training: the lines that show it, and what the caller wants done now and then. */
struct beside {
    struct live_view view;
    const struct setup_how *how;
    struct log log;
};

/* Messages take the place of the view's lines, which come back below them. */
static void log_beside_view(void *ctx, enum log_level level, const char *msg)
{
    struct beside *b = ctx;
    const struct log plain = cmd_log();
    live_view_clear(&b->view);
    log_msg(&plain, level, "%s", msg);
}

static void show_beside(void *ctx, const struct live *l, bool final)
{
    struct beside *b = ctx;
    if (b->how->mind)
        b->how->mind(b->how->mind_ctx, &b->log);
    live_view_show(&b->view, l, final);
}

enum status setup_folder(char *dir, const struct setup *s, const char *out, struct err *err)
{
    return out ? file_join(dir, FILE_PATH_MAX, out, "", err)
               : file_join(dir, FILE_PATH_MAX, "runs", s->cfg.name, err);
}

static enum status say_protocol(const void *setup, struct err *err)
{
    const struct setup *s = setup;
    return protocol_print(stderr, &s->cfg, &s->plan, NULL, err);
}

/* The plan of the sweep with its rates, in place of the one without. */
static enum status plan_anew(struct setup *s, const struct search_found *f, struct err *err)
{
    s->found = s->cfg;
    TRY(search_apply(&s->found, f, err));
    plan_free(&s->plan);
    return plan_of(s, &s->found, false, err);
}

/* Whether another process searches the rates at this moment. */
static bool searched_elsewhere(const char *dir)
{
    char folder[FILE_PATH_MAX];
    struct live unused;
    return file_join(folder, sizeof folder, dir, "search", NULL) == OK && live_read(&unused, folder);
}

/* Of several workers the first searches, under the lock of its folder; the others wait for what it finds. */
static enum status search_in_turn(struct search_found *found, bool *searched, struct setup *s, const char *dir,
                                  const struct sweep_options *o, struct err *err)
{
    enum status st = E_IO;
    for (bool again = true; again && st == E_IO;) {
        while (o->worker && searched_elsewhere(dir) && !*o->stop)
            clock_sleep_s(0.3);
        if (o->worker && *o->stop)
            return err_set(err, *o->stop == SIGINT ? E_INTERRUPTED : E_PREEMPTED, "stopped before the rates were searched");
        st = search_run(found, searched, &s->cfg, &s->plan, s->data, dir, o, err);
        again = o->worker && searched_elsewhere(dir); /* it came first after all */
    }
    if (st == E_INTERRUPTED && o->worker && *o->stop != SIGINT)
        return err_set(err, E_PREEMPTED, "stopped in the search of rates; everything is kept");
    return st;
}

static enum status search(struct setup *s, const char *dir, const struct sweep_options *o, struct err *err)
{
    struct search_found found;
    bool searched;
    if (s->cfg.train.lr_law.kind != LR_AUTO)
        return OK;
    TRY(search_in_turn(&found, &searched, s, dir, o, err));
    TRY(plan_anew(s, &found, err));
    search_words(stderr, &found, &s->cfg, &s->plan, searched);
    return OK;
}

enum status setup_sweep(struct sweep_outcome *outcome, struct setup *s, const char *dir,
                        const struct setup_how *how, struct err *err)
{
    struct beside beside = {.view = live_view_make(), .how = how};
    beside.log = (struct log){.fn = log_beside_view, .ctx = &beside};
    const struct sweep_options o = {.jobs = (int)how->jobs,
                                    .fresh = how->fresh,
                                    .tensorboard = how->tensorboard,
                                    .time = how->time,
                                    .worker = how->worker,
                                    .isa = s->isa,
                                    .stop = &stop_asked,
                                    .view = show_beside,
                                    .view_ctx = &beside,
                                    .before = say_protocol,
                                    .before_ctx = s,
                                    .log = beside.log};
    unhurried = how->worker != NULL;
    catch_signals(on_signal);
    mask_signals(SIG_UNBLOCK);
    enum status st = search(s, dir, &o, err);
    if (st == OK)
        st = (how->worker ? worker_run : sweep_run)(outcome, &s->plan, &s->cfg, s->data, dir, &o, err);
    catch_signals(SIG_DFL); /* all is kept: what follows may be cut off */
    return st;
}

const char *setup_loss_text(char *buf, size_t size, const struct run_row *row)
{
    if (!isfinite(row->loss))
        snprintf(buf, size, "no loss: %s", row->status[0] ? row->status : "not trained");
    else if (isfinite(row->bpb) && row->bpb != row->loss / 0.69314718055994531)
        snprintf(buf, size, "loss %.4f nats per token (standard error %.2g), %.4f bits per byte", row->loss, row->loss_se,
                 row->bpb);
    else if (isfinite(row->bpb))
        snprintf(buf, size, "loss %.4f nats per byte (standard error %.2g), %.4f bits per byte", row->loss, row->loss_se, row->bpb);
    else
        snprintf(buf, size, "loss %.4f nats per token (standard error %.2g)", row->loss, row->loss_se);
    return buf;
}
