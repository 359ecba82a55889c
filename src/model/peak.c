#include "model/peak.h"

#include <time.h>

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Every thread does the same work; the burst lasts as long as the slowest. */
static double burst(const struct kern *k, int threads, size_t rounds)
{
    double done = 0, start = now_s();
#pragma omp parallel for num_threads(threads) schedule(static, 1) reduction(+ : done) if (threads > 1)
    for (int i = 0; i < threads; i++) {
        float sink;
        done += k->peak(&sink, rounds);
    }
    return done / (now_s() - start);
}

double peak_flops(const struct kern *k, int threads)
{
    enum { BURSTS = 20 };
    const double burst_s = 5e-3;
    float sink;
    size_t rounds = 1000;
    double start = now_s();
    double done = k->peak(&sink, rounds);
    while (now_s() - start < burst_s) {
        rounds *= 2;
        start = now_s();
        done = k->peak(&sink, rounds);
    }
    double best = done / (now_s() - start);
    if (threads > 1)
        best = 0;
    for (int i = 0; i < BURSTS; i++) {
        double rate = burst(k, threads, rounds);
        best = rate > best ? rate : best;
    }
    return best;
}
