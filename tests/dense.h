/* Dense matrices (out, in) in double, for the tests of src/model/optim: from the formulas of papers, nothing of the program's. */
#ifndef PLATEAU_TESTS_DENSE_H
#define PLATEAU_TESTS_DENSE_H

#include <stdbool.h>
#include <stddef.h>

struct mat {
    size_t rows, cols;
    double *p;
};

/* Zeroes; p is freed by who asked. */
struct mat mat(size_t rows, size_t cols);
double at(struct mat m, size_t i, size_t j);
/* a b, either turned first. */
struct mat mat_times(struct mat a, bool turn_a, struct mat b, bool turn_b);
double norm_of(struct mat m);
/* x becomes a x + b (x x^T) x + c (x x^T)^2 x, of the five or so polynomials one after the other. */
void ref_orthogonal(struct mat x, size_t steps, bool polar);
/* The same as Muon's author computes it: all in bfloat16, each result rounded, products with sums of any precision. */
void ref_orthogonal_bf16(struct mat x, size_t steps, bool polar);
/* The orthogonal part of a by Gram and Schmidt, twice. */
void ref_qr(struct mat a);

#endif
