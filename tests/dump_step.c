/* A few training steps written to a file, for another program to repeat: tests/torch_step.py.
 *
 *   dump_step OUT STEPS [teacher=D_MODEL] [shake=STD] [gradients=made] [KEY=VALUE...]     keys of a config: model.*, train.*
 *
 * A text head, a line each: "shape V T C L NH B", "scales RESIDUAL LOGIT", "tensor NAME LAYER ROWS COLS LR DECAY EPS" (the
 * multipliers of its rule; layer -1 outside the layers) in the order of a checkpoint, "steps N", "end". Then float32 and
 * int32, without gaps: all tensors at the start; of each step the inputs, the targets, the loss as float64 and the gradient
 * norm likewise; all gradients of the first step; all tensors at the end, then each average of them that train.ema and
 * train.tail_average ask for. With a teacher, which is a model of that width and two layers with the same switches, the head has
 * "teacher LOGIT CAP" and each step the teacher's logits before the loss. With made gradients, which no rounding of the model is
 * in and in which no direction drowns, the optimiser takes those in place of the model's: the head has "made", and they stand
 * after each step's norm. The rate is constant unless train.schedule says otherwise, over STEPS steps of 72 tokens. */
#include <math.h>
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
    g->soft = &d->targets;
}

static void put_head(FILE *out, const struct gpt *g, const struct distill *d, int64_t steps, bool made)
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
    if (g->soft)
        fprintf(out, "teacher %.9g %.9g\n", (double)d->teachers->rules.logit_scale, d->teachers->shape.softcap);
    if (made)
        fprintf(out, "made\n");
    fprintf(out, "steps %lld\nend\n", (long long)steps);
}

/* What the words ask for beside keys of the config. */
struct words {
    size_t teacher; /* its width; 0: none */
    double shake;
    bool made;
};

static struct words read_words(struct config *c, int argc, char **argv)
{
    struct err err;
    struct words w = {.shake = 0.05};
    if (argc < 3)
        die("usage: dump_step OUT STEPS [teacher=D_MODEL] [shake=STD] [gradients=made] [KEY=VALUE...]");
    config_init(c);
    c->model.ctx = 24, c->model.d_model = 32, c->model.n_layer = 3, c->model.n_head = 4;
    c->model.base_d_model = 16, c->train.lr = 0.01, c->train.weight_decay = 0.1, c->train.eps = 1e-5;
    c->train.schedule = SCHEDULE_CONSTANT;
    for (int i = 3; i < argc; i++)
        if (strncmp(argv[i], "teacher=", 8) == 0)
            w.teacher = strtoul(argv[i] + 8, NULL, 10);
        else if (strncmp(argv[i], "shake=", 6) == 0)
            w.shake = atof(argv[i] + 6);
        else if (strcmp(argv[i], "gradients=made") == 0)
            w.made = true;
        else if (config_set(c, argv[i], &err) != OK)
            die(err.msg);
    c->train.batch_tokens = BATCH * c->model.ctx;
    c->train.tokens = atof(argv[2]) * (double)c->train.batch_tokens;
    return w;
}

/* A diagonal under noise in each matrix. */
static void make_gradients(struct gpt *g, struct rng *rng)
{
    for (size_t i = 0; i < g->tensors.n; i++) {
        const struct tensor *t = &g->tensors.list[i];
        for (size_t l = 0; l < t->n; l++)
            for (size_t j = 0; j < tensor_size(t); j++) {
                size_t row = j / t->cols, col = j % t->cols, side = t->rows < t->cols ? t->rows : t->cols;
                double base = row % side == col % side ? 1 + (double)(col % side) / (double)side : 0;
                g->grad[tensor_at(t, l) + j] = (float)(0.01 * (base + 0.1 * rng_normal(rng)));
            }
    }
}

static void put_end(FILE *out, const struct optim *o, struct gpt *g)
{
    put_arrays(out, g, g->w);
    for (enum optim_average a = 0; a < OPTIM_N_AVERAGES; a++)
        if (optim_has_average(o, a)) {
            optim_use_average(o, a, g);
            put_arrays(out, g, g->w);
            optim_use_weights(g);
        }
}

struct run {
    struct config c;
    struct words words;
    struct kern k;
    struct gpt g, teacher;
    struct distill distill;
    struct optim optim;
    struct rng rng;
};

static void begin(struct run *r, int argc, char **argv)
{
    struct err err;
    r->words = read_words(&r->c, argc, argv);
    struct gpt_shape shape = config_gpt_shape(&r->c, VOCAB);
    struct param_rules rules = config_param_rules(&r->c);
    struct optim_config oc = config_optim(&r->c);
    kern_init(&r->k, kern_isa_best());
    if (gpt_shape_check(&shape, &err) != OK || gpt_init(&r->g, &shape, &rules, &r->k, BATCH, 1, &err) != OK ||
        optim_init(&r->optim, &oc, &r->g, &err) != OK)
        die(err.msg);
    r->g.z_loss = (float)r->c.train.z_loss;
    gpt_init_weights(&r->g, 1);
    r->rng = rng_make(3, RNG_TEST, 0, 0);
    shake(&r->g, &r->rng, r->words.shake);
    if (r->words.teacher)
        make_teacher(&r->teacher, &r->distill, &r->g, r->c, r->words.teacher);
}

static void put_steps(FILE *out, struct run *r, float *first, int64_t steps)
{
    size_t n = BATCH * r->g.shape.T;
    int32_t *x = calloc(2 * n, sizeof *x), *y = x + n;
    float *logits = malloc(n * VOCAB * sizeof *logits);
    struct schedule schedule = config_schedule(&r->c);
    if (!x || !logits)
        die("out of memory");
    /* as of a run's tail */
    r->optim.tail_after = steps - llround(r->c.train.tail_average * (double)steps);
    for (int64_t step = 1; step <= steps; step++) {
        for (size_t i = 0; i < 2 * n; i++)
            x[i] = (int32_t)rng_below(&r->rng, VOCAB);
        double loss = gpt_forward_backward(&r->g, x, y);
        if (step == 1)
            memcpy(first, r->g.grad, r->g.tensors.n_flat * sizeof *first);
        if (r->words.made)
            make_gradients(&r->g, &r->rng);
        fwrite(x, sizeof *x, 2 * n, out);
        if (r->words.teacher) {
            gpt_logits(&r->teacher, logits, x, BATCH);
            fwrite(logits, sizeof *logits, n * VOCAB, out);
        }
        fwrite(&loss, sizeof loss, 1, out);
        double norm = optim_step(&r->optim, &r->g, schedule_lr(&schedule, (double)step * (double)n), step);
        fwrite(&norm, sizeof norm, 1, out);
        if (r->words.made)
            put_arrays(out, &r->g, r->g.grad);
    }
    free(logits);
    free(x);
}

int main(int argc, char **argv)
{
    static struct run r;
    begin(&r, argc, argv);
    FILE *out = fopen(argv[1], "wb");
    int64_t steps = atoll(argv[2]);
    float *first = malloc(r.g.tensors.n_flat * sizeof *first);
    if (!out)
        die("cannot write");
    if (!first)
        die("out of memory");
    put_head(out, &r.g, &r.distill, steps, r.words.made);
    put_arrays(out, &r.g, r.g.w);
    put_steps(out, &r, first, steps);
    put_arrays(out, &r.g, first);
    put_end(out, &r.optim, &r.g);
    free(first);
    distill_free(&r.distill);
    gpt_free(&r.teacher);
    optim_free(&r.optim);
    gpt_free(&r.g);
    config_free(&r.c);
    if (fclose(out) != 0)
        die("cannot write");
    return 0;
}
