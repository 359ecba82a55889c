#include "cli/search_words.h"

#include <math.h>
#include <string.h>

#include "base/count.h"
#include "cli/text.h"

/* "0.0046 x (params / 5.6k)^-0.21 x (tokens / 1M)^0.05" */
static void law_text(char *out, size_t size, const struct search_found *f)
{
    char n[32], d[32];
    int used = snprintf(out, size, "%.4g", f->lr);
    if (f->law.params_exponent != 0 && used > 0)
        used += snprintf(out + used, size - (size_t)used, " x (params / %s)^%.3g", count_format(n, sizeof n, f->law.params),
                         f->law.params_exponent);
    if (f->law.tokens_exponent != 0 && used > 0)
        snprintf(out + used, size - (size_t)used, " x (tokens / %s)^%.3g", count_format(d, sizeof d, f->law.tokens),
                 f->law.tokens_exponent);
}

static void interval_text(char *out, size_t size, double lo, double hi)
{
    if (isfinite(lo) && isfinite(hi))
        snprintf(out, size, "95 %%: %.3g to %.3g", lo, hi);
    else if (isfinite(lo) || isfinite(hi))
        snprintf(out, size, "95 %%: %s %.3g", isfinite(lo) ? "above" : "below", isfinite(lo) ? lo : hi);
    else
        snprintf(out, size, "no interval");
}

/* Why budgets have a rate of their own, or none. */
static void terms_text(char *out, size_t size, const struct search_found *f)
{
    out[0] = '\0';
    if (isnan(f->excess))
        return;
    if (f->law.tokens_exponent == 0 && f->law.tokens > 1)
        snprintf(out, size, "; one rate for all budgets of a size, which share their trunk, costs %.2g nats at most", f->excess);
    else if (f->separate > 1)
        snprintf(out, size, "; one rate for all budgets of a size would cost up to %.2g nats, so that none share a trunk, for %.2f "
                 "times the FLOPs", f->excess, f->separate);
}

/* "train.cooldown: 0.4 is better than the config's own". */
static void say_key(FILE *out, const struct search_found *f, const struct config *c, size_t key)
{
    struct config chosen = *c;
    struct config_vary one = {.items = &c->search.keys.items[key], .n = 1};
    char text[CONFIG_VARIED_MAX] = "";
    if (!isfinite(f->values[key]) || search_apply(&chosen, f, NULL) != OK || config_vary_text(text, &chosen, &one, NULL) != OK)
        text_message(out, "", "%s: no value is better than the config's own by more than noise", one.items[0].path);
    else
        text_message(out, "", "%s: %.*s is better than the config's own", one.items[0].path,
                     (int)strcspn(text + strcspn(text, "="), " ") - 1, text + strcspn(text, "=") + 1);
}

/* A law may be trusted about as far as a bracket reaches: a factor of two beyond the bottoms that it goes through. */
static void say_beyond(FILE *out, const struct search_found *f, const struct plan *p)
{
    const struct run *far = NULL;
    double lo = (double)INFINITY, hi = 0, most = 2;
    for (size_t i = 0; i < f->n; i++)
        lo = fmin(lo, f->bottoms[i].lr), hi = fmax(hi, f->bottoms[i].lr);
    for (size_t i = 0; i < p->n && f->n > 0; i++) {
        double beyond = fmax(p->runs[i].cfg.train.lr / hi, lo / p->runs[i].cfg.train.lr);
        if (beyond > most)
            far = &p->runs[i], most = beyond;
    }
    char n[32], d[32];
    if (far)
        text_message(out, "", "careful: the law goes beyond what was tried: at %s parameters and %s tokens it has %.3g, and the "
                     "best rates that it comes from lie between %.3g and %.3g", count_format(n, sizeof n, far->params),
                     count_format(d, sizeof d, far->cfg.train.tokens), far->cfg.train.lr, lo, hi);
}

void search_words(FILE *out, const struct search_found *f, const struct config *c, const struct plan *p, bool searched)
{
    char law[160], terms[200];
    law_text(law, sizeof law, f);
    terms_text(terms, sizeof terms, f);
    text_message(out, "", "train.lr = %s (%s in %zu trials, %.3g FLOPs, %.1f %% of the sweep's)%s", law,
                 searched ? "searched" : "searched before", f->trials, f->flops, 100 * f->flops / f->sweep_flops, terms);
    for (size_t i = 0; i < f->n && searched; i++) {
        const struct search_bottom *b = &f->bottoms[i];
        char n[32], d[32], interval[80];
        interval_text(interval, sizeof interval, b->lo, b->hi);
        text_message(out, "", "  at %s parameters and %s tokens the best rate is %.4g (%s), loss %.4f",
                     count_format(n, sizeof n, b->params), count_format(d, sizeof d, b->tokens), b->lr, interval, b->loss);
    }
    for (size_t i = 0; i < c->search.keys.n; i++)
        say_key(out, f, c, i);
    say_beyond(out, f, p);
}

void search_words_planned(FILE *out, const struct search_sites *s, const struct config *c)
{
    text_beside(out, "", "train.lr auto: before them about %zu trials at %zu cells, %.3g flops, %.0f %% of the sweep's; at "
                "most %.0f %% (search.share)", s->trials, s->n, s->flops, 100 * s->flops / s->sweep_flops, 100 * c->search.share);
    for (size_t i = 0; i < s->n; i++) {
        const char *name = s->of[i].at->name;
        fprintf(out, "  %.*s%s\n", (int)(strrchr(name, '-') - name), name,
                i == s->keys && c->search.keys.n ? ", and search.keys" : "");
    }
}
