#include "model/probe.h"

#include <math.h>
#include <string.h>

#define X(name, words, in_block) {#name, words, in_block},
static const struct {
    const char *name, *words;
    bool in_block;
} kinds[] = {PROBE_KINDS(X)};
#undef X

const char *probe_name(enum probe_kind kind)
{
    return kinds[kind].name;
}

const char *probe_words(enum probe_kind kind)
{
    return kinds[kind].words;
}

size_t probe_blocks(const struct probe *p, enum probe_kind kind)
{
    return kinds[kind].in_block ? p->L : 1;
}

static void carve(struct probe *p, struct arena *a)
{
    for (enum probe_kind k = 0; k < PROBE_N_KINDS; k++)
        p->values[k] = arena_floats(a, probe_blocks(p, k) * p->floats[k]);
}

enum status probe_init(struct probe *p, const struct gpt_shape *s, size_t n, struct err *err)
{
    size_t R = n * s->T;
    *p = (struct probe){.n = n, .L = s->L};
    p->floats[PROBE_stream] = p->floats[PROBE_attention] = p->floats[PROBE_mlp] = R * s->C;
    p->floats[PROBE_scores] = n * s->NH * s->T;
    p->floats[PROBE_logits] = R * s->V;
    struct arena plan = arena_plan();
    carve(p, &plan);
    TRY(arena_init(&p->arena, plan.used_bytes, err));
    carve(p, &p->arena);
    return OK;
}

void probe_free(struct probe *p)
{
    arena_free(&p->arena);
    *p = (struct probe){0};
}

/* q k / sqrt(HS) of the last token of each sequence; 0 where a window hides a token. */
static void read_scores(float *out, const struct attention *a, size_t n)
{
    const struct ops_attn *h = &a->heads;
    size_t group = h->NH / h->NKV, first = h->window ? h->T - h->window : 0;
    for (size_t b = 0; b < n; b++)
        for (size_t head = 0; head < h->NH; head++, out += h->T) {
            const float *rows = a->wide + b * h->T * h->ld;
            const float *q = rows + (h->T - 1) * h->ld + head * h->HS;
            const float *k = rows + (h->NH + head / group) * h->HS;
            for (size_t t = 0; t < h->T; t++) {
                double sum = 0;
                for (size_t i = 0; t >= first && i < h->HS; i++)
                    sum += (double)q[i] * (double)k[t * h->ld + i];
                out[t] = (float)(sum / sqrt((double)h->HS));
            }
        }
}

/* What a branch added to the stream, over its scale. */
static void read_branch(float *out, const float *from, const float *to, double scale, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(((double)to[i] - (double)from[i]) / scale);
}

/* What the forward pass of n sequences left, the probe's from sequence `at` on. */
static void read_pass(struct probe *p, const struct gpt *g, size_t at, size_t n)
{
    const struct gpt_shape *s = &g->shape;
    size_t rows = n * s->T * s->C, row_at = at * s->T * s->C, L = s->L;
    double scale = (double)g->rules.residual_scale;
    for (size_t l = 0; l < L; l++) {
        const struct block *b = &g->layers[l];
        const float *end = l + 1 < L ? g->layers[l + 1].x : g->x_top;
        memcpy(p->values[PROBE_stream] + l * p->floats[PROBE_stream] + row_at, end, rows * sizeof *end);
        read_scores(p->values[PROBE_scores] + l * p->floats[PROBE_scores] + at * s->NH * s->T, &b->attention, n);
        read_branch(p->values[PROBE_attention] + l * p->floats[PROBE_attention] + row_at, b->mixed, b->x_mid, scale, rows);
        read_branch(p->values[PROBE_mlp] + l * p->floats[PROBE_mlp] + row_at, b->x_mid, end, scale, rows);
    }
    for (size_t i = 0; i < n * s->T * s->V; i++)
        p->values[PROBE_logits][at * s->T * s->V + i] = g->rules.logit_scale * g->head.logits[i];
}

void probe_read(struct probe *p, struct gpt *g, const int32_t *x)
{
    for (size_t at = 0, n; at < p->n; at += n) {
        n = p->n - at < g->chunk ? p->n - at : g->chunk;
        gpt_forward(g, x + at * g->shape.T, n);
        read_pass(p, g, at, n);
    }
}

static double root_mean_square(const float *x, const float *less, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i] - (less ? (double)less[i] : 0);
        sum += v * v;
    }
    return sqrt(sum / (double)n);
}

double probe_scale(const struct probe *p, enum probe_kind kind, size_t block)
{
    return root_mean_square(p->values[kind] + block * p->floats[kind], NULL, p->floats[kind]);
}

double probe_change(const struct probe *p, const struct probe *before, enum probe_kind kind, size_t block)
{
    size_t at = block * p->floats[kind];
    CHECK(p->floats[kind] == before->floats[kind]);
    return root_mean_square(p->values[kind] + at, before->values[kind] + at, p->floats[kind]);
}
