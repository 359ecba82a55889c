/* plateau bench: the FMA peak, every matrix product of a training step, and whole steps, each as a share
 * of the peak measured beside it. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/size.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "harness/sweep.h"
#include "model/gemm.h"
#include "model/gpt.h"
#include "model/optim.h"
#include "model/peak.h"

struct bench_shape {
    struct gpt_shape s;
    size_t B;
};

/* From the smallest models of a sweep to the largest that trains in minutes. */
static const struct bench_shape shapes[] = {
    {{64, 64, 16, 2, 2}, 32},    {{64, 64, 32, 2, 2}, 32},    {{256, 128, 64, 4, 4}, 16},
    {{256, 128, 128, 4, 4}, 16}, {{256, 128, 256, 6, 8}, 16}, {{256, 128, 512, 8, 8}, 8},
};

struct bench {
    struct kern k;
    int threads;
    size_t repeat;
    double peak; /* the last one measured, operations a second */
    cJSON *gemm, *train;
    bool quiet; /* JSON alone on stdout */
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* --- matrix products -------------------------------------------------------------------------- */

struct product {
    const char *op;
    size_t m, n, k;
    bool weight_grad; /* C (m,n) += A^T B over k rows */
};

struct operands {
    float *a, *b, *c, *packed, *scratch;
};

static void operands_free(struct operands *o)
{
    free(o->a);
    free(o->b);
    free(o->c);
    free(o->packed);
    free(o->scratch);
}

static enum status fill(float **out, size_t n, struct err *err)
{
    struct rng r = rng_make(1, RNG_DATA, 0, 0);
    TRY(size_calloc(out, n, sizeof **out, "a matrix", err));
    for (size_t i = 0; i < n; i++)
        (*out)[i] = (float)(2 * rng_double(&r) - 1);
    return OK;
}

static enum status make_operands(struct operands *o, const struct bench *b, const struct product *p,
                                 struct err *err)
{
    *o = (struct operands){0};
    TRY(fill(&o->a, p->m * p->k, err));
    TRY(fill(&o->b, p->k * p->n, err));
    TRY(fill(&o->c, p->m * p->n, err));
    TRY(fill(&o->packed, gemm_packed_floats(&b->k, p->k, p->n), err));
    return fill(&o->scratch, gemm_tn_scratch(&b->k, b->threads, p->k, p->m, p->n), err);
}

static void multiply(const struct bench *b, const struct product *p, const struct operands *o)
{
    if (p->weight_grad)
        gemm_tn(&b->k, b->threads, o->c, p->n, o->a, p->m, o->b, p->n, p->k, p->m, p->n, o->scratch);
    else
        gemm_nn(&b->k, b->threads, o->c, p->n, o->a, p->k, o->packed, p->m, p->n, p->k, NULL);
}

/* Seconds of one product: the median over `repeat` bursts of some milliseconds. */
static enum status time_product(double *seconds, const struct bench *b, const struct product *p,
                                struct err *err)
{
    struct operands o;
    double times[101];
    enum status st = make_operands(&o, b, p, err);
    if (st == OK) {
        gemm_pack(&b->k, b->threads, o.packed, o.b, p->n, p->k, p->n, false);
        multiply(b, p, &o);
        double start = now_s();
        multiply(b, p, &o);
        size_t calls = (size_t)(5e-3 / fmax(now_s() - start, 1e-7)) + 1;
        for (size_t i = 0; i < b->repeat; i++) {
            start = now_s();
            for (size_t j = 0; j < calls; j++)
                multiply(b, p, &o);
            times[i] = (now_s() - start) / (double)calls;
        }
        *seconds = median(times, b->repeat);
    }
    operands_free(&o);
    return st;
}

static enum status bench_product(struct bench *b, const struct product *p, struct err *err)
{
    double seconds;
    TRY(time_product(&seconds, b, p, err));
    double rate = 2 * (double)p->m * (double)p->n * (double)p->k / seconds;
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "op", p->op);
    cJSON_AddNumberToObject(row, "m", (double)p->m);
    cJSON_AddNumberToObject(row, "n", (double)p->n);
    cJSON_AddNumberToObject(row, "k", (double)p->k);
    cJSON_AddNumberToObject(row, "gflops", rate / 1e9);
    cJSON_AddNumberToObject(row, "share", rate / b->peak);
    cJSON_AddItemToArray(b->gemm, row);
    if (!b->quiet)
        printf("  %-18s %6zu %6zu %6zu %10.1f %8.1f %%\n", p->op, p->m, p->n, p->k, rate / 1e9,
               100 * rate / b->peak);
    return OK;
}

/* The rows of a chunk, which is what a step multiplies at a time. */
static enum status chunk_rows(size_t *rows, const struct bench *b, const struct bench_shape *s,
                              struct err *err)
{
    struct gpt g;
    const struct param_rules rules = param_rules_make(PARAM_STANDARD, s->s.C, s->s.L, s->s.C, s->s.L);
    TRY(gpt_init(&g, &s->s, &rules, &b->k, s->B, b->threads, err));
    *rows = g.chunk * s->s.T;
    gpt_free(&g);
    return OK;
}

static enum status bench_gemm(struct bench *b, const struct bench_shape *s, struct err *err)
{
    size_t C = s->s.C, V = s->s.V, R;
    TRY(chunk_rows(&R, b, s, err));
    const struct {
        const char *name;
        size_t in, out;
    } layers[] = {{"qkv", C, 3 * C}, {"attention out", C, C}, {"mlp up", C, 4 * C}, {"mlp down", 4 * C, C},
                  {"head", C, V}};
    b->peak = peak_flops(&b->k, b->threads);
    if (!b->quiet)
        printf("d_model %zu, %zu rows a chunk; peak %.1f GFLOP/s\n  %-18s %6s %6s %6s %10s %10s\n", C, R,
               b->peak / 1e9, "product", "m", "n", "k", "GFLOP/s", "of peak");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        size_t in = layers[i].in, out = layers[i].out;
        char forward[40], input[40], weight[40];
        snprintf(forward, sizeof forward, "%s", layers[i].name);
        snprintf(input, sizeof input, "%s dx", layers[i].name);
        snprintf(weight, sizeof weight, "%s dw", layers[i].name);
        const struct product products[] = {
            {forward, R, out, in, false}, {input, R, in, out, false}, {weight, in, out, R, true}};
        for (size_t j = 0; j < 3; j++)
            TRY(bench_product(b, &products[j], err));
    }
    return OK;
}

/* --- whole steps ------------------------------------------------------------------------------ */

struct stepper {
    struct gpt g;
    struct optim optim;
    int32_t *x, *y;
    int64_t step;
};

static enum status stepper_init(struct stepper *t, const struct bench *b, const struct bench_shape *s,
                                struct err *err)
{
    const struct param_rules rules = param_rules_make(PARAM_STANDARD, s->s.C, s->s.L, s->s.C, s->s.L);
    struct rng r = rng_make(2, RNG_DATA, 0, 0);
    size_t n = s->B * s->s.T;
    TRY(gpt_init(&t->g, &s->s, &rules, &b->k, s->B, b->threads, err));
    gpt_init_weights(&t->g, 1);
    t->optim = (struct optim){.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.1, .clip = 1};
    TRY(size_calloc(&t->x, n, sizeof *t->x, "tokens", err));
    TRY(size_calloc(&t->y, n, sizeof *t->y, "tokens", err));
    for (size_t i = 0; i < n; i++) {
        t->x[i] = (int32_t)rng_below(&r, s->s.V);
        t->y[i] = (int32_t)rng_below(&r, s->s.V);
    }
    return OK;
}

static void stepper_free(struct stepper *t)
{
    gpt_free(&t->g);
    free(t->x);
    free(t->y);
}

static void step(struct stepper *t)
{
    gpt_forward_backward(&t->g, t->x, t->y);
    optim_step(&t->g, &t->optim, 1e-3, ++t->step);
}

/* Median seconds of a step over `repeat` bursts, with the peak measured between them. */
static void time_steps(struct bench *b, struct stepper *t, double *seconds)
{
    double times[101], peaks[101];
    step(t);
    double start = now_s();
    step(t);
    size_t steps = (size_t)(0.1 / fmax(now_s() - start, 1e-7)) + 1;
    for (size_t i = 0; i < b->repeat; i++) {
        peaks[i] = peak_flops(&b->k, b->threads);
        start = now_s();
        for (size_t j = 0; j < steps; j++)
            step(t);
        times[i] = (now_s() - start) / (double)steps;
    }
    *seconds = median(times, b->repeat);
    b->peak = median(peaks, b->repeat);
}

/* Shares of a step by operation, from a burst of its own, as reading the clock costs time. */
static void time_ops(struct stepper *t, double *share)
{
    double seconds[GPT_N_OPS] = {0}, sum = 0;
    t->g.op_s = seconds;
    for (double start = now_s(); now_s() - start < 0.1;)
        step(t);
    t->g.op_s = NULL;
    for (int i = 0; i < GPT_N_OPS; i++)
        sum += seconds[i];
    for (int i = 0; i < GPT_N_OPS; i++)
        share[i] = seconds[i] / sum;
}

static void report_train(struct bench *b, const struct bench_shape *s, double step_s, const double *share)
{
    double tokens = (double)(s->B * s->s.T);
    double rate = tokens * gpt_flops_per_token(&s->s) / step_s;
    const struct {
        const char *name;
        double value;
    } cells[] = {{"d_model", (double)s->s.C},       {"n_layer", (double)s->s.L},
                 {"n_head", (double)s->s.NH},       {"ctx", (double)s->s.T},
                 {"batch", (double)s->B},           {"vocab", (double)s->s.V},
                 {"step_s", step_s},                {"tokens_per_s", tokens / step_s},
                 {"gflops", rate / 1e9},            {"mfu", rate / b->peak}};
    cJSON *row = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        cJSON_AddNumberToObject(row, cells[i].name, cells[i].value);
    cJSON *breakdown = cJSON_AddObjectToObject(row, "breakdown");
    for (int i = 0; i < GPT_N_OPS; i++)
        cJSON_AddNumberToObject(breakdown, gpt_op_names[i], share[i] * step_s);
    cJSON_AddItemToArray(b->train, row);
    if (b->quiet)
        return;
    printf("%7zu %3zu %3zu %5zu %5zu %5zu %10.3f %10.0f %8.1f %6.1f %% ", s->s.C, s->s.L, s->s.NH, s->s.T,
           s->B, s->s.V, 1e3 * step_s, tokens / step_s, rate / 1e9, 100 * rate / b->peak);
    for (int i = 0; i < GPT_N_OPS; i++)
        printf(" %s %.0f%%", gpt_op_names[i], 100 * share[i]);
    printf("\n");
}

static enum status bench_train(struct bench *b, const struct bench_shape *s, struct err *err)
{
    struct stepper t = {0};
    double seconds, share[GPT_N_OPS];
    enum status st = stepper_init(&t, b, s, err);
    if (st == OK) {
        time_steps(b, &t, &seconds);
        time_ops(&t, share);
        report_train(b, s, seconds, share);
        fflush(stdout);
    }
    stepper_free(&t);
    return st;
}

/* --- the command ------------------------------------------------------------------------------ */

struct bench_words {
    const char *isa, *json;
    size_t threads, repeat, d_model, n_layer, n_head, ctx, batch, vocab;
};

enum part { PART_PEAK = 1, PART_GEMM = 2, PART_TRAIN = 4 };

static enum status parse_parts(int *parts, const struct arg_list *words, struct err *err)
{
    static const struct {
        const char *name;
        int parts;
    } names[] = {{"peak", PART_PEAK}, {"gemm", PART_GEMM}, {"train", PART_TRAIN}};
    *parts = words->n ? 0 : PART_PEAK | PART_GEMM | PART_TRAIN;
    for (size_t i = 0; i < words->n; i++) {
        int found = 0;
        for (size_t j = 0; j < 3; j++)
            if (strcmp(words->items[i], names[j].name) == 0)
                found = names[j].parts;
        if (!found)
            return err_set(err, E_USAGE, "bench: unknown word '%s' (expected peak, gemm or train)",
                           words->items[i]);
        *parts |= found;
    }
    return OK;
}

/* The one shape that the options describe; *given is false where they name none. */
static enum status parse_shape(struct bench_shape *out, bool *given, const struct bench_words *w,
                               struct err *err)
{
    *given = w->d_model != 0;
    if (!*given) {
        if (w->n_layer || w->n_head || w->ctx || w->batch || w->vocab)
            return err_set(err, E_USAGE, "bench: a shape needs --d-model");
        return OK;
    }
    *out = (struct bench_shape){
        .s = {.V = w->vocab ? w->vocab : 256,
              .T = w->ctx ? w->ctx : 128,
              .C = w->d_model,
              .L = w->n_layer ? w->n_layer : 4,
              .NH = w->n_head ? w->n_head : 4},
        .B = w->batch ? w->batch : 16};
    if (gpt_shape_check(&out->s, err) != OK || out->B > 1 << 16)
        return err_set(err, E_USAGE, "bench: --n-head %zu must divide --d-model %zu, and sizes must be sane",
                       out->s.NH, out->s.C);
    return OK;
}

static enum status write_json(const struct bench *b, int parts, const char *path, struct err *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "peak_gflops", b->peak / 1e9);
    cJSON_AddNumberToObject(root, "threads", b->threads);
    cJSON_AddStringToObject(root, "isa", kern_isa_name(b->k.isa));
    if (parts & PART_GEMM)
        cJSON_AddItemReferenceToObject(root, "gemm", b->gemm);
    if (parts & PART_TRAIN)
        cJSON_AddItemReferenceToObject(root, "train", b->train);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text)
        return err_set(err, E_NOMEM, "out of memory writing JSON");
    enum status st = OK;
    if (strcmp(path, "-") == 0)
        printf("%s\n", text);
    else
        st = file_write_atomic(path, text, strlen(text), err);
    cJSON_free(text);
    return st;
}

static enum status measure(struct bench *b, int parts, const struct bench_shape *list, size_t n,
                           struct err *err)
{
    b->peak = peak_flops(&b->k, b->threads);
    if (!b->quiet)
        printf("%s, %d thread%s: FMA peak %.1f GFLOP/s\n", kern_isa_name(b->k.isa), b->threads,
               b->threads == 1 ? "" : "s", b->peak / 1e9);
    for (size_t i = 0; i < n && parts & PART_GEMM; i++)
        TRY(bench_gemm(b, &list[i], err));
    if (parts & PART_TRAIN && !b->quiet)
        printf("%7s %3s %3s %5s %5s %5s %10s %10s %8s %8s  %s\n", "d_model", "L", "NH", "ctx", "batch",
               "vocab", "ms/step", "tokens/s", "GFLOP/s", "of peak", "share of a step's time");
    for (size_t i = 0; i < n && parts & PART_TRAIN; i++)
        TRY(bench_train(b, &list[i], err));
    return OK;
}

static enum status run(const struct bench_words *w, const struct arg_list *words, struct err *err)
{
    struct bench b = {.threads = (int)w->threads, .repeat = w->repeat};
    struct bench_shape one;
    enum kern_isa isa = KERN_ISA_COUNT - 1;
    int parts;
    bool given;
    TRY(parse_parts(&parts, words, err));
    TRY(parse_shape(&one, &given, w, err));
    if (w->isa && !kern_isa_parse(&isa, w->isa))
        return err_set(err, E_USAGE, "--isa %s: expected ref, avx2 or avx512", w->isa);
    if (w->threads < 1 || w->threads > 256)
        return err_set(err, E_USAGE, "--threads %zu: expected 1 to 256", w->threads);
    if (w->repeat < 1 || w->repeat > 101)
        return err_set(err, E_USAGE, "--repeat %zu: expected 1 to 101", w->repeat);
    kern_init(&b.k, isa);
    b.quiet = w->json && strcmp(w->json, "-") == 0;
    b.gemm = cJSON_CreateArray();
    b.train = cJSON_CreateArray();
    enum status st = measure(&b, parts, given ? &one : shapes, given ? 1 : sizeof shapes / sizeof *shapes, err);
    if (st == OK && w->json)
        st = write_json(&b, parts, w->json, err);
    cJSON_Delete(b.gemm);
    cJSON_Delete(b.train);
    return st;
}

enum status cmd_bench(int argc, char **argv, struct err *err)
{
    struct bench_words w = {.threads = (size_t)sweep_cores(), .repeat = 5};
    const struct arg args[] = {
        {"--threads", ARG_SIZE, &w.threads, "N", "cores to use (default: all)"},
        {"--isa", ARG_STRING, &w.isa, "ISA", "cap the kernels: ref, avx2 or avx512"},
        {"--repeat", ARG_SIZE, &w.repeat, "N", "bursts behind each median (default 5)"},
        {"--d-model", ARG_SIZE, &w.d_model, "N", "measure this shape instead of the built-in ones"},
        {"--n-layer", ARG_SIZE, &w.n_layer, "N", "its layers (default 4)"},
        {"--n-head", ARG_SIZE, &w.n_head, "N", "its heads (default 4)"},
        {"--ctx", ARG_SIZE, &w.ctx, "N", "its context (default 128)"},
        {"--batch", ARG_SIZE, &w.batch, "N", "sequences a step (default 16)"},
        {"--vocab", ARG_SIZE, &w.vocab, "N", "its vocabulary (default 256)"},
        {"--json", ARG_STRING, &w.json, "FILE|-", "write the numbers as JSON; - prints them alone"},
    };
    const struct args_spec spec = {
        .command = "bench",
        .positionals = "[peak|gemm|train]...",
        .summary = "Measure this machine: the FMA peak of the cores in use, every matrix product of a\n"
                   "training step, and whole training steps, as shares of that peak. Without a word: all\n"
                   "three.",
        .max_positionals = 3,
        .args = args,
        .n_args = sizeof args / sizeof *args,
    };
    struct arg_list words;
    bool help;
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help)
        st = run(&w, &words, err);
    args_free(&spec, &words);
    return st;
}
