/* A few training steps written to a file, for another program to repeat: tests/torch_step.py.
 *
 *   dump_step OUT STEPS [teacher=D_MODEL] [KEY=VALUE...]     keys of a config: model.*, train.*
 *
 * A text head, a line each: "shape V T C L NH B", "scales RESIDUAL LOGIT", "tensor NAME LAYER ROWS COLS LR DECAY EPS" (the
 * multipliers of its rule; layer -1 outside the layers) in the order of a checkpoint, "steps N", "end". Then float32 and
 * int32, without gaps: all tensors at the start; of each step the inputs, the targets, the loss as float64 and the gradient
 * norm likewise; all gradients of the first step; all tensors at the end. With a teacher, which is a model of that width
 * and two layers with the same switches, the head has "teacher LOGIT CAP" and each step the teacher's logits before the loss. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "harness/config.h"
#include "model/distill.h"
#include "model/optim/optim.h"

enum { VOCAB = 61, BATCH = 3 };

static void die(const char *what)
{
    fprintf(stderr, "dump_step: %s\n", what);
    exit(2);
}

static void put_arrays(FILE *out, const struct gpt *g, const float *flat)
{
    for (size_t i = 0; i < g->tensors.n; i++)
        for (size_t l = 0; l < g->tensors.list[i].n; l++)
            fwrite(flat + tensor_at(&g->tensors.list[i], l), sizeof *flat, tensor_size(&g->tensors.list[i]), out);
}

/* Off the start values. */
static void shake(struct gpt *g, struct rng *rng, double by)
{
    for (size_t i = 0; i < g->tensors.n; i++)
        for (size_t l = 0; l < g->tensors.list[i].n; l++)
            for (size_t j = 0; j < tensor_size(&g->tensors.list[i]); j++)
                g->w[tensor_at(&g->tensors.list[i], l) + j] += (float)(by * rng_normal(rng));
    gpt_pack(g);
}

static void make_teacher(struct gpt *teacher, struct distill *d, struct gpt *g, struct config c, size_t d_model)
{
    struct err err;
    struct rng rng = rng_make(4, RNG_TEST, 0, 0);
    c.model.d_model = d_model, c.model.n_layer = 2;
    struct gpt_shape shape = config_gpt_shape(&c, VOCAB);
    struct param_rules rules = config_param_rules(&c);
    if (gpt_shape_check(&shape, &err) != OK || gpt_init(teacher, &shape, &rules, g->k, 1, 1, &err) != OK ||
        distill_init(d, teacher, 1, (float)c.train.distill_weight, (float)c.train.distill_temperature, &g->shape, BATCH,
                     &err) != OK)
        die(err.msg);
    gpt_init_weights(teacher, 2);
    shake(teacher, &rng, 0.3);
    g->distill = d;
}

static void put_head(FILE *out, const struct gpt *g, int64_t steps)
{
    const struct gpt_shape *s = &g->shape;
    fprintf(out, "shape %zu %zu %zu %zu %zu %zu\n", s->V, s->T, s->C, s->L, s->NH, g->B);
    fprintf(out, "scales %.9g %.9g\n", (double)g->rules.residual_scale, (double)g->rules.logit_scale);
    for (size_t i = 0; i < g->tensors.n; i++) {
        const struct tensor *t = &g->tensors.list[i];
        const struct param_rule *r = &g->rules.role[t->role];
        bool decays = t->role != PARAM_GAIN && t->role != PARAM_BIAS;
        for (size_t l = 0; l < t->n; l++)
            fprintf(out, "tensor %s %d %zu %zu %.9g %.9g %.9g\n", t->name, t->outside ? -1 : (int)(t->first + l), t->rows,
                    t->cols, (double)r->lr, decays ? (double)r->decay : 0, (double)r->eps);
    }
    if (g->distill)
        fprintf(out, "teacher %.9g %.9g\n", (double)g->distill->teachers->rules.logit_scale, g->distill->teachers->shape.softcap);
    fprintf(out, "steps %lld\nend\n", (long long)steps);
}

/* The config, and the teacher's width; 0: none. */
static size_t read_words(struct config *c, int argc, char **argv)
{
    struct err err;
    size_t width = 0;
    config_init(c);
    c->model.ctx = 24, c->model.d_model = 32, c->model.n_layer = 3, c->model.n_head = 4;
    c->model.base_d_model = 16, c->train.lr = 0.01, c->train.weight_decay = 0.1, c->train.eps = 1e-6;
    for (int i = 3; i < argc; i++)
        if (strncmp(argv[i], "teacher=", 8) == 0)
            width = strtoul(argv[i] + 8, NULL, 10);
        else if (config_set(c, argv[i], &err) != OK)
            die(err.msg);
    return width;
}

int main(int argc, char **argv)
{
    struct err err;
    struct config c;
    struct kern k;
    struct gpt g, teacher = {.k = NULL};
    struct distill distill = {.n = 0};
    struct optim optim;
    if (argc < 3)
        die("usage: dump_step OUT STEPS [teacher=D_MODEL] [KEY=VALUE...]");
    size_t teacher_width = read_words(&c, argc, argv);
    struct gpt_shape shape = config_gpt_shape(&c, VOCAB);
    struct param_rules rules = config_param_rules(&c);
    struct optim_config oc = config_optim(&c);
    kern_init(&k, KERN_ISA_COUNT - 1);
    if (gpt_shape_check(&shape, &err) != OK || gpt_init(&g, &shape, &rules, &k, BATCH, 1, &err) != OK ||
        optim_init(&optim, &oc, &g, &err) != OK)
        die(err.msg);
    g.z_loss = (float)c.train.z_loss;
    gpt_init_weights(&g, 1);
    struct rng rng = rng_make(3, RNG_TEST, 0, 0);
    shake(&g, &rng, 0.05);
    if (teacher_width)
        make_teacher(&teacher, &distill, &g, c, teacher_width);
    FILE *out = fopen(argv[1], "wb");
    int64_t steps = atoll(argv[2]);
    if (!out)
        die("cannot write");
    put_head(out, &g, steps);
    put_arrays(out, &g, g.w);
    size_t n = BATCH * shape.T;
    int32_t *x = calloc(2 * n, sizeof *x), *y = x + n;
    float *first = malloc(g.tensors.n_flat * sizeof *first), *logits = malloc(n * VOCAB * sizeof *logits);
    if (!x || !first || !logits)
        die("out of memory");
    for (int64_t step = 1; step <= steps; step++) {
        for (size_t i = 0; i < 2 * n; i++)
            x[i] = (int32_t)rng_below(&rng, VOCAB);
        double loss = gpt_forward_backward(&g, x, y);
        if (step == 1)
            memcpy(first, g.grad, g.tensors.n_flat * sizeof *first);
        double norm = optim_step(&optim, &g, c.train.lr, step);
        fwrite(x, sizeof *x, 2 * n, out);
        if (teacher_width) {
            gpt_logits(&teacher, logits, x, BATCH);
            fwrite(logits, sizeof *logits, n * VOCAB, out);
        }
        fwrite(&loss, sizeof loss, 1, out);
        fwrite(&norm, sizeof norm, 1, out);
    }
    put_arrays(out, &g, first);
    put_arrays(out, &g, g.w);
    distill_free(&distill);
    gpt_free(&teacher);
    free(logits), free(first);
    free(x);
    optim_free(&optim);
    gpt_free(&g);
    config_free(&c);
    if (fclose(out) != 0)
        die("cannot write");
    return 0;
}
