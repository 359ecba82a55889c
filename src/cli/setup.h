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
};

/* Load and check the config at path with the --set assignments, open its data and make the plan: of the
 * grid, or of the one run that the config describes, as it goes into the folder out (NULL: runs/NAME).
 * setup_free also after a failure. */
enum status setup_open(struct setup *s, const char *path, const struct arg_list *sets, bool single,
                       const char *out, const char *isa, struct err *err) WARN_UNUSED;
/* The same without a plan, whatever grid there is or is not. */
enum status setup_open_data(struct setup *s, const char *path, const struct arg_list *sets, const char *isa,
                            struct err *err) WARN_UNUSED;
void setup_free(struct setup *s);

/* Where a sweep or run goes: out, or runs/NAME where that is NULL. dir: FILE_PATH_MAX bytes. */
enum status setup_folder(char *dir, const struct setup *s, const char *out, struct err *err) WARN_UNUSED;

struct setup_how {
    size_t jobs;
    bool fresh, tensorboard;
};

/* Train the plan into dir, with progress on stderr and Ctrl-C caught. */
enum status setup_sweep(struct sweep_outcome *outcome, const struct setup *s, const char *dir,
                        const struct setup_how *how, struct err *err) WARN_UNUSED;

/* "loss 1.2043 nats per token (standard error 0.006), 1.74 bits per byte"; returns buf. */
const char *setup_loss_text(char *buf, size_t size, const struct run_row *row);

#endif
