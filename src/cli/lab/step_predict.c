/* (f) What one run of ten times the largest budget will have, written down and sealed before it is trained. */
#include <math.h>

#include "cli/lab/ahead.h"
#include "cli/lab/seal.h"
#include "cli/lab/steps.h"
#include "cli/lab/train.h"

static void tell(struct note *n, const struct lab *l, const struct ahead *a, const char *hash)
{
    note_lead(n,
              "A run of %.0f parameters on %.0f tokens, %.2g FLOPs, ten times the largest budget, will have a loss of %.4f nats "
              "(95 %%: %.4f to %.4f).",
              a->params, a->tokens, a->flops, a->loss.value, a->loss.lo, a->loss.hi);
    note_line(
        n,
        "That is by the law %s; its learning rate will be %.3g, by the law of step c. The interval is that of one run: what is "
        "not known of the law, and the noise of a single run on top.",
        a->law, a->lr);
    note_line(n, "The prediction lies in %s/prediction.json, sealed. SHA-256: %s", l->dir, hash);
    note_line(n,
              "Write its first twelve digits on the blackboard: %.12s. Whoever doubts it later asks: sha256sum %s/prediction.json",
              hash, l->dir);
    note_value(n, "loss", &a->loss);
    note_number(n, "params", a->params);
    note_number(n, "tokens", a->tokens);
    note_number(n, "flops", a->flops);
}

/* Unless it is sealed already: a second one would be none. */
static enum status seal(struct lab *l, const struct fitted *f, struct err *err)
{
    struct ahead a;
    struct setup s;
    TRY(seal_may_begin(l, err));
    enum status st = lab_setup(&s, l, err);
    if (st == OK)
        st = ahead_predict(&a, l, &s, &f->report, err);
    setup_free(&s);
    return st == OK ? seal_write(l, ahead_json(&a), err) : st;
}

enum status step_predict(struct lab *l, struct note *n, struct err *err)
{
    const struct fitted *f;
    struct ahead a;
    cJSON *root = NULL;
    char hash[SHA256_TEXT];
    enum status st = lab_fit_of(&f, l, err);
    if (st == OK && !seal_there(l))
        st = seal(l, f, err);
    if (st == OK)
        st = seal_read(&root, hash, l, err);
    if (st == OK)
        st = ahead_read(&a, root, err);
    if (st == OK) {
        tell(n, l, &a, hash);
        st = ahead_draw(n, &a, &f->table, &f->report, (double)NAN, err);
    }
    cJSON_Delete(root);
    return st;
}
