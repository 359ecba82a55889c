/* The reference by blocks (kernels/ref/blocked.h) gives the bytes of the plain loops that define it. */
#include "test.h"

#include <string.h>

#include "kernels/ref/blocked.h"
#include "kernels/ref/kern_ref.h"

enum { MOST = 1 << 16 };

/* An array twice: for the plain loops, and for the blocks. */
struct pair {
    float plain[MOST], blocked[MOST];
};
static struct pair a, b, c, d;
static float x[MOST], y[MOST], z[MOST], scratch[MOST];

static void draw(float *out, double by)
{
    for (size_t i = 0; i < MOST; i++)
        out[i] = (float)(by * (2 * rng_double(test_rng()) - 1));
}

static void draw_pair(struct pair *p, double by)
{
    draw(p->plain, by);
    memcpy(p->blocked, p->plain, sizeof p->plain);
}

static void same(const char *what, const struct pair *p)
{
    for (size_t i = 0; i < MOST; i++)
        if (memcmp(&p->plain[i], &p->blocked[i], sizeof *p->plain) != 0) {
            EXPECT_MSG(false, "%s[%zu]: %.9g, and by blocks %.9g", what, i, (double)p->plain[i], (double)p->blocked[i]);
            return;
        }
}

static size_t below(size_t n)
{
    return (size_t)rng_below(test_rng(), n);
}

static void products(void)
{
    draw(x, 1), draw(y, 1), draw(z, 1);
    for (int i = 0; i < 120 && !test_failed(); i++) {
        size_t m = below(14), n = below(9), k = below(40), ldc = n + below(3), ldb = n + below(3);
        size_t a_rs = i % 2 ? k + below(3) : 1, a_cs = i % 2 ? 1 : m + below(3);
        bool add = i % 3 == 0;
        const struct kern_epilogue e = {.bias = i % 5 ? z : NULL, .res = i % 4 ? NULL : z + 99, .mul = i % 7 ? NULL : z + 7,
                                        .scale = 0.3f, .act = (enum kern_act)(i % KERN_ACT_COUNT)};
        struct kern_epilogue plain = e, blocked = e;
        draw_pair(&a, 1), draw_pair(&b, 1);
        plain.slope = i % 8 < 4 ? b.plain : NULL, blocked.slope = i % 8 < 4 ? b.blocked : NULL;
        struct kern_product p = {a.plain, ldc, x, a_rs, a_cs, y, ldb, m, n, k, add};
        kern_gemm_4x8_ref(&p, NULL, i % 6 ? &plain : NULL);
        p.c = a.blocked;
        kern_gemm_4x8_blocked(&p, NULL, i % 6 ? &blocked : NULL);
        same("product", &a), same("slope", &b);
    }
}

/* Windows and lengths around the sizes of a block; slopes; gradients that are added to. */
static void attention(void)
{
    static const size_t lengths[] = {1, 2, 5, 31, 32, 33, 63, 64, 65, 100, 131}, heads[] = {1, 4, 7, 8, 16};
    enum { LENGTHS = sizeof lengths / sizeof *lengths };
    draw(x, 2), draw(y, 2), draw(z, 2);
    for (int i = 0; i < 5 * LENGTHS && !test_failed(); i++) {
        size_t T = lengths[i % LENGTHS], HS = heads[i % 5], ld = 3 * HS + below(4), ld_out = HS + below(4);
        const struct kern_attn how = {.scale = 0.4f, .slope = i % 2 ? 0.1f : 0, .window = i % 3 ? 0 : 1 + below(T + 3),
                                      .add = i % 4 == 0};
        const float *q = x, *k = x + HS, *v = x + 2 * HS;
        draw_pair(&a, 1), draw_pair(&b, 1), draw_pair(&c, 1);
        struct kern_attn_fwd f = {a.plain, ld_out, b.plain, q, k, v, ld, T, HS};
        kern_attn_fwd_ref(&f, &how, scratch);
        f.out = a.blocked, f.lse = b.blocked;
        kern_attn_fwd_blocked(&f, &how, scratch);
        same("out", &a), same("lse", &b);
        struct kern_attn_bwd g = {c.plain, c.plain + HS, c.plain + 2 * HS, y, a.plain, ld_out, b.plain, q, k, v, ld, T, HS};
        kern_attn_bwd_ref(&g, &how, scratch);
        g.dq = c.blocked, g.dk = c.blocked + HS, g.dv = c.blocked + 2 * HS;
        kern_attn_bwd_blocked(&g, &how, scratch);
        same("dqkv", &c);
    }
}

static void rows(void)
{
    int32_t target[8];
    for (int i = 0; i < 40 && !test_failed(); i++) {
        size_t n = 1 + below(100), V = 1 + below(90);
        bool slope = i % 2;
        const enum kern_act act = (enum kern_act)(i % KERN_ACT_COUNT);
        const struct kern_xent how = {.logit_scale = 0.7f, .cap = i % 3 ? 0 : 3, .z_loss = i % 2 ? 0.1f : 0,
                                      .grad_scale = i % 5 ? 0.2f : 0, .soft = i % 7 ? 0 : 0.3f};
        draw(x, 4), draw_pair(&a, 1), draw_pair(&b, 1), draw_pair(&c, 4), draw_pair(&d, 1);
        kern_act_ref(a.plain, slope ? b.plain : NULL, x, n, act);
        kern_act_blocked(a.blocked, slope ? b.blocked : NULL, x, n, act);
        same("act", &a), same("act's slope", &b);
        kern_glu_ref(a.plain, b.plain, d.plain, n, act, slope);
        kern_glu_blocked(a.blocked, b.blocked, d.blocked, n, act, slope);
        same("glu", &a), same("glu's g", &b), same("glu's u", &d);
        kern_colsum_ref(d.plain, x, n + 3, 13, n);
        kern_colsum_blocked(d.blocked, x, n + 3, 13, n);
        same("colsum", &d);
        for (int r = 0; r < 8; r++)
            target[r] = (int32_t)below(V);
        kern_xent_ref(a.plain, c.plain, target, &how, 8, V);
        kern_xent_blocked(a.blocked, c.blocked, target, &how, 8, V);
        same("loss", &a), same("logits", &c);
    }
}

int main(int argc, char **argv)
{
    const struct test tests[] = {{"products", products}, {"attention", attention}, {"rows", rows}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
