#include "cli/protocol.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "cli/text.h"
#include "fit/verdict/protocol.h"

enum { PARAMS, TOKENS, LR, BATCH, WARMUP, LOSS, FLOPS, N_LISTS };

/* The runs that will be trained, as lists (n each, room for all); returns how many. searched: their rates are not known yet. */
static size_t list_runs(double *lists[N_LISTS], const struct plan *p, const bool *left_out, bool searched)
{
    size_t n = 0;
    for (size_t k = 0; k < p->n_trajectories; k++) {
        const struct trajectory *t = &p->trajectories[k];
        for (size_t i = t->first; i < t->first + t->n && !(left_out && left_out[k]); i++, n++) {
            const struct run *r = &p->runs[i];
            lists[PARAMS][n] = r->params;
            lists[TOKENS][n] = r->cfg.train.tokens;
            lists[LR][n] = searched ? (double)NAN : r->cfg.train.lr;
            lists[BATCH][n] = (double)r->cfg.train.batch_tokens;
            lists[WARMUP][n] = r->cfg.train.warmup_tokens;
            lists[LOSS][n] = (double)NAN;
            lists[FLOPS][n] = r->flops;
        }
    }
    return n;
}

/* Tokens a parameter of the runs at a compute budget. */
static void ratios(double *lo, double *hi, double *lists[N_LISTS], size_t n, double flops)
{
    *lo = (double)INFINITY, *hi = (double)NAN;
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(log(lists[FLOPS][i] / flops)) < 0.1))
            continue;
        *lo = fmin(*lo, lists[TOKENS][i] / lists[PARAMS][i]);
        *hi = fmax(*hi, lists[TOKENS][i] / lists[PARAMS][i]);
    }
}

enum status protocol_print(FILE *out, const struct config *c, const struct plan *p, const bool *left_out, struct err *err)
{
    double *all, *lists[N_LISTS], lo[CONFIG_LIST_MAX], hi[CONFIG_LIST_MAX];
    struct protocol_said said[PROTOCOL_RULES];
    TRY(size_calloc(&all, N_LISTS * p->n, sizeof *all, "the runs", err));
    for (int k = 0; k < N_LISTS; k++)
        lists[k] = all + (size_t)k * p->n;
    size_t n = list_runs(lists, p, left_out, c->train.lr_law.kind == LR_AUTO);
    for (size_t i = 0; i < c->grid.flops.n; i++)
        ratios(&lo[i], &hi[i], lists, n, c->grid.flops.items[i]);
    const struct protocol_in in = {.n = n, .params = lists[PARAMS], .tokens = lists[TOKENS], .loss = lists[LOSS],
                                   .lr = lists[LR], .batch = lists[BATCH], .warmup = lists[WARMUP],
                                   .budget = c->grid.flops.items, .ratio_lo = lo, .ratio_hi = hi, .n_budgets = c->grid.flops.n,
                                   .cooldown = c->train.schedule == SCHEDULE_WSD ? c->train.cooldown : (double)NAN,
                                   .noise = (double)NAN};
    size_t lines = protocol_say(said, &in);
    for (size_t i = 0; i < lines; i++)
        if (p->n == 1 && !said[i].measured)
            continue; /* no law will be fitted */
        else if (out == stdout)
            text_beside(out, said[i].measured ? "careful: " : "protocol: ", "%s", said[i].text);
        else
            text_message(out, "", "%s: %s", said[i].measured ? "careful" : "protocol", said[i].text);
    free(all);
    return OK;
}
