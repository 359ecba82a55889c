#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "fit/bowl_law.h"
#include "fit/unlike.h"
#include "plot/rich.h"
#include "report/charts/bottoms.h"
#include "report/charts/kinds.h"

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
        f->sites[f->n++] = bowl_law_site(b->params, b->tokens, &b->bowl);
    }
    if (f->n > 0)
        bowl_law_fit(&f->law, f->sites, f->n, true, BOWL_EXPONENT_SD);
    return parts_group(&f->sizes, f->params, f->n, err);
}

/* An exponent of the law, raised; nothing where the bottoms do not tell it. */
static void say_power(char *out, size_t size, const char *of, bool has, double exponent)
{
    if (has)
        parts_more(out, size, " %s" RICH_UP "%s%.2f" RICH_END, of, exponent < 0 ? "−" : "", fabs(exponent));
}

static void say(struct chart *ch, const struct parts *p, const struct found *f)
{
    bool law = f->law.has_n || f->law.has_d;
    if (law) {
        parts_say(ch->title, sizeof ch->title, "The best learning rate goes as");
        say_power(ch->title, sizeof ch->title, "N", f->law.has_n, f->law.n_exponent);
        say_power(ch->title, sizeof ch->title, "D", f->law.has_d, f->law.d_exponent);
    } else {
        parts_say(ch->title, sizeof ch->title, "The best learning rate of %zu sizes and budgets", f->n);
    }
    parts_say(ch->quantity, sizeof ch->quantity, "The best learning rate against compute, one colour a size");
    parts_say(ch->subtitle, sizeof ch->subtitle, "Diamonds: bottoms of the bowls, 95 %% intervals.%s Rings: rates "
              "of the runs that are fitted.", law ? " Lines: their law, exponents drawn towards 0." : "");
    parts_say(ch->x_label, sizeof ch->x_label, "training compute C (FLOPs)");
    parts_say(ch->y_label, sizeof ch->y_label, "learning rate");
    parts_say(ch->note, sizeof ch->note, "N: %s. D: training tokens.", parts_count_words(p));
    ch->log_x = ch->log_y = true;
    ch->x_kind = AXIS_POWER;
}

static enum status add_law(struct chart *ch, const struct bottoms *all, const struct found *f, size_t k, struct err *err)
{
    struct chart_series *s;
    char size[64];
    double lo = (double)INFINITY, hi = 0, flops = (double)NAN;
    for (size_t i = 0; i < all->n; i++) {
        const struct bottom *b = &all->of[i];
        lo = fmin(lo, b->tokens), hi = fmax(hi, b->tokens);
        if (parts_in_group(&f->sizes.items[k], b->params))
            flops = b->flops / b->tokens;
    }
    TRY(parts_law_line(&s, ch, chart_on_scale(ch, f->sizes.items[k].at), PARTS_STEPS, false, err));
    parts_group_label(size, sizeof size, &f->sizes.items[k], AXIS_COUNT);
    parts_say(s->name, sizeof s->name, "law, N = %s", size);
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
    char size[64];
    TRY(chart_add(&s, ch, all->n, true, err));
    s->color = chart_on_scale(ch, f->sizes.items[k].at);
    s->marker = MARKER_DIAMOND;
    s->radius = 6;
    parts_group_label(size, sizeof size, &f->sizes.items[k], AXIS_COUNT);
    parts_say(s->name, sizeof s->name, "bottoms, N = %s", size);
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
    char name[CHART_NAME_MAX];
    TRY(chart_add(&s, ch, p->t->n, false, err));
    s->color = palette_ink(PALETTE_SOFT);
    s->marker = MARKER_RING;
    s->radius = 2.5;
    parts_say(s->name, sizeof s->name, "runs that are fitted");
    for (size_t i = 0; i < p->t->n; i++) {
        s->x[i] = p->flops[i], s->y[i] = unlike_rate(p->t->unlike, i);
        parts_name(name, sizeof name, p, i);
        TRY(chart_name_point(s, i, name, err));
    }
    return OK;
}

static enum status fill(struct chart *ch, const struct parts *p, const struct bottoms *all, struct found *f, bool *drawn,
                        struct err *err)
{
    TRY(find(f, all, err));
    *drawn = f->n > 1;
    if (!*drawn)
        return OK;
    TRY(parts_scale(ch, &f->sizes, "parameters N", AXIS_COUNT, err));
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
