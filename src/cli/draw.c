#include "cli/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Charts as they are written; a name that finds no memory is not added, and found missing later. */
static void tell(void *ctx, const char *path)
{
    struct file_list *drawn = ctx;
    const char *name = file_basename(path), *end = strrchr(name, '.');
    char **p = realloc(drawn->names, (drawn->n + 1) * sizeof *p);
    printf("  %s\n", path);
    if (!p)
        return;
    drawn->names = p;
    if ((p[drawn->n] = strndup(name, end ? (size_t)(end - name) : strlen(name))))
        drawn->n++;
}

static struct charts_curve to_chart(const struct curve *c)
{
    return (struct charts_curve){
        .done = strcmp(c->status, "done") == 0,
        .params = {c->params, c->params_nonembd, c->params_matmul},
        .budget_tokens = c->budget_tokens,
        .final_loss = c->final_loss,
        .n = c->n,
        .tokens = c->tokens,
        .loss = c->loss,
    };
}

enum status draw_charts(struct file_list *drawn, const char *out, struct charts_input in,
                        const struct curves *curves, struct err *err)
{
    struct charts_curve *lines;
    in.n_curves = curves ? curves->n : 0;
    TRY(size_calloc(&lines, in.n_curves, sizeof *lines, "the training curves", err));
    for (size_t i = 0; i < in.n_curves; i++)
        lines[i] = to_chart(&curves->items[i]);
    in.curves = lines;
    enum status st = charts_write(out, &in, tell, drawn, err);
    free(lines);
    return st;
}
