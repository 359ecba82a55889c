/* The eigenvectors of a slowly changing symmetric matrix, followed by orthogonal iteration. */
#ifndef PLATEAU_MODEL_OPTIM_EIGENBASIS_H
#define PLATEAU_MODEL_OPTIM_EIGENBASIS_H

#include "model/ops.h"

/* One round: q (n,n), its columns an orthonormal basis that is near the eigenvectors of g (n,n), becomes the orthogonal
 * part of g q, its columns sorted by their Rayleigh quotients in g, the largest first. order (n): the column that each was
 * before. memory: eigenbasis_floats floats. */
void eigenbasis_round(struct ops o, float *q, const float *g, size_t n, size_t *order, float *memory);
size_t eigenbasis_floats(size_t n);

#endif
