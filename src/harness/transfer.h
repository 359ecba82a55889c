/* Does one learning rate serve all widths and depths? (Yang et al. 2022, "Tensor Programs V"; Dey et al. 2025,
 * "CompleteP".) What `plateau check transfer` asks, in two ways: how activations and their change follow width and depth
 * (coordinates.h), and where the bottom of short runs' losses lies along the learning rate.
 *
 * Both are asked along two axes: widths at the depth at which the config's rate was tuned (model.base_n_layer), and depths
 * at its width (model.base_d_model). */
#ifndef PLATEAU_HARNESS_TRANSFER_H
#define PLATEAU_HARNESS_TRANSFER_H

#include "fit/bowl.h"
#include "fit/exponent.h"
#include "harness/coordinates.h"
#include "harness/plan.h"

enum transfer_axis { TRANSFER_WIDTH, TRANSFER_DEPTH, TRANSFER_N_AXES };
extern const char *const transfer_axis_names[TRANSFER_N_AXES]; /* "width" */
/* "completep", "standard": the words of model.parametrisation. */
extern const char *const transfer_parametrisations[2];

enum { TRANSFER_SIZES_MAX = 16, TRANSFER_SEEDS_MAX = 16 };
#define TRANSFER_RATE_MAX 10 /* of train.lr */

struct transfer_sizes {
    size_t items[TRANSFER_SIZES_MAX], n; /* rising */
};

struct transfer_spec {
    struct transfer_sizes sizes[TRANSFER_N_AXES]; /* an axis without any is not asked */
    size_t d_model, n_layer; /* of the other axis */
    double rates[BOWL_MAX];  /* rising */
    size_t n_rates, seeds;
    double step;             /* between rates beyond the ladder's ends */
    double tokens;           /* of a trial */
};

static inline size_t transfer_d_model(const struct transfer_spec *s, enum transfer_axis axis, size_t i)
{
    return axis == TRANSFER_WIDTH ? s->sizes[axis].items[i] : s->d_model;
}

static inline size_t transfer_n_layer(const struct transfer_spec *s, enum transfer_axis axis, size_t i)
{
    return axis == TRANSFER_DEPTH ? s->sizes[axis].items[i] : s->n_layer;
}

/* --- activations --- */

/* One quantity along an axis. */
struct transfer_line {
    enum transfer_axis axis;
    enum param_kind parametrisation;
    enum probe_kind kind;
    bool last;           /* of the last block; else of the first */
    bool one;            /* there is no other block, or it is the whole model's */
    size_t n;
    double x[TRANSFER_SIZES_MAX], scale[TRANSFER_SIZES_MAX], change[TRANSFER_SIZES_MAX]; /* geometric means over the seeds */
    struct fit_value scale_exponent, change_exponent;
    enum exponent_kind scale_is, change_is;
    bool may_vanish; /* its scale at the start: the theory has it so */
    bool holds;
};

/* Two axes, two parametrisations, of four quantities the first and the last block, and the logits. */
enum { TRANSFER_LINES_MAX = 2 * 2 * (2 * (PROBE_N_KINDS - 1) + 1) };

struct transfer_scales {
    struct coordinates readings;
    struct transfer_line lines[TRANSFER_LINES_MAX];
    size_t n;
};

/* Readings of every size, and what follows from them. A quantity holds where neither its scale at the start nor its change
 * is seen to follow the axis by more than the tolerance. Two scales may vanish: the logits' with width (Yang et al. 2022, table 3:
 * the head's initial weights are small on purpose), and the stream's with depth, while random parts of 1/L each, which add up
 * as 1/sqrt(L), outweigh the embeddings (Dey et al. 2025, section 4). Along depth the stream is looked at after the last
 * block alone: after the first, one of L parts has been added. transfer_scales_free in any case. */
enum status transfer_scales(struct transfer_scales *t, const struct transfer_spec *s, const struct coordinates_how *how,
                            double tolerance, struct err *err) WARN_UNUSED;
void transfer_scales_free(struct transfer_scales *t);
/* Whether all lines of that parametrisation hold. */
bool transfer_scales_hold(const struct transfer_scales *t, enum param_kind parametrisation);

/* --- learning rates --- */

/* The trials of one model. */
struct transfer_cell {
    enum param_kind parametrisation;
    size_t d_model, n_layer;
    double rates[BOWL_MAX]; /* asked for so far */
    size_t n_rates;
    struct bowl bowl;
};

/* How far the best rate moves along an axis. */
struct transfer_span {
    enum transfer_axis axis;
    enum param_kind parametrisation;
    size_t n, cells[TRANSFER_SIZES_MAX]; /* which, in the order of the axis */
    bool found;            /* every bowl has its bottom inside */
    struct fit_value factor;   /* between the largest and the smallest best rate, 1 or more */
    struct fit_value exponent; /* of the best rate in width or depth */
};

struct transfer_bowls {
    const struct transfer_spec *spec;
    struct transfer_cell cells[2 * 2 * TRANSFER_SIZES_MAX];
    size_t n;
    struct transfer_span spans[2 * TRANSFER_N_AXES];
    size_t n_spans;
    double sd, df; /* what a trial's loss moves by with its seed, from all bowls together */
    size_t n_trials, n_diverged;
    double tokens, flops; /* of all of them */
};

/* Cells with the ladder's rates. spec outlives it. */
void transfer_bowls_init(struct transfer_bowls *b, const struct transfer_spec *spec);
/* Give c the grid of all cells and rates, which a sweep's folder then has; and the name NAME-transfer. */
enum status transfer_config(struct config *c, const struct transfer_bowls *b, struct err *err) WARN_UNUSED;
/* The runs of that grid that some cell asks for. */
enum status transfer_plan(struct plan *p, const struct transfer_bowls *b, const struct config *c, const struct data *d,
                          struct err *err) WARN_UNUSED;
/* The results of the plan in dir, and what follows from them. E_DATA where one is missing or damaged. */
enum status transfer_read(struct transfer_bowls *b, const struct plan *p, const char *dir, struct err *err) WARN_UNUSED;
/* One more rate for every cell whose bottom is at an edge; false where there is none, or it would leave the range of a
 * rate or the room for rates. */
bool transfer_extend(struct transfer_bowls *b);

/* The span of that axis and parametrisation, or NULL. */
const struct transfer_span *transfer_span_of(const struct transfer_bowls *b, enum transfer_axis axis, enum param_kind p);

#endif
