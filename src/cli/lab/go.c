/* The steps done, one after the other. */
#include "cli/lab/steps.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/count.h"
#include "cli/text.h"

const struct lab_step lab_steps[LAB_N_STEPS] = {
#define X(letter, name, needs, title, question) {#letter[0], #name, needs, title, question, step_##name},
    LAB_STEPS(X)
#undef X
};

static enum status do_step(struct lab *l, const struct lab_step *s, struct err *err)
{
    struct note n;
    char took[32];
    double began = clock_now_s();
    text_message(stdout, "", "(%c) %s", s->letter, s->title);
    enum status st = note_open(&n, l, s->letter, err);
    if (st == OK)
        st = s->run(l, &n, err);
    if (st == OK)
        st = note_keep(&n, clock_now_s() - began, err);
    note_free(&n);
    if (st == E_INTERRUPTED)
        return err_set(err, st, "interrupted; everything is kept. Go on with: %s", l->again);
    if (st != OK)
        return err_wrap(err, "step %c", s->letter);
    text_message(stdout, "", "to think about: %s", s->question);
    text_message(stdout, "", "step %c took %s", s->letter, count_format_seconds(took, sizeof took, clock_now_s() - began));
    printf("\n");
    fflush(stdout);
    return lab_page(l, err);
}

static enum status need(const struct lab *l, const struct lab_step *s, struct err *err)
{
    for (const char *p = s->needs; *p; p++)
        if (!lab_done(l, *p))
            return err_set(err, E_USAGE, "lab %c: step %c comes first, whose numbers it builds on", s->letter, *p);
    return OK;
}

enum status lab_go(struct lab *l, char only, struct err *err)
{
    size_t done = 0;
    for (size_t i = 0; i < LAB_N_STEPS; i++) {
        const struct lab_step *s = &lab_steps[i];
        if (only && s->letter != only)
            continue;
        if (lab_done(l, s->letter)) {
            done++;
            if (only)
                text_message(stdout, "", "step %c is done, and is not done again: to do it anew, remove %s/steps/%c.json", only,
                             l->dir, only);
            continue;
        }
        TRY(need(l, s, err));
        TRY(lab_keep(l, err));
        TRY(do_step(l, s, err));
    }
    TRY(lab_page(l, err));
    if (!only && done == LAB_N_STEPS)
        text_message(stdout, "", "all steps are done");
    char where[FILE_PATH_MAX + 16];
    text_message(stdout, "",
                 "the page to hand in: %s/report.html (your answers go into %s/answers.txt, and onto the page with the "
                 "next plateau lab%s)",
                 l->dir, l->dir, lab_out(where, sizeof where, l));
    return OK;
}
