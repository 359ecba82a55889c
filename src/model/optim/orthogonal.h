/* The orthogonal matrix nearest to a matrix, U V^T of its singular value decomposition, by Newton-Schulz iterations with
 * the products of model/gemm.h, of floats or of floats rounded to bfloat16. */
#ifndef PLATEAU_MODEL_OPTIM_ORTHOGONAL_H
#define PLATEAU_MODEL_OPTIM_ORTHOGONAL_H

#include <stdbool.h>

#include "model/ops.h"

/* The quintic of each iteration, x -> a x + b x^3 + c x^5 on singular values.
 *   jordan  3.4445, -4.7750, 2.0315 in each (Jordan et al. 2024, "Muon"): after five, what was 2e-3 of the norm or more
 *           lies between 0.68 and 1.21
 *   polar   those of Polar Express (Amsel et al. 2025, arXiv 2505.16932, appendix A, with its safety factor): after five,
 *           what was 1e-3 of the norm or more lies between 0.84 and 1.13 */
enum orthogonal_coefficients { ORTHOGONAL_JORDAN, ORTHOGONAL_POLAR };

enum { ORTHOGONAL_MAX_STEPS = 20 };

struct orthogonal {
    struct ops o;
    enum kern_precision precision; /* of its products */
    size_t rows, cols, ld; /* ld: between rows of x */
    float *x;              /* (rows,cols): in, and out */
    /* its own */
    float *y, *gram, *poly, *turn, *spare, *scratch;
    size_t ld_small;
};

/* Floats of memory that a matrix of this size is worked on in. */
size_t orthogonal_floats(struct ops o, enum kern_precision precision, size_t rows, size_t cols);

/* z->x is there to be filled. */
void orthogonal_begin(struct orthogonal *z, struct ops o, enum kern_precision precision, size_t rows, size_t cols, float *memory);

/* z->x times the number that is returned is the orthogonal matrix nearest to what it was. */
double orthogonal_run(struct orthogonal *z, size_t steps, enum orthogonal_coefficients coefficients);

#endif
