/* What the steps are made of, and what goes through them. */
#ifndef PLATEAU_CLI_LAB_STEPS_H
#define PLATEAU_CLI_LAB_STEPS_H

#include "cli/lab/note.h"
#include "cli/lab/step_list.h"

#define X(letter, name, needs, title, question) enum status step_##name(struct lab *l, struct note *n, struct err *err);
LAB_STEPS(X)
#undef X

struct lab_step {
    char letter;
    const char *name, *needs, *title, *question;
    enum status (*run)(struct lab *l, struct note *n, struct err *err);
};
enum { LAB_N_STEPS = 10 };
extern const struct lab_step lab_steps[LAB_N_STEPS];

/* Do one step, or where `only` is 0 all that are not done; then make the page. lab_fit_close in every case. */
enum status lab_go(struct lab *l, char only, struct err *err) WARN_UNUSED;

/* report.html of all that is done, and answers.txt where there is none. */
enum status lab_page(const struct lab *l, struct err *err) WARN_UNUSED;

#endif
