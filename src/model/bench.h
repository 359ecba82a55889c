/* How fast this machine runs the model: the peak of its multiply-adds, every matrix product of a
 * training step, whole training steps. Nothing here prints.
 *
 * The clock of the cores and what else runs on them change within seconds, so the peak is taken alternately
 * with the runs of a figure, and both are medians of `repeat` of them. What other programs took meanwhile is
 * measured too. More than one thread wants a team of that size (model/team.h) around the calls. */
#ifndef PLATEAU_MODEL_BENCH_H
#define PLATEAU_MODEL_BENCH_H

#include <stdbool.h>

#include "base/status.h"
#include "kernels/kern.h"
#include "model/gpt.h"
#include "model/optim/optim.h"

struct bench_shape {
    struct gpt_shape shape;
    size_t batch; /* sequences of a step */
};

/* From d_model 16 to 512: the shapes that figures of speed are given for. */
enum { BENCH_N_SHAPES = 6 };
extern const struct bench_shape bench_shapes[BENCH_N_SHAPES];

struct bench_options {
    const struct kern *k;
    int threads;
    size_t repeat; /* at least 1 */
    const struct optim_config *optim; /* of training steps; NULL: AdamW. Its averages are of all steps */
    float z_loss; /* of training steps: struct gpt's */
};

/* What other programs took of measurements: how long the threads wanted the cores, and had them. Threads that wait for
 * one that is not on a core sleep after a moment: that is time lost too. */
struct bench_load {
    double wanted_s, had_s;
};

/* The share of the time that was lost, 0 to 1. */
double bench_lost(const struct bench_load *l);

/* Whether so much was lost that times tell of other programs rather than of this one. */
bool bench_busy(const struct bench_load *l);

/* A figure and the peak that was taken alternately with it. */
struct bench_rate {
    double gflops, peak_gflops;
    double cpu_s; /* of the processor that one call takes, the mean: less moved by other programs than its time is */
    struct bench_load load, peak_load;
};

/* The figure's share of the peak, at most 1: a peak that was measured a little below it was more than that. NAN where
 * either was measured beside other programs, or they do not fit together. */
double bench_share(const struct bench_rate *r);

/* GFLOP/s of independent multiply-adds in registers on o->threads cores at once: the median of a few runs. load: added
 * to. */
double bench_peak(const struct bench_options *o, struct bench_load *load);

/* The same of one core in the time that it works for this process, as training is measured (bench_train's cpu_s): by the clock
 * on the wall a machine with other work has a peak far below what training reaches in its own time. */
double bench_peak_cpu(const struct kern *k);

/* Seconds that it takes to hand work to o->threads threads and wait for them: what a parallel region of short parts
 * takes longer than one part; the best of means over a hundred. 0 for one thread, which opens none. */
double bench_fork_join(const struct bench_options *o);

/* One product C (m,n) = A (m,k) B (k,n), or += for a gradient of weights. */
struct bench_gemm {
    char layer[16];    /* qkv, attention, gate, router, up, down, head: as far as the shape has it */
    const char *op;    /* forward, grad-input, grad-weight */
    size_t m, n, k;
    struct bench_rate rate;
};
enum { BENCH_GEMMS_MAX = 3 * PRODUCTS_MAX };

/* The products of one chunk of a step of this shape, as its parts state them, without the packing of the weights: *n of them, three
 * for each matrix. An expert's are of as many rows as it has on average. */
enum status bench_gemms(struct bench_gemm out[BENCH_GEMMS_MAX], size_t *n, const struct bench_options *o,
                        const struct bench_shape *s, struct err *err) WARN_UNUSED;

struct bench_train {
    double step_s, tokens_per_s;
    struct bench_rate rate; /* by the count of gpt_flops_per_token */
    double op_s[GPT_N_OPS]; /* of a step; they add up to step_s */
};

/* Forward, backward and update on random tokens; of an ensemble those of all its members, one after the other, as in training.
 * Tokens are those of one member. */
enum status bench_train(struct bench_train *out, const struct bench_options *o,
                        const struct bench_shape *s, struct err *err) WARN_UNUSED;

#endif
