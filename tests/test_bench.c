/* What bench says of its measurements: shares of the peak where both were undisturbed, never above 1; else that the
 * machine is busy, and no share. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_print.h"
#include "test.h"

static const struct bench_load quiet = {10, 9.9}, busy = {10, 6};

static void lost(void)
{
    EXPECT(bench_lost(&(struct bench_load){0, 0}) == 0);
    EXPECT_NEAR(bench_lost(&(struct bench_load){2, 1.5}), 0.25, 1e-12);
    EXPECT(bench_lost(&(struct bench_load){2, 2.1}) == 0); /* clocks differ by a tick */
    EXPECT(bench_lost(&(struct bench_load){2, 0}) == 1);
    EXPECT(bench_busy(&busy) && !bench_busy(&quiet));
}

static double share(double gflops, double peak, struct bench_load load, struct bench_load peak_load)
{
    struct bench_rate r = {.gflops = gflops, .peak_gflops = peak, .load = load, .peak_load = peak_load};
    return bench_share(&r);
}

static void shares(void)
{
    EXPECT_NEAR(share(60, 120, quiet, quiet), 0.5, 1e-12);
    EXPECT(share(120, 120, quiet, quiet) == 1);
    EXPECT(share(122, 120, quiet, quiet) == 1); /* the peak is at least as high as what was reached */
    EXPECT(isnan(share(130, 120, quiet, quiet)));
    EXPECT(isnan(share(60, 120, busy, quiet)));
    EXPECT(isnan(share(60, 120, quiet, busy)));
    EXPECT(isnan(share(823.99, 1, busy, busy)));
    EXPECT(isnan(share(60, 0, quiet, quiet)));
    EXPECT(isnan(share((double)NAN, 120, quiet, quiet)));
}

/* One product's place among those of a shape; the number of all where there is none. */
static size_t found(const struct bench_gemm *g, size_t n, const char *layer, const char *op, size_t m, size_t cols, size_t k)
{
    size_t i = 0;
    while (i < n && (strcmp(g[i].layer, layer) != 0 || strcmp(g[i].op, op) != 0 || g[i].m != m || g[i].n != cols || g[i].k != k))
        i++;
    return i;
}

/* Products are those that the switches make of a model: 12 wide, of two sequences of 4 tokens. */
static void products(void)
{
    struct kern k;
    struct err err;
    struct bench_gemm g[BENCH_GEMMS_MAX];
    size_t n;
    kern_init(&k, KERN_REF);
    const struct bench_options o = {.k = &k, .threads = 1, .repeat = 1};
    EXPECT_OK(bench_gemms(g, &n, &o, &(struct bench_shape){{GPT_2 .V = 3, .T = 4, .C = 12, .L = 2, .NH = 3}, 2}, &err));
    EXPECT(n == 15 && found(g, n, "qkv", "forward", 8, 36, 12) == 0 && found(g, n, "attention", "forward", 8, 12, 12) == 3);
    EXPECT(found(g, n, "up", "grad-input", 8, 12, 48) == 7 && found(g, n, "down", "grad-weight", 48, 12, 8) == 11);
    EXPECT(found(g, n, "head", "grad-weight", 12, 3, 8) == 14);
    struct bench_shape other = {{GPT_2 .V = 3, .T = 4, .C = 12, .L = 2, .NH = 3}, 2};
    other.shape.n_kv_head = other.shape.gated_attention = other.shape.mtp = 1;
    other.shape.mlp = 3, other.shape.n_expert = 4, other.shape.tied = 0;
    EXPECT_OK(bench_gemms(g, &n, &o, &other, &err));
    EXPECT(n == 21 && found(g, n, "qkv", "forward", 8, 20, 12) < n && found(g, n, "gate", "forward", 8, 3, 12) < n);
    EXPECT(found(g, n, "router", "forward", 8, 4, 12) < n && found(g, n, "up", "forward", 4, 64, 12) < n);
    EXPECT(found(g, n, "down", "grad-weight", 32, 12, 4) < n && found(g, n, "head", "forward", 8, 3, 12) < n);
}

static struct system_cores cores = {2, 0};

/* A report of one shape whose every figure has this rate. */
static struct bench_report report(struct bench_rate rate)
{
    struct bench_report r = {.peak_gflops = rate.peak_gflops, .peak_one_gflops = rate.peak_gflops,
                             .load = rate.load, .threads = 2, .isa = KERN_REF, .n_gemms = 1, .n_trains = 1};
    r.gemms[0].shape = r.trains[0].shape = &bench_shapes[0];
    r.gemms[0].n = 15;
    for (size_t j = 0; j < r.gemms[0].n; j++)
        r.gemms[0].gemm[j] = (struct bench_gemm){"qkv", "forward", 1, 2, 3, rate};
    r.trains[0].train = (struct bench_train){.step_s = 1, .tokens_per_s = 1, .rate = rate};
    return r;
}

typedef void print_fn(FILE *, const struct bench_report *);

static void printed(char text[16384], print_fn *print, struct bench_rate rate)
{
    struct bench_report r = report(rate);
    r.cores = cores;
    FILE *f = tmpfile();
    text[0] = '\0';
    if (!f) {
        test_skip("no temporary file");
        return;
    }
    print(f, &r);
    rewind(f);
    text[fread(text, 1, 16383, f)] = '\0';
    fclose(f);
}

static bool has(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

static void words(void)
{
    static char text[16384];
    printed(text, bench_print, (struct bench_rate){.gflops = 60, .peak_gflops = 120, .load = quiet, .peak_load = quiet});
    EXPECT_MSG(has(text, "  50 %") && has(text, " 50.0 %") && !has(text, "busy"), "%s", text);
    printed(text, bench_print, (struct bench_rate){.gflops = 823.99, .peak_gflops = 1, .load = busy, .peak_load = busy});
    EXPECT_MSG(has(text, "The machine is busy: 40 % of the time went to other programs"), "%s", text);
    EXPECT_MSG(has(text, "are left out (16)") && has(text, " 824.0   -  ") && !has(text, "82399"), "%s", text);
    EXPECT_MSG(!has(text, "nan") && !has(text, "inf"), "%s", text);
    printed(text, bench_print, (struct bench_rate){.gflops = 140, .peak_gflops = 120, .load = {10, 10}, .peak_load = {10, 10}});
    EXPECT_MSG(!has(text, "busy") && has(text, "speed of the cores changed") && !has(text, "117"), "%s", text);
    EXPECT_MSG(!has(text, "kinds"), "%s", text);
    cores = (struct system_cores){6, 8};
    printed(text, bench_print, (struct bench_rate){.gflops = 60, .peak_gflops = 120, .load = quiet, .peak_load = quiet});
    EXPECT_MSG(has(text, "cores of two kinds: 6 fast and 8 slow"), "%s", text);
}

static void json(void)
{
    static char text[16384];
    printed(text, bench_print_json, (struct bench_rate){.gflops = 60, .peak_gflops = 120, .load = quiet, .peak_load = quiet});
    EXPECT_MSG(has(text, "\"share\": 0.5, \"busy\": 0.01}") && has(text, "\"mfu\": 0.5, \"busy\": 0.01,"), "%s", text);
    printed(text, bench_print_json, (struct bench_rate){.gflops = 823.99, .peak_gflops = 1, .load = quiet, .peak_load = busy});
    EXPECT_MSG(has(text, "\"share\": null, \"busy\": 0.4}") && has(text, "\"mfu\": null, \"busy\": 0.4,"), "%s", text);
    EXPECT_MSG(!has(text, "nan") && !has(text, "inf") && has(text, "_cores") == (cores.slow > 0), "%s", text);
    cores = (struct system_cores){6, 8};
    printed(text, bench_print_json, (struct bench_rate){.gflops = 60, .peak_gflops = 120, .load = quiet, .peak_load = quiet});
    EXPECT_MSG(has(text, "\"fast_cores\": 6, \"slow_cores\": 8, \"gemm\""), "%s", text);
}

/* A step of an ensemble trains all its members: what is counted is the work of those that there are. */
static void ensembles(void)
{
    struct kern k;
    struct err err;
    kern_init(&k, KERN_REF);
    const struct bench_options o = {.k = &k, .threads = 1, .repeat = 1};
    for (size_t members = 1; members <= 3; members += 2) {
        const struct bench_shape s = {.shape = {GPT_2 .V = 3, .T = 4, .C = 4, .L = 1, .NH = 1}, .batch = 2};
        struct bench_shape of = s;
        struct bench_train t;
        of.shape.ensemble = members;
        EXPECT_OK(bench_train(&t, &o, &of, &err));
        EXPECT_REL(t.rate.gflops * 1e9 * t.step_s, (double)members * gpt_flops_per_token(&s.shape) * 8, 1e-9);
        EXPECT_REL(t.tokens_per_s * t.step_s, 8, 1e-9);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"lost", lost}, {"shares", shares}, {"words", words},
                                        {"json", json}, {"products", products}, {"ensembles", ensembles}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
