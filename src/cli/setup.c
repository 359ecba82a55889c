#include "cli/setup.h"


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

enum status setup_sweep(struct sweep_outcome *outcome, const struct setup *s, const char *dir, size_t jobs,
                        bool fresh, struct err *err)
{
    struct live_view view = live_view_make();
    const struct sweep_options o = {.jobs = (int)jobs,
                                    .fresh = fresh,
                                    .isa = s->isa,
                                    .stop = &setup_stop,
                                    .view = live_view_show,
                                    .view_ctx = &view,
                                    .log = {.fn = log_beside_view, .ctx = &view}};
    setup_catch_signals();
    return sweep_run(outcome, &s->plan, &s->cfg, s->data, dir, &o, err);
}
