#include "model/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "base/size.h"
#include "base/sort.h"
#include "model/gemm.h"
#include "model/members.h"

#define SHAPE(C_, L_, NH_, T_, B_, V_)                                                             \
    {                                                                                              \
        .shape = {GPT_2 .V = V_, .T = T_, .C = C_, .L = L_, .NH = NH_}, .batch = B_                \
    }
const struct bench_shape bench_shapes[BENCH_N_SHAPES] = {
    SHAPE(16, 2, 2, 64, 32, 64),    SHAPE(32, 2, 2, 64, 32, 64),    SHAPE(64, 4, 4, 128, 16, 256),
    SHAPE(128, 4, 4, 128, 16, 256), SHAPE(256, 6, 8, 128, 16, 256), SHAPE(512, 8, 8, 128, 8, 256),
};

/* A run between two looks at the clock: long enough for the clock. */
#define PEAK_RUN_S 0.004
enum { PEAK_RUNS = 12 };
/* And the forks and joins, which other programs disturb more. */
#define FORK_JOIN_S 0.2
#define GEMM_RUN_S 0.005
#define TRAIN_RUN_S 0.1

typedef void work_fn(void *ctx);

/* The measure of a peak: `steps` multiply-adds of every chain. */
struct peak {
    struct ops ops;
    size_t steps;
};

double bench_lost(const struct bench_load *l)
{
    double lost = l->wanted_s > 0 ? 1 - l->had_s / l->wanted_s : 0;
    return lost > 0 ? lost : 0;
}

/* Undisturbed runs lose 1 to 3 %, to interrupts and to waits of threads for each other. */
bool bench_busy(const struct bench_load *l)
{
    return !(bench_lost(l) <= 0.08);
}

double bench_share(const struct bench_rate *r)
{
    /* Equal measurements taken alternately differ by 2 %, seldom by 5. */
    if (bench_busy(&r->load) || bench_busy(&r->peak_load) || !(r->peak_gflops > 0) ||
        !(r->gflops <= 1.05 * r->peak_gflops))
        return (double)NAN;
    return r->gflops < r->peak_gflops ? r->gflops / r->peak_gflops : 1;
}

/* The time since a moment. */
struct stretch {
    double start_s, cpu_s;
};

static struct stretch stretch_begin(void)
{
    return (struct stretch){clock_now_s(), clock_cpu_s()};
}

/* Seconds, added to what `threads` threads wanted. */
static double stretch_end(const struct stretch *from, int threads, struct bench_load *load)
{
    double s = clock_now_s() - from->start_s;
    load->wanted_s += s * threads;
    load->had_s += clock_cpu_s() - from->cpu_s;
    return s;
}

static double peak_run_s(const struct peak *p, double *flops, struct bench_load *load)
{
    struct stretch from = stretch_begin();
    *flops = ops_fma(p->ops, p->steps);
    return stretch_end(&from, p->ops.threads, load);
}

static double peak_gflops(const struct peak *p, struct bench_load *load)
{
    double flops, s = peak_run_s(p, &flops, load);
    return flops / s * 1e-9;
}

/* Also brings the cores to their clock. */
static struct peak peak_init(const struct bench_options *o)
{
    struct peak p = {.ops = {.k = o->k, .threads = o->threads}, .steps = 1000};
    struct bench_load unused = {0};
    for (double flops; peak_run_s(&p, &flops, &unused) < PEAK_RUN_S;)
        p.steps *= 2;
    return p;
}

double bench_peak(const struct bench_options *o, struct bench_load *load)
{
    struct peak p = peak_init(o);
    double rates[PEAK_RUNS];
    for (int i = 0; i < PEAK_RUNS; i++)
        rates[i] = peak_gflops(&p, load);
    return sort_median(rates, PEAK_RUNS);
}

double bench_peak_cpu(const struct kern *k)
{
    const struct bench_options one = {.k = k, .threads = 1};
    const struct peak p = peak_init(&one);
    double rates[PEAK_RUNS];
    for (int i = 0; i < PEAK_RUNS; i++) {
        double began = clock_cpu_s(), flops = ops_fma(p.ops, p.steps);
        rates[i] = flops / (clock_cpu_s() - began) * 1e-9;
    }
    return sort_median(rates, PEAK_RUNS);
}

/* Room for the runs of one figure after another. */
struct timer {
    struct peak peak;
    double *times, *peaks; /* (repeat) */
    size_t repeat;
};

static enum status timer_init(struct timer *t, const struct bench_options *o, struct err *err)
{
    *t = (struct timer){.peak = peak_init(o), .repeat = o->repeat};
    TRY(size_calloc(&t->times, o->repeat, sizeof *t->times, "times", err));
    return size_calloc(&t->peaks, o->repeat, sizeof *t->peaks, "peaks", err);
}

static void timer_free(struct timer *t)
{
    free(t->times);
    free(t->peaks);
}

/* Seconds of one call of work, of `flops`, and its rate beside the peak, alternately: medians over runs of run_s each,
 * after one to warm up. */
static double median_s(struct timer *t, struct bench_rate *rate, double flops, double run_s, work_fn *work, void *ctx)
{
    double start = clock_now_s(), passed = 0;
    size_t calls = 0;
    *rate = (struct bench_rate){0};
    for (; calls == 0 || passed < run_s; calls++) {
        work(ctx);
        passed = clock_now_s() - start;
    }
    for (size_t i = 0; i < t->repeat; i++) {
        t->peaks[i] = peak_gflops(&t->peak, &rate->peak_load);
        struct stretch from = stretch_begin();
        for (size_t c = 0; c < calls; c++)
            work(ctx);
        t->times[i] = stretch_end(&from, t->peak.ops.threads, &rate->load) / (double)calls;
    }
    double s = sort_median(t->times, t->repeat);
    rate->peak_gflops = sort_median(t->peaks, t->repeat);
    rate->gflops = 1e-9 * flops / s;
    rate->cpu_s = rate->load.had_s / (double)(t->repeat * calls);
    return s;
}

/* Seconds of one call with parts of that many steps: the mean over a hundred. */
static double region_s(struct ops o, size_t steps)
{
    enum { REGIONS = 100 };
    double start = clock_now_s();
    for (int j = 0; j < REGIONS; j++)
        ops_fma(o, steps);
    return (clock_now_s() - start) / REGIONS;
}

double bench_fork_join(const struct bench_options *o)
{
    /* Parts of some 2 us: shorter ones the first thread has done before another begins. */
    enum { STEPS = 700 };
    struct ops all = {.k = o->k, .threads = o->threads}, one = {.k = o->k, .threads = 1};
    double shared = 0, alone = 0, began = clock_now_s();
    if (o->threads <= 1)
        return 0;
    do {
        double a = region_s(all, STEPS), b = region_s(one, STEPS);
        shared = shared > 0 && shared < a ? shared : a;
        alone = alone > 0 && alone < b ? alone : b;
    } while (clock_now_s() - began < FORK_JOIN_S);
    return shared > alone ? shared - alone : 0;
}

/* --- products --------------------------------------------------------------------------------- */

/* y (R,N) = x (R,K) W (K,N), and what its gradients need; rows of x and y as far apart as in a step. */
struct product {
    const struct bench_options *o;
    size_t R, K, N, ldx, ldy;
    float *x, *y, *w, *dw, *packed, *scratch;
};

static void forward(void *ctx)
{
    const struct product *l = ctx;
    const struct gemm_nn p = {.c = l->y, .ldc = l->ldy, .a = l->x, .lda = l->ldx, .packed = l->packed, .scratch = l->scratch,
                              .M = l->R, .N = l->N, .K = l->K};
    gemm_nn(l->o->k, l->o->threads, &p);
}

static void grad_input(void *ctx)
{
    const struct product *l = ctx;
    const struct gemm_nn p = {.c = l->x, .ldc = l->ldx, .a = l->y, .lda = l->ldy, .packed = l->packed, .scratch = l->scratch,
                              .M = l->R, .N = l->K, .K = l->N};
    gemm_nn(l->o->k, l->o->threads, &p);
}

static void grad_weight(void *ctx)
{
    const struct product *l = ctx;
    const struct gemm_tn p = {.c = l->dw, .ldc = l->N, .a = l->x, .lda = l->ldx, .b = l->y, .ldb = l->ldy,
                              .M = l->R, .K = l->K, .N = l->N, .accumulate = true, .scratch = l->scratch};
    gemm_tn(l->o->k, l->o->threads, &p);
}

static void carve(struct product *l, struct arena *a)
{
    const struct kern *k = l->o->k;
    l->x = arena_floats(a, l->R * l->ldx);
    l->y = arena_floats(a, l->R * l->ldy);
    l->w = arena_floats(a, l->K * l->N);
    l->dw = arena_floats(a, l->K * l->N);
    l->packed = arena_floats(a, size_max(gemm_packed_floats(k, l->K, l->N),
                                         gemm_packed_floats(k, l->N, l->K)));
    l->scratch = arena_floats(a, gemm_tn_scratch(k, l->o->threads, l->R, l->N));
}

static void fill(float *x, size_t n)
{
    struct rng rng = rng_make(1, RNG_DATA, n, 0);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(2 * rng_double(&rng) - 1);
}

/* One entry, a product of 2 m n k flops. */
static struct bench_gemm product_bench(struct timer *t, const char *layer, const char *op, size_t m,
                                       size_t n, size_t k, work_fn *work, struct product *l)
{
    struct bench_gemm g = {.op = op, .m = m, .n = n, .k = k};
    snprintf(g.layer, sizeof g.layer, "%s", layer);
    median_s(t, &g.rate, 2 * (double)m * (double)n * (double)k, GEMM_RUN_S, work, l);
    return g;
}

/* Three entries of `out`. */
static enum status linear_bench(struct bench_gemm *out, const char *layer, struct product *l,
                                struct timer *t, struct err *err)
{
    struct arena plan = arena_plan(), arena;
    carve(l, &plan);
    TRY(arena_init(&arena, plan.used_bytes, err));
    carve(l, &arena);
    fill(l->x, l->R * l->ldx);
    fill(l->y, l->R * l->ldy);
    fill(l->w, l->K * l->N);
    fill(l->dw, l->K * l->N);
    const struct kern *k = l->o->k;
    gemm_pack(k, l->o->threads, l->packed, l->w, l->N, l->K, l->N, false);
    out[0] = product_bench(t, layer, "forward", l->R, l->N, l->K, forward, l);
    gemm_pack(k, l->o->threads, l->packed, l->w, l->N, l->N, l->K, true);
    out[1] = product_bench(t, layer, "grad-input", l->R, l->K, l->N, grad_input, l);
    out[2] = product_bench(t, layer, "grad-weight", l->K, l->N, l->R, grad_weight, l);
    arena_free(&arena);
    return OK;
}

/* A tensor's name as a layer's: matrices end in w. */
static void layer_of(char layer[16], const char *tensor)
{
    if (strcmp(tensor, "attw") == 0)
        tensor = "attentionw";
    snprintf(layer, 16, "%.*s", (int)strlen(tensor) - 1, tensor);
}

enum status bench_gemms(struct bench_gemm out[BENCH_GEMMS_MAX], size_t *n, const struct bench_options *o,
                        const struct bench_shape *s, struct err *err)
{
    struct products all;
    struct timer t;
    *n = 0;
    TRY(gpt_shape_check(&s->shape, err));
    size_t R = gpt_chunk(&s->shape, s->batch) * s->shape.T;
    gpt_products(&all, &s->shape);
    enum status st = timer_init(&t, o, err);
    for (size_t i = 0; st == OK && i < all.n; i++) {
        struct product l = {.o = o, .R = size_max(1, (size_t)round(all.list[i].rows * (double)R)), .K = all.list[i].in,
                            .N = all.list[i].out, .ldx = all.list[i].ldx, .ldy = all.list[i].ldy};
        char layer[16];
        layer_of(layer, all.list[i].tensor);
        st = linear_bench(out + *n, layer, &l, &t, err);
        *n += 3;
    }
    timer_free(&t);
    return st;
}

/* --- training steps --------------------------------------------------------------------------- */

struct trainer {
    struct members e;
    int32_t *tokens; /* (2 B T): inputs, then targets, of all members */
    size_t n;        /* B T */
    int64_t step;
};

static void train_step(void *ctx)
{
    struct trainer *t = ctx;
    t->step++;
    for (size_t i = 0; i < t->e.n; i++) {
        gpt_forward_backward(&t->e.g[i], t->tokens, t->tokens + t->n);
        /* A rate small enough that hundreds of steps on one random batch stay finite. */
        optim_step(&t->e.optim[i], &t->e.g[i], 1e-4, t->step);
    }
}

static void read_clock(struct members *e, double *op_s)
{
    for (size_t i = 0; i < e->n; i++)
        e->g[i].op_s = op_s;
}

/* Where the time of a step goes: from a run of its own, because reading the clock costs a little. */
static void breakdown(struct trainer *t, struct bench_train *out)
{
    double op_s[GPT_N_OPS] = {0}, sum = 0, start = clock_now_s(), passed = 0;
    size_t calls = 0;
    read_clock(&t->e, op_s);
    for (; calls == 0 || passed < TRAIN_RUN_S; calls++) {
        train_step(t);
        passed = clock_now_s() - start;
    }
    read_clock(&t->e, NULL);
    for (int i = 0; i < GPT_N_OPS; i++)
        sum += op_s[i];
    op_s[GPT_OP_REST] += passed > sum ? passed - sum : 0;
    for (int i = 0; i < GPT_N_OPS; i++)
        out->op_s[i] = op_s[i] / passed * out->step_s;
}

static enum status trainer_init(struct trainer *t, const struct bench_options *o,
                                const struct bench_shape *s, struct err *err)
{
    struct param_rules rules = param_rules_make(PARAM_STANDARD, s->shape.C, s->shape.L, s->shape.C,
                                                s->shape.L);
    t->n = s->batch * s->shape.T;
    const struct optim_config adamw = {.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.1, .clip = 1};
    TRY(members_init(&t->e, &s->shape, &rules, o->optim ? o->optim : &adamw, o->k, s->batch, o->threads, err));
    for (size_t i = 0; i < t->e.n; i++)
        t->e.g[i].z_loss = o->z_loss;
    TRY(size_calloc(&t->tokens, 2 * t->n, sizeof *t->tokens, "tokens", err));
    members_begin(&t->e, 1);
    struct rng rng = rng_make(1, RNG_DATA, 0, 0);
    for (size_t i = 0; i < 2 * t->n; i++)
        t->tokens[i] = (int32_t)rng_below(&rng, s->shape.V);
    return OK;
}

enum status bench_train(struct bench_train *out, const struct bench_options *o,
                        const struct bench_shape *s, struct err *err)
{
    struct trainer t = {0};
    struct timer timer = {0};
    enum status st = trainer_init(&t, o, s, err);
    if (st == OK)
        st = timer_init(&timer, o, err);
    if (st == OK) {
        double flops = gpt_flops_per_token(&s->shape) * (double)t.n;
        out->step_s = median_s(&timer, &out->rate, flops, TRAIN_RUN_S, train_step, &t);
        out->tokens_per_s = (double)t.n / out->step_s;
        breakdown(&t, out);
    }
    timer_free(&timer);
    free(t.tokens);
    members_free(&t.e);
    return st;
}
