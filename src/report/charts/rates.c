#include "report/charts/bottoms.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "fit/bowl_law.h"
#include "fit/unlike.h"
#include "plot/palette.h"

/* Bottoms that were found, and the law through them. */
struct found {
    struct bowl_site *sites;
    double *params;
    size_t n;
    struct bowl_law law;
    struct parts_groups sizes;
};

static enum status find(struct found *f, const struct bottoms *all, struct err *err)
{
    TRY(size_calloc(&f->sites, all->n, sizeof *f->sites, "the bottoms", err));
    TRY(size_calloc(&f->params, all->n, sizeof *f->params, "the bottoms", err));
    for (size_t i = 0; i < all->n; i++) {
        const struct bottom *b = &all->of[i];
        if (b->bowl.state != BOWL_FOUND)
            continue;
        f->params[f->n] = b->params;
        f->sites[f->n++] = (struct bowl_site){b->params, b->tokens, b->bowl.x.value, b->bowl.x.se};
    }
    if (f->n > 0)
        bowl_law_fit(&f->law, f->sites, f->n, true);
    return parts_group(&f->sizes, f->params, f->n, err);
}

static void say(struct chart *ch, const struct parts *p, const struct found *f)
{
    char law[CHART_TEXT_MAX] = "";
    if (f->law.has_n && f->law.has_d)
        parts_say(law, sizeof law, " Lines: lr* ~ N^%.2f D^%.2f through them.", f->law.n_exponent, f->law.d_exponent);
    else if (f->law.has_n)
        parts_say(law, sizeof law, " Lines: lr* ~ N^%.2f through them.", f->law.n_exponent);
    else if (f->law.has_d)
        parts_say(law, sizeof law, " Lines: lr* ~ D^%.2f through them.", f->law.d_exponent);
    parts_say(ch->title, sizeof ch->title, "The best learning rate against compute");
    parts_say(ch->subtitle, sizeof ch->subtitle, "Diamonds: bottoms of the bowls with their 95 %% intervals.%s", law);
    parts_say(ch->x_label, sizeof ch->x_label, "training compute C (FLOPs)");
    parts_say(ch->y_label, sizeof ch->y_label, "learning rate");
    parts_say(ch->legend_title, sizeof ch->legend_title, "parameters N");
    parts_say(ch->note, sizeof ch->note, "Small circles: the rates of the runs that are fitted. N: %s.", parts_count_words(p));
    ch->log_x = ch->log_y = true;
}

static enum status add_law(struct chart *ch, const struct bottoms *all, const struct found *f, size_t k, struct err *err)
{
    struct chart_series *s;
    double lo = (double)INFINITY, hi = 0, flops = (double)NAN;
    for (size_t i = 0; i < all->n; i++) {
        const struct bottom *b = &all->of[i];
        lo = fmin(lo, b->tokens), hi = fmax(hi, b->tokens);
        if (parts_in_group(&f->sizes.items[k], b->params))
            flops = b->flops / b->tokens;
    }
    TRY(parts_law_line(&s, ch, palette_ordered(k, f->sizes.n), err));
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        double d = parts_step(lo, hi, i, PARTS_STEPS);
        s->x[i] = flops * d;
        s->y[i] = bowl_law_at(&f->law, f->sizes.items[k].at, d).value;
    }
    return OK;
}

static enum status add_bottoms(struct chart *ch, const struct bottoms *all, const struct found *f, size_t k, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, all->n, true, err));
    s->color = palette_ordered(k, f->sizes.n);
    s->marker = MARKER_DIAMOND;
    parts_group_label(s->label, sizeof s->label, &f->sizes.items[k], parts_size_label);
    for (size_t i = 0; i < all->n; i++) {
        const struct bottom *b = &all->of[i];
        if (b->bowl.state != BOWL_FOUND || !parts_in_group(&f->sizes.items[k], b->params))
            continue;
        s->x[i] = b->flops, s->y[i] = b->bowl.x.value;
        s->lo[i] = b->bowl.x.lo, s->hi[i] = b->bowl.x.hi;
    }
    return OK;
}

/* The runs of the table, of which the law is one. */
static enum status add_runs(struct chart *ch, const struct parts *p, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, p->t->n, false, err));
    s->color = PALETTE_SOFT;
    s->marker = MARKER_RING;
    s->radius = 2;
    for (size_t i = 0; i < p->t->n; i++)
        s->x[i] = p->flops[i], s->y[i] = unlike_rate(p->t->unlike, i);
    return OK;
}

static enum status fill(struct chart *ch, const struct parts *p, const struct bottoms *all, struct found *f, bool *drawn,
                        struct err *err)
{
    TRY(find(f, all, err));
    *drawn = f->n > 1;
    if (!*drawn)
        return OK;
    say(ch, p, f);
    TRY(add_runs(ch, p, err));
    for (size_t k = 0; k < f->sizes.n; k++) {
        if (f->law.has_n || f->law.has_d)
            TRY(add_law(ch, all, f, k, err));
        TRY(add_bottoms(ch, all, f, k, err));
    }
    return OK;
}

enum status rates_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct bottoms all;
    struct found f = {.n = 0};
    *drawn = false;
    enum status st = bottoms_find(&all, p, err);
    if (st == OK && all.n > 1)
        st = fill(ch, p, &all, &f, drawn, err);
    free(f.sites);
    free(f.params);
    parts_groups_free(&f.sizes);
    bottoms_free(&all);
    return st;
}
