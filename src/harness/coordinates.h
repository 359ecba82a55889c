/* A coordinate check (Yang et al. 2022, "Tensor Programs V", appendix D.1; Dey et al. 2025, "Don't be lazy: CompleteP"):
 * how large are a model's activations at the start, and by how much do a few steps change them? Where one learning rate
 * serves all widths and depths, neither follows them.
 *
 * Models are made here, a few steps each at train.lr without a warm-up, and thrown away: no run comes of them. What is
 * compared are the activations on the same held-out windows before and after. */
#ifndef PLATEAU_HARNESS_COORDINATES_H
#define PLATEAU_HARNESS_COORDINATES_H

#include <signal.h>

#include "harness/config.h"
#include "model/probe.h"

struct coordinates_how {
    const struct config *c; /* all but parametrisation, width, depth and seed */
    const struct data *data;
    enum kern_isa isa;
    size_t steps, seeds; /* seeds train.seed, train.seed + 1, ... */
    const volatile sig_atomic_t *stop; /* may be NULL */
};

/* One quantity in one block of one model. */
struct coordinates_reading {
    enum param_kind parametrisation;
    size_t d_model, n_layer, seed, block;
    enum probe_kind kind;
    double scale;  /* root mean square before the first step */
    double change; /* of the difference after the last one; not finite where training blew up */
};

struct coordinates {
    struct coordinates_reading *items; /* (n) owned */
    size_t n, room;
};

/* Add the readings of one width and depth, all seeds. E_INTERRUPTED soon after *stop is set. coordinates_free in any case. */
enum status coordinates_add(struct coordinates *all, const struct coordinates_how *how, enum param_kind parametrisation,
                            size_t d_model, size_t n_layer, struct err *err) WARN_UNUSED;
void coordinates_free(struct coordinates *all);

#endif
