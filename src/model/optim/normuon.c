/* NorMuon: Muon whose orthogonal update is evened out neuron by neuron (Li et al. 2025, arXiv 2510.05491, as in its authors'
 * code).
 *
 * Each output neuron keeps an average of the mean square of its part of the orthogonal matrix, and is divided by its root;
 * the whole then gets back the norm that it had. beta2 is the average's (0.95 in that code). The rule is Muon's: evening out
 * leaves the norm alone and needs no width. */
#include "model/optim/muon.h"

#include <math.h>

#include "base/size.h"

/* In the sources, against a division by 0. */
static const double least = 1e-10;

static size_t state_floats(const struct optim_config *c, const struct tensor *t, size_t state)
{
    if (optim_is_matrix(t))
        return state == 0 ? tensor_size(t) : state == 1 ? t->cols : 0;
    return optim_adamw.state_floats(c, t, state);
}

/* Each neuron's mean square, in the order of the rows: mean (cols), of factor x. */
static void mean_squares(float *mean, const struct orthogonal *z, double factor)
{
    for (size_t j = 0; j < z->cols; j++)
        mean[j] = 0;
    for (size_t i = 0; i < z->rows; i++)
        for (size_t j = 0; j < z->cols; j++)
            mean[j] += z->x[i * z->ld + j] * z->x[i * z->ld + j];
    for (size_t j = 0; j < z->cols; j++)
        mean[j] *= (float)(factor * factor / (double)z->rows);
}

/* x's columns times 1 / (sqrt(v) + least). Returns what is left to multiply by. */
static double even_out(struct orthogonal *z, float *v, double beta2, double factor)
{
    float *mean = z->y; /* free by now, and at least as long */
    double before = 0, after = 0;
    mean_squares(mean, z, factor);
    for (size_t j = 0; j < z->cols; j++) {
        v[j] = (float)(beta2 * (double)v[j] + (1 - beta2) * (double)mean[j]);
        double by = 1 / (sqrt((double)v[j]) + least);
        before += (double)mean[j];
        after += (double)mean[j] * by * by;
        mean[j] = (float)by;
    }
    for (size_t i = 0; i < z->rows; i++)
        for (size_t j = 0; j < z->cols; j++)
            z->x[i * z->ld + j] *= mean[j];
    return factor * sqrt((double)z->rows * before) / (sqrt((double)z->rows * after) + least);
}

static void update(const struct optim_update *u)
{
    if (!optim_is_matrix(u->t)) {
        optim_adamw.update(u);
        return;
    }
    for (struct muon_walk w = {0}; muon_next(&w, u);) {
        struct orthogonal z;
        double factor = muon_direction(&z, u, w.at, w.cols);
        factor = even_out(&z, u->state[1] + w.at, u->c->beta2, factor);
        optim_descend(u, w.at, w.cols, z.x, z.ld, muon_rate(u, w.cols) * factor);
    }
}

const struct optim_kind optim_normuon = {"normuon",
                                         MUON_KEYS,
                                         2,
                                         state_floats,
                                         muon_scratch_floats,
                                         muon_rule,
                                         update};
