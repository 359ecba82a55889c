/* Multi-token prediction (Gloeckle et al. 2024, arXiv 2404.19737, section 2, with heads of a layer each): the trunk is all
 * layers but the last. Head k = 1 .. n is a block beside the last layer, reads what that one reads and predicts, through
 * the model's norm and logits, the token k places after the next. What is trained is
 *   (sum of next-token losses + weight * sum over heads and places that have such a token of theirs) / (B T),
 * so that the last k places of a window teach head k nothing. Heads run one after the other, forward and backward, before
 * the model's own logits: those of one head at a time are in memory (their figure 2). Without heads nothing here does anything. */
#ifndef PLATEAU_MODEL_MTP_H
#define PLATEAU_MODEL_MTP_H

#include <stdint.h>

#include "model/block.h"
#include "model/lm_head.h"

struct mtp {
    size_t n;
    float weight;
    struct block *blocks; /* (n) */
    float *x;             /* (R,C): what a head's block made */
    float *dx;            /* (R,C): gradient of the trunk's output from all heads */
    int32_t *targets;     /* (R) */
};

/* After the layers, of which `first` is the first (NULL: there is no memory). */
void mtp_plan(struct mtp *m, struct planner *p, const struct position *pos, const struct block *first);
void mtp_pack(const struct mtp *m, struct ops o);

/* The heads of a chunk whose trunk made `trunk` (R,C), with the targets y (R) of the next token: their gradients, and the
 * trunk's in m->dx. Whether there were any, so that h has been gone through. */
bool mtp_train(const struct mtp *m, struct pass *p, const struct lm_head *h, const float *trunk, const int32_t *y,
               const struct kern_xent *how, float scale);

/* The trunk's gradient joins the last layer's, as block_bwd left it in h. */
void mtp_join(const struct mtp *m, struct pass *p, const struct lm_head *h, float scale);

#endif
