/* The tensors of the first version, frozen: initial weights are drawn from streams that are counted in their order, and
 * checkpoints of versions 1 and 2 hold them and nothing else. A change would give other weights to every model. */
#ifndef PLATEAU_MODEL_FIRST_H
#define PLATEAU_MODEL_FIRST_H

#include "model/shape.h"
#include "model/tensors.h"

/* Names, layers, rows and columns of a model of that shape. */
void first_tensors(struct tensors *t, const struct gpt_shape *s);

#endif
