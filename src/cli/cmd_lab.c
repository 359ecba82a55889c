#include <math.h>
#include <signal.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/lab/assignment.h"
#include "cli/lab/steps.h"
#include "cli/lab/train.h"

/* The letter of a step, by letter or name; 0 where no word was given, or that of the take-home. */
static enum status step_of(char *letter, const struct arg_list *words, struct err *err)
{
    *letter = 0;
    if (words->n == 0 || strcmp(words->items[0], "assignment") == 0)
        return OK;
    const char *word = words->items[0];
    for (size_t i = 0; i < LAB_N_STEPS; i++)
        if ((word[0] == lab_steps[i].letter && word[1] == '\0') || strcmp(word, lab_steps[i].name) == 0)
            *letter = lab_steps[i].letter;
    return *letter ? OK : err_set(err, E_USAGE, "lab %s: expected a step from a to %c (plateau lab --help lists them)", word,
                                  lab_steps[LAB_N_STEPS - 1].letter);
}

static enum status check_words(const struct lab_words *w, struct err *err)
{
    if (w->minutes > 0 && !(w->minutes >= 0.05 && w->minutes <= 1e4))
        return err_set(err, E_USAGE, "--minutes %g: expected 0.05 to 10000", w->minutes);
    if (w->tweak && !config_is_one(w->tweak))
        return err_set(err, E_USAGE, "--tweak %s: no config, which is JSON of a config's sections alone", w->tweak);
    return w->jobs > 256 ? err_set(err, E_USAGE, "--jobs %zu: expected 1 to 256", w->jobs) : OK;
}

enum status cmd_lab(int argc, char **argv, struct err *err)
{
    struct lab_words w = {.minutes = 0};
    struct arg_list words;
    struct lab lab = {.root = NULL};
    bool help;
    char letter, again[900];
    const struct arg args[] = {
        {"--minutes", ARG_COUNT, &w.minutes, "M", "how long all steps take together, about: runs are scaled to it "
                                                  "and to this machine (default 40)"},
        {"--text", ARG_LIST, &w.files, "FILE", "train on this text, or the texts of this folder; may be given several "
                                               "times (default: a language whose floor is known)"},
        {"--out", ARG_STRING, &w.out, "DIR", "the lab's folder (default runs/lab, or runs/lab-NAME after the text)"},
        {"--tweak", ARG_STRING, &w.tweak, "CONFIG", "what step i changes: a config of just that (default configs/lab/tweak.json)"},
        {"--jobs", ARG_SIZE, &w.jobs, "N", "runs side by side (default: one a core)"},
    };
    const struct args_spec spec = {
        .command = "lab",
        .positionals = "[STEP|assignment]",
        .summary = "A class in ten steps, from what this machine can do to a prediction that comes true: a machine, b FLOPs,\n"
                   "c learning rates, d IsoFLOP sweep, e laws, f a sealed prediction, g the run, h what Kaplan would have\n"
                   "concluded, i a tweak, j is there a wall? All that are not done yet, or STEP alone. Stopped, the same\n"
                   "command goes on. Each step has a figure and a question; all of it is on one page, report.html.\n\n"
                   "assignment in place of a step: the take-home on a text of your own, with a BPE of its own.",
        .min_positionals = 0,
        .max_positionals = 1,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help) {
        args_quote(again, sizeof again, "lab", argc, argv, NULL);
        w.again = again;
        signal(SIGPIPE, SIG_IGN);
        st = check_words(&w, err);
        if (st == OK)
            st = step_of(&letter, &words, err);
        if (st == OK)
            st = lab_open(&lab, &w, err);
        if (st == OK)
            st = words.n > 0 && strcmp(words.items[0], "assignment") == 0 ? assignment_do(&lab, w.minutes, err)
                                                                          : lab_go(&lab, letter, err);
        lab_fit_close(&lab);
        lab_close(&lab);
    }
    args_free(&spec, &words);
    return st;
}
