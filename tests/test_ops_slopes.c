/* The backward kernels against central differences of the forward ones, in double; rotations keep angles, and what
 * is pooled is a mean. */
#include "test.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/ref/kern_ref.h"

enum { ROWS = 6, COLS = 11, TOKENS = 5, HEAD = 4 };

/* The operands of every kernel below; each uses the ones it needs. f = sum out_i weight_i. */
struct operands {
    double x[ROWS * COLS], w[ROWS * COLS], b[COLS], weight[ROWS * COLS];
    double q[TOKENS * HEAD], k[TOKENS * HEAD], v[TOKENS * HEAD];
    int32_t token[ROWS];
};

typedef double objective_fn(const struct operands *o);

static void randomise(double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = rng_normal(test_rng());
}

static void make_operands(struct operands *o)
{
    randomise(o->x, ROWS * COLS);
    randomise(o->w, ROWS * COLS);
    randomise(o->b, COLS);
    randomise(o->weight, ROWS * COLS);
    randomise(o->q, TOKENS * HEAD);
    randomise(o->k, TOKENS * HEAD);
    randomise(o->v, TOKENS * HEAD);
    for (size_t r = 0; r < ROWS; r++)
        o->token[r] = (int32_t)rng_below(test_rng(), COLS);
}

static double weighted(const double *out, const struct operands *o, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += out[i] * o->weight[i];
    return sum;
}

/* grad[i] against (f(x_i + h) - f(x_i - h)) / 2h; x lies in *o. */
static void check_gradient(const char *what, objective_fn *f, const struct operands *o, double *x,
                           const double *grad, size_t n)
{
    const double h = 1e-5;
    for (size_t i = 0; i < n; i++) {
        double keep = x[i];
        x[i] = keep + h;
        double up = f(o);
        x[i] = keep - h;
        double down = f(o);
        x[i] = keep;
        double want = (up - down) / (2 * h);
        /* The differences are off by h^2 f''' / 6 and by rounding of f over h: some 1e-10 each. */
        EXPECT_MSG(fabs(grad[i] - want) <= 1e-8 * (1 + fabs(want)), "%s[%zu] is %.12g, expected %.12g",
                   what, i, grad[i], want);
    }
}

static double layernorm_objective(const struct operands *o)
{
    double out[ROWS * COLS], mean[ROWS], rstd[ROWS];
    kern_layernorm_fwd_ref64(out, mean, rstd, o->x, o->w, o->b, ROWS, COLS);
    return weighted(out, o, ROWS * COLS);
}

static void slope_layernorm(void)
{
    struct operands o;
    make_operands(&o);
    double out[ROWS * COLS], mean[ROWS], rstd[ROWS];
    double dx[ROWS * COLS] = {0}, dw[COLS] = {0}, db[COLS] = {0};
    kern_layernorm_fwd_ref64(out, mean, rstd, o.x, o.w, o.b, ROWS, COLS);
    kern_layernorm_bwd_ref64(&(struct kern_norm_bwd64){.dx = dx, .dw = dw, .db = db, .dout = o.weight, .x = o.x, .mean = mean,
                                                       .rstd = rstd, .w = o.w, .rows = ROWS, .C = COLS});
    check_gradient("layernorm dx", layernorm_objective, &o, o.x, dx, ROWS * COLS);
    check_gradient("layernorm dw", layernorm_objective, &o, o.w, dw, COLS);
    check_gradient("layernorm db", layernorm_objective, &o, o.b, db, COLS);
}

static double rmsnorm_objective(const struct operands *o)
{
    double out[ROWS * COLS], rstd[ROWS];
    kern_rmsnorm_fwd_ref64(out, rstd, o->x, o->w, COLS, ROWS, COLS);
    return weighted(out, o, ROWS * COLS);
}

static void slope_rmsnorm(void)
{
    struct operands o;
    make_operands(&o);
    double out[ROWS * COLS], rstd[ROWS], dx[ROWS * COLS] = {0}, dw[COLS] = {0};
    kern_rmsnorm_fwd_ref64(out, rstd, o.x, o.w, COLS, ROWS, COLS);
    kern_rmsnorm_bwd_ref64(&(struct kern_norm_bwd64){.dx = dx, .dw = dw, .dout = o.weight, .x = o.x, .rstd = rstd, .w = o.w,
                                                     .ld = COLS, .rows = ROWS, .C = COLS});
    check_gradient("rmsnorm dx", rmsnorm_objective, &o, o.x, dx, ROWS * COLS);
    check_gradient("rmsnorm dw", rmsnorm_objective, &o, o.w, dw, COLS);
}

/* What the objectives below are about: check_gradient hands them operands alone. */
static enum kern_act the_act;
static struct kern_attn the_attention;
static struct kern_xent the_loss;

static double act_objective(const struct operands *o)
{
    double out[ROWS * COLS];
    kern_act_ref64(out, NULL, o->x, ROWS * COLS, the_act);
    return weighted(out, o, ROWS * COLS);
}

static void slope_act(void)
{
    struct operands o;
    make_operands(&o);
    for (size_t i = 0; i < 9; i++) /* the tails too; not 0, where relu has no slope */
        o.x[i] = 3.0 * ((double)i - 4.1);
    for (the_act = KERN_ACT_NONE; the_act < KERN_ACT_COUNT; the_act++) {
        double dx[ROWS * COLS], out[ROWS * COLS];
        kern_act_ref64(out, dx, o.x, ROWS * COLS, the_act);
        for (size_t i = 0; i < ROWS * COLS; i++)
            dx[i] *= o.weight[i];
        check_gradient("activation dx", act_objective, &o, o.x, dx, ROWS * COLS);
    }
}

/* Gates are x, what they let through is w. */
static double glu_objective(const struct operands *o)
{
    struct operands t = *o;
    double out[ROWS * COLS];
    kern_glu_ref64(out, t.x, t.w, ROWS * COLS, the_act, false);
    return weighted(out, o, ROWS * COLS);
}

static void slope_glu(void)
{
    struct operands o;
    make_operands(&o);
    for (the_act = KERN_ACT_NONE; the_act < KERN_ACT_COUNT; the_act++) {
        double out[ROWS * COLS], dg[ROWS * COLS], du[ROWS * COLS];
        memcpy(dg, o.x, sizeof dg);
        memcpy(du, o.w, sizeof du);
        kern_glu_ref64(out, dg, du, ROWS * COLS, the_act, true);
        kern_times_ref64(dg, dg, o.weight, ROWS * COLS);
        kern_times_ref64(du, du, o.weight, ROWS * COLS);
        check_gradient("gate", glu_objective, &o, o.x, dg, ROWS * COLS);
        check_gradient("gated", glu_objective, &o, o.w, du, ROWS * COLS);
    }
}

/* Turning back is the inverse, and the transpose: lengths and products stay. */
static void rope_is_a_rotation(void)
{
    enum { T = 4, NH = 2, HS = 5, LD = 11, HALF = HS / 2 };
    double c[T * HALF], s[T * HALF], x[ROWS * LD], y[ROWS * LD], there = 0, before = 0;
    for (size_t i = 0; i < T * HALF; i++)
        c[i] = cos(0.7 * (double)i), s[i] = sin(0.7 * (double)i);
    randomise(x, ROWS * LD);
    memcpy(y, x, sizeof y);
    struct kern_rope64 how = {c, s, LD, T, NH, HS, false};
    kern_rope_ref64(y, ROWS, &how);
    for (size_t i = 0; i < ROWS * LD; i++)
        there += y[i] * y[i], before += x[i] * x[i];
    EXPECT_REL(there, before, 1e-14);
    EXPECT(y[LD + 2] == x[LD + 2] && y[LD + 10] == x[LD + 10]); /* the middle of a head, and between rows */
    EXPECT_NEAR(y[LD] - (x[LD] * cos(1.4) - x[LD + 3] * sin(1.4)), 0, 1e-15); /* place 1 turns by the angle of row 1 */
    how.back = true;
    kern_rope_ref64(y, ROWS, &how);
    for (size_t i = 0; i < ROWS * LD; i++)
        EXPECT_NEAR(y[i], x[i], 1e-14);
}

static double attention_objective(const struct operands *o)
{
    double out[TOKENS * HEAD], lse[TOKENS], scores[TOKENS];
    kern_attn_fwd_ref64(&(struct kern_attn_fwd64){out, HEAD, lse, o->q, o->k, o->v, HEAD, TOKENS, HEAD}, &the_attention, scores);
    return weighted(out, o, TOKENS * HEAD);
}

static void slope_attention(void)
{
    struct operands o;
    make_operands(&o);
    enum { N = TOKENS * HEAD };
    for (size_t window = 0; window < 4; window++) {
        double out[N], lse[TOKENS], scores[TOKENS], dq[N], dk[N], dv[N];
        the_attention = (struct kern_attn){.scale = 0.37f, .slope = window % 2 ? 0.25f : 0, .window = window};
        const struct kern_attn_fwd64 f = {out, HEAD, lse, o.q, o.k, o.v, HEAD, TOKENS, HEAD};
        const struct kern_attn_bwd64 b = {dq, dk, dv, o.weight, out, HEAD, lse, o.q, o.k, o.v, HEAD, TOKENS, HEAD};
        kern_attn_fwd_ref64(&f, &the_attention, scores);
        kern_attn_bwd_ref64(&b, &the_attention, NULL);
        check_gradient("attention dq", attention_objective, &o, o.q, dq, N);
        check_gradient("attention dk", attention_objective, &o, o.k, dk, N);
        check_gradient("attention dv", attention_objective, &o, o.v, dv, N);
        if (window == 1) /* sees itself alone */
            EXPECT(memcmp(out, o.v, sizeof out) == 0);
    }
}

/* The loss, and what the z-loss adds to what is differentiated. */
static double xent_objective(const struct operands *o)
{
    struct kern_xent how = the_loss;
    double loss[ROWS], logits[ROWS * COLS], sum = 0;
    how.grad_scale = 0;
    memcpy(logits, o->x, sizeof logits);
    kern_xent_ref64(loss, logits, o->token, &how, ROWS, COLS);
    if (how.cap == 0)
        EXPECT(memcmp(logits, o->x, sizeof logits) == 0);
    for (size_t r = 0; r < ROWS; r++) {
        double lse = loss[r] + (double)how.logit_scale * logits[r * COLS + (size_t)o->token[r]];
        sum += (1 - (double)how.soft) * loss[r] + (double)how.z_loss * lse * lse;
    }
    return (double)the_loss.grad_scale * sum;
}

static void slope_xent(void)
{
    struct operands o;
    make_operands(&o);
    for (int mode = 0; mode < 8; mode++) {
        double loss[ROWS], logits[ROWS * COLS];
        the_loss = (struct kern_xent){.logit_scale = 0.6f, .grad_scale = 0.25f, .cap = mode & 1 ? 1.5f : 0,
                                      .z_loss = mode & 2 ? 0.125f : 0, .soft = mode & 4 ? 0.75f : 0};
        memcpy(logits, o.x, sizeof logits);
        kern_xent_ref64(loss, logits, o.token, &the_loss, ROWS, COLS);
        check_gradient("xent logits", xent_objective, &o, o.x, logits, ROWS * COLS);
    }
}

/* Heads are pairs of columns of x, gates the first columns of w. */
enum { GATE_HEADS = 5 };
static double gate_objective(const struct operands *o)
{
    double out[ROWS * COLS] = {0};
    kern_gate_fwd_ref64(out, &(struct kern_gate64){o->x, COLS, o->w, COLS, ROWS, GATE_HEADS, 2});
    return weighted(out, o, ROWS * COLS);
}

static void slope_gate(void)
{
    struct operands o;
    make_operands(&o);
    double dx[ROWS * COLS] = {0}, dgate[ROWS * COLS] = {0};
    kern_gate_bwd_ref64(dx, dgate, o.weight, &(struct kern_gate64){o.x, COLS, o.w, COLS, ROWS, GATE_HEADS, 2});
    check_gradient("gate dx", gate_objective, &o, o.x, dx, ROWS * COLS);
    check_gradient("gate", gate_objective, &o, o.w, dgate, ROWS * COLS);
}

/* wte is w (6,11) here, wpe the first rows of x: T = 4, so positions repeat. */
enum { EMBED_T = 4 };

static double embed_objective(const struct operands *o)
{
    double out[ROWS * COLS];
    kern_embed_fwd_ref64(out, o->token, o->w, o->x, ROWS, EMBED_T, COLS);
    return weighted(out, o, ROWS * COLS);
}

static void slope_embed(void)
{
    struct operands o;
    make_operands(&o);
    for (size_t r = 0; r < ROWS; r++)
        o.token[r] %= 3; /* some token comes twice, some never */
    double dwte[ROWS * COLS] = {0}, dwpe[ROWS * COLS] = {0};
    kern_embed_bwd_ref64(dwte, dwpe, o.token, o.weight, ROWS, EMBED_T, COLS);
    check_gradient("dwte", embed_objective, &o, o.w, dwte, ROWS * COLS);
    check_gradient("dwpe", embed_objective, &o, o.x, dwpe, ROWS * COLS);
}

/* softmax(z / t) of COLS logits */
static void softened(double *p, const double *x, double by, double cap, double t)
{
    double sum = 0;
    for (size_t i = 0; i < COLS; i++) {
        double z = by * x[i];
        p[i] = exp((cap > 0 ? cap * tanh(z / cap) : z) / t);
        sum += p[i];
    }
    for (size_t i = 0; i < COLS; i++)
        p[i] /= sum;
}

static struct kern_soft the_soft;

/* Logits are x, the teacher's are w. */
static double soft_objective(const struct operands *o)
{
    double sum = 0, t = (double)the_soft.temperature;
    for (size_t r = 0; r < ROWS; r++) {
        double p[COLS], q[COLS];
        softened(p, o->x + r * COLS, (double)the_soft.logit_scale, (double)the_soft.cap, t);
        softened(q, o->w + r * COLS, (double)the_soft.teacher_scale, (double)the_soft.teacher_cap, t);
        for (size_t i = 0; i < COLS; i++)
            sum -= t * t * q[i] * log(p[i]);
    }
    return (double)the_soft.grad_scale * sum;
}

static void slope_soft(void)
{
    struct operands o;
    make_operands(&o);
    for (int mode = 0; mode < 8; mode++) {
        double soft[ROWS * COLS], before[ROWS * COLS];
        the_soft = (struct kern_soft){.logit_scale = 0.6f, .cap = mode & 1 ? 1.5f : 0, .teacher_scale = 1.25f,
                                      .teacher_cap = mode & 2 ? 2.0f : 0, .temperature = mode & 4 ? 3.0f : 0.5f,
                                      .grad_scale = 0.25f};
        memcpy(soft, o.w, sizeof soft);
        memcpy(before, o.x, sizeof before);
        kern_distill_ref64(soft, o.x, &the_soft, ROWS, COLS);
        EXPECT(memcmp(before, o.x, sizeof before) == 0);
        check_gradient("soft targets", soft_objective, &o, o.x, soft, ROWS * COLS);
    }
}

/* The logarithm of the mean of what members say. */
static void pool_is_a_mean(void)
{
    struct operands o;
    double out[ROWS * COLS], p[2][COLS];
    make_operands(&o);
    kern_pool_ref64(out, o.x, &(struct kern_pool){0.5f, 0, 0, 2}, ROWS, COLS);
    kern_pool_ref64(out, o.w, &(struct kern_pool){1.5f, 2, 1, 2}, ROWS, COLS);
    for (size_t r = 0; r < ROWS; r++) {
        softened(p[0], o.x + r * COLS, 0.5, 0, 1);
        softened(p[1], o.w + r * COLS, 1.5, 2, 1);
        for (size_t i = 0; i < COLS; i++)
            EXPECT_NEAR(out[r * COLS + i], log((p[0][i] + p[1][i]) / 2), 1e-12);
    }
}

static const struct test tests[] = {
    {"slope_layernorm", slope_layernorm},
    {"slope_rmsnorm", slope_rmsnorm},
    {"slope_act", slope_act},
    {"slope_glu", slope_glu},
    {"rope_is_a_rotation", rope_is_a_rotation},
    {"slope_gate", slope_gate},
    {"slope_attention", slope_attention},
    {"slope_xent", slope_xent},
    {"slope_soft", slope_soft},
    {"pool_is_a_mean", pool_is_a_mean},
    {"slope_embed", slope_embed},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
