#include <stdio.h>

#include "base/file.h"
#include "base/system.h"
#include "cli/cmd.h"
#include "cli/setup.h"
#include "cli/text.h"

static enum status train(struct setup *s, const char *out, const char *again,
                         const struct setup_how *how, struct err *err)
{
    char dir[FILE_PATH_MAX];
    struct sweep_outcome outcome;
    TRY(setup_folder(dir, s, out, err));
    enum status st = setup_sweep(&outcome, s, dir, how, err);
    if (st == E_INTERRUPTED)
        return err_set(err, st, "interrupted; everything is kept. Go on with: %s", again);
    TRY(st);
    char line[128];
    printf("%s/%s\n", dir, s->plan.runs[0].name);
    text_message(stdout, "", "%s", setup_loss_text(line, sizeof line, &outcome.first));
    text_teacher(stdout, plan_teacher_flops(&s->plan), s->teacher.train_flops);
    return outcome.n_diverged ? err_set(err, E_RUN, "the run diverged: a lower train.lr may help") : OK;
}

enum status cmd_train(int argc, char **argv, struct err *err)
{
    const char *out = NULL, *isa = NULL;
    struct arg_list sets = {0}, words;
    struct setup_how how = {.jobs = (size_t)system_cores_all()};
    bool help;
    const struct arg args[] = {
        {"--out", ARG_STRING, &out, "DIR", "folder that receives the run (default runs/NAME)"},
        {"--set", ARG_LIST, &sets, "KEY=VALUE", "change a config key; may be given several times"},
        {"--threads", ARG_SIZE, &how.jobs, "N", "threads (default: all cores)"},
        {"--jobs", ARG_SIZE, &how.jobs, "N", "the same"},
        {"--tensorboard", ARG_FLAG, &how.tensorboard, NULL, "write an event file for TensorBoard too"},
        {"--isa", ARG_STRING, &isa, "ISA", "cap the kernels: ref, avx2, avx512, amx; on arm ref, neon"},
    };
    const struct args_spec spec = {
        .command = "train",
        .positionals = "CONFIG",
        .summary = "Train one run: the config gives model.d_model, model.n_layer and train.tokens.",
        .min_positionals = 1,
        .max_positionals = 1,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help) {
        struct setup s = {0};
        char again[900];
        args_quote(again, sizeof again, "train", argc, argv, NULL);
        if (how.jobs < 1 || how.jobs > 256)
            st = err_set(err, E_USAGE, "--threads %zu: expected 1 to 256", how.jobs);
        if (st == OK)
            st = setup_open(&s, words.items[0], &sets, true, out, isa, err);
        if (st == OK)
            st = train(&s, out, again, &how, err);
        setup_free(&s);
    }
    args_free(&spec, &words);
    return st;
}
