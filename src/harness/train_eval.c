#include "harness/evaluate.h"
#include "harness/train_internal.h"

double train_eval_tokens(const struct trainer *tr, size_t stride)
{
    return (double)((data_eval_windows(tr->data) + stride - 1) / stride * tr->e.g->shape.T);
}

struct evaluation {
    struct trainer *tr;
    size_t stride, at; /* the next window */
    struct loss_sum sum;
    double member_sum[GPT_MEMBERS_MAX];
};

static double mean(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    return sum / (double)n;
}

static enum status evaluate_some(void *ctx, bool *more, struct err *err)
{
    struct evaluation *e = ctx;
    struct trainer *tr = e->tr;
    size_t T = tr->e.g->shape.T, W = data_eval_windows(tr->data), m = 0;
    if (*tr->o->stop)
        return err_set(err, E_INTERRUPTED, "interrupted in an evaluation at step %lld", (long long)tr->step);
    double began = train_begin_piece(tr);
    for (; m < TRAIN_EVAL_CHUNK && e->at < W; m++, e->at += e->stride)
        data_eval(tr->data, tr->x + m * T, tr->y + m * T, e->at, 1);
    float *own = tr->losses + TRAIN_EVAL_CHUNK * T;
    members_losses(&tr->e, tr->losses, tr->e.n > 1 ? own : NULL, tr->x, tr->y, m);
    for (size_t w = 0; w < m; w++)
        loss_sum_add(&e->sum, tr->losses + w * T, T);
    for (size_t i = 0; tr->e.n > 1 && i < tr->e.n * m; i++)
        e->member_sum[i / m] += mean(own + i * T, T);
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
    for (size_t i = 0; i < tr->e.n; i++)
        tr->member_loss[i] = e.member_sum[i] / (double)e.sum.n;
    *loss = loss_sum_mean(&e.sum, tr->e.g->shape.T);
    *se = e.sum.n > 1 ? loss_sum_se(&e.sum) : 0;
    return OK;
}
