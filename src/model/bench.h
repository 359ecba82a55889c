/* How fast this machine runs the model: the peak of its multiply-adds, every matrix product of a
 * training step, whole training steps. Nothing here prints.
 *
 * The clock of the cores and what else runs on them change within seconds, so the peak is taken in turn
 * with the runs of a figure, and both are medians of `repeat` of them. */
#ifndef PLATEAU_MODEL_BENCH_H
#define PLATEAU_MODEL_BENCH_H

#include "base/status.h"
#include "kernels/kern.h"
#include "model/gpt.h"

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
};

/* GFLOP/s of independent multiply-adds in registers on o->threads cores at once: the median of a few runs. */
double bench_peak(const struct bench_options *o);

/* Seconds that it takes to hand work to o->threads threads and wait for them: the best of the means over a
 * hundred parallel regions that do next to nothing. 0 for one thread, which opens none. */
double bench_fork_join(const struct bench_options *o);

/* One product C (m,n) = A (m,k) B (k,n), or += for a gradient of weights. */
struct bench_gemm {
    const char *layer; /* qkv, attention, up, down, head */
    const char *op;    /* forward, grad-input, grad-weight */
    size_t m, n, k;
    double gflops, peak_gflops;
};
enum { BENCH_N_GEMMS = 5 * 3 };

/* The products of one chunk of a step of this shape, without the packing of the weights. */
enum status bench_gemms(struct bench_gemm out[BENCH_N_GEMMS], const struct bench_options *o,
                        const struct bench_shape *s, struct err *err) WARN_UNUSED;

struct bench_train {
    double step_s, tokens_per_s, gflops; /* by the count of gpt_flops_per_token */
    double peak_gflops;
    double op_s[GPT_N_OPS]; /* of a step; they add up to step_s */
};

/* Forward, backward and update on random tokens. */
enum status bench_train(struct bench_train *out, const struct bench_options *o,
                        const struct bench_shape *s, struct err *err) WARN_UNUSED;

#endif
