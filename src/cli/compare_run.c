#include "cli/compare_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/alike.h"
#include "cli/compare_print.h"
#include "cli/compare_sides.h"
#include "cli/page_input.h"
#include "cli/text.h"
#include "fit/compare/compare_json.h"
#include "report/charts/against.h"

struct comparison {
    struct sides sides;
    struct compare_variant *variants; /* (n) */
    size_t n;
};

static struct compare_side seen(const struct side *s)
{
    return (struct compare_side){s->name, &s->fitted.table, &s->fitted.report, s->costs};
}

/* What the configs of both sides differ in; nothing where one of them is a table. */
static enum status tell_differs(struct compare_variant *v, const struct side *base, const struct side *variant, struct err *err)
{
    struct config_differences d;
    struct differs_key *keys = NULL;
    bool known;
    enum status st = alike_differences(&d, &known, base->source, variant->source, err);
    if (st == OK && known)
        st = size_calloc(&keys, d.n, sizeof *keys, "the keys that differ", err);
    if (st == OK && known) {
        size_t n = d.n;
        for (size_t i = 0; i < n; i++)
            keys[i] = (struct differs_key){d.items[i].key, d.items[i].from, d.items[i].to};
        d.n = 0; /* theirs now */
        compare_tell_differs(v, keys, n);
    }
    config_differences_free(&d);
    return st;
}

static enum status fill(struct comparison *c, const struct fit_words *words, struct err *err)
{
    struct compare_options o = compare_options_default();
    const struct compare_side base = seen(&c->sides.items[0]);
    o.seed = words->seed;
    TRY(size_calloc(&c->variants, c->sides.n - 1, sizeof *c->variants, "the variants", err));
    for (size_t i = 1; i < c->sides.n; i++) {
        char unlike[600];
        const struct side *side = &c->sides.items[i];
        const struct compare_side variant = seen(side);
        struct compare_variant *v = &c->variants[c->n++];
        if (side->failed[0]) {
            compare_refuse(v, side->name, side->failed);
            continue;
        }
        TRY(compare_fill(v, &base, &variant, &o, err));
        TRY(tell_differs(v, &c->sides.items[0], side, err));
        if (v->why_not[0])
            continue;
        TRY(sides_unlike(unlike, sizeof unlike, &c->sides.items[0], &c->sides.items[i], err));
        if (side->fitted.words.loss)
            fit_lines_add(&v->notes, "the losses of %s are those of averaged weights, %s", side->name, side->fitted.words.loss);
        if (unlike[0])
            fit_lines_add(&v->notes, "%s: losses are of unlike data, so a difference is one of the data too", unlike);
        TRY(fit_lines_check(&v->notes, err));
    }
    compare_correct(c->variants, c->n);
    return OK;
}

static void close_all(struct comparison *c)
{
    for (size_t i = 0; i < c->n; i++)
        compare_free(&c->variants[i]);
    free(c->variants);
    sides_close(&c->sides);
}

static void ignore(void *ctx, const char *path)
{
    (void)ctx;
    (void)path;
}

static enum status draw(const struct comparison *c, struct err *err)
{
    char dir[FILE_PATH_MAX];
    struct against_variant *variants;
    const struct side *base = &c->sides.items[0];
    struct against a = {base->name, &base->fitted.report, .unit = fitted_unit(&base->fitted)};
    TRY(file_join(dir, sizeof dir, c->sides.out, "charts", err));
    TRY(file_refuse_link(dir, err));
    TRY(size_calloc(&variants, c->n, sizeof *variants, "the charts of variants", err));
    for (size_t i = 0; i < c->n; i++)
        if (c->variants[i].why_not[0] == '\0')
            variants[a.n++] = (struct against_variant){&c->variants[i], &c->sides.items[i + 1].fitted.report};
    a.variants = variants;
    enum status st = against_write(dir, &a, ignore, NULL, err);
    free(variants);
    return st;
}

static enum status write_page(const struct comparison *c, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct page_input in;
    TRY(file_join(path, sizeof path, c->sides.out, "report.html", err));
    enum status st = page_input_of_folder(&in, c->sides.out, err);
    if (st == OK)
        st = page_input_write(&in, path, err);
    page_input_free(&in);
    return st;
}

static enum status keep(const struct comparison *c, const char *json, struct err *err)
{
    char path[FILE_PATH_MAX];
    if (c->sides.out[0] == '\0')
        return OK;
    TRY(file_mkdirs(c->sides.out, err));
    TRY(file_join(path, sizeof path, c->sides.out, "compare.json", err));
    TRY(file_write_atomic(path, json, strlen(json), err));
    TRY(draw(c, err));
    return write_page(c, err);
}

static enum status tell(const struct comparison *c, const struct compare_words *w, struct err *err)
{
    const struct compare_side base = seen(&c->sides.items[0]);
    const char *unit = fitted_unit(&c->sides.items[0].fitted);
    char *json = NULL;
    TRY(compare_json(&json, &base, c->variants, c->n, err));
    for (size_t i = 0; i < c->sides.n; i++)
        fitted_say_columns(&c->sides.items[i].fitted);
    enum status st = keep(c, json, err);
    if (st == OK && w->json && strcmp(w->json, "-") != 0)
        st = file_write_atomic(w->json, json, strlen(json), err);
    if (w->json && strcmp(w->json, "-") == 0)
        fputs(json, stdout);
    else if (w->format)
        compare_print_table(stdout, w->format, &base, c->variants, c->n);
    else
        compare_print(&base, c->variants, c->n, unit);
    free(json);
    return st;
}

static enum status compare(struct comparison *c, const struct compare_words *w, const struct arg_list *words,
                           const struct arg_list *sets, struct err *err)
{
    TRY(sides_open(&c->sides, words->items, words->n, w->out, sets, w->isa, err));
    enum status st = sides_train(&c->sides, &w->how, err);
    if (st == E_INTERRUPTED)
        return err_set(err, st, "interrupted; everything is kept. Go on with: %s", w->again);
    TRY(st);
    TRY(sides_fit(&c->sides, &w->fit, err));
    TRY(fill(c, &w->fit, err));
    TRY(tell(c, w, err));
    for (size_t i = 1; i < c->sides.n; i++)
        if (c->sides.items[i].failed[0])
            return err_set(err, E_RUN, "%s was not trained, and is not compared: %s", c->sides.items[i].name,
                           c->sides.items[i].failed);
    return OK;
}

enum status compare_run(const struct compare_words *w, const struct arg_list *words, const struct arg_list *sets, struct err *err)
{
    struct comparison c = {0};
    enum status st = compare(&c, w, words, sets, err);
    close_all(&c);
    return st;
}
