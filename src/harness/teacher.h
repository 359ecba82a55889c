/* The finished run that train.teacher names: what must hold of it, what it costs, and its weights. */
#ifndef PLATEAU_HARNESS_TEACHER_H
#define PLATEAU_HARNESS_TEACHER_H

#include "base/file.h"
#include "harness/config.h"
#include "model/members.h"

struct teacher {
    char path[FILE_PATH_MAX]; /* of its folder */
    struct gpt_shape shape;
    struct param_rules rules;
    size_t weights;     /* fingerprint of what it computes: its weights, its switches; not 0, below 2^48 */
    double params;
    double train_flops; /* of its own training, and of its own teacher's passes and training */
};

/* The teacher that c names, for data d; c->train.teacher_weights is filled in. What has its folder wrong is E_CONFIG or
 * E_DATA, with the folder and the reason: there is no such run, it is not finished, it diverged, a file is missing, damaged
 * or another run's; it has another vocabulary or context, or learnt from other data, of which it may have seen what is held
 * out here; its weights are not those that train.teacher_weights asks for. */
enum status teacher_open(struct teacher *t, struct config *c, const struct data *d, struct err *err) WARN_UNUSED;

/* Its model, or models, for B sequences at a time. E_DATA where they are no longer those that were opened. members_free
 * releases, also after a failure. */
enum status teacher_load(struct members *e, const struct teacher *t, const struct kern *k, size_t B, int threads,
                         struct err *err) WARN_UNUSED;

#endif
