/* A slow GPT in double precision, written from the formulas for the tests of src/model: every value is
 * a node of a scalar tape, gradients come from reverse mode, so no backward formula is shared with
 * the model. From the model it takes the shape, the names of the tensors and the initial weights only. */
#ifndef PLATEAU_TESTS_REF_GPT_H
#define PLATEAU_TESTS_REF_GPT_H

#include <stddef.h>
#include <stdint.h>

#include "model/gpt.h"

struct ref_tape; /* nodes and edges, grown on demand */

struct ref_tensor {
    const char *name;
    size_t layer; /* 0 outside the layers */
    size_t at, n;
    size_t model_offset;            /* where the model keeps it */
    double lr, decay, eps;         /* multipliers; decay 0: not decayed */
};

struct ref_gpt {
    struct gpt_shape shape;
    double residual_scale, logit_scale, z_loss;
    struct ref_gpt *teachers; /* (n_teachers), borrowed: soft targets are the mean of their distributions */
    size_t n_teachers;
    double soft_weight, temperature;
    size_t values;           /* the node where the first layer's q, k, v begin, while a tape is made */
    size_t x0, trunk;        /* likewise the first layer's input, and the last one's */
    size_t n;                /* trained numbers */
    double *w, *grad, *m, *v; /* (n) */
    size_t n_tensors;
    struct ref_tensor *tensors;
    struct ref_tape *tape;
};

/* Copies the weights of g. base_d_model, base_n_layer: as in model/param.h; both 0: standard. */
void ref_init(struct ref_gpt *r, const struct gpt *g, size_t base_d_model, size_t base_n_layer);
void ref_free(struct ref_gpt *r);

/* Mean loss over B sequences, x, y (B,T). */
double ref_loss(struct ref_gpt *r, const int32_t *x, const int32_t *y, size_t B);
/* The same, with r->grad overwritten by its gradient. */
double ref_loss_grad(struct ref_gpt *r, const int32_t *x, const int32_t *y, size_t B);
/* Scaled logits (T,V) of one sequence. */
void ref_logits(struct ref_gpt *r, double *logits, const int32_t *x);

/* One AdamW step, step counting from 1; returns the norm before clipping. clip 0: none. */
double ref_adamw(struct ref_gpt *r, double lr, double beta1, double beta2, double eps, double decay,
                 double clip, int step);

#endif
