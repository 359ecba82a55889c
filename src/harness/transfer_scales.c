#include "harness/transfer.h"

#include <math.h>

const char *const transfer_axis_names[TRANSFER_N_AXES] = {"width", "depth"};
const char *const transfer_parametrisations[2] = {"completep", "standard"};

/* Those of a line, over all seeds. */
struct points {
    double x[TRANSFER_SIZES_MAX * TRANSFER_SEEDS_MAX], scale[TRANSFER_SIZES_MAX * TRANSFER_SEEDS_MAX];
    double change[TRANSFER_SIZES_MAX * TRANSFER_SEEDS_MAX];
    size_t n;
};

static bool is_of(const struct transfer_line *l, const struct coordinates_reading *r, size_t d_model, size_t n_layer)
{
    return r->parametrisation == l->parametrisation && r->kind == l->kind && r->d_model == d_model && r->n_layer == n_layer &&
           r->block == (l->last && l->kind != PROBE_logits ? n_layer - 1 : 0);
}

static void gather(struct points *p, struct transfer_line *l, const struct transfer_scales *t, const struct transfer_spec *s)
{
    p->n = 0;
    l->n = s->sizes[l->axis].n;
    for (size_t i = 0; i < l->n; i++) {
        size_t d_model = transfer_d_model(s, l->axis, i), n_layer = transfer_n_layer(s, l->axis, i), first = p->n;
        double scale = 0, change = 0;
        l->x[i] = (double)s->sizes[l->axis].items[i];
        for (size_t j = 0; j < t->readings.n; j++) {
            const struct coordinates_reading *r = &t->readings.items[j];
            if (!is_of(l, r, d_model, n_layer))
                continue;
            p->x[p->n] = l->x[i];
            p->scale[p->n] = r->scale;
            p->change[p->n++] = r->change;
            scale += log(r->scale);
            change += log(r->change);
        }
        l->scale[i] = exp(scale / (double)(p->n - first));
        l->change[i] = exp(change / (double)(p->n - first));
    }
}

/* What is open is no evidence against it. */
static bool is_still(enum exponent_kind kind)
{
    return kind == EXPONENT_FLAT || kind == EXPONENT_ZERO || kind == EXPONENT_OPEN;
}

static void judge(struct transfer_line *l, const struct transfer_scales *t, const struct transfer_spec *s, double tolerance)
{
    struct points p;
    gather(&p, l, t, s);
    l->scale_is = exponent_judge(&l->scale_exponent, p.x, p.scale, p.n, tolerance);
    l->change_is = exponent_judge(&l->change_exponent, p.x, p.change, p.n, tolerance);
    l->may_vanish = l->axis == TRANSFER_WIDTH ? l->kind == PROBE_logits : l->kind == PROBE_stream;
    l->holds = (is_still(l->scale_is) || (l->may_vanish && l->scale_is == EXPONENT_VANISHES)) && is_still(l->change_is);
}

static void add_lines(struct transfer_scales *t, const struct transfer_spec *s, enum transfer_axis axis,
                      enum param_kind parametrisation, double tolerance)
{
    bool one_block = axis == TRANSFER_WIDTH && s->n_layer == 1;
    for (enum probe_kind k = 0; k < PROBE_N_KINDS; k++)
        for (size_t last = 0; last < 2; last++) {
            bool at_end = k == PROBE_logits || one_block || (axis == TRANSFER_DEPTH && k == PROBE_stream);
            if (at_end && !last)
                continue;
            struct transfer_line *l = &t->lines[t->n++];
            *l = (struct transfer_line){.axis = axis, .parametrisation = parametrisation, .kind = k, .last = last,
                                           .one = k == PROBE_logits || one_block};
            judge(l, t, s, tolerance);
        }
}

static bool is_read(const struct coordinates *all, enum param_kind parametrisation, size_t d_model, size_t n_layer)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].parametrisation == parametrisation && all->items[i].d_model == d_model &&
            all->items[i].n_layer == n_layer)
            return true;
    return false;
}

/* The model where the axes meet is read once. */
static enum status read_axis(struct transfer_scales *t, const struct transfer_spec *s, const struct coordinates_how *how,
                             enum transfer_axis axis, enum param_kind parametrisation, struct err *err)
{
    for (size_t i = 0; i < s->sizes[axis].n; i++) {
        size_t d_model = transfer_d_model(s, axis, i), n_layer = transfer_n_layer(s, axis, i);
        if (!is_read(&t->readings, parametrisation, d_model, n_layer))
            TRY(coordinates_add(&t->readings, how, parametrisation, d_model, n_layer, err));
    }
    return OK;
}

enum status transfer_scales(struct transfer_scales *t, const struct transfer_spec *s, const struct coordinates_how *how,
                            double tolerance, struct err *err)
{
    *t = (struct transfer_scales){.n = 0};
    for (enum transfer_axis axis = 0; axis < TRANSFER_N_AXES; axis++)
        for (size_t p = 0; p < 2 && s->sizes[axis].n > 0; p++) {
            TRY(read_axis(t, s, how, axis, (enum param_kind)p, err));
            add_lines(t, s, axis, (enum param_kind)p, tolerance);
        }
    return OK;
}

void transfer_scales_free(struct transfer_scales *t)
{
    coordinates_free(&t->readings);
    *t = (struct transfer_scales){.n = 0};
}

bool transfer_scales_hold(const struct transfer_scales *t, enum param_kind parametrisation)
{
    bool all = true;
    for (size_t i = 0; i < t->n; i++)
        all = all && (t->lines[i].parametrisation != parametrisation || t->lines[i].holds);
    return all;
}
