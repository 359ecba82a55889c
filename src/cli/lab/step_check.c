/* (g) The run that was predicted, and whether the prediction came true. */
#include <math.h>

#include "cli/lab/ahead.h"
#include "cli/lab/seal.h"
#include "cli/lab/steps.h"
#include "cli/lab/train.h"

static enum status train(const struct lab *l, const struct ahead *a, struct err *err)
{
    const struct lab_cell cell = {.shape = a->shape, .params = a->params, .tokens = a->tokens, .seed = 1};
    struct lab_sweep w = {.name = SEAL_RUN, .cells = &cell, .n = 1};
    TRY(lab_rate_law(&w.rate, l, err));
    return lab_train(l, &w, err);
}

static enum status measure(double *loss, const struct lab *l, struct err *err)
{
    char dir[FILE_PATH_MAX];
    const char *source = dir;
    const struct fit_read_options opt = {.drop_missing = false};
    struct fit_table t = {0};
    TRY(lab_path(dir, l, SEAL_RUN, NULL, err));
    enum status st = fit_table_read(&t, &source, 1, &opt, err);
    if (st == OK)
        *loss = t.col[FIT_LOSS][t.n - 1];
    fit_table_free(&t);
    return st;
}

static void tell(struct note *n, const struct ahead *a, double measured, const char *hash)
{
    bool inside = measured >= a->loss.lo && measured <= a->loss.hi;
    double off = a->loss.value / measured - 1;
    note_lead(n,
              "Predicted %.4f (95 %%: %.4f to %.4f), measured %.4f: the prediction was %.2f %% too %s, and the run lies %s its "
              "interval.",
              a->loss.value, a->loss.lo, a->loss.hi, measured, 100 * fabs(off), off < 0 ? "low" : "high",
              inside ? "inside" : "OUTSIDE");
    note_line(n, "The seal held: prediction.json has the hash that the run began under, %.12s.", hash);
    note_number(n, "measured", measured);
    note_number(n, "error", off);
    note_number(n, "inside", inside);
}

static enum status check(struct lab *l, struct note *n, const struct ahead *a, const char *hash, struct err *err)
{
    const struct fitted *f;
    double measured = (double)NAN;
    TRY(train(l, a, err));
    TRY(measure(&measured, l, err));
    enum status st = lab_fit_of(&f, l, err);
    if (st == OK) {
        tell(n, a, measured, hash);
        st = ahead_draw(n, a, &f->table, &f->report, measured, err);
    }
    return st;
}

enum status step_check(struct lab *l, struct note *n, struct err *err)
{
    struct ahead a;
    cJSON *root;
    char hash[SHA256_TEXT];
    TRY(seal_read(&root, hash, l, err));
    enum status st = ahead_read(&a, root, err);
    if (st == OK)
        st = seal_mark(l, root, hash, err);
    if (st == OK)
        st = check(l, n, &a, hash, err);
    cJSON_Delete(root);
    return st;
}
