#include "cli/setup.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>


#include "base/file.h"
#include "cli/cmd.h"
#include "cli/live_view.h"

static enum status pick_isa(enum kern_isa *isa, const char *name, struct err *err)
{
    *isa = kern_isa_best();
    if (!name)
        return OK;
    enum kern_isa cap;
    if (!kern_isa_parse(&cap, name))
        return err_set(err, E_USAGE, "--isa %s: expected ref, avx2 or avx512", name);
    if (cap < *isa)
        *isa = cap;
    return OK;
}

enum status setup_open(struct setup *s, const char *path, const struct arg_list *sets, bool single,
                       const char *isa, struct err *err)
{
    *s = (struct setup){0};
    config_init(&s->cfg);
    TRY(pick_isa(&s->isa, isa, err));
    TRY(config_load(&s->cfg, path, err));
    for (size_t i = 0; i < sets->n; i++)
        TRY(config_set(&s->cfg, sets->items[i], err));
    enum status st = config_check(&s->cfg, err);
    if (st == OK) {
        struct data_spec spec = config_data_spec(&s->cfg);
        st = data_open(&s->data, &spec, s->cfg.model.ctx, err);
    }
    if (st == OK)
        st = (single ? plan_single : plan_make)(&s->plan, &s->cfg, data_vocab(s->data),
                                                data_train_tokens(s->data), err);
    return st == OK ? OK : err_wrap(err, "%s", path);
}

void setup_free(struct setup *s)
{
    plan_free(&s->plan);
    if (s->data)
        data_close(s->data);
    config_free(&s->cfg);
    *s = (struct setup){0};
}

/* Ctrl-C and SIGTERM set this; the second one kills at once. Some programs that pass a signal on send it
 * twice in a row, once to the group: that is still the first. */
static volatile sig_atomic_t stop_asked;
static struct timespec asked_at;

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + 1e-9 * (double)(now.tv_nsec - t->tv_nsec);
}

static void on_signal(int sig)
{
    if (stop_asked && seconds_since(&asked_at) > 0.5) {
        signal(sig, SIG_DFL);
        raise(sig);
    }
    if (!stop_asked)
        clock_gettime(CLOCK_MONOTONIC, &asked_at);
    stop_asked = 1;
}

static void catch_signals(void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

/* Messages take the place of the view's lines, which come back below them. */
static void log_beside_view(void *view, enum log_level level, const char *msg)
{
    const struct log plain = cmd_log();
    live_view_clear(view);
    log_msg(&plain, level, "%s", msg);
}

enum status setup_folder(char *dir, const struct setup *s, const char *out, struct err *err)
{
    return out ? file_join(dir, FILE_PATH_MAX, out, "", err)
               : file_join(dir, FILE_PATH_MAX, "runs", s->cfg.name, err);
}

enum status setup_sweep(struct sweep_outcome *outcome, const struct setup *s, const char *dir,
                        const struct setup_how *how, struct err *err)
{
    struct live_view view = live_view_make();
    const struct sweep_options o = {.jobs = (int)how->jobs,
                                    .fresh = how->fresh,
                                    .tensorboard = how->tensorboard,
                                    .isa = s->isa,
                                    .stop = &stop_asked,
                                    .view = live_view_show,
                                    .view_ctx = &view,
                                    .log = {.fn = log_beside_view, .ctx = &view}};
    catch_signals(on_signal);
    enum status st = sweep_run(outcome, &s->plan, &s->cfg, s->data, dir, &o, err);
    catch_signals(SIG_DFL); /* all is kept: what follows may be cut off */
    return st;
}

const char *setup_loss_text(char *buf, size_t size, const struct run_row *row)
{
    if (!isfinite(row->loss))
        snprintf(buf, size, "no loss: %s", row->status[0] ? row->status : "not trained");
    else if (isfinite(row->bpb))
        snprintf(buf, size, "loss %.4f nats per byte (standard error %.2g), %.4f bits per byte", row->loss, row->loss_se, row->bpb);
    else
        snprintf(buf, size, "loss %.4f nats per token (standard error %.2g)", row->loss, row->loss_se);
    return buf;
}
