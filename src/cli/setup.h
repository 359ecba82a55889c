/* What train and sweep share: config and data from the command line, and the sweep itself. */
#ifndef PLATEAU_CLI_SETUP_H
#define PLATEAU_CLI_SETUP_H

#include "cli/args.h"
#include "harness/config.h"
#include "harness/sweep.h"

struct setup {
    struct config cfg;
    struct data *data;
    struct teacher teacher; /* of cfg.train.teacher, where that is set */
    struct plan plan;
    enum kern_isa isa;
    struct config found; /* cfg with the rates that a search has found; the plan's, from setup_sweep on. Borrows from cfg */
};

/* Where the config is from; path NULL: nothing but the assignments, and what the folder has of a sweep before. */
struct setup_from {
    const char *path;
    const char *base; /* a config that this one is read over, or NULL */
    const char *teacher; /* what train.teacher SETUP_TEACHER stands for; NULL: that is not known yet */
    const struct arg_list *sets;
    const char *out, *isa; /* as given, or NULL */
    double time_s;         /* a grid will be picked for it; 0: none is */
    bool fresh;            /* what the folder has is not taken over */
};

/* Load and check the config and open its data, without a plan. A config without a grid takes that of its folder where it
 * has one. setup_free also after a failure. */
enum status setup_read(struct setup *s, const struct setup_from *from, struct err *err) WARN_UNUSED;
/* Then its plan: of the grid, or of the one run that the config describes. */
enum status setup_plan(struct setup *s, bool single, struct err *err) WARN_UNUSED;

/* The kernels that --isa names, NULL: the best here. E_USAGE, with those that there are, for another word. */
enum status setup_isa(enum kern_isa *isa, const char *name, struct err *err) WARN_UNUSED;

/* Load and check the config at path with the --set assignments, open its data and make the plan: of the
 * grid, or of the one run that the config describes, as it goes into the folder out (NULL: runs/NAME).
 * setup_free also after a failure. */
enum status setup_open(struct setup *s, const char *path, const struct arg_list *sets, bool single,
                       const char *out, const char *isa, struct err *err) WARN_UNUSED;
/* A teacher that is a run of the base of a comparison: its finished run of the most parameters and tokens. */
#define SETUP_TEACHER "@base"
/* Whether that is still to come: the plan has no teacher then, and other names. */
bool setup_waits(const struct setup *s);
/* The same of a grid whose config is that at `base`, with what the one at `path` says in place of its keys;
 * teacher (may be NULL) as in struct setup_from. */
enum status setup_open_over(struct setup *s, const char *base, const char *path, const char *teacher,
                            const struct arg_list *sets, const char *out, const char *isa, struct err *err) WARN_UNUSED;
/* The same without a plan, whatever grid there is or is not. */
enum status setup_open_data(struct setup *s, const char *path, const struct arg_list *sets, const char *isa,
                            struct err *err) WARN_UNUSED;
void setup_free(struct setup *s);

/* Where a sweep or run goes: out, or runs/NAME where that is NULL. dir: FILE_PATH_MAX bytes. */
enum status setup_folder(char *dir, const struct setup *s, const char *out, struct err *err) WARN_UNUSED;

struct setup_how {
    size_t jobs;
    bool fresh, tensorboard;
    const struct sweep_time *time; /* NULL: all of the plan */
    const struct worker_how *worker; /* NULL: a sweep that has the folder alone */
    /* Called a few times a second while runs are trained; NULL: never. */
    void (*mind)(void *ctx, const struct log *log);
    void *mind_ctx;
};

/* SIGTERM and SIGUSR1 wait from now on until setup_sweep can heed them: a worker that is stopped while it begins ends as later. */
void setup_hold_signals(void);
/* Train the plan into dir, with progress on stderr and Ctrl-C caught; before it, where train.lr is "auto", search the rates,
 * say what they are and plan anew. */
enum status setup_sweep(struct sweep_outcome *outcome, struct setup *s, const char *dir,
                        const struct setup_how *how, struct err *err) WARN_UNUSED;

/* "loss 1.2043 nats per token (standard error 0.006), 1.74 bits per byte"; returns buf. */
const char *setup_loss_text(char *buf, size_t size, const struct run_row *row);

#endif
