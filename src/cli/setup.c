#include "cli/setup.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/count.h"
#include "base/file.h"
#include "cli/cmd.h"

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

volatile sig_atomic_t setup_stop;

static void on_signal(int sig)
{
    if (setup_stop) {
        signal(sig, SIG_DFL);
        raise(sig);
    }
    setup_stop = 1;
}

void setup_catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

struct progress progress_make(void)
{
    return (struct progress){.terminal = isatty(STDERR_FILENO) == 1, .printed_s = -1e9};
}

static size_t terminal_width(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        return w.ws_col;
    return 80;
}

static void draw_bar(char *out, size_t cells, double share)
{
    size_t full = (size_t)(fmin(1, fmax(0, share)) * (double)cells);
    for (size_t i = 0; i < cells; i++)
        out[i] = i < full ? '#' : '.';
    out[cells] = '\0';
}

void progress_show(void *progress, const struct sweep_view *v, bool final)
{
    struct progress *p = progress;
    /* A log file gets a line every ten seconds; a terminal is redrawn. */
    if (!final && !p->terminal && v->seconds - p->printed_s < 10)
        return;
    if (final && !p->terminal && v->share < 0.0001)
        return;
    p->printed_s = v->seconds;
    char line[512], bar[41], rate[32], left[32], loss[32] = "";
    draw_bar(bar, 24, v->share);
    if (v->running > 0 && isfinite(v->last[0].loss))
        snprintf(loss, sizeof loss, "  loss %.3f", v->last[0].loss);
    count_format(rate, sizeof rate, v->tokens_per_s);
    count_format_seconds(left, sizeof left, final ? v->seconds : v->left_s);
    snprintf(line, sizeof line, "[%s] %3.0f %%  %zu/%zu runs  %s tokens/s%s  %s %s", bar,
             100 * v->share, v->runs_done, v->plan->n, rate, loss, left, final ? "taken" : "left");
    if (!p->terminal) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    size_t width = terminal_width();
    if (strlen(line) >= width)
        line[width - 1] = '\0';
    fprintf(stderr, "\r\033[K%s%s", line, final ? "\n" : "");
    fflush(stderr);
}

enum status setup_folder(char *dir, const struct setup *s, const char *out, struct err *err)
{
    return out ? file_join(dir, FILE_PATH_MAX, out, "", err)
               : file_join(dir, FILE_PATH_MAX, "runs", s->cfg.name, err);
}

enum status setup_sweep(struct sweep_outcome *outcome, const struct setup *s, const char *dir, size_t jobs,
                        bool fresh, struct err *err)
{
    struct progress progress = progress_make();
    const struct sweep_options o = {.jobs = (int)jobs,
                                    .fresh = fresh,
                                    .isa = s->isa,
                                    .stop = &setup_stop,
                                    .view = progress_show,
                                    .view_ctx = &progress,
                                    .log = cmd_log()};
    setup_catch_signals();
    return sweep_run(outcome, &s->plan, &s->cfg, s->data, dir, &o, err);
}
