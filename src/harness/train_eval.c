#include "harness/train_internal.h"

#include <math.h>

double train_eval_tokens(const struct trainer *tr, size_t stride)
{
    return (double)((data_eval_windows(tr->data) + stride - 1) / stride * tr->g.shape.T);
}

struct evaluation {
    struct trainer *tr;
    size_t stride, at, n; /* the next window; windows done */
    double sum, sum2;     /* of their mean losses */
};

static enum status evaluate_some(void *ctx, bool *more, struct err *err)
{
    struct evaluation *e = ctx;
    struct trainer *tr = e->tr;
    size_t T = tr->g.shape.T, W = data_eval_windows(tr->data), m = 0;
    if (*tr->o->stop)
        return err_set(err, E_INTERRUPTED, "interrupted in an evaluation at step %lld", (long long)tr->step);
    double began = train_begin_piece(tr);
    for (; m < TRAIN_EVAL_CHUNK && e->at < W; m++, e->at += e->stride)
        data_eval(tr->data, tr->x + m * T, tr->y + m * T, e->at, 1);
    gpt_losses(&tr->g, tr->losses, tr->x, tr->y, m);
    for (size_t w = 0; w < m; w++) {
        double mean = 0;
        for (size_t i = 0; i < T; i++)
            mean += (double)tr->losses[w * T + i];
        mean /= (double)T;
        e->sum += mean;
        e->sum2 += mean * mean;
    }
    e->n += m;
    tr->eval_s += train_end_piece(tr, began, plan_eval_tokens((double)(m * T)));
    if (e->stride == 1) {
        tr->tokens_evaluated += (double)(m * T);
        train_report(tr);
    }
    *more = e->at < W;
    return OK;
}

/* Mean loss and its standard error over every stride-th window of the held-out set. Windows are the
 * independent draws: tokens of one window are not. A stop does not wait for the end: E_INTERRUPTED. */
enum status train_evaluate(struct trainer *tr, size_t stride, double *loss, double *se, struct err *err)
{
    struct evaluation e = {.tr = tr, .stride = stride};
    TRY(train_in_pieces(tr, evaluate_some, &e, err));
    double n = (double)e.n, var = e.n > 1 ? (e.sum2 - e.sum * e.sum / n) / (n - 1) : (double)NAN;
    *loss = e.sum / n;
    *se = sqrt(fmax(0, var) / n);
    return OK;
}
