/* What plateau bench shows: tables for people, one JSON object for programs. */
#ifndef PLATEAU_CLI_BENCH_PRINT_H
#define PLATEAU_CLI_BENCH_PRINT_H

#include <stdio.h>

#include "base/system.h"
#include "model/bench.h"

/* Everything measured in one run. */
struct bench_report {
    double peak_gflops;     /* of `threads` cores; every figure has its own, taken alternately with it */
    double peak_one_gflops; /* of one */
    double fork_join_s;     /* of those threads; 0 for one */
    struct bench_load load; /* of all measurements together */
    int threads;
    struct system_cores cores; /* of this machine */
    enum kern_isa isa;
    bool bf16;               /* products are of bfloat16, by that level */
    enum kern_isa bf16_isa;
    const char *instruction; /* and by this, or emulated, NULL */
    size_t n_gemms, n_trains;
    struct {
        const struct bench_shape *shape;
        size_t n;
        struct bench_gemm gemm[BENCH_GEMMS_MAX]; /* (n) */
    } gemms[BENCH_N_SHAPES]; /* (n_gemms) */
    struct {
        const struct bench_shape *shape;
        struct bench_train train;
    } trains[BENCH_N_SHAPES]; /* (n_trains) */
};

/* Shares that cannot be trusted are a dash, null in JSON. */
void bench_print(FILE *out, const struct bench_report *r);
void bench_print_json(FILE *out, const struct bench_report *r);

#endif
