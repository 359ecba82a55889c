/* Distillation: what a model is trained on has a share of soft targets, the distributions of trained models, its teachers
 * (Hinton et al. 2015, "Distilling the knowledge in a neural network"). Of a token,
 *   (1 - weight) H(target, p) + weight t^2 H(q_t, p_t)
 * where p_t, q_t are softmax(z / t) of the model's and the teachers' logits. Several teachers count as one whose
 * distribution is the mean of theirs. A teacher's forward passes run chunk by chunk beside the model's own. */
#ifndef PLATEAU_MODEL_DISTILL_H
#define PLATEAU_MODEL_DISTILL_H

#include "model/gpt.h"

struct distill {
    struct soft_targets targets; /* what models learn from */
    struct gpt *teachers;        /* (n), borrowed; of the models' vocabulary and context */
    size_t n;
    float temperature;
    float *logits; /* (R,V) of a chunk: of one of several teachers */
    struct arena arena;
};

/* Bytes that distill_init asks for, beside the teachers' own. */
size_t distill_bytes(const struct gpt_shape *model, size_t B, size_t n);

/* For models of that shape and batch, each of which is then given d->targets as its `soft`: d may not be moved. 0 < weight <= 1,
 * temperature > 0. teachers outlive it. distill_free releases. */
enum status distill_init(struct distill *d, struct gpt *teachers, size_t n, float weight, float temperature,
                         const struct gpt_shape *model, size_t B, struct err *err) WARN_UNUSED;
void distill_free(struct distill *d);

#endif
