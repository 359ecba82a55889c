/* The operations of model/ops.h against the double kernels run over the whole arrays, with equal bytes for any number of
 * threads, at every instruction set that the machine has. */
#include "test.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/ref/kern_ref.h"
#include "model/ops.h"

/* The same values as float and as double. */
struct pair {
    float *f;
    double *d;
    size_t n;
};

static struct pair pair_make(size_t n)
{
    struct pair p = {malloc((n + 1) * sizeof(float)), malloc(n * sizeof(double)), n};
    CHECK(p.f && p.d);
    for (size_t i = 0; i < n; i++) {
        p.f[i] = (float)rng_normal(test_rng());
        p.d[i] = (double)p.f[i];
    }
    p.f[n] = -7; /* nothing may write here */
    return p;
}

static void pair_free(struct pair *p)
{
    free(p->f);
    free(p->d);
}

static float *copy(const struct pair *p)
{
    float *f = malloc((p->n + 1) * sizeof *f);
    CHECK(f != NULL);
    memcpy(f, p->f, (p->n + 1) * sizeof *f);
    return f;
}

struct output {
    const char *name;
    struct pair *p;
    float *start; /* what the float side held before the first run */
    float *first; /* what it held after one thread */
};

enum { MAX_OUTPUTS = 4, MAX_THREADS = 3 };

static void compare(const struct pair *p, double tol, const char *name, const char *isa)
{
    double top = 0;
    for (size_t i = 0; i < p->n; i++)
        top = fmax(top, fabs(p->d[i]));
    for (size_t i = 0; i < p->n; i++)
        EXPECT_MSG(fabs((double)p->f[i] - p->d[i]) <= tol * top, "%s: %s[%zu] is %.9g, expected %.9g",
                   isa, name, i, (double)p->f[i], p->d[i]);
}

typedef void op_fn(struct ops o, void *ctx);

/* Run the operation for each number of threads from the same start: equal bytes, and within tol of
 * the double side (relative to its largest value), which the caller has computed. */
static void check_op(op_fn *run, void *ctx, struct output *out, size_t n_out, double tol)
{
    for (size_t j = 0; j < n_out; j++)
        out[j].start = copy(out[j].p);
    struct kern k;
    kern_init(&k, KERN_REF);
    do {
        enum kern_isa isa = k.isa;
        for (int threads = 1; threads <= MAX_THREADS; threads++) {
            for (size_t j = 0; j < n_out; j++)
                memcpy(out[j].p->f, out[j].start, (out[j].p->n + 1) * sizeof(float));
            run((struct ops){&k, threads}, ctx);
            for (size_t j = 0; j < n_out; j++) {
                const struct pair *p = out[j].p;
                compare(p, tol, out[j].name, kern_isa_name(isa));
                EXPECT_MSG(p->f[p->n] == -7, "%s wrote past its end", out[j].name);
                if (threads == 1)
                    out[j].first = copy(p);
                else
                    EXPECT_MSG(memcmp(out[j].first, p->f, p->n * sizeof(float)) == 0,
                               "%s: %s differs between 1 and %d threads", kern_isa_name(isa),
                               out[j].name, threads);
            }
        }
        for (size_t j = 0; j < n_out; j++)
            free(out[j].first);
    } while (kern_next(&k));
    for (size_t j = 0; j < n_out; j++)
        free(out[j].start);
}

/* Several blocks of rows, the last one short; odd columns. */
enum { R = 201, C = 37 };

struct norm {
    struct pair out, mean, rstd, x, w, b, dx, ds, dw, db, dout;
    float *scratch;
};

static void run_layernorm_fwd(struct ops o, void *ctx)
{
    struct norm *n = ctx;
    ops_layernorm_fwd(o, n->out.f, n->mean.f, n->rstd.f, n->x.f, n->w.f, n->b.f, R, C);
}

static void run_layernorm_bwd(struct ops o, void *ctx)
{
    struct norm *n = ctx;
    const struct kern_norm_bwd b = {.dx = n->dx.f, .ds = n->ds.f, .scale = 0.6f, .dw = n->dw.f, .db = n->db.f, .dout = n->dout.f,
                                    .x = n->x.f, .mean = n->mean.f, .rstd = n->rstd.f, .w = n->w.f, .rows = R, .C = C};
    ops_layernorm_bwd(o, &b, n->scratch);
}

static void layernorm(void)
{
    struct norm n = {.out = pair_make(R * C),
                     .mean = pair_make(R),
                     .rstd = pair_make(R),
                     .x = pair_make(R * C),
                     .w = pair_make(C),
                     .b = pair_make(C),
                     .dx = pair_make(R * C),
                     .ds = pair_make(R * C),
                     .dw = pair_make(C),
                     .db = pair_make(C),
                     .dout = pair_make(R * C),
                     .scratch = malloc(ops_layernorm_bwd_scratch(R, C) * sizeof(float))};
    CHECK(n.scratch != NULL);
    kern_layernorm_fwd_ref64(n.out.d, n.mean.d, n.rstd.d, n.x.d, n.w.d, n.b.d, R, C);
    kern_layernorm_bwd_ref64(&(struct kern_norm_bwd64){.dx = n.dx.d, .ds = n.ds.d, .scale = (double)0.6f, .dw = n.dw.d,
                                                       .db = n.db.d, .dout = n.dout.d, .x = n.x.d, .mean = n.mean.d,
                                                       .rstd = n.rstd.d, .w = n.w.d, .rows = R, .C = C});
    struct output fwd[] = {
        {.name = "layernorm out", .p = &n.out}, {.name = "mean", .p = &n.mean}, {.name = "rstd", .p = &n.rstd}};
    check_op(run_layernorm_fwd, &n, fwd, 3, 1e-6);
    struct output bwd[] = {{.name = "layernorm dx", .p = &n.dx},
                           {.name = "ds", .p = &n.ds},
                           {.name = "dw", .p = &n.dw},
                           {.name = "db", .p = &n.db}};
    check_op(run_layernorm_bwd, &n, bwd, 4, 2e-6);
    struct pair *all[] = {&n.out, &n.mean, &n.rstd, &n.x,  &n.w,   &n.b,
                          &n.dx,  &n.ds,   &n.dw,   &n.db, &n.dout};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pair_free(all[i]);
    free(n.scratch);
}

/* Four heads that share keys and values in pairs, with slopes and a window; rows a little apart. */
enum { AB = 3, AT = 21, AC = 20, ANH = 4, AHS = AC / ANH, ANKV = 2, ALD = AC + 2 * ANKV * AHS + 3 };

struct attn {
    struct ops_attn how;
    struct pair qkv, out, lse, dqkv, dout;
    float *scratch;
};

static void run_attn_fwd(struct ops o, void *ctx)
{
    struct attn *a = ctx;
    ops_attn_fwd(o, &a->how, a->out.f, a->lse.f, a->qkv.f, a->scratch);
}

static void run_attn_bwd(struct ops o, void *ctx)
{
    struct attn *a = ctx;
    ops_attn_bwd(o, &a->how, a->dqkv.f, a->dout.f, a->out.f, a->lse.f, a->qkv.f, a->scratch);
}

/* Query head h of sequence b lies at columns h AHS, its keys and values after all queries; lse is (B,NH,T). */
static void attention_reference(struct attn *a)
{
    for (size_t b = 0; b < AB; b++)
        for (size_t h = 0; h < ANH; h++) {
            size_t row = b * AT * ALD, in = row + h * AHS, at = b * AT * AC + h * AHS, kv = h / (ANH / ANKV);
            size_t k = row + AC + kv * AHS, v = k + ANKV * AHS;
            const struct kern_attn how = {.scale = 1 / sqrtf(AHS), .slope = a->how.slopes[h], .window = a->how.window,
                                          .add = h % (ANH / ANKV) > 0};
            double scores[AT], *d = a->dqkv.d, *lse = a->lse.d + (b * ANH + h) * AT;
            const double *q = a->qkv.d;
            const struct kern_attn_fwd64 fwd = {a->out.d + at, AC, lse, q + in, q + k, q + v, ALD, AT, AHS};
            const struct kern_attn_bwd64 bwd = {d + in, d + k, d + v, a->dout.d + at, a->out.d + at, AC, lse, q + in, q + k, q + v,
                                                ALD, AT, AHS};
            kern_attn_fwd_ref64(&fwd, &how, scores);
            kern_attn_bwd_ref64(&bwd, &how, NULL);
        }
}

static void attention(void)
{
    static const float slopes[ANH] = {0.5f, 0.25f, 0, 0.125f};
    struct attn a = {.how = {.B = AB, .T = AT, .NH = ANH, .NKV = ANKV, .HS = AHS, .ld = ALD, .window = 9, .slopes = slopes},
                     .qkv = pair_make(AB * AT * ALD),
                     .out = pair_make(AB * AT * AC),
                     .lse = pair_make(AB * ANH * AT),
                     .dqkv = pair_make(AB * AT * ALD),
                     .dout = pair_make(AB * AT * AC),
                     .scratch = malloc(ops_attn_scratch(MAX_THREADS, AT, AHS) * sizeof(float))};
    CHECK(a.scratch != NULL);
    attention_reference(&a);
    struct output fwd[] = {{.name = "attention out", .p = &a.out}, {.name = "lse", .p = &a.lse}};
    check_op(run_attn_fwd, &a, fwd, 2, 2e-6);
    struct output bwd[] = {{.name = "attention dqkv", .p = &a.dqkv}};
    check_op(run_attn_bwd, &a, bwd, 1, 4e-6);
    struct pair *all[] = {&a.qkv, &a.out, &a.lse, &a.dqkv, &a.dout};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pair_free(all[i]);
    free(a.scratch);
}

/* Three blocks of values, the last one short. */
enum { N = 2 * 16384 + 1001 };

struct flat {
    struct pair x, y, sum;
    int32_t target[R];
    struct kern_adamw adamw;
    struct pair grad, m, v;
};

static void run_xent(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_xent(o, s->y.f, s->x.f, s->target, &(struct kern_xent){.logit_scale = 0.6f, .grad_scale = 0.25f}, R, C);
}

static void run_xent_loss(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_xent(o, s->y.f, s->x.f, s->target, &(struct kern_xent){.logit_scale = 0.6f}, R, C);
}

static void xent(void)
{
    struct flat s = {.x = pair_make(R * C), .y = pair_make(R)};
    for (size_t r = 0; r < R; r++)
        s.target[r] = (int32_t)rng_below(test_rng(), C);
    struct output out[] = {{.name = "losses", .p = &s.y}, {.name = "logits", .p = &s.x}};
    kern_xent_ref64(s.y.d, s.x.d, s.target, &(struct kern_xent){.logit_scale = 0.6f}, R, C);
    float *before = copy(&s.x);
    check_op(run_xent_loss, &s, out, 2, 1e-6);
    EXPECT(memcmp(before, s.x.f, R * C * sizeof(float)) == 0);
    kern_xent_ref64(s.y.d, s.x.d, s.target, &(struct kern_xent){.logit_scale = 0.6f, .grad_scale = 0.25f}, R, C);
    check_op(run_xent, &s, out, 2, 1e-6);
    free(before);
    pair_free(&s.x);
    pair_free(&s.y);
}

static const struct kern_soft soft_how = {.logit_scale = 0.6f, .teacher_scale = 1, .temperature = 2, .grad_scale = 0.25f};
static const struct kern_pool pool_how = {.logit_scale = 0.6f, .member = 0, .members = 1};

static void run_soft(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_distill(o, s->y.f, s->x.f, &soft_how, R, C);
}

static void run_pool(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_pool(o, s->y.f, s->x.f, &pool_how, R, C);
}

static void soft_targets(void)
{
    struct flat s = {.x = pair_make(R * C), .y = pair_make(R * C)};
    struct output out = {.name = "soft targets", .p = &s.y};
    kern_distill_ref64(s.y.d, s.x.d, &soft_how, R, C);
    check_op(run_soft, &s, &out, 1, 1e-6);
    kern_pool_ref64(s.y.d, s.x.d, &pool_how, R, C);
    out.name = "pooled distributions";
    check_op(run_pool, &s, &out, 1, 1e-5);
    pair_free(&s.x);
    pair_free(&s.y);
}

/* Rows of 150 values, 151 apart. */
static void run_act(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_act(o, s->x.f, s->y.f, 151, N / 151, 150, KERN_ACT_SILU);
}

/* Rows of 150 values in x, of twice 74 in y. */
static void run_glu(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_glu_fwd(o, s->x.f, 150, s->y.f, 151, N / 151, 74, KERN_ACT_GELU, true);
    ops_glu_bwd(o, s->sum.f, s->y.f, 151, s->x.f, 150, N / 151, 74);
}

static void run_mix(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_mix(o, s->sum.f, 0.5f, s->x.f, 2, s->y.f, N);
}

/* Sequences of 7 rows, three heads of 10 values. */
static void run_rope(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_rope(o, s->x.f, N / 217 * 7, &(struct kern_rope){s->y.f, s->y.f + 35, 31, 7, 3, 10, false});
}

/* Rows of 150 values, 151 apart. */
static void run_rmsnorm(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    float rstd[N / 151], scratch[(N / 151 / 64 + 1) * 150];
    CHECK(ops_rmsnorm_bwd_scratch(N / 151, 150) <= sizeof scratch / sizeof *scratch);
    ops_rmsnorm_fwd(o, s->m.f, rstd, s->x.f, s->grad.f, 151, N / 151, 150);
    const struct kern_norm_bwd b = {.dx = s->sum.f, .ds = s->v.f, .scale = 0.6f, .dw = s->grad.f + 150, .dout = s->y.f,
                                    .x = s->x.f, .rstd = rstd, .w = s->grad.f, .ld = 151, .rows = N / 151, .C = 150};
    ops_rmsnorm_bwd(o, &b, scratch);
}

/* The operations of the switches against the double kernels over the whole arrays. */
static void switches(void)
{
    struct flat s = {.x = pair_make(N),
                     .y = pair_make(N),
                     .sum = pair_make(N),
                     .grad = pair_make(300),
                     .m = pair_make(N),
                     .v = pair_make(N)};
    struct output glu[] = {{.name = "gated", .p = &s.x}, {.name = "kept", .p = &s.y}, {.name = "dwide", .p = &s.sum}};
    struct output mix = {.name = "mix", .p = &s.sum}, rope = {.name = "rope", .p = &s.x};
    struct output rms[] = {{.name = "rmsnorm", .p = &s.m},
                           {.name = "dx", .p = &s.sum},
                           {.name = "ds", .p = &s.v},
                           {.name = "dw", .p = &s.grad}};
    double rstd[N / 151];
    kern_rmsnorm_fwd_ref64(s.m.d, rstd, s.x.d, s.grad.d, 151, N / 151, 150);
    kern_rmsnorm_bwd_ref64(&(struct kern_norm_bwd64){.dx = s.sum.d, .ds = s.v.d, .scale = (double)0.6f, .dw = s.grad.d + 150,
                                                     .dout = s.y.d, .x = s.x.d, .rstd = rstd, .w = s.grad.d, .ld = 151,
                                                     .rows = N / 151, .C = 150});
    check_op(run_rmsnorm, &s, rms, 4, 4e-6);
    kern_mix_ref64(s.sum.d, 0.5, s.x.d, 2, s.y.d, N);
    check_op(run_mix, &s, &mix, 1, 1e-6);
    kern_rope_ref64(s.x.d, N / 217 * 7, &(struct kern_rope64){s.y.d, s.y.d + 35, 31, 7, 3, 10, false});
    check_op(run_rope, &s, &rope, 1, 1e-6);
    for (size_t i = 0; i < N / 151; i++) {
        double *y = s.y.d + i * 151, *sum = s.sum.d + i * 151;
        kern_glu_ref64(s.x.d + i * 150, y, y + 74, 74, KERN_ACT_GELU, true);
        kern_times_ref64(sum, y, s.x.d + i * 150, 74);
        kern_times_ref64(sum + 74, y + 74, s.x.d + i * 150, 74);
    }
    check_op(run_glu, &s, glu, 3, 2e-6);
    struct pair *all[] = {&s.x, &s.y, &s.sum, &s.grad, &s.m, &s.v};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pair_free(all[i]);
}

static void run_colsum(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_colsum(o, s->sum.f, s->x.f, 150, N / 150, 150);
}

static void elementwise(void)
{
    struct flat s = {.x = pair_make(N), .y = pair_make(N), .sum = pair_make(150)};
    struct output y[] = {{.name = "silu", .p = &s.x}, {.name = "silu slope", .p = &s.y}};
    struct output sum = {.name = "colsum", .p = &s.sum};
    kern_colsum_ref64(s.sum.d, s.x.d, 150, N / 150, 150);
    check_op(run_colsum, &s, &sum, 1, 1e-6);
    for (size_t i = 0; i < N / 151; i++)
        kern_act_ref64(s.x.d + i * 151, s.y.d + i * 151, s.x.d + i * 151, 150, KERN_ACT_SILU);
    check_op(run_act, &s, y, 2, 1e-6);
    pair_free(&s.x);
    pair_free(&s.y);
    pair_free(&s.sum);
}

static void sumsq(void)
{
    enum { LONG = 300 * 16384 + 77 }; /* more blocks than there are partial sums */
    static const size_t sizes[] = {0, 1, 16384, 16385, N, LONG};
    struct pair x = pair_make(LONG);
    struct kern k;
    kern_init(&k, KERN_REF);
    do {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            double want = kern_sumsq_ref64(x.d, sizes[i]);
            double one = ops_sumsq((struct ops){&k, 1}, x.f, sizes[i]);
            EXPECT_REL(one, want, 1e-12);
            for (int threads = 2; threads <= MAX_THREADS; threads++)
                EXPECT(ops_sumsq((struct ops){&k, threads}, x.f, sizes[i]) == one);
        }
    } while (kern_next(&k));
    pair_free(&x);
}

static void run_adamw(struct ops o, void *ctx)
{
    struct flat *s = ctx;
    ops_adamw(o, s->x.f, s->grad.f, s->m.f, s->v.f, &s->adamw, N);
}

static void adamw(void)
{
    struct flat s = {.x = pair_make(N),
                     .grad = pair_make(N),
                     .m = pair_make(N),
                     .v = pair_make(N),
                     .adamw = {.lr = 0.1f,
                               .beta1 = 0.9f,
                               .beta2 = 0.99f,
                               .eps = 1e-3f,
                               .decay = 0.05f,
                               .correct1 = 5,
                               .correct2 = 50,
                               .grad_scale = 0.5f}};
    for (size_t i = 0; i < N; i++) {
        s.v.f[i] = fabsf(s.v.f[i]);
        s.v.d[i] = fabs(s.v.d[i]);
    }
    kern_adamw_ref64(s.x.d, s.grad.d, s.m.d, s.v.d, &s.adamw, N);
    struct output out[] = {{.name = "w", .p = &s.x}, {.name = "m", .p = &s.m}, {.name = "v", .p = &s.v}};
    check_op(run_adamw, &s, out, 3, 1e-6);
    struct pair *all[] = {&s.x, &s.grad, &s.m, &s.v};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pair_free(all[i]);
}

static const struct test tests[] = {
    {"layernorm", layernorm},
    {"attention", attention},
    {"xent", xent},
    {"soft_targets", soft_targets},
    {"elementwise", elementwise},
    {"switches", switches},
    {"sumsq", sumsq},
    {"adamw", adamw},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
